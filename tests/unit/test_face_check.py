"""The face part of a visit from numbers alone: positioning, the challenge, and which comparison counts."""

import random
from dataclasses import replace

import pytest

from kiosk.document.evidence import DocumentRemark
from kiosk.runtime.face_check import FIT_FOR_S, FaceCheck
from kiosk.runtime.messages import BeginWindow, Compare, Compared, Message, Observed
from kiosk.session.events import Accepted, AttemptFailed, LivenessPassed, Positioned, Referred
from kiosk.verification.decision import DecisionPolicy, ReferralReason
from kiosk.verification.liveness import MAX_SILENCE_S
from kiosk.verification.quality import CaptureGuidance
from tests.rehearsed_face import RESTING, Performance, follow, frame
from tests.rehearsed_visit import evidence

STEP_S = 0.04
DEMO = DecisionPolicy(require_validated_threshold=False)


class Rehearsal:
    """A face check and what it sent to eyes."""

    def __init__(self, policy: DecisionPolicy = DEMO, seed: int = 1) -> None:
        self.sent: list[Message] = []
        self.check = FaceCheck(self.sent.append, policy, random.Random(seed))
        self.now_s = 100.0

    def see(self, face=RESTING, guidance=CaptureGuidance.FIT, seconds=STEP_S):
        """Show frames for so long; the first event, if any."""
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            seen = Observed(frame(self.now_s, face), guidance, 0.9, 0)
            if (event := self.check.position(seen)) is not None:
                return event
        return None

    def attempt(self, reply=None, at_most_s=30.0):
        """One challenge, answered as `reply` does; the event at its end."""
        self.check.start_challenge()
        performance, reply = Performance(), reply or follow()
        for _ in range(round(at_most_s / STEP_S)):
            self.now_s += STEP_S
            seen = Observed(frame(self.now_s, performance.face_at(self.now_s)), CaptureGuidance.FIT, 0.9, 0)
            if (event := self.check.answer(seen)) is not None:
                return event
            reply(self.check.progress, self.now_s, performance)
        raise AssertionError("an attempt must end")

    def compared(self, **changed) -> Compared:
        asked = self.sent[-1]
        assert isinstance(asked, Compare)
        parts = {
            "window_id": asked.window_id,
            "track_id": asked.track_id,
            "score": 0.97,
            "frame_times_s": tuple(asked.from_s + 0.1 * number for number in range(1, 6)),
            "model_id": "model",
            "threshold": 0.9425,
            "threshold_fmr": 1e-4,
            "threshold_validated": False,
            "threshold_measured_on": "LFW",
        }
        return Compared(**(parts | changed))


def passed(policy: DecisionPolicy = DEMO) -> Rehearsal:
    rehearsal = Rehearsal(policy)
    assert rehearsal.attempt() == LivenessPassed()
    rehearsal.check.stop_challenge()
    rehearsal.check.compare()
    return rehearsal


# --- positioning ---


def test_a_fit_face_and_a_reference_end_positioning_after_a_while():
    rehearsal = Rehearsal()
    rehearsal.check.reference_taken()
    assert rehearsal.see(seconds=FIT_FOR_S) is None
    assert rehearsal.see(seconds=2 * STEP_S) == Positioned()


def test_without_a_reference_positioning_does_not_end():
    rehearsal = Rehearsal()
    assert rehearsal.see(seconds=3 * FIT_FOR_S) is None
    rehearsal.check.reference_taken()
    assert rehearsal.see() == Positioned()


@pytest.mark.parametrize(
    "disturbance",
    [
        {"guidance": CaptureGuidance.HOLD_STILL},
        {"face": None, "guidance": CaptureGuidance.COME_INTO_VIEW},
        {"face": None},
        {"face": replace(RESTING, track_id=8)},
    ],
    ids=["unfit", "gone", "fit without a face", "another face"],
)
def test_any_disturbance_starts_the_wait_anew(disturbance):
    rehearsal = Rehearsal()
    rehearsal.check.reference_taken()
    assert rehearsal.see(seconds=FIT_FOR_S - STEP_S) is None
    assert rehearsal.see(**disturbance) is None
    assert rehearsal.see(seconds=FIT_FOR_S) is None
    assert rehearsal.see(seconds=3 * STEP_S) == Positioned()


def test_guidance_is_steadied_before_it_is_shown():
    rehearsal = Rehearsal()
    rehearsal.see(guidance=CaptureGuidance.COME_CLOSER, seconds=2.0)
    assert rehearsal.check.guidance is CaptureGuidance.COME_CLOSER
    rehearsal.see(guidance=CaptureGuidance.MOVE_BACK)
    assert rehearsal.check.guidance is CaptureGuidance.COME_CLOSER


# --- the challenge ---


def test_each_attempt_opens_a_window_of_its_own():
    rehearsal = Rehearsal()
    rehearsal.check.start_challenge()
    rehearsal.check.stop_challenge()
    rehearsal.check.start_challenge()
    assert rehearsal.sent == [BeginWindow(1), BeginWindow(2)]


def test_a_face_that_does_not_answer_uses_the_attempt_up():
    assert Rehearsal().attempt(lambda *_: None) == AttemptFailed()


def test_time_alone_ends_an_attempt_without_frames():
    check = Rehearsal().check
    check.start_challenge()
    assert check.tick(100.0) is None
    assert check.tick(100.0 + MAX_SILENCE_S + 0.1) == AttemptFailed()


def test_outside_an_attempt_neither_time_nor_frames_mean_anything():
    rehearsal = Rehearsal()
    assert rehearsal.check.tick(1e9) is None
    assert rehearsal.check.answer(Observed(frame(1e9, RESTING), CaptureGuidance.FIT, 0.9, 0)) is None


# --- the comparison ---


def test_the_comparison_is_asked_for_over_the_window_and_the_face_that_passed():
    asked = passed().sent[-1]
    assert isinstance(asked, Compare)
    assert (asked.window_id, asked.track_id) == (1, RESTING.track_id)
    assert 100 < asked.from_s < asked.until_s


def test_a_match_is_accepted():
    rehearsal = passed()
    assert rehearsal.check.judge(rehearsal.compared(), evidence()) == Accepted()


@pytest.mark.parametrize(
    ("changed", "document", "reason"),
    [
        ({"score": 0.9424}, evidence(), ReferralReason.NON_MATCH),
        ({"score": float("nan")}, evidence(), ReferralReason.COMPARISON_FAILED),
        ({"score": float("inf")}, evidence(), ReferralReason.COMPARISON_FAILED),
        ({"threshold": -2.0}, evidence(), ReferralReason.COMPARISON_FAILED),
        ({"threshold_fmr": 0.0}, evidence(), ReferralReason.THRESHOLD_NOT_VALIDATED),
        ({"threshold_fmr": 1e-3}, evidence(), ReferralReason.THRESHOLD_NOT_VALIDATED),
        ({"track_id": 8}, evidence(), ReferralReason.COMPARISON_FAILED),
        ({"frame_times_s": (1.0,) * 5}, evidence(), ReferralReason.COMPARISON_FAILED),
        ({"frame_times_s": ()}, evidence(), ReferralReason.COMPARISON_FAILED),
        ({}, None, ReferralReason.DOCUMENT_UNREADABLE),
        ({}, evidence(DocumentRemark.EXPIRED), ReferralReason.DOCUMENT_UNREADABLE),
        ({}, evidence(check_digits_valid=False), ReferralReason.DOCUMENT_UNREADABLE),
    ],
)
def test_everything_else_is_the_tellers(changed, document, reason):
    rehearsal = passed()
    assert rehearsal.check.judge(rehearsal.compared(**changed), document) == Referred(reason)


def test_a_threshold_that_nobody_validated_is_the_tellers_outside_the_demo():
    rehearsal = passed(DecisionPolicy())
    not_validated = Referred(ReferralReason.THRESHOLD_NOT_VALIDATED)
    assert rehearsal.check.judge(rehearsal.compared(score=1.0), evidence()) == not_validated
    assert rehearsal.check.judge(rehearsal.compared(threshold_validated=True), evidence()) == Accepted()


def test_a_score_of_another_window_says_nothing():
    rehearsal = passed()
    assert rehearsal.check.judge(rehearsal.compared(window_id=0), evidence()) is None
    assert rehearsal.check.comparison_failed(0) is None


def test_a_score_before_the_challenge_is_passed_is_never_accepted():
    rehearsal = passed()
    early = rehearsal.compared(window_id=2)
    rehearsal.check.start_challenge()
    assert rehearsal.check.judge(early, evidence()) == Referred(ReferralReason.COMPARISON_FAILED)


def test_no_fit_frame_uses_the_attempt_up_and_without_an_attempt_it_is_the_tellers():
    rehearsal = passed()
    assert rehearsal.check.comparison_failed(1) == AttemptFailed()
    assert Rehearsal().check.comparison_failed(0) == Referred(ReferralReason.COMPARISON_FAILED)
