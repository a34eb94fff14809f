"""Finds what the schedule says must go, the oldest first and few at a time. Erases nothing."""

import itertools
from datetime import datetime

from kiosk.privacy.retention import (
    AHEAD_AT_MOST,
    ErasureOrder,
    KeptRecord,
    RetentionSchedule,
    StoredRecord,
    due_for_erasure,
)
from kiosk.store.applications import Applications
from kiosk.store.books import Books
from kiosk.store.timestamps import from_text, to_text

AT_ONCE = 25
"""Records in one slice: so few that a visit's own writes hardly wait for it."""
# The schedule makes nothing that is younger due before what is older, so that the oldest few tell. An answer not yet
# delivered is never offered.
_OLDEST = {
    StoredRecord.CONSENT: "SELECT visit_id, given_at FROM consent WHERE given_at <= ? ORDER BY given_at",
    StoredRecord.OUTBOX: (
        "SELECT sequence, answered_at FROM outbox WHERE answered_at <= ? AND delivered_at IS NOT NULL"
        " ORDER BY answered_at"
    ),
    StoredRecord.ERASURE: "SELECT application_id, erased_at FROM erasure WHERE erased_at <= ? ORDER BY erased_at",
}
_NAMES_PEOPLE_FIRST = (
    StoredRecord.APPLICATION,
    StoredRecord.CONSENT,
    StoredRecord.OUTBOX,
    StoredRecord.ERASURE,
    StoredRecord.AUDIT,
)


class DueRecords:
    """Over both files; `applications` is None while they are locked."""

    def __init__(self, books: Books, schedule: RetentionSchedule) -> None:
        self._books, self._schedule = books, schedule

    def slice(self, applications: Applications | None, now: datetime) -> list[ErasureOrder]:
        """Some of what is due by now, all of one kind; empty only if nothing is."""
        for record in _NAMES_PEOPLE_FIRST:
            kept = self._oldest(record, applications, now)
            if orders := due_for_erasure(kept, self._schedule, now):
                return orders
        return []

    def _oldest(self, record: StoredRecord, applications: Applications | None, now: datetime) -> list[KeptRecord]:
        oldest = self._schedule.oldest_not_due(record, now)
        if record is StoredRecord.APPLICATION:
            found = [] if applications is None else applications.due_by(oldest, now + AHEAD_AT_MOST, AT_ONCE)
            return [KeptRecord(record, application_id, since) for application_id, since in found]
        if record is StoredRecord.AUDIT:
            return self._first_entries(oldest, now)
        rows = self._books.database.rows(f"{_OLDEST[record]} LIMIT {AT_ONCE}", (to_text(oldest),))
        return [KeptRecord(record, str(row[0]), from_text(row[1])) for row in rows]

    def _first_entries(self, oldest: datetime, now: datetime) -> list[KeptRecord]:
        """Content goes from the front: what is due behind an entry that is not (a clock was set back) waits."""
        first = self._books.trail.first_with_content()
        rows = self._books.database.rows(
            f"SELECT sequence, recorded_at FROM audit WHERE sequence >= ? ORDER BY sequence LIMIT {AT_ONCE}",  # noqa: S608
            (first,),
        )
        entries = (KeptRecord(StoredRecord.AUDIT, str(row[0]), from_text(row[1])) for row in rows)
        return list(
            itertools.takewhile(
                lambda entry: (
                    entry.kept_since <= oldest and self._schedule.due_at(StoredRecord.AUDIT, entry.kept_since) <= now
                ),
                entries,
            )
        )
