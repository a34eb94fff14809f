"""Backups whose writer is killed at random instants, while visits are answered: a file that has its name is whole."""

import threading
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.admin.store_backup import new_file
from kiosk.errors import KioskError
from kiosk.store.backup_writing import write_backup
from kiosk.store.restoring import check_backup
from kiosk.store.signed_head import HeadSigner
from kiosk.store.store import Store

BACKUPS, IDENTITY = "backups", "backup-identity"


def back_up_and_answer(folder: Path, store: Store, answer: Callable[[], None]) -> None:
    """Write one backup after the other while a second thread answers visits; ends with the process only."""
    import pyrage

    (folder / BACKUPS).mkdir(exist_ok=True)
    identity_file = folder / IDENTITY
    if not identity_file.exists():
        with new_file(identity_file) as file:
            file.write(str(pyrage.x25519.Identity.generate()).encode())
    recipient = str(pyrage.x25519.Identity.from_str(identity_file.read_text("ascii")).to_public())
    store.sign_heads_with(HeadSigner.of(bytes(16), Ed25519PrivateKey.generate()))
    threading.Thread(target=_for_ever, args=(answer,), daemon=True).start()
    number = len(list((folder / BACKUPS).iterdir()))
    while True:
        number += 1
        with new_file(folder / BACKUPS / f"{number}.age") as file:
            write_backup(store, file, recipient, "")


def fault_of_backups(folder: Path, committed: set[int]) -> str | None:
    """Name a backup that has its name and is not whole, or holds what the store never committed; then drop them all."""
    if not (folder / BACKUPS).exists():
        return None
    for path in sorted((folder / BACKUPS).iterdir()):
        if path.suffix != ".part":
            try:
                with path.open("rb") as file:
                    head = check_backup(file, (folder / IDENTITY).read_text("ascii")).head
            except KioskError as error:
                return f"{path.name}: {error}"
            if head.sequence > max(committed, default=0):
                return f"{path.name} holds message {head.sequence}, which the store does not"
        path.unlink()
    return None


def _for_ever(act: Callable[[], None]) -> None:
    while True:
        act()
