"""An earlier visit: what its screen asked and in what light it stood, which is not what the screen asks now."""

import numpy as np
from numpy.typing import NDArray

from hardware.simulated.cues import Cue, LightColour
from hardware.simulated.light import linear

FloatArray = NDArray[np.float32]

_POSITIONING_S = 3.0
_GESTURE_S, _NEUTRAL_S = 2.2, 0.6
_COLOUR_S = 0.4
_COLOURS: tuple[LightColour, ...] = (
    (255, 255, 255), (255, 40, 40), (40, 255, 40), (40, 40, 255), (255, 255, 40), (255, 40, 255), (40, 255, 255),
    (16, 16, 16),
)  # fmt: skip
_GESTURES = (Cue.TURN_LEFT, Cue.TURN_RIGHT, Cue.BLINK, Cue.OPEN_MOUTH, Cue.SMILE)


class EarlierVisit:
    """Three gestures and eight colours of its own, over and over, from the first time it is asked about."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng((seed, 17))
        self._course: list[tuple[float, Cue, LightColour | None]] = [(_POSITIONING_S, Cue.PRESENT, None)]
        for number in rng.permutation(len(_GESTURES))[:3]:
            self._course += [(_GESTURE_S, _GESTURES[number], None), (_NEUTRAL_S, Cue.PRESENT, None)]
        for number in rng.permutation(len(_COLOURS)):
            self._course.append((_COLOUR_S, Cue.PRESENT, _COLOURS[number]))
        self._length_s = sum(part[0] for part in self._course)
        self._began_s: float | None = None

    def at(self, at_s: float) -> tuple[Cue, FloatArray | None]:
        """Return the cue and the linear light of the earlier visit that is seen at a rising time."""
        if self._began_s is None:
            self._began_s = at_s
        since_s = (at_s - self._began_s) % self._length_s
        for lasts_s, cue, light in self._course:
            if since_s < lasts_s:
                return cue, None if light is None else linear(light)
            since_s -= lasts_s
        return Cue.PRESENT, None


def random_colour(seed: tuple[int, int]) -> FloatArray:
    """Return the (3,) linear light of any of the colours."""
    return linear(_COLOURS[int(np.random.default_rng(seed).integers(len(_COLOURS)))])
