"""`kiosk keys rotate`: new keys for the store and a new signing key, on a kiosk at rest."""

import argparse
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.admin.folder_argument import add_folder_argument
from kiosk.admin.questions import known_secret
from kiosk.admin.run import lock_folder
from kiosk.admin.unlocking import unlock_kiosk
from kiosk.errors import SettingsError

if TYPE_CHECKING:
    from kiosk.settings import Settings
    from kiosk.store.key_vault import OpenVault

_EPILOG = """\
examples (each asks for the vault's passphrase where there is one):
  kiosk keys rotate                      store and signing key; the records' own key stays
  kiosk keys rotate --teller 1042        the records' key too: teller 1042 types the PIN; other tellers' PINs stay good
  kiosk keys rotate --only store         the signing key stays, for example while the bank is away
  kiosk keys rotate --only signing

The kiosk must not be running. May be interrupted at any instant, by a power cut too: the next start, or this command
again, finishes it or undoes it. The store needs as much free disk again as it takes. The bank has nothing to do: it
learns the next signing key by a message that the present key signs. The TLS certificate is renewed separately
(docs/it-handbook.md, Renew the client certificate).
"""


def add_rotate(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `rotate` to the acts of `kiosk keys`."""
    parser = acts.add_parser(
        "rotate",
        help="new keys for the store and a new signing key",
        description="Re-key the store and announce a new signing key to the bank.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_folder_argument(parser)
    parser.add_argument("--passphrase-file", type=Path, help="read the vault's passphrase from this file")
    parser.add_argument("--only", choices=("store", "signing"), help="rotate this and leave the other (default: both)")
    parser.add_argument(
        "--teller", metavar="NUMBER", help="a teller who types their PIN, so that the records' key is replaced too"
    )
    parser.add_argument("--pin-file", type=Path, help="read that PIN from this file instead of asking")
    parser.set_defaults(run=rotate)


def rotate(arguments: argparse.Namespace) -> int:
    """Rotate what was asked for; raise a `KioskError`."""
    from kiosk.settings import load_settings

    if arguments.only == "signing" and arguments.teller is not None:
        raise SettingsError("--teller is for the records' key, which belongs to the store; leave out --only signing.")
    settings = load_settings(arguments.folder)
    lock = lock_folder(arguments.folder)
    try:
        vault = unlock_kiosk(arguments.folder, settings, arguments.passphrase_file)
        _say_recovered(arguments.folder, vault)
        staff_key = _prepare(arguments, settings, vault)
        if arguments.only != "signing":
            _rotate_store(arguments.folder, vault, staff_key)
        if arguments.only != "store":
            _announce(arguments.folder, settings, vault)
    finally:
        os.close(lock)
    print("The TLS client certificate is another matter: docs/it-handbook.md, Renew the client certificate.")
    return 0


def _say_recovered(folder: Path, vault: "OpenVault") -> None:
    from kiosk.store.folder_lock import FolderLock
    from kiosk.store.rotation import Recovery, recover_rotation
    from kiosk.store.store import STORE_FOLDER

    with FolderLock(folder / STORE_FOLDER):
        recovery = recover_rotation(folder / STORE_FOLDER, vault)
    if recovery is not Recovery.NOTHING:
        print(f"An earlier rotation was interrupted; it is {recovery} now.")


def _prepare(arguments: argparse.Namespace, settings: "Settings", vault: "OpenVault") -> bytes | None:
    """Refuse what cannot be done before anything is changed; return the staff key of a teller who is here."""
    from kiosk.admin.teller import _demand_right as demand_right
    from kiosk.admin.teller import _Terminal as Terminal
    from kiosk.store.key_vault import STAFF_PEPPER
    from kiosk.store.signing_keys import demand_no_announcement
    from kiosk.store.store import open_store

    with open_store(arguments.folder, vault) as store:
        if arguments.only != "store":
            demand_no_announcement(vault, store)
        if arguments.teller is None:
            return None
        pin = known_secret(arguments.pin_file, "--pin-file", f"PIN of {arguments.teller}")
        terminal = Terminal(settings, store, vault.secret(STAFF_PEPPER))
        return demand_right(terminal, arguments.teller, pin).application_key


def _rotate_store(folder: Path, vault: "OpenVault", staff_key: bytes | None) -> None:
    from kiosk.store.data_list_file import read_data_list
    from kiosk.store.rotation import RotationStep, rotate_store
    from kiosk.store.store import STORE_FOLDER

    began = time.monotonic()

    def say(step: RotationStep) -> None:
        if step is not RotationStep.MOVED:
            print(f"{time.monotonic() - began:6.1f} s  {step}", flush=True)

    rotate_store(folder / STORE_FOLDER, vault, read_data_list(), staff_key, say)
    if staff_key is None:
        print("kiosk.db and the anchors have new keys; the records' own key stays (--teller NUMBER replaces it).")
    else:
        print("kiosk.db, applications.db and the anchors have new keys; every teller's PIN stays good.")
    print("No old key is kept. What a disk keeps of removed files by itself, only its destruction takes away.")


def _announce(folder: Path, settings: "Settings", vault: "OpenVault") -> None:
    from kiosk.store.signed_head import HeadSigner
    from kiosk.store.signing_keys import announce_next_key, present_signing_key
    from kiosk.store.store import open_store

    with open_store(folder, vault) as store:
        store.sign_heads_with(HeadSigner.of(settings.kiosk_id, present_signing_key(vault)))
        sequence = announce_next_key(vault, store, settings.kiosk_id, datetime.now(UTC))
    print(
        f"Message {sequence} announces the next signing key. The present key signs until the bank's receipt for it is"
    )
    print("in; then the kiosk changes by itself and drops the old one. The bank has nothing to do.")
