"""What the store can say about its own order, in calls that are short each. Mends nothing."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path

from kiosk.privacy.clock_doubt import ClockDoubt
from kiosk.privacy.retention import StoredRecord
from kiosk.store.database import Database
from kiosk.store.missing_records import missing_records, overdue_unseen
from kiosk.store.store_thread import StoreThread, in_store_thread
from kiosk.store.timestamps import to_text

_PEOPLE = "SELECT count(*) FROM (SELECT DISTINCT document_kind, document_number, birth_date FROM application)"
_MARGIN = timedelta(days=3)
"""For leap days, and for the time between a consent and its answer."""


@dataclass(frozen=True, slots=True)
class PeopleHeld:
    """About how many people the store holds something."""

    with_record: int | None
    """Distinct people among the application records; None while those are locked."""
    with_answer: int
    """Visits whose answer is kept: at most so many people."""


class Orphan(StrEnum):
    """Rows that should have company and have none."""

    CONSENT_WITHOUT_ANSWER = "consent without answer"
    """A visit that is under way has one."""
    ANSWER_WITHOUT_CONSENT = "answer without consent"
    """Although the consent's time is not over."""
    RECORD_WITHOUT_ANSWER = "record without answer"
    """None is found while they are locked."""


@dataclass(frozen=True, slots=True)
class LateRows:
    """What should be gone and is not."""

    erasures_unfinished: int
    overdue: int
    """At least so many rows are due and still there."""
    overdue_locked: int
    """Records that wait for a teller."""


# Few rows at once, the key first; `?` are where the last slice ended, and a time.
_ORPHANS = {
    Orphan.CONSENT_WITHOUT_ANSWER: (
        "SELECT visit_id, NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.visit_id = consent.visit_id)"
        " FROM consent WHERE visit_id > ? AND ? != '' ORDER BY visit_id LIMIT 1000"
    ),
    Orphan.ANSWER_WITHOUT_CONSENT: (
        "SELECT sequence, kind = 1 AND answered_at > ?2"
        " AND NOT EXISTS (SELECT 1 FROM consent WHERE consent.visit_id = outbox.visit_id)"
        " FROM outbox WHERE sequence > ?1 ORDER BY sequence LIMIT 1000"
    ),
    Orphan.RECORD_WITHOUT_ANSWER: (
        "SELECT application_id FROM application WHERE application_id > ? AND ? != '' ORDER BY application_id LIMIT 500"
    ),
}
_FIRST: dict[Orphan, str | int] = dict[Orphan, str | int].fromkeys(Orphan, "") | {Orphan.ANSWER_WITHOUT_CONSENT: 0}


class CheckRecords(StoreThread):
    """Part of `Store`."""

    @property
    def _databases(self) -> list[Database]:
        applications = [] if self._applications is None else [self._applications.database]
        return [self._books.database, *applications]

    @in_store_thread
    def records_are_open(self) -> bool:
        """Whether the application records can be looked into."""
        return self._applications is not None

    @in_store_thread
    def check_settings(self) -> None:
        """Raise `CipherSettingError`, or an error of the list, unless all is as the store demands at its opening."""
        for database in self._databases:
            database.demand_cipher()
            database.demand_listed(self._data_list)

    @in_store_thread
    def check_pages(self) -> None:
        """Raise `StoreDamagedError` unless every page of every open file is whole. Takes as long as the files are."""
        for database in self._databases:
            database.check()
            database.demand_structure()

    @in_store_thread
    def check_anchors(self) -> None:
        """Raise an `AnchorError` unless the anchors on the disk say what the files say."""
        for database in self._databases:
            database.demand_anchored()

    @in_store_thread
    def store_bytes(self) -> tuple[int, int]:
        """How large the open files are, and how large their write-ahead logs."""
        paths = [database.path for database in self._databases]
        logs = [path.with_name(f"{path.name}-wal") for path in paths]
        return sum(_size(path) for path in paths), sum(_size(path) for path in logs)

    @in_store_thread
    def people_held(self) -> PeopleHeld:
        """About how many people something is held."""
        records = None if self._applications is None else int(self._applications.database.rows(_PEOPLE)[0][0])
        ((answers,),) = self._books.database.rows("SELECT count(*) FROM outbox WHERE kind = 1")
        return PeopleHeld(records, int(answers))

    @in_store_thread
    def clock_doubt(self) -> ClockDoubt | None:
        """Why the clock is not believed."""
        return self._clock.look()

    @in_store_thread
    def orphans(self, which: Orphan, now: datetime, after: str | int | None = None) -> tuple[int, str | int | None]:
        """How many of some rows have no company, and where to go on; None for both ends."""
        applications = self._applications
        if which is Orphan.RECORD_WITHOUT_ANSWER and applications is None:
            return 0, None
        of_records = applications is not None and which is Orphan.RECORD_WITHOUT_ANSWER
        database = applications.database if applications is not None and of_records else self._books.database
        kept_after = to_text(self._schedule.oldest_not_due(StoredRecord.CONSENT, now) + _MARGIN)
        rows = database.rows(_ORPHANS[which], (_FIRST[which] if after is None else after, kept_after))
        if of_records:
            count = sum(self._books.outbox.sequence_of(row[0]) is None for row in rows)
        else:
            count = sum(row[1] for row in rows)
        return count, rows[-1][0] if rows else None

    @in_store_thread
    def yes_without_record(self, now: datetime) -> int:
        """How many yes have lost their record; 0 while the records are locked."""
        applications = self._applications
        return 0 if applications is None else len(missing_records(self._books, applications, self._schedule, now))

    @in_store_thread
    def late_rows(self, now: datetime) -> LateRows:
        """Look for rows whose time is over."""
        books, applications = self._books, self._applications
        return LateRows(
            erasures_unfinished=len(books.erasures.unfinished_ids()),
            overdue=self._erasures.count_some_due(applications, now),
            overdue_locked=0 if applications is not None else overdue_unseen(books, self._schedule, now),
        )


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
