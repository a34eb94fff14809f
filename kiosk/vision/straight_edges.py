"""Looks for the frame of a picture around a face: paper edges, bezels. Long straight lines that close before the body.

A door frame or a notice board behind a person has straight edges too, but the body hides their lower part: so only
what is seen below the chin, in front of where the shoulders are, makes a frame of lines. Judges nothing.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.vision.face_geometry import FACE_OVAL, Landmarks, eye_centres

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

_UNIT_PX = 56.0
"""A face is scaled to this width; thinner lines than a seventieth of it are not looked for."""
_LEFT, _RIGHT, _TOP, _BOTTOM = -1.75, 1.75, -1.6, 1.95
"""What is looked at around the middle of the face, in its widths."""
_SIDE_FROM, _TOP_FROM, _CHIN = 0.56, 0.72, 0.75
"""Where, from the middle of the face, an edge beside, above, below it can be."""
_SHOULDERS, _SLOPE, _NECK = 1.05, 0.8, 0.7
"""Below this a person hides what is behind, out to `_NECK` from the middle; further out, shoulders fall off."""
_LEAST_CROSSING = 0.15
_LEAN = 0.25
"""Tangent of how far an edge may lean from the face's own upright."""
_TOGETHER = 0.03
"""How far apart pieces of one edge may lie, in face widths."""
_SHORTEST = 0.12
_LINES_EACH = 8
_STEP = 0.05
_OVERSHOOT = 0.5
"""Length beyond a corner over which a line that goes on is counted against it."""


@dataclass(frozen=True, slots=True)
class FrameOfLines:
    """The best frame that straight edges make up around a face."""

    in_front: float = 0.0
    """Part of it that is there, 0…1, and in front of whoever would stand there: a sheet or a screen."""
    around: float = 0.0
    """The same without asking what it stands in front of: it may be a door."""
    x_px: float = math.nan
    """Where that one stands in the picture; NaN where it has no upright edge."""


@dataclass(frozen=True, slots=True)
class _Lines:
    """Up to `_LINES_EACH` lines of one direction, and one that stands for none at all, the last."""

    offset: FloatArray
    """Place across at zero along."""
    slope: FloatArray
    covered: FloatArray
    """(lines, steps + 1) length covered up to each step along, in face widths."""
    start: float
    is_none: BoolArray

    def at(self, along: FloatArray | float) -> FloatArray:
        return np.asarray(self.offset + self.slope * along)

    def length(self, number: NDArray[np.intp], since: FloatArray, until: FloatArray) -> FloatArray:
        """Return the length covered between two places along, for arrays of lines."""
        steps = self.covered.shape[1] - 1
        first = np.clip(np.rint((since - self.start) / _STEP), 0, steps).astype(np.intp)
        last = np.clip(np.rint((until - self.start) / _STEP), 0, steps).astype(np.intp)
        return np.asarray(self.covered[number, last] - self.covered[number, first])


def frame_of_lines(grey: NDArray[np.uint8], landmarks: Landmarks) -> FrameOfLines:
    """Look for a frame around the face in a (height, width) picture."""
    placing = _placing(landmarks)
    if placing is None:
        return FrameOfLines()
    segments, top, bottom = _segments(grey, placing)
    across = segments[:, [1, 0, 3, 2]]
    left = _lines(segments, (_LEFT, -_SIDE_FROM), (_TOP, _BOTTOM), _LEFT)
    right = _lines(segments, (_SIDE_FROM, _RIGHT), (_TOP, _BOTTOM), _RIGHT)
    above = _lines(across, (_TOP, -_TOP_FROM), (_LEFT, _RIGHT), top)
    below = _lines(across, (_CHIN, _BOTTOM), (_LEFT, _RIGHT), bottom)
    return _best_frame((left, right, above, below), top, bottom, placing)


def _placing(landmarks: Landmarks) -> FloatArray | None:
    """(2, 3) from pixels to the upright face, scaled to `_UNIT_PX`; None for a face without size."""
    right, left = eye_centres(landmarks)
    towards = (left - right) / max(float(np.hypot(*(left - right))), 1e-6)
    turn = np.array([[towards[0], towards[1]], [-towards[1], towards[0]]])
    oval = landmarks[list(FACE_OVAL), :2].astype(np.float64) @ turn.T
    low, high = oval.min(axis=0), oval.max(axis=0)
    width = max(high[0] - low[0], 0.78 * (high[1] - low[1]))  # a turned face is as wide as ever
    if not np.isfinite(width) or not 20 <= width <= 4000:
        return None
    scale = _UNIT_PX / width
    shift = -scale * (low + high) / 2 - np.array([_LEFT, _TOP]) * _UNIT_PX
    return np.column_stack((scale * turn, shift))


def _segments(grey: NDArray[np.uint8], placing: FloatArray) -> tuple[FloatArray, float, float]:
    """(n, 4) segments x, y, x, y in face widths from the middle; and from where to where the picture is seen."""
    size = (round((_RIGHT - _LEFT) * _UNIT_PX), round((_BOTTOM - _TOP) * _UNIT_PX))
    shrink = max(1, int(1 / np.hypot(*placing[0, :2])))
    if shrink > 1:
        grey = cv2.resize(grey, None, fx=1 / shrink, fy=1 / shrink, interpolation=cv2.INTER_AREA)
        placing = placing * np.array([shrink, shrink, 1.0])
    crop = cv2.warpAffine(grey, placing, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen = cv2.warpAffine(np.full(grey.shape, 255, np.uint8), placing, size, flags=cv2.INTER_NEAREST)
    seen = cv2.erode(seen, np.ones((5, 5), np.uint8))
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_NONE).detect(crop)[0]
    ends = np.zeros((0, 4)) if found is None else found.reshape(-1, 4).astype(np.float64)
    middle = np.rint((ends[:, :2] + ends[:, 2:]) / 2).astype(np.intp)
    inside = seen[np.clip(middle[:, 1], 0, size[1] - 1), np.clip(middle[:, 0], 0, size[0] - 1)] > 0
    rows = np.flatnonzero(seen[:, size[0] // 2])
    top, bottom = (float(rows[0]), float(rows[-1])) if rows.size else (0.0, 0.0)
    corner = np.array([_LEFT, _TOP, _LEFT, _TOP])
    return ends[inside] / _UNIT_PX + corner, top / _UNIT_PX + _TOP, bottom / _UNIT_PX + _TOP


def _lines(segments: FloatArray, place: tuple[float, float], span: tuple[float, float], none_at: float) -> _Lines:
    """Gather segments that run along the second axis into lines whose place on the first is within `place`."""
    way = segments[:, 2:] - segments[:, :2]
    middle = (segments[:, :2] + segments[:, 2:]) / 2
    fits = (np.abs(way[:, 0]) < _LEAN * np.abs(way[:, 1])) & (np.abs(way[:, 1]) > _SHORTEST)
    fits &= (middle[:, 0] > place[0]) & (middle[:, 0] < place[1])
    segments, way, middle = segments[fits], way[fits], middle[fits]
    order = np.argsort(-np.abs(way[:, 1]))[:_LINES_EACH]
    slope = way[order, 0] / way[order, 1]
    offset = middle[order, 0] - slope * middle[order, 1]
    steps = np.arange(span[0] + _STEP / 2, span[1], _STEP)
    off = np.maximum(*(np.abs(segments[:, e] - offset[:, None] - slope[:, None] * segments[:, e + 1]) for e in (0, 2)))
    reach = _TOGETHER + 0.02 * np.abs(middle[:, 1] - middle[order, 1][:, None])
    since, until = segments[:, [1, 3]].min(axis=1, initial=9.0), segments[:, [1, 3]].max(axis=1, initial=-9.0)
    occupied = (since[:, None] <= steps) & (steps <= until[:, None])
    covered = ((off < reach).astype(np.float64) @ occupied.astype(np.float64)) > 0
    lengths = np.zeros((len(order) + 1, steps.size + 1))
    lengths[:-1, 1:] = np.cumsum(covered, axis=1) * _STEP
    is_none = np.arange(len(order) + 1) == len(order)
    return _Lines(np.append(offset, none_at), np.append(slope, 0.0), lengths, span[0], is_none)


def _best_frame(
    sides: tuple[_Lines, _Lines, _Lines, _Lines], top: float, bottom: float, at: FloatArray
) -> FrameOfLines:
    """Try every four lines as a frame; a side out of sight is not missed."""
    left, right, above, below = sides
    le, ri, ab, be = np.ix_(*(np.arange(lines.offset.size) for lines in sides))
    (x_al, y_al), (x_bl, y_bl) = _corner(left, le, above, ab), _corner(left, le, below, be)
    (x_ar, y_ar), (x_br, y_br) = _corner(right, ri, above, ab), _corner(right, ri, below, be)
    shares = [
        _share(left, le, y_al, y_bl), _share(right, ri, y_ar, y_br),
        _share(above, ab, x_al, x_ar), _share(below, be, x_bl, x_br),
    ]  # fmt: skip
    hidden_above, hidden_below = above.is_none[ab] & (top > _TOP + 0.1), below.is_none[be] & (bottom < _BOTTOM - 0.1)
    whole = sum(shares) / (4.0 - hidden_above - hidden_below)
    crossing = np.maximum(_crossing(left, le, y_bl), _crossing(right, ri, y_br))
    in_front = np.minimum(whole, np.maximum(shares[3], crossing))
    best = np.unravel_index(np.argmax(whole), whole.shape)
    x_px = _x_in_picture(_middle(left, right, best[0], best[1]), _middle(above, below, best[2], best[3]), at)
    return FrameOfLines(float(in_front.max()), float(whole.max()), x_px)


def _middle(one: _Lines, other: _Lines, first: np.intp, second: np.intp) -> float:
    """Mean place of two opposite lines where they pass the face; NaN where neither is one."""
    found = [lines.offset[number] for lines, number in ((one, first), (other, second)) if not lines.is_none[number]]
    return float(np.mean(found)) if found else math.nan


def _x_in_picture(x: float, y: float, placing: FloatArray) -> float:
    """Pixels of the picture from its left; at the face's own height where there is no level edge (y NaN)."""
    if math.isnan(x):
        return math.nan
    own = np.array([x, 0.0 if math.isnan(y) else y])
    on_crop = (own - (_LEFT, _TOP)) * _UNIT_PX
    return float(np.linalg.solve(placing[:, :2], on_crop - placing[:, 2])[0])


def _corner(side: _Lines, s: NDArray[np.intp], level: _Lines, v: NDArray[np.intp]) -> tuple[FloatArray, FloatArray]:
    """Where an upright and a level line meet, x and y."""
    x = (side.offset[s] + side.slope[s] * level.offset[v]) / (1 - side.slope[s] * level.slope[v])
    return x, level.offset[v] + level.slope[v] * x


def _share(lines: _Lines, number: NDArray[np.intp], since: FloatArray, until: FloatArray) -> FloatArray:
    """Part of the way from corner to corner that is covered, less what goes on beyond the corners."""
    beyond = lines.length(number, since - _OVERSHOOT, since - 0.1) + lines.length(
        number, until + 0.1, until + _OVERSHOOT
    )
    share: FloatArray = np.clip(
        (lines.length(number, since, until) - beyond) / np.maximum(until - since, 0.5), 0.0, 1.0
    )
    return share


def _crossing(lines: _Lines, number: NDArray[np.intp], until: FloatArray) -> FloatArray:
    """How far a line beside the face goes on below the shoulders, where a person would hide what is behind."""
    zero = np.zeros_like(until)
    since = _SHOULDERS + _SLOPE * np.maximum(np.abs(lines.at(_SHOULDERS)) - _NECK, 0.0)[number] + zero
    beside = lines.length(number, zero, zero + 0.8) / 0.8
    low = lines.length(number, since, until) / np.maximum(until - since, _LEAST_CROSSING)
    return np.where(until - since >= _LEAST_CROSSING, np.minimum(beside, low), 0.0)
