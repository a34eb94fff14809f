"""What stands behind the subject, and how the subject is laid over it. Nothing here moves or measures."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated.shading import Gain

PixelArray = NDArray[np.uint8]


def branch_interior(width: int, height: int) -> PixelArray:
    """Return (height, width, 3) RGB: a bank branch far out of focus, painted from simple shapes."""
    w, h = 640, 360
    down = np.linspace(0, 1, h, dtype=np.float32)[:, None, None]
    room = (1 - down) * (216, 208, 196) + down * (150, 141, 132) + np.zeros((h, w, 1), np.float32)
    picture = np.ascontiguousarray(room, np.float32)
    for x, wide in ((-10, 92), (100, 84), (206, 70)):  # a glass front with the street behind it
        cv2.rectangle(picture, (x, 30), (x + wide, 262), (214, 228, 236), -1)
        cv2.rectangle(picture, (x, 190), (x + wide, 262), (168, 182, 176), -1)
    cv2.rectangle(picture, (330, 60), (420, 360), (176, 158, 138), -1)  # a door
    cv2.rectangle(picture, (470, 214), (640, 360), (118, 96, 80), -1)  # the counter
    cv2.rectangle(picture, (462, 204), (640, 218), (196, 180, 160), -1)
    cv2.rectangle(picture, (508, 70), (608, 132), (70, 96, 122), -1)  # a notice board
    for x, y, r in ((298, 252, 26), (286, 226, 20), (312, 220, 18), (300, 196, 14)):  # a plant
        cv2.circle(picture, (x, y), r, (84, 112, 82), -1)
    for x in (380, 470, 560):  # lamps
        cv2.ellipse(picture, (x, 22), (26, 7), 0, 0, 360, (255, 250, 236), -1)
    soft = cv2.GaussianBlur(picture, (0, 0), 9)
    full: PixelArray = np.clip(cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC), 0, 255).astype(
        np.uint8
    )
    return full


def living_room(width: int, height: int) -> PixelArray:
    """Return (height, width, 3) RGB: somewhere else, out of focus, where a video of the subject may have been made."""
    w, h = 640, 360
    wall = np.full((h, w, 3), (176, 170, 150), np.float32)
    cv2.rectangle(wall, (40, 40), (170, 330), (112, 84, 62), -1)  # a bookcase
    for y in (70, 130, 190, 250):
        cv2.rectangle(wall, (52, y), (158, y + 44), (150, 92, 70 + y // 4), -1)
    cv2.rectangle(wall, (430, 30), (600, 150), (96, 120, 108), -1)  # a picture
    cv2.rectangle(wall, (380, 240), (640, 360), (92, 98, 116), -1)  # a sofa
    soft = cv2.GaussianBlur(wall, (0, 0), 7)
    full: PixelArray = cv2.resize(soft, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 255).astype(np.uint8)
    return full


def lay_over(background: PixelArray, layer: PixelArray, gain: Gain | None = None) -> PixelArray:
    """Return the picture with the premultiplied (height, width, 4) layer, lit by `gain`, in front of the background."""
    colour, opacity = cv2.cvtColor(layer, cv2.COLOR_RGBA2RGB), cv2.extractChannel(layer, 3)
    if gain is not None:
        colour = gain.applied(colour)
    through = cv2.cvtColor(cv2.bitwise_not(opacity), cv2.COLOR_GRAY2RGB)
    picture: PixelArray = cv2.add(colour, cv2.multiply(background, through, scale=1 / 255))
    return picture
