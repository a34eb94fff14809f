"""The teller's side with a real store: nothing before a sign-in, and every act under a name."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.privacy.erasure_statement import StatedReason, read_erasure
from kiosk.runtime import sign_ins
from kiosk.runtime.portable_copy import from_parts
from kiosk.runtime.surface import DayState, ErasureSlip, OwnRecord, TellerView, TerminalNotice, VisitStage
from kiosk.runtime.teller_desk import TellerDesk
from kiosk.session import events as ev
from kiosk.session.machine import EndNote, Phase
from kiosk.session.visible_record import visible_record
from kiosk.store.audit_trail import AuditKind
from kiosk.supervision.authorisation import ABSOLUTE_LIMIT, FIRST_WAIT, FREE_FAILURES, hash_pin
from kiosk.supervision.roles import Role
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant, Finding, PadLayer
from tests.desk_parts import DEMO_POLICY, DeskParts, desk_parts
from tests.rehearsed_visit import DETAILS, FACELESS
from tests.stores import RECORD, STAFF_PEPPER, answer_visit, full_disk, staff_key

TELLER, NAME, PIN, WRONG = "1042", "M. Chen", "264913", "264914"
PIN_HASH = hash_pin(PIN)
STAFF_KEY = staff_key(TELLER, PIN)


class Console:
    """A teller desk and what it told the screen."""

    def __init__(self, desk: DeskParts) -> None:
        self.desk = desk
        self.teller = TellerDesk(
            desk.controller, desk.store, desk.bridge, desk.clock, STAFF_PEPPER, desk.controller, UTC
        )
        self.views: list[TellerView] = []
        self.teller.changed.connect(self.views.append)

    @property
    def view(self) -> TellerView:
        return self.teller.view

    def try_pin(self, qtbot: Any, pin: str = PIN, teller_id: str = TELLER) -> str | None:
        """Try to sign in; the error, None when it worked."""
        self.teller.sign_in(teller_id, pin)
        qtbot.waitUntil(lambda: not self.teller._sign_ins.trying and self.view.day is not DayState.OPENING)
        return self.view.sign_in_error

    def sign_in(self, qtbot: Any) -> None:
        assert self.try_pin(qtbot) is None
        assert self.view.signed_in_as == NAME

    def send_a_visit(self, qtbot: Any) -> None:
        """A visit that waits for the teller."""
        self.desk.ask_to_read(qtbot, consent=FACELESS)
        self.desk.read()
        self.desk.controller.send(DETAILS)
        assert self.desk.phase is Phase.WAITING_FOR_TELLER

    def act(self) -> None:
        """Everything a teller may do, at once."""
        self.teller.confirm(frozenset(ev.TellerCheck))
        self.teller.refuse(ev.RefusalReason.NOT_THE_PERSON)
        self.teller.close_visit()
        self.teller.close_day()
        self.teller.mark_opened("any")
        self.teller.erase_record("any")

    def audited(self, kind: AuditKind) -> list[str]:
        return [entry.actor for entry in self.desk.store.audit_entries() if entry.kind == kind]


@contextmanager
def console_over(folder: Path) -> Iterator[Console]:
    with desk_parts(folder) as desk:
        if desk.store.teller(TELLER) is None:
            desk.store.add_teller(TELLER, NAME, PIN_HASH, STAFF_KEY)
        yield Console(desk)


@pytest.fixture
def console(tmp_path: Path, qtbot: Any) -> Iterator[Console]:
    with console_over(tmp_path) as one:
        yield one


def test_nobody_signed_in_can_do_or_see_anything(console: Console, qtbot: Any) -> None:
    answer_visit(console.desk.store)
    console.send_a_visit(qtbot)
    console.act()
    console.teller.refresh()
    qtbot.waitUntil(lambda: console.view.undelivered == 1)
    assert console.desk.phase is Phase.WAITING_FOR_TELLER
    assert console.view.waiting is None
    assert console.view.applications == ()
    assert console.desk.store.count_rows()["application"] == 1


def test_only_a_signed_in_teller_confirms_the_clock(console: Console, qtbot: Any) -> None:
    said: list[str] = []
    console.teller.clock_confirmed.connect(said.append)
    console.teller.confirm_clock()
    assert said == []
    console.sign_in(qtbot)
    console.teller.confirm_clock()
    assert said == [TELLER]


def test_a_wrong_pin_and_an_unknown_name_get_the_same_answers(console: Console, qtbot: Any) -> None:
    known = [console.try_pin(qtbot, WRONG) for _ in range(FREE_FAILURES + 1)]
    unknown = [console.try_pin(qtbot, WRONG, "nobody") for _ in range(FREE_FAILURES + 1)]
    assert known == unknown == ["wrong_pin"] * (FREE_FAILURES - 1) + ["locked"] * 2
    assert console.view.signed_in_as is None


def test_the_wrong_pin_that_begins_a_wait_says_until_when(console: Console, qtbot: Any) -> None:
    for _ in range(FREE_FAILURES - 1):
        console.try_pin(qtbot, WRONG)
        assert console.view.locked_until is None
    console.try_pin(qtbot, WRONG)
    until = console.desk.clock.now() + FIRST_WAIT
    assert console.view.locked_until == until
    console.desk.clock.pass_by(10)
    console.try_pin(qtbot)
    assert (console.view.sign_in_error, console.view.locked_until) == ("locked", until)
    console.teller.sign_in(TELLER, PIN)
    assert console.view.locked_until is None
    qtbot.waitUntil(lambda: not console.teller._sign_ins.trying)


def test_each_wrong_pin_is_answered_anew(console: Console, qtbot: Any) -> None:
    for _ in range(2):
        console.try_pin(qtbot, WRONG)
    assert [view.sign_in_error for view in console.views] == ["wrong_pin", None, "wrong_pin"]


def test_a_lock_outlives_a_restart_and_ends_with_its_time(tmp_path: Path, qtbot: Any) -> None:
    with console_over(tmp_path) as console:
        for _ in range(FREE_FAILURES):
            console.try_pin(qtbot, WRONG)
        assert console.audited(AuditKind.TELLER_LOCKED) == [TELLER]
    with console_over(tmp_path) as console:
        assert console.try_pin(qtbot) == "locked"
        console.desk.clock.pass_by(31)
        console.sign_in(qtbot)
        state = console.desk.store.teller(TELLER).sign_in_state
        assert (state.failures, state.locked_until) == (0, None)


def test_tries_side_by_side_are_one_try(console: Console, qtbot: Any) -> None:
    for _ in range(20):
        console.teller.sign_in(TELLER, WRONG)
    qtbot.waitUntil(lambda: not console.teller._sign_ins.trying)
    assert console.desk.store.teller(TELLER).sign_in_state.failures == 1


def test_a_store_that_cannot_count_answers_no_pin_right_or_wrong(console: Console, qtbot: Any) -> None:
    with full_disk(console.desk.store):
        answers = [console.try_pin(qtbot, pin) for pin in (WRONG, WRONG, PIN, WRONG)]
        assert answers == ["not_kept"] * 4
        assert console.view.signed_in_as is None
        (notice,) = console.view.notices
        assert "is full: make room" in notice.sentence
    assert console.desk.store.teller(TELLER).sign_in_state.failures == 0
    assert console.audited(AuditKind.SIGNED_IN) == []
    console.sign_in(qtbot)
    assert console.audited(AuditKind.SIGNED_IN) == [TELLER]


def test_nobody_is_signed_in_before_the_audit_says_so(console: Console, qtbot: Any) -> None:
    audited_when_shown: list[list[str]] = []
    console.teller.changed.connect(
        lambda view: audited_when_shown.append(console.audited(AuditKind.SIGNED_IN)) if view.signed_in_as else None
    )
    console.sign_in(qtbot)
    assert audited_when_shown[0] == [TELLER]


def test_who_leaves_while_the_sign_in_is_being_kept_is_not_signed_in(console: Console, qtbot: Any) -> None:
    submit = console.desk.store.submit

    def leave_at_the_last_moment(method: str, *args: Any, **kwargs: Any) -> Any:
        future = submit(method, *args, **kwargs)
        if method == "record_sign_in":
            console.teller.sign_off()
        return future

    console.desk.store.submit = leave_at_the_last_moment  # type: ignore[method-assign]
    assert console.try_pin(qtbot) is None
    assert console.view.signed_in_as is None
    assert (console.audited(AuditKind.SIGNED_IN), console.audited(AuditKind.SIGNED_OFF)) == ([TELLER], [TELLER])


def test_a_pin_still_being_checked_signs_nobody_in_who_has_left(console: Console, qtbot: Any) -> None:
    console.teller.sign_in(TELLER, PIN)
    console.teller.sign_off()
    qtbot.waitUntil(lambda: not console.teller._sign_ins.trying)
    assert console.view.signed_in_as is None
    assert console.audited(AuditKind.SIGNED_IN) == []
    console.sign_in(qtbot)


def test_names_tried_by_strangers_are_not_remembered_for_ever(
    console: Console, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sign_ins, "_MAX_STRANGERS", 2)
    for name in ("a", "b", "c"):
        console.try_pin(qtbot, WRONG, name)
    assert set(console.teller._sign_ins._strangers) == {"b", "c"}


def test_a_teller_sees_what_waits_and_answers_under_their_name(console: Console, qtbot: Any) -> None:
    console.send_a_visit(qtbot)
    console.sign_in(qtbot)
    waiting = console.view.waiting
    assert waiting is not None
    assert (waiting.reason, waiting.can_be_answered) == (ReferralReason.FACE_DECLINED, True)
    assert waiting.since == console.desk.clock.now()
    record = console.desk.controller.record()
    assert record is not None
    assert waiting.record == visible_record(record)
    console.teller.confirm(frozenset(ev.TellerCheck))
    assert console.view.waiting is None
    qtbot.waitUntil(lambda: console.desk.phase is Phase.SHOWING_VERDICT)
    assert console.audited(AuditKind.VERDICT) == [TELLER]
    qtbot.waitUntil(lambda: len(console.view.applications) == 1)


def test_a_visit_that_comes_while_somebody_is_signed_in_shows_at_once(console: Console, qtbot: Any) -> None:
    console.sign_in(qtbot)
    console.send_a_visit(qtbot)
    assert console.view.waiting is not None


def test_a_refusal_names_the_teller_and_sends_a_no(console: Console, qtbot: Any) -> None:
    console.send_a_visit(qtbot)
    console.sign_in(qtbot)
    console.teller.refuse(ev.RefusalReason.NOT_THE_PERSON)
    qtbot.waitUntil(lambda: console.desk.phase is Phase.SHOWING_VERDICT)
    assert console.desk.controller.view.slip is not None
    assert console.desk.controller.view.slip.accepted is False
    assert console.audited(AuditKind.VERDICT) == [TELLER]
    assert console.desk.store.count_rows()["application"] == 0


def test_closing_a_visit_sends_nothing(console: Console, qtbot: Any) -> None:
    console.send_a_visit(qtbot)
    console.sign_in(qtbot)
    console.teller.close_visit()
    assert console.desk.controller.session.end_note is EndNote.CLOSED_BY_TELLER
    assert console.desk.store.count_rows() == {"consent": 0, "outbox": 0, "application": 0}


def test_marking_an_account_opened_erases_its_record(console: Console, qtbot: Any) -> None:
    answer_visit(console.desk.store, "a1")
    console.sign_in(qtbot)
    qtbot.waitUntil(lambda: len(console.view.applications) == 1)
    shown = console.view.applications[0]
    assert shown.erased_at_latest > shown.answered_at
    console.teller.mark_opened(shown.application_id)
    qtbot.waitUntil(lambda: console.view.applications == ())
    assert console.desk.store.count_rows()["application"] == 0


def test_a_record_that_the_customer_wants_gone_is_erased_and_the_audit_says_why(console: Console, qtbot: Any) -> None:
    answer_visit(console.desk.store, "a1")
    console.sign_in(qtbot)
    qtbot.waitUntil(lambda: len(console.view.applications) == 1)
    console.teller.erase_record(console.view.applications[0].application_id)
    qtbot.waitUntil(lambda: console.view.applications == ())
    assert console.desk.store.count_rows()["application"] == 0
    assert any("customer_wish" in str(entry) for entry in console.desk.store.audit_entries())


def test_an_erasure_that_was_confirmed_is_carried_out_before_the_day_is_closed(console: Console, qtbot: Any) -> None:
    answer_visit(console.desk.store, "a1")
    console.sign_in(qtbot)
    console.teller.erase_record("a1")
    console.teller.close_day()
    qtbot.waitUntil(lambda: console.view.day is DayState.CLOSED)
    assert console.audited(AuditKind.APPLICATION_ERASED) == [TELLER]


def test_a_copy_that_comes_when_the_teller_has_gone_is_neither_shown_nor_printed(console: Console, qtbot: Any) -> None:
    answer_visit(console.desk.store, "a1")
    console.sign_in(qtbot)
    printed: list[object] = []
    console.teller.handed_over.connect(printed.append)
    console.teller.copy_for_customer("a1")
    console.teller.sign_off()
    qtbot.waitUntil(lambda: console.audited(AuditKind.OWN_RECORD_COPIED) == [TELLER])
    qtbot.wait(50)
    assert printed == []
    assert console.view.hand_over is None


def test_a_copy_is_handed_over_by_a_tellers_act_in_the_customers_language(console: Console, qtbot: Any) -> None:
    answer_visit(console.desk.store, "a1")
    console.sign_in(qtbot)
    printed: list[object] = []
    console.teller.handed_over.connect(printed.append)
    console.teller.copy_for_customer("a1")
    qtbot.waitUntil(lambda: console.view.hand_over is not None)
    handed = console.view.hand_over
    assert isinstance(handed, OwnRecord)
    assert (handed.language, handed.record) == (ev.Language.ENGLISH, RECORD)
    assert RECORD.document_number in from_parts(list(handed.copy))
    assert printed == [handed]
    assert console.audited(AuditKind.OWN_RECORD_COPIED) == [TELLER]
    console.teller.hand_over_done()
    assert console.view.hand_over is None


def test_an_erasure_gives_the_customer_a_signed_receipt(console: Console, qtbot: Any) -> None:
    answer_visit(console.desk.store, "a1")
    (kept,) = console.desk.store.open_applications()
    console.sign_in(qtbot)
    console.teller.erase_record("a1")
    qtbot.waitUntil(lambda: console.view.hand_over is not None)
    slip = console.view.hand_over
    assert isinstance(slip, ErasureSlip)
    stated = read_erasure(slip.statement)
    assert (stated.core.reference, stated.core.reason) == (kept.reference, StatedReason.CUSTOMER_WISH)
    assert stated.place.leaf in [entry.leaf() for entry in console.desk.store.audit_entries()]
    assert console.audited(AuditKind.APPLICATION_ERASED) == [TELLER]
    console.teller.sign_off()
    assert console.view.hand_over is None


def test_nobody_is_handed_anything_without_a_sign_in(console: Console, qtbot: Any) -> None:
    answer_visit(console.desk.store, "a1")
    console.teller.copy_for_customer("a1")
    console.teller.erase_record("a1")
    qtbot.wait(50)
    assert console.view.hand_over is None
    assert console.audited(AuditKind.OWN_RECORD_COPIED) == []
    assert console.desk.store.count_rows()["application"] == 1


def test_a_receipt_that_comes_after_the_sign_off_is_printed_and_not_shown(console: Console, qtbot: Any) -> None:
    answer_visit(console.desk.store, "a1")
    console.sign_in(qtbot)
    printed: list[object] = []
    console.teller.handed_over.connect(printed.append)
    console.teller.erase_record("a1")
    console.teller.sign_off()
    qtbot.waitUntil(lambda: len(printed) == 1)
    assert console.view.hand_over is None


def test_signing_off_clears_what_was_shown_and_is_audited(console: Console, qtbot: Any) -> None:
    answer_visit(console.desk.store)
    console.send_a_visit(qtbot)
    console.sign_in(qtbot)
    qtbot.waitUntil(lambda: len(console.view.applications) == 1)
    console.teller.sign_off()
    view = console.view
    assert (view.signed_in_as, view.waiting, view.applications) == (None, None, ())
    console.act()
    assert console.desk.phase is Phase.WAITING_FOR_TELLER
    assert console.audited(AuditKind.SIGNED_OFF) == [TELLER]


def test_applications_that_arrive_after_the_sign_off_are_not_shown(console: Console, qtbot: Any) -> None:
    answer_visit(console.desk.store)
    console.sign_in(qtbot)
    console.teller.refresh()
    console.teller.sign_off()
    heard: list[Any] = []
    console.desk.bridge.when_done(console.desk.store.submit("tree_head"), heard.append, heard.append)
    qtbot.waitUntil(lambda: bool(heard))
    assert console.view.applications == ()


@pytest.mark.parametrize("moved", [ABSOLUTE_LIMIT, -timedelta(seconds=1)], ids=["too long", "clock back"])
def test_a_sign_in_that_is_over_permits_nothing(console: Console, qtbot: Any, moved: timedelta) -> None:
    console.send_a_visit(qtbot)
    console.sign_in(qtbot)
    console.desk.clock.utc += moved
    console.teller.confirm(frozenset(ev.TellerCheck))
    assert console.desk.phase is Phase.WAITING_FOR_TELLER
    assert console.view.signed_in_as is None


def test_the_teller_is_told_what_the_machine_noticed_in_any_attempt(console: Console, qtbot: Any) -> None:
    console.desk.go_to_positioning(qtbot, chosen=ev.FaceCheckChosen(ChallengeVariant.WITHOUT_LIGHT))
    for finding in (Finding.FLAT, Finding.GRID, Finding.FLAT):
        console.desk.position()
        console.desk.controller.send(ev.AttemptFailed(frozenset({finding})))
    console.sign_in(qtbot)
    waiting = console.view.waiting
    assert waiting is not None
    assert waiting.reason is ReferralReason.ATTEMPTS_USED_UP
    assert waiting.suspicions == {Finding.FLAT, Finding.GRID}
    assert (waiting.variant, waiting.unmeasured) == (ChallengeVariant.WITHOUT_LIGHT, frozenset())


def test_the_teller_is_told_what_could_not_be_measured(tmp_path: Path, qtbot: Any) -> None:
    policy = replace(DEMO_POLICY, layers=frozenset({PadLayer.GESTURES, PadLayer.LIGHT}))
    with desk_parts(tmp_path, policy=policy) as desk:
        desk.store.add_teller(TELLER, NAME, PIN_HASH, STAFF_KEY)
        console = Console(desk)
        desk.go_to_comparing(qtbot)
        desk.say_eyes(desk.compared())
        console.sign_in(qtbot)
        waiting = console.view.waiting
        assert waiting is not None
        assert waiting.reason is ReferralReason.LIVENESS_INCOMPLETE
        assert waiting.unmeasured
        assert waiting.suspicions == frozenset()


def test_a_role_that_may_not_answer_does_not(console: Console, qtbot: Any) -> None:
    console.send_a_visit(qtbot)
    console.sign_in(qtbot)
    console.teller._role = Role.IT
    console.act()
    assert console.desk.phase is Phase.WAITING_FOR_TELLER


def test_signing_in_over_somebody_signs_them_off_first(console: Console, qtbot: Any) -> None:
    console.desk.store.add_teller("1043", "A. Boer", PIN_HASH, staff_key("1043", PIN))
    console.sign_in(qtbot)
    assert console.try_pin(qtbot, PIN, "1043") is None
    assert console.view.signed_in_as == "A. Boer"
    assert console.audited(AuditKind.SIGNED_OFF) == [TELLER]


def test_troubles_are_told_newest_first_and_once_with_the_time_of_the_last(console: Console) -> None:
    begun = console.desk.clock.now()
    for sentence in ("one", "two", "one"):
        console.desk.controller.trouble.emit(sentence)
        console.desk.clock.pass_by(60)
    one = TerminalNotice("one", begun + timedelta(minutes=2))
    assert console.view.notices == (one, TerminalNotice("two", begun + timedelta(minutes=1)))


def test_no_more_notices_are_kept_than_anybody_reads(console: Console) -> None:
    for number in range(100):
        console.teller.notice(f"trouble {number}")
    assert [notice.sentence for notice in console.view.notices] == [f"trouble {99 - number}" for number in range(20)]


def test_a_notice_that_a_teller_has_seen_goes_until_it_is_said_again(console: Console, qtbot: Any) -> None:
    for sentence in ("one", "two"):
        console.teller.notice(sentence)
    two, one = console.view.notices
    console.teller.notice_seen(one)
    assert console.view.notices == (two, one), "nobody is signed in"
    console.sign_in(qtbot)
    console.teller.notice_seen(one)
    assert console.view.notices == (two,)
    console.teller.notice("one")
    assert [notice.sentence for notice in console.view.notices] == ["one", "two"]


def test_the_console_knows_how_far_the_visit_is(console: Console, qtbot: Any) -> None:
    assert console.view.visit is VisitStage.NONE
    console.send_a_visit(qtbot)
    assert console.view.visit is VisitStage.UNDER_WAY
    console.sign_in(qtbot)
    console.teller.confirm(frozenset(ev.TellerCheck))
    qtbot.waitUntil(lambda: console.view.visit is VisitStage.ANSWERED)
    console.desk.controller.send(ev.VerdictAcknowledged())
    assert console.view.visit is VisitStage.NONE


def test_the_console_of_a_demonstration_says_so(console: Console, qtbot: Any) -> None:
    assert console.view.demo
    console.sign_in(qtbot)
    console.teller.sign_off()
    assert console.view.demo


def test_a_store_that_is_gone_is_a_notice(console: Console, qtbot: Any) -> None:
    console.desk.store.close()
    console.teller.sign_in(TELLER, PIN)
    console.teller.refresh()
    qtbot.waitUntil(lambda: len(console.view.notices) == 1)
    assert console.view.signed_in_as is None
