"""How each part of a head answers the light of the screen: by where its skin faces and how far away it is.

Works on the relief's coarse grid; gives gains for the camera's 8-bit pictures. Reflectance is the picture itself.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated.light import USUAL_WHITE, Room
from hardware.simulated.pose import FacePose
from hardware.simulated.relief import GRID_PX, Relief, rotation

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

_GAMMA = 2.2
"""A gain in linear light is this root of it in the camera's pictures."""
_SCREEN_AWAY = 3.9
"""Screen to face in face widths: 55 cm."""
_TOWARDS_SCREEN = np.array((0.0, 0.28, -0.96), np.float32)
"""From the face: the camera stands above the screen."""
_SOFT = 0.3
"""The screen is large: skin that faces just past it still sees a part."""
_DARKEST = 0.05


@dataclass(frozen=True, slots=True)
class Surface:
    """What of a relief matters for light."""

    normals: FloatArray
    """(rows, columns, 3) unit vectors out of the skin; z away from the camera."""
    nearness: FloatArray
    """(rows, columns) fall-off with distance and by what stands in the way, 1 at the nose."""
    head: FloatArray


@dataclass(frozen=True, slots=True)
class Gain:
    """A gain for each pixel of an 8-bit picture, itself in 8 bit: `least + levels × span / 255`."""

    levels: PixelArray
    least: float
    span: float

    def applied(self, picture: PixelArray) -> PixelArray:
        """Return the (height, width, 3) picture, each pixel multiplied by its gain."""
        above = cv2.multiply(picture, self.levels, scale=self.span / 255)
        lit: PixelArray = cv2.addWeighted(picture, self.least, above, 1, 0)
        return lit


def surface(relief: Relief) -> Surface:
    """Find the normals of a relief, and what the light of a screen before it reaches."""
    depth = cv2.GaussianBlur(relief.depth, (0, 0), 1.0)
    slope_x = cv2.Sobel(depth, cv2.CV_32F, 1, 0, ksize=3, scale=1 / (8 * GRID_PX))
    slope_y = cv2.Sobel(depth, cv2.CV_32F, 0, 1, ksize=3, scale=1 / (8 * GRID_PX))
    normals = np.dstack((slope_x, slope_y, -np.ones_like(depth)))
    normals /= np.linalg.norm(normals, axis=2, keepdims=True)
    away = _SCREEN_AWAY * relief.face_px
    near = (away / (away + depth - float(depth.min()))) ** 2
    # Hollows, and the neck under the chin, see less of the screen than what juts out.
    hollow = depth - cv2.GaussianBlur(depth, (0, 0), 0.16 * relief.face_px / GRID_PX)
    open_share = np.clip(1 - 2.2 * hollow / relief.face_px, 0.45, 1.1)
    return Surface(normals.astype(np.float32), (near * open_share).astype(np.float32), relief.head)


def answer(skin: Surface, pose: FacePose) -> FloatArray:
    """Return (rows, columns) how much of the screen's light each point of the unturned head gets, 0 to about 1."""
    towards_head = rotation(pose).T @ _TOWARDS_SCREEN
    head, body = skin.normals @ towards_head, skin.normals @ _TOWARDS_SCREEN
    facing = body + skin.head * (head - body)
    lit: FloatArray = np.clip((facing + _SOFT) / (1 + _SOFT), _DARKEST, 1) * skin.nearness
    return lit


def room_light(skin: Surface, pose: FacePose, room: Room) -> FloatArray:
    """Return (rows, columns) the room's own light on each point, 1 where it is as in the portrait."""
    towards = np.array((room.side, -room.from_above, 0), np.float32)
    head, body = skin.normals @ (rotation(pose).T @ towards), skin.normals @ towards
    light: FloatArray = np.clip(1 + 1.3 * (body + skin.head * (head - body)), 0.15, 1.6)
    return light


def screen_gain(lit: FloatArray | float, light: FloatArray, room: Room) -> FloatArray:
    """Return (…, 3) gain in linear light where `lit` of the screen's light arrives and the room's is 1.

    `light` is (3,) linear; a screen with its usual picture gives 1.
    """
    share = np.asarray(lit, np.float32)[..., None] * np.float32(room.screen_share)
    gain: FloatArray = (1 + share * light) / (1 + share * np.float32(USUAL_WHITE))
    return gain


def as_gain(linear_gain: FloatArray, size: tuple[int, int], crop: tuple[int, int]) -> Gain:
    """Turn a coarse (rows, columns, 3) gain in linear light into one for the camera's pictures.

    `size` is width and height of the picture, `crop` where it begins in the stretched grid.
    """
    gains = np.clip(linear_gain, 0, 4) ** np.float32(1 / _GAMMA)
    least, span = float(gains.min()), max(float(np.ptp(gains)), 1e-3)
    coarse = ((gains - least) * (255 / span)).round().astype(np.uint8)
    rows, columns = coarse.shape[:2]
    levels = cv2.resize(coarse, (columns * GRID_PX, rows * GRID_PX), interpolation=cv2.INTER_LINEAR)
    x, y = crop
    return Gain(levels[y : y + size[1], x : x + size[0]], least, span)


def evenly_lit(picture: PixelArray, lit: float, light: FloatArray | None, room: Room) -> PixelArray:
    """Return the picture of something flat and far enough that all of it gets the same share of the light."""
    if light is None:
        return picture
    gains = screen_gain(lit, light, room) ** np.float32(1 / _GAMMA)
    levels = np.arange(256, dtype=np.float32)[:, None] * gains
    table = np.clip(levels, 0, 255).round().astype(np.uint8)[:, None, :]
    lit_picture: PixelArray = cv2.LUT(picture, np.ascontiguousarray(table))
    return lit_picture
