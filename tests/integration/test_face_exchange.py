"""One answers the gestures, another's still picture is compared: through the shipped landmarks, crops and templates."""

import dataclasses
import random
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
from msgspec.structs import replace
from numpy.typing import NDArray

from hardware.camera import Frame
from hardware.simulated.cues import Cue
from hardware.simulated.motion import SubjectMotion
from hardware.simulated.pose import FacePose
from hardware.simulated.renderer import SubjectRenderer
from kiosk.runtime.face_check import FaceCheck
from kiosk.runtime.face_vision import PROBE_FRAMES
from kiosk.runtime.messages import Compare, Compared, Message, Observed
from kiosk.session.events import Accepted, AttemptFailed, Event, LivenessPassed
from kiosk.verification.comparison import TemplateModel, compare
from kiosk.verification.decision import DecisionPolicy
from kiosk.verification.layers import Finding
from kiosk.verification.quality import assess
from kiosk.vision.face_agreement import lowest_agreement
from kiosk.vision.face_landmarker import FaceLandmarker
from kiosk.vision.face_sample import SampleWindow
from kiosk.vision.face_template import load_face_template_extractor
from kiosk.vision.models import load_manifest
from tests.portraits import portrait, portrait_landmarks
from tests.rehearsed_face import GESTURES_ALONE
from tests.rehearsed_visit import evidence

FRAMES_PER_S = 12
STILL_FRAMES = 2 * FRAMES_PER_S

_MANIFEST = load_manifest()
_EXTRACTOR = load_face_template_extractor(_MANIFEST)


@cache
def _renderer(name: str) -> SubjectRenderer:
    return SubjectRenderer(portrait(name), portrait_landmarks(name))


class Attempt:
    """A challenge from the first frame to the comparison; what a process would send goes by direct call."""

    def __init__(self, document_holder: str) -> None:
        sent: list[Message] = []
        model = TemplateModel(_EXTRACTOR.model_id, _MANIFEST.template_threshold(1e-4))
        policy = DecisionPolicy(require_validated_threshold=False, layers=GESTURES_ALONE)
        self.check = FaceCheck(sent.append, policy, model, random.Random(3))
        self.check.start_challenge()
        self._sent = sent
        self._reference = _EXTRACTOR.extract_reference(portrait(document_holder)).template
        self._window = SampleWindow(_EXTRACTOR)

    def watch(self, picture_at: Callable[[float, Cue, int], NDArray[np.uint8]]) -> Event:
        """Show pictures until the attempt ends; each is told what is asked for."""
        landmarker, cue = FaceLandmarker(), Cue.PRESENT
        for number in range(25 * FRAMES_PER_S):
            now_s = 100 + number / FRAMES_PER_S
            frame = Frame(picture_at(now_s, cue, number), now_s, number)
            observation = landmarker.observe(frame)
            assessment = assess(observation)
            self._window.offer(frame, observation, assessment)
            seen = Observed(observation, assessment.guidance, assessment.score, number)
            if (event := self.check.answer(seen, now_s)) is not None:
                return event
            gesture = self.check.progress.gesture if self.check.progress is not None else None
            cue = Cue.PRESENT if gesture is None else Cue(gesture.value)
        raise AssertionError("an attempt must end")

    def compared(self) -> Compared:
        self.check.compare()
        asked = self._sent[-1]
        assert isinstance(asked, Compare)
        samples = self._window.best(asked.track_id, asked.from_s, asked.until_s, PROBE_FRAMES)
        witnesses = self._window.witnesses(asked.track_id, asked.from_s, asked.until_s)
        probe = _EXTRACTOR.extract_probe(samples)
        return Compared(
            window_id=asked.window_id,
            track_id=asked.track_id,
            score=compare(probe, self._reference).value,
            frame_times_s=tuple(sample.captured_at_s for sample in samples),
            model_id=probe.model_id,
            agreement=lowest_agreement(_EXTRACTOR, samples, witnesses),
            witness_times_s=tuple(witness.captured_at_s for witness in witnesses),
        )


@pytest.mark.parametrize("name", ["astronaut", "grace_hopper"])
def test_one_person_in_every_gesture_is_one_face_and_accepted(name: str) -> None:
    motion = SubjectMotion(3, 0.5, 100.0, Cue.PRESENT)
    attempt = Attempt(name)
    assert (
        attempt.watch(lambda now_s, cue, n: _renderer(name).render(motion.pose_at(now_s, cue), n)) == LivenessPassed()
    )
    assert attempt.check.judge(attempt.compared(), evidence()) == Accepted()


@pytest.mark.parametrize("beside_px", [0.0, 150.0], ids=["both compared", "the still alone compared"])
def test_who_answers_while_the_document_holders_still_is_shown_in_between_is_not_accepted(beside_px: float) -> None:
    """Far from the middle a face is followed and answers, and no frame of it is fit to be compared."""
    motion = SubjectMotion(3, 0.5, 100.0, Cue.PRESENT)
    still = _renderer("grace_hopper").render(FacePose(body_x_px=beside_px / 2), 0)
    nobody = np.full_like(still, 127)
    asked_at_s: list[float] = []

    def picture(now_s: float, cue: Cue, number: int) -> NDArray[np.uint8]:
        """The attacker until the first gesture is asked; a blank, the still and a blank; then the attacker answers."""
        if cue is not Cue.PRESENT and not asked_at_s:
            asked_at_s.append(now_s)
        frames_since = round((now_s - asked_at_s[0]) * FRAMES_PER_S) if asked_at_s else -1
        if frames_since in (0, STILL_FRAMES + 1):
            return nobody
        if 0 < frames_since <= STILL_FRAMES:
            return still
        pose = motion.pose_at(now_s, cue if asked_at_s else Cue.PRESENT)
        return _renderer("astronaut").render(dataclasses.replace(pose, body_x_px=beside_px), number)

    attempt = Attempt("grace_hopper")
    assert attempt.watch(picture) == LivenessPassed()
    compared = attempt.compared()
    assert attempt.check.judge(compared, evidence()) == AttemptFailed(frozenset({Finding.FACE_CHANGED}))
    # With more of the attacker's frames among the compared ones the score may fall short too; that is not the point.
    like_one_face = replace(compared, agreement=1.0, score=max(compared.score, 0.95))
    assert attempt.check.judge(like_one_face, evidence()) == Accepted(), "nothing else holds it up"
