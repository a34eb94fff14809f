"""Looks for what surfaces have that faces have not: grids, dots, straight edges, burnt-out glare. Judges nothing."""

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.verification.observation import TextureSample
from kiosk.vision.face_geometry import FACE_OVAL, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS, Landmarks
from kiosk.vision.periodic_structure import periodicity
from kiosk.vision.straight_edges import frame_of_lines

_SMALLEST_FACE_PX = 32
_INNER_SIDES, _INNER_TOP, _INNER_BOTTOM = 0.15, 0.12, 0.08
"""What is left out of the face's box: its edge, hair, chin."""
_DETAIL_FACE_PX = 96
"""Faces are reduced to this width for their detail, so that it does not depend on distance and grain."""
_FINE_PX, _COARSE_PX = 0.8, 1.6
_BURNT_OUT, _WHITE = (250, 250, 250), (255, 255, 255)
_FARTHEST_PX = 10_000
_GLARE_SPOT = 1 / 20
"""Of the face's width: a smaller highlight is one of living skin or of an eye."""


def measure_texture(pixels: NDArray[np.uint8], landmarks: Landmarks) -> TextureSample | None:
    """Measure a (height, width, 3) uint8 RGB frame at its full resolution; some 10 ms, so not on every frame.

    None where there is no whole face in it to measure.
    """
    box = _inner_face(landmarks, pixels.shape[1], pixels.shape[0])
    if box is None:
        return None
    rows, columns, width_px = box
    grey: NDArray[np.uint8] = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    face = np.ascontiguousarray(grey[rows, columns])
    frame = frame_of_lines(grey, landmarks)
    return TextureSample(
        periodicity=periodicity(face),
        fine_detail=_fine_detail(face, width_px),
        straight_edges=frame.in_front,
        glare=_glare(pixels, landmarks, rows, columns, width_px),
        edges_around=frame.around,
        edges_x_px=frame.x_px,
    )


def _inner_face(landmarks: Landmarks, width: int, height: int) -> tuple[slice, slice, float] | None:
    """Rows and columns of the face without its edge, and the face's width; None where too little is in the picture."""
    oval = landmarks[list(FACE_OVAL), :2].astype(np.float64)
    if not np.isfinite(landmarks[:, :2]).all():
        return None
    (left, top), (right, bottom) = oval.min(axis=0), oval.max(axis=0)
    across, down = right - left, bottom - top
    first_row, last_row = max(0.0, top + _INNER_TOP * down), min(float(height), bottom - _INNER_BOTTOM * down)
    first, last = max(0.0, left + _INNER_SIDES * across), min(float(width), right - _INNER_SIDES * across)
    if last_row - first_row < _SMALLEST_FACE_PX or last - first < _SMALLEST_FACE_PX:
        return None
    return slice(int(first_row), int(last_row)), slice(int(first), int(last)), float(across)


def _fine_detail(face: NDArray[np.uint8], width_px: float) -> float:
    """Spread of the finest structure over that of all, 0…1, at a common size."""
    scale = min(1.0, _DETAIL_FACE_PX / width_px)
    common = cv2.resize(face, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA).astype(np.float32)
    fine = cv2.GaussianBlur(common, (0, 0), _FINE_PX) - cv2.GaussianBlur(common, (0, 0), _COARSE_PX)
    return min(1.0, float(fine.std()) / max(float(common.std()), 1.0))


def _glare(pixels: NDArray[np.uint8], landmarks: Landmarks, rows: slice, columns: slice, width_px: float) -> float:
    """Share of the inner face, eyes left out, that lies in spots burnt out in all colours."""
    burnt = cv2.inRange(pixels[rows, columns], _BURNT_OUT, _WHITE)
    for corners in (RIGHT_EYE_CORNERS, LEFT_EYE_CORNERS):
        outer, inner = landmarks[list(corners), :2].astype(np.float64)
        x, y = (outer + inner) / 2 - (columns.start, rows.start)
        x, y, radius = np.clip((x, y, np.hypot(*(outer - inner))), -_FARTHEST_PX, _FARTHEST_PX).astype(int)
        cv2.circle(burnt, (int(x), int(y)), max(1, int(radius)), 0, -1)
    spot = max(3, round(width_px * _GLARE_SPOT))
    return float(cv2.morphologyEx(burnt, cv2.MORPH_OPEN, np.ones((spot, spot), np.uint8)).mean()) / 255
