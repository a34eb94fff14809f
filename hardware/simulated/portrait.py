"""Lays a portrait out as the capture subject stands before the camera: enlarged, cut out, with room to move.

The canvas is the camera's picture plus a margin; everything later works in its coordinates. Nothing moves here.
"""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated.extension import extended
from hardware.simulated.face_points import LANDMARKS, LEFT_CHEEK, LEFT_EYE_CORNERS, RIGHT_CHEEK, RIGHT_EYE_CORNERS
from hardware.simulated.matte import person_opacity, soften

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

MARGIN_PX = 64
"""Canvas beyond the picture on every side, so that sway shows no edge."""
INTER_EYE_PX = 130.0
"""In a picture of 1280 × 720, where a customer at the terminal usually stands."""
_LEAST_INTER_EYE_PX = 12.0
_EYE_LINE = 0.41
"""Height of the eyes in the picture, 0 top … 1 bottom."""
_WORKING_INTER_EYE_PX = 85.0
"""Size at which the cut-out is looked for; finer costs seconds and shows nothing."""


@dataclass(frozen=True, slots=True)
class Sitter:
    """The person on the canvas, face to the camera."""

    layer: PixelArray
    """(height + 2 margins, width + 2 margins, 4) uint8: RGB already multiplied by its opacity, and opacity."""
    landmarks: FloatArray
    """(478, 3) float32 on the canvas, z in the same pixels, smaller nearer to the camera."""
    width: int
    """Of the camera's picture, without margins."""
    height: int


def seat(
    portrait: PixelArray, landmarks: FloatArray, width: int, height: int, inter_eye_px: float = INTER_EYE_PX
) -> Sitter:
    """Place the portrait on the canvas; raise `ValueError` for arrays of another shape.

    `portrait` is (h, w, 3) uint8 RGB, `landmarks` (478, 3) in its pixels; `inter_eye_px` is for 1280 × 720.
    """
    if portrait.ndim != 3 or portrait.shape[2] != 3 or portrait.dtype != np.uint8:
        raise ValueError("A portrait is a (height, width, 3) uint8 RGB picture.")
    if landmarks.shape != (LANDMARKS, 3) or not np.isfinite(landmarks).all():
        raise ValueError(f"A portrait needs ({LANDMARKS}, 3) finite landmarks in its own pixels.")
    points = landmarks.astype(np.float32)
    if np.linalg.norm(np.subtract(*_eye_centres(points))) < _LEAST_INTER_EYE_PX:
        raise ValueError(f"A portrait needs at least {_LEAST_INTER_EYE_PX:g} pixels between the eyes.")
    placing = _placing(points, width, height, inter_eye_px)
    scale = float(placing[0, 0])
    moved = np.column_stack((points[:, :2] @ placing[:, :2].T + placing[:, 2], points[:, 2] * scale))
    opacity, colour = _cut_out_once(portrait.shape, portrait.tobytes(), points.tobytes())
    layer = _on_canvas(colour, opacity, placing, (width + 2 * MARGIN_PX, height + 2 * MARGIN_PX))
    return Sitter(layer, moved.astype(np.float32), width, height)


def _placing(landmarks: FloatArray, width: int, height: int, inter_eye_px: float) -> FloatArray:
    """Scale and shift that puts the eyes where a kiosk sees them."""
    right, left = _eye_centres(landmarks)
    size = min(width / 1280, height / 720)
    scale = inter_eye_px * size / float(np.linalg.norm(left - right))
    middle = (left + right) / 2
    target = np.array([width / 2 + MARGIN_PX, height * _EYE_LINE + MARGIN_PX])
    shift = target - scale * middle
    return np.array([[scale, 0, shift[0]], [0, scale, shift[1]]], np.float32)


@lru_cache(maxsize=4)
def _cut_out_once(shape: tuple[int, ...], portrait: bytes, landmarks: bytes) -> tuple[FloatArray, PixelArray]:
    """A portrait is cut out once, however often and wherever it is seated; it takes most of the time."""
    pixels = np.frombuffer(portrait, np.uint8).reshape(shape)
    return _cut_out(pixels, np.frombuffer(landmarks, np.float32).reshape(LANDMARKS, 3))


def _cut_out(portrait: PixelArray, landmarks: FloatArray) -> tuple[FloatArray, PixelArray]:
    """Opacity, and the colours with those of the surroundings pushed out of the person's edge."""
    right, left = _eye_centres(landmarks)
    shrink = min(1.0, _WORKING_INTER_EYE_PX / float(np.linalg.norm(left - right)))
    small = cv2.resize(portrait, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    rough = person_opacity(small, landmarks * np.float32(shrink))
    full = cv2.resize(rough, portrait.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    face_w = float(np.linalg.norm(landmarks[LEFT_CHEEK, :2] - landmarks[RIGHT_CHEEK, :2]))
    opacity = soften(full, portrait, max(1, round(face_w / 30)))
    return opacity, _clean_edge(portrait, opacity, face_w / 30)


def _clean_edge(portrait: PixelArray, opacity: FloatArray, reach_px: float) -> PixelArray:
    """Replace the colour of half-covered pixels by that of the covered ones beside them."""
    sure = (opacity > 0.96).astype(np.float32)
    weight = cv2.GaussianBlur(sure, (0, 0), reach_px) + 1e-6
    near = cv2.GaussianBlur(portrait.astype(np.float32) * sure[..., None], (0, 0), reach_px) / weight[..., None]
    known = np.clip(weight * 20, 0, 1)[..., None] * (1 - sure[..., None])
    cleaned: PixelArray = np.clip(portrait * (1 - known) + near * known, 0, 255).astype(np.uint8)
    return cleaned


def _on_canvas(colour: PixelArray, opacity: FloatArray, placing: FloatArray, size: tuple[int, int]) -> PixelArray:
    colour, opacity, placing = extended(colour, opacity, placing, size)
    enlarged = cv2.warpAffine(colour, placing, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    gain = min(0.6, 0.2 * float(placing[0, 0]))  # enlarging softens
    sharp = cv2.addWeighted(enlarged, 1 + gain, cv2.GaussianBlur(enlarged, (0, 0), 2.0), -gain, 0)
    covered = cv2.warpAffine(opacity, placing, size, flags=cv2.INTER_LINEAR)
    alpha = np.clip(covered, 0, 1)[..., None]
    layer: PixelArray = np.concatenate((sharp * alpha, 255 * alpha), axis=2).round().astype(np.uint8)
    return layer


def _eye_centres(landmarks: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The subject's right and left."""
    return landmarks[list(RIGHT_EYE_CORNERS), :2].mean(0), landmarks[list(LEFT_EYE_CORNERS), :2].mean(0)
