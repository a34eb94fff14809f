"""When what is kept must be gone."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kiosk.privacy.retention import (
    AHEAD_AT_MOST,
    ErasureGround,
    KeptRecord,
    NaiveTimeError,
    Retention,
    RetentionEnd,
    RetentionSchedule,
    StoredRecord,
    due_for_erasure,
    is_working_day,
)

FIVE_DAYS = Retention(RetentionEnd.PERIOD, working_days=5)
FIVE_YEARS = Retention(RetentionEnd.PERIOD, years=5)
SCHEDULE = RetentionSchedule({StoredRecord.APPLICATION: FIVE_DAYS, StoredRecord.OUTBOX: FIVE_YEARS})
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))


@pytest.mark.parametrize(
    ("kept_since", "due_at"),
    [
        ("2026-03-02 10:00", "2026-03-09 10:00"),  # a Monday
        ("2026-03-06 16:30", "2026-03-13 16:30"),  # a Friday
        ("2026-03-07 09:00", "2026-03-13 23:59:59.999999"),  # a Saturday: Monday is the first working day
        ("2026-03-08 09:00", "2026-03-13 23:59:59.999999"),  # a Sunday
    ],
)
def test_an_application_goes_after_five_working_days(kept_since: str, due_at: str) -> None:
    since, due = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (kept_since, due_at))
    assert SCHEDULE.due_at(StoredRecord.APPLICATION, since) == due


@given(TIMES)
def test_five_working_days_lie_between_keeping_and_erasing(since: datetime) -> None:
    due = SCHEDULE.due_at(StoredRecord.APPLICATION, since)
    days = [since.date() + timedelta(days=n) for n in range(1, (due.date() - since.date()).days + 1)]
    assert sum(map(is_working_day, days)) == 5
    assert is_working_day(due.date())
    assert timedelta(days=5) <= due - since <= timedelta(days=7)


@given(TIMES, st.timedeltas(timedelta(0), timedelta(days=30)))
@example(datetime(2020, 1, 10, 20, 1, tzinfo=UTC), timedelta(hours=4))
def test_what_is_kept_later_never_goes_earlier(since: datetime, later: timedelta) -> None:
    for record in (StoredRecord.APPLICATION, StoredRecord.OUTBOX):
        assert SCHEDULE.due_at(record, since) <= SCHEDULE.due_at(record, since + later)


@given(TIMES, TIMES)
def test_nothing_younger_than_the_oldest_not_due_is_due(since: datetime, now: datetime) -> None:
    for record in (StoredRecord.APPLICATION, StoredRecord.OUTBOX):
        if SCHEDULE.due_at(record, since) <= now:
            assert since <= SCHEDULE.oldest_not_due(record, now)


def test_the_week_is_the_branchs_own() -> None:
    friday_evening_here = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
    in_china = RetentionSchedule({StoredRecord.APPLICATION: FIVE_DAYS}, timezone(timedelta(hours=8)))
    saturday_there = in_china.due_at(StoredRecord.APPLICATION, friday_evening_here)
    assert saturday_there == datetime(2026, 3, 13, 15, 59, 59, 999_999, tzinfo=UTC)
    assert SCHEDULE.due_at(StoredRecord.APPLICATION, friday_evening_here) == datetime(2026, 3, 13, 23, 0, tzinfo=UTC)


def test_five_years_from_a_leap_day_are_never_short() -> None:
    assert SCHEDULE.due_at(StoredRecord.OUTBOX, datetime(2028, 2, 29, 8, tzinfo=UTC)) == datetime(
        2033, 3, 1, 8, tzinfo=UTC
    )


def test_only_what_is_due_is_ordered_and_the_longest_overdue_comes_first() -> None:
    now = datetime(2026, 3, 20, 12, tzinfo=UTC)
    kept = [
        KeptRecord(StoredRecord.APPLICATION, "young", datetime(2026, 3, 19, tzinfo=UTC)),
        KeptRecord(StoredRecord.APPLICATION, "old", datetime(2026, 3, 9, tzinfo=UTC)),
        KeptRecord(StoredRecord.APPLICATION, "older", datetime(2026, 3, 2, tzinfo=UTC)),
        KeptRecord(StoredRecord.OUTBOX, "1", datetime(2026, 3, 2, tzinfo=UTC)),
    ]
    assert [order.record_id for order in due_for_erasure(kept, SCHEDULE, now)] == ["older", "old"]


def test_a_record_goes_at_its_very_time() -> None:
    since = datetime(2026, 3, 2, 10, tzinfo=UTC)
    due = SCHEDULE.due_at(StoredRecord.APPLICATION, since)
    kept = [KeptRecord(StoredRecord.APPLICATION, "a", since)]
    assert due_for_erasure(kept, SCHEDULE, due - timedelta(microseconds=1)) == []
    assert len(due_for_erasure(kept, SCHEDULE, due)) == 1


@given(TIMES, TIMES)
def test_once_the_clock_is_right_no_application_outlives_its_days_by_more_than_one(
    clock_right_at: datetime, dated: datetime
) -> None:
    """Whatever the clock said when the record was kept."""
    kept = [KeptRecord(StoredRecord.APPLICATION, "a", dated)]
    latest = SCHEDULE.due_at(StoredRecord.APPLICATION, clock_right_at + AHEAD_AT_MOST)
    orders = due_for_erasure(kept, SCHEDULE, clock_right_at) or due_for_erasure(kept, SCHEDULE, latest)
    assert [order.record_id for order in orders] == ["a"]


@given(TIMES, st.timedeltas(timedelta(0), timedelta(days=5000)))
def test_what_names_people_goes_in_doubt_and_what_proves_what_was_done_stays(now: datetime, ahead: timedelta) -> None:
    kept = [KeptRecord(record, record.value, now + ahead) for record in StoredRecord]
    in_doubt = ahead > AHEAD_AT_MOST
    years = RetentionSchedule(
        {record: FIVE_DAYS if record is StoredRecord.APPLICATION else FIVE_YEARS for record in StoredRecord}
    )
    orders = due_for_erasure(kept, years, now)
    assert [(order.record, order.due_at, order.ground) for order in orders] == (
        [(StoredRecord.APPLICATION, now, ErasureGround.DATED_AHEAD)] if in_doubt else []
    )


def test_a_clock_put_right_by_a_time_zone_costs_no_record() -> None:
    now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    kept = [KeptRecord(StoredRecord.APPLICATION, "a", now + timedelta(hours=14))]
    assert due_for_erasure(kept, SCHEDULE, now) == []


def test_a_record_on_no_schedule_is_due_at_once() -> None:
    now = datetime(2026, 3, 2, 10, tzinfo=UTC)
    assert len(due_for_erasure([KeptRecord(StoredRecord.CONSENT, "a", now)], SCHEDULE, now)) == 1


def test_a_time_without_a_zone_decides_nothing() -> None:
    with pytest.raises(NaiveTimeError):
        due_for_erasure([], SCHEDULE, datetime(2026, 3, 2))
