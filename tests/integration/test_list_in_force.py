"""The data protection list in force, its consents, guardians and withdrawals, with a real session and store."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from kiosk.document.evidence import DocumentRemark
from kiosk.privacy.consent import ConsentAct, Purpose
from kiosk.privacy.data_list import DataProtectionList, Viewer
from kiosk.privacy.list_policy import ListPolicy, in_force
from kiosk.privacy.notice import consent_to, notice
from kiosk.privacy.retention import StoredRecord
from kiosk.runtime.messages import ReadDocument, StartCapture
from kiosk.runtime.teller_desk import TellerDesk
from kiosk.session import events as ev
from kiosk.session.machine import EndNote, Phase
from kiosk.session.visible_record import ALL_FIELDS
from kiosk.store.audit_export import ExportedEntry
from kiosk.store.audit_trail import AuditKind
from kiosk.store.collection import NotCollectedError, NoticeNotInForceError
from kiosk.store.data_list_file import read_data_list
from tests.desk_parts import DeskParts, desk_parts
from tests.rehearsed_visit import CONFIRMED, DETAILS, TO_DOCUMENT, evidence
from tests.stores import CONSENT, MONDAY, RECORD, STAFF_PEPPER, answer_visit, full_disk, moment_at, open_test_store

SHIPPED = read_data_list()
CHILD = replace(evidence(), birth_date=date(2015, 6, 1))
WITHOUT_PHONE = in_force(SHIPPED, ListPolicy(without=frozenset({"phone"})))


@pytest.fixture
def desk(qtbot: Any, tmp_path: Path) -> Any:
    with desk_parts(tmp_path) as parts:
        yield parts


def seen_by(element_id: str, *viewers: Viewer) -> DataProtectionList:
    """The list with other people who may see an element."""
    return replace(
        SHIPPED,
        elements=tuple(
            replace(element, who=viewers) if element.id == element_id else element for element in SHIPPED.elements
        ),
    )


# --- the list in force ---


def test_a_consent_to_another_version_or_other_words_is_not_kept(tmp_path: Path) -> None:
    with open_test_store(tmp_path) as store:
        for other in (replace(CONSENT, list_version=CONSENT.list_version - 1), replace(CONSENT, text_sha256="ab" * 32)):
            with pytest.raises(NoticeNotInForceError, match="asked anew"):
                store.record_consent("visit", other)
        assert store.consent_of("visit") is None
        store.record_consent("visit", CONSENT)


def test_under_a_new_version_a_visit_cannot_go_on_with_the_old_notice(qtbot: Any, tmp_path: Path) -> None:
    with desk_parts(tmp_path, data_list=replace(SHIPPED, version=SHIPPED.version + 1)) as desk:
        desk.warm_up()
        for event in TO_DOCUMENT:
            desk.controller.send(event)
        qtbot.waitUntil(lambda: desk.phase is Phase.IDLE)
        assert desk.children.sent_of(ReadDocument) == []
        assert desk.store.count_rows() == {"consent": 0, "outbox": 0, "application": 0}


def test_a_consent_kept_before_a_new_version_stays_with_its_answer(tmp_path: Path) -> None:
    with open_test_store(tmp_path) as store:
        answer_visit(store, "visit")
    newer = replace(SHIPPED, version=SHIPPED.version + 1)
    with open_test_store(tmp_path, newer) as store:
        assert store.consent_of("visit") == CONSENT
        store.record_consent("next", consent_to(notice(newer, "zh"), frozenset({Purpose.APPLICATION}), MONDAY))


def test_a_shorter_period_is_the_one_that_erases(tmp_path: Path) -> None:
    shorter = in_force(SHIPPED, ListPolicy({StoredRecord.APPLICATION: 1}))
    tuesday = datetime(2026, 3, 3, 12, tzinfo=UTC)
    with open_test_store(tmp_path, moment=moment_at(MONDAY)) as store:
        answer_visit(store, "visit")
        assert store.erase_due(tuesday) == []
    with open_test_store(tmp_path, shorter, moment_at(MONDAY)) as store:
        assert [order.record_id for order in store.erase_due(tuesday)] == ["visit"]
        assert store.open_applications() == []


def test_a_switched_off_field_is_neither_taken_nor_kept(qtbot: Any, tmp_path: Path) -> None:
    with desk_parts(tmp_path, data_list=WITHOUT_PHONE) as desk:
        agreed = ev.ConsentGiven(consent_to(notice(WITHOUT_PHONE, "en"), frozenset({Purpose.APPLICATION}), MONDAY))
        desk.ask_to_read(qtbot, consent=agreed)
        desk.read()
        desk.controller.send(ev.DetailsConfirmed("1 Example Street", "+44 1234"))
        assert (desk.controller.session.address, desk.controller.session.phone) == ("1 Example Street", None)
        with pytest.raises(NotCollectedError, match="phone is not collected"):
            desk.store.keep_application("visit", replace(RECORD, phone="+44 1234"), bytes(32), MONDAY)


# --- who sees what ---


def test_what_a_teller_may_not_see_does_not_reach_the_console(qtbot: Any, tmp_path: Path) -> None:
    hidden = seen_by("address", Viewer.CUSTOMER)
    with desk_parts(tmp_path, data_list=hidden) as desk:
        answer_visit(desk.store, "visit")
        teller = TellerDesk(desk.controller, desk.store, desk.bridge, desk.clock, STAFF_PEPPER, desk.controller)
        teller._show_applications(())  # nobody is signed in: nothing at all
        assert teller.view.applications == ()
        desk.go_to_positioning(qtbot)
        desk.controller.send(ev.FaceDeclined())
        waiting = teller._what_waits()
        assert waiting is not None
        assert waiting.record is not None
        assert waiting.record.shown == ALL_FIELDS - {"address"}
        assert waiting.record.address is None


def test_findings_and_the_chosen_check_are_shown_only_where_the_list_lets_a_teller(qtbot: Any, tmp_path: Path) -> None:
    with desk_parts(tmp_path, data_list=seen_by("face_check_form", Viewer.NOBODY)) as desk:
        teller = TellerDesk(desk.controller, desk.store, desk.bridge, desk.clock, STAFF_PEPPER, desk.controller)
        desk.go_to_positioning(qtbot)
        desk.controller.send(ev.FaceDeclined())
        waiting = teller._what_waits()
        assert waiting is not None
        assert desk.controller.session.variant is not None
        assert waiting.variant is None


def test_an_auditor_is_given_what_entries_say_only_where_the_list_says_so(tmp_path: Path) -> None:
    def exported(data_list: DataProtectionList) -> list[Any]:
        with open_test_store(tmp_path, data_list) as store:
            return [line.content for line in store.export_lines(0, 1) if isinstance(line, ExportedEntry)]

    assert exported(SHIPPED)[0].kind == AuditKind.STORE_OPENED
    assert exported(seen_by("audit", Viewer.IT)) == [None]


# --- guardians ---


def wait_with_a_child(desk: DeskParts, qtbot: Any) -> None:
    """The child has agreed to everything, the face check included."""
    desk.ask_to_read(qtbot)
    desk.read(CHILD)
    assert desk.controller.session.evidence is not None
    assert DocumentRemark.NEEDS_GUARDIAN in desk.controller.session.evidence.remarks
    desk.controller.send(DETAILS)
    assert desk.phase is Phase.WAITING_FOR_TELLER


def test_a_childs_face_is_not_looked_at_whatever_the_child_agreed_to(desk: DeskParts, qtbot: Any) -> None:
    wait_with_a_child(desk, qtbot)
    assert desk.children.sent_of(StartCapture) == []


def test_without_a_guardian_there_is_no_yes_to_a_child(desk: DeskParts, qtbot: Any) -> None:
    wait_with_a_child(desk, qtbot)
    desk.controller.send(ev.TellerConfirmed("1042", ev.ALWAYS_CHECKED))
    assert desk.phase is Phase.WAITING_FOR_TELLER
    assert desk.store.count_rows()["application"] == 0


def test_a_guardians_consent_takes_the_childs_place_before_anything_is_kept(desk: DeskParts, qtbot: Any) -> None:
    wait_with_a_child(desk, qtbot)
    visit_id = desk.controller._visit_id
    desk.controller.send(CONFIRMED)
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    consent = desk.store.consent_of(visit_id)
    assert consent is not None
    assert consent.act is ConsentAct.GUARDIAN
    assert consent.purposes == {Purpose.APPLICATION}
    assert consent.given_at == desk.clock.now()
    (verdict,) = [entry for entry in desk.store.audit_entries() if entry.kind == AuditKind.VERDICT]
    assert "guardian_needed" in verdict.detail
    assert "face and person and guardian" in verdict.detail


def test_a_guardians_consent_that_cannot_be_recorded_keeps_nothing(
    desk: DeskParts, qtbot: Any, monkeypatch: Any
) -> None:
    wait_with_a_child(desk, qtbot)
    newer = replace(SHIPPED, version=SHIPPED.version + 1)
    monkeypatch.setattr(desk.store, "_data_list", newer)
    desk.controller.send(CONFIRMED)
    qtbot.waitUntil(lambda: desk.phase is Phase.IDLE)
    assert desk.store.count_rows() == {"consent": 0, "outbox": 0, "application": 0}


def test_from_the_fourteenth_birthday_on_a_customer_consents_alone(desk: DeskParts, qtbot: Any) -> None:
    birthday = desk.clock.now().date()
    desk.ask_to_read(qtbot)
    desk.read(replace(evidence(), birth_date=birthday.replace(year=birthday.year - 14)))
    assert desk.controller.session.evidence is not None
    assert desk.controller.session.evidence.remarks == ()


# --- withdrawing ---


def test_withdrawing_within_the_visit_erases_the_consent_at_once(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_positioning(qtbot)
    assert desk.store.count_rows()["consent"] == 1
    desk.controller.send(ev.ConsentWithdrawn())
    assert desk.store.count_rows() == {"consent": 0, "outbox": 0, "application": 0}
    assert desk.controller.session.end_note is EndNote.WITHDRAWN


def test_withdrawing_after_a_yes_erases_the_record_and_says_what_stays(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_comparing(qtbot)
    desk.say_eyes(desk.compared())
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    desk.controller.send(ev.ConsentWithdrawn())
    qtbot.waitUntil(lambda: desk.phase is Phase.OWN_ERASED)
    assert desk.store.count_rows() == {"consent": 1, "outbox": 1, "application": 0}
    receipt = desk.controller.view.erasure
    assert receipt is not None
    assert {section.element_id for section in receipt.stays} >= {"verdict", "consent"}
    desk.controller.send(ev.OwnRecordLeft())
    assert desk.store.count_rows()["outbox"] == 1


def test_a_record_that_cannot_be_erased_now_is_not_said_to_be_gone(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_comparing(qtbot)
    desk.say_eyes(desk.compared())
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    with full_disk(desk.store):
        desk.controller.send(ev.ConsentWithdrawn())
        qtbot.waitUntil(lambda: desk.phase is Phase.OWN_MISSING)
    assert desk.controller.session.own_outcome is ev.OwnRecordOutcome.OUT_OF_REACH
    assert any("could not be erased yet" in sentence for sentence in desk.troubles)
    assert desk.controller.view.erasure is None
