"""A customer's own record through the real session, store and signing: seen, taken, erased, and nothing else."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization

from kiosk.cli import main
from kiosk.privacy.consent import Purpose
from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.erasure_statement import ErasureCore, StatedReason, read_erasure
from kiosk.privacy.own_code import is_own_code
from kiosk.runtime.messages import DocumentWasRead, ReadDocument, StartCapture, TakeReference
from kiosk.runtime.portable_copy import from_parts
from kiosk.runtime.surface import Readiness, ServiceHold
from kiosk.session import events as ev
from kiosk.session.machine import Phase
from kiosk.session.own_record_steps import MAX_TRIES
from kiosk.store.audit_trail import AuditKind
from kiosk.store.merkle_tree import head_by_path, head_of
from kiosk.ui.own_record_words import own_page
from tests.desk_parts import KIOSK_ID, DeskParts, desk_parts
from tests.rehearsed_visit import OWN_CONSENT, evidence

OTHER_PERSON = replace(evidence(), birth_date=date(1990, 1, 1))
OTHER_NUMBER = replace(evidence(), number="L898902C4")


@pytest.fixture
def desk(qtbot: Any, tmp_path: Path) -> Any:
    with desk_parts(tmp_path) as parts:
        yield parts


def get_a_yes(desk: DeskParts, qtbot: Any) -> str:
    """A whole visit; return the code of its slip."""
    desk.go_to_comparing(qtbot)
    desk.say_eyes(desk.compared())
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    assert desk.controller.view.slip is not None
    code = desk.controller.view.slip.own_code
    desk.controller.send(ev.VerdictAcknowledged())
    desk.warm_up()
    return code


def ask(desk: DeskParts, qtbot: Any, code: str, document: Any = None) -> None:
    """From the welcome screen to the answer of the search."""
    desk.warm_up()
    desk.controller.send(ev.OwnRecordAsked())
    desk.controller.send(ev.LanguageChosen(ev.Language.CHINESE))
    desk.controller.send(OWN_CONSENT)
    try_code(desk, qtbot, code, document)


def try_code(desk: DeskParts, qtbot: Any, code: str, document: Any = None) -> None:
    asked = len(desk.children.sent_of(ReadDocument))
    desk.controller.send(ev.OwnCodeEntered(code))
    qtbot.waitUntil(lambda: len(desk.children.sent_of(ReadDocument)) > asked)
    desk.say_reader(DocumentWasRead(document or evidence(), has_portrait=False))
    qtbot.waitUntil(lambda: desk.phase in (Phase.OWN_RECORD, Phase.OWN_MISSING))


def audit_kinds(desk: DeskParts) -> list[str]:
    return [entry.kind for entry in desk.store.audit_entries()]


def handed_out(desk: DeskParts, qtbot: Any) -> tuple[str, ...]:
    """The codes of the copy, once they are there."""

    def copy() -> tuple[str, ...]:
        own = desk.controller.view.own_record
        return () if own is None else own.copy

    qtbot.waitUntil(lambda: bool(copy()))
    return copy()


def erase(desk: DeskParts, qtbot: Any) -> None:
    desk.controller.send(ev.OwnErasureAsked())
    desk.controller.send(ev.OwnErasureConfirmed())
    qtbot.waitUntil(lambda: desk.phase is Phase.OWN_ERASED)


def test_a_yes_brings_a_code_and_a_no_brings_none(desk: DeskParts, qtbot: Any) -> None:
    assert is_own_code(get_a_yes(desk, qtbot))
    desk.go_to_positioning(qtbot, account_class="I")
    desk.controller.send(ev.FaceDeclined())
    desk.controller.send(ev.TellerRefused("1042", ev.RefusalReason.NOT_ELIGIBLE))
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    assert desk.controller.view.slip is not None
    assert desk.controller.view.slip.own_code == ""


def test_with_code_and_document_the_customer_sees_takes_and_erases_the_record(desk: DeskParts, qtbot: Any) -> None:
    code = get_a_yes(desk, qtbot)
    (kept,) = desk.store.open_applications()
    captures = len(desk.children.sent_of(StartCapture))
    ask(desk, qtbot, f" {code[:5].lower()} {code[5:]}")
    own = desk.controller.view.own_record
    assert own is not None
    assert own.record == kept.record
    assert own.application_reference == kept.reference.hex()
    assert {section.element_id for section in own.held} >= {"names", "address", "phone", "document"}
    assert {section.element_id for section in own.stays} == {"consent", "verdict", "delivery", "audit", "erasure"}
    assert own.held[0].name == "姓名"

    desk.controller.send(ev.OwnCopyAsked())
    copy = json.loads(from_parts(list(handed_out(desk, qtbot))))
    assert copy["record"]["document_number"] == kept.record.document_number
    assert copy["record"]["address"] == kept.record.address
    desk.controller.send(ev.OwnRecordBack())

    sequence = len(desk.store.audit_entries())
    erase(desk, qtbot)
    assert desk.store.open_applications() == []
    slip = desk.controller.view.erasure
    assert slip is not None
    assert desk.controller.view.own_record is None
    stated = read_erasure(slip.statement)
    assert stated.public_key == desk.signing_key.public_key().public_bytes_raw()
    entry = desk.store.audit_entries()[sequence]
    assert entry.kind == AuditKind.APPLICATION_ERASED
    assert entry.detail == f"customer_wish; {stated.core.sha256.hex()}"
    assert stated.place.leaf == entry.leaf()
    assert stated.place.index == sequence
    assert stated.core == ErasureCore(KIOSK_ID, stated.core.ordered_at_s, kept.reference, StatedReason.CUSTOMER_WISH)
    head = head_by_path(stated.place.leaf, stated.place.index, sequence + 1, stated.place.path)
    assert head == head_of([kept.leaf() for kept in desk.store.audit_entries()[: sequence + 1]])

    desk.controller.send(ev.OwnRecordLeft())
    view = desk.controller.view
    assert (view.own_record, view.erasure, view.session.own_code) == (None, None, "")
    assert len(desk.children.sent_of(StartCapture)) == captures  # eyes never
    assert desk.committed == [1]  # nothing is sent but the answer of the first visit
    wanted = (AuditKind.OWN_RECORD_SHOWN, AuditKind.OWN_RECORD_COPIED, AuditKind.APPLICATION_ERASED)
    assert [kind for kind in audit_kinds(desk) if kind in wanted] == list(wanted)


def test_the_receipt_can_be_checked_on_any_machine_by_who_knows_nothing_else(
    desk: DeskParts, qtbot: Any, capsys: Any, tmp_path: Path
) -> None:
    code = get_a_yes(desk, qtbot)
    ask(desk, qtbot, code)
    erase(desk, qtbot)
    slip = desk.controller.view.erasure
    assert slip is not None
    key = tmp_path / "key.pem"
    pem = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    key.write_bytes(desk.signing_key.public_key().public_bytes(*pem))
    page = tmp_path / "receipt.txt"
    page.write_text(own_page(slip)[1], encoding="utf-8")
    assert main(["audit", "prove", str(page), "--public-key", str(key)]) == 0
    printed = capsys.readouterr().out
    assert "customer wish" in printed
    assert slip.application_reference in printed
    assert main(["audit", "prove", slip.statement]) == 3  # whole, but nobody has said whose key it is
    changed = slip.statement[:-40] + ("A" if slip.statement[-40] != "A" else "B") + slip.statement[-39:]
    assert main(["audit", "prove", changed]) == 1


def test_no_entry_of_the_trail_says_whose_record_it_was(desk: DeskParts, qtbot: Any) -> None:
    code = get_a_yes(desk, qtbot)
    (kept,) = desk.store.open_applications()
    ask(desk, qtbot, code)
    desk.controller.send(ev.OwnCopyAsked())
    handed_out(desk, qtbot)
    told = " ".join(f"{entry.actor} {entry.kind} {entry.detail}" for entry in desk.store.audit_entries())
    record = kept.record
    secrets = (code, record.primary_name, record.document_number, kept.application_id, kept.reference.hex())
    assert not [secret for secret in secrets if secret in told]


@pytest.mark.parametrize(
    ("code", "document"),
    [("AAAAAAAAAA", evidence()), (None, OTHER_PERSON), (None, OTHER_NUMBER), ("AAAAAAAAAA", OTHER_PERSON)],
)
def test_whatever_does_not_fit_the_answer_is_the_same(
    desk: DeskParts, qtbot: Any, code: str | None, document: Any
) -> None:
    right = get_a_yes(desk, qtbot)
    ask(desk, qtbot, code or right, document)
    assert desk.phase is Phase.OWN_MISSING
    assert desk.controller.session.own_outcome is ev.OwnRecordOutcome.NOT_FOUND
    assert desk.controller.view.own_record is None
    assert audit_kinds(desk)[-1] == AuditKind.OWN_RECORD_NOT_FOUND
    desk.controller.send(ev.OwnCodeAgain())
    try_code(desk, qtbot, right)
    assert desk.phase is Phase.OWN_RECORD


def test_a_number_read_with_an_o_for_a_zero_is_the_same_document(desk: DeskParts, qtbot: Any) -> None:
    code = get_a_yes(desk, qtbot)
    ask(desk, qtbot, code, replace(evidence(), number=evidence().number.replace("0", "O")))
    assert desk.phase is Phase.OWN_RECORD


def test_a_record_that_is_gone_is_simply_not_there(desk: DeskParts, qtbot: Any) -> None:
    code = get_a_yes(desk, qtbot)
    (kept,) = desk.store.open_applications()
    desk.store.erase_application(kept.application_id, ErasureReason.CUSTOMER_WISH, "1042")
    ask(desk, qtbot, code)
    assert desk.controller.session.own_outcome is ev.OwnRecordOutcome.NOT_FOUND


@pytest.mark.parametrize("back_first", [False, True])
def test_a_copy_of_a_record_that_a_teller_erased_meanwhile_ends_in_the_same_sentence(
    desk: DeskParts, qtbot: Any, back_first: bool
) -> None:
    ask(desk, qtbot, get_a_yes(desk, qtbot))
    (kept,) = desk.store.open_applications()
    desk.store.erase_application(kept.application_id, ErasureReason.CUSTOMER_WISH, "1042")
    desk.controller.send(ev.OwnCopyAsked())
    if back_first:
        desk.controller.send(ev.OwnRecordBack())
    qtbot.waitUntil(lambda: desk.phase is Phase.OWN_MISSING)
    assert desk.controller.view.own_record is None
    desk.controller.send(ev.OwnCopyAsked())
    assert desk.phase is Phase.OWN_MISSING


def test_after_five_tries_the_staff_help_and_the_terminal_takes_its_time(desk: DeskParts, qtbot: Any) -> None:
    code = get_a_yes(desk, qtbot)
    ask(desk, qtbot, "AAAAAAAAAA")
    for _ in range(MAX_TRIES - 1):
        desk.controller.send(ev.OwnCodeAgain())
        try_code(desk, qtbot, "AAAAAAAAAA")
    assert desk.controller.session.own_outcome is ev.OwnRecordOutcome.TOO_MANY_TRIES
    desk.controller.send(ev.OwnCodeAgain())
    assert desk.phase is Phase.OWN_MISSING
    desk.controller.send(ev.OwnRecordLeft())
    assert desk.controller.own_records._wait_s() == 30
    desk.clock.pass_by(31)
    ask(desk, qtbot, code)
    assert desk.phase is Phase.OWN_RECORD


def test_no_document_is_read_before_the_consent_is_kept_and_none_is_left_afterwards(
    desk: DeskParts, qtbot: Any
) -> None:
    code = get_a_yes(desk, qtbot)
    consents: list[bool] = []

    def look(message: Any) -> None:
        if isinstance(message, ReadDocument):
            kept = desk.store.consent_of(desk.controller._visit_id)
            consents.append(kept is not None and kept.purposes == {Purpose.OWN_RECORD})
            assert not message.portrait_wanted

    desk.children.before_sending = look
    before = desk.store.count_rows()["consent"]
    ask(desk, qtbot, code)
    assert consents == [True]
    assert not desk.children.sent_of(TakeReference)[1:]
    desk.controller.send(ev.Cancelled())
    desk.store.count_rows()
    assert desk.store.count_rows()["consent"] == before


def test_records_that_are_locked_lead_to_the_staff(desk: DeskParts, qtbot: Any) -> None:
    code = get_a_yes(desk, qtbot)
    desk.store.lock_applications()
    ask(desk, qtbot, code)
    assert desk.controller.session.own_outcome is ev.OwnRecordOutcome.OUT_OF_REACH
    assert any("own record" in said for said in desk.troubles)


@pytest.mark.parametrize("hold", ServiceHold)
def test_only_a_full_queue_lets_a_customer_see_their_record(desk: DeskParts, hold: ServiceHold) -> None:
    desk.warm_up()
    desk.controller.hold(hold, on=True)
    desk.controller.send(ev.OwnRecordAsked())
    assert (desk.phase is Phase.OWN_LANGUAGE) is (hold is ServiceHold.OUTBOX_FULL)


def test_without_a_reader_nobody_is_sent_on_the_way(desk: DeskParts) -> None:
    assert desk.controller.view.readiness is Readiness.WARMING_UP
    desk.controller.send(ev.OwnRecordAsked())
    assert desk.phase is Phase.IDLE


def test_eyes_that_are_lost_meanwhile_disturb_nobody(desk: DeskParts, qtbot: Any) -> None:
    code = get_a_yes(desk, qtbot)
    ask(desk, qtbot, code)
    desk.children.child_lost.emit("eyes", "it crashed")
    assert desk.phase is Phase.OWN_RECORD


def test_what_comes_too_late_is_for_nobody(desk: DeskParts, qtbot: Any) -> None:
    code = get_a_yes(desk, qtbot)
    ask(desk, qtbot, code)
    desk.controller.send(ev.OwnCopyAsked())
    desk.controller.send(ev.Cancelled())
    desk.controller.send(ev.OwnRecordAsked())
    qtbot.wait(50)
    assert desk.controller.view.own_record is None
