"""The screen as a lamp: all of it, at once, in words that can be read on every colour."""

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QWidget

from kiosk.session.events import FaceDeclined, Language
from kiosk.session.machine import Phase
from kiosk.ui.customer.light_screen import LightScreen, OvalMirror, ink_on, screen_colour
from kiosk.ui.poses import view_at
from kiosk.ui.texts import load_texts
from kiosk.ui.theme import contrast_ratio
from kiosk.verification.light import ScreenColour
from tests.fakes import FakeCustomerSurface
from tests.gui.conftest import LANDSCAPE, PORTRAIT

LIVE = view_at(Phase.CHECKING_LIVENESS)


def lit(colour, view=LIVE):
    return replace(view, colour=colour)


def light_screen(window) -> LightScreen:
    return window.findChild(LightScreen)


@pytest.mark.parametrize("colour", ScreenColour)
def test_the_sentence_can_be_read_on_every_colour(colour):
    assert contrast_ratio(ink_on(colour), screen_colour(colour).name()) >= 4.5


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT])
@pytest.mark.parametrize("colour", [ScreenColour.RED, ScreenColour.DARK])
def test_nearly_all_of_the_screen_shines(make_window, customer, teller, size, colour):
    window = make_window(customer, teller, size=size)
    window.show_view(lit(colour))
    picture = window.grab().toImage()
    places = [QPoint(x, y) for x in range(5, size.width(), 40) for y in range(5, size.height(), 40)]
    shining = sum(picture.pixelColor(place) == QColor(*colour.srgb) for place in places)
    assert shining / len(places) > 0.9


def test_it_shines_before_the_event_loop_turns_and_gives_the_screen_back(window):
    painted = []
    light_screen(window).installEventFilter(Watch(window, painted))
    window.show_view(lit(ScreenColour.RED))
    assert painted, "painted within the call"
    assert light_screen(window).isVisible()
    window.show_view(lit(None))
    assert not light_screen(window).isVisible()
    assert window.page.preview.isVisible()


class Watch(QWidget):
    """Remembers what was painted."""

    def __init__(self, parent, painted) -> None:
        super().__init__(parent)
        self._painted = painted

    def eventFilter(self, _watched, event) -> bool:
        if event.type() is event.Type.Paint:
            self._painted.append(event)
        return False


def test_a_colour_that_stays_is_not_painted_again(window, qtbot):
    window.show_view(lit(ScreenColour.BLUE))
    qtbot.wait_until(light_screen(window).isVisible)
    painted = []
    light_screen(window).installEventFilter(Watch(window, painted))
    for number in range(5):
        window.show_view(replace(lit(ScreenColour.BLUE), gesture_number=number))
    assert not painted


@pytest.mark.parametrize("language", Language)
def test_a_calm_sentence_and_the_way_out_are_all_it_says(make_window, customer, teller, language):
    window = make_window(customer, teller, language=language)
    window.show_view(lit(ScreenColour.GREEN, view_at(Phase.CHECKING_LIVENESS, language)))
    words = [label.text() for label in light_screen(window).findChildren(QLabel) if label.text()]
    assert words == [load_texts(language)(f"liveness.{key}") for key in ("light", "light_stop")]
    assert light_screen(window).accessibleName() == words[0]


def test_the_demo_says_so_in_every_light(window):
    window.show_view(replace(lit(ScreenColour.DARK), demo=True))
    assert light_screen(window).demo.text()
    assert light_screen(window).demo.isVisible()


def test_one_mirror_looks_at_the_camera_at_a_time(make_window, teller):
    surface = FakeCustomerSurface()
    surface.face = np.full((72, 128, 3), 90, np.uint8)
    window = make_window(surface, teller)
    window.show_view(LIVE)
    assert window.page.preview.holds_pixels
    window.show_view(lit(ScreenColour.CYAN))
    assert not window.page.preview.isVisible()
    assert not window.page.preview.holds_pixels
    assert window.findChild(OvalMirror).holds_pixels
    window.show_view(lit(None))
    assert not window.findChild(OvalMirror).holds_pixels


def test_no_light_stays_when_the_visit_goes_on(window):
    window.show_view(lit(ScreenColour.MAGENTA))
    window.show_view(view_at(Phase.COMPARING))
    assert not light_screen(window).isVisible()


def test_the_teller_has_the_screen_even_in_the_light(window):
    window.show_view(lit(ScreenColour.YELLOW))
    window.open_console()
    assert not light_screen(window).isVisible()
    assert window.console.isVisible()


def test_a_touch_anywhere_stops_it_and_leads_to_the_staff(window, customer, qtbot):
    window.show_view(lit(ScreenColour.CYAN))
    qtbot.mouseClick(light_screen(window), Qt.MouseButton.LeftButton, pos=QPoint(300, 700))
    assert customer.sent == [FaceDeclined()]
