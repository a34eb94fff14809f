"""Signed messages waiting for the bank, and the receipts of those that arrived. Signs nothing, sends nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from kiosk.errors import StoreError
from kiosk.store.database import Database
from kiosk.store.timestamps import from_optional_text, from_text, to_text

_SEQUENCE = "outbox_sequence"
_BATCH = 100
_LONGEST_WAIT = timedelta(hours=2)
"""Longer than any wait between two attempts, the bank's own Retry-After (at most an hour) included."""


class MessageUnknownError(StoreError):
    """No message has this sequence."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        super().__init__(f"The outbox holds no message {sequence}: the courier answered for one it was never given.")


class VisitAnsweredError(StoreError):
    """A visit is answered once."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        super().__init__(f"This visit has its answer already, message {sequence}: a visit is answered once.")


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """One message on its way."""

    sequence: int
    jws: str
    attempts: int
    answered_at: datetime
    next_attempt_at: datetime


@dataclass(frozen=True, slots=True)
class DeliveredMessage:
    """One message with the bank's receipt."""

    sequence: int
    jws: str
    answered_at: datetime
    delivered_at: datetime
    receipt: str


@dataclass(frozen=True, slots=True)
class UndeliveredSummary:
    """What teller and IT are told."""

    count: int
    oldest_at: datetime | None


class Outbox:
    """The `outbox` table. Every call stands inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def next_sequence(self) -> int:
        """1, 2, 3…; never used again, even when rows go after their time."""
        row = self._database.row("SELECT value FROM counter WHERE name = ?", (_SEQUENCE,))
        return 1 if row is None else int(row[0]) + 1

    def add(self, sequence: int, visit_id: str, reference: bytes, answered_at: datetime, jws: str) -> None:
        """Queue a message, due at once; raise `VisitAnsweredError`."""
        answered = self.sequence_of(visit_id)
        if answered is not None:
            raise VisitAnsweredError(answered)
        moment = to_text(answered_at)
        self._database.execute(
            "INSERT INTO outbox (sequence, kind, visit_id, reference, answered_at, message, next_attempt_at)"
            " VALUES (?, 1, ?, ?, ?, ?, ?)",
            (sequence, visit_id, reference, moment, jws, moment),
        )
        self._database.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (_SEQUENCE, sequence))

    def add_announcement(self, sequence: int, announced_at: datetime, jws: str) -> None:
        """Queue a key announcement, which belongs to no visit, due at once."""
        moment = to_text(announced_at)
        self._database.execute(
            "INSERT INTO outbox (sequence, kind, answered_at, message, next_attempt_at) VALUES (?, 2, ?, ?, ?)",
            (sequence, moment, jws, moment),
        )
        self._database.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (_SEQUENCE, sequence))

    def announces(self, sequence: int) -> bool:
        """Whether a message is a key announcement."""
        return self._database.row("SELECT 1 FROM outbox WHERE sequence = ? AND kind = 2", (sequence,)) is not None

    def go_on_after(self, sequence: int) -> None:
        """Use no number up to this one again."""
        self._database.execute("INSERT OR REPLACE INTO counter VALUES (?, ?)", (_SEQUENCE, sequence))

    def sequence_of(self, visit_id: str) -> int | None:
        """The message that answered a visit."""
        row = self._database.row("SELECT sequence FROM outbox WHERE visit_id = ?", (visit_id,))
        return None if row is None else int(row[0])

    def reference_of(self, visit_id: str) -> bytes | None:
        """The application reference under which a visit was answered."""
        row = self._database.row("SELECT reference FROM outbox WHERE visit_id = ?", (visit_id,))
        return None if row is None else bytes(row[0])

    def references(self) -> frozenset[bytes]:
        """The application reference of every verdict that is kept."""
        return frozenset(row[0] for row in self._database.rows("SELECT reference FROM outbox WHERE kind = 1"))

    def visits(self, newest: int = -1) -> list[tuple[int, str, datetime]]:
        """Sequence, visit and time of every verdict that is kept, or of so many of the newest, in order."""
        rows = self._database.rows(
            "SELECT sequence, visit_id, answered_at FROM outbox WHERE kind = 1"  # noqa: S608
            f" ORDER BY sequence DESC LIMIT {int(newest)}"
        )
        return [(row[0], row[1], from_text(row[2])) for row in reversed(rows)]

    def due(self, now: datetime) -> list[OutboxMessage]:
        """Undelivered messages whose next attempt has come, the lowest sequence first, at most 100 at a time.

        One put off by longer than anything is put off was put off by a wrong clock: it is due.
        """
        rows = self._database.rows(
            "SELECT sequence, message, attempts, answered_at, next_attempt_at FROM outbox"  # noqa: S608
            " WHERE delivered_at IS NULL AND (next_attempt_at <= ? OR next_attempt_at > ?)"
            # A limit given as a value would have SQLite plan the query each time.
            f" ORDER BY sequence LIMIT {_BATCH}",
            (to_text(now), to_text(now + _LONGEST_WAIT)),
        )
        return [OutboxMessage(row[0], row[1], row[2], from_text(row[3]), from_text(row[4])) for row in rows]

    def all(self) -> list[OutboxMessage]:
        """Every message that is kept, in order."""
        rows = self._database.rows(
            "SELECT sequence, message, attempts, answered_at, next_attempt_at FROM outbox ORDER BY sequence"
        )
        return [OutboxMessage(row[0], row[1], row[2], from_text(row[3]), from_text(row[4])) for row in rows]

    def record_attempt(self, sequence: int, next_attempt_at: datetime) -> None:
        """Count an attempt that brought no receipt."""
        self._demand(sequence)
        self._database.execute(
            "UPDATE outbox SET attempts = attempts + 1, next_attempt_at = ?"
            " WHERE sequence = ? AND delivered_at IS NULL",
            (to_text(next_attempt_at), sequence),
        )

    def close(self, sequence: int, receipt: str, delivered_at: datetime) -> bool:
        """Note the receipt; False where the message was closed before: the first receipt stands."""
        self._demand(sequence)
        changed = self._database.execute(
            "UPDATE outbox SET delivered_at = ?, receipt = ? WHERE sequence = ? AND delivered_at IS NULL",
            (to_text(delivered_at), receipt, sequence),
        )
        return changed == 1

    def delivered(self, sequence: int) -> DeliveredMessage | None:
        """A message with its receipt, None while it has none."""
        row = self._demand(sequence)
        delivered_at = from_optional_text(row[3])
        if delivered_at is None:
            return None
        return DeliveredMessage(row[0], row[1], from_text(row[2]), delivered_at, row[4])

    def undelivered(self) -> UndeliveredSummary:
        """How many wait, and since when the oldest does."""
        ((count, oldest),) = self._database.rows(
            "SELECT count(*), min(answered_at) FROM outbox WHERE delivered_at IS NULL"
        )
        return UndeliveredSummary(count, from_optional_text(oldest))

    def _demand(self, sequence: int) -> tuple[Any, ...]:
        row = self._database.row(
            "SELECT sequence, message, answered_at, delivered_at, receipt FROM outbox WHERE sequence = ?", (sequence,)
        )
        if row is None:
            raise MessageUnknownError(sequence)
        return row
