"""Shuts the subject's eyes: a lid of their own skin comes down over each eye, with its lashes. The eyeball stays."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated import face_points as mesh

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

_MEETING = 0.95
"""Where the lids meet, from the upper edge (0) to the lower one (1)."""
_LASHES = 0.8
_SOFT_PX = 1.0


@dataclass(frozen=True, slots=True)
class Eye:
    """One eye within a box on the canvas; all y are counted from the box's top."""

    left: int
    top: int
    rows: FloatArray
    """(height, 1)"""
    upper: FloatArray
    """(columns,) edge of the upper lid."""
    lower: FloatArray
    skin: FloatArray
    """(height, columns, 3) the box without the eye: what a shut lid looks like."""
    reach: FloatArray
    """(height, columns) how much of the skin may be painted, 1 over the eye and its lashes."""
    lash_width: FloatArray
    """(columns,) thickness of the line of lashes, thin at the corners."""


def find_eyes(layer: PixelArray, landmarks: FloatArray) -> tuple[Eye, Eye]:
    """Return the subject's right and left eye on a canvas layer with (478, 3) landmarks."""
    right = (mesh.RIGHT_UPPER_LID, mesh.RIGHT_LOWER_LID)
    left = (mesh.LEFT_UPPER_LID, mesh.LEFT_LOWER_LID)
    return _eye(layer, landmarks, *right), _eye(layer, landmarks, *left)


def shut(layer: PixelArray, eye: Eye, share: float) -> None:
    """Draw one eye shut by `share` 0…1 into the layer."""
    height, columns = eye.reach.shape
    box = layer[eye.top : eye.top + height, eye.left : eye.left + columns, :3]
    edge = eye.upper + share * _MEETING * (eye.lower - eye.upper)
    rising = min(1.0, share / 0.2)  # the open lid's own lashes give way to the painted ones
    below = (eye.rows - edge) / _SOFT_PX
    covered = np.clip(0.5 - below, 0, 1) * eye.reach * rising
    # Once shut, no sliver of the eye is left under the lashes.
    covered = np.maximum(covered, eye.reach * np.float32(max(0.0, share - 0.8) / 0.2))
    lashes = _LASHES * rising * np.exp(-(((eye.rows - edge) / eye.lash_width) ** 2)) * eye.reach
    painted = box + (eye.skin - box) * covered[..., None]
    painted *= 1 - lashes[..., None] * np.array((0.86, 0.92, 0.96), np.float32)
    box[:] = np.clip(painted, 0, 255).astype(np.uint8)


def _eye(layer: PixelArray, landmarks: FloatArray, upper: tuple[int, ...], lower: tuple[int, ...]) -> Eye:
    outline = landmarks[list(upper + lower[::-1]), :2]
    wide = float(np.ptp(outline[:, 0]))
    pad = round(0.45 * wide)
    (x0, y0), (x1, y1) = outline.min(0).astype(int) - pad, outline.max(0).astype(int) + pad
    x0, y0 = max(x0, 0), max(y0, 0)
    box = np.ascontiguousarray(layer[y0:y1, x0:x1, :3])
    columns = np.arange(x0, x0 + box.shape[1], dtype=np.float32)
    rows = np.arange(box.shape[0], dtype=np.float32)[:, None]
    edge, low = (_curve(landmarks[list(line), :2], columns) - y0 for line in (upper, lower))
    opening = cv2.fillPoly(np.zeros(box.shape[:2], np.uint8), [(outline - (x0, y0)).round().astype(np.int32)], 255)
    middle = (columns - columns.mean()) / (wide / 2)
    taper = np.sqrt(np.clip(1.15 - middle**2, 0.02, 1))
    return Eye(
        x0, y0, rows, edge, np.maximum(low, edge), _skin(box, opening, wide), _reach(opening, wide),
        (0.045 * wide * taper).astype(np.float32),
    )  # fmt: skip


def _skin(box: PixelArray, opening: PixelArray, wide: float) -> FloatArray:
    """Fill the eye with the colour of the skin beside and below it, lighter where the eyeball bulges.

    Spectacle rims, lashes and shine are told from skin by their lightness.
    """
    ring = cv2.subtract(cv2.dilate(opening, _disc(0.36 * wide)), cv2.dilate(opening, _disc(0.12 * wide)))
    light = cv2.cvtColor(box, cv2.COLOR_RGB2GRAY).astype(np.float32)
    usual = float(np.median(light[ring > 0]))
    skin = ((ring > 0) & (light > 0.8 * usual) & (light < 1.2 * usual)).astype(np.float32)
    reach = 0.22 * wide
    near = cv2.GaussianBlur(skin, (0, 0), reach)[..., None] + 1e-4
    mean = (box * skin[..., None]).sum((0, 1)) / max(float(skin.sum()), 1.0)
    colour = cv2.GaussianBlur(box * skin[..., None], (0, 0), reach)
    smooth = (colour + 1e-4 * mean) / near
    bulge = cv2.GaussianBlur(opening, (0, 0), 0.12 * wide).astype(np.float32)[..., None] / 255
    lid: FloatArray = (smooth * (1 + 0.1 * bulge)).astype(np.float32)
    return lid


def _reach(opening: PixelArray, wide: float) -> FloatArray:
    grown = cv2.dilate(opening, _disc(0.13 * wide))
    reach: FloatArray = cv2.GaussianBlur(grown, (0, 0), 0.035 * wide).astype(np.float32) / 255
    return reach


def _disc(radius_px: float) -> PixelArray:
    size = 2 * max(1, round(radius_px)) + 1
    disc: PixelArray = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return disc


def _curve(line: FloatArray, x: FloatArray) -> FloatArray:
    """Read the height of a line of landmarks at each column, smoothly."""
    order = np.argsort(line[:, 0])
    heights = np.interp(x, line[order, 0], line[order, 1]).astype(np.float32)
    smooth: FloatArray = cv2.blur(heights[None], (5, 1), borderType=cv2.BORDER_REPLICATE)[0]
    return smooth
