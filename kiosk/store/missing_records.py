"""Finds each yes whose record is neither kept nor erased: an older `applications.db` was put back with its anchor.

The two fit each other, so that only the books, which went on, can tell. Brings nothing back.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from kiosk.privacy.retention import RetentionSchedule, StoredRecord
from kiosk.store.applications import Applications
from kiosk.store.audit_trail import AuditKind
from kiosk.store.books import Books

_NEVER = datetime.min.replace(tzinfo=UTC)
_NEWEST_VISITS, _NEWEST_ENTRIES = 1_000, 10_000
"""More than a busy terminal has in the days for which a record is kept."""


@dataclass(frozen=True, slots=True)
class MissingRecord:
    """A yes that the bank has or will get, and whose account nobody can open from here any more."""

    sequence: int
    answered_at: datetime


def missing_records(
    books: Books, applications: Applications, schedule: RetentionSchedule, now: datetime
) -> list[MissingRecord]:
    """Every such yes whose record would still be kept by now, in order."""
    return [
        MissingRecord(sequence, answered_at)
        for sequence, visit_id, answered_at in _yes_not_erased(books)
        if schedule.due_at(StoredRecord.APPLICATION, answered_at) > now and not applications.holds(visit_id)
    ]


def overdue_unseen(books: Books, schedule: RetentionSchedule, now: datetime) -> int:
    """How many records are overdue by the books alone, while nobody can look into `applications.db`.

    Whoever opened the terminal last had what was overdue erased, so that only what came shortly before can be; and
    nothing of before a backup was put back is there.
    """
    opened_at = books.trail.newest_time_of(AuditKind.DAY_OPENED, _NEWEST_ENTRIES) or _NEVER
    restored_at = books.trail.newest_time_of(AuditKind.RESTORED, _NEWEST_ENTRIES) or _NEVER
    return sum(
        opened_at < schedule.due_at(StoredRecord.APPLICATION, answered_at) <= now and answered_at > restored_at
        for _, _, answered_at in _yes_not_erased(books)
    )


def _yes_not_erased(books: Books) -> list[tuple[int, str, datetime]]:
    """Sequence, visit and time of each newer yes whose record nobody has ordered to go, in order."""
    yes = books.trail.sequences_of_yes(_NEWEST_ENTRIES)
    return [
        visit
        for visit in books.outbox.visits(_NEWEST_VISITS)
        if visit[0] in yes and books.erasures.find(visit[1]) is None
    ]
