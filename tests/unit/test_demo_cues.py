"""What the demo's simulated subject is told: what a person would read, and the light that would fall on them."""

import os
from dataclasses import replace

import pytest
from PySide6.QtCore import QObject, Signal

from hardware.simulated.cues import Cue, PipeCuePort
from kiosk.runtime.demo_cues import DemoCues
from kiosk.session.machine import Phase
from kiosk.ui.poses import view_at
from kiosk.verification.gestures import Gesture
from kiosk.verification.light import ScreenColour

LIVE = view_at(Phase.CHECKING_LIVENESS)


class Showing(QObject):
    """As much of a `SessionController` as sends views."""

    view_changed = Signal(object)


class Piped:
    """As much of `Children` as holds the pipe."""

    def __init__(self, fd: int | None) -> None:
        self.cue_fd = fd


@pytest.fixture
def pipe(qapp):
    read_end, write_end = os.pipe()
    yield read_end, write_end
    for descriptor in (read_end, write_end):
        os.close(descriptor)


def told(pipe, views) -> list[str]:
    read_end, write_end = pipe
    showing = Showing()
    cues = DemoCues(showing, Piped(write_end))
    for view in views:
        showing.view_changed.emit(view)
    os.write(write_end, b"end\n")
    assert cues.walked_away_at is None
    return os.read(read_end, 4096).decode().splitlines()[:-1]


def test_every_change_of_the_light_is_one_word_line(pipe):
    red, blue = replace(LIVE, colour=ScreenColour.RED), replace(LIVE, colour=ScreenColour.BLUE)
    words = told(pipe, [LIVE, red, red, replace(red, gesture_number=2), blue, LIVE, LIVE])
    assert words == ["present", "light 255 108 108", "light 40 40 255", "light off"]


def test_gestures_are_told_as_before(pipe):
    views = [LIVE, replace(LIVE, gesture=Gesture.SMILE), LIVE, view_at(Phase.WAITING_FOR_TELLER)]
    assert told(pipe, views) == ["present", "smile", "present", "absent"]


def test_without_a_pipe_nothing_is_written(qapp):
    showing = Showing()
    cues = DemoCues(showing, Piped(None))
    showing.view_changed.emit(replace(LIVE, colour=ScreenColour.RED))
    assert cues.walked_away_at is None


def test_the_simulated_subject_understands(qapp):
    read_end, write_end = os.pipe()
    showing = Showing()
    cues = DemoCues(showing, Piped(write_end))
    port = PipeCuePort(read_end)
    showing.view_changed.emit(replace(LIVE, colour=ScreenColour.CYAN, gesture=Gesture.BLINK))
    os.close(write_end)
    assert port.wait_until_closed(5)
    assert (port.current(), port.light()) == (Cue.BLINK, ScreenColour.CYAN.srgb)
    assert cues.walked_away_at is None
