"""When a message is tried again, and what a bank may ask."""

import random
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.upstream.delivery import (
    LONGEST_RETRY_AFTER_S,
    LONGEST_RETRY_S,
    SHORTEST_RETRY_S,
    next_attempt_after,
    parse_retry_after,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def test_the_first_retry_comes_after_two_seconds_on_average() -> None:
    chance = random.Random(1)
    waits = [next_attempt_after(1, chance.random) for _ in range(4000)]
    assert 1.9 < sum(waits) / len(waits) < 2.1
    assert max(waits) <= 4.0


def test_the_window_doubles_until_a_quarter_of_an_hour() -> None:
    latest = [next_attempt_after(attempts, lambda: 1.0) for attempts in range(1, 12)]
    assert latest == [4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


@given(st.integers(1, 10**9), st.floats(0, 1, exclude_max=True))
def test_a_wait_is_never_busy_and_never_longer_than_a_quarter_of_an_hour(attempts: int, drawn: float) -> None:
    assert SHORTEST_RETRY_S <= next_attempt_after(attempts, lambda: drawn) <= LONGEST_RETRY_S


@given(st.integers(1, 100), st.floats(0, 1e9))
def test_the_bank_may_ask_for_more_patience_but_not_for_more_than_an_hour(attempts: int, asked: float) -> None:
    wait = next_attempt_after(attempts, lambda: 0.5, asked)
    assert wait >= min(asked, LONGEST_RETRY_AFTER_S)
    assert wait <= LONGEST_RETRY_AFTER_S


def test_before_the_first_failure_there_is_nothing_to_wait_for() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        next_attempt_after(0, lambda: 0.5)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        (" 7 ", 7.0),
        ("99999999999999999999", LONGEST_RETRY_AFTER_S),
        (format_datetime(NOW + timedelta(seconds=90), usegmt=True), 90.0),
        (format_datetime(NOW - timedelta(days=1), usegmt=True), 0.0),
        (format_datetime(NOW + timedelta(days=400), usegmt=True), LONGEST_RETRY_AFTER_S),
        (None, None),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("١٢", None),
        ("9" * 65, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, NOW) == seconds


@given(st.text(max_size=80))
def test_no_header_text_can_break_the_parser(header: str) -> None:
    seconds = parse_retry_after(header, NOW)
    assert seconds is None or 0 <= seconds <= LONGEST_RETRY_AFTER_S
