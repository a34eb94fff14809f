"""How a recovery code is written down and typed again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.store.recovery_code import MistypedCodeError, canonical_code, new_code


def test_a_code_is_six_groups_of_five_and_never_the_same() -> None:
    codes = {new_code() for _ in range(50)}
    assert len(codes) == 50
    assert {tuple(map(len, code.split("-"))) for code in codes} == {(5,) * 6}


@given(st.sampled_from(["-", " ", "–", "  ", ""]), st.booleans(), st.sampled_from(["", "\n", " "]))
def test_every_spelling_of_a_code_is_the_same_code(between: str, small: bool, after: str) -> None:
    code = new_code()
    typed = code.replace("-", between) + after
    assert canonical_code(typed.lower() if small else typed) == code.replace("-", "")


def test_letters_that_look_alike_are_read_alike() -> None:
    code = next(code for code in iter(new_code, "") if "0" in code and "1" in code)
    assert canonical_code(code.replace("0", "O").replace("1", "l")) == code.replace("-", "")


@given(st.text(max_size=60))
def test_what_no_setup_has_shown_is_refused(text: str) -> None:
    with pytest.raises(MistypedCodeError, match="30 letters"):
        canonical_code(text)


def test_most_slips_of_the_pen_are_noticed_before_the_vault_is_asked() -> None:
    code = new_code().replace("-", "")
    slips = [code[:at] + other + code[at + 1 :] for at in range(30) for other in "23456789ABC" if other != code[at]]
    noticed = 0
    for slip in slips:
        try:
            canonical_code(slip)
        except MistypedCodeError:
            noticed += 1
    assert noticed > 0.95 * len(slips)
