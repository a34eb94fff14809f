"""When a demo may say that it ended as planned."""

from dataclasses import replace

import pytest

from kiosk.admin.demo_outcome import Outcome, Subject, departures
from kiosk.verification.decision import ReferralReason

ACCEPTED = Outcome(finished=True, verdict=True, referral=None, committed=1, received=1)
CLASS_I = replace(ACCEPTED, referral=ReferralReason.CLASS_I_FACE_TO_FACE)
REFUSED = replace(ACCEPTED, verdict=False, referral=ReferralReason.NON_MATCH)
NO_VERDICT = Outcome(finished=True, verdict=None, referral=None, committed=0, received=0)


@pytest.mark.parametrize("outcome", [ACCEPTED, CLASS_I, NO_VERDICT], ids=["class-ii", "class-i", "cancelled"])
def test_a_genuine_customer_who_is_accepted_or_leaves_is_as_planned(outcome):
    assert departures(Subject.GENUINE, outcome) == ()


def test_a_genuine_customer_who_declines_the_face_is_as_planned():
    assert departures(Subject.GENUINE, replace(ACCEPTED, referral=ReferralReason.FACE_DECLINED)) == ()


@pytest.mark.parametrize(
    "reason", [ReferralReason.NON_MATCH, ReferralReason.ATTEMPTS_USED_UP, ReferralReason.REFERENCE_UNUSABLE]
)
def test_a_genuine_customer_whom_the_machine_refers_is_not_as_planned_even_if_the_teller_says_yes(reason):
    assert departures(Subject.GENUINE, replace(ACCEPTED, referral=reason)) == (
        f"a genuine customer was referred to the teller ({reason.value})",
    )


@pytest.mark.parametrize("subject", [Subject.IMPOSTOR, Subject.RECORDING])
def test_an_impostor_or_a_recording_that_is_referred_and_refused_is_as_planned(subject):
    assert departures(subject, REFUSED) == ()


@pytest.mark.parametrize("subject", [Subject.IMPOSTOR, Subject.RECORDING])
@pytest.mark.parametrize("outcome", [ACCEPTED, CLASS_I, replace(CLASS_I, verdict=False)])
def test_an_impostor_or_a_recording_that_the_machine_accepts_is_never_as_planned(subject, outcome):
    assert departures(subject, outcome) == (f"the machine accepted the {subject.value}",)


ATTACKED = replace(REFUSED, referral=ReferralReason.ATTEMPTS_USED_UP, suspicions=("grid",))


@pytest.mark.parametrize("reason", [ReferralReason.ATTEMPTS_USED_UP, ReferralReason.LIVENESS_INCOMPLETE])
def test_an_attack_that_is_referred_for_its_attack_and_refused_is_as_planned(reason):
    assert departures(Subject.ATTACK, replace(ATTACKED, referral=reason)) == ()


@pytest.mark.parametrize("outcome", [ACCEPTED, CLASS_I, replace(ATTACKED, verdict=True)])
def test_an_attack_that_ends_in_a_yes_or_is_accepted_by_the_machine_is_never_as_planned(outcome):
    assert departures(Subject.ATTACK, outcome) != ()


def test_an_attack_that_is_referred_for_a_document_has_shown_nothing():
    outcome = replace(ATTACKED, referral=ReferralReason.DOCUMENT_UNREADABLE)
    assert departures(Subject.ATTACK, outcome) == (
        "an attack presentation was referred for another reason than its attack (document_unreadable)",
    )


def test_a_document_that_somebody_brought_may_be_referred_or_not():
    assert departures(Subject.UNKNOWN, REFUSED) == departures(Subject.UNKNOWN, ACCEPTED) == ()


def test_a_lost_verdict_and_a_walk_that_got_stuck_are_said():
    assert departures(Subject.GENUINE, replace(ACCEPTED, finished=False, received=0)) == (
        "the visit ended otherwise than its customer and teller meant it to",
        "1 verdicts were committed and 0 received",
    )
