"""Colour of parts of the face and of its surroundings in linear light, frame by frame. Judges nothing.

Small squares that follow the landmarks: skin that hair, lips and eyes keep off, on slopes that face different ways.
"""

import numpy as np
from numpy.typing import NDArray

from kiosk.verification.observation import LightSample
from kiosk.vision.face_geometry import Landmarks, inter_eye_px
from kiosk.vision.linear_light import LINEAR

REGIONS: dict[str, tuple[int, ...]] = {
    "forehead_right": (69, 108),
    "forehead_middle": (151,),
    "forehead_left": (299, 337),
    "nose_bridge": (6, 197),
    "nose_tip": (1, 4),
    "nose_right": (49, 198),
    "nose_left": (279, 420),
    "cheek_right_inner": (101, 36),
    "cheek_left_inner": (330, 266),
    "cheek_right_outer": (123, 187),
    "cheek_left_outer": (352, 411),
    "chin": (199, 175),
}
"""Landmarks in whose middle each region lies; left and right are the subject's own."""

_BRIDGE = 168
_HALF_SIDE = 0.2
"""Of a region, in inter-eye distances."""
_ACROSS = 24
"""Pixels looked at along a side; more would tell no more."""
_BESIDE, _OUT_TO = 1.9, 3.1
"""Where the background is looked for on both sides of the head, past hair and ears and above the shoulders."""
_ABOVE, _BELOW = 2.2, 0.6
_LEAST_PX = 64
_LEAST_INTER_EYE_PX = 8.0
_DARKEST, _BRIGHTEST = 5, 250


def measure_light(pixels: NDArray[np.uint8], landmarks: Landmarks) -> LightSample | None:
    """Measure a (height, width, 3) uint8 RGB frame with the subject's (478, 3) landmarks; None beyond its edges."""
    flat = landmarks[:, :2].astype(np.float64)
    if not np.isfinite(flat).all():
        return None
    unit_px = inter_eye_px(landmarks)
    if not _LEAST_INTER_EYE_PX <= unit_px <= max(pixels.shape):
        return None
    centres = np.stack([flat[list(numbers)].mean(axis=0) for numbers in REGIONS.values()])
    patches = [_patch(pixels, centre - _HALF_SIDE * unit_px, centre + _HALF_SIDE * unit_px) for centre in centres]
    background = _background(pixels, flat[_BRIDGE], unit_px)
    if background is None or any(len(patch) < 4 for patch in patches):
        return None
    everything = np.concatenate(patches)
    clipped = float(((everything <= _DARKEST) | (everything >= _BRIGHTEST)).any(axis=1).mean())
    places = (centres - flat[_BRIDGE]) / unit_px
    return LightSample(
        regions=tuple(_mean(patch) for patch in patches),
        places=tuple((float(x), float(y)) for x, y in places),
        background=_mean(background),
        clipped=clipped,
    )


def _background(pixels: NDArray[np.uint8], bridge: NDArray[np.float64], unit_px: float) -> NDArray[np.uint8] | None:
    """(n, 3) pixels left and right of the head, or None where the frame shows none."""
    sides = []
    for near, far in ((-_OUT_TO, -_BESIDE), (_BESIDE, _OUT_TO)):
        low = bridge + np.array([near, -_ABOVE]) * unit_px
        high = bridge + np.array([far, _BELOW]) * unit_px
        sides.append(_patch(pixels, low, high))
    both = np.concatenate(sides)
    return both if len(both) >= _LEAST_PX else None


def _patch(pixels: NDArray[np.uint8], low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.uint8]:
    """(n, 3) pixels of a rectangle, as far as it lies in the frame, every so many."""
    height, width = pixels.shape[:2]
    left, top = (max(0, int(value)) for value in low)
    right, bottom = min(width, int(high[0]) + 1), min(height, int(high[1]) + 1)
    if right <= left or bottom <= top:
        return pixels.reshape(-1, 3)[:0]
    step_x, step_y = max(1, (right - left) // _ACROSS), max(1, (bottom - top) // _ACROSS)
    return pixels[top:bottom:step_y, left:right:step_x].reshape(-1, 3)


def _mean(patch: NDArray[np.uint8]) -> tuple[float, float, float]:
    red, green, blue = LINEAR[patch].mean(axis=0, dtype=np.float64)
    return float(red), float(green), float(blue)
