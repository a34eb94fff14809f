"""PINs, the wait after wrong ones, and how long a sign-in lasts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.supervision.authorisation import (
    ABSOLUTE_LIMIT,
    IDLE_LIMIT,
    LONGEST_WAIT,
    SignInState,
    SignOffReason,
    after_failure,
    after_success,
    check_pin,
    hash_pin,
    may_try,
    sign_off_due,
    verify_pin,
)
from kiosk.supervision.exceptions import PinError

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PIN = "739164"


# --- PINs ---


def test_a_pin_fits_its_own_hash_and_no_other_pin_does() -> None:
    pin_hash = hash_pin(PIN)
    assert verify_pin(pin_hash, PIN)
    assert not verify_pin(pin_hash, "739165")


def test_the_hash_is_argon2id_with_its_parameters_and_never_the_same_twice() -> None:
    first, second = hash_pin(PIN), hash_pin(PIN)
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert PIN not in first


@pytest.mark.parametrize(
    "pin",
    [
        *("", "12345", "1234567890123", "73916a", "７３９１６４", " 739164", "739 164", "000000", "999999", "123456"),
        *("654321", "890123", "135791", "121212", "123123", "12341234", "7391673916", "1231231"),
    ],
)
def test_a_pin_anybody_would_guess_or_that_is_none_is_refused(pin: str) -> None:
    with pytest.raises(PinError, match="choose another"):
        hash_pin(pin)


@pytest.mark.parametrize("pin", [PIN, "739164820517", "112233", "100000"])
def test_other_pins_of_six_to_twelve_digits_are_allowed(pin: str) -> None:
    check_pin(pin)


@pytest.mark.parametrize("pin_hash", ["", "nonsense", "$argon2id$v=19$m=19456,t=2,p=1$", "哈希"])
def test_a_damaged_hash_fits_no_pin(pin_hash: str) -> None:
    assert not verify_pin(pin_hash, PIN)


@pytest.mark.parametrize("pin", ["", "\udcff", "９" * 6, "1" * 100_000])
def test_anything_typed_is_answered_and_not_an_exception(pin: str) -> None:
    assert not verify_pin(hash_pin(PIN), pin)


# --- the wait ---


def _after(failures: int) -> SignInState:
    state = SignInState()
    for _ in range(failures):
        state = after_failure(state, NOON)
    return state


def test_four_wrong_pins_cost_nothing_and_the_fifth_half_a_minute() -> None:
    assert may_try(_after(4), NOON)
    locked = _after(5)
    assert not may_try(locked, NOON)
    assert not may_try(locked, NOON + timedelta(seconds=29))
    assert may_try(locked, NOON + timedelta(seconds=30))


def test_every_further_wrong_pin_doubles_the_wait_up_to_a_quarter_of_an_hour() -> None:
    waits = []
    for failures in range(5, 12):
        until = _after(failures).locked_until
        assert until is not None
        waits.append((until - NOON).total_seconds())
    assert waits == [30, 60, 120, 240, 480, 900, 900]


@given(st.integers(0, 5000))
def test_nobody_is_ever_locked_without_a_way_on(failures: int) -> None:
    state = after_failure(SignInState(failures), NOON)
    assert may_try(state, NOON + LONGEST_WAIT)


def test_the_right_pin_clears_what_was_counted() -> None:
    assert after_success() == SignInState()


def test_a_clock_set_back_by_a_year_does_not_lock_the_console_for_a_year() -> None:
    assert may_try(_after(5), NOON - timedelta(days=365))


def test_waiting_out_a_lock_does_not_forgive_what_was_counted() -> None:
    state = after_failure(_after(5), NOON + timedelta(days=1))
    assert state.failures == 6
    assert not may_try(state, NOON + timedelta(days=1, seconds=59))


# --- how long a sign-in lasts ---


@pytest.mark.parametrize(
    ("last_act_after", "now_after", "due"),
    [
        (timedelta(0), timedelta(minutes=2, seconds=59), None),
        (timedelta(0), IDLE_LIMIT, SignOffReason.IDLE),
        (ABSOLUTE_LIMIT - timedelta(minutes=1), ABSOLUTE_LIMIT - timedelta(seconds=1), None),
        (ABSOLUTE_LIMIT - timedelta(minutes=1), ABSOLUTE_LIMIT, SignOffReason.TOO_LONG),
        (timedelta(minutes=5), timedelta(minutes=4), SignOffReason.CLOCK_WENT_BACK),
    ],
)
def test_a_sign_in_ends_after_three_quiet_minutes_or_eight_hours(
    last_act_after: timedelta, now_after: timedelta, due: SignOffReason | None
) -> None:
    assert sign_off_due(NOON, NOON + last_act_after, NOON + now_after) is due
