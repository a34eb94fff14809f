"""What is noticed while nobody is at the terminal: a queue that grows, a disk that is full, a certificate near its end.

Each is said to teller and IT, holds visits back where it must, and lets go by itself.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.admin.certificates import issue_client, make_authority
from kiosk.runtime.certificate_watch import CertificateWatch
from kiosk.runtime.disk_watch import DiskWatch
from kiosk.runtime.queue_watch import QueueWatch
from kiosk.runtime.surface import ServiceHold
from kiosk.session.events import Started
from kiosk.session.machine import Phase
from kiosk.store import disk_records
from kiosk.supervision.queue_limits import QueueLimits
from tests.desk_parts import DeskParts, SetClock, desk_parts
from tests.stores import answer_visit

FULL, UNWRITABLE = ServiceHold.OUTBOX_FULL, ServiceHold.STORE_UNWRITABLE
LIMITS = QueueLimits(warn_count=2, refuse_count=4)
DAY_S = 86_400.0


def watched(desk: DeskParts) -> tuple[QueueWatch, list[str]]:
    said: list[str] = []
    watch = QueueWatch(desk.controller, desk.store, desk.bridge, desk.clock, LIMITS)
    watch.trouble.connect(said.append)
    return watch, said


def look(desk: DeskParts, watch: QueueWatch | DiskWatch, qtbot: Any) -> None:
    """Until the store has answered and the answer has been taken."""
    watch.look()
    heard: list[Any] = []
    desk.bridge.when_done(desk.store.submit("tree_head"), heard.append, heard.append)
    qtbot.waitUntil(lambda: bool(heard))


def may_begin(desk: DeskParts) -> bool:
    desk.warm_up()
    desk.controller.send(Started())
    return desk.phase is not Phase.IDLE


def test_a_queue_warns_then_holds_and_lets_go_when_it_has_shrunk(tmp_path: Path, qtbot: Any) -> None:
    with desk_parts(tmp_path) as desk:
        watch, said = watched(desk)
        sequences = []
        for count in range(1, 6):
            sequences.append(answer_visit(desk.store, answered_at=desk.clock.now()).sequence)
            look(desk, watch, qtbot)
            assert (FULL in desk.controller.view.holds) is (count >= 4)
        assert [sentence.partition(":")[0] for sentence in said] == [
            "2 answers or more wait for the bank",
            "4 answers or more wait for the bank, so no new visit begins",
        ]
        assert not may_begin(desk)
        for sequence in sequences[:2]:
            desk.store.close_message(sequence, "receipt", desk.clock.now())
        look(desk, watch, qtbot)
        assert FULL not in desk.controller.view.holds
        assert may_begin(desk)


def test_a_queue_that_is_full_holds_again_after_a_restart_and_by_time_alone(tmp_path: Path, qtbot: Any) -> None:
    with desk_parts(tmp_path) as desk:
        answer_visit(desk.store, answered_at=desk.clock.now())
    with desk_parts(tmp_path) as desk:
        desk.clock.pass_by(5 * DAY_S)
        watch, said = watched(desk)
        watch.start()
        look(desk, watch, qtbot)
        assert not may_begin(desk)
        assert "more than 5 days, so no new visit begins" in said[0]
        desk.store.close_message(1, "receipt", desk.clock.now())
        look(desk, watch, qtbot)
        assert may_begin(desk)


def test_a_queue_in_the_same_state_is_said_once_a_day(tmp_path: Path, qtbot: Any) -> None:
    with desk_parts(tmp_path) as desk:
        watch, said = watched(desk)
        for _ in range(2):
            answer_visit(desk.store, answered_at=desk.clock.now())
        for _ in range(4):
            desk.clock.pass_by(DAY_S / 4)
            look(desk, watch, qtbot)
        assert len(said) == 1
        desk.clock.pass_by(DAY_S / 4)
        look(desk, watch, qtbot)
        assert len(said) == 2


def test_a_clock_set_ahead_shuts_nobody_out(tmp_path: Path, qtbot: Any) -> None:
    with desk_parts(tmp_path) as desk:
        watch, said = watched(desk)
        answer_visit(desk.store, answered_at=desk.clock.now())
        desk.clock.utc += timedelta(days=400)
        look(desk, watch, qtbot)
        assert said == []
        assert may_begin(desk)


# --- the disk ---


def disk_watch(desk: DeskParts) -> tuple[DiskWatch, list[str]]:
    said: list[str] = []
    watch = DiskWatch(desk.controller, desk.store, desk.bridge)
    watch.trouble.connect(said.append)
    return watch, said


def test_a_full_disk_is_noticed_at_idle_said_once_and_over_when_there_is_room(
    tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk_parts(tmp_path) as desk:
        watch, said = disk_watch(desk)
        look(desk, watch, qtbot)
        assert desk.controller.view.holds == frozenset()
        monkeypatch.setattr(disk_records, "LEAST_ROOM_BYTES", 1 << 62)
        for _ in range(3):
            look(desk, watch, qtbot)
        assert len(said) == 1
        assert "is full: make room" in said[0]
        assert not may_begin(desk)
        monkeypatch.undo()
        look(desk, watch, qtbot)
        assert may_begin(desk)


def test_a_database_that_takes_no_change_is_noticed_too(tmp_path: Path, qtbot: Any) -> None:
    with desk_parts(tmp_path) as desk:
        watch, said = disk_watch(desk)
        database = desk.store._books.database
        desk.store._executor.submit(database.execute, "PRAGMA query_only = 1").result()
        look(desk, watch, qtbot)
        assert UNWRITABLE in desk.controller.view.holds
        assert "cannot be written" in said[0]
        desk.store._executor.submit(database.execute, "PRAGMA query_only = 0").result()
        look(desk, watch, qtbot)
        assert UNWRITABLE not in desk.controller.view.holds


def test_nothing_is_tried_in_the_middle_of_a_visit(tmp_path: Path, qtbot: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with desk_parts(tmp_path) as desk:
        watch, said = disk_watch(desk)
        assert may_begin(desk)
        monkeypatch.setattr(disk_records, "LEAST_ROOM_BYTES", 1 << 62)
        look(desk, watch, qtbot)
        assert (said, desk.controller.view.holds) == ([], frozenset())


# --- certificates ---


def certificate_watch(folder: Path, clock: SetClock, client: timedelta, authority: timedelta) -> list[str]:
    """A watch over two files, and what it says; the clock is the real one's."""
    clock.utc = datetime.now(UTC)
    root = make_authority(valid_for=authority)
    (folder / "ca.pem").write_text(root.pem)
    (folder / "client.pem").write_text(issue_client(root, valid_for=client).certificate_pem)
    said: list[str] = []
    watch = CertificateWatch(folder / "ca.pem", folder / "client.pem", clock)
    watch.trouble.connect(said.append)
    watch.look()
    said.append("--")
    clock.pass_by(DAY_S / 3)
    watch.look()
    clock.pass_by(DAY_S)
    watch.look()
    return said


def test_certificates_near_their_end_are_announced_once_a_day(tmp_path: Path, qtbot: Any) -> None:
    said = certificate_watch(tmp_path, SetClock(), timedelta(days=12, hours=1), timedelta(days=300))
    assert said[0].startswith("This terminal's client certificate expires in 12 days, on ")
    assert [sentence for sentence in said if sentence.startswith("The certificate")] == []
    assert 2 <= len(said[said.index("--") :]) <= 3  # the next day, and midnight may lie between the first two looks


def test_an_expired_certificate_is_named_as_such(tmp_path: Path, qtbot: Any) -> None:
    said = certificate_watch(tmp_path, SetClock(), timedelta(days=200), timedelta(days=-2))
    assert said[0].startswith("The certificate of the bank's authority expired on ")
    assert "ask the bank for the new one" in said[0]


def test_of_two_authorities_the_one_that_lasts_counts(tmp_path: Path, qtbot: Any) -> None:
    old, new = make_authority("old", timedelta(days=-1)), make_authority("new")
    (tmp_path / "ca.pem").write_text(old.pem + new.pem)
    said: list[str] = []
    clock = SetClock()
    clock.utc = datetime.now(UTC)
    watch = CertificateWatch(tmp_path / "ca.pem", tmp_path / "none.pem", clock)
    watch.trouble.connect(said.append)
    watch.start()
    assert said == []


@pytest.mark.parametrize(("ends_in_s", "heard"), [(5 * 86_400, 1), (300 * 86_400, 0), (10**30, 0), (-(10**15), 0)])
def test_what_the_courier_says_of_the_server_is_announced_if_it_can_be(
    tmp_path: Path, qtbot: Any, ends_in_s: int, heard: int
) -> None:
    said: list[str] = []
    clock = SetClock()
    watch = CertificateWatch(tmp_path / "none.pem", tmp_path / "none.pem", clock)
    watch.trouble.connect(said.append)
    watch.server_shown(round(clock.now().timestamp()) + ends_in_s)
    assert len(said) == heard
    assert all("bank's server expires in 5 days" in sentence for sentence in said)
