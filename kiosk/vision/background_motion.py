"""Follows what surrounds the head from frame to frame, to tell whether it moves along with the face. Judges nothing.

Corners in a ring beside and above the head, followed by pyramidal Lucas-Kanade on a small grey picture. Hair and
shoulders belong to the person and are left out, and so is everything below the chin. Keeps one small grey picture.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.verification.observation import BackgroundMotion
from kiosk.vision.face_geometry import FACE_OVAL, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS, Landmarks

_WIDTH_PX = 320
"""Of the small picture."""
_MOST_POINTS = 40
_NEIGHBOURHOOD = np.ones((9, 9), np.uint8)
_LEAST_CORNER = 2e-5
"""Smallest eigenvalue of the gradients around a corner, of grey 0…1: fainter ones are noise."""
_WINDOW_PX = 13
_THERE_AND_BACK_PX = 0.5
_HEAD_WIDTHS = 0.95
"""From the middle of the face to the side of the head with its hair, in widths of the face."""
_HEAD_UP_HEIGHTS = 1.1
"""From the middle of the face to above the hair, in heights of the face."""
_RING_WIDTHS = 2.2
"""Outer edge of the ring: further away is no longer next to the face."""
_RING_UP_HEIGHTS = 1.8
_RING_DOWN_HEIGHTS = 0.3
"""Shoulders begin at the chin."""
_LEAST_ON_SIDE = 4
_MIDDLE = (*RIGHT_EYE_CORNERS, *LEFT_EYE_CORNERS, 1, 6, 168)
"""Points of the face that speaking and smiling leave alone."""

Grey = NDArray[np.uint8]
Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Last:
    grey: Grey
    landmarks: NDArray[np.float64]
    scale: float
    """Pixels of the frame in one of the small picture."""


class BackgroundFollower:
    """Remembers one small grey frame; use it from one thread, and `reset` when the subject changes."""

    def __init__(self) -> None:
        self._last: _Last | None = None

    def follow(self, pixels: NDArray[np.uint8], landmarks: Landmarks) -> BackgroundMotion | None:
        """Take the next (height, width, 3) uint8 RGB frame; None for the first."""
        points = landmarks[:, :2].astype(np.float64)
        if not np.isfinite(points).all():
            self._last = None
            return None
        scale = max(1.0, pixels.shape[1] / _WIDTH_PX)
        small = (max(1, round(pixels.shape[1] / scale)), max(1, round(pixels.shape[0] / scale)))
        # INTER_AREA is smoother, and takes longer than all the rest together.
        grey = cv2.cvtColor(cv2.resize(pixels, small, interpolation=cv2.INTER_LINEAR), cv2.COLOR_RGB2GRAY)
        last, self._last = self._last, _Last(grey, points, scale)
        if last is None or last.grey.shape != grey.shape:
            return None
        face = (points[list(_MIDDLE)] - last.landmarks[list(_MIDDLE)]).mean(axis=0)
        middle_x = float(last.landmarks[list(_MIDDLE), 0].mean()) / scale
        shift, count = _background_shift(last, grey, middle_x)
        return BackgroundMotion(float(shift[0]) * scale, float(shift[1]) * scale, float(face[0]), float(face[1]), count)

    def reset(self) -> None:
        """Forget the last frame."""
        self._last = None


def _background_shift(last: _Last, grey: Grey, middle_x: float) -> tuple[NDArray[np.float32], int]:
    """(2,) small pixels from the last picture to this one, and from how many corners.

    Where there are corners on both sides of the head, the side that moves less: hair or a sleeve in the ring moves with
    the face, but hardly on both sides.
    """
    corners, shifts = _followed(last, grey)
    if not len(corners):
        return np.zeros(2, np.float32), 0
    right = corners[:, 0] > middle_x
    sides = [shifts[side] for side in (right, ~right) if int(side.sum()) >= _LEAST_ON_SIDE]
    medians = [np.median(side, axis=0) for side in (sides if len(sides) == 2 else [shifts])]
    return min(medians, key=lambda shift: float(np.hypot(*shift))), len(corners)


def _followed(last: _Last, grey: Grey) -> tuple[Points, Points]:
    """Corners of the last picture that were followed there and back, and their shifts, (corners, 2) small pixels."""
    corners = _corners(last.grey, _ring(last.grey.shape, last.landmarks / last.scale))
    if not len(corners):
        return corners, corners
    size = (_WINDOW_PX, _WINDOW_PX)
    there, found, _ = cv2.calcOpticalFlowPyrLK(last.grey, grey, corners, None, winSize=size, maxLevel=2)
    back, found_back, _ = cv2.calcOpticalFlowPyrLK(grey, last.grey, there, None, winSize=size, maxLevel=2)
    away = np.abs(back - corners).max(axis=1)
    kept = (found[:, 0] == 1) & (found_back[:, 0] == 1) & (away <= _THERE_AND_BACK_PX)
    return corners[kept], (there - corners)[kept]


def _corners(grey: Grey, ring: Grey) -> Points:
    """(corners, 2) float32 in the ring, the strongest in their neighbourhood; none where there is nothing but noise."""
    strength = cv2.cornerMinEigenVal(cv2.GaussianBlur(grey, (5, 5), 1.2), 3)
    peaks = (strength >= cv2.dilate(strength, _NEIGHBOURHOOD)) & (ring > 0) & (strength >= _LEAST_CORNER)
    rows, columns = np.nonzero(peaks)
    strongest = np.argsort(-strength[rows, columns])[:_MOST_POINTS]
    return np.asarray(np.stack([columns[strongest], rows[strongest]], axis=1), dtype=np.float32)


def _ring(shape: tuple[int, ...], landmarks: NDArray[np.float64]) -> Grey:
    """255 where background may be looked for: around the head and its hair, above the shoulders."""
    oval = landmarks[list(FACE_OVAL)]
    (left, top), (right, bottom) = oval.min(axis=0), oval.max(axis=0)
    wide, high = max(right - left, 1.0), max(bottom - top, 1.0)
    x, y = (left + right) / 2, (top + bottom) / 2
    ring = np.zeros(shape, np.uint8)
    outer = (
        x - _RING_WIDTHS * wide,
        y - _RING_UP_HEIGHTS * high,
        x + _RING_WIDTHS * wide,
        y + _RING_DOWN_HEIGHTS * high,
    )
    x0, y0, x1, y1 = (int(np.clip(edge, -10, 10_000)) for edge in outer)
    ring[max(y0, 0) : max(y1, 0), max(x0, 0) : max(x1, 0)] = 255
    axes = (int(min(_HEAD_WIDTHS * wide, 10_000)), int(min(_HEAD_UP_HEIGHTS * high, 10_000)))
    cv2.ellipse(ring, (int(np.clip(x, -1e4, 1e4)), int(np.clip(y, -1e4, 1e4))), axes, 0, 0, 360, 0, -1)
    # Below the middle of the face hair and neck go straight down.
    n0, n1 = int(np.clip(x - axes[0], 0, 1e4)), int(np.clip(x + axes[0], 0, 1e4))
    ring[max(0, int(np.clip(y, 0, 1e4))) :, n0:n1] = 0
    return ring
