"""The statement on the customer's slip: one form, one signature, one place in the audit tree."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.privacy.signed_slip import AuditPlace, StatementError
from kiosk.privacy.visit_statement import (
    MAX_TEXT_CHARS,
    PREFIX,
    OutcomeClass,
    StatementCore,
    read_statement,
    sign_statement,
)

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()


def hashes(count: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=count, max_size=count)


CORES = st.builds(
    StatementCore,
    hashes(16),
    st.integers(0, 2**63 - 1),
    hashes(32),
    hashes(16),
    hashes(32),
    hashes(32),
    hashes(32),
    st.sampled_from(OutcomeClass),
    st.integers(0, 2**63 - 1),
)
PLACES = st.builds(AuditPlace, st.integers(0, 2**63 - 1), hashes(32), st.lists(hashes(32), max_size=24).map(tuple))


def text_of(core: StatementCore, place: AuditPlace) -> str:
    return sign_statement(core, place, PUBLIC, KEY.sign)


CORE = StatementCore(bytes(16), 1, bytes(32), bytes(16), bytes(32), bytes(32), bytes(32), OutcomeClass(1), 1)
TEXT = text_of(CORE, AuditPlace(2, b"\x01" * 32, (b"\x02" * 32,)))


@given(CORES, PLACES)
def test_what_is_signed_is_read_again(core: StatementCore, place: AuditPlace) -> None:
    text = text_of(core, place)
    assert len(text) <= MAX_TEXT_CHARS
    assert set(text) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:")
    statement = read_statement(text)
    assert (statement.core, statement.place, statement.public_key) == (core, place, PUBLIC)


@given(st.integers(0, len(TEXT) - 1), st.sampled_from("ABCXYZ234567"))
def test_a_changed_character_is_noticed(at: int, character: str) -> None:
    changed = TEXT[:at] + character + TEXT[at + 1 :]
    if changed != TEXT:
        with pytest.raises(StatementError):
            read_statement(changed)


@given(st.integers(0, len(TEXT) - 1))
def test_a_slip_that_is_cut_off_is_noticed(length: int) -> None:
    with pytest.raises(StatementError):
        read_statement(TEXT[:length])


@given(st.text(max_size=200))
def test_anything_else_is_one_plain_sentence(text: str) -> None:
    for said in (text, PREFIX + text):
        with pytest.raises(StatementError, match=r"slip|statement"):
            read_statement(said)


def test_a_huge_text_is_not_even_decoded() -> None:
    with pytest.raises(StatementError):
        read_statement(PREFIX + "A" * 10_000_000)


def test_blanks_and_small_letters_do_no_harm() -> None:
    typed = " ".join(TEXT[at : at + 4] for at in range(0, len(TEXT), 4)).lower()
    assert read_statement(typed) == read_statement(TEXT)


def test_the_hash_in_the_audit_entry_is_of_all_that_is_stated() -> None:
    others = (
        replace(CORE, kiosk_id=b"\x01" * 16),
        replace(CORE, issued_at_s=2),
        replace(CORE, reference=b"\x01" * 32),
        replace(CORE, salt=b"\x01" * 16),
        replace(CORE, consent_sha256=b"\x01" * 32),
        replace(CORE, models_sha256=b"\x01" * 32),
        replace(CORE, policy_sha256=b"\x01" * 32),
        replace(CORE, outcome=OutcomeClass.REFUSED_BY_STAFF),
        replace(CORE, sequence=2),
    )
    assert len({CORE.sha256, *(other.sha256 for other in others)}) == 1 + len(others)
