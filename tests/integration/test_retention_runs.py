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
from tests.desk_parts import DeskParts, desk_parts
from tests.stores import MONDAY, answer_visit, open_test_store


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
    teller = TellerDesk(runs.desk.controller, runs.desk.store, runs.desk.bridge, runs.desk.clock, runs.desk.controller)
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
    qtbot.waitUntil(lambda: len(runs.said) == 2)
    assert any("could not be erased" in sentence for sentence in runs.said)


def test_records_dated_ahead_of_the_clock_are_said_to_be_gone(runs: Runs, qtbot: Any) -> None:
    answer_visit(runs.desk.store, answered_at=MONDAY + timedelta(days=3650))
    runs.runs.run()
    qtbot.waitUntil(lambda: bool(runs.said))
    assert "check the terminal's clock" in runs.said[0]
    assert runs.desk.store.count_rows()["application"] == 0


def test_a_record_that_an_old_copy_took_away_is_named_at_the_start(tmp_path: Path, qtbot: Any) -> None:
    folder = tmp_path / "store"
    open_test_store(folder).close()
    shutil.copytree(folder, tmp_path / "old")
    with open_test_store(folder) as store:
        answer_visit(store)
    for file in ("applications.db", "applications.anchor"):
        shutil.copy(tmp_path / "old" / file, folder / file)
    with desk_parts(folder) as desk:
        runs = Runs(desk)
        runs.runs.start()
        qtbot.waitUntil(lambda: bool(runs.said))
    (sentence,) = runs.said
    assert "message 1" in sentence
    assert "Put back the newest one" in sentence
