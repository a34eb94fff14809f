"""The second key opens with the right teller, PIN and pepper, and with nothing else."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.store.staff_keys import StaffKeyError, new_application_key, unwrap_for_teller, wrap_for_teller

TELLER, PIN, PEPPER = "1042", "264913", bytes(range(32))
KEY = new_application_key()
WRAPPED = wrap_for_teller(KEY, TELLER, PIN, PEPPER)
FEW = settings(max_examples=25, deadline=None)
"""Each one pays for Argon2."""


def test_the_right_pin_and_pepper_open_it() -> None:
    assert unwrap_for_teller(WRAPPED, TELLER, PIN, PEPPER) == KEY
    assert len(KEY) == 32
    assert KEY.hex() not in WRAPPED


def test_the_same_key_is_wrapped_differently_each_time() -> None:
    assert wrap_for_teller(KEY, TELLER, PIN, PEPPER) != WRAPPED


@FEW
@given(st.from_regex(r"[0-9]{6,12}", fullmatch=True).filter(lambda pin: pin != PIN))
def test_no_other_pin_opens_it(pin: str) -> None:
    with pytest.raises(StaffKeyError):
        unwrap_for_teller(WRAPPED, TELLER, pin, PEPPER)


@FEW
@given(st.integers(0, 255))
def test_no_other_pepper_opens_it(bit: int) -> None:
    other = (int.from_bytes(PEPPER) ^ (1 << bit)).to_bytes(32)
    with pytest.raises(StaffKeyError, match="on another terminal"):
        unwrap_for_teller(WRAPPED, TELLER, PIN, other)


@FEW
@given(st.integers(0, len(WRAPPED) * 7 - 1))
def test_a_flipped_bit_is_noticed(bit: int) -> None:
    flipped = bytearray(WRAPPED.encode())
    flipped[bit // 7] ^= 1 << bit % 7
    with pytest.raises(StaffKeyError):
        unwrap_for_teller(flipped.decode(), TELLER, PIN, PEPPER)


def test_another_tellers_row_does_not_open_with_the_same_pin() -> None:
    with pytest.raises(StaffKeyError, match="teller 1043"):
        unwrap_for_teller(WRAPPED, "1043", PIN, PEPPER)


@given(st.text(max_size=200))
def test_what_is_no_staff_key_is_damaged(text: str) -> None:
    with pytest.raises(StaffKeyError, match="it is damaged"):
        unwrap_for_teller(text, TELLER, PIN, PEPPER)


@pytest.mark.parametrize("cost", ["19455$2$1", "99999999$2$1", "19456$1$1", "19456$2$0", "19456$2$9", "19456$2$²"])
def test_a_cost_that_nobody_chose_is_refused(cost: str) -> None:
    form, _, _, _, *rest = WRAPPED.split("$")
    with pytest.raises(StaffKeyError, match="it is damaged"):
        unwrap_for_teller("$".join((form, cost, *rest)), TELLER, PIN, PEPPER)


def test_the_error_says_what_to_do_and_no_secret() -> None:
    with pytest.raises(StaffKeyError) as refused:
        unwrap_for_teller("", TELLER, PIN, os.urandom(32))
    assert "kiosk teller reset-pin --teller 1042" in str(refused.value)
    assert PIN not in str(refused.value)
