"""A scene as a camera takes it, picture by picture at given times: late light, exposure, focus and noise; no clock."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hardware.simulated.cues import Cue, LightColour
from hardware.simulated.light import LightLag
from hardware.simulated.living import Scene
from hardware.simulated.motion import settling
from hardware.simulated.sensor import Sensor

PixelArray = NDArray[np.uint8]

MAX_STOPS = 3.0
_FOLLOWS = 0.65
"""Share of a change of exposure that each picture makes up for: all but done after three."""


class SimulatedTake:
    """What stands before the camera, or is put in its place; the same seed and questions give the same pictures.

    Ask at rising times, from one thread; `set_exposure` may come from another.
    """

    def __init__(
        self,
        scene: Scene,
        size: tuple[int, int],
        seed: int,
        *,
        light_lag_s: float = 0.08,
        level: float = 1.0,
        replaces_camera: bool = False,
    ) -> None:
        """`level` is how bright the camera's automatic exposure makes the scene, 1 as its portraits are.

        Where the scene replaces the camera, its pictures are final and no control reaches them.
        """
        self._scene = scene
        self._sensor = Sensor(*size)
        self._lag = LightLag(light_lag_s)
        self._seed = seed
        self._level = level
        self._replaces_camera = replaces_camera
        self._wanted_stops = self._stops = 0.0
        self._number = 0
        self._began_s: float | None = None

    def picture_at(self, at_s: float, cue: Cue, light: LightColour | None) -> PixelArray:
        """Return the camera's (height, width, 3) RGB picture; `light` is the sRGB that the screen stands in."""
        if self._began_s is None:
            self._began_s = at_s
        self._number += 1
        scene = self._scene.at(at_s, cue, self._lag.seen(at_s, light))
        if self._replaces_camera:
            return scene
        self._stops += _FOLLOWS * (self._wanted_stops - self._stops)
        state = settling(at_s - self._began_s)
        # Exposure counts in linear light; the sensor's gain is on its gamma-coded picture.
        gain = state.gain * self._level * 2 ** (self._stops / 2.2)
        return self._sensor.expose(scene, replace(state, gain=gain), self._seed + self._number)

    def set_exposure(self, stops: float) -> bool:
        """Expose so many stops more than usual from the next pictures on; False for what no camera can do.

        What replaces a camera says yes and does nothing.
        """
        if not np.isfinite(stops) or abs(stops) > MAX_STOPS:
            return False
        self._wanted_stops = stops
        return True
