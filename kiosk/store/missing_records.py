"""Finds each yes whose record is neither kept nor erased: an older `applications.db` was put back with its anchor.

The two fit each other, so that only the books, which went on, can tell. Brings nothing back.
"""

from dataclasses import dataclass
from datetime import datetime

from kiosk.privacy.retention import RetentionSchedule, StoredRecord
from kiosk.store.applications import Applications
from kiosk.store.books import Books


@dataclass(frozen=True, slots=True)
class MissingRecord:
    """A yes that the bank has or will get, and whose account nobody can open from here any more."""

    sequence: int
    answered_at: datetime


def missing_records(
    books: Books, applications: Applications, schedule: RetentionSchedule, now: datetime
) -> list[MissingRecord]:
    """Every such yes whose record would still be kept by now, in order."""
    yes, erased = books.trail.sequences_of_yes(), books.erasures.ordered_ids()
    return [
        MissingRecord(sequence, answered_at)
        for sequence, visit_id, answered_at in books.outbox.visits()
        if sequence in yes
        and visit_id not in erased
        and schedule.due_at(StoredRecord.APPLICATION, answered_at) > now
        and not applications.holds(visit_id)
    ]
