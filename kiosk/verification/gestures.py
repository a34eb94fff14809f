"""The gestures a capture subject may be asked for, and how each is recognised from numbers.

Everything is measured against the capture subject's own neutral face, since eyes, mouths and the way a camera hangs
differ more between people than a gesture moves them. Judges single gestures only; the challenge is `liveness`.
"""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kiosk.verification.observation import FaceObservation

MIN_REACTION_S = 0.2
"""No person sees, understands and moves faster; what comes sooner was not an answer."""
MAX_BLINK_S = 1.2

ROUNDING_S = 1e-6
"""Frame times are sums of fractions: a duration may miss its limit by less than this."""


class Gesture(StrEnum):
    """What a capture subject may be asked to do; left and right are their own."""

    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    BLINK = "blink"
    OPEN_MOUTH = "open_mouth"
    SMILE = "smile"


@dataclass(frozen=True, slots=True)
class NeutralFace:
    """The capture subject's own resting face, which every gesture is measured against."""

    yaw_deg: float
    pitch_deg: float
    eye_openness: float
    mouth_openness: float
    smile: float


def neutral_face(faces: Sequence[FaceObservation]) -> NeutralFace | None:
    """Median of the faces, or None where they are too unlike each other to be at rest."""
    yaws = [face.head_pose.yaw_deg for face in faces]
    smiles = [face.smile for face in faces]
    mouths = [face.mouth_openness for face in faces]
    smile = statistics.median(smiles)
    if max(yaws) - min(yaws) > 8 or max(mouths) - min(mouths) > 0.12 or max(smiles) - min(smiles) > 0.1 * smile:
        return None
    return NeutralFace(
        yaw_deg=statistics.median(yaws),
        pitch_deg=statistics.median(face.head_pose.pitch_deg for face in faces),
        eye_openness=statistics.median(face.eye_openness for face in faces),
        mouth_openness=statistics.median(mouths),
        smile=smile,
    )


def is_measurable(face: FaceObservation) -> bool:
    """Every number the check rests on is finite."""
    return all(
        math.isfinite(value)
        for value in (
            face.head_pose.yaw_deg,
            face.head_pose.pitch_deg,
            face.left_eye_openness,
            face.right_eye_openness,
            face.mouth_openness,
            face.smile,
        )
    )


def may_be_neutral(face: FaceObservation) -> bool:
    """Plainly frontal, eyes open, mouth closed: fit to learn the resting face from."""
    return (
        abs(face.head_pose.yaw_deg) <= 15
        and abs(face.head_pose.pitch_deg) <= 25
        and face.eye_openness >= 0.08
        and face.mouth_openness <= 0.25
        and face.smile > 0
    )


def is_neutral(face: FaceObservation, neutral: NeutralFace) -> bool:
    """Back at rest, with less than half of any gesture left."""
    return (
        abs(face.head_pose.yaw_deg - neutral.yaw_deg) <= 8
        and abs(face.head_pose.pitch_deg - neutral.pitch_deg) <= 12
        and face.eye_openness >= 0.7 * neutral.eye_openness
        and face.mouth_openness <= neutral.mouth_openness + 0.12
        and face.smile <= 1.06 * neutral.smile
    )


class _Held:
    """A state of the face that has to last: at least two frames and `hold_s`."""

    def __init__(self, hold_s: float) -> None:
        self._hold_s = hold_s
        self._since_s: float | None = None

    def update(self, present: bool, now_s: float) -> float | None:
        """Return since when, once the state has lasted."""
        if not present:
            self._since_s = None
        elif self._since_s is None:
            self._since_s = now_s
        elif now_s - self._since_s >= self._hold_s - ROUNDING_S:
            return self._since_s
        return None


class _Blink:
    """Eyes closing and opening again within `MAX_BLINK_S`; longer is not a blink."""

    def __init__(self) -> None:
        self._closed_at_s: float | None = None

    def update(self, openness: float, now_s: float) -> float | None:
        """Return when the eyes closed, in the frame in which they are open again; `openness` is 1 at rest."""
        if openness < 0.55 and self._closed_at_s is None:
            self._closed_at_s = now_s
        if openness <= 0.7 or self._closed_at_s is None:
            return None
        closed_at_s, self._closed_at_s = self._closed_at_s, None
        return closed_at_s if now_s - closed_at_s <= MAX_BLINK_S else None


class GestureDetector:
    """Recognises gestures that begin and end while it is fed; a new one knows nothing of what was before."""

    def __init__(self, neutral: NeutralFace) -> None:
        self.neutral = neutral
        self._blink = _Blink()
        self._held = {
            Gesture.TURN_LEFT: _Held(0.03),
            Gesture.TURN_RIGHT: _Held(0.03),
            Gesture.OPEN_MOUTH: _Held(0.15),
            Gesture.SMILE: _Held(0.2),
        }

    def update(self, face: FaceObservation, now_s: float, asked: Gesture) -> Mapping[Gesture, float]:
        """Return the gestures complete in this frame and when each began.

        `asked` has the benefit of the doubt: a broad smile shows teeth, and a mouth on its way open may widen.
        """
        yaw_deg = face.head_pose.yaw_deg - self.neutral.yaw_deg
        opening = face.mouth_openness - self.neutral.mouth_openness
        widening = face.smile / self.neutral.smile
        closed_enough = {Gesture.SMILE: math.inf, Gesture.OPEN_MOUTH: 0.08}.get(asked, 0.25)
        present = {
            Gesture.TURN_LEFT: yaw_deg >= 15,
            Gesture.TURN_RIGHT: yaw_deg <= -15,
            Gesture.OPEN_MOUTH: opening >= 0.25 and not (asked is Gesture.SMILE and widening >= 1.06),
            # A turned head shortens the mouth and the distance of the eyes unequally: frontal smiles only.
            Gesture.SMILE: widening >= 1.10 and abs(yaw_deg) < 10 and opening < closed_enough,
        }
        begun_at_s = {gesture: held.update(present[gesture], now_s) for gesture, held in self._held.items()}
        blinked_at_s = self._blink.update(face.eye_openness / self.neutral.eye_openness, now_s)
        begun_at_s[Gesture.BLINK] = blinked_at_s if abs(yaw_deg) < 12 else None
        return {gesture: since_s for gesture, since_s in begun_at_s.items() if since_s is not None}
