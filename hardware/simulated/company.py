"""Two people before one camera: somebody steps in beside the subject, or the face is exchanged for another."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from hardware.simulated.cues import Cue
from hardware.simulated.living import GESTURES, Bearing, LivingSubject
from hardware.simulated.look import SubjectLook
from hardware.simulated.motion import ease
from hardware.simulated.renderer import SubjectRenderer

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

_STEP_IN_S = 0.9


class Turns:
    """Spells of random length that take turns, from the first gesture that is asked for; before it none has begun."""

    def __init__(self, rng: np.random.Generator, first_s: tuple[float, float], *then_s: tuple[float, float]) -> None:
        """`first_s` is the range of the time until the first change, `then_s` those of the spells that follow."""
        self._rng = rng
        self._then_s = then_s
        self._first_s = first_s
        self._next_s: float | None = None
        self._since_s = -np.inf
        self._number = 0

    def at(self, at_s: float, cue: Cue) -> tuple[int, float]:
        """Return how many changes there have been by a rising time, and how long ago the last was."""
        if self._next_s is None and cue in GESTURES:
            self._next_s = at_s + self._rng.uniform(*self._first_s)
        while self._next_s is not None and at_s >= self._next_s:
            self._since_s = self._next_s
            self._next_s += self._rng.uniform(*self._then_s[self._number % len(self._then_s)])
            self._number += 1
        return self._number, at_s - self._since_s


class SecondPerson:
    """The subject answers everything; somebody else comes close, looks, and goes, again and again."""

    def __init__(self, subject: LivingSubject, other: SubjectRenderer, look: SubjectLook, seed: int) -> None:
        rng = np.random.default_rng((seed, 23))
        self._subject = subject
        self._other = other
        self._bearing = Bearing(replace(look, start=replace(look.start, body_x_px=0.0)), seed + 1, other.size)
        self._turns = Turns(rng, (0.5, 5.0), (2.5, 4.0), (2.0, 4.0))
        self._side = float(rng.choice([-1.0, 1.0]))
        self._beside_px = self._side * 0.27 * other.size[0]
        self._gone_px = self._side * 0.75 * other.size[0]

    def at(self, at_s: float, cue: Cue, light: FloatArray | None) -> PixelArray:
        scene = self._subject.at(at_s, cue, light)
        changes, since_s = self._turns.at(at_s, cue)
        present = Cue.PRESENT if cue is not Cue.ABSENT else Cue.ABSENT
        pose = self._bearing.pose_at(at_s, present)
        moved = ease(since_s / _STEP_IN_S)
        inside = moved if changes % 2 == 1 else 1 - moved
        if changes == 0 or inside <= 0:
            return scene
        aside = self._gone_px + inside * (self._beside_px - self._gone_px)
        return self._other.over(scene, replace(pose, body_x_px=pose.body_x_px + aside), light)


class Exchange:
    """One answers the first gestures, then the other is there in the same place, and so on."""

    def __init__(self, first: LivingSubject, then: LivingSubject, seed: int) -> None:
        self._people = (first, then)
        self._turns = Turns(np.random.default_rng((seed, 29)), (0.4, 5.0), (3.5, 6.0))

    def at(self, at_s: float, cue: Cue, light: FloatArray | None) -> PixelArray:
        changes, _ = self._turns.at(at_s, cue)
        shown, hidden = self._people[changes % 2], self._people[1 - changes % 2]
        hidden.follow(at_s, cue)
        return shown.at(at_s, cue, light)
