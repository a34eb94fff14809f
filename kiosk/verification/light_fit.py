"""Lays the colours shown on the screen over the course of a face's colours: when, how strongly, and read as what.

Least squares over numbers; it judges nothing and knows no face.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

LEAST_FRAMES_PER_STEP = 2
DELAYS_S = np.arange(-10, 45) / 50
_CROSSTALK = (0.0, 0.15, 0.3)
"""How much of each other channel a camera may see in one."""
_EXPOSURE_S = 0.03
_SETTLING_S = 0.03
_READINGS = 5
_METRIC = np.eye(3) - 0.9 / 3
"""Differences of colour: one of brightness alone counts a tenth, since a head that moves a little makes such."""
_RIDGE = 1e-9 * np.eye(3)


@dataclass(frozen=True, slots=True)
class ScreenLight:
    """What a colour of the screen is for a face."""

    light: tuple[float, float, float]
    """Linear red, green, blue, 1 for all of it."""
    on: tuple[bool, bool, bool]


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One colour on the screen, monotonic seconds."""

    from_s: float
    until_s: float
    shown: ScreenLight


@dataclass(frozen=True, slots=True)
class Fit:
    """The sequence shown, laid over what was seen."""

    delay_s: float
    crosstalk: float
    explained: float
    gains: FloatArray
    """(3,) answer of each channel."""
    misread: int
    """Channels of steps that were read otherwise than shown; all of them where a step was hardly seen."""

    @property
    def strength(self) -> float:
        return float(self.gains.mean())


def linear(srgb: tuple[int, int, int]) -> tuple[float, float, float]:
    """Return linear light, 0…1, of an sRGB colour, 0…255."""
    red, green, blue = (part / 255 / 12.92 if part <= 10 else ((part / 255 + 0.055) / 1.055) ** 2.4 for part in srgb)
    return red, green, blue


def fit_sequence(
    steps: Sequence[ShownStep], palette: Sequence[ScreenLight], times_s: FloatArray, values: FloatArray
) -> Fit:
    """Find the delay and the crosstalk at which the sequence accounts for most of (N, 3) values."""
    best = Fit(0.0, 0.0, 0.0, np.zeros(3), 3 * len(steps))
    for delay_s in DELAYS_S:
        light, within = _light_at(steps, times_s - delay_s)
        if within.sum() < LEAST_FRAMES_PER_STEP * len(steps) * 3 // 4:
            continue
        course, pattern = (without_drift(times_s[within], each[within]) for each in (values, light))
        whole = max(float(((course @ _METRIC) * course).sum()), 1e-12)
        power, shared = pattern.T @ pattern, pattern.T @ course @ _METRIC
        for crosstalk in _CROSSTALK:
            mixing = mixed(np.eye(3), crosstalk)
            gains, matched = _gains_of_channels(mixing @ power @ mixing, np.diag(mixing @ shared))
            explained = matched / whole
            if explained > best.explained:
                best = Fit(float(delay_s), crosstalk, explained, gains, 3 * len(steps))
    return _read(steps, palette, times_s, values, best)


def _read(
    steps: Sequence[ShownStep], palette: Sequence[ScreenLight], times_s: FloatArray, values: FloatArray, fit: Fit
) -> Fit:
    """Read each step as the colour of the palette that the face comes nearest to, and count the channels misread.

    The strength of the answer is taken anew from what was read, until that no longer changes: else it would lean
    towards what was shown, and a sequence near it would be read as it.
    """
    means = step_means(steps, times_s - fit.delay_s, values)
    if means is None:
        return fit
    colours = mixed(np.array([each.light for each in palette]), fit.crosstalk)
    number = np.arange(len(steps), dtype=np.float64)
    course = without_drift(number, means)
    pattern = mixed(np.array([step.shown.light for step in steps]), fit.crosstalk)
    nearest = np.full(len(steps), -1)
    for _ in range(_READINGS):
        moving = without_drift(number, pattern)
        gains, _ = _gains_of_channels(moving.T @ moving, np.diag(moving.T @ course @ _METRIC))
        steady = means - pattern * gains
        apart = (means - steady + without_drift(number, steady))[:, None, :] - colours * gains
        before, nearest = nearest, np.einsum("npc,cd,npd->np", apart, _METRIC, apart).argmin(axis=1)
        if (nearest == before).all():
            break
        pattern = colours[nearest]
    misread = sum(
        one != other
        for step, place in zip(steps, nearest, strict=True)
        for one, other in zip(step.shown.on, palette[place].on, strict=True)
    )
    return Fit(fit.delay_s, fit.crosstalk, fit.explained, fit.gains, misread)


def _gains_of_channels(power: FloatArray, shared: FloatArray) -> tuple[FloatArray, float]:
    """(3,) answers that match best, and how much they match; (3, 3) and (3,) products of pattern and course."""
    weighed = power * _METRIC + _RIDGE
    gains = np.clip(np.linalg.solve(weighed, shared), 0, None)  # light makes nothing darker
    return gains, float(2 * gains @ shared - gains @ weighed @ gains)


def _light_at(steps: Sequence[ShownStep], times_s: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """(N, 3) light of the screen over exposures that end then, and which of them lie within the sequence."""
    edges = np.array([steps[0].from_s, *(step.until_s for step in steps)])
    light = np.array([step.shown.light for step in steps])
    so_far = np.vstack([np.zeros(3), np.cumsum(light * np.diff(edges)[:, None], axis=0)])

    def until(at_s: FloatArray) -> FloatArray:
        return np.column_stack([np.interp(at_s, edges, so_far[:, channel]) for channel in range(3)])

    within = (times_s - _EXPOSURE_S >= edges[0]) & (times_s <= edges[-1])
    return (until(times_s) - until(times_s - _EXPOSURE_S)) / _EXPOSURE_S, within


def mixed(light: FloatArray, crosstalk: float) -> FloatArray:
    """(N, 3): each channel with a part of the others."""
    return np.asarray(light + crosstalk * (light.sum(axis=1, keepdims=True) - light))


def without_drift(times_s: FloatArray, values: FloatArray) -> FloatArray:
    """(N, …) values less their level and linear drift."""
    basis = np.linalg.qr(np.column_stack([np.ones_like(times_s), times_s - times_s.mean()]))[0]
    return np.asarray(values - np.tensordot(basis, np.tensordot(basis, values, (0, 0)), (1, 0)))


def step_means(steps: Sequence[ShownStep], times_s: FloatArray, values: FloatArray) -> FloatArray | None:
    """(n, …) mean of the frames in which each step stood still, or None where one has too few."""
    means = []
    for step in steps:
        inside = (times_s - _EXPOSURE_S >= step.from_s + _SETTLING_S) & (times_s <= step.until_s)
        if inside.sum() < LEAST_FRAMES_PER_STEP:
            return None
        means.append(values[inside].mean(axis=0))
    return np.array(means)
