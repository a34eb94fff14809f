"""What is not measured, or measured wrongly, never becomes a yes: one accepted visit, spoilt in one thing at a time.

The visit is rendered and measured once and then played again to the shipped judging: what differs is the fault alone.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.camera import Frame
from hardware.simulated.casting import bona_fide_take
from hardware.simulated.cues import Cue
from hardware.simulated.look import SubjectLook
from kiosk.admin.attack_run import _portrait, _vision
from kiosk.admin.rehearsal import Rehearsal, Rehearsed
from kiosk.runtime.face_vision import FaceVision
from kiosk.runtime.messages import Compare, Compared, CompareFailed, Observed, ReferenceTaken
from kiosk.verification.comparison import TemplateModel
from kiosk.verification.decision import DecisionPolicy, ReferralReason
from kiosk.verification.depth import ALONE_RELIEF, ALONE_SOLIDITY
from kiosk.verification.layers import ChallengeVariant, LayerVerdict, PadLayer
from kiosk.verification.observation import (
    BackgroundMotion,
    FaceObservation,
    FrameObservation,
    LightSample,
    StreamSample,
    TextureSample,
)

SIZE, SEED = (960, 540), 5
POLICY = DecisionPolicy(require_validated_threshold=False)
NAN = math.nan
NOTHING = np.zeros((8, 8, 3), np.uint8)


@dataclass
class Visit:
    """What eyes told of the accepted visit, and when its attempt began and was judged."""

    model: TemplateModel
    observed: list[Observed] = field(default_factory=list)
    compared: Compared | None = None
    began: int = 0
    """Number of the attempt's first frame."""


class Remembering:
    """`FaceVision` that writes into a visit what it tells."""

    def __init__(self, vision: FaceVision, visit: Visit) -> None:
        self._vision, self._visit = vision, visit
        self.reset, self.forget, self.take_reference = vision.reset, vision.forget, vision.take_reference

    def analyse(self, frame: Frame) -> Observed:
        self._visit.observed.append(self._vision.analyse(frame))
        return self._visit.observed[-1]

    def begin_window(self, window_id: int) -> None:
        self._visit.began = len(self._visit.observed)
        self._vision.begin_window(window_id)

    def compare(self, asked: Compare) -> Compared | CompareFailed:
        answer = self._vision.compare(asked)
        self._visit.compared = answer if isinstance(answer, Compared) else None
        return answer


Spoil = Callable[[FrameObservation, float], FrameObservation]
"""Change a frame of the attempt; the second number is its share of the attempt, 0…1."""


def untouched(observation: FrameObservation, _: float) -> FrameObservation:
    return observation


class Played:
    """Tells what was told in a visit, with a fault; stands where `FaceVision` does, and sees no picture."""

    def __init__(self, visit: Visit, spoil: Spoil, compared: Callable[[Compared], Compared]) -> None:
        self._visit, self._spoil, self._compared = visit, spoil, compared

    def reset(self) -> None: ...
    def forget(self) -> None: ...
    def begin_window(self, window_id: int) -> None: ...

    def take_reference(self, portrait: NDArray[np.uint8]) -> ReferenceTaken:
        assert portrait is NOTHING
        return ReferenceTaken(80.0, ())

    def analyse(self, frame: Frame) -> Observed:
        number, told = frame.sequence, self._visit.observed
        if number >= len(told):
            gone = FrameObservation(number, frame.captured_at_s, *SIZE, 0, None)
            return Observed(gone, told[-1].guidance, 0.0, number)
        if number < self._visit.began:
            return told[number]
        share = (number - self._visit.began) / (len(told) - self._visit.began)
        was = told[number]
        return Observed(self._spoil(was.observation, share), was.guidance, was.quality_score, number)

    def compare(self, asked: Compare) -> Compared:
        assert self._visit.compared is not None
        assert asked.window_id == self._visit.compared.window_id
        return self._compared(self._visit.compared)


@dataclass
class Camera:
    """Takes empty pictures; whether it can be told its exposure."""

    has_exposure: bool = True

    def picture_at(self, at_s: float, cue: Cue, light: tuple[int, int, int] | None) -> NDArray[np.uint8]:
        del at_s, cue, light
        return NOTHING

    def set_exposure(self, stops: float) -> bool:
        del stops
        return self.has_exposure


@pytest.fixture(scope="module")
def visit() -> Visit:
    vision, model = _vision(SIZE)
    told = Visit(model)
    subject, look = _portrait("astronaut"), SubjectLook()
    rehearsal = Rehearsal(cast("FaceVision", Remembering(vision, told)), model, POLICY)
    visited = rehearsal.visit(bona_fide_take(subject, look, SEED, SIZE), subject.document(look), SEED)
    assert visited.accepted, visited
    return told


def again(
    visit: Visit,
    spoil: Spoil = untouched,
    policy: DecisionPolicy = POLICY,
    camera: Camera | None = None,
    compared: Callable[[Compared], Compared] = lambda told: told,
    variant: ChallengeVariant = ChallengeVariant.FULL,
) -> Rehearsed:
    """Play the visit with a fault."""
    rehearsal = Rehearsal(cast("FaceVision", Played(visit, spoil, compared)), visit.model, policy)
    return rehearsal.visit(camera or Camera(), NOTHING, SEED, variant=variant)


def lit(change: Callable[[LightSample], LightSample | None]) -> Spoil:
    return lambda seen, _: seen if seen.light is None else replace(seen, light=change(seen.light))


def surrounded(change: Callable[[BackgroundMotion], BackgroundMotion | None]) -> Spoil:
    return lambda seen, _: seen if seen.background is None else replace(seen, background=change(seen.background))


def textured(change: Callable[[TextureSample], TextureSample | None]) -> Spoil:
    return lambda seen, _: seen if seen.texture is None else replace(seen, texture=change(seen.texture))


def streamed(change: Callable[[StreamSample], StreamSample | None]) -> Spoil:
    return lambda seen, _: seen if seen.stream is None else replace(seen, stream=change(seen.stream))


def faced(change: Callable[[FaceObservation], FaceObservation | None]) -> Spoil:
    return lambda seen, _: seen if seen.face is None else replace(seen, face=change(seen.face))


def late(spoil: Spoil, from_share: float = 0.85) -> Spoil:
    """Only when the gestures are over and the screen shines."""
    return lambda seen, share: spoil(seen, share) if share >= from_share else seen


def landmarks(change: Callable[[NDArray[np.float32]], NDArray[np.float32]]) -> Spoil:
    return faced(lambda face: replace(face, landmarks_f32=change(face.landmarks.copy()).astype("<f4").tobytes()))


def without_depth(points: NDArray[np.float32]) -> NDArray[np.float32]:
    points[:, 2] = 0
    return points


def every(seen: FrameObservation, number: int) -> bool:
    return seen.frame_sequence % number == 0


FAULTS: dict[str, tuple[PadLayer, Spoil]] = {
    "no light measured": (PadLayer.LIGHT, lit(lambda _: None)),
    "light that is no number": (
        PadLayer.LIGHT,
        lit(lambda one: replace(one, regions=((NAN,) * 3,) * len(one.regions))),
    ),
    "a background that is no number": (PadLayer.LIGHT, lit(lambda one: replace(one, background=(NAN,) * 3))),
    "no region of the face": (PadLayer.LIGHT, lit(lambda one: replace(one, regions=(), places=()))),
    "a region lost on the way": (PadLayer.LIGHT, late(lit(lambda one: replace(one, regions=one.regions[1:])), 0.95)),
    "a face burnt out": (PadLayer.LIGHT, lit(lambda one: replace(one, clipped=1.0))),
    "the light shown to nobody": (
        PadLayer.LIGHT,
        lit(lambda one: replace(one, regions=((0.2, 0.15, 0.1),) * len(one.regions), background=(0.1, 0.1, 0.1))),
    ),
    "no light measured at its end": (PadLayer.LIGHT, late(lit(lambda _: None), 0.93)),
    "surroundings that move with the face": (
        PadLayer.DEPTH,
        surrounded(lambda one: replace(one, shift_x_px=one.face_shift_x_px, shift_y_px=one.face_shift_y_px, points=30)),
    ),
    "landmarks that are no numbers": (PadLayer.DEPTH, landmarks(lambda points: points * np.float32(NAN))),
    "landmarks all in one place": (PadLayer.DEPTH, landmarks(lambda points: points * 0 + 100)),
    "landmarks beyond all measure": (PadLayer.DEPTH, landmarks(lambda points: points * np.float32(1e30))),
    "landmarks without depth": (PadLayer.DEPTH, landmarks(without_depth)),
    "texture never measured": (PadLayer.TEXTURE, textured(lambda _: None)),
    "texture that is no number": (PadLayer.TEXTURE, textured(lambda one: replace(one, periodicity=NAN))),
    "texture beyond all measure": (PadLayer.TEXTURE, textured(lambda one: replace(one, fine_detail=math.inf))),
    "texture measured in the first second only": (
        PadLayer.TEXTURE,
        lambda seen, share: replace(seen, texture=None) if share > 0.06 else seen,
    ),
    "no stream samples": (PadLayer.STREAM, streamed(lambda _: None)),
    "every fifth stream sample missing": (
        PadLayer.STREAM,
        lambda seen, _: replace(seen, stream=None) if every(seen, 5) else seen,
    ),
    "the same picture twice": (
        PadLayer.STREAM,
        lambda seen, _: seen if seen.stream is None else replace(seen, stream=replace(seen.stream, digest=1)),
    ),
    "grain that is no number": (PadLayer.STREAM, streamed(lambda one: replace(one, noise=NAN))),
    "no grain": (PadLayer.STREAM, streamed(lambda one: replace(one, noise=0.0))),
    "brightness that is no number": (PadLayer.STREAM, streamed(lambda one: replace(one, brightness=NAN))),
    "an exposure that stays as it is": (PadLayer.STREAM, streamed(lambda one: replace(one, brightness=0.2))),
    "an exposure that follows too little": (
        PadLayer.STREAM,
        streamed(lambda one: replace(one, brightness=0.2 * (one.brightness / 0.2) ** 0.2)),
    ),
    "another resolution on the way": (PadLayer.STREAM, late(lambda seen, _: replace(seen, width=seen.width * 2))),
    "time stamps lost": (PadLayer.GESTURES, lambda seen, _: replace(seen, captured_at_s=NAN)),
    "time stamps that have no end": (PadLayer.GESTURES, lambda seen, _: replace(seen, captured_at_s=math.inf)),
    "time stamps that stand still": (PadLayer.GESTURES, lambda seen, _: replace(seen, captured_at_s=1010.0)),
    "time stamps long past": (
        PadLayer.GESTURES,
        lambda seen, _: replace(seen, captured_at_s=seen.captured_at_s - 4),
    ),
    "time stamps to come": (PadLayer.GESTURES, lambda seen, _: replace(seen, captured_at_s=seen.captured_at_s + 1)),
    "a pose that is no number": (
        PadLayer.GESTURES,
        faced(lambda face: replace(face, head_pose=replace(face.head_pose, yaw_deg=NAN))),
    ),
    "a mouth that is no number": (PadLayer.GESTURES, faced(lambda face: replace(face, mouth_openness=NAN))),
    "no face": (PadLayer.GESTURES, lambda seen, _: replace(seen, face=None, face_count=0)),
}
"""By name: whose word must not be a pass, and what is done to each frame of the attempt."""

WHILE_THE_SCREEN_SHINES: dict[str, Spoil] = {
    "another face": faced(lambda face: replace(face, track_id=face.track_id + 1)),
    "a second face": lambda seen, _: replace(seen, face_count=2),
    "no face any more": lambda seen, _: replace(seen, face=None, face_count=0),
    "numbers that are none any more": faced(lambda face: replace(face, smile=NAN)),
    "time stamps lost": lambda seen, _: replace(seen, captured_at_s=NAN),
    "time stamps that go back": lambda seen, _: replace(seen, captured_at_s=seen.captured_at_s - 1.5),
    "time stamps that stand still": lambda seen, _: replace(seen, captured_at_s=1000.0),
}


def test_without_a_fault_the_very_visit_is_accepted(visit: Visit) -> None:
    visited = again(visit)
    assert visited.accepted
    assert {layer for layer in PadLayer if visited.attempts[0].verdict_of(layer) is LayerVerdict.PASSED} == (
        frozenset(PadLayer) - {PadLayer.CLASSIFIER}
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_any_layer_is_no_pass_of_it_and_no_yes(visit: Visit, fault: str) -> None:
    layer, spoil = FAULTS[fault]
    visited = again(visit, spoil)
    assert not visited.accepted
    (attempt,) = visited.attempts
    assert attempt.verdict_of(layer) is not LayerVerdict.PASSED


@pytest.mark.parametrize("fault", WHILE_THE_SCREEN_SHINES)
def test_a_fault_after_the_last_gesture_is_no_yes_either(visit: Visit, fault: str) -> None:
    visited = again(visit, late(WHILE_THE_SCREEN_SHINES[fault]))
    assert not visited.accepted
    assert visited.referral is None  # the attempt itself has failed
    assert len(visited.attempts[0].answers) == 3


@pytest.mark.parametrize(
    "change",
    [lambda _: None, lambda one: replace(one, points=0), lambda one: replace(one, shift_x_px=NAN)],
    ids=["missing", "without points", "no number"],
)
def test_without_surroundings_a_turn_must_stand_alone(visit: Visit, change: Callable) -> None:
    (attempt,) = again(visit, surrounded(change)).attempts
    (depth,) = (said for said in attempt.layers if said.layer is PadLayer.DEPTH)
    assert depth.measures["background_followed"] == 0
    stands = depth.measures["solidity"] >= ALONE_SOLIDITY and depth.measures["relief"] >= ALONE_RELIEF
    assert stands or depth.verdict is not LayerVerdict.PASSED


# --- what the policy asks for and is not there ---


@pytest.mark.parametrize(
    "policy",
    [
        replace(POLICY, layers=POLICY.layers | {PadLayer.CLASSIFIER}),
        replace(POLICY, classifier_threshold=0.5),
        replace(POLICY, classifier_threshold=NAN),
        replace(POLICY, layers=frozenset()),
    ],
    ids=["asked for by name", "installed and silent", "a threshold that is none", "no layer at all"],
)
def test_a_layer_that_is_asked_for_and_not_there_is_the_tellers(visit: Visit, policy: DecisionPolicy) -> None:
    visited = again(visit, policy=policy)
    assert not visited.accepted
    assert visited.referral is ReferralReason.LIVENESS_INCOMPLETE


@pytest.mark.parametrize(("score", "accepted"), [(0.9, True), (0.4, False), (NAN, False), (7.0, False), (-1.0, False)])
def test_a_score_of_the_classifier_that_is_none_counts_for_nothing(visit: Visit, score: float, accepted: bool) -> None:
    policy = replace(POLICY, classifier_threshold=0.5)
    assert again(visit, textured(lambda one: replace(one, classifier=score)), policy).accepted is accepted


@pytest.mark.parametrize("required", [False, True])
def test_a_camera_without_controls_is_enough_only_where_none_are_required(visit: Visit, required: bool) -> None:
    policy = replace(POLICY, require_camera_controls=required)
    assert again(visit, policy=policy).accepted
    assert again(visit, policy=policy, camera=Camera(has_exposure=False)).accepted is not required


@pytest.mark.parametrize("variant", [variant for variant in ChallengeVariant if variant is not ChallengeVariant.FULL])
def test_no_gentler_challenge_ends_in_a_yes(visit: Visit, variant: ChallengeVariant) -> None:
    assert not again(visit, variant=variant).accepted


# --- the comparison looked at other frames ---


def told_otherwise(**changed: object) -> Callable[[Compared], Compared]:
    return lambda told: Compared(**({name: getattr(told, name) for name in told.__struct_fields__} | changed))


def only_before_the_light(told: Compared) -> Compared:
    early = told.witness_times_s[: len(told.witness_times_s) // 2]
    return told_otherwise(witness_times_s=early)(told)


@pytest.mark.parametrize(
    "compared",
    [
        told_otherwise(agreement=NAN),
        told_otherwise(witness_times_s=()),
        told_otherwise(witness_times_s=(NAN,)),
        only_before_the_light,
        told_otherwise(frame_times_s=()),
        told_otherwise(frame_times_s=(NAN,) * 5),
        told_otherwise(frame_times_s=(1.0, 2.0, 3.0)),
        told_otherwise(track_id=-1),
        told_otherwise(score=NAN),
        told_otherwise(score=0.0),
        told_otherwise(window_id=99),
    ],
    ids=[
        "agreement no number",
        "no witness",
        "a witness of no time",
        "no witness in the light",
        "no frame",
        "frames of no time",
        "frames of another time",
        "no face",
        "score no number",
        "another person",
        "another window",
    ],
)
def test_a_comparison_of_anything_else_is_no_yes(visit: Visit, compared: Callable[[Compared], Compared]) -> None:
    assert not again(visit, compared=compared).accepted
