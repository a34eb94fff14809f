"""The mirror: newest frame only, mirrored, and not a pixel kept once it is off the screen."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtGui import QColor

from kiosk.session.machine import Phase
from kiosk.ui.poses import view_at
from kiosk.ui.theme import LEAST_CONTRAST, Colour, Contrast, contrast_ratio
from kiosk.ui.widgets.camera_preview import FacePreview
from kiosk.ui.widgets.gesture_pictogram import MIRROR_DIRECTION
from kiosk.verification.liveness import Gesture


def half_red() -> np.ndarray:
    """Red at the left of the unmirrored picture."""
    frame = np.zeros((720, 1280, 3), np.uint8)
    frame[:, :640, 0] = 255
    return frame


@pytest.fixture
def preview(window, customer) -> FacePreview:
    customer.face = half_red()
    customer.show(view_at(Phase.POSITIONING))
    return window.page.preview


def colour_at(preview, x_fraction: float) -> QColor:
    image = preview.grab().toImage()
    return image.pixelColor(round(image.width() * x_fraction), image.height() // 2)


def test_the_preview_is_a_mirror(preview):
    assert colour_at(preview, 0.55).red() > 200
    assert colour_at(preview, 0.45).red() < 60


def test_outside_the_oval_the_picture_is_dimmed(preview):
    assert colour_at(preview, 0.95).red() < colour_at(preview, 0.55).red() - 60


def test_a_new_frame_is_taken_over_and_no_new_one_changes_nothing(preview, customer):
    customer.face = np.full((720, 1280, 3), 255, np.uint8)
    preview.pull_newest()
    assert colour_at(preview, 0.45).red() > 200
    customer.face = None
    preview.pull_newest()
    assert colour_at(preview, 0.45).red() > 200


def test_no_pixel_is_kept_once_the_page_is_gone(preview, customer, window):
    assert preview.holds_pixels
    customer.show(view_at(Phase.COMPARING))
    assert not preview.holds_pixels


def test_no_pixel_is_kept_while_the_teller_has_the_screen(preview, window):
    window.open_console()
    assert not preview.holds_pixels


def test_hidden_previews_pull_nothing(preview, window, customer, qtbot):
    window.open_console()
    pulled = []
    customer.preview_pixels = lambda: pulled.append(1)
    qtbot.wait(80)
    assert not pulled


def test_a_frame_is_painted_from_its_own_memory(preview, customer):
    customer.face = half_red()
    preview.pull_newest()
    customer.face[:] = 255
    assert colour_at(preview, 0.45).red() > 200, "the frame was copied"


def test_turning_left_points_left_in_the_mirror(preview, customer, window):
    assert MIRROR_DIRECTION == {Gesture.TURN_LEFT: -1, Gesture.TURN_RIGHT: 1}
    view = view_at(Phase.CHECKING_LIVENESS)
    customer.face = np.zeros((720, 1280, 3), np.uint8)
    pictures = {}
    for gesture in (Gesture.TURN_LEFT, Gesture.TURN_RIGHT):
        customer.show(replace(view, gesture=gesture, gesture_ends_at_s=None))
        window.page.preview.pull_newest()
        image = window.page.preview.grab().toImage()
        half = image.width() // 2
        left, right = (light(image.copy(x, 0, half, image.height())) for x in (0, half))
        pictures[gesture] = left - right
    assert pictures[Gesture.TURN_LEFT] > 0 > pictures[Gesture.TURN_RIGHT]


@pytest.mark.parametrize("wall", [255, 160, 0])
def test_ring_and_arrows_stand_out_from_any_wall(window, customer, clock, wall):
    customer.face = np.full((720, 1280, 3), wall, np.uint8)
    ends_at_s = clock.now_s + 4
    customer.show(replace(view_at(Phase.CHECKING_LIVENESS), gesture=Gesture.TURN_RIGHT, gesture_ends_at_s=ends_at_s))
    preview = window.page.preview
    image = preview.grab().toImage()
    ring, outline = QColor(Colour.RING), QColor(Colour.STAGE)
    row = [image.pixelColor(x, image.height() // 2) for x in range(image.width())]
    signs = [x for x, colour in enumerate(row) if colour == ring]
    assert signs
    edges = [x for x in signs if row[x - 1] != ring or row[x + 1] != ring]
    for x in edges:
        assert outline in row[x - 5 : x + 6]
    assert contrast_ratio(Colour.RING, Colour.STAGE) >= LEAST_CONTRAST[Contrast.LARGE_OR_CONTROL]


def light(image) -> int:
    """How many sampled points are bright."""
    points = [
        (x, y) for x in range(0, image.width(), 4) for y in range(image.height() // 3, image.height() * 2 // 3, 4)
    ]
    return sum(image.pixelColor(x, y).green() > 120 for x, y in points)


def test_the_ring_runs_out_with_the_time_to_answer(window, customer, clock):
    view = replace(view_at(Phase.CHECKING_LIVENESS), gesture=Gesture.SMILE, gesture_ends_at_s=clock.now_s + 4)
    customer.show(view)
    full = light(window.page.preview.grab().toImage())
    clock.now_s += 3
    customer.show(view)
    assert light(window.page.preview.grab().toImage()) < full
