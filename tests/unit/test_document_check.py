"""What becomes of a document that was read, or was not."""

import pytest

from kiosk.document.evidence import DocumentRemark
from kiosk.runtime.document_check import DocumentCheck
from kiosk.session.events import DocumentNotAcceptable, DocumentRead
from kiosk.verification.decision import ReferralReason
from tests.rehearsed_visit import evidence


def test_a_document_that_nothing_speaks_against_is_read():
    for found in (evidence(), evidence(DocumentRemark.NUMBER_UNSURE)):
        assert DocumentCheck().read(found) == DocumentRead(found)


@pytest.mark.parametrize(
    ("remarks", "reason"),
    [
        ((DocumentRemark.EXPIRED,), ReferralReason.DOCUMENT_EXPIRED),
        ((DocumentRemark.UNDER_AGE,), ReferralReason.DOCUMENT_UNDER_AGE),
        ((DocumentRemark.EXPIRED, DocumentRemark.UNDER_AGE), ReferralReason.DOCUMENT_EXPIRED),
        ((DocumentRemark.NO_PORTRAIT,), ReferralReason.REFERENCE_UNUSABLE),
        ((DocumentRemark.NO_PORTRAIT, DocumentRemark.EXPIRED), ReferralReason.DOCUMENT_EXPIRED),
        ((DocumentRemark.NUMBER_UNSURE, DocumentRemark.EXPIRED), ReferralReason.DOCUMENT_EXPIRED),
        ((DocumentRemark.NOT_AN_IDENTITY_DOCUMENT,), ReferralReason.NOT_AN_IDENTITY_DOCUMENT),
        ((DocumentRemark.CHECK_DIGIT_WRONG,), ReferralReason.DOCUMENT_UNREADABLE),
        ((DocumentRemark.DATE_IMPOSSIBLE,), ReferralReason.DOCUMENT_UNREADABLE),
    ],
    ids=str,
)
def test_any_remark_goes_to_the_teller_with_its_reason(remarks, reason):
    found = evidence(*remarks)
    assert DocumentCheck().read(found) == DocumentNotAcceptable(reason, found)


def test_wrong_check_digits_are_never_accepted_without_a_remark():
    found = evidence(check_digits_valid=False)
    assert DocumentCheck().read(found) == DocumentNotAcceptable(ReferralReason.DOCUMENT_UNREADABLE, found)


def test_a_date_that_is_impossible_twice_in_a_row_is_printed_like_that():
    check = DocumentCheck()
    assert check.seen((DocumentRemark.DATE_IMPOSSIBLE,)) is None
    assert check.seen((DocumentRemark.CHECK_DIGIT_WRONG,)) is None
    assert check.seen((DocumentRemark.DATE_IMPOSSIBLE,)) is None
    assert check.seen((DocumentRemark.DATE_IMPOSSIBLE,)) == check.give_up()


def test_what_the_customer_can_mend_is_waited_for():
    check = DocumentCheck()
    for remark in set(DocumentRemark) - {DocumentRemark.DATE_IMPOSSIBLE}:
        assert check.seen((remark,)) is check.seen((remark,)) is None


def test_giving_up_leaves_the_teller_without_evidence():
    assert DocumentCheck().give_up() == DocumentNotAcceptable(ReferralReason.DOCUMENT_UNREADABLE, None)
    assert DocumentCheck.GIVE_UP_AFTER_S > 0
