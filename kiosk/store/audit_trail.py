"""Who did what and when, append-only, as a Merkle tree whose head travels in every verdict. No personal data.

What an entry may say is a closed set: a detail is made of words of the program's own enums and of hashes and
numbers, never of a text that a person typed. Content older than its retention goes; the leaf hash stays.
"""

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from kiosk.errors import StoreError
from kiosk.privacy.erasure import ErasureReason
from kiosk.store.database import Database
from kiosk.store.merkle_tree import Frontier, leaf_hash
from kiosk.store.timestamps import Moment, from_text, to_text
from kiosk.store.verdict_words import PHRASES, YES_PHRASES

MACHINE = "machine"
"""The actor where no teller acted."""
ACTOR = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,31}")
"""A teller's number or `MACHINE`; new tellers are held to less, see `tellers`."""

_NUMBER = re.compile(r"\d{1,19}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


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
    RECORD_MISSING = "record_missing"
    """The record of a yes is gone and nobody ordered it: an older file was put back."""


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
    """What an entry says beyond its kind: one allowed phrase, a sequence, a hash."""

    phrase: str = ""
    number: int | None = None
    sha256: str = ""

    def text(self, kind: AuditKind) -> str:
        """The canonical text; raise `AuditDetailError` for anything outside the closed set."""
        number = "" if self.number is None else str(self.number)
        allowed = (
            (not self.phrase or self.phrase in _WORDS.get(kind, ()))
            and (not number or _NUMBER.fullmatch(number))
            and (not self.sha256 or _SHA256.fullmatch(self.sha256))
        )
        if not allowed:
            raise AuditDetailError(kind)
        return "; ".join(part for part in (self.phrase, number, self.sha256) if part)


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry as it is kept."""

    sequence: int
    recorded_at: str
    boot_id: str
    uptime_ns: int
    actor: str
    kind: str
    detail: str

    def leaf(self) -> bytes:
        """The leaf hash: every field as UTF-8, each after its length in four bytes, big-endian, in this order."""
        fields = (
            str(self.sequence),
            self.recorded_at,
            self.boot_id,
            str(self.uptime_ns),
            self.actor,
            self.kind,
            self.detail,
        )
        encoded = [field.encode() for field in fields]
        return leaf_hash(b"".join(len(field).to_bytes(4, "big") + field for field in encoded))

    @property
    def recorded_at_utc(self) -> datetime:
        return from_text(self.recorded_at)


class AuditTrail:
    """The trail of one database; its frontier lives in memory, recomputed at every start."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._frontier = Frontier()

    def load(self, at_size: int) -> bytes:
        """Recompute the tree, check it against every leaf and the recorded head; return the head at a size.

        Raise `AuditBrokenError`. Returns no head for a size the tree does not have.
        """
        frontier, head = Frontier(), b""
        if at_size == 0:
            head = frontier.head()
        rows = self._database.rows(
            "SELECT sequence, recorded_at, boot_id, uptime_ns, actor, kind, detail, leaf_hash FROM audit"
            " ORDER BY sequence"
        )
        for leaf in _checked_leaves(rows):
            frontier = frontier.appended(leaf)
            if frontier.size == at_size:
                head = frontier.head()
        recorded = self._database.row("SELECT audit_size, audit_head FROM store_state")
        if recorded != (frontier.size, frontier.head()):
            raise AuditBrokenError(None)
        self._frontier = frontier
        return head

    @property
    def size(self) -> int:
        return self._frontier.size

    def tree_head(self) -> bytes:
        """Head over all entries so far, 32 bytes."""
        return self._frontier.head()

    def append(self, moment: Moment, actor: str, kind: AuditKind, detail: AuditDetail | None = None) -> None:
        """Add an entry inside `settling()` and the caller's transaction; raise `AuditDetailError`."""
        if not ACTOR.fullmatch(actor):
            raise AuditDetailError(kind)
        text = (detail or AuditDetail()).text(kind)
        entry = AuditEntry(
            self._frontier.size + 1, to_text(moment.utc), moment.boot_id, moment.uptime_ns, actor, kind.value, text
        )
        leaf = entry.leaf()
        self._frontier = self._frontier.appended(leaf)
        self._database.execute(
            "INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (entry.sequence, entry.recorded_at, entry.boot_id, entry.uptime_ns, actor, entry.kind, text, leaf),
        )
        head = (self._frontier.size, self._frontier.head())
        self._database.execute("UPDATE store_state SET audit_size = ?, audit_head = ?", head)

    @contextlib.contextmanager
    def settling(self) -> Iterator[None]:
        """Stands around a transaction: if it fails, the tree in memory goes back with it."""
        before = self._frontier
        try:
            yield
        except BaseException:
            self._frontier = before
            raise

    def entries(self) -> Iterator[AuditEntry]:
        """Every entry whose content is still kept, in order."""
        rows = self._database.rows(
            "SELECT sequence, recorded_at, boot_id, uptime_ns, actor, kind, detail FROM audit"
            " WHERE recorded_at IS NOT NULL ORDER BY sequence"
        )
        for row in rows:
            yield AuditEntry(*row)

    def sequences_of_yes(self) -> frozenset[int]:
        """The sequence of every yes whose entry is still kept."""
        rows = self._database.rows("SELECT detail FROM audit WHERE kind = ?", (AuditKind.VERDICT,))
        said = [row[0].split("; ") for row in rows]
        return frozenset(int(parts[1]) for parts in said if parts[0] in YES_PHRASES)

    def numbers_of(self, kind: AuditKind) -> frozenset[int]:
        """The numbers that entries of a kind that says nothing else are about."""
        return frozenset(int(row[0]) for row in self._database.rows("SELECT detail FROM audit WHERE kind = ?", (kind,)))

    def forget_contents(self, sequences: set[int]) -> None:
        """Erase what these entries say, from the front and without a gap, inside the caller's transaction.

        Their leaves stay in the tree. An entry that is due behind one that is not (a clock was set back) waits.
        """
        ((oldest,),) = self._database.rows("SELECT min(sequence) FROM audit WHERE recorded_at IS NOT NULL")
        first = last = oldest or 1
        while last in sequences:
            last += 1
        self._database.execute(
            "UPDATE audit SET recorded_at = NULL, boot_id = NULL, uptime_ns = NULL, actor = NULL, kind = NULL,"
            " detail = NULL WHERE sequence >= ? AND sequence < ?",
            (first, last),
        )


def _checked_leaves(rows: Iterable[tuple[object, ...]]) -> Iterator[bytes]:
    """Yield every leaf hash; an entry that does not hash to its leaf, a gap or a hole in the middle is named."""
    expected, content_begun = 1, False
    for sequence, recorded_at, *rest, leaf in rows:
        assert isinstance(leaf, bytes)
        if sequence != expected:
            raise AuditBrokenError(expected)
        if recorded_at is None:
            # Content goes by age, so what is gone is gone from the front.
            if content_begun:
                raise AuditBrokenError(expected)
        else:
            content_begun = True
            entry = AuditEntry(expected, str(recorded_at), *rest)  # type: ignore[arg-type]
            if entry.leaf() != leaf:
                raise AuditBrokenError(expected)
        expected += 1
        yield leaf
