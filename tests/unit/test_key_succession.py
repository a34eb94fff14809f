"""The bank's side of a new signing key: in whatever order messages arrive, an honest kiosk's all count, once."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.upstream.reference_ledger import Ledger, SequenceTakenError, UnknownKeyError
from kiosk.verification.verdict import KeyAnnouncement, sign_message
from tests.bank import KIOSK_ID, signed_verdict

FIRST, SECOND, THIRD = (Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32) for number in (1, 2, 3))


def announced(sequence: int, by: Ed25519PrivateKey, of: Ed25519PrivateKey) -> str:
    return sign_message(KeyAnnouncement(KIOSK_ID, sequence, 0, of.public_key().public_bytes_raw()), by)


def ledger() -> Ledger:
    made = Ledger(Path(":memory:"), Ed25519PrivateKey.generate(), lambda: 0)
    made.register(FIRST.public_key(), KIOSK_ID)
    return made


def sequences(bank: Ledger) -> list[int]:
    return [received.message.sequence for received in bank.received()]


@settings(max_examples=60, deadline=None)
@given(st.data(), st.integers(0, 4), st.integers(0, 4), st.integers(0, 4))
def test_whatever_order_they_come_in_every_message_of_an_honest_kiosk_counts_once(
    data: st.DataObject, before: int, waiting: int, after: int
) -> None:
    """Some arrive before the announcement's receipt is in, others long after; each may come twice."""
    announcement = before + 1
    by_first = [signed_verdict(FIRST, number) for number in range(1, announcement + waiting + 1)]
    by_first[announcement - 1] = announced(announcement, FIRST, SECOND)
    first_of_second = announcement + waiting + 1
    by_second = [signed_verdict(SECOND, first_of_second + number) for number in range(after)]
    order = data.draw(st.permutations([*by_first, *by_second]))
    told = by_first[announcement - 1]
    order.remove(told)
    first_at = min((order.index(jws) for jws in by_second), default=len(order))
    order.insert(data.draw(st.integers(0, first_at)), told)  # the kiosk signs with the second key after the receipt
    bank = ledger()
    receipts = {jws: bank.accept(jws).receipt for jws in order}
    assert all(bank.accept(jws).receipt == receipts[jws] and bank.accept(jws).news is None for jws in order)
    assert sequences(bank) == list(range(1, first_of_second + after))


def test_nobody_signs_with_a_key_before_it_is_announced_or_below_its_announcement() -> None:
    bank = ledger()
    with pytest.raises(UnknownKeyError):
        bank.accept(signed_verdict(SECOND, 6))
    bank.accept(announced(5, FIRST, SECOND))
    for sequence in (1, 4):
        with pytest.raises(UnknownKeyError, match="not in use yet"):
            bank.accept(signed_verdict(SECOND, sequence))
    with pytest.raises(SequenceTakenError):
        bank.accept(signed_verdict(SECOND, 5))


def test_a_key_is_out_of_use_from_the_first_message_of_its_successor_on() -> None:
    bank = ledger()
    bank.accept(announced(5, FIRST, SECOND))
    bank.accept(signed_verdict(FIRST, 7))
    bank.accept(signed_verdict(SECOND, 9))
    for sequence in (10, 11):
        with pytest.raises(UnknownKeyError, match="out of use"):
            bank.accept(signed_verdict(FIRST, sequence))
    with pytest.raises(UnknownKeyError, match="not in use yet"):
        bank.accept(signed_verdict(SECOND, 6))
    bank.accept(signed_verdict(FIRST, 8))
    assert sequences(bank) == [5, 7, 8, 9]


def test_a_key_announces_one_successor_and_nobody_a_known_key() -> None:
    bank = ledger()
    bank.accept(announced(1, FIRST, SECOND))
    with pytest.raises(SequenceTakenError, match="announced a successor before"):
        bank.accept(announced(2, FIRST, THIRD))
    with pytest.raises(SequenceTakenError, match="already in use"):
        bank.accept(announced(2, SECOND, FIRST))
    bank.accept(announced(2, SECOND, THIRD))
    bank.accept(signed_verdict(THIRD, 3))
    assert sequences(bank) == [1, 2, 3]
