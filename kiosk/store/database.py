"""One encrypted database file: SQLCipher under a raw key, checked at opening, anchored after every commit.

Knows how rows become durable, not what they mean. Belongs to the thread that opened it. Writes go through
`transaction()`, which counts generations: the anchor may be one behind the database after a crash, never ahead.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher

from kiosk.privacy.data_list import DataProtectionList
from kiosk.store.anchor import (
    Anchor,
    AnchorFile,
    AnchorMissingError,
    DatabaseMissingError,
    FolderPutBackError,
    OtherMachineError,
    RolledBackError,
)
from kiosk.store.database_errors import CipherSettingError, StoreDamagedError, naming_errors
from kiosk.store.durable_file import OWNER_ONLY, flush_folder
from kiosk.store.machine_counter import MachineCounter
from kiosk.store.merkle_tree import EMPTY_HEAD, Frontier
from kiosk.store.schema import DatabaseNewerError, applied_number, apply, demand_listed, migrations_of

CIPHER_MAJOR = "4."
_ASSERTED = {
    "cipher": "AES-256-CBC",
    "cipher_use_hmac": "1",
    "cipher_hmac_algorithm": "HMAC_SHA512",
    "cipher_page_size": "4096",
    "cipher_plaintext_header_size": "0",
    "cipher_memory_security": "1",
    "secure_delete": "1",
    "synchronous": "2",  # FULL
    "journal_mode": "wal",
    "locking_mode": "exclusive",
    "temp_store": "2",  # MEMORY
}
_BUSY_S = 2.0
_KEPT_STATEMENTS = 128
_NO_NUMBER = -1
_FILLING_A_CELL = "-" * 3900
"""As long as a value can be that fits into one page."""
_FILLING_SLOTS = ("-" * 1100,) * 32 + ("-" * 100,) * 96
"""As many as SQLite has slots of either size: its lookaside memory has 30 of 1200 bytes and 93 of 128."""
_SELECT_ALL_SLOTS = f"SELECT {', '.join('?' * len(_FILLING_SLOTS))}"


class Database:
    """An open, checked database; writes stand inside `transaction()`."""

    def __init__(self, path: Path, key: bytes, anchor: AnchorFile, forgets: bool = False) -> None:
        """Use `open_database`. One that `forgets` can be made to leave no row in this process's memory."""
        self.path = path
        self._anchor = anchor
        self._frontier: Callable[[], Frontier] = Frontier
        self._machine_counter: int | None = None
        self._forgets = forgets
        self._remembers = True
        self._anchor_is_behind = False
        self.generation = 0
        with naming_errors(path):
            self._connection = _connect(path, key, 0 if forgets else _KEPT_STATEMENTS)

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        """Read every row of a query; raise a named `StoreError`."""
        self._remembers = True
        with naming_errors(self.path):
            return list(self._connection.execute(sql, parameters))

    def row(self, sql: str, parameters: tuple[Any, ...] = ()) -> tuple[Any, ...] | None:
        """Read the first row of a query, None where there is none."""
        self._remembers = True
        with naming_errors(self.path):
            found: tuple[Any, ...] | None = self._connection.execute(sql, parameters).fetchone()
            return found

    def execute(self, sql: str, parameters: tuple[Any, ...] = ()) -> int:
        """Run one statement and return how many rows it changed; raise a named `StoreError`."""
        self._remembers = True
        with naming_errors(self.path):
            return int(self._connection.execute(sql, parameters).rowcount)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, durable at the end, one generation further; raise a named `StoreError`.

        Once the commit is through the transaction has succeeded: an anchor that cannot be written then is written
        before the next transaction begins, which fails without it.
        """
        with naming_errors(self.path):
            if self._anchor_is_behind:
                self._write_anchor()
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._note_state()
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        self.generation += 1
        self._anchor_is_behind = True
        with contextlib.suppress(OSError):
            self._write_anchor()

    def _note_state(self) -> None:
        """One generation further, with the audit tree as it then is; one statement, for each is a page written."""
        if self._frontier is not Frontier:
            frontier = self._frontier()
            self._connection.execute(
                "UPDATE store_state SET generation = generation + 1, audit_size = ?, audit_head = ?",
                (frontier.size, frontier.head()),
            )
        else:
            self._connection.execute("UPDATE store_state SET generation = generation + 1")

    def forget_rows(self) -> None:
        """Leave nothing of what was read or written in this process's memory; for a database that `forgets`.

        What SQLite frees, SQLCipher wipes. What it keeps for the next statement is given back (the page cache) or
        written over: the cell built last, the page decrypted last, and the slots for small values.
        """
        if not (self._forgets and self._remembers):
            return
        with contextlib.suppress(sqlcipher.Error):  # a full disk takes no cell; then the next one is built over this
            self._connection.execute("BEGIN")
            self._connection.execute("INSERT INTO schema_migration VALUES (?, ?, '')", (_NO_NUMBER, _FILLING_A_CELL))
        with naming_errors(self.path):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            self._connection.execute("PRAGMA shrink_memory")
            self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            self._connection.execute("SELECT generation FROM store_state").fetchone()
            self._connection.execute(_SELECT_ALL_SLOTS, _FILLING_SLOTS).fetchone()
        self._remembers = False

    def forget_deleted(self) -> None:
        """Empty the write-ahead log, so that no earlier image of a deleted row stays in it."""
        self.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close; what was committed stays."""
        with naming_errors(self.path):
            self._connection.close()

    def check(self) -> None:
        """Raise `StoreDamagedError` unless every page's HMAC is whole: nobody without the key has changed a byte."""
        faults = [row[0] for row in self.rows("PRAGMA cipher_integrity_check")]
        if faults:
            raise StoreDamagedError(self.path, faults[0])

    def structure_faults(self) -> list[str]:
        """What is wrong inside whole pages, which only a mistake of ours or SQLite's could do; slow on a large file."""
        return [str(row[0]) for row in self.rows("PRAGMA quick_check") if row[0] != "ok"]

    def demand_structure(self) -> None:
        """Raise `StoreDamagedError` unless SQLite finds its own structure whole."""
        if faults := self.structure_faults():
            raise StoreDamagedError(self.path, faults[0])

    def demand_cipher(self) -> None:
        """Raise `CipherSettingError` unless SQLCipher still works as demanded at the opening."""
        with naming_errors(self.path):
            _demand_cipher(self._connection)

    def demand_anchored(self) -> None:
        """Raise an `AnchorError` unless the anchor on the disk says how far this database has got."""
        if self._anchor_is_behind:
            with naming_errors(self.path):
                self._write_anchor()
        anchor, frontier = self._anchor.read(self.path), self._frontier()
        if anchor is None:
            raise AnchorMissingError(self._anchor.path, self.path)
        found = (anchor.generation, anchor.audit_size, anchor.audit_head)
        if found != (self.generation, frontier.size, frontier.head()):
            raise RolledBackError(self._anchor.path, self.path, "its anchor says something else")

    def migrate(self, folder: str, now: datetime) -> None:
        """Bring the database to this program's form, one transaction a step; refuse a newer one."""
        migrations = migrations_of(folder)
        with naming_errors(self.path):
            applied = applied_number(self._connection)
        if applied > len(migrations):
            raise DatabaseNewerError(self.path, applied, len(migrations))
        for migration in migrations[applied:]:
            with self.transaction():
                apply(self._connection, migration, now)

    def demand_listed(self, data_list: DataProtectionList) -> None:
        """Raise `ColumnNotListedError` or `ListedColumnMissingError` unless list and columns are the same."""
        with naming_errors(self.path):
            demand_listed(self._connection, self.path, data_list)

    def meet_anchor(self, anchor: Anchor, audit_head: bytes) -> None:
        """Raise `RolledBackError` unless the anchor is equal or exactly one step behind, then bring it up to date.

        `audit_head` is the trail's head at the anchor's size.
        """
        self._machine_counter = anchor.machine_counter
        behind = self.generation - anchor.generation
        if behind < 0:
            fault = f"{-behind} transactions are missing"
        elif behind > 1:
            fault = f"its anchor is {behind} transactions behind"
        elif audit_head != anchor.audit_head:
            fault = "its audit trail is another one"
        else:
            if behind:
                self._write_anchor()
            return
        raise RolledBackError(self._anchor.path, self.path, fault)

    def read_generation(self) -> None:
        """Learn how many transactions the database has seen."""
        with naming_errors(self.path):
            applied = applied_number(self._connection)
        if applied:
            state = self.row("SELECT generation FROM store_state")
            self.generation = 0 if state is None else int(state[0])

    def anchor_with(self, frontier: Callable[[], Frontier]) -> None:
        """From now on the anchor carries the frontier of this audit trail, as of the last commit."""
        self._frontier = frontier

    def count_with(self, counter: MachineCounter | None, *, counter_is_new: bool) -> int | None:
        """Hold the anchor against the machine's counter and count one further.

        Return where counting begins anew, 0 for no more counting, None where it goes on as it was.

        Raise `FolderPutBackError` or `OtherMachineError`; a counter that is new on purpose is taken as it stands. An
        anchor one ahead is a crash between the two, for the anchor is written first.
        """
        anchored, found = self._machine_counter, None if counter is None else counter.value()
        if anchored is not None and not counter_is_new:
            if found is not None and found > anchored:
                raise FolderPutBackError(self._anchor.path, anchored, found)
            if found is None or found < anchored - 1:
                raise OtherMachineError(self._anchor.path, anchored, found)
        if counter is None:
            self._machine_counter = None
            return None if anchored is None else 0
        counted = self.advance(counter)
        return counted if anchored is None or counter_is_new else None

    def advance(self, counter: MachineCounter) -> int:
        """Count one further, durably on both sides; return what the counter says. Between transactions only."""
        self._machine_counter = counter.value() + 1
        with naming_errors(self.path):
            self._write_anchor()
        return counter.advance()

    def copy_to(self, path: Path, key: bytes, anchor_key: bytes) -> None:
        """Copy every row into a new file under other keys, with an anchor of its own; raise a named `StoreError`."""
        with naming_errors(path):
            make_empty(path)
            self._connection.execute("ATTACH DATABASE ? AS copy KEY ?", (str(path), f"x'{key.hex()}'"))
            try:
                self._connection.execute("SELECT sqlcipher_export('copy')").fetchone()
            finally:
                self._connection.execute("DETACH DATABASE copy")
            AnchorFile(path.with_suffix(".anchor"), anchor_key, key).write(self._present_anchor())

    def fingerprint(self) -> bytes:
        """SHA-256 over every row of every table: two databases with the same one hold the same."""
        digest = hashlib.sha256()
        tables = self.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY name")
        with naming_errors(self.path):
            for name, sql in tables:
                digest.update(f"{name} {sql}".encode())
                for row in self._connection.execute(f'SELECT * FROM "{name}"'):  # noqa: S608 (a name of our own schema)
                    digest.update(repr(row).encode())
        return digest.digest()

    def _write_anchor(self) -> None:
        self._anchor.write(self._present_anchor())
        self._anchor_is_behind = False

    def _present_anchor(self) -> Anchor:
        frontier = self._frontier()
        return Anchor(self.generation, frontier.size, frontier.head(), frontier.peaks, self._machine_counter)


def open_database(
    path: Path,
    key: bytes,
    anchor_key: bytes,
    data_list: DataProtectionList,
    load_trail: Callable[[Database, Anchor], bytes] | None = None,
    *,
    forgets: bool = False,
) -> Database:
    """Open or make a database, check it whole and bring it up to date; see `Database` for `forgets`.

    `load_trail` loads the audit trail, checks it, and returns its head at the anchor's size; None without a trail.
    """
    anchor_file = AnchorFile(path.with_suffix(".anchor"), anchor_key, key)
    with naming_errors(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        anchor = _first_anchor(path, anchor_file)
    database = Database(path, key, anchor_file, forgets)
    try:
        database.check()
        database.read_generation()
        head = load_trail(database, anchor) if load_trail is not None and database.generation > 0 else EMPTY_HEAD
        database.meet_anchor(anchor, head)
        database.migrate(path.stem, datetime.now(UTC))
        database.demand_listed(data_list)
        database.forget_deleted()  # a crash between erasing and this leaves the erased row in the log
    except BaseException:
        database.close()
        raise
    return database


def _first_anchor(path: Path, anchor_file: AnchorFile) -> Anchor:
    """Read the anchor; make it and an empty database where there is neither. The anchor comes first."""
    anchor = anchor_file.read(path)
    there = path.exists()
    if anchor is None:
        if there:
            raise AnchorMissingError(anchor_file.path, path)
        anchor = Anchor()
        anchor_file.write(anchor)
    if not there:
        if anchor.generation:
            raise DatabaseMissingError(anchor_file.path, path)
        make_empty(path)
    return anchor


def make_empty(path: Path) -> None:
    """Make an empty file that only its owner may read; raise `OSError`."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWNER_ONLY))
    flush_folder(path.parent)


def _connect(path: Path, key: bytes, kept_statements: int = _KEPT_STATEMENTS) -> Any:
    """Open with the raw key and demand that SQLCipher is what it must be.

    A prepared statement that is kept also keeps the values that it was last given.
    """
    connection = sqlcipher.connect(str(path), isolation_level=None, timeout=_BUSY_S, cached_statements=kept_statements)
    try:
        connection.execute("PRAGMA cipher_log_level = NONE")
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        for setting in ("cipher_memory_security = ON", "locking_mode = EXCLUSIVE", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {setting}")
        _read_or_wait(connection)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "trusted_schema = OFF"):
            connection.execute(f"PRAGMA {setting}")
        _demand_cipher(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _read_or_wait(connection: Any) -> None:
    """Take the lock; a process that is just being ended may hold it for a moment."""
    until = time.monotonic() + _BUSY_S
    while True:
        try:
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        except sqlcipher.OperationalError as error:
            if getattr(error, "sqlite_errorname", "") != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return


def _demand_cipher(connection: Any) -> None:
    version = str(connection.execute("PRAGMA cipher_version").fetchone()[0])
    if not version.startswith(CIPHER_MAJOR):
        raise CipherSettingError("version", version, f"{CIPHER_MAJOR}x")
    for setting, demanded in _ASSERTED.items():
        found = str(connection.execute(f"PRAGMA {setting}").fetchone()[0])
        if found != demanded:
            raise CipherSettingError(setting, found, demanded)
