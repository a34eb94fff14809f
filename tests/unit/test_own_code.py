"""The code on the slip: nothing in it can be misread, and what the terminal keeps of it tells nobody the code."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.privacy.own_code import ALPHABET, LENGTH, code_check, in_groups_of_five, is_own_code, normalised
from kiosk.ui.customer.own_data_pages import typed_code

GOLDEN = "bc64a097b8fcdc049eb5b674761f09f78a1fe07a0b0017ac68008cb8659e6316"
codes = st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH)
references = st.binary(min_size=32, max_size=32)


def test_no_character_looks_like_another() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 31
    assert not set(ALPHABET) & set("0O1IL")


@given(codes, st.sampled_from([" ", "-", " - ", ""]))
def test_a_code_is_the_same_however_it_is_written(code: str, between: str) -> None:
    written = between.join((code[:5].lower(), code[5:]))
    assert normalised(written) == normalised(in_groups_of_five(code)) == code
    assert is_own_code(normalised(written))
    assert typed_code(written) == in_groups_of_five(code)


@given(st.text(max_size=60))
def test_whatever_is_typed_leaves_at_most_a_code(text: str) -> None:
    left = typed_code(text)
    assert set(left) <= set(ALPHABET) | {" "}
    assert len(normalised(left)) <= LENGTH
    assert typed_code(left) == left


@pytest.mark.parametrize("text", ["", "ABCDE", "ABCDEFGHJKM", "ABCDEFGHJ0", "ÀBCDEFGHJK", "ABCDEFGHJ\n"])
def test_anything_else_is_no_code(text: str) -> None:
    assert not is_own_code(text)


@given(codes, codes, references, references)
def test_the_check_is_of_this_code_and_this_record_only(code: str, other: str, one: bytes, another: bytes) -> None:
    assert len(code_check(code, one)) == 32
    assert (code_check(code, one) == code_check(other, another)) is ((code, one) == (other, another))


def test_what_was_kept_of_a_code_is_found_again_by_every_later_version() -> None:
    assert code_check("K7QMP3WXYZ", bytes(range(32))).hex() == GOLDEN
