"""How often a recording that cannot listen passes the gesture challenge by chance, and that this is what we say.

The figures in the docstring of `kiosk.verification.liveness` come from here. They are for one attempt; a visit has
three. They say nothing about an attack that answers what is asked: gestures alone do not stop that.
"""

import random
from collections.abc import Callable

from kiosk.verification.gestures import Gesture
from kiosk.verification.liveness import PadOutcome, draw_challenge
from tests.rehearsed_face import Performance, ignore, perform

G = Gesture
ATTEMPTS = 600
Recording = Callable[[random.Random], Performance]


def _looped(gestures: list[Gesture], cadence_s: float, first_s: float) -> Performance:
    begun = [(100 + first_s + number * cadence_s, gesture) for number, gesture in enumerate(gestures * 8)]
    return Performance(begun=[(at_s, gesture) for at_s, gesture in begun if at_s < 122])


def all_five(source: random.Random) -> Performance:
    """A loop of all gestures in some order at a fixed cadence."""
    return _looped(source.sample(list(G), 5), source.uniform(1.6, 3.5), source.uniform(0, 3))


def blinks_between(source: random.Random) -> Performance:
    """The strongest loop found: a blink costs nothing where it is not asked for, so blink between all the others."""
    others = source.sample([gesture for gesture in G if gesture is not G.BLINK], 4)
    gestures = [one for other in others for one in (G.BLINK, other)]
    return _looped(gestures, 1.6, source.uniform(0.8, 1.5))


def one_gesture(source: random.Random) -> Performance:
    return _looped([source.choice(list(G))], 2.0, source.uniform(0.6, 1.5))


def _pass_rate(record: Recording, seed: int) -> float:
    source = random.Random(seed)
    decisions = (perform(draw_challenge(source), ignore, record(source), frames_per_s=12) for _ in range(ATTEMPTS))
    return sum(decision.outcome is PadOutcome.BONA_FIDE for decision in decisions) / ATTEMPTS


def test_a_loop_of_all_gestures_passes_about_two_challenges_in_a_hundred() -> None:
    assert 0.005 <= _pass_rate(all_five, 5) <= 0.035


def test_a_loop_with_blinks_between_passes_about_five_challenges_in_a_hundred() -> None:
    assert 0.03 <= _pass_rate(blinks_between, 6) <= 0.08


def test_one_gesture_over_and_over_never_passes_three() -> None:
    assert _pass_rate(one_gesture, 7) == 0
