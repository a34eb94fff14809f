"""Re-keys the store of a kiosk at rest: the keys of `kiosk.db` and of the anchors, and with a teller's help that of
`applications.db`. May be killed at any instant.

1. The vault keeps the next keys beside the present ones, with a note: copying.
2. Both databases are copied into the folder `next` under the next keys, and compared row by row.
3. One durable write of the vault exchanges the keys, and the note: moving. From here on the copies are the store.
4. The copies take the old files' places, and the note goes.

Whoever opens the store next reads the note: copies that were not finished go, those that count are moved. What an
SSD keeps of files that were removed, nobody can say from here; the old keys that would open them are in no vault.
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from kiosk.errors import StoreError
from kiosk.privacy.data_list import DataProtectionList
from kiosk.store.anchor import sealed_anew
from kiosk.store.audit_trail import MACHINE, AuditKind
from kiosk.store.books import Books, Recorder
from kiosk.store.database import Database, open_database
from kiosk.store.database_errors import DiskNotWritableError, StoreDamagedError, naming_errors
from kiosk.store.durable_file import flush_folder, replace_durably
from kiosk.store.folder_lock import FolderLock
from kiosk.store.key_vault import ANCHOR_KEY, APPLICATION_SALT, KEY_BYTES, STORE_KEY, OpenVault
from kiosk.store.store_thread import APPLICATIONS_FILE, BOOKS_FILE, StoreKeys
from kiosk.store.timestamps import system_moment
from kiosk.store.vault_errors import VaultDamagedError

ROTATION_NOTE = "rotation"
_NEXT = "next"
_KEY_NAMES = (STORE_KEY, ANCHOR_KEY, APPLICATION_SALT)
_FILES = tuple(name for file in (BOOKS_FILE, APPLICATIONS_FILE) for name in (file, f"{Path(file).stem}.anchor"))
_ROOM_BESIDE_BYTES = 64 * 1024 * 1024
"""What is to stay free on the disk while there are two of everything."""


class RotationStep(StrEnum):
    """Each is durable once it is told."""

    PLANNED = "next keys are in the vault"
    BOOKS_COPIED = "kiosk.db is copied and compared"
    APPLICATIONS_COPIED = "applications.db is ready for the next keys"
    FLIPPED = "the next keys count"
    MOVED = "a file is in its place"
    DONE = "the old keys are gone"


class Recovery(StrEnum):
    """What an interrupted rotation came to."""

    NOTHING = "nothing"
    UNDONE = "undone"
    FINISHED = "finished"


class NoRoomForCopyError(StoreError):
    """Two of everything do not fit on the disk."""

    def __init__(self, folder: Path, needed_bytes: int, free_bytes: int) -> None:
        self.folder, self.needed_bytes, self.free_bytes = folder, needed_bytes, free_bytes
        super().__init__(
            f"Re-keying needs {needed_bytes // 2**20 + 1} MB on the disk of {folder}, {free_bytes // 2**20} are free:"
            " make room; nothing was changed."
        )


class CopyDiffersError(StoreError):
    """A copy does not hold what the original holds."""

    def __init__(self, database: Path) -> None:
        self.database = database
        super().__init__(f"The copy of {database} is not like it; nothing was changed. Check the disk, then try again.")


class _Phase(StrEnum):
    COPYING = "copying"
    MOVING = "moving"


@dataclass(frozen=True, slots=True, repr=False)
class _Note:
    """What the vault says about a rotation under way."""

    phase: _Phase
    next_keys: dict[str, bytes]

    def encode(self) -> bytes:
        keys = {name: key.hex() for name, key in self.next_keys.items()}
        return json.dumps({"phase": self.phase, "keys": keys}).encode()


def store_keys(vault: OpenVault) -> StoreKeys:
    """The keys in force; raise a `VaultError`."""
    salt = vault.secret(APPLICATION_SALT) if vault.holds(APPLICATION_SALT) else b""
    return StoreKeys(vault.secret(STORE_KEY), vault.secret(ANCHOR_KEY), salt)


def recover_rotation(store_folder: Path, vault: OpenVault) -> Recovery:
    """Undo or finish what a kill interrupted; the caller holds the folder's lock. Raise a named `StoreError`."""
    vault.reread()
    note = _note_of(vault)
    if note is None:
        return Recovery.NOTHING
    if note.phase is _Phase.MOVING:
        _move(store_folder, vault, lambda _: None)
        return Recovery.FINISHED
    _undo(store_folder, vault)
    return Recovery.UNDONE


def rotate_store(
    folder: Path,
    vault: OpenVault,
    data_list: DataProtectionList,
    staff_key: bytes | None,
    say: Callable[[RotationStep], None] = lambda _: None,
) -> None:
    """Re-key the store; `applications.db` too where a teller's PIN released its staff key. Raise a `StoreError`.

    `folder` is the store's. Finish or undo an earlier rotation first. After an error the store is the old one or the
    next start makes it so.
    """
    with FolderLock(folder):
        recover_rotation(folder, vault)
        _demand_room(folder, (BOOKS_FILE,) if staff_key is None else (BOOKS_FILE, APPLICATIONS_FILE))
        names = _KEY_NAMES if staff_key is not None else (STORE_KEY, ANCHOR_KEY)
        next_keys = {name: os.urandom(KEY_BYTES) for name in names}
        present = store_keys(vault)
        planned = StoreKeys(
            next_keys[STORE_KEY], next_keys[ANCHOR_KEY], next_keys.get(APPLICATION_SALT, present.application_salt)
        )
        vault.replace({ROTATION_NOTE: _Note(_Phase.COPYING, next_keys).encode()})
        say(RotationStep.PLANNED)
        try:
            _copy_all(folder, present, planned, data_list, staff_key, say)
            vault.replace({**next_keys, ROTATION_NOTE: _Note(_Phase.MOVING, {}).encode()})
        except Exception:
            recover_rotation(folder, vault)
            raise
        say(RotationStep.FLIPPED)
        _move(folder, vault, say)
        say(RotationStep.DONE)


def _copy_all(
    folder: Path,
    present: StoreKeys,
    planned: StoreKeys,
    data_list: DataProtectionList,
    staff_key: bytes | None,
    say: Callable[[RotationStep], None],
) -> None:
    copies = folder / _NEXT
    with naming_errors(copies):
        shutil.rmtree(copies, ignore_errors=True)
        copies.mkdir(mode=0o700)
    _copy_books(folder / BOOKS_FILE, copies / BOOKS_FILE, present, planned, data_list)
    say(RotationStep.BOOKS_COPIED)
    old, new = folder / APPLICATIONS_FILE, copies / APPLICATIONS_FILE
    if staff_key is not None:
        _copy_applications(old, new, present, planned, data_list, staff_key)
    else:
        anchor = sealed_anew(old.with_suffix(".anchor"), present.anchor, planned.anchor)
        with naming_errors(new):
            replace_durably(new.with_suffix(".anchor"), anchor)
    with naming_errors(copies):
        for path in copies.iterdir():
            if path.name not in _FILES:  # a log that was not closed would be lost with the folder
                raise StoreDamagedError(path, "it is in the way")
            _flush(path)
        flush_folder(copies)
        flush_folder(folder)
    say(RotationStep.APPLICATIONS_COPIED)


def _copy_books(old: Path, new: Path, present: StoreKeys, planned: StoreKeys, data_list: DataProtectionList) -> None:
    """The copy's audit trail has one entry more: that it was re-keyed."""
    books = Books(old, present.store, present.anchor, data_list)
    try:
        books.database.copy_to(new, planned.store, planned.anchor)
        fingerprint, head = books.database.fingerprint(), books.trail.tree_head()
    finally:
        books.close()
    copy = Books(new, planned.store, planned.anchor, data_list)
    try:
        if (copy.database.fingerprint(), copy.trail.tree_head()) != (fingerprint, head):
            raise CopyDiffersError(old)
        with copy.transaction():
            Recorder(copy, system_moment).record(MACHINE, AuditKind.STORE_REKEYED)
    finally:
        copy.close()


def _copy_applications(
    old: Path, new: Path, present: StoreKeys, planned: StoreKeys, data_list: DataProtectionList, staff_key: bytes
) -> None:
    def opened(path: Path, keys: StoreKeys) -> Database:
        return open_database(path, keys.application_key(staff_key), keys.anchor, data_list, forgets=True)

    database = opened(old, present)
    try:
        database.copy_to(new, planned.application_key(staff_key), planned.anchor)
        fingerprint = database.fingerprint()
    finally:
        database.close()
    copy = opened(new, planned)
    try:
        if copy.fingerprint() != fingerprint:
            raise CopyDiffersError(old)
    finally:
        copy.close()


def _move(folder: Path, vault: OpenVault, say: Callable[[RotationStep], None]) -> None:
    copies = folder / _NEXT
    with naming_errors(copies):
        for name in _FILES:
            if not (copies / name).exists():
                continue  # moved before, or a database that kept its key
            for left_over in ("-wal", "-shm", "-journal"):  # an old file's, and poison to the new one
                (folder / f"{name}{left_over}").unlink(missing_ok=True)
            flush_folder(folder)
            (copies / name).replace(folder / name)
            flush_folder(folder)
            say(RotationStep.MOVED)
        shutil.rmtree(copies, ignore_errors=True)
        flush_folder(folder)
    vault.replace({ROTATION_NOTE: None})


def _undo(folder: Path, vault: OpenVault) -> None:
    """The copies go before the note does: copies without a note are nobody's."""
    copies = folder / _NEXT
    with naming_errors(copies):
        if copies.exists():
            shutil.rmtree(copies)
        flush_folder(folder)
    vault.replace({ROTATION_NOTE: None})


def _note_of(vault: OpenVault) -> _Note | None:
    if not vault.holds(ROTATION_NOTE):
        return None
    try:
        note = json.loads(vault.secret(ROTATION_NOTE))
        return _Note(_Phase(note["phase"]), {name: bytes.fromhex(key) for name, key in note["keys"].items()})
    except (ValueError, KeyError, TypeError, AttributeError):
        raise VaultDamagedError(vault.path, "its note about a rotation cannot be read") from None


def _demand_room(folder: Path, files: tuple[str, ...]) -> None:
    with naming_errors(folder):
        needed = sum((folder / file).stat().st_size for file in files) + _ROOM_BESIDE_BYTES
        free = shutil.disk_usage(folder).free
    if free < needed:
        raise NoRoomForCopyError(folder, needed, free)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        raise DiskNotWritableError(path, error.strerror or str(error)) from error
    finally:
        os.close(descriptor)
