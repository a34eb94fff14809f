"""The receipt for an erasure: one way to write it, and no way to change it."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.erasure_statement import (
    PREFIX,
    ErasureCore,
    StatedReason,
    read_erasure,
    sign_erasure,
    stated_reason,
)
from kiosk.privacy.signed_slip import AuditPlace, StatementError
from kiosk.privacy.visit_statement import (
    OutcomeClass,
    StatementCore,
    read_statement,
    sign_statement,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
CORE = ErasureCore(bytes(range(16)), 1_772_445_600, bytes(range(32)), StatedReason.CUSTOMER_WISH)
PLACE = AuditPlace(5, bytes(32), (b"\x01" * 32, b"\x02" * 32))
TEXT = sign_erasure(CORE, PLACE, PUBLIC, KEY.sign)

cores = st.builds(
    ErasureCore,
    st.binary(min_size=16, max_size=16),
    st.integers(0, 2**64 - 1),
    st.binary(min_size=32, max_size=32),
    st.sampled_from(StatedReason),
)
places = st.builds(
    AuditPlace,
    st.integers(0, 2**64 - 1),
    st.binary(min_size=32, max_size=32),
    st.lists(st.binary(min_size=32, max_size=32), max_size=8).map(tuple),
)


@given(cores, places)
@settings(max_examples=60, deadline=None)
def test_what_is_signed_is_what_is_read(core: ErasureCore, place: AuditPlace) -> None:
    read = read_erasure(sign_erasure(core, place, PUBLIC, KEY.sign))
    assert (read.core, read.place, read.public_key) == (core, place, PUBLIC)


def test_its_bytes_are_these_for_ever() -> None:
    assert CORE.encode().hex() == "01" + bytes(range(16)).hex() + "0000000069a55fa0" + bytes(range(32)).hex() + "05"


def test_blanks_and_small_letters_do_no_harm() -> None:
    spaced = " ".join(TEXT[start : start + 4] for start in range(0, len(TEXT), 4)).lower()
    assert read_erasure(spaced).core == CORE


@given(st.integers(len(PREFIX), len(TEXT) - 1), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
@settings(max_examples=150, deadline=None)
def test_no_character_can_be_changed(at: int, character: str) -> None:
    changed = TEXT[:at] + character + TEXT[at + 1 :]
    if changed != TEXT:
        with pytest.raises(StatementError):
            read_erasure(changed)


@given(st.text(max_size=200) | st.text("ABCDEFGH234567", max_size=400).map(lambda text: PREFIX + text))
def test_anything_else_is_named(text: str) -> None:
    with pytest.raises(StatementError):
        read_erasure(text)


@pytest.mark.parametrize("length", [0, 1, 40, 57, 58, 98, 99, 200])
def test_a_truncated_one_is_named(length: int) -> None:
    digits = TEXT.removeprefix(PREFIX)
    data = base64.b32decode(digits + "=" * (-len(digits) % 8))[:length]
    with pytest.raises(StatementError):
        read_erasure(PREFIX + base64.b32encode(data).decode().rstrip("="))


def test_neither_statement_can_be_taken_for_the_other() -> None:
    core = StatementCore(
        bytes(16), 1, bytes(32), bytes(16), bytes(32), bytes(32), bytes(32), OutcomeClass.ACCEPTED_BY_POLICY, 1
    )
    visit = sign_statement(core, PLACE, PUBLIC, KEY.sign)
    with pytest.raises(StatementError):
        read_erasure(PREFIX + visit.split(":")[1])
    with pytest.raises(StatementError):
        read_statement("KIOSK1:" + TEXT.removeprefix(PREFIX))


def test_every_reason_has_a_byte_of_its_own() -> None:
    assert len({stated_reason(reason) for reason in ErasureReason}) == len(ErasureReason)
