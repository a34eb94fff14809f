"""What a record that checked out means on a given day."""

from dataclasses import replace
from datetime import date

import pytest

from kiosk.document.evidence import DocumentKind, DocumentRemark
from kiosk.document.mrz import MrzRecord, age_on, evidence_of
from kiosk.document.mrz_layout import MrzFormat

TODAY = date(2026, 7, 1)
RECORD = MrzRecord(
    format=MrzFormat.TD3,
    document_code="P",
    issuing_state="UTO",
    number="X00001961",
    primary_name="UTOPIA",
    secondary_name="ANNA",
    nationality="UTO",
    birth_date=date(1992, 8, 12),
    expiry_date=date(2032, 4, 15),
)


def test_a_valid_document_of_an_adult_is_acceptable() -> None:
    evidence = evidence_of(RECORD, TODAY, 18)

    assert evidence.acceptable
    assert evidence.remarks == ()
    assert (evidence.number, evidence.primary_name, evidence.birth_date) == ("X00001961", "UTOPIA", date(1992, 8, 12))


@pytest.mark.parametrize(
    ("expiry", "expired"), [(date(2026, 6, 30), True), (date(2026, 7, 1), False), (date(2026, 7, 2), False)]
)
def test_a_document_is_valid_on_its_last_day(expiry: date, expired: bool) -> None:
    evidence = evidence_of(replace(RECORD, expiry_date=expiry), TODAY, 18)

    assert (DocumentRemark.EXPIRED in evidence.remarks) is expired
    assert evidence.acceptable is not expired


@pytest.mark.parametrize(("born", "under_age"), [(date(2008, 7, 2), True), (date(2008, 7, 1), False)])
def test_a_holder_comes_of_age_on_the_birthday(born: date, under_age: bool) -> None:
    evidence = evidence_of(replace(RECORD, birth_date=born), TODAY, 18)

    assert (DocumentRemark.UNDER_AGE in evidence.remarks) is under_age


def test_both_remarks_are_named() -> None:
    record = replace(RECORD, birth_date=date(2015, 1, 1), expiry_date=date(2020, 1, 1))

    assert evidence_of(record, TODAY, 18).remarks == (DocumentRemark.EXPIRED, DocumentRemark.UNDER_AGE)


def test_who_was_born_on_a_leap_day_ages_on_the_first_of_march() -> None:
    assert age_on(date(2008, 2, 29), date(2026, 2, 28)) == 17
    assert age_on(date(2008, 2, 29), date(2026, 3, 1)) == 18


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("P", DocumentKind.PASSPORT),
        ("PM", DocumentKind.PASSPORT),
        ("V", DocumentKind.VISA),
        ("I", DocumentKind.IDENTITY_CARD),
        ("AC", DocumentKind.IDENTITY_CARD),
    ],
)
def test_the_kind_follows_from_the_document_code(code: str, kind: DocumentKind) -> None:
    assert evidence_of(replace(RECORD, document_code=code), TODAY, 18).kind is kind


@pytest.mark.parametrize(("code", "usable"), [("P", True), ("I", True), ("A", True), ("V", False), ("AC", False)])
def test_visas_and_crew_certificates_identify_nobody_to_a_bank(code: str, usable: bool) -> None:
    evidence = evidence_of(replace(RECORD, document_code=code), TODAY, 18)

    assert (DocumentRemark.NOT_AN_IDENTITY_DOCUMENT not in evidence.remarks) is usable
    assert evidence.acceptable is usable


def test_a_number_that_can_be_misread_is_for_its_holder_to_compare() -> None:
    evidence = evidence_of(replace(RECORD, number="7B019K21"), TODAY, 18)

    assert evidence.remarks == (DocumentRemark.NUMBER_UNSURE,)
    assert evidence.acceptable
    assert not replace(evidence, remarks=(*evidence.remarks, DocumentRemark.EXPIRED)).acceptable


def test_evidence_that_could_not_be_checked_is_not_acceptable() -> None:
    assert not replace(evidence_of(RECORD, TODAY, 18), check_digits_valid=False).acceptable
