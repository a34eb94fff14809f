"""What is said of a certificate near its end."""

from datetime import UTC, datetime, timedelta

import pytest

from kiosk.supervision.certificate_expiry import CertificateEnd, CertificateKind, expiry_words, is_due

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "due"),
    [(timedelta(days=31), False), (timedelta(days=30), True), (timedelta(0), True), (timedelta(days=-400), True)],
)
def test_it_is_announced_from_thirty_days_before_on(left: timedelta, due: bool) -> None:
    assert is_due(CertificateEnd(CertificateKind.CLIENT, NOON + left), NOON) is due


@pytest.mark.parametrize("kind", CertificateKind)
def test_each_has_its_cure_before_and_after_the_end(kind: CertificateKind) -> None:
    before = expiry_words(CertificateEnd(kind, NOON + timedelta(days=9, hours=1)), NOON)
    after = expiry_words(CertificateEnd(kind, NOON - timedelta(days=1)), NOON)
    assert "expires in 9 days, on 2026-03-11; after that nothing is delivered: " in before
    assert "expired on 2026-03-01, so nothing is delivered to the bank: " in after
    assert before.rpartition(": ")[2] == after.rpartition(": ")[2]


@pytest.mark.parametrize(("hours", "words"), [(47, "in 1 day,"), (1, "in less than a day,")])
def test_the_last_days_are_counted_in_words(hours: int, words: str) -> None:
    assert words in expiry_words(CertificateEnd(CertificateKind.CLIENT, NOON + timedelta(hours=hours)), NOON)
