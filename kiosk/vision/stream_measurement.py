"""What a frame tells of the camera that gave it: a digest, its grain, its brightness. Judges nothing.

Looks at a fixed grid of pixels of the full resolution, for a picture made smaller has lost its grain.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from kiosk.verification.observation import StreamSample
from kiosk.vision.linear_light import LINEAR

_DIGEST_ROWS, _DIGEST_COLUMNS = 90, 320
_LIGHT_ROWS, _LIGHT_COLUMNS = 90, 160
_PATCH_PX = 16
_PATCH_ROWS, _PATCH_COLUMNS = 10, 14
_STILL_SHARE = 0.5
"""The stillest patches, whose grain counts: the others may show something that moves."""
_DARKEST, _BRIGHTEST = 6.0, 245.0
"""Mean of a patch of 255; beyond, the scale cuts the grain off."""
_FEWEST_PATCHES = 8


class StreamMeter:
    """Remembers what it needs of the last frame; use it from one thread."""

    def __init__(self) -> None:
        self._size = (0, 0)
        self._rows = self._columns = np.empty(0, np.intp)
        self._before: NDArray[np.float32] | None = None

    def measure(self, pixels: NDArray[np.uint8]) -> StreamSample | None:
        """Take the next (height, width, 3) uint8 RGB frame; None for the first of its size: grain needs two frames."""
        if pixels.ndim != 3 or pixels.shape[2] != 3 or min(pixels.shape[:2]) < 2 * _PATCH_PX:
            self.reset()
            return None
        patches, before = self._patches(pixels), self._before
        self._before = patches
        if before is None:
            return None
        return StreamSample(_digest(pixels), _grain(patches, before), _brightness(pixels))

    def reset(self) -> None:
        """Forget the last frame."""
        self._size, self._before = (0, 0), None

    def _patches(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(number, pixels) of the green channel, which every sensor samples most."""
        height, width = pixels.shape[:2]
        if self._size != (height, width):
            self._size, self._before = (height, width), None
            self._rows, self._columns = _grid(height, _PATCH_ROWS), _grid(width, _PATCH_COLUMNS)
        strip = pixels[self._rows, :, 1][:, self._columns].astype(np.float32)
        blocks = strip.reshape(_PATCH_ROWS, _PATCH_PX, _PATCH_COLUMNS, _PATCH_PX).transpose(0, 2, 1, 3)
        return blocks.reshape(_PATCH_ROWS * _PATCH_COLUMNS, _PATCH_PX * _PATCH_PX)


def _grid(length_px: int, patches: int) -> NDArray[np.intp]:
    """Every pixel of so many patches along a side."""
    starts = np.linspace(0, length_px - _PATCH_PX, patches).astype(np.intp)
    return (starts[:, None] + np.arange(_PATCH_PX)).ravel()


def _strided(pixels: NDArray[np.uint8], rows: int, columns: int) -> NDArray[np.uint8]:
    return pixels[:: max(1, pixels.shape[0] // rows), :: max(1, pixels.shape[1] // columns)]


def _digest(pixels: NDArray[np.uint8]) -> int:
    grid = _strided(pixels, _DIGEST_ROWS, _DIGEST_COLUMNS).tobytes()
    return int.from_bytes(hashlib.blake2b(grid, digest_size=8).digest(), "little")


def _brightness(pixels: NDArray[np.uint8]) -> float:
    return float(LINEAR[_strided(pixels, _LIGHT_ROWS, _LIGHT_COLUMNS)].mean())


def _grain(patches: NDArray[np.float32], before: NDArray[np.float32]) -> float:
    """Standard deviation of one frame's grain, of 255; NaN where nothing is exposed well enough to show any.

    The difference of two frames holds no still structure; its mean in each patch, a change of light, does not count.
    """
    means = patches.mean(axis=1)
    exposed = (means >= _DARKEST) & (means <= _BRIGHTEST)
    if np.count_nonzero(exposed) < _FEWEST_PATCHES:
        return float("nan")
    spread = np.sort((patches[exposed] - before[exposed]).std(axis=1))
    still = spread[: max(1, round(_STILL_SHARE * len(spread)))]
    return float(np.sqrt(np.mean(np.square(still)) / 2))
