"""Puts a backup in the place of a store that is lost or damaged. Never over one that is as new.

The vault must be there: its keys are in no backup, and the bank knows this kiosk by them. Everything is made in a
draft beside the store, which takes its place at the end; what a kill leaves of the draft goes with the next try.

Application records are not in a backup. Each yes without one is named to the teller when the records are opened next.
"""

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.errors import KioskError, StoreError
from kiosk.store.anchor import AnchorError, AnchorFile, OtherMachineError, WrongStoreKeyError
from kiosk.store.audit_trail import MACHINE, AuditBrokenError, AuditDetail, AuditKind, TrailCheck
from kiosk.store.backup_format import BackupBrokenError, BackupHead, BackupReader, Row
from kiosk.store.books import Books, Recorder
from kiosk.store.clock_book import ClockBook
from kiosk.store.data_list_file import read_data_list
from kiosk.store.database_errors import StoreDamagedError, StoreInUseError, StoreRefusedError, naming_errors
from kiosk.store.durable_file import flush_folder
from kiosk.store.key_vault import OpenVault
from kiosk.store.rotation import store_keys
from kiosk.store.schema import DatabaseNewerError
from kiosk.store.signing_keys import former_public_keys, present_signing_key
from kiosk.store.store import STORE_FOLDER, open_books
from kiosk.store.store_thread import APPLICATIONS_FILE, BOOKS_FILE
from kiosk.store.timestamps import system_moment
from kiosk.verification.verdict import key_thumbprint

SEQUENCE_JUMP = 10_000
"""More messages than a terminal sends between two backups: numbers that the bank has seen are not used again."""
_DRAFT = ".restoring"
_REPLACED = "store.replaced"
_ANOTHERS = (WrongStoreKeyError, OtherMachineError, StoreInUseError, DatabaseNewerError)
"""What is wrong then is no damage, and a backup is no cure."""
_DAMAGE = (StoreDamagedError, AuditBrokenError, AnchorError, StoreRefusedError)
"""What a backup cures; whatever else keeps a store from opening may be over in a moment."""

Say = Callable[[float], None]


class StoreNewerError(StoreError):
    """A backup is never put over a store that is as new."""

    def __init__(self, folder: Path, entries: int, in_backup: int) -> None:
        self.folder, self.entries, self.in_backup = folder, entries, in_backup
        super().__init__(
            f"The store in {folder} is whole and not older than the backup ({entries} audit entries, {in_backup} in the"
            " backup); nothing was changed."
        )


class OtherKiosksBackupError(StoreError):
    """A backup belongs to one kiosk."""

    def __init__(self, fault: str) -> None:
        super().__init__(f"This backup is not of this kiosk: {fault}.")


class IdentityError(StoreError):
    """The bank's private key for backups cannot be used."""


class LastSequenceError(StoreError):
    """What the bank is said to have received is less than what the backup holds."""

    def __init__(self, told: int, in_backup: int) -> None:
        self.told, self.in_backup = told, in_backup
        super().__init__(f"--last-sequence {told} cannot be: the backup itself holds message {in_backup}.")


@dataclass(frozen=True, slots=True)
class CheckedBackup:
    """A backup that is whole and signed."""

    head: BackupHead
    public_key: bytes
    """Of the key that signed it, 32 bytes."""


@dataclass(frozen=True, slots=True, repr=False)
class FirstAccess:
    """The teller who opens the restored terminal, and the new key to its application records."""

    teller_id: str
    name: str
    pin_hash: str
    staff_key: str
    application_key: bytes


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it."""

    head: BackupHead
    next_sequence: int
    undelivered: int
    """So many messages are sent again; the bank counts each once."""
    entries_lost: int
    """At least so many audit entries came after the backup; 0 where nothing is left to tell."""
    replaced: Path | None
    """Where the damaged store lies now, without application records."""


def check_backup(file: IO[bytes], identity: str, say: Say = lambda _: None) -> CheckedBackup:
    """Read a backup to its end; raise `IdentityError` or `BackupBrokenError`."""
    trail = TrailCheck()

    def look(row: Row) -> None:
        nonlocal trail
        if row.section.name == "audit":
            trail = trail.with_row(row.values)

    reader = _read(file, identity, look, say)
    public_key = reader.finish()
    head = reader.head
    assert head is not None
    if (trail.frontier.size, trail.frontier.head().hex()) != (head.audit_size, head.audit_head):
        raise BackupBrokenError("its audit trail does not fit together")
    return CheckedBackup(head, public_key)


def restore(
    folder: Path,
    vault: OpenVault,
    kiosk_id: bytes,
    file: IO[bytes],
    identity: str,
    access: FirstAccess,
    *,
    last_sequence: int | None = None,
    registered_keys: frozenset[bytes] = frozenset(),
    say: Say = lambda _: None,
) -> Restored:
    """Put the backup in the store's place; raise a `StoreError` and change nothing otherwise.

    `registered_keys` are raw public keys of this kiosk beyond those that its vault knows.
    """
    backup = check_backup(file, identity, lambda part: say(part / 2))
    head = backup.head
    present_key = present_signing_key(vault).public_key().public_bytes_raw()
    own_keys = {*former_public_keys(vault), present_key, *registered_keys}
    if head.kiosk_id != kiosk_id.hex():
        raise OtherKiosksBackupError(f"it is of the kiosk {head.kiosk_id}")
    if backup.public_key not in own_keys:
        thumbprint = key_thumbprint(Ed25519PublicKey.from_public_bytes(backup.public_key))
        raise OtherKiosksBackupError(f"none of its keys signed it but {thumbprint}; --public-key names further ones")
    lost = _entries_lost(folder, vault, head)
    sequence = _sequence_after(head, last_sequence, lost)
    draft = folder / _DRAFT
    with naming_errors(draft):
        shutil.rmtree(draft, ignore_errors=True)
        (draft / STORE_FOLDER).mkdir(parents=True, mode=0o700)
    try:
        undelivered = _fill(draft, vault, file, identity, sequence, lambda part: say(0.5 + part / 2))
        with open_books(draft, vault) as store:
            store.unlock_applications(access.application_key)
            store.add_teller(access.teller_id, access.name, access.pin_hash, access.staff_key)
        with naming_errors(folder):
            _give_to_owner_of(folder, draft)
            replaced = _move_in(folder, draft)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Restored(head, sequence + 1, undelivered, lost, replaced)


def _entries_lost(folder: Path, vault: OpenVault, head: BackupHead) -> int:
    """How many audit entries the present store had and the backup has not, as far as that can be told.

    Raise `StoreNewerError` where the present store is whole and as new, and what a backup cannot cure.
    """
    path = folder / STORE_FOLDER / BOOKS_FILE
    if not (path.exists() or path.with_suffix(".anchor").exists()):
        return 0
    keys = store_keys(vault)
    try:
        anchor = AnchorFile(path.with_suffix(".anchor"), keys.anchor, keys.store).read(path)
    except WrongStoreKeyError:
        raise
    except StoreError:
        anchor = None
    try:
        with open_books(folder, vault) as store:
            entries = store.audit_size()
    except _ANOTHERS:
        raise
    except _DAMAGE:
        return 0 if anchor is None else max(0, anchor.audit_size - head.audit_size)
    before = entries if anchor is None else anchor.audit_size  # opening it has just added one
    if before >= head.audit_size:
        raise StoreNewerError(folder, before, head.audit_size)
    return 0


def _sequence_after(head: BackupHead, told: int | None, entries_lost: int) -> int:
    """The number that counts as the last one used. Each message has an audit entry, so that fewer were lost."""
    if told is None:
        return head.sequence + max(SEQUENCE_JUMP, entries_lost)
    if told < head.sequence:
        raise LastSequenceError(told, head.sequence)
    return told


def _fill(draft: Path, vault: OpenVault, file: IO[bytes], identity: str, sequence: int, say: Say) -> int:
    """Make `kiosk.db` of the backup, which has been checked; return how many messages are yet to be delivered."""
    keys = store_keys(vault)
    books = Books(draft / STORE_FOLDER / BOOKS_FILE, keys.store, keys.anchor, read_data_list())
    trail = TrailCheck()
    try:
        with books.transaction():

            def keep(row: Row) -> None:
                nonlocal trail
                if row.section.name == "audit":
                    trail = trail.with_row(row.values)
                columns = ", ".join(row.section.columns)
                places = ", ".join("?" * len(row.values))
                sql = f"INSERT INTO {row.section.name} ({columns}) VALUES ({places})"  # noqa: S608
                books.database.execute(sql, row.values)

            _read(file, identity, keep, say).finish()
            books.trail.take_over(trail)
            books.outbox.go_on_after(sequence)
        recorder = Recorder(books, system_moment)
        # A clock that was set back since the newest entry of the backup: the doubt is there before anything is dated.
        ClockBook(books, recorder).look()
        with books.transaction():
            recorder.record(MACHINE, AuditKind.RESTORED, AuditDetail(number=sequence))
        return books.outbox.undelivered().count
    finally:
        books.close()


def _give_to_owner_of(folder: Path, draft: Path) -> None:
    """Where root restores a kiosk whose desk is another user."""
    if os.name == "posix" and os.geteuid() == 0:
        owner = folder.stat()
        for path in (draft, *draft.rglob("*")):
            os.chown(path, owner.st_uid, owner.st_gid)


def _move_in(folder: Path, draft: Path) -> Path | None:
    """Exchange the stores; of the old one no application record stays, for nobody could open or erase it again."""
    old, replaced = folder / STORE_FOLDER, None
    if old.exists():
        replaced = _free_name(folder)
        old.rename(replaced)
    try:
        (draft / STORE_FOLDER).rename(old)
    except OSError:
        if replaced is not None:
            replaced.rename(old)
        raise
    flush_folder(folder)
    return None if replaced is None else _without_records(replaced)


def _without_records(replaced: Path) -> Path | None:
    """Take the records out of a store that was replaced; None where nothing else is left of it."""
    for name in (APPLICATIONS_FILE, f"{Path(APPLICATIONS_FILE).stem}.anchor"):
        for path in replaced.rglob(f"{name}*"):
            path.unlink()
    if any(path.is_file() for path in replaced.rglob("*")):
        return replaced
    shutil.rmtree(replaced)
    return None


def _free_name(folder: Path) -> Path:
    numbers = range(1, 10_000)
    return next(path for number in numbers if not (path := folder / f"{_REPLACED}.{number}").exists())


def _read(file: IO[bytes], identity: str, take: Callable[[Row], None], say: Say) -> BackupReader:
    """Decrypt from the start, and hand over row after row."""
    import pyrage

    file.seek(0, 2)
    size = max(1, file.tell())
    file.seek(0)
    plain = _PlainSink(take, lambda: say(min(1.0, file.tell() / size)))
    try:
        pyrage.decrypt_io(file, plain, identities_of(identity))
    except (OSError, pyrage.DecryptError) as error:
        if plain.error is not None:
            raise plain.error from None
        if "matching keys" in str(error):
            raise IdentityError("The backup was encrypted to another key: give the private key of that one.") from None
        raise BackupBrokenError("it does not decrypt") from None
    return plain.reader


def identities_of(text: str) -> list[Any]:
    """The private keys in a file as `age-keygen` writes it; raise `IdentityError`."""
    import pyrage

    lines = [line.strip() for line in text.splitlines()]
    try:
        identities = [pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")]
    except pyrage.IdentityError:
        identities = []
    if not identities:
        raise IdentityError("The identity file holds no private key (AGE-SECRET-KEY-1…), as age-keygen writes it.")
    return identities


class _PlainSink:
    """What the decrypting library writes into; it passes on no error of ours."""

    def __init__(self, take: Callable[[Row], None], say: Callable[[], None]) -> None:
        self.reader = BackupReader()
        self.error: KioskError | None = None
        self._take, self._say = take, say

    def write(self, part: bytes) -> int:
        try:
            for row in self.reader.take(part):
                self._take(row)
            self._say()
        except KioskError as error:
            self.error = error
            raise OSError from error
        return len(part)

    def flush(self) -> None:
        """Nothing is held back."""
