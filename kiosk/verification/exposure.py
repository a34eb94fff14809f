"""Exposure challenge: the kiosk darkens the camera's exposure by random steps, and the frames must follow.

It binds the frames to this camera at this moment, against who puts pictures in between. Numbers only, no clock. Steps
are darker only: in a dim room a camera exposes as long as it can already. The way back to the usual is not judged,
for there the camera's own control takes over at its own pace.
"""

import math
import random
from dataclasses import dataclass
from statistics import median

BOUND_BY_CONTROLS = "bound_by_controls"
"""The stream layer's measure: 1 where every step that could be judged was followed, and at least one could."""
SETTLE_S = 0.45
"""How late a camera may follow: message, driver, and the frames on their way."""
BEFORE_S = 0.5
FEWEST_FRAMES = 2
LEAST_ANSWER, MOST_ANSWER = 0.3, 3.0
"""Of the step that was asked for: no camera's tone curve is exactly that of sRGB, and bright places are clipped."""
_DARKEST = 1e-4


@dataclass(frozen=True, slots=True)
class ExposureStep:
    """From then on, this far from the usual exposure."""

    since_s: float
    """Seconds after the attempt's first frame."""
    stops: float


@dataclass(frozen=True, slots=True)
class ExposureChallenge:
    """Steps in order of time; the last puts the exposure back."""

    steps: tuple[ExposureStep, ...]

    def stops_at(self, since_s: float) -> float:
        """Return what is due so long after the beginning."""
        return next((step.stops for step in reversed(self.steps) if step.since_s <= since_s), 0.0)


def draw_exposure_challenge(source: random.Random) -> ExposureChallenge:
    """Draw two unlike steps and the way back, over within 3 s; callers pass `secrets.SystemRandom()`."""
    levels = [source.uniform(-1.1, -1.0), source.uniform(-0.55, -0.45)]
    source.shuffle(levels)
    first_s = source.uniform(0.5, 1.1)
    second_s = first_s + source.uniform(0.75, 0.95)
    back_s = second_s + source.uniform(0.75, 0.95)
    return ExposureChallenge(
        (ExposureStep(first_s, levels[0]), ExposureStep(second_s, levels[1]), ExposureStep(back_s, 0.0))
    )


@dataclass(frozen=True, slots=True)
class ExposureAnswers:
    """What became of the steps so far."""

    asked: int
    """Steps whose time is over."""
    measured: int
    """Of these, those with enough frames before and after."""
    followed: int


class ExposureFollowing:
    """Holds the brightness of the frames against the exposure that was due."""

    def __init__(self, challenge: ExposureChallenge) -> None:
        self._challenge = challenge
        self._began_s: float | None = None
        self._released = False
        self._told: list[tuple[float, float]] = []
        """When the exposure was changed, and to what."""
        self._seen: list[tuple[float, float]] = []
        """Time of capture and brightness in stops."""

    def due(self, now_s: float) -> float:
        """Return the exposure due now, and count it as told."""
        if self._began_s is None:
            return 0.0
        stops = 0.0 if self._released else self._challenge.stops_at(now_s - self._began_s)
        if stops != (self._told[-1][1] if self._told else 0.0):
            self._told.append((now_s, stops))
        return stops

    def release(self) -> None:
        """Ask for no further step."""
        self._released = True

    def observe(self, captured_at_s: float, brightness: float) -> None:
        """Take a frame's brightness in linear light, 0…1."""
        if self._began_s is None:
            self._began_s = captured_at_s
        self._seen.append((captured_at_s, math.log2(max(brightness, _DARKEST))))

    def answers(self) -> ExposureAnswers:
        asked = measured = followed = 0
        for number, (at_s, stops) in enumerate(self._told[:-1]):
            if stops == 0.0:
                continue  # the way back
            asked += 1
            earlier_s, earlier_stops = self._told[number - 1] if number else (-math.inf, 0.0)
            before = self._between(max(at_s - BEFORE_S, earlier_s + SETTLE_S), at_s)
            after = self._between(at_s + SETTLE_S, self._told[number + 1][0])
            if min(len(before), len(after)) < FEWEST_FRAMES:
                continue
            measured += 1
            answer = (median(after) - median(before)) / (stops - earlier_stops)
            followed += LEAST_ANSWER <= answer <= MOST_ANSWER
        return ExposureAnswers(asked, measured, followed)

    def _between(self, from_s: float, until_s: float) -> list[float]:
        return [stops for at_s, stops in self._seen if from_s <= at_s <= until_s]
