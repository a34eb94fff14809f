"""Light challenge: the screen lights the face with a random sequence of colours, which only this face can answer.

What is drawn and how it is judged; the measuring of the answer itself is `light_answer`. It never shows anything:
desk says which colour the screen took on, and when.
"""

import math
import random
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from itertools import pairwise

import numpy as np

from kiosk.errors import VerificationError
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict, PadLayer
from kiosk.verification.light_answer import Answer, judge_answer
from kiosk.verification.light_fit import ScreenLight, ShownStep, linear
from kiosk.verification.observation import FrameObservation, LightSample

BITS_OF_ATTEMPT = 20.0
"""What an attacker must guess of one attempt, gestures and light together."""
MOST_MISREAD = 1
"""So many of all colour channels of all steps may be read wrongly; its price is counted in `light_bits`."""
LEAST_STEPS, MOST_STEPS = 7, 10
STEP_S = 0.4
LEAST_CHANGES = 2
"""How often each colour channel is switched at least, or a slow drift of the room's light could stand in for it."""
_SHORTEST_SHOWN = 0.7
"""Part of its time for which a colour must have stood; a desk that was busy may have swallowed it."""
_KEPT_FRAMES = 1500


class LightChallengeError(VerificationError):
    """A light challenge that cannot be drawn."""


class ScreenColour(StrEnum):
    """What the screen shines in; `srgb` is what it paints."""

    WHITE = "white"
    RED = "red"
    GREEN = "green"
    BLUE = "blue"
    YELLOW = "yellow"
    MAGENTA = "magenta"
    CYAN = "cyan"
    DARK = "dark"

    @property
    def srgb(self) -> tuple[int, int, int]:
        return _SRGB[self]

    @property
    def channels(self) -> tuple[bool, bool, bool]:
        """Whether red, green and blue are on."""
        red, green, blue = (part > 128 for part in self.srgb)
        return red, green, blue


_SRGB = {
    ScreenColour.WHITE: (255, 255, 255),
    ScreenColour.RED: (255, 108, 108),  # paler than WCAG's saturated red: no red flash whatever is drawn
    ScreenColour.GREEN: (40, 255, 40),
    ScreenColour.BLUE: (40, 40, 255),
    ScreenColour.YELLOW: (255, 255, 40),
    ScreenColour.MAGENTA: (255, 40, 255),
    ScreenColour.CYAN: (40, 255, 255),
    ScreenColour.DARK: (16, 16, 16),
}


def _light_of(colour: ScreenColour) -> ScreenLight:
    return ScreenLight(linear(colour.srgb), colour.channels)


_PALETTE = tuple(_light_of(colour) for colour in ScreenColour)


@dataclass(frozen=True, slots=True)
class LightChallenge:
    """Colours one after the other, each for `step_s`; an empty one never passes."""

    colours: tuple[ScreenColour, ...]
    step_s: float = STEP_S

    @property
    def duration_s(self) -> float:
        return len(self.colours) * self.step_s

    def colour_at(self, since_s: float) -> ScreenColour | None:
        """Return the colour due `since_s` after the beginning; None before and after."""
        number = int(since_s // self.step_s) if 0 <= since_s < self.duration_s else -1
        return self.colours[number] if 0 <= number < len(self.colours) else None


def light_bits(steps: int) -> float:
    """Return what an attacker must guess of so many steps, every sequence permitted being equally likely.

    Less what the check forgives: with one channel of one step misread, 1 + 3 · steps sequences would pass.
    """
    sequences = _count_sequences(steps)
    return math.log2(sequences / (1 + 3 * steps * MOST_MISREAD)) if sequences else 0.0


def draw_light_challenge(source: random.Random, gesture_bits: float = 0.0) -> LightChallenge:
    """Draw as many steps as it takes to carry, with the gestures, `BITS_OF_ATTEMPT`; callers pass `SystemRandom()`.

    No colour twice in a row, and each channel switched at least `LEAST_CHANGES` times; every such sequence is equally
    likely. Raise `LightChallengeError` for bits that are no number.
    """
    if not 0 <= gesture_bits < math.inf:
        raise LightChallengeError(f"Gestures carry no bits or more, not {gesture_bits}.")
    needed = (
        steps for steps in range(LEAST_STEPS, MOST_STEPS + 1) if gesture_bits + light_bits(steps) >= BITS_OF_ATTEMPT
    )
    steps = next(needed, MOST_STEPS)
    every = tuple(ScreenColour)
    while True:
        drawn = [source.choice(every)]
        while len(drawn) < steps:
            drawn.append(source.choice([colour for colour in every if colour is not drawn[-1]]))
        if min(_changes(drawn)) >= LEAST_CHANGES:
            return LightChallenge(tuple(drawn))


def _changes(colours: list[ScreenColour] | tuple[ScreenColour, ...]) -> tuple[int, int, int]:
    """How often red, green and blue are switched."""
    switched = [
        [before != after for before, after in zip(earlier.channels, later.channels, strict=True)]
        for earlier, later in pairwise(colours)
    ]
    red, green, blue = (sum(each) for each in zip(*switched, strict=True)) if switched else (0, 0, 0)
    return red, green, blue


@cache
def _count_sequences(steps: int) -> int:
    """How many sequences can be drawn: the on-off pattern of the three channels moves by any of seven ways a step."""
    courses = Counter({(0, 0, 0): len(ScreenColour)})
    for _ in range(steps - 1):
        further: Counter[tuple[int, int, int]] = Counter()
        for (red, green, blue), ways in courses.items():
            for way in range(1, 8):
                switched = (red + (way & 1), green + (way >> 1 & 1), blue + (way >> 2))
                further[switched] += ways
        courses = further
    return sum(ways for switched, ways in courses.items() if min(switched) >= LEAST_CHANGES)


class LightCheck:
    """The light layer of one attempt: what was shown when, and how the face answered."""

    def __init__(self, challenge: LightChallenge | None = None) -> None:
        """Without a challenge, or with an empty one, it never passes."""
        self._challenge = challenge
        self._shown: list[tuple[float, ScreenColour | None]] = []
        self._frames: list[tuple[float, LightSample]] = []

    def shown(self, colour: ScreenColour | None, at_s: float) -> None:
        """The screen was told to shine in this colour (None: as usual again) at this monotonic time."""
        self._shown.append((at_s, colour))

    def observe(self, observation: FrameObservation) -> None:
        """Take the next frame; those before the first colour say nothing of it."""
        if self._shown and observation.light is not None and len(self._frames) < _KEPT_FRAMES:
            self._frames.append((observation.captured_at_s, observation.light))

    def evidence(self) -> LayerEvidence:
        """Judge what has been shown and seen so far."""
        if not any(colour is not None for _, colour in self._shown):
            return _nothing(Finding.NO_LIGHT_SHOWN)
        if not self._frames:
            return _nothing(Finding.NOTHING_SEEN)
        steps = self._steps_shown()
        if steps is None:
            return _nothing(Finding.NO_LIGHT_SHOWN)
        return _in_words(judge_answer(steps, _PALETTE, self._frames, MOST_MISREAD))

    def _steps_shown(self) -> tuple[ShownStep, ...] | None:
        """What stood on the screen from when to when, or None where that is not all that was drawn."""
        if self._challenge is None or not self._challenge.colours:
            return None
        if min(_changes(self._challenge.colours)) < LEAST_CHANGES or len(self._challenge.colours) < LEAST_STEPS:
            return None
        times_s = [at_s for at_s, _ in self._shown]
        colours = tuple(colour for _, colour in self._shown)
        if colours != (*self._challenge.colours, None) or not all(map(math.isfinite, times_s)):
            return None
        stood_s = np.diff(times_s)
        if not bool((stood_s >= _SHORTEST_SHOWN * self._challenge.step_s).all()):
            return None
        return tuple(map(ShownStep, times_s, times_s[1:], map(_light_of, self._challenge.colours)))


def _in_words(answer: tuple[Answer, dict[str, float]]) -> LayerEvidence:
    said, measures = answer
    match said:
        case Answer.FOLLOWED:
            verdict, finding = LayerVerdict.PASSED, Finding.IN_ORDER
        case Answer.TOO_WEAK:
            verdict, finding = LayerVerdict.NOT_MEASURED, Finding.LIGHT_TOO_WEAK
        case Answer.TOO_FEW_FRAMES:
            verdict, finding = LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN
        case Answer.NO_BACKGROUND:
            verdict, finding = LayerVerdict.NOT_MEASURED, Finding.NO_BACKGROUND
        case Answer.LATE:
            verdict, finding = LayerVerdict.FAILED, Finding.LIGHT_LATE
        case Answer.OTHER:
            verdict, finding = LayerVerdict.FAILED, Finding.LIGHT_WRONG
        case Answer.EVEN:
            verdict, finding = LayerVerdict.FAILED, Finding.LIGHT_EVEN
    return LayerEvidence(PadLayer.LIGHT, verdict, finding, measures)


def _nothing(finding: Finding) -> LayerEvidence:
    return LayerEvidence(PadLayer.LIGHT, LayerVerdict.NOT_MEASURED, finding)
