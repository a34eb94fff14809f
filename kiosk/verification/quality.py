"""Is this frame fit for comparison, and if not, which one thing should the capture subject do?

Judges numbers only; what a measure is measured on, `vision` knows. Measures are named after OFIQ's where there is one,
and scaled in the kiosk's own way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from kiosk.verification.observation import FaceObservation, FrameObservation, HeadPose

# Distance between the eyes in pixels (ISO/IEC 29794-5, ICAO): live capture, then photographs.
LIVE_INTER_EYE_FLOOR_PX = 90.0
LIVE_INTER_EYE_GOAL_PX = 120.0
REFERENCE_INTER_EYE_FLOOR_PX = 24.0
REFERENCE_INTER_EYE_REMARK_PX = 60.0

_LARGEST_INTER_EYE_FRACTION = 0.24
"""Of the frame's width; a nearer face is cut off and distorted."""
_TURN_FIT_DEG = HeadPose(yaw_deg=12.0, pitch_deg=14.0, roll_deg=12.0)
_TURN_REMARK_DEG = HeadPose(yaw_deg=25.0, pitch_deg=25.0, roll_deg=30.0)
_FAR_OFF_CENTRE = 0.16
"""Fraction of the frame, from the middle; upright, the face sits a little above it."""
_FACE_HEIGHT_GOAL = 0.5
_DARKEST, _BRIGHTEST = 0.16, 0.86
_MOST_CLIPPED, _MOST_SIDE_LIGHT = 0.25, 0.40
_SHARPNESS_FLOOR, _SHARPNESS_GOAL = 5.0, 25.0
_EYES_OPEN_FLOOR, _EYES_OPEN_GOAL = 0.10, 0.25
"""The floor is low: eyes that smile, or are narrow, are open at 0.14."""
_MOUTH_OPEN_LIMIT = 0.20
_COVERED_LIMIT = 0.5
_GAZE_LIMIT_DEG = 30.0


class QualityMeasure(StrEnum):
    """OFIQ's names (ISO/IEC 29794-5) where it has one; of the others, what OFIQ has instead."""

    SINGLE_FACE_PRESENT = "SINGLE_FACE_PRESENT"
    INTER_EYE_DISTANCE = "INTER_EYE_DISTANCE"
    HEAD_POSE = "HEAD_POSE"
    """OFIQ: its yaw, pitch and roll apart."""
    FACE_POSITION = "FACE_POSITION"
    """OFIQ: four crops and margins of the face image."""
    SHARPNESS = "SHARPNESS"
    EXPOSURE = "EXPOSURE"
    """OFIQ: luminance, under- and over-exposure, illumination uniformity apart."""
    EYES_OPEN = "EYES_OPEN"
    EYES_VISIBLE = "EYES_VISIBLE"
    MOUTH_CLOSED = "MOUTH_CLOSED"
    MOUTH_VISIBLE = "MOUTH_VISIBLE"
    """OFIQ: mouth occlusion prevention."""
    GAZE = "GAZE"
    """OFIQ: nothing."""


class CaptureGuidance(StrEnum):
    """One thing to do, or FIT. The screen has one sentence for each."""

    FIT = "fit"
    COME_INTO_VIEW = "come_into_view"
    ONE_PERSON_ONLY = "one_person_only"
    COME_CLOSER = "come_closer"
    MOVE_BACK = "move_back"
    MOVE_INTO_THE_OVAL = "move_into_the_oval"
    LOOK_STRAIGHT = "look_straight"
    HOLD_STILL = "hold_still"
    MORE_LIGHT = "more_light"
    LESS_LIGHT = "less_light"
    UNCOVER_EYES = "uncover_eyes"
    UNCOVER_MOUTH = "uncover_mouth"
    OPEN_EYES = "open_eyes"
    CLOSE_MOUTH = "close_mouth"


@dataclass(frozen=True, slots=True)
class QualityAssessment:
    """`guidance` names the first unfit measure in order of value."""

    guidance: CaptureGuidance
    measures: Mapping[QualityMeasure, float] = field(default_factory=dict)
    """Each 0 (worst) … 1 (best)."""
    score: float = 0.0
    """0…1, for choosing the best frames of a window."""

    @property
    def fit(self) -> bool:
        """Only a fit frame may become a `FaceSample`."""
        return self.guidance is CaptureGuidance.FIT


REMARK_WORDS: Mapping[QualityMeasure, str] = {
    QualityMeasure.INTER_EYE_DISTANCE: "few pixels between the eyes",
    QualityMeasure.HEAD_POSE: "the head is turned or tilted",
    QualityMeasure.FACE_POSITION: "the edge of the picture cuts the face",
    QualityMeasure.SHARPNESS: "blurred",
    QualityMeasure.EXPOSURE: "too dark, too bright or lit from one side",
    QualityMeasure.EYES_OPEN: "the eyes may be closed",
    QualityMeasure.EYES_VISIBLE: "the eyes may be covered",
    QualityMeasure.MOUTH_CLOSED: "the mouth is open",
    QualityMeasure.MOUTH_VISIBLE: "the mouth may be covered",
}
"""What can be poor about a photograph, in words for IT."""


def assess(observation: FrameObservation) -> QualityAssessment:
    """Assess a live-capture frame (inter-eye floor 90 px, goal 120)."""
    face = observation.face
    if face is None:
        return QualityAssessment(CaptureGuidance.COME_INTO_VIEW, {QualityMeasure.SINGLE_FACE_PRESENT: 0.0})
    if observation.face_count > 1:
        return QualityAssessment(CaptureGuidance.ONE_PERSON_ONLY, {QualityMeasure.SINGLE_FACE_PRESENT: 0.0})
    measures = _live_measures(observation, face)
    guidance = next(
        (guide(face) for measure, guide in _GUIDANCE_IN_ORDER if measures[measure] <= 0), CaptureGuidance.FIT
    )
    return QualityAssessment(guidance, measures, _score(measures))


def reference_remarks(face: FaceObservation, *, width: int, height: int) -> tuple[QualityMeasure, ...]:
    """Name what is poor about a face in a photograph of this size in pixels; it is compared all the same."""
    few_pixels = face.inter_eye_px < REFERENCE_INTER_EYE_REMARK_PX
    remarks = {
        QualityMeasure.INTER_EYE_DISTANCE: few_pixels,
        QualityMeasure.FACE_POSITION: not _is_inside(face, width, height),
        QualityMeasure.HEAD_POSE: _pose_room(face.head_pose, _TURN_REMARK_DEG) <= 0,
        QualityMeasure.EXPOSURE: _exposure(face) <= 0,
        QualityMeasure.EYES_VISIBLE: face.eyes_covered >= _COVERED_LIMIT,
        QualityMeasure.MOUTH_VISIBLE: face.mouth_covered >= _COVERED_LIMIT,
        # Few pixels enlarged are never sharp; that they are few is said already.
        QualityMeasure.SHARPNESS: not few_pixels and face.sharpness < _SHARPNESS_FLOOR,
        QualityMeasure.EYES_OPEN: face.eye_openness < _EYES_OPEN_FLOOR,
        QualityMeasure.MOUTH_CLOSED: face.mouth_openness >= _MOUTH_OPEN_LIMIT,
    }
    return tuple(measure for measure, poor in remarks.items() if poor)


def _live_measures(observation: FrameObservation, face: FaceObservation) -> dict[QualityMeasure, float]:
    """Each 0 where unfit, else up to 1."""
    return {
        QualityMeasure.SINGLE_FACE_PRESENT: 1.0,
        QualityMeasure.INTER_EYE_DISTANCE: _inter_eye(observation, face),
        QualityMeasure.FACE_POSITION: _position(observation, face),
        QualityMeasure.HEAD_POSE: _pose_room(face.head_pose, _TURN_FIT_DEG),
        QualityMeasure.EXPOSURE: _exposure(face),
        QualityMeasure.EYES_VISIBLE: _room(face.eyes_covered, _COVERED_LIMIT),
        QualityMeasure.MOUTH_VISIBLE: _room(face.mouth_covered, _COVERED_LIMIT),
        QualityMeasure.SHARPNESS: _rise(face.sharpness, _SHARPNESS_FLOOR, _SHARPNESS_GOAL),
        QualityMeasure.EYES_OPEN: _rise(face.eye_openness, _EYES_OPEN_FLOOR, _EYES_OPEN_GOAL),
        QualityMeasure.MOUTH_CLOSED: _room(face.mouth_openness, _MOUTH_OPEN_LIMIT),
        QualityMeasure.GAZE: _room(face.gaze_off_axis_deg, _GAZE_LIMIT_DEG),
    }


def _score(measures: Mapping[QualityMeasure, float]) -> float:
    """Geometric mean: one bad measure spoils the frame, a good one cannot make up for it."""
    product = 1.0
    for value in measures.values():
        product *= max(value, 0.0)
    return float(product ** (1 / len(measures)))


def _distance_guidance(face: FaceObservation) -> CaptureGuidance:
    return CaptureGuidance.COME_CLOSER if face.inter_eye_px < LIVE_INTER_EYE_GOAL_PX else CaptureGuidance.MOVE_BACK


def _light_guidance(face: FaceObservation) -> CaptureGuidance:
    too_bright = face.brightness > _BRIGHTEST or face.over_exposed >= _MOST_CLIPPED
    return CaptureGuidance.LESS_LIGHT if too_bright else CaptureGuidance.MORE_LIGHT


def _always(guidance: CaptureGuidance) -> Callable[[FaceObservation], CaptureGuidance]:
    return lambda _face: guidance


_GUIDANCE_IN_ORDER: tuple[tuple[QualityMeasure, Callable[[FaceObservation], CaptureGuidance]], ...] = (
    (QualityMeasure.INTER_EYE_DISTANCE, _distance_guidance),
    (QualityMeasure.FACE_POSITION, _always(CaptureGuidance.MOVE_INTO_THE_OVAL)),
    (QualityMeasure.HEAD_POSE, _always(CaptureGuidance.LOOK_STRAIGHT)),
    (QualityMeasure.EXPOSURE, _light_guidance),
    (QualityMeasure.EYES_VISIBLE, _always(CaptureGuidance.UNCOVER_EYES)),
    (QualityMeasure.MOUTH_VISIBLE, _always(CaptureGuidance.UNCOVER_MOUTH)),
    (QualityMeasure.SHARPNESS, _always(CaptureGuidance.HOLD_STILL)),
    (QualityMeasure.EYES_OPEN, _always(CaptureGuidance.OPEN_EYES)),
    (QualityMeasure.MOUTH_CLOSED, _always(CaptureGuidance.CLOSE_MOUTH)),
    (QualityMeasure.GAZE, _always(CaptureGuidance.LOOK_STRAIGHT)),
)


def _inter_eye(observation: FrameObservation, face: FaceObservation) -> float:
    nearest = max(_LARGEST_INTER_EYE_FRACTION * observation.width, LIVE_INTER_EYE_GOAL_PX * 1.5)
    # A turned head shows its eyes closer together than they are; that is the pose's fault, not the distance's.
    if face.inter_eye_px >= nearest:
        return 0.0
    return _rise(face.inter_eye_px, LIVE_INTER_EYE_FLOOR_PX, LIVE_INTER_EYE_GOAL_PX)


def _position(observation: FrameObservation, face: FaceObservation) -> float:
    # Sideways in units of the height too: the oval stands in the middle of wide and of upright pictures alike.
    across = abs(face.centre_x - 0.5) * observation.width / max(observation.height, 1)
    off = max(across, abs(face.centre_y - _FACE_HEIGHT_GOAL))
    return _room(off, _FAR_OFF_CENTRE) if _is_inside(face, observation.width, observation.height) else 0.0


def _is_inside(face: FaceObservation, width: int, height: int) -> bool:
    """Whether the whole face lies in the picture."""
    low, high = face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0)
    return bool((low >= 0).all() and (high <= (width, height)).all())


def _pose_room(pose: HeadPose, limit: HeadPose) -> float:
    return min(
        _room(abs(pose.yaw_deg), limit.yaw_deg),
        _room(abs(pose.pitch_deg), limit.pitch_deg),
        _room(abs(pose.roll_deg), limit.roll_deg),
    )


def _exposure(face: FaceObservation) -> float:
    middle, half = (_BRIGHTEST + _DARKEST) / 2, (_BRIGHTEST - _DARKEST) / 2
    return min(
        _room(abs(face.brightness - middle), half),
        _room(face.over_exposed, _MOST_CLIPPED),
        _room(face.under_exposed, _MOST_CLIPPED),
        _room(face.side_light, _MOST_SIDE_LIGHT),
    )


def _room(value: float, limit: float) -> float:
    """1 at zero, 0 at the limit and beyond; NaN is 0."""
    return 1.0 - value / limit if 0 <= value < limit else 0.0


def _rise(value: float, floor: float, goal: float) -> float:
    """0 below the floor, then 0.25 up to 1 at the goal; NaN is 0."""
    return min(1.0, 0.25 + 0.75 * (value - floor) / (goal - floor)) if value >= floor else 0.0


class SteadyGuidance:
    """Turns a guidance per frame into one that a person can read: no flicker between two. Pure; time is given."""

    def __init__(self, persist_s: float = 0.4, least_shown_s: float = 0.8) -> None:
        self._persist_s = persist_s
        self._least_shown_s = least_shown_s
        self._shown: CaptureGuidance | None = None
        self._shown_since_s = 0.0
        self._last_confirmed_s = 0.0
        self._candidate: CaptureGuidance | None = None
        self._candidate_since_s = 0.0

    @property
    def shown(self) -> CaptureGuidance | None:
        """What stands on the screen; None before the first frame."""
        return self._shown

    def show(self, guidance: CaptureGuidance, now_s: float) -> CaptureGuidance:
        """Take the guidance of a frame (monotonic seconds) and return the one to show."""
        if self._shown is None:
            return self._adopt(guidance, now_s)
        if guidance is self._shown:
            self._last_confirmed_s, self._candidate = now_s, None
            return self._shown
        if guidance is not self._candidate:
            self._candidate, self._candidate_since_s = guidance, now_s
        if now_s - self._shown_since_s >= self._least_shown_s and self._is_settled(now_s):
            return self._adopt(guidance, now_s)
        return self._shown

    def _is_settled(self, now_s: float) -> bool:
        """The candidate lasts, or what is shown has long been wrong while others take turns."""
        lasted = now_s - self._candidate_since_s >= self._persist_s
        return lasted or now_s - self._last_confirmed_s >= 3 * self._persist_s

    def _adopt(self, guidance: CaptureGuidance, now_s: float) -> CaptureGuidance:
        self._shown, self._shown_since_s = guidance, now_s
        self._last_confirmed_s, self._candidate = now_s, None
        return guidance
