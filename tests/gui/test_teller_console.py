"""The console hides the customer, asks who is there, and sends only what the teller has confirmed."""

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget

from kiosk.runtime.surface import TellerView, WaitingVisit
from kiosk.session.events import Language, RefusalReason
from kiosk.session.machine import Phase
from kiosk.ui import hands
from kiosk.ui.customer import header
from kiosk.ui.poses import EVIDENCE, NOON, RECORD, open_application, view_at, waiting_visit
from kiosk.ui.teller import applications_tab, console
from kiosk.ui.texts import load_texts
from kiosk.verification.decision import ReferralReason
from tests.fakes import FAKE_PIN, FAKE_TELLER

ENGLISH = load_texts(Language.ENGLISH)


def press(window, name) -> None:
    widget = hands.find(window, name, QAbstractButton)
    assert widget is not None, f"{name} cannot be pressed"
    hands.press(widget)


def button(window, name) -> QAbstractButton:
    return window.findChild(QAbstractButton, name)


def says(window) -> str:
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def sign_in(window, teller_id=FAKE_TELLER, pin=FAKE_PIN) -> None:
    window.open_console()
    hands.type_text(hands.find(window, "teller-id", QLineEdit), teller_id)
    hands.type_text(hands.find(window, "pin", QLineEdit), pin)
    press(window, "sign-in")


@pytest.fixture
def desk(window, customer, teller):
    """Sign in, with what the view says waiting."""

    def open_with(**view):
        customer.show(view_at(Phase.WAITING_FOR_TELLER))
        teller.kept = view.pop("applications", ())
        teller.view = TellerView(**view)
        sign_in(window)
        return window

    return open_with


def test_only_a_long_press_in_the_corner_opens_the_console(make_window, customer, teller, qtbot, monkeypatch):
    monkeypatch.setattr(header, "LONG_PRESS_MS", 60)
    window = make_window(customer, teller)
    corner = window.findChild(QWidget, "teller-corner")
    assert corner.mapTo(window, corner.rect().topRight()).x() >= window.width() - 2
    hands.press(corner)
    qtbot.wait(90)
    assert window.console.isHidden()
    hands.touch(corner)
    qtbot.waitUntil(window.console.isVisible)
    hands.lift(corner)


def test_the_keyboard_shortcut_opens_the_console(window, qtbot):
    window.activateWindow()
    qtbot.keyClick(window, Qt.Key.Key_T, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(window.console.isVisible)


def test_the_console_hides_everything_of_the_customer_before_anybody_signs_in(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    assert EVIDENCE.number in says(window)
    window.open_console()
    assert window.console.geometry() == window.rect()
    assert EVIDENCE.number not in says(window)
    assert "ERIKSSON" not in says(window)
    assert not window.page.isVisible()


def test_going_back_shows_the_customers_page_again(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    window.open_console()
    press(window, "back")
    assert window.console.isHidden()
    assert EVIDENCE.number in says(window)


def test_the_pad_types_into_the_field_last_touched(window):
    window.open_console()
    for field, digits in (("teller-id", "104"), ("pin", "26")):
        edit = window.findChild(QLineEdit, field)
        edit.setFocus()
        for digit in digits:
            press(window, f"pad-{digit}")
        assert edit.text() == digits
    assert window.findChild(QLineEdit, "pin").echoMode() is QLineEdit.EchoMode.Password
    press(window, "pad-backspace")
    assert window.findChild(QLineEdit, "pin").text() == "2"


def test_a_wrong_pin_is_said_and_the_pin_is_gone(window, teller):
    sign_in(window, pin="0000")
    assert ENGLISH("teller.wrong_pin") in says(window)
    assert window.findChild(QLineEdit, "pin").text() == ""


def test_a_lock_is_said(window, teller):
    sign_in(window, pin="0000")
    teller.show(TellerView(sign_in_error="locked"))
    assert ENGLISH("teller.locked") in says(window)


def test_the_reason_and_the_record_are_shown_after_sign_in(desk):
    window = desk(waiting=waiting_visit(ReferralReason.NON_MATCH))
    text = says(window)
    assert ENGLISH.of(ReferralReason.NON_MATCH) in text
    for value in (RECORD.document_number, RECORD.address, RECORD.phone, "1994-08-12"):
        assert value in text


def test_confirm_needs_both_checks(desk, teller):
    window = desk(waiting=waiting_visit())
    assert not button(window, "teller-confirm").isEnabled()
    press(window, "check-face")
    assert not button(window, "teller-confirm").isEnabled()
    press(window, "check-person")
    press(window, "teller-confirm")
    assert teller.acts == ["confirm"]


def test_ticks_do_not_stay_for_the_next_visit(desk, teller):
    window = desk(waiting=waiting_visit())
    press(window, "check-face")
    press(window, "check-person")
    later = replace(waiting_visit(), since=NOON.replace(hour=13))
    teller.show(replace(teller.view, waiting=later))
    assert not button(window, "check-face").isChecked()
    assert not button(window, "teller-confirm").isEnabled()


def test_other_news_leaves_the_ticks_alone(desk, teller):
    window = desk(waiting=waiting_visit())
    press(window, "check-face")
    teller.show(replace(teller.view, undelivered=2))
    assert button(window, "check-face").isChecked()


@pytest.mark.parametrize("reason", RefusalReason)
def test_a_refusal_takes_a_reason_and_a_second_touch(desk, teller, reason):
    window = desk(waiting=waiting_visit())
    press(window, "teller-refuse")
    press(window, f"reason-{reason}")
    assert teller.acts == []
    press(window, f"reason-{reason}")
    assert teller.acts == [reason]


def test_another_reason_has_to_be_touched_twice_as_well(desk, teller):
    window = desk(waiting=waiting_visit())
    press(window, "teller-refuse")
    press(window, f"reason-{RefusalReason.NOT_THE_PERSON}")
    press(window, f"reason-{RefusalReason.NOT_ELIGIBLE}")
    assert teller.acts == []
    press(window, "refuse-back")
    press(window, "teller-refuse")
    press(window, f"reason-{RefusalReason.NOT_ELIGIBLE}")
    assert teller.acts == []


def test_closing_a_visit_takes_a_second_touch(desk, teller):
    window = desk(waiting=waiting_visit())
    press(window, "teller-close")
    assert teller.acts == []
    press(window, "teller-close")
    assert teller.acts == ["close_visit"]


def test_a_visit_without_a_document_can_only_be_closed(desk):
    window = desk(waiting=WaitingVisit(None, ReferralReason.DOCUMENT_UNREADABLE, NOON, can_be_answered=False))
    for name in ("teller-confirm", "teller-refuse", "check-face"):
        assert not button(window, name).isEnabled()
    assert button(window, "teller-close").isEnabled()


def test_an_account_is_marked_opened_after_a_question_and_the_time_to_undo(desk, teller, qtbot, monkeypatch):
    monkeypatch.setattr(applications_tab, "UNDO_S", 1)
    window = desk(applications=(open_application("A7"),))
    press(window, "tab-applications")
    assert RECORD.document_number in says(window)
    press(window, "mark-opened-A7")
    press(window, "mark-yes-A7")
    assert teller.acts == []
    qtbot.waitUntil(lambda: ("mark_opened", "A7") in teller.acts, timeout=3000)
    qtbot.waitUntil(lambda: window.findChild(QWidget, "mark-opened-A7") is None)


def test_undoing_keeps_the_record(desk, teller):
    window = desk(applications=(open_application("A7"),))
    press(window, "tab-applications")
    for name in ("mark-opened-A7", "mark-yes-A7", "mark-undo-A7"):
        press(window, name)
    press(window, "sign-off")
    assert teller.acts == ["sign_off"]


def test_signing_off_carries_out_what_was_confirmed(desk, teller):
    window = desk(applications=(open_application("A7"),))
    press(window, "tab-applications")
    press(window, "mark-opened-A7")
    press(window, "mark-yes-A7")
    press(window, "sign-off")
    assert teller.acts == [("mark_opened", "A7"), "sign_off"]


def test_undelivered_verdicts_and_notices_are_shown(desk):
    window = desk(undelivered=3, oldest_undelivered_at=NOON, notices=("The bank has not answered.",))
    press(window, "tab-terminal")
    assert "3 not delivered yet" in says(window)
    assert "The bank has not answered." in says(window)


def test_signing_off_gives_the_screen_back_and_forgets_the_records(desk, teller, qtbot):
    window = desk(waiting=waiting_visit())
    press(window, "sign-off")
    assert teller.acts == ["sign_off"]
    assert window.console.isHidden()
    qtbot.waitUntil(lambda: window.findChild(QLabel, "teller-record-names") is None)


def test_nobody_touching_signs_off(make_window, customer, teller, qtbot, monkeypatch):
    monkeypatch.setattr(console, "AUTO_SIGN_OFF_MS", 80)
    window = make_window(customer, teller)
    sign_in(window)
    qtbot.waitUntil(window.console.isHidden)
    assert teller.acts == ["sign_off"]


def test_a_touch_keeps_the_teller_signed_in(make_window, customer, teller, qtbot, monkeypatch):
    monkeypatch.setattr(console, "AUTO_SIGN_OFF_MS", 400)
    window = make_window(customer, teller)
    sign_in(window)
    for _ in range(4):
        qtbot.wait(150)
        hands.touch(window.console)
    assert window.console.isVisible()


def test_no_warning_covers_the_console(window, customer, teller, clock):
    customer.show(replace(view_at(Phase.WAITING_FOR_TELLER), idle_ends_at_s=clock.now_s + 5))
    window.open_console()
    customer.show(customer.view)
    assert not window.findChild(QWidget, "still-here-overlay").isVisible()
