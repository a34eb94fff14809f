"""The face part of a visit from numbers alone: positioning, the challenge, and which comparison counts."""

import random
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from kiosk.document.evidence import DocumentRemark
from kiosk.runtime.face_check import FIT_FOR_S, FaceCheck
from kiosk.runtime.messages import BeginWindow, Compare, Compared, EyesReady, Message, Observed, SetExposure
from kiosk.session.events import Accepted, AttemptFailed, Event, LivenessPassed, Positioned, Referred
from kiosk.verification.comparison import ComparisonThreshold, TemplateModel
from kiosk.verification.continuity import MAX_SILENCE_S
from kiosk.verification.decision import SAME_FACE_AGREEMENT, DecisionPolicy, ReferralReason
from kiosk.verification.gestures import Gesture
from kiosk.verification.layers import Finding
from kiosk.verification.liveness import PadDecision
from kiosk.verification.observation import StreamSample
from kiosk.verification.quality import CaptureGuidance
from tests.rehearsed_face import GESTURES_ALONE, RESTING, Performance, follow, frame
from tests.rehearsed_visit import evidence

STEP_S = 0.04
CHANGED = frozenset({Finding.FACE_CHANGED})
DEMO = DecisionPolicy(require_validated_threshold=False, layers=GESTURES_ALONE)
LFW = ComparisonThreshold(0.9425, 1e-4, "LFW", validated=False)


class Rehearsal:
    """A face check and what it sent to eyes."""

    def __init__(self, policy: DecisionPolicy = DEMO, seed: int = 1, threshold: ComparisonThreshold = LFW) -> None:
        self.sent: list[Message] = []
        self.check = FaceCheck(self.sent.append, policy, TemplateModel("model", threshold), random.Random(seed))
        self.now_s = 100.0

    def see(self, face=RESTING, guidance=CaptureGuidance.FIT, seconds=STEP_S):
        """Show frames for so long; the first event, if any."""
        for _ in range(round(seconds / STEP_S)):
            self.now_s += STEP_S
            seen = Observed(frame(self.now_s, face), guidance, 0.9, 0)
            if (event := self.check.position(seen, self.now_s)) is not None:
                return event
        return None

    def attempt(self, reply=None, at_most_s=30.0):
        """One challenge, answered as `reply` does; the event at its end."""
        self.check.start_challenge()
        performance, reply = Performance(), reply or follow()
        for _ in range(round(at_most_s / STEP_S)):
            self.now_s += STEP_S
            seen = Observed(frame(self.now_s, performance.face_at(self.now_s)), CaptureGuidance.FIT, 0.9, 0)
            if (event := self.check.answer(seen, self.now_s)) is not None:
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
            "agreement": 0.97,
            "witness_times_s": tuple(np.arange(asked.from_s, asked.until_s, 0.3).tolist()),
        }
        return Compared(**(parts | changed))


def passed(policy: DecisionPolicy = DEMO, threshold: ComparisonThreshold = LFW) -> Rehearsal:
    rehearsal = Rehearsal(policy, threshold=threshold)
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


def test_frames_that_piled_up_do_not_shorten_the_wait():
    rehearsal = Rehearsal()
    rehearsal.check.reference_taken()
    for number in range(50):
        seen = Observed(frame(100 + number * STEP_S, RESTING), CaptureGuidance.FIT, 0.9, 0)
        assert rehearsal.check.position(seen, now_s=102.0) is None
    rehearsal.now_s = 102.0
    assert rehearsal.see(seconds=FIT_FOR_S - STEP_S) is None
    assert rehearsal.see(seconds=2 * STEP_S) == Positioned()


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
    assert Rehearsal().attempt(lambda *_: None) == AttemptFailed(frozenset({Finding.NO_ANSWER}))


def test_a_gesture_that_got_no_answer_is_not_asked_again_in_this_visit():
    rehearsal = Rehearsal()
    ignored: list[Gesture] = []

    def all_but_the_smile(progress, now_s, performance, obey=None):
        if progress is not None and progress.gesture is Gesture.SMILE:
            ignored.append(progress.gesture)
        elif progress is not None:
            answers(progress, now_s, performance)

    for seed in range(40):
        rehearsal.check._chance = random.Random(seed)
        answers = follow()
        rehearsal.attempt(all_but_the_smile)
        rehearsal.check.stop_challenge()
        if ignored:
            break
    ignored.clear()
    for _ in range(10):
        answers = follow()
        assert rehearsal.attempt(all_but_the_smile) == LivenessPassed()
        rehearsal.check.stop_challenge()
    assert ignored == []


def test_time_alone_ends_an_attempt_without_frames():
    check = Rehearsal().check
    check.start_challenge()
    assert check.tick(100.0) is None
    assert check.tick(100.0 + MAX_SILENCE_S + 0.1) == AttemptFailed(CHANGED)


def test_outside_an_attempt_neither_time_nor_frames_mean_anything():
    rehearsal = Rehearsal()
    assert rehearsal.check.tick(1e9) is None
    assert rehearsal.check.answer(Observed(frame(1e9, RESTING), CaptureGuidance.FIT, 0.9, 0), 1e9) is None


def test_an_attempt_that_is_judged_late_says_nothing_of_the_next():
    late: list[Callable[[], Event | None]] = []

    def aside(work: Callable[[], PadDecision], then: Callable[[PadDecision], Event | None]) -> None:
        late.append(lambda: then(work()))

    check = FaceCheck([].append, DEMO, TemplateModel("model", LFW), random.Random(1), aside)
    check.start_challenge()
    check.tick(100.0)
    assert check.tick(100.1 + MAX_SILENCE_S) is None
    assert check.challenge_is_over
    check.tick(100.2 + MAX_SILENCE_S)
    check.stop_challenge()
    check.start_challenge()
    assert [judge() for judge in late] == [None]
    assert check.decision is None
    assert not check.challenge_is_over


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
        ({"model_id": "another"}, evidence(), ReferralReason.COMPARISON_FAILED),
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


@pytest.mark.parametrize(
    "changed",
    [{"agreement": SAME_FACE_AGREEMENT - 1e-4}, {"agreement": float("nan")}, {"witness_times_s": ()}],
    ids=["another face", "no number", "no witness"],
)
def test_a_face_that_answered_and_was_not_the_one_compared_uses_the_attempt_up(changed):
    rehearsal = passed()
    assert rehearsal.check.judge(rehearsal.compared(score=1.0, **changed), evidence()) == AttemptFailed(CHANGED)


def test_a_threshold_that_nobody_validated_is_the_tellers_outside_the_demo():
    rehearsal = passed(DecisionPolicy(layers=GESTURES_ALONE))
    not_validated = Referred(ReferralReason.THRESHOLD_NOT_VALIDATED)
    assert rehearsal.check.judge(rehearsal.compared(score=1.0), evidence()) == not_validated
    rehearsal = passed(DecisionPolicy(layers=GESTURES_ALONE), replace(LFW, validated=True))
    assert rehearsal.check.judge(rehearsal.compared(), evidence()) == Accepted()


def test_a_threshold_laxer_than_the_policy_is_the_tellers():
    rehearsal = passed(threshold=replace(LFW, false_match_rate=1e-3))
    not_validated = Referred(ReferralReason.THRESHOLD_NOT_VALIDATED)
    assert rehearsal.check.judge(rehearsal.compared(score=1.0), evidence()) == not_validated


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


# --- exposure ---


def stepped(has_exposure: bool, seconds: float = 3.2) -> tuple[Rehearsal, list[float]]:
    """A face at rest that is asked for gestures, before a camera that tells of its stream; what it was set to."""
    rehearsal = Rehearsal()
    rehearsal.check.camera_ready(EyesReady("model", "camera", 0.1, has_exposure=has_exposure))
    rehearsal.check.start_challenge()
    for number in range(round(seconds / STEP_S)):
        rehearsal.now_s += STEP_S
        stops = exposures(rehearsal)[-1:] or [0.0]
        seen = replace(frame(rehearsal.now_s, RESTING), stream=StreamSample(number, 1.5, 0.2 * 2 ** stops[0]))
        rehearsal.check.answer(Observed(seen, CaptureGuidance.FIT, 0.9, 0), rehearsal.now_s)
    return rehearsal, exposures(rehearsal)


def exposures(rehearsal: Rehearsal) -> list[float]:
    return [message.stops for message in rehearsal.sent if isinstance(message, SetExposure)]


def test_a_camera_that_offers_controls_is_stepped_and_put_back_within_the_attempt():
    first, second, back = stepped(has_exposure=True)[1]
    assert -1.1 <= first <= -0.45
    assert -1.1 <= second <= -0.45
    assert back == 0.0


def test_a_camera_without_controls_is_left_alone():
    assert stepped(has_exposure=False)[1] == []


def test_a_challenge_that_is_broken_off_puts_the_exposure_back():
    rehearsal, stops = stepped(has_exposure=True, seconds=1.2)
    assert len(stops) == 1
    rehearsal.check.stop_challenge()
    assert exposures(rehearsal)[1:] == [0.0]
