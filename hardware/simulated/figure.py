"""Anything with a shape and a picture on it, a head or a sheet of paper, seen by the camera at a pose and in a light.

The picture on it may change from frame to frame; the shape does not.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated.light import Room, linear
from hardware.simulated.portrait import MARGIN_PX
from hardware.simulated.pose import FacePose
from hardware.simulated.relief import GRID_PX, Relief, sources
from hardware.simulated.scene import lay_over
from hardware.simulated.shading import Gain, answer, as_gain, room_light, screen_gain, surface

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]


class Figure:
    """A relief within a camera's picture of (width, height)."""

    def __init__(self, relief: Relief, size: tuple[int, int], room: Room) -> None:
        self._relief = relief
        self._surface = surface(relief)
        self._size = size
        self._room = room

    def over(
        self,
        behind: PixelArray,
        layer: PixelArray,
        pose: FacePose,
        light: FloatArray | None,
        glow: FloatArray | None = None,
    ) -> PixelArray:
        """Return the (height, width, 3) picture of the figure before something else.

        `layer` is what it shows: a canvas of premultiplied RGB and opacity. What glows, as a display does, answers no
        light: `glow` is then the (rows, columns, 3) gain of its own light on the relief's grid.
        """
        if abs(pose.body_x_px) > self._size[0] + 2 * MARGIN_PX:
            return behind.copy()
        where = sources(self._relief, pose)
        gain = self._gain(pose, where, light) if glow is None else self._seen(glow, where)
        return lay_over(behind, self._warped(layer, where), gain)

    def drawn(self, layer: PixelArray, pose: FacePose) -> PixelArray:
        """Return the figure alone: (height, width, 4) premultiplied RGB and opacity."""
        return self._warped(layer, sources(self._relief, pose))

    def _warped(self, layer: PixelArray, where: FloatArray) -> PixelArray:
        """Stretch the coarse map over the canvas, leave out the margins, and look through it."""
        rows, columns = where.shape[:2]
        canvas = cv2.resize(where, (columns * GRID_PX, rows * GRID_PX), interpolation=cv2.INTER_LINEAR)
        width, height = self._size
        picture = canvas[MARGIN_PX : MARGIN_PX + height, MARGIN_PX : MARGIN_PX + width]
        seen: PixelArray = cv2.remap(layer, picture, None, cv2.INTER_LINEAR)
        return seen

    def _gain(self, pose: FacePose, where: FloatArray, light: FloatArray | None) -> Gain | None:
        """How the figure is lit; None where it is as its picture was taken."""
        if light is None and self._room.is_plain:
            return None
        lit = screen_gain(answer(self._surface, pose), linear(None) if light is None else light, self._room)
        if not self._room.is_plain:
            lit = lit * room_light(self._surface, pose, self._room)[..., None]
        return self._seen(lit, where)

    def _seen(self, coarse: FloatArray, where: FloatArray) -> Gain:
        cells = (where - np.float32((GRID_PX - 1) / 2)) * np.float32(1 / GRID_PX)
        seen = cv2.remap(coarse, cells, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return as_gain(seen, self._size, (MARGIN_PX, MARGIN_PX))
