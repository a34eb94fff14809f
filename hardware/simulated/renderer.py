"""Draws the simulated capture subject at a given pose: head, warp, scene, sensor. Knows no clock and no cue."""

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated.eyelids import find_eyes, shut
from hardware.simulated.mouth import find_mouth, open_mouth, smile
from hardware.simulated.portrait import MARGIN_PX, seat
from hardware.simulated.pose import FacePose
from hardware.simulated.relief import GRID_PX, model_relief, sources
from hardware.simulated.scene import branch_interior, lay_over
from hardware.simulated.sensor import Sensor, SensorState

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

_LEAST = 0.01
"""Expressions below this share are not drawn."""


class SubjectRenderer:
    """One portrait as a person who can move; making one takes about a second, a picture some 15 ms.

    Not for use from two threads at once.
    """

    def __init__(
        self,
        portrait: PixelArray,
        landmarks: FloatArray,
        *,
        width: int = 1280,
        height: int = 720,
        background: PixelArray | None = None,
    ) -> None:
        """Take an (h, w, 3) RGB portrait, its (478, 3) landmarks in pixels, and a scene to stand in."""
        self._sitter = seat(portrait, landmarks, width, height)
        self._relief = model_relief(self._sitter)
        self._eyes = find_eyes(self._sitter.layer, self._sitter.landmarks)
        self._mouth = find_mouth(self._sitter.landmarks, self._sitter.layer.shape[:2])
        self._background = branch_interior(width, height) if background is None else background
        self._sensor = Sensor(width, height)
        self._size = (width, height)

    def render(self, pose: FacePose, noise_seed: int, sensor: SensorState | None = None) -> PixelArray:
        """Return the camera's (height, width, 3) RGB picture; the same arguments give the same picture."""
        return self._sensor.expose(self.scene(pose), sensor or SensorState(), noise_seed)

    def scene(self, pose: FacePose) -> PixelArray:
        """Return the scene before the camera adds its own faults."""
        if abs(pose.body_x_px) > self._size[0] + 2 * MARGIN_PX:
            return self._background.copy()
        return lay_over(self._background, self.person(pose))

    def person(self, pose: FacePose) -> PixelArray:
        """Return the person alone: (height, width, 4) premultiplied RGB and opacity."""
        columns_rows = self._to_picture(sources(self._relief, pose))
        layer: PixelArray = cv2.remap(self._face(pose), columns_rows, None, cv2.INTER_LINEAR)
        return layer

    def _face(self, pose: FacePose) -> PixelArray:
        """Return the canvas with the expression drawn in, face still to the camera."""
        if max(pose.blink, pose.mouth_open, pose.smile) < _LEAST:
            return self._sitter.layer
        layer = self._sitter.layer.copy()
        if pose.smile >= _LEAST:
            smile(layer, self._mouth, pose.smile)
        if pose.mouth_open >= _LEAST:
            open_mouth(layer, self._mouth, pose.mouth_open)
        if pose.blink >= _LEAST:
            for eye in self._eyes:
                shut(layer, eye, pose.blink)
        return layer

    def _to_picture(self, grid: FloatArray) -> FloatArray:
        """Stretch the coarse map over the canvas and leave out the margins."""
        rows, columns = grid.shape[:2]
        canvas = cv2.resize(grid, (columns * GRID_PX, rows * GRID_PX), interpolation=cv2.INTER_LINEAR)
        width, height = self._size
        picture: FloatArray = canvas[MARGIN_PX : MARGIN_PX + height, MARGIN_PX : MARGIN_PX + width]
        return picture
