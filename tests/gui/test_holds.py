"""What stands in the way of a visit is said to the customer and to the teller, who opens and closes the day."""

from dataclasses import replace
from datetime import datetime

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QWidget

from kiosk.runtime.surface import DayState, Readiness, ServiceHold, TellerView, TerminalNotice, VisitStage
from kiosk.session.events import Language, Started
from kiosk.session.machine import Phase
from kiosk.ui import hands
from kiosk.ui.poses import NOON, open_application, view_at
from kiosk.ui.teller import second_touch
from kiosk.ui.texts import load_texts
from tests.fakes import FAKE_PIN, FAKE_TELLER
from tests.gui.conftest import LANDSCAPE, PORTRAIT

ENGLISH, CHINESE = load_texts(Language.ENGLISH), load_texts(Language.CHINESE)
SIZES = pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])


def says(window) -> str:
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def is_whole(label) -> bool:
    return label.height() >= label.heightForWidth(label.width())


def touch_the_page(window) -> None:
    page, place = window.page, QPointF(20, 20)
    for kind in (QMouseEvent.Type.MouseButtonPress, QMouseEvent.Type.MouseButtonRelease):
        event = QMouseEvent(
            kind, place, page.mapToGlobal(place), Qt.MouseButton.LeftButton, Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )  # fmt: skip
        QApplication.sendEvent(page, event)


# --- the customer ---


@SIZES
@pytest.mark.parametrize("hold", ServiceHold)
@pytest.mark.parametrize("readiness", [Readiness.READY, Readiness.WARMING_UP])
def test_a_hold_is_said_in_both_languages_and_no_touch_begins_a_visit(
    make_window, customer, teller, qtbot, hold, readiness, size
):
    customer.view = replace(view_at(Phase.IDLE), readiness=readiness, holds=frozenset({hold}))
    window = make_window(customer, teller, size=size)
    qtbot.waitUntil(lambda: ENGLISH.of(hold) in says(window))
    held = window.findChild(QWidget, "held")
    assert CHINESE.of(hold) in held.text.text()
    qtbot.waitUntil(lambda: is_whole(held.text))
    assert hands.find(window, "start", QAbstractButton) is None
    assert hands.find(window, "decline-face", QAbstractButton) is None
    touch_the_page(window)
    assert customer.sent == []
    assert hands.find(window, "teller-corner", QWidget) is not None


def test_a_hold_that_is_lifted_lets_the_next_touch_begin(make_window, customer, teller):
    idle = view_at(Phase.IDLE)
    customer.view = replace(idle, holds=frozenset({ServiceHold.NOT_OPENED_TODAY}))
    window = make_window(customer, teller)
    customer.show(idle)
    touch_the_page(window)
    assert customer.sent == [Started()]


def test_out_of_service_goes_before_any_hold(make_window, customer, teller):
    customer.view = replace(view_at(Phase.IDLE), readiness=Readiness.OUT_OF_SERVICE, holds=frozenset(ServiceHold))
    window = make_window(customer, teller)
    assert ENGLISH("welcome.out_of_service") in says(window)
    assert not window.findChild(QWidget, "held").isVisible()


# --- the teller ---


@pytest.fixture
def console(make_window, customer, teller, monkeypatch):
    """A signed-in teller who looks at the tab Terminal."""
    monkeypatch.setattr(second_touch, "PAUSE_MS", 0)

    def open_it(view, size=LANDSCAPE):
        customer.view = view_at(Phase.IDLE)
        teller.kept = view.applications
        teller.view = replace(view, signed_in_as=None)
        window = make_window(customer, teller, size=size)
        window.open_console()
        teller.sign_in(FAKE_TELLER, FAKE_PIN)
        press(window, "tab-terminal")
        return window

    return open_it


def press(window, name) -> None:
    hands.press(hands.find(window, name, QAbstractButton))


def test_the_sign_in_says_when_it_opens_the_terminal(make_window, customer, teller):
    window = make_window(customer, teller)
    window.open_console()
    assert ENGLISH("teller.opens_day") not in says(window)
    teller.show(TellerView(day=DayState.CLOSED))
    assert ENGLISH("teller.opens_day") in says(window)


def test_the_second_touch_closes_the_terminal_for_today(console, teller, qtbot):
    window = console(TellerView())
    assert ENGLISH("teller.day_open") in says(window)
    press(window, "close-day")
    assert teller.acts == []
    qtbot.waitUntil(lambda: hands.find(window, "close-day", QAbstractButton) is not None)
    press(window, "close-day")
    assert teller.acts == ["close_day", "sign_off"]
    assert window.console.isHidden()


def test_what_can_still_be_undone_is_carried_out_before_the_records_are_closed(console, teller, qtbot):
    window = console(TellerView(applications=(open_application("7"),)))
    press(window, "tab-applications")
    press(window, "mark-opened-7")
    qtbot.waitUntil(lambda: hands.find(window, "mark-yes-7", QAbstractButton) is not None)
    press(window, "mark-yes-7")
    press(window, "tab-terminal")
    press(window, "close-day")
    qtbot.waitUntil(lambda: hands.find(window, "close-day", QAbstractButton) is not None)
    press(window, "close-day")
    assert teller.acts == [("mark_opened", "7"), "close_day", "sign_off"]


def test_the_second_touch_says_that_the_clock_is_right(console, teller, qtbot):
    window = console(TellerView(holds=frozenset({ServiceHold.CLOCK_IN_DOUBT})))
    assert f"{datetime.now().astimezone():%Y-%m-%d}" in says(window)
    right = hands.find(window, "clock-right", QAbstractButton)
    qtbot.keyClick(right, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: right.plain_text == ENGLISH("teller.clock_right_again") and right.isEnabled())
    assert teller.acts == []
    qtbot.keyClick(right, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: teller.acts == ["confirm_clock"])
    teller.show(TellerView(signed_in_as="A. Teller"))
    assert hands.find(window, "clock-right", QAbstractButton) is None


@pytest.mark.parametrize("stage", [VisitStage.UNDER_WAY, VisitStage.ANSWERED])
def test_the_terminal_cannot_be_closed_while_a_visit_is_under_way(console, stage):
    window = console(TellerView(visit=stage))
    assert hands.find(window, "close-day", QAbstractButton) is None
    assert ENGLISH("teller.close_day_later") in says(window)


@SIZES
@pytest.mark.parametrize("hold", ServiceHold)
def test_the_teller_reads_why_no_customer_can_begin(console, teller, qtbot, hold, size):
    window = console(TellerView(day=DayState.CLOSED, holds=frozenset({hold})), size)
    note = window.findChild(QWidget, f"hold-{hold}")
    qtbot.waitUntil(lambda: note.isVisible() and is_whole(note.text))
    others = [window.findChild(QWidget, f"hold-{other}") for other in ServiceHold if other is not hold]
    assert not any(other.isVisible() for other in others)
    teller.show(replace(teller.view, day=DayState.OPEN, holds=frozenset()))
    assert not note.isVisible()


@pytest.mark.parametrize("state", [DayState.OPENING, DayState.CLOSED])
def test_a_terminal_that_is_not_open_yet_says_so_on_every_tab(console, state):
    window = console(TellerView(day=state, holds=frozenset({ServiceHold.NOT_OPENED_TODAY})))
    for tab in ("tab-waiting", "tab-applications", "tab-terminal"):
        press(window, tab)
        assert ENGLISH(f"teller.day_{state}") in says(window)
    assert hands.find(window, "close-day", QAbstractButton) is None
    waits = window.findChild(QWidget, "hold-not_opened_today")
    assert waits.isVisible() is (state is DayState.CLOSED), "nothing is wrong while it is being opened"


def test_the_terminal_can_be_closed_by_a_finger_where_the_tab_scrolls(console, teller, qtbot):
    many = tuple(TerminalNotice(f"{number} " + "words " * 30, NOON) for number in range(20))
    window = console(TellerView(notices=many))
    for _ in range(2):
        qtbot.waitUntil(lambda: hands.find(window, "close-day", QAbstractButton) is not None)
        qtbot.mouseClick(hands.find(window, "close-day", QAbstractButton), Qt.MouseButton.LeftButton)
    assert teller.acts == ["close_day", "sign_off"]
