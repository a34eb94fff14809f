"""`kiosk audit export` and `new-counter`: what needs the store, at rest or of a kiosk that runs."""

import argparse
from pathlib import Path

from kiosk.admin.audit_verify import Progress
from kiosk.admin.store_access import Asked, ask
from kiosk.admin.unlocking import unlock_kiosk
from kiosk.errors import SettingsError
from kiosk.runtime.admin_socket import AdminVerb
from kiosk.settings import load_settings
from kiosk.store.store import take_new_counter


def export(arguments: argparse.Namespace) -> int:
    """Write the export; leave no half file."""
    asked = Asked(arguments.folder, AdminVerb.AUDIT_EXPORT, {"after": arguments.since}, arguments.passphrase_file)
    last = _write(asked, arguments.out)
    print(f"Entries {arguments.since + 1} to {last} are in {arguments.out}, signed.")
    print(f"Check them anywhere: kiosk audit verify {arguments.out} --public-key signing-public-key.pem")
    return 0


def new_counter(arguments: argparse.Namespace) -> int:
    """Take the machine's counter as it stands."""
    settings = load_settings(arguments.folder)
    vault = unlock_kiosk(arguments.folder, settings, arguments.passphrase_file)
    take_new_counter(arguments.folder, vault)
    if vault.machine_counter is None:
        print("This machine has no counter: only the bank notices from now on if an older state is put back.")
    else:
        print(f"The store counts with this machine from now on; its counter stands at {vault.machine_counter.value()}.")
    return 0


def _write(asked: Asked, out: Path) -> int:
    try:
        file = out.open("xb")
    except FileExistsError:
        raise SettingsError(f"{out} is there already; name another --out.") from None
    except OSError as error:
        raise SettingsError(f"{out} cannot be written: {error.strerror}.") from error
    try:
        with file:
            return int(ask(asked, file, say=Progress())["last"])
    except OSError as error:
        out.unlink(missing_ok=True)
        raise SettingsError(f"{out} cannot be written: {error.strerror}.") from error
    except BaseException:
        out.unlink(missing_ok=True)
        raise
