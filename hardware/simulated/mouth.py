"""Opens the subject's mouth and makes them smile, on the canvas before the head is turned."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated import face_points as mesh

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

_STEP = 4
_ROUNDS = 6
_GAP = 0.46
"""Drop of the lower lip, in mouth widths, when wide open."""
_WIDEN, _LIFT = 0.26, 0.20
"""Way of a smiling mouth corner, outwards and up, in half mouth widths."""
_PURSE = -0.4
"""An open mouth is narrower: this much of a smile."""
_DARK, _TONGUE = (30.0, 12.0, 12.0), (96.0, 44.0, 42.0)


@dataclass(frozen=True, slots=True)
class Mouth:
    """Where the mouth is within a box on the canvas; all coordinates are counted from the box's corner."""

    left: int
    top: int
    width: int
    height: int
    x: FloatArray
    """(rows, columns) of a coarse grid over the box."""
    y: FloatArray
    centre: FloatArray
    """(2,) x, y between the corners."""
    half_width: float
    chin_y: float
    neck_px: float
    """Length of neck below the chin that gives way to the jaw."""
    lower: FloatArray
    """(width,) inner edge of the lower lip at each column."""
    between: slice
    """Columns between the inner corners."""


def find_mouth(landmarks: FloatArray, canvas: tuple[int, ...]) -> Mouth:
    """Find the mouth from (478, 3) canvas landmarks; `canvas` is (height, width)."""
    right, left = landmarks[list(mesh.MOUTH_CORNERS), :2]
    half = float(np.linalg.norm(left - right)) / 2
    middle = (left + right) / 2
    neck = 0.4 * float(np.linalg.norm(landmarks[mesh.CHIN, :2] - landmarks[mesh.FOREHEAD, :2]))
    x0, y0 = max(0, int(middle[0] - 2.8 * half)), max(0, int(middle[1] - 1.6 * half))
    x1 = min(canvas[1], int(middle[0] + 2.8 * half))
    y1 = min(canvas[0], int(landmarks[mesh.CHIN, 1] + neck + 8))
    columns = np.arange(x0, x1, dtype=np.float32)
    upper = _curve(landmarks[list(mesh.INNER_UPPER_LIP), :2], columns) - y0
    lower = _curve(landmarks[list(mesh.INNER_LOWER_LIP), :2], columns) - y0
    corners = np.sort(landmarks[[mesh.INNER_UPPER_LIP[0], mesh.INNER_UPPER_LIP[-1]], 0])
    between = slice(int(corners[0]) - x0 + 1, int(corners[1]) - x0)
    grid = np.meshgrid(*(np.arange(0, size + _STEP, _STEP, dtype=np.float32) for size in (x1 - x0, y1 - y0)))
    return Mouth(
        x0, y0, x1 - x0, y1 - y0, grid[0], grid[1], (middle - (x0, y0)).astype(np.float32), half,
        float(landmarks[mesh.CHIN, 1]) - y0, neck, np.maximum(lower, upper), between,
    )  # fmt: skip


def smile(layer: PixelArray, mouth: Mouth, share: float) -> None:
    """Draw the corners of the mouth outwards and up by `share` 0…1; a negative one draws them together."""
    u = (mouth.x - mouth.centre[0]) / mouth.half_width
    v = (mouth.y - mouth.centre[1]) / mouth.half_width
    near = np.exp(-((v / 0.75) ** 2)) * _ease(np.clip((2.6 - np.abs(u)) / 1.6, 0, 1))
    reach = np.clip(np.abs(u), 0, 1)
    dx = share * _WIDEN * mouth.half_width * np.clip(u, -1, 1) * near
    dy = -share * _LIFT * mouth.half_width * reach * reach * near
    box = _box(layer, mouth)
    box[:] = cv2.remap(box, *_inverse(mouth, dx, dy), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def open_mouth(layer: PixelArray, mouth: Mouth, share: float) -> None:
    """Drop the jaw by `share` 0…1 and show the dark inside of the mouth."""
    drop_px = share * _GAP * 2 * mouth.half_width
    box = _box(layer, mouth)
    fall = drop_px * _jaw_share(mouth.x, mouth.y, mouth)
    jaw = cv2.remap(box, *_inverse(mouth, np.zeros_like(fall), fall), cv2.INTER_LINEAR)
    across, first = mouth.between, int(mouth.lower[mouth.between].min()) - 4
    columns = np.arange(across.start, across.stop, dtype=np.float32)
    lip = mouth.lower[across]
    fallen = lip + drop_px * _jaw_share(columns, lip, mouth)
    last = min(mouth.height, int(fallen.max()) + 5)
    rows = np.arange(first, last, dtype=np.float32)[:, None]
    under = np.clip(rows - fallen + 0.5, 0, 1)
    gap = cv2.blur(np.clip(rows - lip + 0.5, 0, 1) * (1 - under), (3, 3))
    below = cv2.blur(under, (3, 3))
    still = box[first:last, across]
    behind = cv2.blendLinear(_inside(rows, columns, lip, fallen, mouth), still, gap, 1 - gap)
    jaw[first:last, across] = cv2.blendLinear(jaw[first:last, across], behind, below, 1 - below)
    jaw[:first, across] = box[:first, across]
    box[:] = jaw
    smile(layer, mouth, _PURSE * share)


def _inside(rows: FloatArray, columns: FloatArray, lip: FloatArray, fallen: FloatArray, mouth: Mouth) -> PixelArray:
    """The dark of the mouth, lighter towards the tongue, darker towards the corners."""
    deep = np.clip((rows - lip) / np.maximum(fallen - lip, 1), 0, 1)[..., None]
    aside = np.abs(columns - mouth.centre[0]) / mouth.half_width
    shade = np.clip(1.1 - 0.6 * aside * aside, 0.3, 1).astype(np.float32)[None, :, None]
    dark, tongue = np.array(_DARK, np.float32), np.array(_TONGUE, np.float32)
    colour = (dark + (tongue - dark) * _ease(np.clip((deep - 0.35) / 0.65, 0, 1))) * shade
    filled: PixelArray = np.concatenate((colour, np.full_like(deep, 255)), axis=2).astype(np.uint8)
    return filled


def _jaw_share(x: FloatArray, y: FloatArray, mouth: Mouth) -> FloatArray:
    """How far the skin at each point goes with the jaw: all of it below the lip, nothing beside the mouth."""
    lip = float(mouth.centre[1])
    along = np.clip((y - lip) / max(mouth.chin_y - lip, 1.0), 0, 1)
    inner = (mouth.between.stop - mouth.between.start) / 2
    aside = np.clip(np.abs(x - (mouth.between.start + inner)) / (inner * (1.0 + 1.3 * along)), 0, 1)
    across = (1 - aside**2.1) ** (1.0 + 0.6 * along)
    neck = 1 - _ease(np.clip((y - mouth.chin_y) / mouth.neck_px, 0, 1))
    cheek = _ease(np.clip((y - lip) / (0.6 * mouth.half_width) + 1, 0, 1))
    share: FloatArray = (across * cheek * neck * (1 - 0.2 * along)).astype(np.float32)
    return share


def _inverse(mouth: Mouth, dx: FloatArray, dy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Turn a coarse forward displacement into full-size maps that say where each pixel comes from."""
    moves = np.dstack((dx, dy)).astype(np.float32)
    here = np.dstack((mouth.x, mouth.y))
    seen = here - moves
    for _ in range(_ROUNDS):
        seen = here - cv2.remap(moves, seen / _STEP, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    to_coarse = np.array([[1, 0, 0], [0, 1, 0]], np.float32) / _STEP
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    full = cv2.warpAffine(seen, to_coarse, (mouth.width, mouth.height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return full[..., 0], full[..., 1]


def _box(layer: PixelArray, mouth: Mouth) -> PixelArray:
    return layer[mouth.top : mouth.top + mouth.height, mouth.left : mouth.left + mouth.width]


def _ease(share: FloatArray) -> FloatArray:
    eased: FloatArray = share * share * (3 - 2 * share)
    return eased


def _curve(line: FloatArray, x: FloatArray) -> FloatArray:
    order = np.argsort(line[:, 0])
    heights: FloatArray = np.interp(x, line[order, 0], line[order, 1]).astype(np.float32)
    return heights
