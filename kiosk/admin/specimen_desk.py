"""Lays the sides of a specimen on a desk, as a document camera would see them: turned, lit unevenly, a little noisy."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from kiosk.admin.specimen_drawing import PX_PER_MM, Pixels

DESK_PX = (2304, 1296)
"""Width and height of the camera's picture."""
_CORNER_MM = 3.18
_GAP_MM = 3.5


def lay_on_desk(sides: Sequence[Pixels], seed: int) -> Pixels:
    """Return the camera's picture, (1296, 2304, 3) uint8 RGB: turned a little, with shadow, uneven light and noise."""
    pixels, mask = _stack(sides)
    chance = np.random.default_rng(seed)
    place = _placement(pixels.shape[1], pixels.shape[0], chance)
    desk = _desk(chance)
    card = cv2.warpAffine(pixels, place, DESK_PX, flags=cv2.INTER_AREA).astype(np.float32)
    cover = cv2.warpAffine(mask, place, DESK_PX, flags=cv2.INTER_LINEAR).astype(np.float32)[..., None] / 255
    shadow = cv2.GaussianBlur(np.roll(cover[..., 0], (9, 6), (0, 1)), (0, 0), 11)[..., None]
    scene = desk * (1 - 0.45 * shadow) * (1 - cover) + card * cover
    scene *= _light(chance)
    scene = cv2.GaussianBlur(scene, (0, 0), 0.7)
    scene += chance.normal(0, 2.2, scene.shape).astype(np.float32)
    return np.asarray(np.clip(scene, 0, 255), dtype=np.uint8)


def _stack(sides: Sequence[Pixels]) -> tuple[Pixels, Pixels]:
    """Put sides under one another, a gap between; return pixels and a mask (255 where there is a card)."""
    gap = round(_GAP_MM * PX_PER_MM)
    height = sum(side.shape[0] for side in sides) + gap * (len(sides) - 1)
    pixels = np.zeros((height, sides[0].shape[1], 3), np.uint8)
    mask = np.zeros(pixels.shape[:2], np.uint8)
    top = 0
    for side in sides:
        pixels[top : top + side.shape[0]] = side
        mask[top : top + side.shape[0]] = _rounded(side.shape[1], side.shape[0])
        top += side.shape[0] + gap
    return pixels, mask


def _placement(width: int, height: int, chance: np.random.Generator) -> NDArray[np.float64]:
    room = (DESK_PX[1] - height) / 2
    most_deg = min(2.5, float(np.degrees(np.arcsin(max(room - 12, 1) * 1.6 / width))))
    place = cv2.getRotationMatrix2D((width / 2, height / 2), chance.uniform(-most_deg, most_deg), 1.0)
    sideways = chance.uniform(-0.35, 0.35) * (DESK_PX[0] - width) / 2
    place[:, 2] += ((DESK_PX[0] - width) / 2 + sideways, (DESK_PX[1] - height) / 2)
    return np.asarray(place, dtype=np.float64)


def _desk(chance: np.random.Generator) -> NDArray[np.float32]:
    """A dark, faintly grained table top."""
    grain = chance.normal(0, 1, (DESK_PX[1] // 6, DESK_PX[0] // 160)).astype(np.float32)
    grain = cv2.resize(grain, DESK_PX, interpolation=cv2.INTER_CUBIC)
    fine = cv2.GaussianBlur(chance.normal(0, 9, (DESK_PX[1], DESK_PX[0])).astype(np.float32), (0, 0), 1.2)
    return np.stack([base + 4.0 * grain + fine for base in (64.0, 60.0, 60.0)], axis=2)


def _light(chance: np.random.Generator) -> NDArray[np.float32]:
    """A soft lamp somewhere above the desk: 0.86 in the corners to 1.0 below it."""
    x, y = chance.uniform(0.3, 0.7, 2)
    across = (np.arange(DESK_PX[0], dtype=np.float32) / DESK_PX[0] - x)[None, :]
    down = (np.arange(DESK_PX[1], dtype=np.float32) / DESK_PX[1] - y)[:, None]
    return np.asarray(np.clip(1.0 - 0.28 * (across**2 + down**2), 0.8, 1.0)[..., None], dtype=np.float32)


def _rounded(width: int, height: int) -> Pixels:
    image = Image.new("L", (width, height), 0)
    ImageDraw.Draw(image).rounded_rectangle((0, 0, width - 1, height - 1), radius=_CORNER_MM * PX_PER_MM, fill=255)
    return np.array(image)
