"""The meter at a real window: a frame counts once it stands painted, a decision from the challenge's last frame on."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QObject

from kiosk.runtime.frames import FrameMemory
from kiosk.runtime.meter import PREVIEWS, Meter
from kiosk.runtime.shared_memory import create_memory
from kiosk.session import events as ev
from kiosk.session.machine import Phase
from tests.desk_parts import DeskParts, desk_parts

PICTURE = np.zeros((48, 64, 3), np.uint8)


@pytest.fixture
def desk(tmp_path: Path, qtbot: Any) -> Iterator[DeskParts]:
    with desk_parts(tmp_path) as parts:
        yield parts


@pytest.fixture
def camera(desk: DeskParts) -> FrameMemory:
    descriptor = create_memory("face", PICTURE.size)
    camera, desk.children.face_memory = FrameMemory(os.dup(descriptor)), FrameMemory(descriptor)
    return camera


@pytest.fixture
def screen(desk: DeskParts, teller: Any, make_window: Any) -> Any:
    return make_window(desk.controller, teller, desk.clock.monotonic_s)


def meter_of(desk: DeskParts, window: QObject | None = None) -> Meter:
    """A meter that beats only when told to, by the clock that the test moves."""
    meter = Meter(desk.controller, desk.children, window, clock=desk.clock.monotonic_s)
    meter._timer.stop()
    return meter


def paint(preview: Any, clock: Any, takes_s: float = 0.0) -> None:
    """Pull the newest frame and paint it; painting takes its time."""
    preview.paint_over = lambda _: clock.pass_by(takes_s)
    preview.pull_newest()
    preview.repaint()


def test_a_frame_is_on_screen_when_its_painting_is_over(
    desk: DeskParts, camera: FrameMemory, screen: Any, qtbot: Any
) -> None:
    meter = meter_of(desk, screen)
    desk.go_to_positioning(qtbot)
    preview = screen.page.preview
    assert preview.objectName() in PREVIEWS
    camera.write(PICTURE, 1, desk.clock.monotonic_s())
    desk.clock.pass_by(0.020)
    paint(preview, desk.clock, takes_s=0.040)
    assert meter.figures()["preview_age_median_s"] == pytest.approx(0.060)


def test_painting_the_same_frame_again_is_no_new_frame(
    desk: DeskParts, camera: FrameMemory, screen: Any, qtbot: Any
) -> None:
    meter = meter_of(desk, screen)
    desk.go_to_positioning(qtbot)
    preview = screen.page.preview
    for number in (1, 2):
        camera.write(PICTURE, number, desk.clock.monotonic_s())
        for _ in range(3):
            desk.clock.pass_by(0.5)
            paint(preview, desk.clock)
    assert meter.figures()["preview_frames_per_s"] == pytest.approx(1 / 1.5)


def test_no_gap_lies_between_two_captures_and_a_freeze_within_one_counts(
    desk: DeskParts, camera: FrameMemory, screen: Any, qtbot: Any
) -> None:
    meter = meter_of(desk, screen)
    for _ in range(2):
        desk.go_to_positioning(qtbot)
        for number, gap_s in enumerate((0.1, 3.0, 0.1)):
            camera.write(PICTURE, number, desk.clock.monotonic_s())
            paint(screen.page.preview, desk.clock)
            desk.clock.pass_by(gap_s)
        desk.controller.send(ev.Cancelled())
        camera.wipe()  # as eyes does
        desk.clock.pass_by(500)
    figures = meter.figures()
    assert figures["preview_longest_gap_s"] == pytest.approx(3.0)
    assert figures["preview_frames_per_s"] == pytest.approx(4 / 6.2)


def test_a_decision_is_timed_from_the_capture_of_the_frame_that_ended_the_challenge(
    desk: DeskParts, screen: Any, qtbot: Any
) -> None:
    late_s = 0.030  # how much later than its capture desk hears of a frame
    meter = Meter(desk.controller, desk.children, clock=lambda: desk.clock.monotonic_s() + late_s)
    desk.go_to_comparing(qtbot)
    desk.clock.pass_by(0.2)
    desk.say_eyes(desk.compared())
    assert desk.phase is Phase.RECORDING_VERDICT
    assert meter.figures()["decision_s"] == pytest.approx(0.23)


def test_a_visit_that_is_cancelled_while_comparing_is_no_decision(desk: DeskParts, screen: Any, qtbot: Any) -> None:
    meter = meter_of(desk, screen)
    desk.go_to_comparing(qtbot)
    desk.clock.pass_by(0.2)
    desk.controller.send(ev.Cancelled())
    assert meter.figures()["decision_s"] is None


def test_a_blocked_screen_thread_shows_in_both_figures(desk: DeskParts) -> None:
    meter = meter_of(desk)
    meter.beat()
    for length_s in (*[0.005] * 10_000, 0.205):
        desk.clock.pass_by(length_s)
        meter.beat()
    figures = meter.figures()
    assert figures["screen_thread_blocked_p999_s"] == pytest.approx(0.2)
    assert figures["screen_thread_blocked_max_s"] == pytest.approx(0.2)


def test_making_the_screen_is_no_blocked_screen(desk: DeskParts) -> None:
    meter = meter_of(desk)
    desk.clock.pass_by(2.0)
    meter.beat()
    assert meter.figures()["screen_thread_blocked_max_s"] is None
