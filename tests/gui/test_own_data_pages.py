"""A customer's own record on the screens: what is shown, what each touch sends, and that nothing of it is left."""

from dataclasses import replace

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel, QLineEdit, QWidget

from kiosk.privacy.consent import Purpose
from kiosk.runtime.surface import Readiness, ServiceHold, SessionView
from kiosk.session.events import (
    Cancelled,
    ConsentGiven,
    ConsentRefused,
    Language,
    OwnCodeAgain,
    OwnCodeEntered,
    OwnCopyAsked,
    OwnErasureAsked,
    OwnErasureConfirmed,
    OwnRecordAsked,
    OwnRecordBack,
    OwnRecordLeft,
    OwnRecordOutcome,
)
from kiosk.session.machine import OWN_RECORD_PHASES, TRANSITIONS, Phase
from kiosk.ui import hands
from kiosk.ui.own_record_words import own_page
from kiosk.ui.poses import LONG_RECORD, RECORD, SLIP, erasure_slip, own_record, posed_notices, view_at
from kiosk.ui.texts import load_texts
from kiosk.ui.widgets.progress_steps import ProgressSteps
from kiosk.ui.widgets.qr_code import QrCode

ENGLISH = load_texts(Language.ENGLISH)
READY = SessionView(readiness=Readiness.READY)


def press(window, name) -> None:
    widget = hands.find(window, name, QAbstractButton)
    assert widget is not None, f"{name} cannot be pressed"
    hands.press(widget)


def shown(window, name) -> bool:
    widget = window.findChild(QWidget, name)
    return widget is not None and widget.isVisible()


def says(window) -> str:
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def at(phase, **changes) -> SessionView:
    view = view_at(phase)
    if phase in (Phase.OWN_RECORD, Phase.OWN_COPY, Phase.OWN_ERASURE):
        view = replace(view, own_record=own_record(Language.ENGLISH))
    if phase is Phase.OWN_ERASED:
        view = replace(view, erasure=erasure_slip(Language.ENGLISH))
    return replace(view, **changes)


def test_the_welcome_screen_has_a_quiet_way_to_ones_own_data_and_a_touch_beside_it_starts_as_ever(window, customer):
    customer.show(READY)
    press(window, "own-record")
    assert customer.sent == [OwnRecordAsked()]


@pytest.mark.parametrize(
    ("view", "offered"),
    [
        (replace(READY, readiness=Readiness.WARMING_UP), False),
        (replace(READY, readiness=Readiness.OUT_OF_SERVICE), False),
        *((replace(READY, holds=frozenset({hold})), hold is ServiceHold.OUTBOX_FULL) for hold in ServiceHold),
    ],
)
def test_it_is_offered_only_where_it_can_be_kept(window, customer, view, offered):
    customer.show(view)
    assert shown(window, "own-record") is offered


def test_it_is_on_no_other_page(window, customer):
    for phase in Phase:
        customer.show(replace(READY) if phase is Phase.IDLE else at(phase))
        assert shown(window, "own-record") is (phase is Phase.IDLE), phase


def test_the_second_of_two_quick_touches_does_not_leave_again(window, customer):
    customer.show(READY)
    own = window.findChild(QWidget, "own-record")
    place = own.mapTo(window, own.rect().center())
    customer.show(at(Phase.OWN_LANGUAGE))
    cancel = window.findChild(QWidget, "cancel")
    assert not cancel.geometry().contains(cancel.parentWidget().mapFrom(window, place))


def test_on_every_page_of_this_way_there_is_one_way_out_and_no_word_of_a_face(window, customer):
    for phase in sorted(OWN_RECORD_PHASES):
        customer.show(at(phase))
        may_leave = (phase, Cancelled) in TRANSITIONS
        assert shown(window, "cancel") is may_leave, phase
        assert not shown(window, "decline-face"), phase
        if may_leave:
            assert window.findChild(QAbstractButton, "cancel").plain_text.startswith(ENGLISH("footer.leave_own"))
        steps = window.findChild(ProgressSteps)
        assert len(steps.names) == 5, phase
        assert not set(steps.names) & {ENGLISH("steps.face"), ENGLISH("steps.account")}, phase


def test_the_notice_says_every_word_that_its_hash_covers(window, customer, qtbot):
    customer.show(at(Phase.OWN_CONSENT))
    qtbot.waitUntil(lambda: window.page.settled)
    notice = posed_notices()[Language.ENGLISH].own_record
    on_page = says(window)
    for line in notice.text.splitlines()[:-1]:
        assert line in on_page


def test_agreeing_sends_the_hash_of_that_notice_and_that_purpose_alone(window, customer):
    customer.show(at(Phase.OWN_CONSENT))
    press(window, "agree-own")
    (event,) = customer.sent
    assert isinstance(event, ConsentGiven)
    assert event.consent.purposes == {Purpose.OWN_RECORD}
    assert event.consent.text_sha256 == posed_notices()[Language.ENGLISH].own_record.text_sha256
    assert event.consent.text_sha256 != posed_notices()[Language.ENGLISH].text_sha256


def test_disagreeing_is_a_refusal(window, customer):
    customer.show(at(Phase.OWN_CONSENT))
    press(window, "disagree")
    assert customer.sent == [ConsentRefused()]


def test_the_code_is_typed_on_keys_that_it_can_have_and_sent_when_it_is_whole(window, customer):
    customer.show(at(Phase.OWN_CODE))
    for character in "K7QMP3WXY":
        press(window, f"key-{character}")
    assert hands.find(window, "enter-code", QAbstractButton) is None
    press(window, "key-A")
    press(window, "code-backspace")
    press(window, "key-Z")
    assert window.findChild(QLineEdit, "own-code").text() == "K7QMP 3WXYZ"
    press(window, "enter-code")
    assert customer.sent == [OwnCodeEntered("K7QMP 3WXYZ")]


def test_the_backspace_takes_one_character_at_a_time_over_the_gap(window, customer):
    customer.show(at(Phase.OWN_CODE))
    for character in "K7QMP3":
        press(window, f"key-{character}")
    field = window.findChild(QLineEdit, "own-code")
    left = [field.text()]
    for _ in range(3):
        press(window, "code-backspace")
        left.append(field.text())
    assert left == ["K7QMP 3", "K7QMP", "K7QM", "K7Q"]


def test_a_keyboard_that_is_plugged_in_types_the_code_too(window, customer):
    customer.show(at(Phase.OWN_CODE))
    field = window.findChild(QLineEdit, "own-code")
    field.setFocus()
    hands.type_text(field, "k7qmp-3wxyz!0")
    assert field.text() == "K7QMP 3WXYZ"


def test_the_next_customer_finds_no_code_typed(window, customer):
    customer.show(at(Phase.OWN_CODE))
    press(window, "key-K")
    customer.show(READY)
    customer.show(at(Phase.OWN_CODE))
    assert window.findChild(QLineEdit, "own-code").text() == ""


@pytest.mark.parametrize("outcome", [outcome for outcome in OwnRecordOutcome if outcome is not OwnRecordOutcome.NONE])
def test_nothing_found_is_said_calmly_and_another_try_offered_where_there_is_one(window, customer, outcome):
    view = at(Phase.OWN_MISSING)
    customer.show(replace(view, session=replace(view.session, own_outcome=outcome)))
    assert ENGLISH(f"own_missing.{outcome}_lead") in says(window)
    if outcome is OwnRecordOutcome.NOT_FOUND:
        press(window, "code-again")
        assert customer.sent == [OwnCodeAgain()]
    else:
        assert not shown(window, "code-again")
    press(window, "leave-own")
    assert customer.sent[-1] == OwnRecordLeft()


@pytest.mark.parametrize("record", [RECORD, LONG_RECORD])
def test_everything_that_is_held_is_shown_with_why_and_until_when(window, customer, record):
    own = own_record(Language.ENGLISH, record)
    customer.show(at(Phase.OWN_RECORD, own_record=own))
    on_page = says(window)
    for section in (*own.held, *own.stays):
        for words in (section.name, section.reason, section.kept):
            assert words in on_page
    for value in (record.primary_name, record.address, record.document_number, record.birth_date.isoformat()):
        assert value in on_page
    assert "2026-03-09" in window.findChild(QWidget, "until").text.text()


BUTTONS = (
    (Phase.OWN_RECORD, "take-copy", OwnCopyAsked()),
    (Phase.OWN_RECORD, "erase-own", OwnErasureAsked()),
    (Phase.OWN_RECORD, "leave-own", OwnRecordLeft()),
    (Phase.OWN_COPY, "back-to-record", OwnRecordBack()),
    (Phase.OWN_COPY, "leave-own", OwnRecordLeft()),
    (Phase.OWN_ERASURE, "back-to-record", OwnRecordBack()),
    (Phase.OWN_ERASURE, "erase-now", OwnErasureConfirmed()),
    (Phase.OWN_ERASED, "leave-own", OwnRecordLeft()),
)


def test_each_button_says_what_it_does(window, customer):
    for phase, name, event in BUTTONS:
        customer.show(at(phase))
        press(window, name)
        assert customer.sent[-1] == event
    assert len(customer.sent) == len(BUTTONS)


def test_no_code_of_the_copy_is_shown_before_the_audit_has_it(window, customer):
    own = own_record(Language.ENGLISH)
    customer.show(at(Phase.OWN_COPY, own_record=replace(own, copy=())))
    assert not shown(window, "copy-code")
    customer.show(at(Phase.OWN_COPY, own_record=own))
    assert shown(window, "copy-code")


def test_a_copy_of_several_codes_is_shown_one_after_the_other(window, customer):
    own = replace(own_record(Language.ENGLISH), copy=("first", "second"))
    customer.show(at(Phase.OWN_COPY, own_record=own))
    part = window.findChild(QLabel, "copy-part")
    seen = []
    for _ in range(3):
        seen.append(part.text())
        press(window, "next-code")
    assert seen == [
        ENGLISH("own_copy.part", number=1, count=2),
        ENGLISH("own_copy.part", number=2, count=2),
        ENGLISH("own_copy.part", number=1, count=2),
    ]


def test_before_erasing_the_page_says_what_goes_and_what_stays(window, customer):
    customer.show(at(Phase.OWN_ERASURE))
    own = own_record(Language.ENGLISH)
    assert all(section.name in says(window) for section in (*own.held, *own.stays))


def test_the_receipt_stands_as_a_code_with_what_stays_and_no_name(window, customer):
    customer.show(at(Phase.OWN_ERASED))
    assert window.findChild(QrCode, "erasure-code").isVisible()
    assert all(section.reason in says(window) for section in erasure_slip(Language.ENGLISH).stays)
    assert RECORD.primary_name not in says(window)


def test_once_the_visit_is_over_nothing_of_the_record_is_on_the_screen(window, customer):
    for phase in (Phase.OWN_RECORD, Phase.OWN_COPY, Phase.OWN_ERASURE):
        customer.show(at(phase))
    customer.show(READY)
    words = "\n".join(label.text() for label in window.findChildren(QLabel))
    assert not [value for value in (RECORD.primary_name, RECORD.address, RECORD.document_number) if value in words]


@pytest.mark.parametrize("language", Language)
def test_the_printed_pages_say_what_the_screen_says(language):
    own, receipt = own_record(language), erasure_slip(language)
    copy = own_page(own)[1]
    assert all(section.name in copy for section in (*own.held, *own.stays))
    assert own.copy[0] in copy
    text = own_page(receipt, demo=True)[1]
    assert all(section.kept in text for section in receipt.stays)
    assert receipt.statement in text.replace(" ", "").replace("\n", "")
    assert load_texts(language)("header.demo") in text
    assert RECORD.primary_name not in text


def test_the_code_stands_on_the_slip_of_a_yes_only(window, customer):
    view = at(Phase.SHOWING_VERDICT)
    yes = replace(view, session=replace(view.session, answer=True), slip=SLIP)
    customer.show(yes)
    assert window.findChild(QLabel, "slip-own-code").text() == "K7QMP 3WXYZ"
    customer.show(READY)
    no = replace(yes, session=replace(yes.session, answer=False), slip=replace(SLIP, own_code=""))
    customer.show(no)
    assert not shown(window, "slip-own-code")
