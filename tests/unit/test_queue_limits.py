"""How much may wait for the bank, and what a clock that was set does to it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.supervision.queue_limits import (
    ClockReading,
    QueueLevel,
    QueueLimits,
    QueueState,
    judge_queue,
    queue_words,
    waited_for,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LIMITS = QueueLimits()
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BEGAN = ClockReading(NOON, 1000.0)


def after(real: timedelta, set_by: timedelta = timedelta()) -> ClockReading:
    """What is read once so much time has passed and somebody has set the clock by so much."""
    return ClockReading(NOON + real + set_by, 1000.0 + real.total_seconds())


@pytest.mark.parametrize(
    ("count", "waited", "level"),
    [
        (0, timedelta(), QueueLevel.IN_ORDER),
        (1, 23 * HOUR, QueueLevel.IN_ORDER),
        (1, DAY, QueueLevel.WARNING),
        (19, HOUR, QueueLevel.IN_ORDER),
        (20, HOUR, QueueLevel.WARNING),
        (99, HOUR, QueueLevel.WARNING),
        (100, HOUR, QueueLevel.FULL),
        (1, 5 * DAY - timedelta(seconds=1), QueueLevel.WARNING),
        (1, 5 * DAY, QueueLevel.FULL),
        (100_000, timedelta(), QueueLevel.FULL),
    ],
)
def test_number_and_time_each_warn_and_then_refuse(count: int, waited: timedelta, level: QueueLevel) -> None:
    oldest_at = NOON - waited if count else None
    assert judge_queue(count, oldest_at, BEGAN, BEGAN, LIMITS) == QueueState(level, count, waited)


def test_a_clock_set_ahead_makes_no_answer_wait_longer() -> None:
    read = after(real=HOUR, set_by=400 * DAY)
    assert waited_for(NOON - HOUR, BEGAN, read) == 2 * HOUR
    assert waited_for(NOON + 400 * DAY + HOUR, BEGAN, read) == timedelta()
    assert judge_queue(1, NOON - HOUR, BEGAN, read, LIMITS).level is QueueLevel.IN_ORDER


def test_a_clock_that_was_a_century_behind_at_the_start_and_is_put_right_counts_the_true_time() -> None:
    began = ClockReading(NOON - 36_500 * DAY, 1000.0)
    read = ClockReading(NOON, 1060.0)
    assert waited_for(NOON - 6 * DAY, began, read) == 6 * DAY


def test_what_is_dated_ahead_of_the_clock_counts_by_number_alone() -> None:
    assert judge_queue(1, NOON + DAY, BEGAN, BEGAN, LIMITS).level is QueueLevel.IN_ORDER
    assert judge_queue(100, NOON + DAY, BEGAN, BEGAN, LIMITS).level is QueueLevel.FULL


@given(
    count=st.integers(1, 500),
    waited_h=st.integers(0, 24 * 60),
    real_h=st.integers(0, 24 * 60),
    set_ahead_d=st.integers(1, 4000),
)
def test_no_clock_set_ahead_shuts_a_terminal_that_was_open(
    count: int, waited_h: int, real_h: int, set_ahead_d: int
) -> None:
    oldest_at = NOON - waited_h * HOUR
    right = judge_queue(count, oldest_at, BEGAN, after(real_h * HOUR), LIMITS)
    wrong = judge_queue(count, oldest_at, BEGAN, after(real_h * HOUR, set_ahead_d * DAY), LIMITS)
    assert wrong == right


@given(count=st.integers(0, 500), waited_h=st.integers(-100, 24 * 60), set_by_h=st.integers(-100_000, 100_000))
def test_the_number_shuts_whatever_the_clock_says(count: int, waited_h: int, set_by_h: int) -> None:
    oldest_at = NOON - waited_h * HOUR if count else None
    state = judge_queue(count, oldest_at, BEGAN, after(HOUR, set_by_h * HOUR), LIMITS)
    assert (state.level is QueueLevel.FULL) >= (count >= LIMITS.refuse_count)
    assert state.waited >= timedelta()
    assert bool(queue_words(state, LIMITS)) == (state.level is not QueueLevel.IN_ORDER)


def test_the_sentence_stays_the_same_while_the_queue_grows_within_its_level() -> None:
    said = {queue_words(QueueState(QueueLevel.WARNING, count, DAY), LIMITS) for count in range(20, 100)}
    assert said == {
        "20 answers or more wait for the bank: have IT look at the line. At 100 answers or after 5 days no new visit"
        " begins."
    }


def test_the_sentence_says_which_limit_was_reached() -> None:
    assert queue_words(QueueState(QueueLevel.WARNING, 1, DAY), LIMITS).startswith(
        "An answer has waited for the bank for more than 24 hours"
    )
    full = queue_words(QueueState(QueueLevel.FULL, 1, 6 * DAY), LIMITS)
    assert full.startswith("An answer has waited for the bank for more than 5 days, so no new visit begins")
    assert queue_words(QueueState(QueueLevel.FULL, 100, HOUR), LIMITS).startswith("100 answers or more wait")
