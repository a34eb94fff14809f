"""What the demo's simulated teller does with a visit that waits."""

from dataclasses import replace

import pytest

from kiosk.session.events import AccountClass
from kiosk.session.machine import EndNote, Phase, Session
from kiosk.ui.walk_plan import TellerChoice, WalkPlan
from kiosk.verification.decision import ReferralReason
from tests.rehearsed_visit import evidence

WAITING = Session(
    Phase.WAITING_FOR_TELLER, account_class=AccountClass.CLASS_I, evidence=evidence(), address="12 Harbour Street"
)
SPEAKS_AGAINST = {
    ReferralReason.NON_MATCH,
    ReferralReason.ATTEMPTS_USED_UP,
    ReferralReason.DOCUMENT_EXPIRED,
    ReferralReason.DOCUMENT_UNDER_AGE,
    ReferralReason.NOT_AN_IDENTITY_DOCUMENT,
}
PLAN = WalkPlan("1042", "264913")


@pytest.mark.parametrize("reason", list(ReferralReason))
def test_the_teller_refuses_what_a_person_would_have_to_explain(reason):
    act = PLAN.act_on(replace(WAITING, referral=reason))
    assert act is (TellerChoice.REFUSE if reason in SPEAKS_AGAINST else TellerChoice.CONFIRM)


@pytest.mark.parametrize("teller", [TellerChoice.CONFIRM, TellerChoice.REFUSE, TellerChoice.CLOSE])
def test_a_teller_who_is_told_what_to_do_does_it(teller):
    plan = replace(PLAN, teller=teller)
    assert plan.act_on(replace(WAITING, referral=ReferralReason.NON_MATCH)) is teller


@pytest.mark.parametrize("teller", list(TellerChoice))
def test_a_visit_without_a_document_can_only_be_closed(teller):
    nothing_read = replace(WAITING, evidence=None, referral=ReferralReason.DOCUMENT_UNREADABLE)
    plan = replace(PLAN, teller=teller)
    assert plan.act_on(nothing_read) is TellerChoice.CLOSE
    assert plan.expected_end({Phase.WAITING_FOR_TELLER}, TellerChoice.CLOSE) is EndNote.CLOSED_BY_TELLER
