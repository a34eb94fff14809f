"""How long what is kept may stay, and what is due to go. Pure: the time is an argument, the deleting is the store's.

A period in working days counts Mondays to Fridays in the branch's time zone. Public holidays count as working days:
a record may go earlier than it must, never later.

A clock that ran ahead dates records ahead, and a clock set back makes them look so: nobody can tell which. In that
doubt what names a person goes; what proves what was done stays, or setting a clock back would wipe the trail.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from enum import StrEnum

from kiosk.errors import PrivacyError

_SATURDAY = 5
AHEAD_AT_MOST = timedelta(days=1)
"""A clock put right by less, a wrong time zone included, costs no record: one may stay longer by as much."""


class NaiveTimeError(PrivacyError):
    """A time without a time zone cannot decide when something is erased."""

    def __init__(self) -> None:
        super().__init__("A time without a time zone cannot decide when something is erased; give it in UTC.")


class StoredRecord(StrEnum):
    """What a schedule erases, each as a whole."""

    APPLICATION = "application"
    CONSENT = "consent"
    OUTBOX = "outbox"
    AUDIT = "audit"
    ERASURE = "erasure"


_ERASED_IN_DOUBT = frozenset({StoredRecord.APPLICATION})


class RetentionEnd(StrEnum):
    """What ends the keeping of an element."""

    PERIOD = "period"
    END_OF_VISIT = "end of visit"
    REMOVED_BY_THE_BANK = "removed by the bank"


@dataclass(frozen=True, slots=True)
class Retention:
    """How long an element is kept; a period is working days or calendar years."""

    end: RetentionEnd
    working_days: int | None = None
    years: int | None = None


@dataclass(frozen=True, slots=True)
class RetentionSchedule:
    """The retention of each stored record."""

    by_record: Mapping[StoredRecord, Retention]
    branch_time_zone: tzinfo = UTC

    def due_at(self, record: StoredRecord, kept_since: datetime) -> datetime:
        """When a record kept since then must be gone, in UTC. A record on no schedule is due at once."""
        _demand_time_zone(kept_since)
        retention = self.by_record.get(record)
        if retention is None or retention.end is not RetentionEnd.PERIOD:
            return kept_since.astimezone(UTC)
        local = kept_since.astimezone(self.branch_time_zone)
        if retention.years is not None:
            return _same_day_in(local, retention.years).astimezone(UTC)
        return _after_working_days(local, retention.working_days or 0).astimezone(UTC)

    def oldest_not_due(self, record: StoredRecord, now: datetime) -> datetime:
        """Nothing kept since later than this can be due: lets a store look at few rows instead of all."""
        _demand_time_zone(now)
        retention = self.by_record.get(record)
        if retention is None or retention.end is not RetentionEnd.PERIOD:
            return now
        return now - timedelta(days=365 * (retention.years or 0) + (retention.working_days or 0))


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """One stored record as far as retention is concerned."""

    record: StoredRecord
    record_id: str
    kept_since: datetime
    """UTC; an answer still undelivered is not offered for erasure by the store."""


class ErasureGround(StrEnum):
    """Why a record is due."""

    PERIOD_OVER = "period_over"
    DATED_AHEAD = "dated_ahead"
    """Dated further ahead of the clock than any correction explains."""


@dataclass(frozen=True, slots=True)
class ErasureOrder:
    """One record that must go, and since when."""

    record: StoredRecord
    record_id: str
    due_at: datetime
    ground: ErasureGround = ErasureGround.PERIOD_OVER


def due_for_erasure(kept: Iterable[KeptRecord], schedule: RetentionSchedule, now: datetime) -> list[ErasureOrder]:
    """Return what must be erased by now, the longest overdue first."""
    _demand_time_zone(now)
    orders = [_order(item, schedule, now) for item in kept]
    return sorted((order for order in orders if order.due_at <= now), key=lambda order: order.due_at)


def _order(item: KeptRecord, schedule: RetentionSchedule, now: datetime) -> ErasureOrder:
    _demand_time_zone(item.kept_since)
    if item.record in _ERASED_IN_DOUBT and item.kept_since > now + AHEAD_AT_MOST:
        return ErasureOrder(item.record, item.record_id, now, ErasureGround.DATED_AHEAD)
    return ErasureOrder(item.record, item.record_id, schedule.due_at(item.record, item.kept_since))


def is_working_day(day: date) -> bool:
    """Monday to Friday."""
    return day.weekday() < _SATURDAY


def _after_working_days(moment: datetime, days: int) -> datetime:
    """The same time of day so many working days on; a day off counts to its end, so that it overtakes no Friday."""
    if not is_working_day(moment.date()):
        moment = moment.replace(hour=23, minute=59, second=59, microsecond=999_999)
    while days > 0:
        moment += timedelta(days=1)
        days -= is_working_day(moment.date())
    return moment


def _same_day_in(moment: datetime, years: int) -> datetime:
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:  # 29 February
        return moment.replace(year=moment.year + years, month=3, day=1)


def _demand_time_zone(moment: datetime) -> None:
    if moment.tzinfo is None:
        raise NaiveTimeError
