"""Who did what and when, append-only, as a Merkle tree whose head travels in every verdict. No personal data.

What an entry may say is a closed set: a detail is made of words of the program's own enums and of hashes and
numbers, never of a text that a person typed. Content older than its retention goes; the leaf hash stays.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from kiosk.errors import StoreError
from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.signed_slip import AuditPlace
from kiosk.store.anchor import Anchor
from kiosk.store.audit_entry import AuditEntry
from kiosk.store.audit_export import ExportedEntry
from kiosk.store.database import Database
from kiosk.store.merkle_tree import Frontier, path_of_next
from kiosk.store.timestamps import Moment, to_text
from kiosk.store.verdict_words import PHRASES, YES_PHRASES

MACHINE = "machine"
"""The actor where no teller acted."""
ACTOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,31}")
"""A teller's number or `MACHINE`; new tellers are held to less, see `tellers`."""

_NUMBER = re.compile(r"\d{1,19}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_COLUMNS = "sequence, recorded_at, boot_id, uptime_ns, actor, kind, detail"
CONTENT_COLUMNS = frozenset({"recorded_at", "boot_id", "uptime_ns", "actor", "kind", "detail"})
"""What goes once the time of an entry is over; its number and its leaf stay."""
CHECKED_AT_ONCE = 2000
"""Entries that are read into memory together; few enough that nobody at the terminal waits for it."""


class AuditKind(StrEnum):
    """Everything the trail may record."""

    STORE_OPENED = "store_opened"
    VERDICT = "verdict"
    VERDICT_DELIVERED = "verdict_delivered"
    APPLICATION_ERASED = "application_erased"
    TELLER_ADDED = "teller_added"
    SIGNED_IN = "signed_in"
    SIGN_IN_REFUSED = "sign_in_refused"
    TELLER_LOCKED = "teller_locked"
    SIGNED_OFF = "signed_off"
    STORE_REKEYED = "store_rekeyed"
    VAULT_LOCKED_ANEW = "vault_locked_anew"
    """What locks the key vault, or its recovery code, was chosen anew."""
    KEY_ANNOUNCED = "key_announced"
    """With the message that tells the bank the next signing key, and its hash."""
    KEY_ANNOUNCEMENT_DELIVERED = "key_announcement_delivered"
    """From here on the announced key signs."""
    COUNTER_BEGUN = "counter_begun"
    """From here on the machine's counter vouches, from this number on; before, or by another machine, nothing did."""
    RESTORED = "restored"
    """All before is from a backup; messages are numbered from above this number on."""
    CLOCK_DOUBTED = "clock_doubted"
    """The clock stood this many seconds away from where it should be; what is dated after this may be wrong."""
    CLOCK_CONFIRMED = "clock_confirmed"
    """The actor has looked at the clock: the time of this entry is right."""
    RECORD_MISSING = "record_missing"
    """The record of a yes is gone and nobody ordered it: an older file was put back."""
    OWN_RECORD_SHOWN = "own_record_shown"
    """A customer saw their own record, found by code and document; whose it was is not said."""
    OWN_RECORD_NOT_FOUND = "own_record_not_found"
    """Somebody's code and document fitted no record."""
    OWN_RECORD_COPIED = "own_record_copied"
    """A customer was handed a copy of their record, by the actor."""
    DAY_OPENED = "day_opened"
    """A teller's sign-in released the key to the application records."""
    DAY_CLOSED = "day_closed"
    """The key was dropped: by a teller, or by the machine at midnight and at its end."""
    TELLER_VOUCHED_FOR = "teller_vouched_for"
    """The actor was present when the teller of the next entry was given a PIN."""
    PIN_CHANGED = "pin_changed"
    TELLER_REMOVED = "teller_removed"
    APPLICATION_KEY_REPLACED = "application_key_replaced"
    """Every PIN was lost: the records were given up with their key, and the actor was made the first teller."""


_WORDS: dict[AuditKind, frozenset[str]] = {
    AuditKind.VERDICT: PHRASES,
    AuditKind.APPLICATION_ERASED: frozenset(ErasureReason),
}


class AuditDetailError(StoreError):
    """An entry would say something outside the closed set; the text itself is not repeated."""

    def __init__(self, kind: AuditKind) -> None:
        self.kind = kind
        super().__init__(f"An audit entry of kind {kind} would hold a text that is not among those allowed.")


class AuditBrokenError(StoreError):
    """The trail was edited: its entries do not make the recorded tree."""

    def __init__(self, sequence: int | None) -> None:
        self.sequence = sequence
        where = "its head" if sequence is None else f"entry {sequence}"
        super().__init__(f"The audit trail does not fit together at {where}: the store was changed from outside.")


@dataclass(frozen=True, slots=True)
class AuditDetail:
    """What an entry says beyond its kind: one allowed phrase, a sequence, hashes."""

    phrase: str = ""
    number: int | None = None
    sha256: str = ""
    statement_sha256: str = ""
    """Of the core of the statement on the customer's slip."""

    def text(self, kind: AuditKind) -> str:
        """The canonical text; raise `AuditDetailError` for anything outside the closed set."""
        number = "" if self.number is None else str(self.number)
        allowed = (
            (not self.phrase or self.phrase in _WORDS.get(kind, ()))
            and (not number or _NUMBER.fullmatch(number))
            and all(not said or _SHA256.fullmatch(said) for said in (self.sha256, self.statement_sha256))
        )
        if not allowed:
            raise AuditDetailError(kind)
        return "; ".join(part for part in (self.phrase, number, self.sha256, self.statement_sha256) if part)


@dataclass(frozen=True, slots=True)
class TrailCheck:
    """How far a check of the trail has come."""

    frontier: Frontier = field(default_factory=Frontier)
    content_begun: bool = False
    """Content goes by age, so what is gone is gone from the front."""

    def with_row(self, row: tuple[Any, ...]) -> "TrailCheck":
        """The next entry is this row of the table; raise `AuditBrokenError` where it cannot be."""
        sequence, recorded_at, *rest, leaf = row
        expected = self.frontier.size + 1
        if recorded_at is None:
            fits = not self.content_begun
        else:
            fits = AuditEntry(expected, recorded_at, *rest).leaf() == leaf
        if sequence != expected or not fits:
            raise AuditBrokenError(expected)
        return TrailCheck(self.frontier.appended(leaf), recorded_at is not None)


class AuditTrail:
    """The trail of one database; its frontier lives in memory."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._frontier = Frontier()
        self._first_with_content = 1
        """Or a later one; none before it says anything."""
        database.anchor_with(lambda: self._frontier)

    def load(self, anchor: Anchor) -> bytes:
        """Go on from the tree of the anchor and check what came after it; return the head at the anchor's size.

        Where the anchor is of the first version, or does not lead to the recorded head, all is checked, so that what
        is wrong is named; raise `AuditBrokenError`. Returns no head for a size that the tree does not have.
        """
        if (begun := anchor.frontier) is not None:
            with contextlib.suppress(AuditBrokenError):
                self._frontier = self._checked_to_the_end(TrailCheck(begun)).frontier
                return anchor.audit_head
        check = TrailCheck()
        while check.frontier.size < anchor.audit_size:
            before = check
            check = self.checked_further(check, min(CHECKED_AT_ONCE, anchor.audit_size - check.frontier.size))
            if check == before:
                return b""
        self._frontier = self._checked_to_the_end(check).frontier
        return check.frontier.head()

    def checked_further(self, check: TrailCheck, most: int = CHECKED_AT_ONCE) -> TrailCheck:
        """Check at most so many of the next entries; where there is none left, that the recorded head is theirs.

        Raise `AuditBrokenError`.
        """
        rows = self._database.rows(
            f"SELECT {_COLUMNS}, leaf_hash FROM audit WHERE sequence > ? ORDER BY sequence LIMIT ?",  # noqa: S608
            (check.frontier.size, most),
        )
        check = TrailCheck(
            check.frontier, self._has_content(check.frontier.size)
        )  # it may have gone since the last call
        for row in rows:
            check = check.with_row(row)
        if not rows and self._recorded() != (check.frontier.size, check.frontier.head()):
            raise AuditBrokenError(None)
        return check

    @property
    def size(self) -> int:
        return self._frontier.size

    def tree_head(self) -> bytes:
        """Head over all entries so far, 32 bytes."""
        return self._frontier.head()

    def append(self, moment: Moment, actor: str, kind: AuditKind, detail: AuditDetail | None = None) -> AuditPlace:
        """Add an entry inside `settling()` and the caller's transaction; return its place; raise `AuditDetailError`."""
        if not ACTOR.fullmatch(actor):
            raise AuditDetailError(kind)
        text = (detail or AuditDetail()).text(kind)
        entry = AuditEntry(
            self._frontier.size + 1, to_text(moment.utc), moment.boot_id, moment.uptime_ns, actor, kind.value, text
        )
        leaf = entry.leaf()
        place = AuditPlace(self._frontier.size, leaf, path_of_next(self._frontier))
        self._frontier = self._frontier.appended(leaf)
        self._database.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (entry.sequence, entry.recorded_at, entry.boot_id, entry.uptime_ns, actor, entry.kind, text, leaf),
        )
        return place

    @contextlib.contextmanager
    def settling(self) -> Iterator[None]:
        """Stands around a transaction: if it fails, the tree in memory goes back with it."""
        before = self._frontier
        try:
            yield
        except BaseException:
            self._frontier = before
            raise

    def take_over(self, check: TrailCheck) -> None:
        """Go on from entries that a backup brought, inside `settling()` and the caller's transaction."""
        self._frontier = check.frontier
        head = (self._frontier.size, self._frontier.head())
        self._database.execute("UPDATE store_state SET audit_size = ?, audit_head = ?", head)

    def newest(self) -> AuditEntry | None:
        """The last entry; None where there is none or its content is over."""
        row = self._database.row(
            f"SELECT {_COLUMNS} FROM audit WHERE sequence = ? AND recorded_at IS NOT NULL",  # noqa: S608
            (self._frontier.size,),
        )
        return None if row is None else AuditEntry(*row)

    def entries(self) -> Iterator[AuditEntry]:
        """Every entry whose content is still kept, in order."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS} FROM audit WHERE recorded_at IS NOT NULL ORDER BY sequence"  # noqa: S608
        )
        for row in rows:
            yield AuditEntry(*row)

    def exported(self, after: int, last: int) -> Iterator[ExportedEntry]:
        """Entries after one and up to another; only the leaf of those whose content is over."""
        rows = self._database.rows(
            f"SELECT {_COLUMNS}, leaf_hash FROM audit WHERE sequence > ? AND sequence <= ? ORDER BY sequence",  # noqa: S608
            (after, last),
        )
        for sequence, recorded_at, *rest, leaf in rows:
            content = None if recorded_at is None else AuditEntry(sequence, recorded_at, *rest)
            yield ExportedEntry(sequence, leaf, content)

    def sequences_of_yes(self, newest: int | None = None) -> frozenset[int]:
        """The sequence of every yes whose entry is still kept, or is among so many newest ones."""
        after = 0 if newest is None else self._frontier.size - newest
        query = "SELECT detail FROM audit WHERE sequence > ? AND kind = ?"
        rows = self._database.rows(query, (after, AuditKind.VERDICT))
        said = [row[0].split("; ") for row in rows]
        return frozenset(int(parts[1]) for parts in said if parts[0] in YES_PHRASES)

    def newest_time_of(self, kind: AuditKind, newest: int) -> datetime | None:
        """When the last entry of a kind among so many newest ones was made."""
        row = self._database.row(
            "SELECT recorded_at FROM audit WHERE sequence > ? AND kind = ? ORDER BY sequence DESC LIMIT 1",
            (self._frontier.size - newest, kind),
        )
        return None if row is None else datetime.fromisoformat(row[0])

    def numbers_of(self, kind: AuditKind) -> frozenset[int]:
        """The numbers that entries of a kind that says nothing else are about."""
        return frozenset(int(row[0]) for row in self._database.rows("SELECT detail FROM audit WHERE kind = ?", (kind,)))

    def first_with_content(self) -> int:
        """The first entry that still says something, or one after the last: content goes from the front."""
        first, behind = self._first_with_content, self._frontier.size + 1
        while first < behind:
            middle = (first + behind) // 2
            row = self._database.row("SELECT recorded_at IS NULL FROM audit WHERE sequence = ?", (middle,))
            if row is not None and row[0]:
                first = middle + 1
            else:
                behind = middle
        self._first_with_content = first
        return first

    def forget_contents(self, sequences: set[int]) -> None:
        """Erase what these entries say, from the front and without a gap, inside the caller's transaction.

        Their leaves stay in the tree. An entry that is due behind one that is not (a clock was set back) waits.
        """
        first = last = self.first_with_content()
        while last in sequences:
            last += 1
        self._database.execute(
            "UPDATE audit SET recorded_at = NULL, boot_id = NULL, uptime_ns = NULL, actor = NULL, kind = NULL,"
            " detail = NULL WHERE sequence >= ? AND sequence < ?",
            (first, last),
        )

    def _has_content(self, sequence: int) -> bool:
        return (
            self._database.row("SELECT 1 FROM audit WHERE sequence = ? AND recorded_at IS NOT NULL", (sequence,))
            is not None
        )

    def _recorded(self) -> tuple[int, bytes] | None:
        """Size and head as the store has them; None if entries are missing at the end."""
        ((size, head, last),) = self._database.rows(
            "SELECT audit_size, audit_head, (SELECT coalesce(max(sequence), 0) FROM audit) FROM store_state"
        )
        return (size, head) if size == last else None

    def _checked_to_the_end(self, check: TrailCheck) -> TrailCheck:
        while (further := self.checked_further(check)) != check:
            check = further
        return check
