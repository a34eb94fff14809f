"""A clock that is moved: nothing is dated or erased by it until a teller has confirmed the time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.runtime.clock_watch import ClockWatch
from kiosk.runtime.retention_runs import RetentionRuns
from kiosk.runtime.surface import ServiceHold
from kiosk.session.events import Started
from kiosk.session.machine import Phase
from kiosk.store.clock_book import ClockInDoubtError
from kiosk.store.store import Store
from kiosk.store.timestamps import Moment
from tests.desk_parts import desk_parts
from tests.stores import CONSENT, MONDAY, answer_visit, open_test_store


class Machine:
    """A machine with a clock that can be set, and can be started again."""

    def __init__(self) -> None:
        self.moment = Moment(MONDAY, 10**12, "first")

    def __call__(self) -> Moment:
        return self.moment

    def passes(self, time: timedelta) -> None:
        self.moment = replace(
            self.moment, utc=self.moment.utc + time, uptime_ns=self.moment.uptime_ns + int(time.total_seconds() * 1e9)
        )

    def set_clock(self, by: timedelta) -> None:
        self.moment = replace(self.moment, utc=self.moment.utc + by)

    def starts_again(self, name: str) -> None:
        self.moment = replace(self.moment, uptime_ns=10**9, boot_id=name)


@pytest.fixture
def machine() -> Machine:
    return Machine()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def kinds(store: Store) -> list[str]:
    return [entry.kind for entry in store.audit_entries()]


@pytest.mark.parametrize("by", [timedelta(seconds=-2), timedelta(days=-1), timedelta(days=2)])
def test_no_consent_is_recorded_and_nothing_is_erased_until_a_teller_confirms(
    folder: Path, machine: Machine, by: timedelta
) -> None:
    with open_test_store(folder, moment=machine) as store:
        answer_visit(store, "due", answered_at=MONDAY - timedelta(days=30))
        machine.set_clock(by)
        with pytest.raises(ClockInDoubtError, match="have a teller confirm"):
            store.record_consent("next", replace(CONSENT, given_at=MONDAY))
        assert store.consent_of("next") is None
        assert store.erase_due(MONDAY) == store.erase_some_due(MONDAY) == []
        assert store.count_rows()["application"] == 1
        assert kinds(store)[-1] == "clock_doubted"
        store.confirm_clock("1042")
        last = store.audit_entries()[-1]
        assert (last.kind, last.actor) == ("clock_confirmed", "1042")
        store.record_consent("next", replace(CONSENT, given_at=MONDAY))
        assert len(store.erase_due(MONDAY)) == 1


def test_the_audit_says_once_by_how_much(folder: Path, machine: Machine) -> None:
    with open_test_store(folder, moment=machine) as store:
        machine.set_clock(timedelta(days=-1))
        for _ in range(3):
            assert store.look_at_clock() is not None
        doubted = [entry for entry in store.audit_entries() if entry.kind == "clock_doubted"]
        assert [entry.detail for entry in doubted] == ["86400"]


def test_a_doubt_stands_over_restarts_and_a_clock_that_comes_right_by_itself(folder: Path, machine: Machine) -> None:
    with open_test_store(folder, moment=machine) as store:
        store.record_sign_off("1042")
    machine.starts_again("second")
    machine.set_clock(timedelta(days=-1))
    with open_test_store(folder, moment=machine) as store:
        assert kinds(store)[-2:] == ["clock_doubted", "store_opened"]
    machine.set_clock(timedelta(days=1, hours=1))
    with open_test_store(folder, moment=machine) as store:
        assert store.look_at_clock() is not None
        store.confirm_clock("1042")
        assert store.look_at_clock() is None
    with open_test_store(folder, moment=machine) as store:
        assert store.look_at_clock() is None


def test_the_time_of_the_last_entry_counts_after_a_crash(folder: Path, machine: Machine) -> None:
    """The clock was looked at long before; entries made since say how late it was."""
    with open_test_store(folder, moment=machine) as store:
        assert store.look_at_clock() is None
        machine.passes(timedelta(hours=5))
        store.record_sign_off("1042")
    machine.starts_again("second")
    machine.set_clock(timedelta(hours=-1))
    with open_test_store(folder, moment=machine) as store:
        assert store.look_at_clock() is not None


def test_a_quiet_terminal_remembers_the_time_of_its_last_look(folder: Path, machine: Machine) -> None:
    with open_test_store(folder, moment=machine) as store:
        machine.passes(timedelta(days=3))
        assert store.look_at_clock() is None
    machine.starts_again("second")
    machine.set_clock(timedelta(days=-1))
    with open_test_store(folder, moment=machine) as store:
        assert store.look_at_clock() is not None


def test_looking_writes_nothing_while_all_is_well(folder: Path, machine: Machine) -> None:
    with open_test_store(folder, moment=machine) as store:
        store.look_at_clock()
        before = store._books.database.generation
        for _ in range(50):
            machine.passes(timedelta(minutes=1))
            assert store.look_at_clock() is None
        assert store._books.database.generation == before


def test_a_clock_that_ran_ahead_and_is_put_right_costs_the_records_dated_ahead_once_confirmed(
    folder: Path, machine: Machine
) -> None:
    with open_test_store(folder, moment=machine) as store:
        machine.starts_again("second")
        machine.set_clock(timedelta(days=3650))
        assert store.look_at_clock() is None  # over a restart nobody can tell a step ahead from a long rest
        answer_visit(store, "ahead", answered_at=machine.moment.utc)
        machine.set_clock(timedelta(days=-3650))
        assert store.erase_due(machine.moment.utc) == []
        store.confirm_clock("1042")
        (order,) = store.erase_due(machine.moment.utc)
        assert order.record_id == "ahead"


# --- desk ---


def test_service_is_held_until_a_teller_confirms_and_then_retention_runs(
    tmp_path: Path, qtbot: Any, machine: Machine
) -> None:
    with desk_parts(tmp_path / "store") as desk:
        desk.store._recorder.moment = machine
        machine.moment = replace(machine.moment, utc=datetime.now(UTC))
        desk.store.look_at_clock()
        watch, said = ClockWatch(desk.controller, desk.store, desk.bridge), list[str]()
        runs = RetentionRuns(desk.store, desk.bridge, desk.clock)
        watch.trouble.connect(said.append)
        watch.confirmed.connect(runs.run)
        answer_visit(desk.store, answered_at=MONDAY - timedelta(days=30))
        desk.warm_up()
        watch.start()
        machine.set_clock(timedelta(days=-1))
        watch.look()
        qtbot.waitUntil(lambda: ServiceHold.CLOCK_IN_DOUBT in desk.controller.view.holds)
        watch.look()
        desk.controller.send(Started())
        assert desk.phase is Phase.IDLE
        watch.confirm("1042")
        qtbot.waitUntil(lambda: ServiceHold.CLOCK_IN_DOUBT not in desk.controller.view.holds)
        qtbot.waitUntil(lambda: desk.store.count_rows()["application"] == 0)
        assert len(said) == 1
        assert "until it is right and a teller confirms that" in said[0]
        desk.controller.send(Started())
        assert desk.phase is not Phase.IDLE


def test_a_clock_set_ahead_in_steps_too_small_to_notice_is_noticed_by_their_sum(folder: Path, machine: Machine) -> None:
    with open_test_store(folder, moment=machine) as store:
        answer_visit(store, "kept", answered_at=MONDAY)
        looked = []
        for _ in range(3):
            machine.passes(timedelta(minutes=1))
            machine.set_clock(timedelta(hours=20))
            looked.append(store.erase_some_due(machine.moment.utc))
        assert looked == [[], [], []]
        with pytest.raises(ClockInDoubtError):
            store.record_consent("next", replace(CONSENT, given_at=MONDAY))
        assert store.open_applications() == []  # what is overdue cannot be told now
        store.confirm_clock("1042")
        assert len(store.open_applications()) == 1
