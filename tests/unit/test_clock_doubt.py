"""When a clock is believed, and when not."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.privacy.clock_doubt import ClockFault, ClockReading, clock_fault, later_of
from kiosk.privacy.people_held import PeopleLimit, people_limit, people_sentence

NOON = ClockReading(datetime(2026, 3, 2, 12, 0, tzinfo=UTC), "boot", 10**12)
SECONDS = st.floats(min_value=0, max_value=1e7)


def later(reading: ClockReading, passed: timedelta, *, moved: timedelta = timedelta(0)) -> ClockReading:
    """The same machine so much later, its clock moved meanwhile."""
    passed_ns = round(passed.total_seconds() * 1e9)
    return replace(reading, at=reading.at + passed + moved, uptime_ns=reading.uptime_ns + passed_ns)


@given(passed=SECONDS, moved=st.floats(min_value=-1.9, max_value=86_000))
def test_a_clock_that_runs_is_believed(passed: float, moved: float) -> None:
    now = later(NOON, timedelta(seconds=passed), moved=timedelta(seconds=moved))
    assert clock_fault(NOON, now) is None


@given(passed=SECONDS, moved=st.floats(min_value=2.001, max_value=1e8))
def test_a_step_back_is_noticed_however_much_time_has_passed(passed: float, moved: float) -> None:
    now = later(NOON, timedelta(seconds=passed), moved=timedelta(seconds=-moved))
    assert clock_fault(NOON, now) is ClockFault.SET_BACK


@given(passed=SECONDS, moved=st.floats(min_value=86_401, max_value=1e8))
def test_a_step_ahead_of_more_than_a_day_is_noticed_within_one_start(passed: float, moved: float) -> None:
    now = later(NOON, timedelta(seconds=passed), moved=timedelta(seconds=moved))
    assert clock_fault(NOON, now) is ClockFault.SET_AHEAD


@given(away=st.floats(min_value=-1.9, max_value=1e8))
def test_after_a_restart_only_a_step_back_can_be_told_from_a_night(away: float) -> None:
    now = ClockReading(NOON.at + timedelta(seconds=away), "next boot", 5)
    assert clock_fault(NOON, now) is None
    back = replace(now, at=NOON.at - timedelta(seconds=2))
    assert clock_fault(NOON, back) is ClockFault.SET_BACK


def test_an_uptime_that_fell_is_another_start_whatever_it_calls_itself() -> None:
    now = ClockReading(NOON.at + timedelta(days=30), "boot", 5)
    assert clock_fault(NOON, now) is None


def test_of_two_readings_the_later_one_counts() -> None:
    after = later(NOON, timedelta(hours=1))
    assert later_of(NOON, after) is later_of(after, NOON) is after
    assert later_of(None, NOON) is later_of(NOON, None) is NOON
    assert later_of(None, None) is None


@pytest.mark.parametrize(
    ("people", "limit"),
    [(0, None), (79_999, None), (80_000, PeopleLimit.NEAR), (99_999, PeopleLimit.NEAR), (100_000, PeopleLimit.REACHED)],
)
def test_many_people_are_told_of_in_time(people: int, limit: PeopleLimit | None) -> None:
    assert people_limit(people) is limit
    sentence = people_sentence(people)
    assert (sentence is None) == (limit is None)
    assert sentence is None or str(people) in sentence
