"""Depth from motion: a head that turns is no plane and no bent sheet, and moves apart from what is behind it.

Looks at every turn the face makes, asked for or not: one flat turn outweighs any number of solid ones. Where the lines
lie, and why, is in `docs/thresholds.md`. A recorded head on a screen that stands still turns like one: not seen here.
"""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from kiosk.verification.gestures import ROUNDING_S
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict, PadLayer
from kiosk.verification.observation import FaceObservation, FrameObservation
from kiosk.verification.relief import RestingFace, Shape, Turn, shape_of
from kiosk.verification.sway import Company, Sway

TURN_BEGINS = 0.25
"""Sine of the turn from which on a face counts as turned; a resting face jitters below it."""
PEAK_SHARE = 0.75
"""Frames with at least this share of a turn's furthest are judged, and their median counts."""
PEAK_FRAMES = 3
PEAK_S = 0.15
"""…if they are enough, and last."""

SOLID_SOLIDITY = 0.50
SOLID_RELIEF = 0.16
SOLID_UNEXPLAINED = 0.75
SOLID_PLANE_RESIDUAL = 0.03
SOLID_NOSE_SHIFT = 0.05
FLAT_SOLIDITY = 0.33
FLAT_FORESHORTENING = 0.35
ALONE_SOLIDITY = 0.53
"""What a turn must reach where no background can be followed."""
ALONE_RELIEF = 0.18

_REST_FRAMES = 9
_LEAST_REST_FRAMES = 3
_REST_YAW_DEG, _REST_PITCH_DEG = 12.0, 25.0
_LONGEST_GAP_S = 0.5
_MOST_FRAMES = 1200


class TurnKind(StrEnum):
    """What one turn looks like."""

    SOLID = "solid"
    FLAT = "flat"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class JudgedTurn:
    """One turn away from the resting face: the median of the frames in which it was furthest."""

    kind: TurnKind
    from_s: float
    until_s: float
    middle: Turn
    plane_residual: float


@dataclass(frozen=True, slots=True)
class _Seen:
    at_s: float
    yaw_deg: float
    pitch_deg: float
    shape: Shape


class DepthCheck:
    """The layer of one attempt."""

    def __init__(self) -> None:
        self._seen: deque[_Seen] = deque(maxlen=_MOST_FRAMES)
        self._sway = Sway()

    def observe(self, observation: FrameObservation) -> None:
        """Take the next frame."""
        face, at_s = observation.face, observation.captured_at_s
        if face is None or not math.isfinite(at_s):
            self._sway.observe(None, 0.0, at_s)
            return
        self._sway.observe(observation.background, face.inter_eye_px, at_s)
        shape = _measurable_shape(face)
        if shape is not None:
            self._seen.append(_Seen(at_s, face.head_pose.yaw_deg, face.head_pose.pitch_deg, shape))

    def evidence(self) -> LayerEvidence:
        resting = _resting_face(self._seen)
        if resting is None:
            return LayerEvidence(PadLayer.DEPTH, LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN)
        turns = _turns(self._seen, resting)
        stretches = tuple((turn.from_s, turn.until_s) for turn in turns)
        verdict, finding = _judge(turns, self._sway.company(stretches))
        return LayerEvidence(PadLayer.DEPTH, verdict, finding, self._measures(turns))

    def _measures(self, turns: Sequence[JudgedTurn]) -> dict[str, float]:
        """The numbers of the turn that decided: the flattest of those that were clear."""
        measures = {"turns": float(len(turns)), "background_followed": float(self._sway.is_followed)}
        share = self._sway.share()
        if share is not None:
            measures["moves_with_background"] = share
        if turns:
            clear = [turn for turn in turns if turn.kind is not TurnKind.UNCLEAR]
            worst = min(clear or turns, key=lambda turn: turn.middle.solidity)
            measures |= {
                "solidity": worst.middle.solidity,
                "relief": worst.middle.relief,
                "foreshortening": worst.middle.foreshortening,
                "unexplained": worst.middle.unexplained,
                "sheet_residual": worst.middle.sheet_residual,
                "plane_residual": worst.plane_residual,
                "nose_shift": worst.middle.nose_shift,
            }
        return measures


def _judge(turns: Sequence[JudgedTurn], company: Company) -> tuple[LayerVerdict, Finding]:
    """The worst clear evidence counts."""
    if any(turn.kind is TurnKind.FLAT for turn in turns):
        return LayerVerdict.FAILED, Finding.FLAT
    if company is Company.TOGETHER:
        return LayerVerdict.FAILED, Finding.MOVES_WITH_BACKGROUND
    solid = [turn for turn in turns if turn.kind is TurnKind.SOLID]
    if not solid:
        return LayerVerdict.NOT_MEASURED, Finding.NO_TURN
    if company is Company.APART or all(_stands_alone(turn) for turn in solid):
        return LayerVerdict.PASSED, Finding.IN_ORDER
    return LayerVerdict.NOT_MEASURED, Finding.NO_BACKGROUND


def _stands_alone(turn: JudgedTurn) -> bool:
    return turn.middle.solidity >= ALONE_SOLIDITY and turn.middle.relief >= ALONE_RELIEF


def _measurable_shape(face: FaceObservation) -> Shape | None:
    pose = face.head_pose
    return shape_of(face) if math.isfinite(pose.yaw_deg) and math.isfinite(pose.pitch_deg) else None


def _resting_face(seen: Sequence[_Seen]) -> RestingFace | None:
    """The mean of the frontal frames nearest to how the face mostly is."""
    frontal = [one for one in seen if abs(one.yaw_deg) <= _REST_YAW_DEG and abs(one.pitch_deg) <= _REST_PITCH_DEG]
    if len(frontal) < _LEAST_REST_FRAMES:
        return None
    yaw_deg = float(np.median([one.yaw_deg for one in frontal]))
    pitch_deg = float(np.median([one.pitch_deg for one in frontal]))
    nearest = sorted(frontal, key=lambda one: math.hypot(one.yaw_deg - yaw_deg, one.pitch_deg - pitch_deg))
    resting = RestingFace([one.shape for one in nearest[:_REST_FRAMES]])
    return resting if resting.has_relief else None


def _turns(seen: Sequence[_Seen], resting: RestingFace) -> tuple[JudgedTurn, ...]:
    """Cut what was seen into turns, stretches of frames without a hole in which the face is not as at rest."""
    judged = []
    stretch: list[tuple[_Seen, Turn]] = []
    for one, turn in zip(seen, resting.turns([one.shape for one in seen]), strict=True):
        if stretch and (turn.extent < TURN_BEGINS or not 0 <= one.at_s - stretch[-1][0].at_s <= _LONGEST_GAP_S):
            judged.append(_judged(stretch, resting))
            stretch = []
        if turn.extent >= TURN_BEGINS:
            stretch.append((one, turn))
    if stretch:
        judged.append(_judged(stretch, resting))
    return tuple(turn for turn in judged if turn is not None)


def _judged(stretch: Sequence[tuple[_Seen, Turn]], resting: RestingFace) -> JudgedTurn | None:
    furthest = max(turn.extent for _, turn in stretch)
    peak = [(one, turn) for one, turn in stretch if turn.extent >= PEAK_SHARE * furthest]
    if len(peak) < PEAK_FRAMES or peak[-1][0].at_s - peak[0][0].at_s < PEAK_S - ROUNDING_S:
        return None
    middle = Turn(
        relief=float(np.median([turn.relief for _, turn in peak])),
        foreshortening=float(np.median([turn.foreshortening for _, turn in peak])),
        sheet_residual=float(np.median([turn.sheet_residual for _, turn in peak])),
        solid_residual=float(np.median([turn.solid_residual for _, turn in peak])),
        nose_shift=float(np.median([turn.nose_shift for _, turn in peak])),
    )
    some = peak[:: max(1, len(peak) // PEAK_FRAMES)]
    plane_residual = float(np.median([resting.plane_residual(one.shape) for one, _ in some]))
    return JudgedTurn(_kind(middle, plane_residual), stretch[0][0].at_s, stretch[-1][0].at_s, middle, plane_residual)


def _kind(turn: Turn, plane_residual: float) -> TurnKind:
    """Flat or solid only where it is plain."""
    if turn.solidity <= FLAT_SOLIDITY and turn.foreshortening >= FLAT_FORESHORTENING:
        return TurnKind.FLAT
    solid = (
        turn.solidity >= SOLID_SOLIDITY
        and turn.relief >= SOLID_RELIEF
        and turn.unexplained <= SOLID_UNEXPLAINED
        and turn.nose_shift >= SOLID_NOSE_SHIFT
        and plane_residual >= SOLID_PLANE_RESIDUAL
    )
    return TurnKind.SOLID if solid else TurnKind.UNCLEAR
