"""The simulated camera itself: exposure, focus and noise laid over a finished scene."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

PixelArray = NDArray[np.uint8]

_BANK_MARGIN_PX = 128
_NEGLIGIBLE_BLUR_PX = 0.3


@dataclass(frozen=True, slots=True)
class SensorState:
    """How the camera sees one frame."""

    gain: float = 1.0
    """Exposure; 1 is right."""
    blur_px: float = 0.0
    """Standard deviation of the defocus."""


class Sensor:
    """Turns scenes into camera pictures; the same seed gives the same noise."""

    def __init__(self, width: int, height: int, noise: float = 2.2) -> None:
        self._size = (width, height)
        self._brighter, self._darker = _noise_bank(width + _BANK_MARGIN_PX, height + _BANK_MARGIN_PX, noise)

    def expose(self, scene: PixelArray, state: SensorState, noise_seed: int) -> PixelArray:
        """Return the (height, width, 3) picture of a scene."""
        picture = scene
        if state.blur_px > _NEGLIGIBLE_BLUR_PX:
            picture = cv2.GaussianBlur(picture, (0, 0), state.blur_px)
        if abs(state.gain - 1) > 1e-3:
            picture = cv2.LUT(picture, _exposure_curve(state.gain))
        x, y = np.random.default_rng(noise_seed).integers(0, _BANK_MARGIN_PX, 2)
        width, height = self._size
        picture = cv2.add(picture, self._brighter[y : y + height, x : x + width])
        noisy: PixelArray = cv2.subtract(picture, self._darker[y : y + height, x : x + width])
        return noisy


def _noise_bank(width: int, height: int, noise: float) -> tuple[PixelArray, PixelArray]:
    """Grain with the slight blur of a colour filter array, split into what adds light and what takes it."""
    raw = np.random.default_rng(7).standard_normal((height, width, 3), np.float32)
    grain = cv2.GaussianBlur(raw, (0, 0), 0.6)
    grain *= noise / float(grain.std())
    whole = grain.round()
    return np.clip(whole, 0, 255).astype(np.uint8), np.clip(-whole, 0, 255).astype(np.uint8)


def _exposure_curve(gain: float) -> PixelArray:
    """Gain with a soft shoulder towards white."""
    light = np.arange(256, dtype=np.float32) / 255 * gain
    soft = np.where(light > 0.9, 0.9 + 0.1 * np.tanh((light - 0.9) / 0.1), light)
    return np.clip(soft * 255, 0, 255).round().astype(np.uint8)
