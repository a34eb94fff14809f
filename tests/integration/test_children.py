"""Desk's side of the other processes, with the real launcher and light children."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from kiosk.runtime.children import ChildLink, Children
from kiosk.runtime.messages import (
    CameraChoice,
    Channel,
    FromReader,
    Quit,
    ReaderReady,
    SetUpCourier,
    SetUpEyes,
    SetUpReader,
    ToReader,
)
from tests.launched import Launched

CAMERA = CameraChoice("simulated", "astronaut")
SET_UPS = (SetUpEyes(CAMERA, "models"), SetUpReader(CAMERA), SetUpCourier("https://bank", "", "", ""))


class Crew:
    """`Children` over a real launcher, and what they reported."""

    def __init__(self, launched: Launched, children: Children) -> None:
        self.launched = launched
        self.children = children
        self.lost: list[str] = []
        children.child_lost.connect(lambda role, _: self.lost.append(role))

    def all_are_there(self) -> bool:
        return set(self.children._links) == {"eyes", "reader", "courier"}

    def processes(self, role: str) -> list[psutil.Process]:
        """Living children of the launcher in this role, told by the memory they were given."""
        given = {"eyes": "--face-fd", "reader": "--document-fd"}
        found = []
        for process in self.launched.family():
            line = process.cmdline()
            told = next((name for name, option in given.items() if option in line), "courier")
            if "--pipe-fd" in line and told == role:
                found.append(process)
        return found


@contextmanager
def crew_of(folder: Path, qtbot: Any, **how: Any) -> Iterator[Crew]:
    with Launched(folder) as launched:
        line = launched.desk_comes_up().line
        line.settimeout(None)
        children = Children(line, *SET_UPS, **how)
        crew = Crew(launched, children)
        children.start()
        qtbot.waitUntil(crew.all_are_there, timeout=20_000)
        yield crew
        children.stop()


def test_start_brings_everyone_with_the_memory_desk_may_read(tmp_path: Path, qtbot: Any) -> None:
    with crew_of(tmp_path, qtbot) as crew:
        assert crew.children.face_memory is not None
        assert crew.children.document_memory is not None
        assert crew.children.face_memory.read_newest() is None
        assert crew.children.cue_fd is None


def test_only_a_simulated_camera_has_a_pipe_for_cues(tmp_path: Path, qtbot: Any) -> None:
    with crew_of(tmp_path, qtbot, cue_roles=("eyes",)) as crew:
        assert crew.children.cue_fd is not None
        assert os.write(crew.children.cue_fd, b"smile\n") == 6


def test_a_renewal_ends_the_old_pair_and_starts_one_new_pair_however_often_it_is_asked_for(
    tmp_path: Path, qtbot: Any
) -> None:
    with crew_of(tmp_path, qtbot) as crew:
        old = crew.processes("eyes") + crew.processes("reader")
        assert len(old) == 2
        for _ in range(3):
            crew.children.renew_vision()
        assert crew.children.face_memory is None
        assert crew.children.document_memory is None
        qtbot.waitUntil(crew.all_are_there, timeout=20_000)
        qtbot.waitUntil(lambda: not any(process.is_running() for process in old), timeout=20_000)
        assert len(crew.processes("eyes")) == len(crew.processes("reader")) == len(crew.processes("courier")) == 1
        assert crew.children._visit == 2
        assert crew.lost == []


def test_a_killed_child_is_named(tmp_path: Path, qtbot: Any) -> None:
    with crew_of(tmp_path, qtbot) as crew:
        (eyes,) = crew.processes("eyes")
        with qtbot.waitSignal(crew.children.child_lost, timeout=20_000) as lost:
            eyes.kill()
        assert lost.args[0] == "eyes"
        crew.children.renew_vision()
        assert crew.children._vision_timer.interval() == 1000
        crew.children.vision_worked()
        crew.children.renew_vision()
        assert crew.children._vision_timer.interval() == 0


def test_a_killed_courier_comes_back_by_itself(tmp_path: Path, qtbot: Any) -> None:
    with crew_of(tmp_path, qtbot) as crew:
        (courier,) = crew.processes("courier")
        courier.kill()
        qtbot.waitUntil(lambda: crew.lost == ["courier"], timeout=20_000)
        assert crew.children._courier_timer.interval() == 1000
        crew.children._courier_timer.start(0)
        qtbot.waitUntil(crew.all_are_there, timeout=20_000)


def test_a_courier_that_hangs_is_replaced_when_desk_asks_for_it(tmp_path: Path, qtbot: Any) -> None:
    with crew_of(tmp_path, qtbot) as crew:
        (courier,) = crew.processes("courier")
        courier.suspend()
        crew.children.renew_courier()
        qtbot.waitUntil(lambda: crew.lost == ["courier"], timeout=20_000)
        qtbot.waitUntil(lambda: not courier.is_running(), timeout=20_000)
        crew.children._courier_timer.start(0)
        qtbot.waitUntil(crew.all_are_there, timeout=20_000)
        assert len(crew.processes("courier")) == 1


def test_failures_in_a_row_make_the_pause_longer_up_to_half_a_minute(tmp_path: Path, qtbot: Any) -> None:
    with crew_of(tmp_path, qtbot) as crew:
        pauses = []
        for _ in range(8):
            crew.children.vision_failed()
            crew.children.renew_vision()
            pauses.append(crew.children._vision_timer.interval() / 1000)
        assert pauses == [1, 2, 4, 8, 16, 30, 30, 30]


def test_twenty_renewals_leave_no_descriptor_open_in_desk(tmp_path: Path, qtbot: Any) -> None:
    def renew() -> int:
        crew.children.renew_vision()
        qtbot.waitUntil(lambda: not crew.all_are_there(), timeout=20_000)
        qtbot.waitUntil(crew.all_are_there, timeout=20_000)
        return len(list(Path("/proc/self/fd").iterdir()))

    with crew_of(tmp_path, qtbot, cue_roles=("eyes",)) as crew:
        renew()
        before = renew()
        assert [renew() for _ in range(20)][-1] == before


def test_a_pair_of_an_earlier_visit_is_not_adopted(tmp_path: Path, qtbot: Any) -> None:
    with crew_of(tmp_path, qtbot) as crew:
        links = dict(crew.children._links)
        before = len(list(Path("/proc/self/fd").iterdir()))
        crew.children._ask({"do": "start_visit", "visit": 77, "cue_roles": []})
        crew.children._links.pop("courier").dismiss()
        crew.children._ask({"do": "start_courier"})
        qtbot.waitUntil(crew.all_are_there, timeout=20_000)
        assert crew.children._links["eyes"] is links["eyes"]
        assert crew.children._links["reader"] is links["reader"]
        assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_losing_the_launcher_is_told(tmp_path: Path, qtbot: Any) -> None:
    with crew_of(tmp_path, qtbot) as crew:
        with qtbot.waitSignal(crew.children.launcher_lost, timeout=20_000):
            crew.launched.process.send_signal(signal.SIGKILL)
        crew.children.renew_vision()


def test_stopping_ends_everyone(tmp_path: Path, qtbot: Any) -> None:
    with crew_of(tmp_path, qtbot) as crew:
        old = [process for role in ("eyes", "reader", "courier") for process in crew.processes(role)]
        assert len(old) == 3
        crew.children.stop()
        qtbot.waitUntil(lambda: not any(process.is_running() for process in old), timeout=20_000)
        assert crew.lost == []


# --- one link ---


@pytest.fixture
def link() -> Iterator[tuple[socket.socket, ChildLink[Any], list[Any], list[str]]]:
    """The child's end, desk's link, what was heard and how the child was lost."""
    ours, theirs = socket.socketpair()
    heard: list[Any] = []
    gone: list[str] = []
    one: ChildLink[Any] = ChildLink(ours, FromReader, heard.append, gone.append)
    yield theirs, one, heard, gone
    one.close()
    theirs.close()


def test_a_message_arrives_whole_however_it_is_cut(qtbot: Any, link: Any) -> None:
    theirs, _, heard, gone = link
    sender, catcher = socket.socketpair()
    Channel(sender, ToReader).send(ReaderReady("camera", 0.5))
    data = catcher.recv(4096)
    sender.close()
    catcher.close()
    for byte in (*data, *data):
        theirs.send(bytes([byte]))
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert heard == [ReaderReady("camera", 0.5)] * 2
    assert gone == []


@pytest.mark.parametrize(
    "garbage", [b"\xff\xff\xff\xff", b"\x03\x00\x00\x00abc", b"\x01\x00\x00\x00\x80"], ids=["too long", "no", "empty"]
)
def test_a_child_that_talks_nonsense_is_lost_once(qtbot: Any, link: Any, garbage: bytes) -> None:
    theirs, one, heard, gone = link
    theirs.send(garbage)
    qtbot.waitUntil(lambda: len(gone) == 1)
    one.send(Quit())
    assert heard == []
    assert len(gone) == 1


def test_a_child_that_has_gone_is_reported_when_spoken_to_but_not_when_dismissed(qtbot: Any, link: Any) -> None:
    theirs, one, _, gone = link
    theirs.close()
    one.dismiss()
    assert gone == []


def test_a_child_that_has_gone_is_reported_when_spoken_to(qtbot: Any, link: Any) -> None:
    theirs, one, _, gone = link
    theirs.close()
    one.send(Quit())
    assert len(gone) == 1


def test_a_child_that_hangs_while_it_starts_is_lost_and_ended(tmp_path: Path, qtbot: Any) -> None:
    """Light children say nothing that is a message, so none of them is ever ready."""
    with crew_of(tmp_path, qtbot, ready_within_s=0.5) as crew:
        hung = [process for role in ("eyes", "reader", "courier") for process in crew.processes(role)]
        assert len(hung) == 3
        qtbot.waitUntil(lambda: {"eyes", "reader", "courier"} <= set(crew.lost), timeout=20_000)
        crew.children.renew_vision()
        qtbot.waitUntil(lambda: not any(process.is_running() for process in hung), timeout=20_000)


def test_a_child_that_could_not_be_started_is_lost_and_the_last_visits_end_is_no_news(qtbot: Any) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        children = Children(ours, *SET_UPS)
        lost: list[tuple[str, str]] = []
        children.child_lost.connect(lambda role, how: lost.append((role, how)))
        children.start()
        for role, visit, how in (
            ("eyes", 0, "no start: x"),
            ("eyes", 1, "code 0"),
            ("eyes", 1, "no start: too many files"),
        ):
            theirs.send(json.dumps({"event": "ended", "role": role, "visit": visit, "how": how}).encode())
        qtbot.waitUntil(lambda: lost == [("eyes", "no start: too many files")], timeout=20_000)
        theirs.send(json.dumps({"event": "ended", "role": "courier", "visit": 0, "how": "no start: x"}).encode())
        qtbot.waitUntil(lambda: lost[1:] == [("courier", "no start: x")], timeout=20_000)
        assert children._courier_timer.isActive()
        children.stop()


def test_the_launcher_hears_that_desk_is_alive(tmp_path: Path, qtbot: Any) -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        children = Children(ours, *SET_UPS)
        children.start()
        theirs.settimeout(20)
        with qtbot.waitSignal(children._alive.timeout, timeout=20_000):
            children._alive.start(10)
        children.stop()
        said = [theirs.recv(4096) for _ in range(3)]
        assert any(b"alive" in word for word in said)
        assert not children._alive.isActive()
