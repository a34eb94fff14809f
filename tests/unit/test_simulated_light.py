"""The words that carry the screen's light to the simulated subject, and how late its camera sees a change."""

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.simulated.cues import Cue, FixedCue, LightColour, PipeCuePort
from hardware.simulated.light import LightLag, linear
from hardware.simulated.visit import EarlierVisit

levels = st.integers(0, 255)
colours = st.none() | st.tuples(levels, levels, levels)


def after(words: bytes) -> tuple[Cue, LightColour | None]:
    reading, writing = os.pipe()
    port = PipeCuePort(reading)
    os.write(writing, words)
    os.close(writing)
    assert port.wait_until_closed(10)
    return port.current(), port.light()


def test_light_and_cues_come_through_one_pipe():
    assert after(b"light 255 40 0\nblink\n") == (Cue.BLINK, (255, 40, 0))
    assert after(b"blink\nlight 255 40 0\nlight off\n") == (Cue.BLINK, None)


@pytest.mark.parametrize(
    "garbage",
    [b"light\n", b"light 1 2\n", b"light 1 2 256\n", b"light -1 2 3\n", b"light 1 2 3 4\n", b"light a b c\n", b"on\n"],
)
def test_what_is_no_light_changes_nothing(garbage):
    assert after(b"light 1 2 3\n" + garbage) == (Cue.PRESENT, (1, 2, 3))


@given(st.lists(st.binary(max_size=80), max_size=6))
def test_no_bytes_stop_the_port(chunks):
    noise = b"\n".join(chunks).replace(b"light", b"")
    cue, light = after(noise[:3000] + b"\nlight 7 8 9\nsmile\n")
    assert (cue, light) == (Cue.SMILE, (7, 8, 9))


def test_a_fixed_cue_has_the_light_it_was_given():
    assert FixedCue().light() is None
    assert FixedCue(colour=(1, 2, 3)).light() == (1, 2, 3)


@given(colours, st.floats(0.03, 0.2))
def test_a_change_of_light_is_seen_once_it_is_as_late_as_the_camera_and_not_before(colour, lag_s):
    lag = LightLag(lag_s)
    assert lag.seen(10.0, None) is None
    before = lag.seen(10.0, colour)
    assert before is None or np.allclose(before, linear(None))
    seen = lag.seen(10.0 + lag_s + 0.03, colour)
    assert seen is None if colour is None else np.allclose(seen, linear(colour))


@given(colours)
def test_linear_light_is_0_to_1_and_white_is_1(colour):
    assert (linear(colour) >= 0).all()
    assert (linear(colour) <= linear((255, 255, 255)) + 1e-6).all()
    assert linear((255, 255, 255)) == pytest.approx(1)


@given(st.integers(0, 1000))
def test_an_earlier_visit_asks_three_gestures_and_shows_its_own_light(seed):
    visit = EarlierVisit(seed)
    course = [visit.at(50 + number / 20) for number in range(300)]
    assert len({cue for cue, _ in course} - {Cue.PRESENT}) == 3
    assert len({tuple(light) for _, light in course if light is not None}) == 8
