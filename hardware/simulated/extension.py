"""Continues a person beyond the borders of a tight portrait: shoulders fall off, the crown is rounded.

A guess that looks plausible out of the corner of an eye; it adds nothing to the face.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

_MOST = 3.0
"""Never extend by more than this many times the portrait's own size."""


def extended(
    colour: PixelArray, opacity: FloatArray, placing: FloatArray, canvas: tuple[int, int]
) -> tuple[PixelArray, FloatArray, FloatArray]:
    """Return colour, opacity and placing of a portrait that reaches the borders of the canvas (width, height)."""
    height, width = opacity.shape
    scale, x, y = float(placing[0, 0]), float(placing[0, 2]), float(placing[1, 2])
    right_px, bottom_px = canvas[0] / scale - width - x / scale, canvas[1] / scale - height - y / scale
    left, right = _whole(x / scale, width), _whole(right_px, width)
    top, bottom = _whole(y / scale, height), _whole(bottom_px, height)
    wider = np.hstack((_shoulder(opacity[:, :1], left)[:, ::-1], opacity, _shoulder(opacity[:, -1:], right)))
    below = np.repeat(wider[-1:], bottom, axis=0)
    taller = np.vstack((_crown(wider[0], top), wider, below)).astype(np.float32)
    around = cv2.copyMakeBorder(colour, top, bottom, left, right, cv2.BORDER_REFLECT)
    shift = np.array([[0, 0, -scale * left], [0, 0, -scale * top]], np.float32)
    return around, taller, placing + shift


def _whole(missing_px: float, size_px: int) -> int:
    return int(np.ceil(min(max(missing_px, 0.0), _MOST * size_px)))


def _shoulder(edge: FloatArray, columns: int) -> FloatArray:
    """(height, columns) of the edge column, sinking faster the further it is from the picture."""
    away = np.arange(1, columns + 1, dtype=np.float32)[None]
    sunk = 0.45 * away + away * away / max(1.0, 0.9 * edge.shape[0])
    rows = np.arange(edge.shape[0], dtype=np.float32)[:, None] - sunk
    above_is_empty = np.vstack((np.zeros((1, 1), np.float32), edge))
    fallen: FloatArray = above_is_empty[np.clip(rows + 1, 0, edge.shape[0]).astype(int), 0]
    return fallen


def _crown(edge: FloatArray, rows: int) -> FloatArray:
    """(rows, width) above the first row, narrowing to a round top."""
    covered = np.flatnonzero(edge > 0.5)
    if rows == 0 or covered.size == 0:
        return np.zeros((rows, edge.size), np.float32)
    middle, half = float(covered.mean()), max(float(np.ptp(covered)) / 2, 1.0)
    up = np.arange(rows, 0, -1, dtype=np.float32)[:, None] / (0.8 * half)
    across = (np.arange(edge.size, dtype=np.float32)[None] - middle) / half
    inside = np.clip((1 - np.hypot(up, across)) * half / 3 + 0.5, 0, 1)
    rounded: FloatArray = inside.astype(np.float32)
    return rounded
