"""What the screen may shine in: enough to guess, and harmless for eyes that flashes hurt (WCAG 2.2, 2.3.1)."""

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.ui.theme import Colour
from kiosk.verification import light
from kiosk.verification.attempt import draw_attempt
from kiosk.verification.gestures import Gesture
from kiosk.verification.layers import ChallengeVariant
from kiosk.verification.light import (
    BITS_OF_ATTEMPT,
    LightChallengeError,
    ScreenColour,
    draw_light_challenge,
    light_bits,
)
from kiosk.verification.liveness import TURNS, draw_challenge, gesture_bits, permitted_gestures

Rgb = tuple[float, float, float]
Course = Sequence[tuple[float, Rgb]]
"""When the screen takes on which colour, linear."""


def linear(srgb: tuple[int, int, int]) -> Rgb:
    """WCAG's own formula."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (p / 255 for p in srgb))
    return red, green, blue


def luminance(colour: Rgb) -> float:
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def is_saturated_red(colour: Rgb) -> bool:
    return sum(colour) > 0 and colour[0] / sum(colour) >= 0.8


@dataclass
class Swing:
    """A change of luminance in one direction, in however many steps."""

    at_s: float
    before: float
    after: float

    @property
    def counts(self) -> bool:
        """WCAG: a tenth of the greatest luminance at least, the darker of the two below 0.80."""
        return abs(self.after - self.before) >= 0.1 and min(self.before, self.after) < 0.8


def swings(course: Course) -> list[Swing]:
    """The opposing changes by at least a tenth; smaller ones do not turn the direction."""
    found: list[Swing] = []
    low = high = luminance(course[0][1])
    for at_s, colour in course[1:]:
        value = luminance(colour)
        last = found[-1] if found else None
        if last is not None and (value - last.after) * (last.after - last.before) > 0:
            last.after = low = high = value
        elif value - low >= 0.1:
            found.append(Swing(at_s, low, value))
            low = high = value
        elif high - value >= 0.1:
            found.append(Swing(at_s, high, value))
            low = high = value
        low, high = min(low, value), max(high, value)
    return found


def most_pairs_in_a_second(times_s: Sequence[float]) -> float:
    """Flashes are pairs of opposing changes; any second, its ends included."""
    return max((sum(start <= at_s <= start + 1 for at_s in times_s) / 2 for start in times_s), default=0)


def general_flashes(course: Course) -> float:
    return most_pairs_in_a_second([swing.at_s for swing in swings(course) if swing.counts])


def red_flashes(course: Course) -> float:
    pairs = itertools.pairwise(course)
    return most_pairs_in_a_second(
        [at_s for (_, before), (at_s, after) in pairs if is_saturated_red(before) or is_saturated_red(after)]
    )


def blinking(one: Rgb, other: Rgb, times_per_s: float) -> Course:
    return [(number / times_per_s / 2, one if number % 2 else other) for number in range(40)]


def test_the_counter_knows_a_flash_when_it_sees_one() -> None:
    white, black, red = (1.0, 1.0, 1.0), (0.0, 0.0, 0.0), (1.0, 0.0, 0.0)
    assert general_flashes(blinking(white, black, 5)) >= 5
    assert general_flashes(blinking(white, black, 1)) <= 1.5
    assert red_flashes(blinking(red, (0.0, 0.3, 0.0), 5)) >= 5
    assert general_flashes(blinking(white, (0.95, 0.95, 0.95), 5)) == 0
    assert general_flashes(blinking(white, (0.85, 0.85, 0.85), 5)) == 0, "the darker is 0.80 or more"
    in_steps = [
        (number / 20, (level, level, level)) for number, level in enumerate([0, 0.05, 0.1, 0.15, 0.1, 0.05] * 9)
    ]
    assert general_flashes(in_steps) >= 3, "a change may take several steps"


@st.composite
def screens(draw: st.DrawFn) -> Course:
    """The course of a real screen: late by up to a step at each change, blending, between two usual pictures."""
    challenge = draw_light_challenge(random.Random(draw(st.integers())), draw(st.floats(0, 30)))
    pages = st.sampled_from(list(Colour)).map(lambda colour: tuple(bytes.fromhex(colour.value[1:])))
    course: list[tuple[float, Rgb]] = [(-2.0, linear(draw(pages)))]
    until_s = challenge.duration_s
    for number, colour in enumerate([*(colour.srgb for colour in challenge.colours), draw(pages)]):
        due_s = number * challenge.step_s
        at_s = due_s + draw(st.floats(0, 0.95 * challenge.step_s))
        before, after = course[-1][1], linear(colour)
        for share in (0.3, 0.7, 1.0) if draw(st.booleans()) else (1.0,):
            red, green, blue = (a + share * (b - a) for a, b in zip(before, after, strict=True))
            course.append((at_s + 0.01 * share, (red, green, blue)))
    assert course[-1][0] <= until_s + challenge.step_s
    return course


@given(screens())
def test_no_second_holds_more_than_three_flashes_or_three_red_ones(course: Course) -> None:
    assert general_flashes(course) <= 2, "WCAG allows 3"
    assert red_flashes(course) <= 3


def test_no_colour_is_a_saturated_red() -> None:
    assert not any(is_saturated_red(linear(colour.srgb)) for colour in ScreenColour)


@given(st.integers(), st.floats(0, 40))
def test_a_challenge_is_short_varied_and_worth_its_bits(seed: int, bits_of_gestures: float) -> None:
    challenge = draw_light_challenge(random.Random(seed), bits_of_gestures)
    assert 2.5 <= challenge.duration_s <= 4.01
    assert all(one is not other for one, other in itertools.pairwise(challenge.colours))
    for channel in range(3):
        course = [colour.channels[channel] for colour in challenge.colours]
        assert sum(one != other for one, other in itertools.pairwise(course)) >= light.LEAST_CHANGES
    assert bits_of_gestures + light_bits(len(challenge.colours)) >= BITS_OF_ATTEMPT


@pytest.mark.parametrize("steps", [1, 3, 4, 5])
def test_sequences_are_counted_as_they_are(steps: int) -> None:
    permitted = sum(
        all(one is not other for one, other in itertools.pairwise(drawn))
        and all(
            sum(one.channels[c] != other.channels[c] for one, other in itertools.pairwise(drawn)) >= light.LEAST_CHANGES
            for c in range(3)
        )
        for drawn in itertools.product(ScreenColour, repeat=steps)
    )
    assert light._count_sequences(steps) == permitted
    expected = math.log2(permitted / (1 + 3 * steps)) if permitted else 0
    assert light_bits(steps) == pytest.approx(expected)


@pytest.mark.parametrize("left_out", [frozenset(), {Gesture.SMILE}, {Gesture.SMILE, Gesture.BLINK}])
def test_gestures_are_counted_as_they_are_drawn(left_out: set[Gesture]) -> None:
    source = random.Random(5)
    drawn = {draw_challenge(source, left_out=left_out).gestures for _ in range(3000)}
    assert gesture_bits(set(Gesture) - left_out) == pytest.approx(math.log2(len(drawn)))


def test_nothing_to_choose_from_is_worth_nothing() -> None:
    assert gesture_bits([]) == gesture_bits([Gesture.BLINK]) == 0
    assert gesture_bits(set(Gesture) - TURNS) == pytest.approx(math.log2(12))


@given(st.integers(), st.sets(st.sampled_from(sorted(set(Gesture) - TURNS))))
def test_an_attempt_with_light_is_worth_twenty_bits(seed: int, left_out: set[Gesture]) -> None:
    challenge = draw_attempt(random.Random(seed), ChallengeVariant.FULL, left_out)
    assert challenge.light is not None
    asked = gesture_bits(permitted_gestures(left_out), len(challenge.gestures.gestures))
    assert asked + light_bits(len(challenge.light.colours)) >= BITS_OF_ATTEMPT


@pytest.mark.parametrize("variant", list(ChallengeVariant))
def test_light_is_drawn_for_who_may_see_it_only(variant: ChallengeVariant) -> None:
    assert (draw_attempt(random.Random(1), variant).light is not None) is variant.has_light


@pytest.mark.parametrize("bits", [-1.0, math.nan, math.inf])
def test_bits_that_are_no_number_are_refused(bits: float) -> None:
    with pytest.raises(LightChallengeError, match="bits"):
        draw_light_challenge(random.Random(1), bits)
