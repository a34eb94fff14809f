"""Each page shows what the view says and sends what the person does."""

from dataclasses import replace

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QKeyEvent
from PySide6.QtWidgets import QAbstractButton, QApplication, QLabel, QLineEdit, QWidget

from kiosk.document.evidence import DocumentRemark
from kiosk.privacy.consent import Consent, Purpose
from kiosk.privacy.list_policy import ListPolicy, in_force
from kiosk.privacy.notice import notice
from kiosk.runtime.surface import Readiness, SessionView
from kiosk.session.events import (
    AccountClass,
    AccountClassChosen,
    Cancelled,
    ConsentGiven,
    ConsentRefused,
    ConsentWithdrawn,
    DetailsConfirmed,
    DocumentReadAgain,
    FaceCheckChosen,
    FaceDeclined,
    Language,
    LanguageChosen,
    Started,
    VerdictAcknowledged,
)
from kiosk.session.machine import OWN_RECORD_PHASES, TRANSITIONS, EndNote, Phase, Session
from kiosk.store.data_list_file import read_data_list
from kiosk.ui import hands
from kiosk.ui.customer import welcome_page
from kiosk.ui.customer.details_page import MAX_ADDRESS
from kiosk.ui.customer.pages import PAGES, STEP_OF_PHASE
from kiosk.ui.customer.verdict_page import slip_code
from kiosk.ui.poses import EVIDENCE, NOON, SLIP, posed_notices, view_at
from kiosk.ui.slip_text import slip_text
from kiosk.ui.texts import load_texts
from kiosk.ui.widgets.progress_steps import ProgressSteps
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant, Finding
from kiosk.verification.liveness import Gesture
from kiosk.verification.quality import CaptureGuidance
from tests.gui.conftest import LANDSCAPE, PORTRAIT

ENGLISH = load_texts(Language.ENGLISH)
LEAVE = [phase for phase in Phase if (phase, Cancelled) in TRANSITIONS and phase is not Phase.SHOWING_VERDICT]
DECLINE = [phase for phase in Phase if (phase, FaceDeclined) in TRANSITIONS]


def button(window, name) -> QAbstractButton:
    return window.findChild(QAbstractButton, name)


def shown(window, name) -> bool:
    widget = window.findChild(QWidget, name)
    return widget is not None and widget.isVisible()


def says(window) -> str:
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def press(window, name) -> None:
    widget = hands.find(window, name, QAbstractButton)
    assert widget is not None, f"{name} cannot be pressed"
    hands.press(widget)


def test_every_phase_has_a_page_and_a_step():
    assert set(PAGES) == set(Phase)
    assert set(STEP_OF_PHASE) == set(Phase)


def test_the_page_of_the_phase_is_shown(window, customer):
    for phase in Phase:
        customer.show(view_at(phase))
        assert type(window.page) is PAGES[phase]
        assert window.page.accessibleName() == ENGLISH.of(phase)


def test_cancel_is_on_every_page_that_can_be_left(window, customer):
    for number, phase in enumerate(LEAVE, start=1):
        customer.show(view_at(phase))
        press(window, "cancel")
        agreed = phase not in (Phase.CHOOSING_LANGUAGE, Phase.ASKING_CONSENT, *OWN_RECORD_PHASES)
        assert customer.sent[number - 1 :] == [ConsentWithdrawn() if agreed else Cancelled()], phase


def test_the_face_can_be_declined_on_every_page(window, customer):
    for number, phase in enumerate(DECLINE, start=1):
        customer.show(view_at(phase))
        press(window, "decline-face")
        assert customer.sent == [FaceDeclined()] * number, phase


def test_a_declined_face_is_acknowledged_instead_of_asked_again(window, customer):
    for phase in DECLINE:
        view = view_at(phase)
        customer.show(replace(view, session=replace(view.session, face_declined=True)))
        assert not shown(window, "decline-face"), phase
        assert shown(window, "face-declined"), phase


@pytest.mark.parametrize("phase", [phase for phase in DECLINE if phase is not Phase.IDLE])
def test_where_no_face_check_will_come_none_is_offered_to_decline_or_promised(window, customer, phase):
    view = view_at(phase)
    application_only = Consent(1, "ab" * 32, Language.ENGLISH, frozenset({Purpose.APPLICATION}), NOON)
    for session in (
        replace(view.session, consent=application_only),
        replace(view.session, referral=ReferralReason.DOCUMENT_EXPIRED),
    ):
        customer.show(replace(view, session=session))
        assert not shown(window, "decline-face")
        assert shown(window, "face-declined")
        assert ENGLISH("steps.teller") in window.findChild(ProgressSteps).names
        assert ENGLISH("steps.face") not in window.findChild(ProgressSteps).names


@pytest.mark.parametrize("phase", [Phase.RECORDING_VERDICT, Phase.SHOWING_VERDICT])
def test_after_the_verdict_nothing_can_be_declined_or_cancelled(window, customer, phase):
    customer.show(view_at(phase))
    assert not shown(window, "cancel")
    assert not shown(window, "decline-face")


@pytest.mark.parametrize(("marked", "words"), [("demo", "Demonstration"), ("trial_key", "Trial kiosk")])
def test_the_demo_and_a_trial_say_so_on_every_page(window, customer, marked, words):
    for phase in Phase:
        customer.show(replace(view_at(phase), **{marked: True}))
        assert shown(window, "mark")
        assert any(label.text().startswith(words) for label in window.findChildren(QLabel) if label.isVisible())
        customer.show(view_at(phase))
        assert not shown(window, "mark")


def test_any_touch_tells_the_session_that_somebody_is_there(window, customer):
    customer.show(view_at(Phase.ASKING_CONSENT))
    hands.touch(window.page)
    assert customer.touches == 1
    hands.press(button(window, "consent-application"))
    assert customer.touches == 2


# --- welcome and language ---


def test_touching_anywhere_on_the_welcome_screen_starts(window, customer):
    hands.press(window.page)
    assert customer.sent == [Started()]


@pytest.mark.parametrize("readiness", [Readiness.WARMING_UP, Readiness.OUT_OF_SERVICE])
def test_a_kiosk_that_is_not_ready_does_not_start(window, customer, readiness):
    customer.show(SessionView(readiness=readiness))
    hands.press(window.page)
    assert customer.sent == []
    assert not shown(window, "start")
    assert not shown(window, "decline-face"), "its document could never be read"


@pytest.mark.parametrize("texts", [ENGLISH, load_texts(Language.CHINESE)], ids=["en", "zh"])
def test_a_kiosk_out_of_service_leads_to_the_staff(window, customer, texts):
    customer.show(SessionView(readiness=Readiness.OUT_OF_SERVICE))
    assert texts("welcome.out_of_service") in says(window)
    assert "ask a member of staff" in texts("welcome.out_of_service") or "工作人员" in texts("welcome.out_of_service")


@pytest.mark.parametrize("note", [note for note in EndNote if note is not EndNote.NONE])
def test_the_welcome_screen_says_for_a_while_how_the_visit_ended(window, customer, qtbot, monkeypatch, note):
    monkeypatch.setattr(welcome_page, "END_NOTE_MS", 30)
    customer.show(view_at(Phase.POSITIONING))
    customer.show(SessionView(session=Session(end_note=note), readiness=Readiness.READY))
    assert ENGLISH.of(note) in says(window)
    qtbot.waitUntil(lambda: not shown(window, "end-note"))


@pytest.mark.parametrize("language", Language)
def test_each_language_is_chosen_by_its_own_card(window, customer, language):
    customer.show(view_at(Phase.CHOOSING_LANGUAGE))
    press(window, f"language-{language}")
    assert customer.sent == [LanguageChosen(language)]


def test_the_chosen_language_is_spoken_from_then_on(window, customer):
    customer.show(view_at(Phase.ASKING_CONSENT, Language.CHINESE))
    assert posed_notices()[Language.CHINESE].title in says(window)
    assert button(window, "cancel").plain_text == load_texts(Language.CHINESE)("footer.cancel")


# --- consent ---


def test_consent_cannot_be_given_before_a_box_is_ticked(window, customer):
    customer.show(view_at(Phase.ASKING_CONSENT))
    assert not button(window, "consent-application").isChecked()
    assert not button(window, "consent-face").isChecked()
    assert not button(window, "continue").isEnabled()
    hands.press(button(window, "continue"))
    press(window, "consent-face")
    assert not button(window, "continue").isEnabled(), "the face check alone is no consent to the application"
    assert customer.sent == []


@pytest.mark.parametrize("with_face", [True, False])
def test_consent_carries_exactly_what_was_ticked_and_the_hash_of_what_was_shown(window, customer, with_face):
    customer.show(view_at(Phase.ASKING_CONSENT))
    press(window, "consent-application")
    if with_face:
        press(window, "consent-face")
    press(window, "continue")
    (event,) = customer.sent
    assert isinstance(event, ConsentGiven)
    assert event.consent.purposes == {Purpose.APPLICATION, *((Purpose.FACE_CHECK,) if with_face else ())}
    shown_notice = posed_notices()[Language.ENGLISH]
    assert event.consent.text_sha256 == shown_notice.text_sha256
    assert event.consent.list_version == shown_notice.list_version
    assert event.consent.given_at.tzinfo is not None


@pytest.mark.parametrize("language", Language)
def test_every_word_of_the_notice_is_on_the_page(window, customer, qtbot, language):
    customer.show(view_at(Phase.ASKING_CONSENT, language))
    qtbot.waitUntil(lambda: window.page.settled)
    words = "\n".join(label.text() for label in window.page.findChildren(QLabel))
    *lines, version = posed_notices()[language].text.splitlines()
    for line in lines:
        assert line in words
    assert version.removeprefix("v") in words
    for sentence in posed_notices()[language].responsible:
        assert sentence in lines


def test_each_choice_stands_with_its_purpose_and_period_and_none_is_ticked(window, customer):
    customer.show(view_at(Phase.ASKING_CONSENT))
    names = ("consent-application", "consent-face")
    for choice, name in zip(posed_notices()[Language.ENGLISH].choices, names, strict=True):
        box = button(window, name)
        words = "\n".join(label.text() for label in box.findChildren(QLabel))
        assert not box.isChecked()
        assert all(part in words for part in (choice.name, choice.explanation, choice.kept))


@pytest.mark.parametrize("with_face", [False, True])
def test_withdrawing_takes_no_more_touches_than_agreeing(window, customer, qtbot, with_face):
    customer.show(view_at(Phase.ASKING_CONSENT))
    agreeing = ["consent-application", *(["consent-face"] if with_face else []), "continue"]
    for name in agreeing:
        press(window, name)
    assert isinstance(customer.sent.pop(), ConsentGiven)
    for phase in [phase for phase in LEAVE if view_at(phase).session.consent is not None]:
        customer.show(view_at(phase))
        if phase in OWN_RECORD_PHASES or phase is Phase.ASKING_CONSENT:
            continue
        assert button(window, "cancel").accessibleName() == "Withdraw and erase", phase
        press(window, "cancel")
        assert customer.sent.pop() == ConsentWithdrawn(), phase
    verdict = view_at(Phase.SHOWING_VERDICT)
    customer.show(replace(verdict, session=replace(verdict.session, answer=True)))
    withdrawing = ["withdraw", "withdraw"]
    for name in withdrawing:
        qtbot.waitUntil(button(window, name).isEnabled)
        press(window, name)
    assert customer.sent == [ConsentWithdrawn()]
    assert len(withdrawing) <= len(agreeing)


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
@pytest.mark.parametrize("language", Language)
def test_every_sentence_beside_a_choice_has_its_room(make_window, customer, teller, size, language):
    window = make_window(customer, teller, size=size, language=language)
    customer.show(view_at(Phase.ASKING_CONSENT, language))
    QApplication.processEvents()
    boxes = [button(window, name) for name in ("consent-application", "consent-face")]
    for label in [label for box in boxes for label in box.findChildren(QLabel)]:
        assert label.height() >= label.heightForWidth(label.width()), label.text()


def test_a_field_that_this_bank_does_not_collect_is_not_asked_for(make_window, customer, teller):
    held = in_force(read_data_list(), ListPolicy(without=frozenset({"phone"})))
    window = make_window(customer, teller, notices={language: notice(held, language) for language in Language})
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    assert shown(window, "address")
    assert not shown(window, "phone")
    window.findChild(QLineEdit, "address").setText("1 Example Street")
    press(window, "confirm-details")
    assert customer.sent == [DetailsConfirmed("1 Example Street", None)]


@pytest.mark.parametrize("language", Language)
def test_the_slip_names_controller_officer_and_authority_on_screen_and_paper(window, customer, language):
    verdict = view_at(Phase.SHOWING_VERDICT, language)
    customer.show(replace(verdict, session=replace(verdict.session, answer=True), slip=SLIP))
    words = [label.text() for label in window.page.findChildren(QLabel)]
    responsible = posed_notices()[language].responsible
    _, paper = slip_text(SLIP, language, responsible={language: responsible})
    assert len(responsible) == 3
    for sentence in responsible:
        assert sentence in words
        assert sentence in paper


def test_after_a_no_there_is_no_record_to_withdraw(window, customer):
    verdict = view_at(Phase.SHOWING_VERDICT)
    customer.show(replace(verdict, session=replace(verdict.session, answer=False)))
    assert not shown(window, "withdraw")


def test_not_agreeing_ends_the_visit(window, customer):
    customer.show(view_at(Phase.ASKING_CONSENT))
    press(window, "disagree")
    assert customer.sent == [ConsentRefused()]


def test_who_declined_the_face_is_not_asked_for_it_again(window, customer):
    view = view_at(Phase.ASKING_CONSENT)
    customer.show(view)
    press(window, "consent-face")
    customer.show(replace(view, session=replace(view.session, face_declined=True)))
    assert not shown(window, "consent-face")
    press(window, "consent-application")
    press(window, "continue")
    assert customer.sent[-1].consent.purposes == {Purpose.APPLICATION}


# --- account, document, details ---


@pytest.mark.parametrize("account_class", AccountClass)
def test_each_account_class_is_chosen_by_its_card(window, customer, account_class):
    customer.show(view_at(Phase.CHOOSING_ACCOUNT_CLASS))
    press(window, f"account-{account_class}")
    assert customer.sent == [AccountClassChosen(account_class)]


def test_a_document_remark_is_shown_with_its_cure_and_goes_when_it_is_cured(window, customer):
    view = view_at(Phase.READING_DOCUMENT)
    for remark in DocumentRemark:
        customer.show(replace(view, document_remarks=(remark,)))
        assert ENGLISH.of(remark) in says(window)
    customer.show(view)
    assert not shown(window, "document-remark")


def test_details_show_what_was_read(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    text = says(window)
    for value in (EVIDENCE.number, "ERIKSSON, ANNA MARIA", "1994-08-12", "UTO", "2032-04-15", "Class II"):
        assert value in text


@pytest.mark.parametrize("remark", [DocumentRemark.EXPIRED, DocumentRemark.UNDER_AGE])
def test_details_name_what_speaks_against_the_document_and_who_helps(window, customer, remark):
    view = view_at(Phase.CONFIRMING_DETAILS)
    customer.show(view)
    assert not shown(window, "staff-will-help")
    evidence = replace(EVIDENCE, remarks=(remark,))
    customer.show(replace(view, session=replace(view.session, evidence=evidence)))
    assert ENGLISH.of(remark) in says(window)
    assert button(window, "read-again").isEnabled()


def test_details_say_that_staff_will_help_where_the_reason_is_for_the_teller_only(window, customer):
    view = view_at(Phase.CONFIRMING_DETAILS)
    customer.show(replace(view, session=replace(view.session, referral=ReferralReason.REFERENCE_UNUSABLE)))
    assert ENGLISH("details.staff_will_help") in says(window)
    assert ENGLISH.of(ReferralReason.REFERENCE_UNUSABLE) not in says(window)


def test_what_the_keyboard_hides_cannot_be_confirmed(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    address = window.findChild(QLineEdit, "address")
    address.setText("12 Harbour Street")
    hands.press(address)
    assert not shown(window, "record-names")
    assert not button(window, "confirm-details").isEnabled()
    press(window, "keyboard-done")
    assert shown(window, "record-names")
    assert button(window, "confirm-details").isEnabled()


def test_reading_the_document_again_keeps_what_was_typed(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    hands.type_text(window.findChild(QLineEdit, "address"), "12 Harbour Street")
    hands.type_text(window.findChild(QLineEdit, "phone"), "13800000000")
    customer.show(view_at(Phase.READING_DOCUMENT))
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    press(window, "confirm-details")
    assert customer.sent == [DetailsConfirmed("12 Harbour Street", "13800000000")]


def test_what_is_pasted_becomes_one_clean_line(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    address, phone = (window.findChild(QLineEdit, name) for name in ("address", "phone"))
    for field, pasted in ((address, "12\n\tHarbour \x00Street\u202e\u200b 南京路"), (phone, "Tel.\t+86 (138)-０１x")):
        QGuiApplication.clipboard().setText(pasted)
        field.paste()
    assert address.text() == "12 Harbour Street 南京路"
    assert phone.text() == " +86 (138)-01"
    QGuiApplication.clipboard().setText("A" * 1000)
    address.paste()
    assert len(address.text()) == MAX_ADDRESS


def test_typing_goes_on_where_the_cursor_is_after_a_rare_character(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    address = window.findChild(QLineEdit, "address")
    hands.type_text(address, "𠮷")
    hands.type_text(address, "ab  c")
    assert address.text() == "𠮷ab c"


def test_the_next_customer_cannot_paste_what_the_last_one_copied(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    address = window.findChild(QLineEdit, "address")
    address.setText("SECRET STREET")
    address.selectAll()
    address.copy()
    customer.show(SessionView(readiness=Readiness.READY))
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    window.findChild(QLineEdit, "address").paste()
    assert window.findChild(QLineEdit, "address").text() == ""


def test_a_name_with_markup_is_shown_letter_by_letter(window, customer):
    view = view_at(Phase.CONFIRMING_DETAILS)
    name = "<b>O'BRIEN</b>&amp;"
    customer.show(replace(view, session=replace(view.session, evidence=replace(EVIDENCE, primary_name=name))))
    label = window.findChild(QLabel, "record-names")
    assert label.text().startswith(name)
    assert label.textFormat() is Qt.TextFormat.PlainText


def test_details_need_an_address_and_take_a_phone(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    confirm = button(window, "confirm-details")
    assert not confirm.isEnabled()
    hands.type_text(window.findChild(QLineEdit, "address"), "   ")
    assert not confirm.isEnabled()
    hands.type_text(window.findChild(QLineEdit, "address"), "南京路 1 号")
    hands.type_text(window.findChild(QLineEdit, "phone"), "13800000000")
    press(window, "confirm-details")
    assert customer.sent == [DetailsConfirmed("南京路 1 号", "13800000000")]


def test_details_without_a_phone_send_none(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    hands.type_text(window.findChild(QLineEdit, "address"), "12 Harbour Street")
    press(window, "confirm-details")
    assert customer.sent == [DetailsConfirmed("12 Harbour Street", None)]


def test_wrong_details_are_read_again(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    press(window, "read-again")
    assert customer.sent == [DocumentReadAgain()]


def test_the_keyboard_comes_with_a_touch_and_types_letters_digits_and_signs(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    assert not shown(window, "keyboard")
    press_field = window.findChild(QLineEdit, "address")
    hands.press(press_field)
    for key in ("key-a", "key-b", "keyboard-space", "key-1", "key-c", "keyboard-backspace", "key-."):
        press(window, key)
    press(window, "keyboard-symbols")
    press(window, "key-q")
    assert press_field.text() == "Ab 1.-"
    press(window, "keyboard-done")
    assert not shown(window, "keyboard")
    assert button(window, "confirm-details").isEnabled()


def test_shift_gives_one_capital(window, customer):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    field = window.findChild(QLineEdit, "address")
    field.setText("x")
    hands.press(field)
    for key in ("key-a", "keyboard-shift", "key-a", "key-a"):
        press(window, key)
    assert field.text() == "xaAa"


def test_the_last_customers_data_are_gone_once_the_visit_is_over(window, customer, qtbot):
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    hands.type_text(window.findChild(QLineEdit, "address"), "SECRET STREET")
    customer.show(SessionView(readiness=Readiness.READY))
    qtbot.waitUntil(lambda: window.findChild(QLineEdit, "address") is None)
    everything = [label.text() for label in window.findChildren(QLabel)]
    everything += [field.text() for field in window.findChildren(QLineEdit)]
    assert not [text for text in everything if "SECRET" in text or EVIDENCE.number in text or "ERIKSSON" in text]
    customer.show(view_at(Phase.CONFIRMING_DETAILS))
    assert window.findChild(QLineEdit, "address").text() == ""


# --- face ---


def test_positioning_gives_one_piece_of_guidance(window, customer):
    for guidance in CaptureGuidance:
        customer.show(replace(view_at(Phase.POSITIONING), guidance=guidance))
        assert window.findChild(QLabel, "guidance").text() == ENGLISH.of(guidance)


def test_liveness_asks_for_the_gesture(window, customer):
    view = view_at(Phase.CHECKING_LIVENESS)
    for gesture in Gesture:
        customer.show(replace(view, gesture=gesture, gesture_number=2, gesture_count=3))
        assert window.findChild(QLabel, "guidance").text() == ENGLISH.of(gesture)
        assert "2 of 3" in says(window)


def test_a_failed_attempt_is_a_friendly_second_one(window, customer):
    view = view_at(Phase.POSITIONING)
    assert not shown(window, "try-again")
    customer.show(replace(view, session=replace(view.session, attempts=1)))
    assert shown(window, "try-again")


@pytest.mark.parametrize(
    ("pressed", "variant"),
    [
        ((), ChallengeVariant.FULL),
        (("no-light",), ChallengeVariant.WITHOUT_LIGHT),
        (("no-turns",), ChallengeVariant.WITHOUT_TURNS),
        (("no-light", "no-turns"), ChallengeVariant.WITHOUT_TURNS_AND_LIGHT),
        (("no-light", "no-light"), ChallengeVariant.FULL),
    ],
)
def test_the_face_check_is_the_one_that_was_ticked(window, customer, pressed, variant):
    customer.show(view_at(Phase.PREPARING_FACE_CHECK))
    assert not button(window, "no-light").isChecked()
    assert not button(window, "no-turns").isChecked()
    for name in pressed:
        press(window, name)
    assert customer.sent == []
    assert shown(window, "gentler-is-as-good") is (variant is not ChallengeVariant.FULL)
    assert shown(window, "light-comes") is variant.has_light
    assert (ENGLISH("preparing.prompts") in says(window)) is variant.has_turns
    press(window, "begin-face-check")
    assert customer.sent == [FaceCheckChosen(variant)]


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT], ids=["landscape", "portrait"])
@pytest.mark.parametrize("language", Language)
def test_every_sentence_about_the_face_check_has_its_room(make_window, customer, teller, size, language):
    window = make_window(customer, teller, size=size, language=language)
    customer.show(view_at(Phase.PREPARING_FACE_CHECK, language))
    press(window, "no-light")
    QApplication.processEvents()
    for label in window.page.findChildren(QLabel):
        if label.isVisible() and label.text():
            assert label.height() >= label.heightForWidth(label.width()), label.text()


def test_while_the_terminal_waits_the_customer_reads_how_long_and_may_go_another_way(window, customer, clock):
    again = view_at(Phase.POSITIONING)
    again = replace(again, session=replace(again.session, attempts=2), guidance=CaptureGuidance.FIT)
    customer.show(replace(again, wait_ends_at_s=clock.now_s + 12.4))
    assert "13 s" in window.findChild(QLabel, "guidance").text()
    assert shown(window, "short-break")
    assert not shown(window, "try-again")
    clock.now_s += 5
    window.page.tick()
    assert "8 s" in window.findChild(QLabel, "guidance").text()
    press(window, "decline-face")
    assert customer.sent == [FaceDeclined()]
    customer.show(again)
    assert window.findChild(QLabel, "guidance").text() == ENGLISH.of(CaptureGuidance.FIT)
    assert not shown(window, "short-break")


def test_waiting_reads_the_same_whatever_the_reason_and_whatever_was_noticed(window, customer):
    view = view_at(Phase.WAITING_FOR_TELLER)
    wordings = set()
    for reason in ReferralReason:
        found = frozenset(Finding)
        for session in (view.session, replace(view.session, suspicions=found, unmeasured=found)):
            customer.show(replace(view, session=replace(session, referral=reason)))
            wordings.add(says(window))
    assert len(wordings) == 1


# --- verdict ---


def verdict(answer: bool, ends_at_s: float | None = None) -> SessionView:
    view = view_at(Phase.SHOWING_VERDICT)
    slip = replace(SLIP, accepted=answer)
    return replace(view, session=replace(view.session, answer=answer), slip=slip, idle_ends_at_s=ends_at_s)


def test_a_yes_thanks_and_shows_the_slip(window, customer):
    customer.show(verdict(True))
    assert ENGLISH("verdict.yes_title") in says(window)
    assert window.findChild(QLabel, "slip-reference").text().replace(" ", "") == SLIP.application_reference
    assert window.findChild(QLabel, "slip-salt").text().replace(" ", "") == SLIP.salt
    press(window, "finish")
    assert customer.sent == [VerdictAcknowledged()]


def test_a_no_leads_to_the_staff_without_a_reason(window, customer):
    customer.show(verdict(False))
    assert ENGLISH("verdict.no_title") in says(window)
    assert ENGLISH("verdict.yes_title") not in says(window)


def test_the_square_code_is_the_signed_statement():
    assert slip_code(SLIP) == SLIP.statement


def test_the_verdict_counts_down_by_itself_and_can_be_kept_open(window, customer, clock):
    customer.show(verdict(True, clock.now_s + 45))
    assert "45" in window.findChild(QLabel, "closes").text()
    assert hands.find(window, "still-here", QAbstractButton) is None
    clock.now_s += 30
    customer.show(customer.view)
    assert not shown(window, "still-here-overlay"), "the slip stays in sight"
    press(window, "still-here")
    assert customer.touches > 0


# --- time-out ---


def test_the_warning_comes_twenty_seconds_before_the_end_and_one_touch_answers_it(window, customer, clock):
    ends_at_s = clock.now_s + 60
    customer.show(replace(view_at(Phase.ASKING_CONSENT), idle_ends_at_s=ends_at_s))
    clock.now_s = ends_at_s - 20.5
    customer.show(customer.view)
    assert not shown(window, "still-here-overlay")
    clock.now_s = ends_at_s - 19.9
    customer.show(customer.view)
    assert shown(window, "still-here-overlay")
    before = customer.touches
    press(window, "still-here")
    assert customer.touches > before
    customer.show(replace(customer.view, idle_ends_at_s=clock.now_s + 60))
    assert not shown(window, "still-here-overlay")


def test_the_warning_goes_with_the_visit(window, customer, clock):
    customer.show(replace(view_at(Phase.ASKING_CONSENT), idle_ends_at_s=clock.now_s + 5))
    assert shown(window, "still-here-overlay")
    customer.show(SessionView(readiness=Readiness.READY))
    assert not shown(window, "still-here-overlay")


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return])
def test_no_key_reaches_what_the_warning_covers(window, customer, clock, qtbot, key):
    customer.show(view_at(Phase.CHOOSING_LANGUAGE))
    card = button(window, "language-zh")
    card.setFocus(Qt.FocusReason.TabFocusReason)
    customer.show(replace(customer.view, idle_ends_at_s=clock.now_s + 5))
    touches = customer.touches
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
    qtbot.keyClick(window.focusWidget(), key)
    assert customer.sent == []
    assert customer.touches > touches
    customer.show(replace(customer.view, idle_ends_at_s=clock.now_s + 60))
    assert window.focusWidget() is card, "the focus comes back"


def test_a_page_that_comes_under_the_warning_does_not_take_its_keys(window, customer, clock, qtbot):
    customer.show(replace(view_at(Phase.CHECKING_LIVENESS), idle_ends_at_s=clock.now_s + 5))
    customer.show(replace(view_at(Phase.POSITIONING), idle_ends_at_s=clock.now_s + 5))
    assert window.focusWidget().objectName() == "still-here-overlay"
    customer.show(view_at(Phase.POSITIONING))
    qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Space)
    assert customer.sent == []


# --- closing ---


def test_nobody_in_front_of_a_full_screen_kiosk_can_close_it(window):
    window.showFullScreen()
    assert not window.close()
    assert window.isVisible()


def test_a_window_of_a_size_of_its_own_can_be_closed(window):
    assert window.close()


# --- keyboard only ---


def test_the_tab_key_reaches_every_control_of_the_page_with_a_visible_ring(window, customer, qtbot):
    customer.show(view_at(Phase.ASKING_CONSENT))
    window.activateWindow()
    qtbot.waitUntil(lambda: window.focusWidget() is not None)
    reached = set()
    for _ in range(20):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        reached.add(window.focusWidget().objectName())
    assert {"consent-application", "consent-face", "disagree", "cancel", "decline-face"} <= reached


def test_the_space_bar_presses_what_has_the_focus(window, customer, qtbot):
    customer.show(view_at(Phase.CHOOSING_LANGUAGE))
    card = button(window, "language-zh")
    before = card.grab().toImage()
    card.setFocus(Qt.FocusReason.TabFocusReason)
    assert card.grab().toImage() != before, "the focus shows"
    qtbot.keyClick(card, Qt.Key.Key_Space)
    assert customer.sent == [LanguageChosen(Language.CHINESE)]


@pytest.mark.parametrize("key", [Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_the_enter_key_presses_what_has_the_focus_once(window, customer, qtbot, key):
    customer.show(view_at(Phase.ASKING_CONSENT))
    box = button(window, "consent-application")
    box.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(box, key)
    assert box.isChecked()
    held = QKeyEvent(QEvent.Type.KeyPress, key, Qt.KeyboardModifier.NoModifier, "", autorep=True)
    QApplication.sendEvent(box, held)
    assert box.isChecked(), "a key held down is pressed once"
