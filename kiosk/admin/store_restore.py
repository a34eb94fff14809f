"""`kiosk store restore`: puts a backup in the place of a lost or damaged store."""

import argparse
import contextlib
import os
import tomllib
from collections.abc import Iterator

from kiosk.admin.audit_files import load_public_keys
from kiosk.admin.run import lock_folder
from kiosk.admin.setup import ask_teller
from kiosk.admin.store_access import is_running
from kiosk.admin.store_progress import StoreProgress
from kiosk.admin.unlocking import unlock_kiosk
from kiosk.errors import RuntimeKioskError, SettingsError
from kiosk.settings import SETTINGS_FILE, check_settings, load_settings
from kiosk.store.durable_file import replace_durably
from kiosk.store.key_vault import STAFF_PEPPER
from kiosk.store.restoring import FirstAccess, check_backup, identities_of
from kiosk.store.restoring import restore as restore_store
from kiosk.store.staff_keys import new_application_key, wrap_for_teller
from kiosk.supervision.authorisation import hash_pin

_LARGEST_IDENTITY_BYTES = 64 * 1024


class StillRunningError(RuntimeKioskError):
    """A store in use is never replaced."""

    def __init__(self) -> None:
        super().__init__("The kiosk is running: end it first; nothing was changed.")


def restore(arguments: argparse.Namespace) -> int:
    """Check the backup to its end, then put it in the store's place."""
    if is_running(arguments.folder):
        raise StillRunningError
    identity = _identity(arguments)
    identities_of(identity)
    lock = lock_folder(arguments.folder)  # its launcher holds it while desk is being started again
    try:
        with _settings_there(arguments, identity):
            return _restore(arguments, identity)
    finally:
        os.close(lock)


def _restore(arguments: argparse.Namespace, identity: str) -> int:
    settings = load_settings(arguments.folder)
    registered = load_public_keys(arguments.public_key)
    vault = unlock_kiosk(arguments.folder, settings, arguments.passphrase_file)
    teller = ask_teller(arguments, "the teller who opens the terminal from now on")
    key = new_application_key()
    staff_key = wrap_for_teller(key, teller.teller_id, teller.pin, vault.secret(STAFF_PEPPER))
    access = FirstAccess(teller.teller_id, teller.name, hash_pin(teller.pin), staff_key, key)
    try:
        with arguments.file.open("rb") as file:
            restored = restore_store(
                arguments.folder,
                vault,
                settings.kiosk_id,
                file,
                identity,
                access,
                last_sequence=arguments.last_sequence,
                registered_keys=registered,
                say=StoreProgress("restored"),
            )
    except OSError as error:
        raise SettingsError(f"{arguments.file} cannot be read: {error.strerror or error}.") from error
    head = restored.head
    print(f"The store is as it was at {head.made_at}: {head.audit_size} audit entries, last message {head.sequence}.")
    if restored.entries_lost:
        print(f"At least {restored.entries_lost} audit entries came after that and are lost.")
    print(f"The next message is number {restored.next_sequence}; {restored.undelivered} are sent to the bank again.")
    print(
        "Application records are in no backup: a teller is told of each yes that has none when the terminal is opened."
    )
    print(f"{teller.teller_id} opens the terminal; add every other teller again: kiosk teller add")
    if restored.replaced is not None:
        print(f"The damaged store lies in {restored.replaced}, without records; remove it once nobody needs it.")
    return 0


@contextlib.contextmanager
def _settings_there(arguments: argparse.Namespace, identity: str) -> Iterator[None]:
    """Lost settings come from the backup too, and stay only if the kiosk's own key turns out to have signed it."""
    path = arguments.folder / SETTINGS_FILE
    if path.exists():
        yield
        return
    try:
        with arguments.file.open("rb") as file:
            text = check_backup(file, identity).head.settings
    except OSError as error:
        raise SettingsError(f"{arguments.file} cannot be read: {error.strerror or error}.") from error
    try:
        check_settings(tomllib.loads(text), "The settings in the backup")
        replace_durably(path, text.encode())
    except ValueError as error:
        raise SettingsError("The settings in the backup are no TOML: put settings.toml back from elsewhere.") from error
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error
    try:
        yield
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _identity(arguments: argparse.Namespace) -> str:
    try:
        with arguments.identity.open("rb") as file:
            return str(file.read(_LARGEST_IDENTITY_BYTES).decode("ascii", "replace"))
    except OSError as error:
        raise SettingsError(f"{arguments.identity} cannot be read: {error.strerror}.") from error
