"""The day of a terminal: opened by a sign-in, closed by a teller, by midnight and by desk's end."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from kiosk.runtime.opening_day import OpeningDay
from kiosk.runtime.surface import DayState, ServiceHold, TellerView, VisitStage
from kiosk.runtime.teller_desk import TellerDesk
from kiosk.session import events as ev
from kiosk.session.machine import EndNote, Phase
from kiosk.store.audit_trail import AuditKind
from kiosk.store.staff_keys import wrap_for_teller
from kiosk.store.store_errors import ApplicationsLockedError
from kiosk.supervision.authorisation import hash_pin
from kiosk.supervision.roles import Role
from tests.desk_parts import DeskParts, desk_parts
from tests.rehearsed_visit import DETAILS, FACELESS
from tests.stores import APPLICATION_KEY, MONDAY, STAFF_PEPPER, answer_visit, open_test_store, staff_key

TELLER, NAME, PIN = "1042", "M. Chen", "264913"
PIN_HASH = hash_pin(PIN)
SHANGHAI = timezone(timedelta(hours=8))
HELD = frozenset({ServiceHold.NOT_OPENED_TODAY})


@dataclass
class Terminal:
    """Desk with its records locked, as it starts in the morning."""

    desk: DeskParts
    teller: TellerDesk
    views: list[TellerView] = field(default_factory=list)

    @property
    def day(self) -> OpeningDay:
        return self.teller.day

    @property
    def view(self) -> TellerView:
        return self.teller.view

    def sign_in(self, qtbot: Any, pin: str = PIN, teller_id: str = TELLER) -> None:
        self.teller.sign_in(teller_id, pin)
        qtbot.waitUntil(lambda: not self.teller._sign_ins.trying and self.day.state is not DayState.OPENING)

    def settle(self, qtbot: Any) -> None:
        """Everything that was asked of the store so far has been answered."""
        heard: list[Any] = []
        self.desk.bridge.when_done(self.desk.store.submit("tree_head"), heard.append, heard.append)
        qtbot.waitUntil(lambda: bool(heard))

    def audited(self, *kinds: AuditKind) -> list[tuple[str, str]]:
        entries = self.desk.store.audit_entries()
        return [(entry.kind, entry.actor) for entry in entries if entry.kind in kinds]

    @property
    def days(self) -> list[tuple[str, str]]:
        return self.audited(AuditKind.DAY_OPENED, AuditKind.DAY_CLOSED)

    @property
    def keeps_records_open(self) -> bool:
        try:
            self.desk.store.open_applications()
        except ApplicationsLockedError:
            return False
        return True

    def begin_a_visit(self, qtbot: Any) -> None:
        self.desk.ask_to_read(qtbot, consent=FACELESS)
        self.desk.read()
        self.desk.controller.send(DETAILS)
        assert self.desk.phase is Phase.WAITING_FOR_TELLER


@contextmanager
def terminal_over(folder: Path, zone: Any = UTC) -> Iterator[Terminal]:
    with desk_parts(folder) as desk:
        if desk.store.teller(TELLER) is None:
            desk.store.add_teller(TELLER, NAME, PIN_HASH, staff_key(TELLER, PIN))
        desk.store.lock_applications()
        desk.controller.hold(ServiceHold.NOT_OPENED_TODAY, on=True)
        teller = TellerDesk(desk.controller, desk.store, desk.bridge, desk.clock, STAFF_PEPPER, desk.controller, zone)
        terminal = Terminal(desk, teller)
        teller.changed.connect(terminal.views.append)
        yield terminal


@pytest.fixture
def terminal(tmp_path: Path, qtbot: Any) -> Iterator[Terminal]:
    with terminal_over(tmp_path / "store") as one:
        yield one


def test_nothing_begins_until_the_first_sign_in_and_everything_after_it(terminal: Terminal, qtbot: Any) -> None:
    desk = terminal.desk
    desk.warm_up()
    for event in (ev.Started(), ev.FaceDeclined()):
        desk.controller.send(event)
    assert (desk.phase, desk.controller.view.holds) == (Phase.IDLE, HELD)
    assert (terminal.view.day, terminal.view.holds, terminal.keeps_records_open) == (DayState.CLOSED, HELD, False)
    terminal.sign_in(qtbot)
    assert (terminal.view.day, terminal.view.holds) == (DayState.OPEN, frozenset())
    assert terminal.day.opened_at == desk.clock.now()
    assert terminal.days == [(AuditKind.DAY_OPENED, TELLER)]
    desk.controller.send(ev.Started())
    assert desk.phase is Phase.CHOOSING_LANGUAGE


def test_it_stays_open_when_the_teller_signs_off_and_signs_in_again(terminal: Terminal, qtbot: Any) -> None:
    terminal.sign_in(qtbot)
    terminal.teller.sign_off()
    assert (terminal.view.day, terminal.desk.controller.view.holds) == (DayState.OPEN, frozenset())
    assert terminal.keeps_records_open
    terminal.sign_in(qtbot)
    assert terminal.view.signed_in_as == NAME
    assert terminal.days == [(AuditKind.DAY_OPENED, TELLER)]


def test_a_wrong_pin_opens_nothing(terminal: Terminal, qtbot: Any) -> None:
    terminal.sign_in(qtbot, "264914")
    terminal.sign_in(qtbot, teller_id="nobody")
    assert (terminal.view.day, terminal.keeps_records_open) == (DayState.CLOSED, False)
    assert terminal.days == []


def test_what_is_overdue_is_erased_before_anybody_sees_a_record(tmp_path: Path, qtbot: Any) -> None:
    with open_test_store(tmp_path) as store:
        answer_visit(store, "overdue", answered_at=MONDAY - timedelta(days=30))
        answer_visit(store, "kept")
    with terminal_over(tmp_path) as terminal:
        opened: list[Any] = []
        terminal.day.opened.connect(opened.append)
        terminal.sign_in(qtbot)
        qtbot.waitUntil(lambda: bool(terminal.view.applications))
        shown = {one.application_id for view in terminal.views for one in view.applications}
        assert shown == {"kept"}
        kinds = [entry.kind for entry in terminal.desk.store.audit_entries()]
        assert kinds.index(AuditKind.APPLICATION_ERASED) < kinds.index(AuditKind.DAY_OPENED)
        assert [order.record_id for order in opened[0].erased] == ["overdue"]


def test_records_that_could_not_be_erased_in_time_stay_closed(
    terminal: Terminal, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(terminal.desk.store._erasures, "erase_due", _refuse)
        terminal.sign_in(qtbot)
        assert terminal.view.signed_in_as == NAME, "to read what stands in the way"
        assert (terminal.view.day, terminal.view.holds, terminal.keeps_records_open) == (DayState.CLOSED, HELD, False)
        (notice,) = terminal.view.notices
        assert "could not be opened for today" in notice.sentence
    terminal.sign_in(qtbot)
    assert terminal.view.day is DayState.OPEN


def _refuse(*_: object) -> None:
    raise ApplicationsLockedError


def test_a_teller_closes_the_terminal_for_today_and_is_signed_off(terminal: Terminal, qtbot: Any) -> None:
    terminal.sign_in(qtbot)
    terminal.teller.close_day()
    terminal.settle(qtbot)
    assert (terminal.view.day, terminal.view.signed_in_as, terminal.view.holds) == (DayState.CLOSED, None, HELD)
    assert not terminal.keeps_records_open
    assert terminal.days == [(AuditKind.DAY_OPENED, TELLER), (AuditKind.DAY_CLOSED, TELLER)]
    terminal.sign_in(qtbot)
    assert terminal.view.day is DayState.OPEN


def test_nobody_closes_the_terminal_while_a_visit_is_under_way(terminal: Terminal, qtbot: Any) -> None:
    terminal.sign_in(qtbot)
    terminal.begin_a_visit(qtbot)
    terminal.teller.close_day()
    assert (terminal.view.day, terminal.view.signed_in_as) == (DayState.OPEN, NAME)
    terminal.teller.confirm(frozenset(ev.TellerCheck))
    qtbot.waitUntil(lambda: terminal.view.visit is VisitStage.ANSWERED)
    terminal.teller.close_day()
    assert terminal.view.day is DayState.OPEN
    assert terminal.desk.store.count_rows()["application"] == 1


def test_only_a_signed_in_teller_closes_the_terminal(terminal: Terminal, qtbot: Any) -> None:
    terminal.sign_in(qtbot)
    terminal.teller._role = Role.IT
    terminal.teller.close_day()
    terminal.teller.sign_off()
    terminal.teller.close_day()
    assert terminal.view.day is DayState.OPEN


@pytest.mark.parametrize(
    ("zone", "last_moment"),
    [(UTC, datetime(2026, 3, 2, 23, 59, 59, tzinfo=UTC)), (SHANGHAI, datetime(2026, 3, 2, 15, 59, 59, tzinfo=UTC))],
    ids=["UTC", "Shanghai"],
)
def test_midnight_at_the_branch_closes_the_terminal(
    tmp_path: Path, qtbot: Any, zone: Any, last_moment: datetime
) -> None:
    with terminal_over(tmp_path, zone) as terminal:
        terminal.sign_in(qtbot)
        terminal.desk.clock.utc = last_moment
        terminal.teller.sign_off()
        terminal.sign_in(qtbot)
        terminal.teller.refresh()
        assert terminal.view.day is DayState.OPEN
        terminal.desk.clock.utc += timedelta(seconds=1)
        terminal.teller.refresh()
        assert (terminal.view.day, terminal.view.signed_in_as, terminal.view.holds) == (DayState.CLOSED, None, HELD)
        terminal.settle(qtbot)
        assert not terminal.keeps_records_open
        assert terminal.days == [(AuditKind.DAY_OPENED, TELLER), (AuditKind.DAY_CLOSED, "machine")]


def test_a_visit_under_way_at_midnight_comes_to_its_end_first(terminal: Terminal, qtbot: Any) -> None:
    terminal.sign_in(qtbot)
    terminal.begin_a_visit(qtbot)
    terminal.desk.clock.utc = datetime(2026, 3, 3, 0, 0, 1, tzinfo=UTC)
    terminal.teller.sign_off()
    terminal.teller.refresh()
    assert terminal.desk.controller.view.holds == HELD
    assert terminal.keeps_records_open
    terminal.desk.controller.send(ev.TellerConfirmed(TELLER, frozenset(ev.TellerCheck)))
    qtbot.waitUntil(lambda: terminal.desk.phase is Phase.SHOWING_VERDICT)
    assert terminal.view.day is DayState.OPEN
    terminal.desk.controller.send(ev.VerdictAcknowledged())
    assert (terminal.desk.phase, terminal.view.day) == (Phase.IDLE, DayState.CLOSED)
    terminal.settle(qtbot)
    assert not terminal.keeps_records_open
    terminal.sign_in(qtbot)
    qtbot.waitUntil(lambda: len(terminal.view.applications) == 1)


def test_who_signs_in_after_midnight_during_a_visit_opens_the_new_day(terminal: Terminal, qtbot: Any) -> None:
    terminal.sign_in(qtbot)
    terminal.begin_a_visit(qtbot)
    terminal.desk.clock.utc = datetime(2026, 3, 3, 0, 0, 1, tzinfo=UTC)
    terminal.teller.sign_off()
    terminal.teller.refresh()
    terminal.sign_in(qtbot)
    assert (terminal.view.day, terminal.view.holds) == (DayState.OPEN, frozenset())
    terminal.teller.close_visit()
    assert terminal.desk.controller.session.end_note is EndNote.CLOSED_BY_TELLER
    assert terminal.view.day is DayState.OPEN
    assert terminal.days == [(AuditKind.DAY_OPENED, TELLER)] * 2


def test_a_clock_set_back_over_midnight_closes_the_terminal_too(terminal: Terminal, qtbot: Any) -> None:
    terminal.sign_in(qtbot)
    terminal.desk.clock.utc -= timedelta(days=1)
    terminal.teller.refresh()
    assert terminal.view.day is DayState.CLOSED


def test_desks_end_closes_the_day_and_a_kill_leaves_it_locked(tmp_path: Path, qtbot: Any) -> None:
    with terminal_over(tmp_path) as terminal:
        terminal.sign_in(qtbot)
        terminal.teller.stop()
        assert not terminal.keeps_records_open
        assert terminal.days[-1] == (AuditKind.DAY_CLOSED, "machine")
        terminal.sign_in(qtbot)
    with terminal_over(tmp_path) as terminal:
        assert (terminal.view.day, terminal.desk.controller.view.holds) == (DayState.CLOSED, HELD)
        assert terminal.days[-1] == (AuditKind.DAY_OPENED, TELLER), "nobody was left to close it"
        terminal.sign_in(qtbot)
        assert terminal.view.day is DayState.OPEN


BROKEN = {
    "damaged": "kiosk-staff-key-1$",
    "missing": "",
    "of another kiosk": wrap_for_teller(APPLICATION_KEY, "1043", PIN, b"\x05" * 32),
    "of another teller": staff_key(TELLER, PIN),
    "to other records": wrap_for_teller(b"\x09" * 32, "1043", PIN, STAFF_PEPPER),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_staff_key_that_does_not_open_is_one_sentence_also_on_a_day_that_is_open(
    terminal: Terminal, qtbot: Any, fault: str
) -> None:
    terminal.desk.store.add_teller("1043", "A. Boer", PIN_HASH, BROKEN[fault])
    terminal.sign_in(qtbot)
    terminal.teller.sign_off()
    terminal.sign_in(qtbot, teller_id="1043")
    assert (terminal.view.sign_in_error, terminal.view.signed_in_as) == ("staff_key", None)
    (notice,) = terminal.view.notices
    assert "kiosk teller reset-pin --teller 1043" in notice.sentence
    assert PIN not in notice.sentence
    assert terminal.audited(AuditKind.SIGN_IN_REFUSED) == [(AuditKind.SIGN_IN_REFUSED, "1043")]
    account = terminal.desk.store.teller("1043")
    assert account is not None
    assert account.sign_in_state.failures == 0, "the PIN was right"


def test_a_first_key_of_other_records_opens_nothing(terminal: Terminal, qtbot: Any) -> None:
    terminal.desk.store.add_teller("1043", "A. Boer", PIN_HASH, BROKEN["to other records"])
    terminal.sign_in(qtbot, teller_id="1043")
    assert (terminal.view.day, terminal.view.holds) == (DayState.CLOSED, HELD)
    assert "could not be opened for today" in terminal.view.notices[0].sentence
    terminal.sign_in(qtbot)
    assert terminal.view.day is DayState.OPEN


def test_that_the_closing_could_not_be_recorded_is_said_and_the_key_is_gone(
    terminal: Terminal, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal.sign_in(qtbot)
    monkeypatch.setattr(terminal.desk.store._recorder, "record", _refuse)
    terminal.teller.close_day()
    terminal.settle(qtbot)
    assert any("could not be recorded" in notice.sentence for notice in terminal.view.notices)
    assert not terminal.keeps_records_open
