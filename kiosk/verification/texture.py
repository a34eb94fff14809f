"""Texture and frame: grids, printing dots, paper edges, bezels, lost detail, from numbers of some frames.

Most of an attempt's samples decide, not one. Where the lines lie and why: `docs/thresholds.md`.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict, PadLayer
from kiosk.verification.observation import FaceObservation, FrameObservation, TextureSample

FEWEST_SAMPLES = 3
GRID_FROM = 7.0
"""Upper quartile of `periodicity`: a grid may show in some frames only, and living faces stay below it in all."""
SHEET_FROM = 0.62
"""Median of `straight_edges` that only a sheet or a screen has."""
SHEET_WITH_GLARE_FROM = 0.48
"""The same where the face carries a burnt-out reflection; below it, nothing is said of an edge that stands still."""
GLARE_FROM = 0.03
STANDING_SHEET_FROM = 0.85
"""The same of edges that stand quite still while the face moves before them: a screen on a stand, or nearly a door."""
STANDS_WITHIN = (0.8, 1.2)
"""Difference between the ways of edges and face, in ways of the face, of edges that stand still."""
MOVING_SHEET_FROM = 0.36
"""The same of edges that move with the face: a door does not."""
MOVING_FRAME_FROM = 0.6
"""Median of `edges_around` that is enough of those; a headscarf moves with the face too and stays below it."""
MOVED_FROM = 0.05
"""Inter-eye distances to the side from where the face mostly is: far enough to tell what moves with it."""
FEWEST_MOVED = 3
MOVES_ALONG_WITHIN = 0.5
"""Largest median difference between the ways of edges and face, in ways of the face; a door's is 1."""
HELD_FRAME_FROM = 0.85
"""Median of `edges_around` of edges that are not quite still: a hand holds them; the camera and doors stand still."""
WANDERS_FROM = 0.012
"""Median way of the edges themselves, in inter-eye distances; what stands still is placed to 0.005."""
SAME_EDGES_WITHIN, SAME_EDGES_SHARE = 0.25, 0.9
"""Nearly all samples must be of the same edges: so near each other, in inter-eye distances."""
BLURRED_BELOW = 0.05
"""Median of `fine_detail`."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one frame adds."""

    sample: TextureSample
    face_x_px: float
    inter_eye_px: float


class TextureCheck:
    """The layer of one attempt."""

    def __init__(self) -> None:
        self._seen: list[_Seen] = []

    def observe(self, observation: FrameObservation) -> None:
        """Take the next frame; one without a sample, or with one that is no number, adds nothing."""
        sample, face = observation.texture, observation.face
        if sample is None or face is None or not _is_sound(sample, face):
            return
        self._seen.append(_Seen(sample, face.centre_x * observation.width, face.inter_eye_px))

    def evidence(self) -> LayerEvidence:
        if len(self._seen) < FEWEST_SAMPLES:
            return LayerEvidence(PadLayer.TEXTURE, LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN)
        measures = _measures(self._seen)
        verdict, finding = _judge(measures)
        return LayerEvidence(PadLayer.TEXTURE, verdict, finding, measures)


def _is_sound(sample: TextureSample, face: FaceObservation) -> bool:
    """Numbers that a measurement can give; where edges stand may be unknown."""
    shares = (sample.fine_detail, sample.straight_edges, sample.glare, sample.edges_around)
    known = math.isfinite(face.centre_x) and math.isfinite(face.inter_eye_px) and face.inter_eye_px > 0
    return known and 0 <= sample.periodicity < math.inf and all(0 <= share <= 1 for share in shares)


def _measures(seen: list[_Seen]) -> dict[str, float]:
    samples = [frame.sample for frame in seen]
    moved, apart = _ways(seen)
    inter_eye_px = float(np.median([frame.inter_eye_px for frame in seen]))
    return {
        "samples": float(len(seen)),
        "periodicity": float(np.percentile([sample.periodicity for sample in samples], 75)),
        "fine_detail": float(np.median([sample.fine_detail for sample in samples])),
        "straight_edges": float(np.median([sample.straight_edges for sample in samples])),
        "edges_around": float(np.median([sample.edges_around for sample in samples])),
        "glare": float(np.median([sample.glare for sample in samples])),
        "moved": moved,
        "edges_apart": apart,
        "edges_wander": _wander([sample.edges_x_px for sample in samples], inter_eye_px),
    }


def _ways(seen: list[_Seen]) -> tuple[float, float]:
    """In how many samples the face was aside, and how differently upright edges went then: 0 with it, 1 standing still.

    Sideways only: there the edges of a sheet are seen even where hands or the picture's border hide the level ones.
    """
    placed = [frame for frame in seen if math.isfinite(frame.sample.edges_x_px)]
    if len(placed) < FEWEST_MOVED:
        return 0.0, 1.0
    face = _from_median([frame.face_x_px for frame in placed])
    edges = _from_median([frame.sample.edges_x_px for frame in placed])
    aside = np.abs(face) >= MOVED_FROM * np.median([frame.inter_eye_px for frame in placed])
    if not aside.any():
        return 0.0, 1.0
    return float(aside.sum()), float(np.median(np.abs(edges - face)[aside] / np.abs(face)[aside]))


def _wander(edges_x_px: list[float], inter_eye_px: float) -> float:
    """How far edges go to and fro, in inter-eye distances; 0 where it is not the same ones that are seen."""
    placed = [x_px for x_px in edges_x_px if math.isfinite(x_px)]
    if len(placed) < FEWEST_SAMPLES:
        return 0.0
    way = np.abs(_from_median(placed)) / inter_eye_px
    is_same = way <= SAME_EDGES_WITHIN
    return float(np.median(way[is_same])) if is_same.sum() >= SAME_EDGES_SHARE * len(edges_x_px) else 0.0


def _from_median(places_px: list[float]) -> NDArray[np.float64]:
    values = np.asarray(places_px, dtype=np.float64)
    return np.asarray(values - np.median(values))


def _judge(measures: dict[str, float]) -> tuple[LayerVerdict, Finding]:
    """The first thing that speaks against a living face, the surest first."""
    if measures["periodicity"] >= GRID_FROM:
        return LayerVerdict.FAILED, Finding.GRID
    if _has_sheet(measures):
        return LayerVerdict.FAILED, Finding.STRAIGHT_EDGES
    if measures["fine_detail"] < BLURRED_BELOW:
        return LayerVerdict.FAILED, Finding.BLURRED
    if measures["straight_edges"] >= SHEET_WITH_GLARE_FROM and measures["moved"] < FEWEST_MOVED:
        return LayerVerdict.NOT_MEASURED, Finding.STRAIGHT_EDGES
    return LayerVerdict.PASSED, Finding.IN_ORDER


def _has_sheet(measures: dict[str, float]) -> bool:
    """Whether there is a sheet or a screen around the face; what stands still behind a moving face needs more."""
    edges, around, apart = measures["straight_edges"], measures["edges_around"], measures["edges_apart"]
    has_moved = measures["moved"] >= FEWEST_MOVED
    if around >= HELD_FRAME_FROM and measures["edges_wander"] >= WANDERS_FROM:
        return True
    if has_moved and STANDS_WITHIN[0] <= apart <= STANDS_WITHIN[1]:
        return edges >= STANDING_SHEET_FROM
    if has_moved and apart <= MOVES_ALONG_WITHIN and (edges >= MOVING_SHEET_FROM or around >= MOVING_FRAME_FROM):
        return True
    return edges >= (SHEET_WITH_GLARE_FROM if measures["glare"] >= GLARE_FROM else SHEET_FROM)
