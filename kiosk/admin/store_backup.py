"""`kiosk store backup`: a file that stands whole and durable, or not at all, and never over another one."""

import argparse
import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from kiosk.admin.store_access import Asked, ask
from kiosk.admin.store_progress import StoreProgress
from kiosk.errors import SettingsError
from kiosk.runtime.admin_socket import AdminVerb
from kiosk.settings import load_settings
from kiosk.store.backup_writing import recipient_key
from kiosk.store.durable_file import OWNER_ONLY, flush_folder


def backup(arguments: argparse.Namespace) -> int:
    """Write the backup."""
    recipient_key(load_settings(arguments.folder).backup.recipient)  # before a file is begun or a passphrase asked for
    asked = Asked(arguments.folder, AdminVerb.STORE_BACKUP, {}, arguments.passphrase_file)
    with new_file(arguments.to) as file:
        written = ask(asked, file, StoreProgress("backed up"))
    head, rows = written["head"], written["rows"]
    print(f"{arguments.to}: the store as it was at {head['made_at']}, encrypted to the bank's key.")
    print(
        f"{rows['consent']} consents, {rows['outbox']} messages, {rows['audit']} audit entries, {rows['erasure']}"
        " erasures; no application record, no PIN, no key."
    )
    print(f"Audit tree head {head['audit_head']} of {head['audit_size']} entries; last message {head['sequence']}.")
    return 0


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name only once it is whole; raise `SettingsError`."""
    if os.path.lexists(path):
        raise SettingsError(f"{path} is there already; name another --to.")
    part = path.with_name(f".{path.name}.part")
    try:
        descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, OWNER_ONLY)
        try:
            with os.fdopen(descriptor, "r+b") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            _take_name(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(f"{path} cannot be written: {error.strerror or error}.") from error


def _take_name(part: Path, path: Path) -> None:
    """Never over another file that came meanwhile, where the disk can promise that."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise SettingsError(f"{path} is there already; name another --to.") from None
    except OSError:  # no second names, as on many USB sticks
        if os.path.lexists(path):
            raise SettingsError(f"{path} is there already; name another --to.") from None
        part.rename(path)
    flush_folder(path.parent)
