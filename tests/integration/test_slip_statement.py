"""What desk puts on a customer's slip: signed, in the audit, and by the rules in force."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kiosk.privacy.visit_statement import OutcomeClass, VisitStatement, read_statement
from kiosk.runtime.desk_process import rules_in_force
from kiosk.session import events as ev
from kiosk.session.machine import Phase
from kiosk.settings import check_settings
from kiosk.store.audit_trail import AuditKind
from kiosk.store.merkle_tree import head_by_path
from kiosk.verification.comparison import ComparisonThreshold, ModelsInForce, TemplateModel
from kiosk.verification.verdict import VerdictMessage, verify_message
from tests.desk_parts import KIOSK_ID, DeskParts, desk_parts

SETTINGS = {
    "kiosk": {"id": "0" * 32, "bank_name": "Bank of Utopia", "terminal_name": "Main street 1"},
    "bank": {"url": "https://bank.example/v1", "ca": "ca", "client_certificate": "client", "receipt_key": "key"},
    "face_camera": {"kind": "usb", "address": "/dev/video0"},
    "document_camera": {"kind": "usb", "address": "/dev/video2"},
    "vault": {"kind": "passphrase"},
    "privacy": {"controller": "Bank of Utopia", "officer": "dpo@bank.example", "authority": "The Authority"},
}


@pytest.fixture
def desk(tmp_path: Path, qtbot: Any) -> Iterator[DeskParts]:
    with desk_parts(tmp_path) as parts:
        yield parts


def statement_of(desk: DeskParts, qtbot: Any) -> VisitStatement:
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    slip = desk.controller.view.slip
    assert slip is not None
    statement = read_statement(slip.statement)
    assert statement.core.reference.hex() == slip.application_reference
    assert statement.core.salt.hex() == slip.salt
    return statement


def test_a_slip_states_the_visit_that_the_bank_and_the_audit_know(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_comparing(qtbot)
    desk.say_eyes(desk.compared())
    statement = statement_of(desk, qtbot)
    core, place = statement.core, statement.place
    assert (core.kiosk_id, core.outcome, core.sequence) == (KIOSK_ID, OutcomeClass.ACCEPTED_BY_POLICY, 1)
    (message,) = desk.store.all_messages()
    told = verify_message(message.jws, desk.signing_key.public_key())
    assert isinstance(told, VerdictMessage)
    assert (told.verdict.reference, told.verdict.issued_at_s) == (core.reference, core.issued_at_s)
    entry = next(entry for entry in desk.store.audit_entries() if entry.kind == AuditKind.VERDICT)
    assert entry.detail.split("; ")[3] == core.sha256.hex()
    assert (entry.sequence - 1, entry.leaf()) == (place.index, place.leaf)
    assert head_by_path(place.leaf, place.index, place.index + 1, place.path) == desk.store.tree_head()
    consent = desk.controller.session.consent
    assert consent is not None
    assert core.consent_sha256.hex() == consent.text_sha256


@pytest.mark.parametrize(
    ("act", "outcome"),
    [
        (ev.TellerConfirmed("1042", frozenset(ev.TellerCheck)), OutcomeClass.CONFIRMED_BY_STAFF),
        (ev.TellerRefused("1042", ev.RefusalReason.NOT_ELIGIBLE), OutcomeClass.REFUSED_BY_STAFF),
    ],
)
def test_a_slip_says_that_staff_answered_and_not_who_or_why(
    desk: DeskParts, qtbot: Any, act: ev.Event, outcome: OutcomeClass
) -> None:
    desk.go_to_comparing(qtbot)
    desk.say_eyes(desk.compared(score=0.1))
    qtbot.waitUntil(lambda: desk.phase is Phase.WAITING_FOR_TELLER)
    desk.controller.send(act)
    assert statement_of(desk, qtbot).core.outcome is outcome


def test_the_rules_on_a_slip_change_with_models_policy_and_list() -> None:
    settings = check_settings(SETTINGS, "a test")
    models = ModelsInForce(TemplateModel("model", ComparisonThreshold(0.9, 1e-4, "LFW", validated=False)))
    rules = rules_in_force(settings, models, 7)
    assert rules == rules_in_force(check_settings(SETTINGS, "a test"), models, 7)
    other_models = replace(models, classifier_threshold=0.5)
    assert rules_in_force(settings, other_models, 7).models_sha256 != rules.models_sha256
    assert rules_in_force(settings, models, 8).policy_sha256 != rules.policy_sha256
    for changed in ({"policy": {"minimum_age_years": 21}}, {"retention": {"audit_years": 4}}):
        stricter = check_settings(SETTINGS | changed, "a test")
        assert rules_in_force(stricter, models, 7).policy_sha256 != rules.policy_sha256
