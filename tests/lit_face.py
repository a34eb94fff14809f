"""A face made of numbers in the light of a screen: Lambertian slopes, the room's own light, a late camera that adjusts.

For tests of the light layer; it shares no arithmetic with what is tested.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from kiosk.verification.light import LightChallenge, LightCheck, ScreenColour
from kiosk.verification.observation import FrameObservation, LightSample
from tests.rehearsed_face import RESTING

Colour = tuple[float, float, float]

# Place in inter-eye distances from the bridge of the nose, slope to the right and downwards, reflectance.
HEAD = (
    (-0.35, -0.55, -0.25, -0.25, 0.50),
    (0.0, -0.65, 0.0, -0.30, 0.55),
    (0.35, -0.55, 0.25, -0.25, 0.48),
    (0.0, 0.1, 0.0, -0.25, 0.52),
    (0.0, 0.65, 0.0, 0.15, 0.60),
    (-0.25, 0.6, -0.75, 0.1, 0.45),
    (0.25, 0.6, 0.75, 0.1, 0.46),
    (-0.5, 0.55, -0.35, 0.1, 0.50),
    (0.5, 0.55, 0.35, 0.1, 0.50),
    (-0.85, 0.6, -0.80, 0.1, 0.42),
    (0.85, 0.6, 0.80, 0.1, 0.44),
    (0.0, 1.75, 0.0, 0.35, 0.40),
)
FLAT = tuple((x, y, 0.0, 0.0, reflectance) for x, y, _, _, reflectance in HEAD)
BENT = tuple((x, y, 0.4 * x, 0.0, reflectance) for x, y, _, _, reflectance in HEAD)
"""A print of 20 cm held as a part of a tube, its edges turned away by 35°."""
USUAL = (0.8, 0.8, 0.78)
"""The screen's usual picture."""


@dataclass(frozen=True)
class Scene:
    """What stands before the camera and how it is lit; `screen` is what a white one adds to the room's light."""

    surface: tuple[tuple[float, float, float, float, float], ...] = HEAD
    screen: float = 0.25
    behind: float = 0.15
    """Part of the screen's light that what is behind gets."""
    background: float = 0.4
    level: float = 0.6
    """What the camera makes of the room's light on a white sheet."""
    lag_s: float = 0.08
    frames_per_s: float = 15.0
    noise: float = 0.004
    sway: float = 0.004
    """Common change of brightness that a head in slow motion shows."""
    adjusts_per_s: float = 0.0
    """How fast the camera's exposure follows the brightness."""
    clipped: float = 0.02
    instead: LightChallenge | None = None
    """What the face shows whatever the screen does."""


def linear(colour: ScreenColour | None) -> Colour:
    if colour is None:
        return USUAL
    red, green, blue = ((part / 255) ** 2.2 for part in colour.srgb)
    return red, green, blue


def light_at(challenge: LightChallenge, since_s: float) -> Colour:
    return linear(challenge.colour_at(since_s))


def play(
    challenge: LightChallenge,
    scene: Scene = Scene(),
    seed: int = 1,
    alter: Callable[[int, LightSample], LightSample | None] = lambda _number, sample: sample,
    tick_s: float = 0.02,
) -> LightCheck:
    """Show a challenge, film the scene, and return the check that saw it all."""
    check, chance = LightCheck(challenge), random.Random(seed)
    begins_s = 100 + chance.random()
    shown: ScreenColour | None = None
    ticks = 0
    exposure = 1.0
    frames = int((challenge.duration_s + 1.0) * scene.frames_per_s)
    for number in range(frames):
        now_s = begins_s - 0.4 + number / scene.frames_per_s
        while begins_s + ticks * tick_s <= now_s:
            at_s = begins_s + ticks * tick_s
            due = challenge.colour_at(at_s - begins_s)
            if due is not shown:
                check.shown(due, at_s)
                shown = due
            ticks += 1
        light = light_at(scene.instead or challenge, now_s - scene.lag_s - begins_s)
        sample = _sample(scene, light, exposure * (1 + scene.sway * math.sin(2.1 * now_s)), chance)
        mean = sum(sum(region) for region in sample.regions) / (3 * len(sample.regions))
        exposure *= (0.5 * scene.level / mean) ** (scene.adjusts_per_s / scene.frames_per_s)
        altered = alter(number, sample)
        check.observe(FrameObservation(number, now_s, 1280, 720, 1, RESTING, altered))
    return check


def _sample(scene: Scene, light: Colour, exposure: float, chance: random.Random) -> LightSample:
    def seen(reflectance: float, share: float) -> Colour:
        red, green, blue = (
            exposure
            * scene.level
            * reflectance
            * (1 + scene.screen * share * part)
            * (1 + chance.gauss(0, scene.noise))
            for part in light
        )
        return red, green, blue

    def facing(right: float, down: float) -> float:
        ahead = math.sqrt(max(0.0, 1 - right**2 - down**2))
        return max(0.0, (ahead - 0.2 * down + 0.15) / 1.15)

    return LightSample(
        regions=tuple(seen(reflectance, facing(right, down)) for _, _, right, down, reflectance in scene.surface),
        places=tuple((x, y) for x, y, *_ in scene.surface),
        background=seen(scene.background, scene.behind),
        clipped=scene.clipped,
    )


__all__ = ["BENT", "FLAT", "HEAD", "Scene", "linear", "play", "replace"]
