"""Looks for structure that repeats all over a face: pixel grids, moiré, printing dots. Judges nothing.

Spectra of small windows all over the inner face are averaged as logarithms, so that what only some windows show (a
rim of glasses, a strand of hair) counts little, and each frequency is compared with its neighbours, so that skin,
beard and grain, whose spectra are smooth, count nothing.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

WINDOW_PX = 64
_MOST_WINDOWS = 16
_LOWEST = 6
"""Bins; coarser structure (over 11 px) is the face's own."""
_BLOCK_BIN = 8
"""A camera's JPEG repeats every 8 pixels along rows and columns: those bins are left out."""
_NEIGHBOURS = 11
_FLOOR = 1e-3 * WINDOW_PX**2
"""Power well below that of any camera's grain, so that a drawn, even surface shows nothing."""
_LEAST_SPREAD = 0.25
"""Nats; the fewest windows scatter more."""

FloatArray = NDArray[np.float32]


def periodicity(face: NDArray[np.uint8]) -> float:
    """Return how far the strongest repeated structure stands out, in spreads of the spectrum, of a grey inner face."""
    windows = _windows(face)
    if windows is None:
        return 0.0
    power = np.stack([_power(window) for window in windows])
    strength = np.roll(np.log(power + _FLOOR).mean(axis=0), WINDOW_PX // 2, axis=0)
    excess = strength - np.maximum(_around(strength), _along_axes(strength))
    usual = excess[_LOOKED_AT]
    spread = max(1.4826 * float(np.median(np.abs(usual - np.median(usual)))), _LEAST_SPREAD)
    return float(usual.max()) / spread


def _windows(face: NDArray[np.uint8]) -> FloatArray | None:
    """(n, 64, 64) float32 windows all over the picture, each of mean 0 and faded at its edges; None for a small one."""
    height, width = face.shape
    if min(height, width) < WINDOW_PX:
        return None
    rows, columns = _starts(height), _starts(width)
    cut = np.stack([face[y : y + WINDOW_PX, x : x + WINDOW_PX] for y in rows for x in columns]).astype(np.float32)
    cut -= cut.mean(axis=(1, 2), keepdims=True)
    faded: FloatArray = cut * _FADE
    return faded


def _power(window: FloatArray) -> FloatArray:
    """(64, 33) power of the frequencies from 0 to the highest across, and both ways down."""
    spectrum = cv2.dft(window, flags=cv2.DFT_COMPLEX_OUTPUT)[:, : WINDOW_PX // 2 + 1]
    power: FloatArray = np.square(spectrum[..., 0]) + np.square(spectrum[..., 1])
    return power


def _starts(size: int) -> list[int]:
    count = min(round(_MOST_WINDOWS**0.5), 1 + (size - WINDOW_PX) // (WINDOW_PX // 2) + 1)
    return [int(start) for start in np.linspace(0, size - WINDOW_PX, count)] if size > WINDOW_PX else [0]


def _around(strength: FloatArray) -> FloatArray:
    """The median of each frequency's neighbourhood; the spectrum of a real picture goes on as its mirror image."""
    half = _NEIGHBOURS
    mirrored = np.roll(strength[::-1, ::-1], 1, axis=0)  # columns 32 … 0 stand for -32 … 0
    wide = np.concatenate((mirrored[:, -half - 1 : -1], strength), axis=1)
    wide = np.concatenate((wide[-half:], wide, wide[:half]), axis=0)
    low, high = float(wide.min()), float(wide.max())
    scale = 255 / max(high - low, 1e-6)
    smooth = cv2.medianBlur(((wide - low) * scale).astype(np.uint8), _NEIGHBOURS)
    usual: FloatArray = (smooth[half:-half, half:] / scale + low).astype(np.float32)
    return usual


def _along_axes(strength: FloatArray) -> FloatArray:
    """The median along rows and columns through the middle, where level and upright features gather; else very low."""
    along = np.full_like(strength, -np.inf)
    reach = _NEIGHBOURS // 2
    middle = WINDOW_PX // 2
    rows = np.pad(strength[middle - 1 : middle + 2], ((0, 0), (reach, reach)), mode="reflect")
    along[middle - 1 : middle + 2] = np.median(np.lib.stride_tricks.sliding_window_view(rows, _NEIGHBOURS, 1), axis=2)
    columns = np.pad(strength[:, :2], ((reach, reach), (0, 0)), mode="wrap")
    upright = np.median(np.lib.stride_tricks.sliding_window_view(columns, _NEIGHBOURS, 0), axis=2)
    along[:, :2] = np.maximum(along[:, :2], upright)
    return along


def _looked_at() -> NDArray[np.bool_]:
    """(64, 33) the bins that count: neither the face's own coarse structure, nor a JPEG's blocks, nor the last ones."""
    y, x = np.mgrid[-WINDOW_PX // 2 : WINDOW_PX // 2, 0 : WINDOW_PX // 2 + 1]
    blocks = ((np.abs(y) <= 1) & (np.abs((x + 1) % _BLOCK_BIN - 1) <= 1)) | (
        (x <= 1) & (np.abs((y + 1) % _BLOCK_BIN - 1) <= 1)
    )
    last = (np.abs(y) >= WINDOW_PX // 2 - 1) | (x >= WINDOW_PX // 2 - 1)
    repeated = (x == 0) & (y < 0)
    return np.asarray((np.hypot(x, y) >= _LOWEST) & ~blocks & ~last & ~repeated)


_FADE = np.outer(np.hanning(WINDOW_PX), np.hanning(WINDOW_PX)).astype(np.float32)
_LOOKED_AT = _looked_at()
