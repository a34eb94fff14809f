"""Erasing what is due, with a real store: what stands in the way is said."""

import logging
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.app import TroubleLog
from kiosk.runtime.retention_runs import RetentionRuns
from kiosk.runtime.teller_desk import TellerDesk
from kiosk.session.events import Cancelled, Started
from kiosk.store import due_records
from kiosk.store.check_records import PeopleHeld
from tests.desk_parts import DeskParts, desk_parts
from tests.stores import APPLICATION_KEY, MONDAY, STAFF_PEPPER, answer_visit, open_test_store


class Runs:
    """The runs of one desk, and what they said."""

    def __init__(self, desk: DeskParts) -> None:
        self.desk = desk
        self.runs = RetentionRuns(desk.store, desk.bridge, desk.clock, desk.controller)
        self.said: list[str] = []
        self.runs.trouble.connect(self.said.append)

    def until_answered(self, qtbot: Any) -> None:
        """Everything that was asked of the store so far has been answered."""
        heard: list[Any] = []
        self.desk.bridge.when_done(self.desk.store.submit("tree_head"), heard.append, heard.append)
        qtbot.waitUntil(lambda: bool(heard))


@pytest.fixture
def runs(tmp_path: Path, qtbot: Any) -> Iterator[Runs]:
    with desk_parts(tmp_path / "store") as desk:
        yield Runs(desk)


def test_what_was_missed_is_made_up_for_at_the_start(runs: Runs, qtbot: Any) -> None:
    answer_visit(runs.desk.store, answered_at=MONDAY - timedelta(days=30))
    answer_visit(runs.desk.store)
    runs.runs.start()
    runs.until_answered(qtbot)
    assert runs.desk.store.count_rows()["application"] == 1
    assert runs.said == []


def test_a_run_that_fails_reaches_the_log_and_the_teller_once(
    runs: Runs, qtbot: Any, caplog: pytest.LogCaptureFixture
) -> None:
    teller = TellerDesk(runs.desk.controller, runs.desk.store, runs.desk.bridge, runs.desk.clock, STAFF_PEPPER)
    runs.runs.trouble.connect(teller.notice)
    log = TroubleLog()
    runs.runs.trouble.connect(log.note)
    answer_visit(runs.desk.store, answered_at=MONDAY - timedelta(days=30))
    runs.desk.store._executor.submit(runs.desk.store._books.database.execute, "PRAGMA query_only = 1").result()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            runs.runs.run()
            runs.until_answered(qtbot)
    assert len(runs.said) == 3
    (notice,) = teller.view.notices
    assert notice.sentence == runs.said[0]
    assert "could not be erased" in notice.sentence
    assert "check the disk" in notice.sentence
    assert [record.getMessage() for record in caplog.records] == [runs.said[0]]
    caplog.clear()


def test_a_store_that_is_closed_is_said_too(runs: Runs, qtbot: Any) -> None:
    runs.desk.store.close()
    runs.runs.start()
    qtbot.waitUntil(lambda: bool(runs.said))
    assert "could not be erased" in runs.said[0]


def test_records_dated_ahead_of_the_clock_are_said_to_be_gone(runs: Runs, qtbot: Any) -> None:
    answer_visit(runs.desk.store, answered_at=MONDAY + timedelta(days=3650))
    runs.runs.run()
    qtbot.waitUntil(lambda: bool(runs.said))
    assert "check the terminal's clock" in runs.said[0]
    assert runs.desk.store.count_rows()["application"] == 0


def test_a_record_that_an_old_copy_took_away_is_named_when_the_records_are_opened(tmp_path: Path, qtbot: Any) -> None:
    folder = tmp_path / "store"
    open_test_store(folder).close()
    shutil.copytree(folder, tmp_path / "old")
    with open_test_store(folder) as store:
        answer_visit(store)
    for file in ("applications.db", "applications.anchor"):
        shutil.copy(tmp_path / "old" / file, folder / file)
    with desk_parts(folder) as desk:
        runs = Runs(desk)
        opened = desk.store.submit("open_day", APPLICATION_KEY, "1042", MONDAY)
        desk.bridge.when_done(opened, runs.runs.say_opened, runs.said.append)
        qtbot.waitUntil(lambda: bool(runs.said))
    (sentence,) = runs.said
    assert "message 1" in sentence
    assert "Put back the newest one" in sentence


def test_a_run_is_made_of_slices_and_erases_everything_that_is_due(
    runs: Runs, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(due_records, "AT_ONCE", 3)
    for _ in range(7):
        answer_visit(runs.desk.store, answered_at=MONDAY - timedelta(days=30))
    asked: list[str] = []
    submit = runs.desk.store.submit

    def remember(method: str, *args: Any, **kwargs: Any) -> Any:
        asked.append(method)
        return submit(method, *args, **kwargs)

    runs.desk.store.submit = remember  # type: ignore[method-assign]
    runs.runs.run()
    qtbot.waitUntil(lambda: runs.desk.store.count_rows()["application"] == 0)
    runs.until_answered(qtbot)
    assert asked.count("erase_some_due") == 4


def test_what_is_due_goes_as_soon_as_a_visit_is_over(runs: Runs, qtbot: Any) -> None:
    runs.desk.controller.session_changed.connect(runs.runs.after_visit)
    answer_visit(runs.desk.store, answered_at=MONDAY - timedelta(days=30))
    runs.desk.warm_up()
    runs.desk.controller.send(Started())
    assert runs.desk.store.count_rows()["application"] == 1
    runs.desk.controller.send(Cancelled())
    qtbot.waitUntil(lambda: runs.desk.store.count_rows()["application"] == 0)


def test_records_that_are_overdue_and_locked_are_said(runs: Runs, qtbot: Any) -> None:
    answer_visit(runs.desk.store, answered_at=MONDAY - timedelta(days=30))
    answer_visit(
        runs.desk.store,
        yes=False,
        actor="1042",
        detail="refused: not_eligible",
        answered_at=MONDAY - timedelta(days=30),
    )
    runs.desk.store.lock_applications()
    runs.runs.run()
    qtbot.waitUntil(lambda: bool(runs.said))
    (sentence,) = runs.said
    assert "overdue and locked (1)" in sentence
    runs.said.clear()
    runs.desk.store.open_day(APPLICATION_KEY, "1042", MONDAY)
    runs.desk.store.close_day("1042")
    runs.runs.run()
    runs.until_answered(qtbot)
    assert runs.said == []


def test_a_terminal_that_holds_answers_about_many_people_says_so(
    runs: Runs, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs.desk.store, "people_held", lambda: PeopleHeld(None, 80_000))
    runs.runs.run()
    qtbot.waitUntil(lambda: bool(runs.said))
    assert "up to 80000 people" in runs.said[0]
