"""Draws the simulated capture subject at a given pose: head, warp, light, scene, sensor. Knows no clock and no cue."""

from collections.abc import Callable
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from hardware.simulated.eyelids import find_eyes, shut
from hardware.simulated.figure import Figure
from hardware.simulated.light import Room
from hardware.simulated.mouth import find_mouth, open_mouth, smile
from hardware.simulated.portrait import INTER_EYE_PX, Sitter, seat
from hardware.simulated.pose import FacePose
from hardware.simulated.relief import model_relief
from hardware.simulated.scene import branch_interior
from hardware.simulated.sensor import Sensor, SensorState
from hardware.simulated.shading import evenly_lit

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
        room: Room | None = None,
        retouch: Callable[[Sitter], Sitter] = lambda sitter: sitter,
        inter_eye_px: float = INTER_EYE_PX,
    ) -> None:
        """Take an (h, w, 3) RGB portrait, its (478, 3) landmarks in pixels, and a scene to stand in.

        `inter_eye_px` is how near the person stands, for a picture of 1280 × 720; `retouch` paints on the canvas.
        """
        self.sitter = retouch(seat(portrait, landmarks, width, height, inter_eye_px))
        self.relief = model_relief(self.sitter)
        self.room = Room() if room is None else room
        self.background = branch_interior(width, height) if background is None else background
        self._figure = Figure(self.relief, (width, height), self.room)
        self._eyes = find_eyes(self.sitter.layer, self.sitter.landmarks)
        self._mouth = find_mouth(self.sitter.landmarks, self.sitter.layer.shape[:2])
        self.size = (width, height)

    def render(
        self, pose: FacePose, noise_seed: int, sensor: SensorState | None = None, light: FloatArray | None = None
    ) -> PixelArray:
        """Return the camera's (height, width, 3) RGB picture; the same arguments give the same picture."""
        return self._sensor.expose(self.scene(pose, light), sensor or SensorState(), noise_seed)

    @cached_property
    def _sensor(self) -> Sensor:
        return Sensor(*self.size)

    def scene(self, pose: FacePose, light: FloatArray | None = None) -> PixelArray:
        """Return the scene before the camera adds its own faults.

        `light` is the (3,) linear light of the screen (`hardware.simulated.light`), None for its usual picture.
        """
        return self.over(evenly_lit(self.background, self.room.background_share, light, self.room), pose, light)

    def over(self, behind: PixelArray, pose: FacePose, light: FloatArray | None = None) -> PixelArray:
        """Return the person before something else than the renderer's own background."""
        return self._figure.over(behind, self.face(pose), pose, light)

    def person(self, pose: FacePose) -> PixelArray:
        """Return the person alone: (height, width, 4) premultiplied RGB and opacity."""
        return self._figure.drawn(self.face(pose), pose)

    def face(self, pose: FacePose) -> PixelArray:
        """Return the canvas with the expression drawn in, face still to the camera; not to be written to."""
        if max(pose.blink, pose.mouth_open, pose.smile) < _LEAST:
            return self.sitter.layer
        layer = self.sitter.layer.copy()
        if pose.smile >= _LEAST:
            smile(layer, self._mouth, pose.smile)
        if pose.mouth_open >= _LEAST:
            open_mouth(layer, self._mouth, pose.mouth_open)
        if pose.blink >= _LEAST:
            for eye in self._eyes:
                shut(layer, eye, pose.blink)
        return layer
