"""How a face answered the light of the screen: when, in which order, and unevenly as a head does. Numbers only.

Logarithms of linear light throughout: what the skin reflects, the camera's exposure and its white balance are factors
and fall out against the face's own level and against the background, which both stand in the same picture.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from kiosk.verification.light_fit import (
    DELAYS_S,
    LEAST_FRAMES_PER_STEP,
    Fit,
    FloatArray,
    ScreenLight,
    ShownStep,
    fit_sequence,
    mixed,
    step_means,
    without_drift,
)
from kiosk.verification.observation import LightSample

LATEST_ANSWER_S = 0.35
"""Screen, camera and desk's own tick are late by less; a picture made to follow is later."""
EARLIEST_ANSWER_S = -0.02
"""A camera may stamp a frame when it ends, or before; that is all that can make an answer seem to come too soon."""
LEAST_ANSWER = 0.02
"""How much brighter, as a logarithm, a lit face must become; below it, a room is too bright to tell."""
LEAST_CHANNEL_ANSWER = 0.006
"""The same of each colour channel by itself."""
LEAST_EXPLAINED = 0.85
"""Part of all change in the face's colours that the sequence shown must account for."""
LEAST_OVER_BACKGROUND = 0.4
"""Of the face's answer, what the background must not share."""
LEAST_RELIEF = 0.11
"""How far regions depart from a plane's answer, as part of the answer (root mean square)."""
LEAST_BEYOND_BEND = 0.07
"""The same against a sheet bent about an upright axis, which has a bulge too."""
_CLEAR = 1.7
"""How many times its own error the relief must be."""
_LEAST_REGIONS = 8
_REGION_ERROR = 0.05
"""Of a region's answer, that repeats itself and so cannot be seen in its scatter."""
STRONG_CHANGE = 0.015
"""A change of colour that is no noise (root mean square of the logarithm)."""
_STEPPED = 0.6
_CLEARLY_MISREAD = 3
DARKEST_BACKGROUND, BRIGHTEST_BACKGROUND = 0.004, 0.95
MOST_CLIPPED = 0.4
_USUAL_DELAY_S = 0.1
_FLOOR = 1e-4
_BRIGHTNESS = np.array([[1, 1, 1]]) / np.sqrt(3)
_HUE = np.array([[2, -1, -1], [0, np.sqrt(3), -np.sqrt(3)]]) / np.sqrt(6)


class Answer(StrEnum):
    """What can be said of a face in the light of the screen."""

    FOLLOWED = "followed"
    LATE = "late"
    OTHER = "other"
    """The face changed colour strongly, but not as shown."""
    EVEN = "even"
    """It followed like a plane or like the background."""
    TOO_WEAK = "too_weak"
    TOO_FEW_FRAMES = "too_few_frames"
    NO_BACKGROUND = "no_background"


@dataclass(frozen=True, slots=True)
class _Seen:
    """The usable frames of the light: N frames, K regions."""

    times_s: FloatArray
    regions: FloatArray
    """(N, K, 3) logarithms."""
    background: FloatArray
    """(N, 3) logarithms."""
    places: FloatArray
    """(K, 2)"""
    clipped: float

    @property
    def face(self) -> FloatArray:
        """(N, 3): what most of the face does; hair that moves over one region is not most of it."""
        levels = self.regions.mean(axis=0)
        return np.asarray(np.median(self.regions - levels, axis=1) + levels.mean(axis=0))

    @property
    def against_background(self) -> FloatArray:
        return self.face - self.background


@dataclass(frozen=True, slots=True)
class _Shape:
    """How far the regions' answers depart from a sheet's, in parts of the answer."""

    beyond_plane: float
    beyond_bend: float
    error: float


def judge_answer(
    steps: Sequence[ShownStep],
    palette: Sequence[ScreenLight],
    frames: Sequence[tuple[float, LightSample]],
    most_misread: int,
) -> tuple[Answer, dict[str, float]]:
    """Compare what was shown with what was seen; the second part are the numbers behind it."""
    seen = _usable(steps, frames)
    if seen is None or step_means(steps, seen.times_s - _USUAL_DELAY_S, seen.face) is None:
        return Answer.TOO_FEW_FRAMES, {}
    level = np.exp(np.median(seen.background, axis=0))
    if level.min() < DARKEST_BACKGROUND or level.max() > BRIGHTEST_BACKGROUND:
        return Answer.NO_BACKGROUND, {}
    own = fit_sequence(steps, palette, seen.times_s, seen.against_background)
    whole = fit_sequence(steps, palette, seen.times_s, seen.face)
    measures = {
        "delay_s": own.delay_s,
        "explained": own.explained,
        "strength": own.strength,
        "over_background": own.strength / max(own.strength, whole.strength, _FLOOR),
        "misread": float(own.misread),
        "clipped": seen.clipped,
    }
    if seen.clipped > MOST_CLIPPED:
        return Answer.TOO_WEAK, measures
    if _follows(whole, most_misread) and measures["over_background"] < LEAST_OVER_BACKGROUND:
        return Answer.EVEN, measures
    if _follows(own, most_misread):
        if own.delay_s > LATEST_ANSWER_S:
            return Answer.LATE, measures
        if own.delay_s >= EARLIEST_ANSWER_S:
            shape = _relief(steps, seen, own)
            return _of_shape(shape), measures | {
                "relief": shape.beyond_plane,
                "beyond_bend": shape.beyond_bend,
                "relief_error": shape.error,
            }
    changed = own.misread > _CLEARLY_MISREAD and _changed_otherwise(steps, seen)
    return Answer.OTHER if changed else Answer.TOO_WEAK, measures


def _follows(fit: Fit, most_misread: int) -> bool:
    return (
        fit.misread <= most_misread
        and fit.explained >= LEAST_EXPLAINED
        and fit.strength >= LEAST_ANSWER
        and bool((fit.gains >= LEAST_CHANNEL_ANSWER).all())
    )


def _of_shape(shape: _Shape) -> Answer:
    uneven = shape.beyond_plane >= LEAST_RELIEF and shape.beyond_bend >= LEAST_BEYOND_BEND
    if uneven and shape.beyond_plane >= _CLEAR * shape.error:
        return Answer.FOLLOWED
    return Answer.TOO_WEAK if uneven or 2 * _CLEAR * shape.error > LEAST_RELIEF else Answer.EVEN


def _usable(steps: Sequence[ShownStep], frames: Sequence[tuple[float, LightSample]]) -> _Seen | None:
    """Frames from the first colour on, in order, whole and finite; None where there are hardly any."""
    kept = [(at_s, light) for at_s, light in frames if steps[0].from_s <= at_s <= steps[-1].until_s + DELAYS_S[-1]]
    counts = {count for _, light in kept for count in (len(light.regions), len(light.places))}
    if len(counts) != 1 or min(counts) < _LEAST_REGIONS:
        return None
    times_s = np.array([at_s for at_s, _ in kept], dtype=np.float64)
    regions = np.array([light.regions for _, light in kept], dtype=np.float64)
    background = np.array([light.background for _, light in kept], dtype=np.float64)
    places = np.array([light.places for _, light in kept], dtype=np.float64)
    clipped = np.array([light.clipped for _, light in kept], dtype=np.float64)
    sound = np.isfinite(clipped) & np.isfinite(background).all(axis=1)
    for each in (regions, places):
        sound &= np.isfinite(each).all(axis=(1, 2))
    sound &= np.concatenate(([True], np.diff(times_s) > 0))
    if sound.sum() < LEAST_FRAMES_PER_STEP * len(steps):
        return None
    return _Seen(
        times_s=times_s[sound],
        regions=np.log(np.clip(regions[sound], _FLOOR, 1)),
        background=np.log(np.clip(background[sound], _FLOOR, 1)),
        places=np.median(places[sound], axis=0),
        clipped=float(np.median(clipped[sound])),
    )


def _relief(steps: Sequence[ShownStep], seen: _Seen, fit: Fit) -> _Shape:
    """Compare the regions' answers with each other.

    Brightness and hue are judged apart and weighed by how steady they are: a head that moves a little changes in
    brightness much more than in hue.
    """
    count = seen.regions.shape[1]
    differences = seen.regions - seen.regions.mean(axis=1, keepdims=True)
    values = np.concatenate([differences, seen.against_background[:, None, :]], axis=1)
    means = step_means(steps, seen.times_s - fit.delay_s, values)
    assert means is not None
    from_s = np.array([step.from_s for step in steps])
    pattern = without_drift(from_s, mixed(np.array([step.shown.light for step in steps]), fit.crosstalk))
    answers = without_drift(from_s, means)
    parts = [_gains(pattern @ axes.T, answers @ axes.T) for axes in (_BRIGHTNESS, _HUE)]
    weights = np.array([1 / max(float((errors[:count] ** 2).mean()), 1e-12) for _, errors in parts])
    weights /= weights.sum()
    gains = sum(weight * each for weight, (each, _) in zip(weights, parts, strict=True))
    errors = np.sqrt(sum((weight * each) ** 2 for weight, (_, each) in zip(weights, parts, strict=True)))
    answer = max(float(gains[count]), _FLOOR)
    gains, errors = gains[:count] / answer, errors[:count] / answer
    weights = 1 / (errors**2 + _REGION_ERROR**2)
    x, y = seen.places.T
    plane = (np.ones(count), x, y)
    error = float(np.sqrt((weights * errors**2).sum() / weights.sum()))
    return _Shape(_beyond(plane, gains, weights), _beyond((*plane, x**2), gains, weights), error)


def _beyond(terms: tuple[FloatArray, ...], gains: FloatArray, weights: FloatArray) -> float:
    """Root mean square of what a weighted fit of the terms leaves of the gains."""
    share = np.sqrt(weights / weights.sum())
    design = np.column_stack(terms) * share[:, None]
    left_over = gains * share - design @ np.linalg.lstsq(design, gains * share, rcond=None)[0]
    return float(np.sqrt((left_over**2).sum() * len(gains) / (len(gains) - len(terms))))


def _gains(pattern: FloatArray, answers: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Answer of each region to an (n, axes) pattern, and its error; `answers` are (n, regions, axes)."""
    power = max(float((pattern**2).sum()), 1e-9)
    gains = np.asarray((answers * pattern[:, None, :]).sum(axis=(0, 2)) / power)
    left_over = answers - gains[None, :, None] * pattern[:, None, :]
    freedom = pattern.shape[1] * (len(pattern) - 2) - 1
    return gains, np.sqrt((left_over**2).sum(axis=(0, 2)) / freedom / power)


def _changed_otherwise(steps: Sequence[ShownStep], seen: _Seen) -> bool:
    """True where the colour of the face, brightness aside, went in strong steps of its own."""
    for values in (seen.face, seen.against_background):
        hue = without_drift(seen.times_s, values - values.mean(axis=1, keepdims=True))
        whole = float((hue**2).sum())
        if np.sqrt(whole / hue.size) < STRONG_CHANGE:
            continue
        length_s = (steps[-1].until_s - steps[0].from_s) / len(steps)
        for offset in np.arange(0, 1, 0.1):
            number = np.floor((seen.times_s - steps[0].from_s) / length_s + offset).astype(int)
            left = sum(
                float(((part - part.mean(axis=0)) ** 2).sum()) for part in (hue[number == k] for k in set(number))
            )
            if 1 - left / whole >= _STEPPED:
                return True
    return False
