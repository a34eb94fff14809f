"""A finger or key that comes down twice chooses once: the second tap never reaches a page that has only just come."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QWidget

from kiosk.runtime.surface import Readiness, SessionView
from kiosk.session.events import Language, LanguageChosen, Started
from kiosk.session.machine import Phase
from kiosk.ui.customer import page
from kiosk.ui.poses import view_at
from tests.fakes import SessionBackedSurface

REST_MS = page.REST_MS


@pytest.fixture(autouse=True)
def pages_rest(pages_that_never_rest, monkeypatch):
    monkeypatch.setattr(page, "REST_MS", REST_MS)


@pytest.fixture
def visit():
    return SessionBackedSurface({})


def tap(window, place: QPoint) -> None:
    """Through the window system's door, so that Qt itself finds what lies under the finger."""
    QTest.mouseClick(window.windowHandle(), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, place)


def middle_of(window, name) -> QPoint:
    widget = window.findChild(QWidget, name)
    return widget.mapTo(window, widget.rect().center())


def double_tap(window, place: QPoint) -> None:
    tap(window, place)
    tap(window, place)


@pytest.mark.parametrize("language", Language)
def test_a_double_tap_on_a_language_ticks_no_consent(make_window, visit, teller, qtbot, language):
    window = make_window(visit, teller)
    visit.send(Started())
    qtbot.waitUntil(lambda: not window.page.resting)
    double_tap(window, middle_of(window, f"language-{language}"))
    assert visit.view.session.phase is Phase.ASKING_CONSENT
    for name in ("consent-application", "consent-face"):
        assert not window.findChild(QAbstractButton, name).isChecked()


@pytest.mark.parametrize("across", [0.2, 0.45, 0.7])
def test_a_double_tap_on_the_welcome_screen_chooses_no_language(make_window, visit, teller, across):
    window = make_window(visit, teller)
    double_tap(window, QPoint(round(window.width() * across), window.height() // 2))
    assert visit.sent == [Started()]


def test_a_double_tap_on_continue_chooses_no_account(make_window, visit, teller, qtbot):
    window = make_window(visit, teller)
    for event in (Started(), LanguageChosen(Language.ENGLISH)):
        visit.send(event)
    qtbot.waitUntil(lambda: not window.page.resting)
    tap(window, middle_of(window, "consent-application"))
    double_tap(window, middle_of(window, "continue"))
    assert visit.view.session.phase is Phase.CHOOSING_ACCOUNT_CLASS


def test_a_double_tap_on_finish_does_not_start_the_next_visit(make_window, customer, teller):
    window = make_window(customer, teller)
    customer.show(view_at(Phase.SHOWING_VERDICT))
    customer.show(SessionView(readiness=Readiness.READY))
    tap(window, QPoint(window.width() // 2, window.height() // 2))
    assert customer.sent == []


def test_a_page_takes_touches_once_it_has_been_there_for_a_moment(make_window, visit, teller, qtbot):
    window = make_window(visit, teller)
    visit.send(Started())
    assert window.page.resting
    qtbot.waitUntil(lambda: not window.page.resting)
    tap(window, middle_of(window, "language-zh"))
    assert visit.sent[-1] == LanguageChosen(Language.CHINESE)


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return])
def test_a_key_pressed_twice_or_held_down_presses_one_button(make_window, visit, teller, qtbot, key):
    window = make_window(visit, teller)
    visit.send(Started())
    qtbot.waitUntil(lambda: not window.page.resting)
    window.findChild(QAbstractButton, "language-en").setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(window.focusWidget(), key)
    for _ in range(3):
        qtbot.keyClick(window.focusWidget() or window, Qt.Key.Key_Tab)
        qtbot.keyClick(window.focusWidget() or window, key)
    assert visit.view.session.phase is Phase.ASKING_CONSENT
    assert not window.findChild(QAbstractButton, "consent-application").isChecked()
    assert window.page.isVisible()


def test_a_double_tap_on_the_time_out_warning_presses_nothing_below_it(make_window, visit, teller, clock, qtbot):
    window = make_window(visit, teller, clock)
    visit.send(Started())
    qtbot.waitUntil(lambda: not window.page.resting)
    visit.touched = lambda: visit.show(replace(visit.view, idle_ends_at_s=clock.now_s + 60))
    visit.show(replace(visit.view, idle_ends_at_s=clock.now_s + 5))
    assert window.findChild(QWidget, "still-here-overlay").isVisible()
    for name in ("language-en", "language-zh"):
        card = middle_of(window, name)
        visit.show(replace(visit.view, idle_ends_at_s=clock.now_s + 5))
        double_tap(window, card)
    assert visit.sent == [Started()]
