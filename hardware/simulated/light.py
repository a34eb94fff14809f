"""The light of the screen and of the room in linear light, and how late the camera sees a change. Draws nothing."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hardware.simulated.cues import LightColour

FloatArray = NDArray[np.float32]

USUAL_WHITE = 0.5
"""Light of the screen's usual picture, of a white screen's; every portrait stands for a face in it."""
_EXPOSURE_S = 0.02


@dataclass(frozen=True, slots=True)
class Room:
    """How the light of the screen stands against the light that is there anyway."""

    screen_share: float = 0.22
    """What a full white screen adds to a face that looks at it, of the room's own light there: an ordinary office
    (300 to 500 lx) with a 21.5-inch screen at 50 to 60 cm. 0.03 is a place in the sun."""
    background_share: float = 0.12
    """How much less reaches what stands 1.5 m away, of what reaches the face."""
    side: float = 0.0
    """Room light from the right of the picture (negative: left), −0.6 to 0.6: the far side of the face gets less."""
    from_above: float = 0.0
    """The same from above."""
    level: float = 1.0
    """Brightness of the picture; the camera's exposure has made most of it even already."""

    @property
    def is_plain(self) -> bool:
        """True where the portrait's own light is left as it is."""
        return self.side == 0 and self.from_above == 0


def linear(colour: LightColour | None) -> FloatArray:
    """Return (3,) linear light, 1 a white screen, of what the screen is painted in."""
    if colour is None:
        return np.full(3, USUAL_WHITE, np.float32)
    level = np.clip(np.array(colour, np.float32) / 255, 0, 1)
    light: FloatArray = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4).astype(np.float32)
    return light


class LightLag:
    """Screen, sensor and transfer are late by `lag_s` together; an exposure on the change sees some of both."""

    def __init__(self, lag_s: float = 0.08) -> None:
        self._lag_s = lag_s
        self._changes: list[tuple[float, LightColour | None]] = []

    def seen(self, at_s: float, colour: LightColour | None) -> FloatArray | None:
        """Return the (3,) linear light in the picture taken at a time, having been told the light that stands then.

        None as long as the screen shows its usual picture. Tell it at rising times.
        """
        if not self._changes or self._changes[-1][1] != colour:
            # A light that stands when the camera is switched on has stood for long.
            self._changes.append((at_s if self._changes else -np.inf, colour))
        while len(self._changes) > 1 and self._changes[1][0] <= at_s - self._lag_s - _EXPOSURE_S:
            del self._changes[0]
        if len(self._changes) == 1 and self._changes[0][1] is None:
            return None
        light = linear(self._changes[0][1])
        for since_s, later in self._changes[1:]:
            share = float(np.clip((at_s - self._lag_s - since_s) / _EXPOSURE_S, 0, 1))
            light = light + share * (linear(later) - light)
        return light
