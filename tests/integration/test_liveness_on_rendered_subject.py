"""The gesture challenge on numbers that the shipped face mesh measures, frame by frame, in rehearsed time."""

from functools import cache

import pytest

from hardware.camera import Frame
from hardware.simulated.cues import Cue
from hardware.simulated.motion import SubjectMotion
from hardware.simulated.renderer import SubjectRenderer
from kiosk.verification.gestures import Gesture
from kiosk.verification.liveness import GestureChallenge, LivenessCheck, PadDecision, PadOutcome
from kiosk.vision.face_landmarker import FaceLandmarker
from tests.portraits import NAMES, portrait, portrait_landmarks

G = Gesture
FRAMES_PER_S = 12.0
"""Fewer than any kiosk analyses: a blink has two or three frames."""


@cache
def _renderer(name: str) -> SubjectRenderer:
    return SubjectRenderer(portrait(name), portrait_landmarks(name))


def _attempt(name: str, challenge: GestureChallenge, cue_for: dict[Gesture, Cue]) -> PadDecision:
    landmarker = FaceLandmarker()
    motion = SubjectMotion(3, 0.5, 100.0, Cue.PRESENT)
    check = LivenessCheck(challenge)
    cue = Cue.PRESENT
    for number in range(round(25 * FRAMES_PER_S)):
        now_s = 100 + number / FRAMES_PER_S
        pixels = _renderer(name).render(motion.pose_at(now_s, cue), number)
        progress = check.observe(landmarker.observe(Frame(pixels, now_s, number)))
        if progress.decision is not None:
            return progress.decision
        cue = Cue.PRESENT if progress.gesture is None else cue_for.get(progress.gesture, Cue(progress.gesture.value))
    raise AssertionError("a check must end within its total time")


@pytest.mark.parametrize("gestures", [(G.TURN_LEFT, G.BLINK, G.OPEN_MOUTH), (G.SMILE, G.TURN_RIGHT)])
@pytest.mark.parametrize("name", NAMES)
def test_a_rendered_person_who_does_as_asked_passes(name: str, gestures: tuple[Gesture, ...]) -> None:
    decision = _attempt(name, GestureChallenge(gestures), {})
    assert decision.outcome is PadOutcome.BONA_FIDE
    assert tuple(answer.gesture for answer in decision.answers) == gestures


@pytest.mark.parametrize(
    ("asked", "done"),
    [
        (G.TURN_LEFT, Cue.TURN_RIGHT),
        (G.SMILE, Cue.OPEN_MOUTH),
    ],
)
def test_a_rendered_person_who_does_something_else_does_not_pass(asked: Gesture, done: Cue) -> None:
    assert _attempt("astronaut", GestureChallenge((asked,)), {asked: done}).outcome is PadOutcome.ATTACK_PRESENTATION
