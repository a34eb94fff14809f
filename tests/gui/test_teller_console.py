"""The console hides the customer, asks who is there, and sends only what the teller has confirmed."""

from dataclasses import replace
from datetime import datetime

import pytest
from PySide6.QtCore import QPoint, QRegularExpression, Qt
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QScrollArea, QWidget

from kiosk.runtime.surface import TellerView, TerminalNotice, VisitStage, WaitingVisit
from kiosk.session.events import Language, RefusalReason, TellerCheck
from kiosk.session.machine import Phase
from kiosk.session.visible_record import ALL_FIELDS, visible_record
from kiosk.ui import hands
from kiosk.ui.customer import header
from kiosk.ui.customer.verdict_page import in_groups
from kiosk.ui.poses import EVIDENCE, NOON, RECORD, SLIP, open_application, view_at, waiting_visit
from kiosk.ui.teller import applications_tab, console, second_touch
from kiosk.ui.texts import load_texts
from kiosk.ui.widgets.buttons import Pressable
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant, Finding
from tests.fakes import FAKE_PIN, FAKE_TELLER
from tests.gui.conftest import LANDSCAPE, PORTRAIT

ENGLISH = load_texts(Language.ENGLISH)


def press(window, name) -> None:
    widget = hands.find(window, name, QAbstractButton)
    assert widget is not None, f"{name} cannot be pressed"
    hands.press(widget)


def press_when_possible(qtbot, window, name) -> None:
    qtbot.waitUntil(lambda: hands.find(window, name, QAbstractButton) is not None)
    press(window, name)


def tap_twice(window, name) -> None:
    """Two taps with nothing between them; the second arrives whether the button takes it or not."""
    press(window, name)
    hands.press(button(window, name))


def button(window, name) -> QAbstractButton:
    return window.findChild(QAbstractButton, name)


def labels(window) -> list[str]:
    """What the buttons say that can be seen."""
    return [button.plain_text for button in window.findChildren(Pressable) if button.isVisible()]


FIELDS = QRegularExpression("^teller-record-")


def inside(outer, widget) -> bool:
    """The whole widget lies within the other."""
    return outer.rect().contains(widget.rect().translated(widget.mapTo(outer, widget.rect().topLeft())))


def scroll_area_around(widget) -> QScrollArea:
    while not isinstance(widget, QScrollArea):
        widget = widget.parentWidget()
    return widget


def bring_into_view(qtbot, area, label) -> None:
    """Scroll until a label is seen as a whole, with all its lines."""

    def is_seen() -> bool:
        area.ensureWidgetVisible(label)
        return label.height() >= label.heightForWidth(label.width()) and inside(area.viewport(), label)

    qtbot.waitUntil(is_seen)


def says(window) -> str:
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def sign_in(window, teller_id=FAKE_TELLER, pin=FAKE_PIN) -> None:
    window.open_console()
    hands.type_text(hands.find(window, "teller-id", QLineEdit), teller_id)
    hands.type_text(hands.find(window, "pin", QLineEdit), pin)
    press(window, "sign-in")


@pytest.fixture(autouse=True)
def _short_pause(monkeypatch):
    monkeypatch.setattr(second_touch, "PAUSE_MS", 20)


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


def test_a_lock_is_said_with_its_end(window, teller):
    sign_in(window, pin="0000")
    until = NOON.replace(minute=3, second=30)
    teller.show(TellerView(sign_in_error="locked", locked_until=until))
    assert ENGLISH("teller.locked", time=f"{until.astimezone():%H:%M:%S}") in says(window)


@pytest.mark.parametrize("marked", ["demo", "trial_key"])
def test_a_demonstration_and_a_trial_are_called_so_before_and_after_the_sign_in(desk, teller, marked):
    window = desk(**{marked: True})
    for signed_in_as, button_there in (("M. Chen", "sign-off"), (None, "back")):
        teller.show(replace(teller.view, signed_in_as=signed_in_as))
        assert hands.find(window, button_there, QAbstractButton)
        assert ENGLISH(f"header.{marked}") in says(window.console)


def test_the_console_of_a_real_kiosk_speaks_of_no_demonstration(desk):
    assert ENGLISH("header.demo") not in says(desk().console)


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
def test_a_tellers_long_name_leaves_the_way_out_on_screen(make_window, customer, teller, size):
    window = make_window(customer, teller, size=size)
    sign_in(window)
    teller.show(replace(teller.view, signed_in_as="Maximiliane " * 8))
    name = window.findChild(QLabel, "signed-in-as")
    assert name.text().endswith("…")
    assert name.sizeHint().width() <= name.width()
    assert inside(window, button(window, "sign-off"))


def test_the_reason_and_the_record_are_shown_after_sign_in(desk):
    window = desk(waiting=waiting_visit(ReferralReason.NON_MATCH))
    text = says(window)
    assert ENGLISH.of(ReferralReason.NON_MATCH) in text
    for value in (RECORD.document_number, RECORD.address, RECORD.phone, "1994-08-12"):
        assert value in text


LONG_RECORDS = {
    "latin": replace(RECORD, address="Flat 17 B, Harbour Promenade West " * 6),
    "chinese": replace(RECORD, address="北京市海淀区中关村南大街五号院三单元" * 8),
    "one word": replace(RECORD, primary_name="W" * 39, address="M" * 200),
}


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
@pytest.mark.parametrize("record", LONG_RECORDS.values(), ids=LONG_RECORDS)
@pytest.mark.parametrize("tab", ["waiting", "applications"])
def test_every_field_of_a_long_record_can_be_brought_into_view(make_window, customer, teller, qtbot, size, record, tab):
    window = make_window(customer, teller, size=size)
    teller.view = TellerView(waiting=replace(waiting_visit(), record=visible_record(record)))
    teller.kept = (replace(open_application("A7"), record=visible_record(record)),)
    sign_in(window)
    press(window, f"tab-{tab}")
    fields = [label for label in window.findChildren(QLabel, FIELDS) if label.isVisible()]
    assert len(fields) == 7
    for field in fields:
        bring_into_view(qtbot, scroll_area_around(field), field)
    for name in ("tab-terminal", "sign-off"):
        assert inside(window, button(window, name))


@pytest.mark.parametrize("hidden", ["phone", "address", "nationality"])
def test_a_field_that_a_teller_may_not_see_is_not_in_the_console(desk, hidden):
    record = visible_record(RECORD, ALL_FIELDS - {hidden})
    window = desk(waiting=replace(waiting_visit(), record=record))
    shown_fields = {label.objectName() for label in window.findChildren(QLabel, FIELDS)}
    assert f"teller-record-{hidden}" not in shown_fields
    assert len(shown_fields) == 6


def test_a_childs_visit_is_confirmed_only_with_a_guardian(desk, teller):
    visit = replace(waiting_visit(ReferralReason.GUARDIAN_NEEDED), checks=frozenset(TellerCheck))
    window = desk(waiting=visit)
    for name in ("check-face", "check-person"):
        press(window, name)
    assert not button(window, "teller-confirm").isEnabled()
    press(window, "check-guardian")
    assert button(window, "teller-confirm").isEnabled()


def test_confirm_needs_both_checks(desk, teller):
    window = desk(waiting=waiting_visit())
    assert not button(window, "teller-confirm").isEnabled()
    press(window, "check-face")
    assert not button(window, "teller-confirm").isEnabled()
    press(window, "check-person")
    press(window, "teller-confirm")
    assert teller.acts == ["confirm"]


def test_what_the_machine_noticed_stands_there_a_sentence_each(desk):
    found = frozenset({Finding.LIGHT_EVEN, Finding.FLAT})
    visit = replace(waiting_visit(ReferralReason.ATTEMPTS_USED_UP), variant=ChallengeVariant.FULL, suspicions=found)
    window = desk(waiting=visit)
    assert all(ENGLISH.of(one) in says(window) for one in found)
    assert ENGLISH.of(Finding.GRID) not in says(window)
    reason = window.findChild(QLabel, "referral-reason").text()
    assert reason.startswith(ENGLISH.of(ReferralReason.ATTEMPTS_USED_UP))
    assert "below" in reason


def test_attempts_used_up_without_a_suspicion_points_to_nothing_below(desk):
    window = desk(waiting=waiting_visit(ReferralReason.ATTEMPTS_USED_UP))
    reason = window.findChild(QLabel, "referral-reason").text()
    assert reason == ENGLISH.of(ReferralReason.ATTEMPTS_USED_UP)
    assert window.findChild(QWidget, "suspicions") is None


def test_what_could_not_be_measured_is_told_apart_from_a_suspicion(desk):
    visit = replace(waiting_visit(ReferralReason.LIVENESS_INCOMPLETE), unmeasured=frozenset({Finding.LIGHT_TOO_WEAK}))
    window = desk(waiting=visit)
    assert ENGLISH.of(Finding.LIGHT_TOO_WEAK) in says(window)
    assert window.findChild(QWidget, "suspicions") is None
    assert window.findChild(QWidget, "unmeasured").isVisible()


@pytest.mark.parametrize("variant", ChallengeVariant)
def test_a_gentler_face_check_is_named_for_the_teller(desk, variant):
    window = desk(waiting=replace(waiting_visit(), variant=variant))
    assert (ENGLISH.of(variant) in says(window)) is (variant is not ChallengeVariant.FULL)


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
def test_even_every_finding_at_once_can_be_brought_into_view(make_window, customer, teller, qtbot, size):
    window = make_window(customer, teller, size=size)
    teller.view = TellerView(waiting=replace(waiting_visit(), suspicions=frozenset(Finding)))
    sign_in(window)
    card = window.findChild(QWidget, "suspicions")
    sentences = [label for label in card.findChildren(QLabel) if label.text()]
    assert len(sentences) == 1 + len(Finding)
    for sentence in (*sentences, *window.findChildren(QLabel, FIELDS)):
        bring_into_view(qtbot, scroll_area_around(sentence), sentence)


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
def test_a_refusal_takes_a_reason_and_a_second_touch(desk, teller, qtbot, reason):
    window = desk(waiting=waiting_visit())
    press(window, "teller-refuse")
    press(window, f"reason-{reason}")
    assert teller.acts == []
    press_when_possible(qtbot, window, f"reason-{reason}")
    assert teller.acts == [reason]


def test_a_double_tap_on_a_reason_refuses_nobody(desk, teller):
    window = desk(waiting=waiting_visit())
    press(window, "teller-refuse")
    tap_twice(window, f"reason-{RefusalReason.NOT_THE_PERSON}")
    assert teller.acts == []
    assert ENGLISH("teller.refuse_again", reason=ENGLISH.of(RefusalReason.NOT_THE_PERSON)) in labels(window)


def test_a_double_tap_on_refuse_refuses_nobody(desk, teller):
    window = desk(waiting=waiting_visit())
    tap_twice(window, "teller-refuse")
    assert teller.acts == []


def test_another_reason_has_to_be_touched_twice_as_well(desk, teller, qtbot):
    window = desk(waiting=waiting_visit())
    press(window, "teller-refuse")
    press(window, f"reason-{RefusalReason.NOT_THE_PERSON}")
    press(window, f"reason-{RefusalReason.NOT_ELIGIBLE}")
    assert teller.acts == []
    press(window, "refuse-back")
    press(window, "teller-refuse")
    press_when_possible(qtbot, window, f"reason-{RefusalReason.NOT_ELIGIBLE}")
    assert teller.acts == []


def test_closing_a_visit_takes_a_second_touch(desk, teller, qtbot):
    window = desk(waiting=waiting_visit())
    press(window, "teller-close")
    assert teller.acts == []
    press_when_possible(qtbot, window, "teller-close")
    assert teller.acts == ["close_visit"]


def test_a_double_tap_closes_no_visit(desk, teller):
    window = desk(waiting=waiting_visit())
    tap_twice(window, "teller-close")
    assert teller.acts == []


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
    press_when_possible(qtbot, window, "mark-yes-A7")
    assert teller.acts == []
    qtbot.waitUntil(lambda: ("mark_opened", "A7") in teller.acts, timeout=3000)
    qtbot.waitUntil(lambda: window.findChild(QWidget, "mark-opened-A7") is None)


def test_a_record_that_the_customer_wants_gone_is_erased_without_an_account(desk, teller, qtbot):
    window = desk(applications=(open_application("A7"),))
    press(window, "tab-applications")
    press(window, "erase-record-A7")
    assert "customer" in says(window)
    press_when_possible(qtbot, window, "mark-yes-A7")
    press(window, "sign-off")
    assert teller.acts == [("erase_record", "A7"), "sign_off"]


def test_a_double_tap_on_account_opened_confirms_nothing(desk, teller):
    window = desk(applications=(open_application("A7"),))
    press(window, "tab-applications")
    press(window, "mark-opened-A7")
    hands.press(button(window, "mark-yes-A7"))
    press(window, "sign-off")
    assert teller.acts == ["sign_off"]


def test_undoing_keeps_the_record(desk, teller, qtbot):
    window = desk(applications=(open_application("A7"),))
    press(window, "tab-applications")
    for name in ("mark-opened-A7", "mark-yes-A7", "mark-undo-A7"):
        press_when_possible(qtbot, window, name)
    press(window, "sign-off")
    assert teller.acts == ["sign_off"]


def test_signing_off_carries_out_what_was_confirmed(desk, teller, qtbot):
    window = desk(applications=(open_application("A7"),))
    press(window, "tab-applications")
    press(window, "mark-opened-A7")
    press_when_possible(qtbot, window, "mark-yes-A7")
    press(window, "sign-off")
    assert teller.acts == [("mark_opened", "A7"), "sign_off"]


def notices(window) -> list[str]:
    """The notices from top to bottom."""
    rows = [label for label in window.findChildren(QLabel, "notice") if label.isVisible()]
    return [label.text() for label in sorted(rows, key=lambda label: label.mapTo(window, QPoint()).y())]


def test_undelivered_verdicts_and_notices_are_shown_with_their_times(desk, qtbot):
    at = datetime.now().astimezone()
    window = desk(
        undelivered=3,
        oldest_undelivered_at=NOON,
        notices=(TerminalNotice("The bank has not answered.", at), TerminalNotice("Paper is low.", NOON)),
    )
    press(window, "tab-terminal")
    assert "3 not delivered yet" in says(window)
    assert f"{at:%H:%M}" in says(window)
    qtbot.waitUntil(lambda: notices(window) == ["The bank has not answered.", "Paper is low."])


def test_a_notice_goes_once_it_was_seen_and_the_dot_with_the_last(desk, qtbot):
    window = desk(notices=(TerminalNotice("one", NOON), TerminalNotice("two", NOON)))
    press(window, "tab-terminal")
    for left in (["two"], []):
        assert button(window, "tab-terminal")._marked
        press(window, "notice-seen")
        qtbot.waitUntil(lambda left=left: notices(window) == left)
    assert not button(window, "tab-terminal")._marked
    assert ENGLISH("teller.no_notices") in says(window)


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
def test_many_notices_can_be_brought_into_view(make_window, customer, teller, qtbot, size):
    window = make_window(customer, teller, size=size)
    teller.view = TellerView(notices=tuple(TerminalNotice(f"{number} " + "words " * 30, NOON) for number in range(20)))
    sign_in(window)
    press(window, "tab-terminal")
    area = window.findChild(QScrollArea, "notices")
    for notice in window.findChildren(QLabel, "notice"):
        bring_into_view(qtbot, area, notice)


def test_a_visit_can_be_closed_from_the_console_only_while_there_is_one(desk, teller):
    window = desk(visit=VisitStage.NONE)
    assert hands.find(window, "teller-close", QAbstractButton) is None
    teller.show(replace(teller.view, visit=VisitStage.UNDER_WAY))
    assert hands.find(window, "teller-close", QAbstractButton) is not None
    teller.show(replace(teller.view, visit=VisitStage.ANSWERED))
    assert hands.find(window, "teller-close", QAbstractButton) is None
    assert ENGLISH("teller.visit_answered_lead") in says(window)


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


@pytest.fixture
def verdict_behind_the_console(window, customer, clock):
    """The console is open when the answer comes; in five seconds the verdict's page would be gone."""
    window.open_console()
    customer.show(replace(view_at(Phase.SHOWING_VERDICT), slip=SLIP, idle_ends_at_s=clock.now_s + 5))
    return window


def test_the_slip_does_not_time_out_behind_the_console(verdict_behind_the_console, customer, qtbot):
    qtbot.waitUntil(lambda: customer.touches > 0)
    assert in_groups(SLIP.salt) not in says(verdict_behind_the_console)


def test_the_slip_has_its_whole_time_once_the_console_is_closed(verdict_behind_the_console, customer):
    customer.touches = 0
    verdict_behind_the_console.console.close_console()
    assert customer.touches == 1
    assert in_groups(SLIP.salt) in says(verdict_behind_the_console)


def test_a_visit_that_waits_for_an_answer_does_time_out_behind_the_console(window, customer, clock, qtbot):
    window.open_console()
    customer.show(replace(view_at(Phase.WAITING_FOR_TELLER), idle_ends_at_s=clock.now_s + 5))
    with qtbot.waitSignal(window._timer.timeout):
        pass
    window.console.close_console()
    assert customer.touches == 0


def test_no_warning_covers_the_console(window, customer, teller, clock):
    customer.show(replace(view_at(Phase.WAITING_FOR_TELLER), idle_ends_at_s=clock.now_s + 5))
    window.open_console()
    customer.show(customer.view)
    assert not window.findChild(QWidget, "still-here-overlay").isVisible()
