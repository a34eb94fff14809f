"""The real launcher with a desk and children that tests hold in their hands: nobody is left behind, nothing leaks."""

import mmap
import os
import resource
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from kiosk.runtime.child_log import MAX_LOG_BYTES
from kiosk.runtime.launcher import GRACE_S, PROGRAMS
from tests.launched import PATIENCE_S, Launched, LentLine

FILLED = b"\x5a" * 4096
KINDS = {"eyes": ["pipe", "face"], "reader": ["pipe", "document"], "courier": ["pipe"]}


@contextmanager
def children(desk: LentLine, visit: int = 1, **request: Any) -> Iterator[dict[str, dict[str, Any]]]:
    """Start a visit and adopt its eyes and reader; their descriptors are closed at the end."""
    desk.ask(do="start_visit", visit=visit, cue_roles=request.get("cue_roles", []))
    adopted: dict[str, dict[str, Any]] = {}
    opened: list[int] = []
    while len(adopted) < 2:
        answer, descriptors = desk.hear()
        if answer["event"] == "started":
            opened += descriptors
            adopted[answer["role"]] = {"pid": answer["pid"], "visit": answer["visit"], "fds": descriptors}
    try:
        yield adopted
    finally:
        for descriptor in opened:
            os.close(descriptor)


def wait_until_filled(child: dict[str, Any]) -> None:
    """A light child writes one byte to its pipe once it has filled its memory."""
    assert os.read(child["fds"][0], 1) == b"!"


def have_ended(processes: list[psutil.Process]) -> bool:
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE_S)
    return not alive


def test_every_role_has_a_program_of_its_own() -> None:
    assert set(PROGRAMS) == {"desk", "eyes", "reader", "courier"}
    assert len(set(PROGRAMS.values())) == 4


def test_each_child_gets_its_own_pipe_and_the_memory_it_may_see(tmp_path: Path) -> None:
    with Launched(tmp_path) as launched:
        desk = launched.desk_comes_up()
        with children(desk, visit=7) as started:
            assert {role: len(child["fds"]) for role, child in started.items()} == {"eyes": 2, "reader": 2}
            assert {child["visit"] for child in started.values()} == {7}
            for child in started.values():
                wait_until_filled(child)
        with children(desk, visit=8, cue_roles=["eyes"]) as started:
            assert len(started["eyes"]["fds"]) == 3
            assert len(started["reader"]["fds"]) == 2


def test_a_killed_launcher_takes_everyone_with_it(tmp_path: Path) -> None:
    with Launched(tmp_path, stubborn=True) as launched:
        desk = launched.desk_comes_up()
        desk.ask(do="start_courier")
        with children(desk) as started:
            for child in started.values():
                wait_until_filled(child)
            family = launched.family()
            assert len(family) == 4
            launched.process.send_signal(signal.SIGKILL)
            assert have_ended(family)


def test_a_killed_desk_takes_its_children_with_it_and_the_launcher_ends_once(tmp_path: Path) -> None:
    with Launched(tmp_path, stubborn=True) as launched:
        desk = launched.desk_comes_up()
        with children(desk) as started:
            for child in started.values():
                wait_until_filled(child)
            family = launched.family()
            os.kill(desk.desk_pid, signal.SIGKILL)
            assert launched.process.wait(PATIENCE_S) != 0
            assert have_ended(family)


def test_a_killed_desk_is_started_again_and_said_without_its_old_children(tmp_path: Path) -> None:
    with Launched(tmp_path, restart=True, stubborn=True) as launched:
        first = launched.desk_comes_up()
        with children(first) as started:
            for child in started.values():
                wait_until_filled(child)
            family = launched.family()
            os.kill(first.desk_pid, signal.SIGKILL)
            second = launched.desk_comes_up()
        assert second.desk_pid != first.desk_pid
        assert have_ended(family)
        assert [process.pid for process in launched.family()] == [second.desk_pid]
        with children(second) as started:
            assert set(started) == {"eyes", "reader"}
        launched.let_desk_end(0)
        assert launched.process.wait(PATIENCE_S) == 0
        assert launched.process.stderr is not None
        assert "signal SIGKILL; it is started again in 0.5 s" in launched.process.stderr.read()


def test_each_death_of_desk_in_a_row_makes_the_pause_longer(tmp_path: Path) -> None:
    with Launched(tmp_path, restart=True) as launched:
        for _ in range(2):
            launched.desk_comes_up()
            launched.let_desk_end(3)
        launched.desk_comes_up()
        launched.let_desk_end(0)
        assert launched.process.wait(PATIENCE_S) == 0
        assert launched.process.stderr is not None
        said = launched.process.stderr.read()
    assert [line.rpartition(" in ")[2] for line in said.splitlines()] == ["0.5 s.", "1 s."]


def test_told_to_end_while_desk_is_down_it_ends_without_starting_another(tmp_path: Path) -> None:
    with Launched(tmp_path, restart=True) as launched:
        desk = launched.desk_comes_up()
        os.kill(desk.desk_pid, signal.SIGKILL)
        assert launched.process.stderr is not None
        assert "started again" in launched.process.stderr.readline()
        launched.process.terminate()
        assert launched.process.wait(PATIENCE_S) == 0
        assert launched.family() == []


def test_the_death_of_a_child_is_told_to_desk(tmp_path: Path) -> None:
    with Launched(tmp_path, stubborn=True) as launched:
        desk = launched.desk_comes_up()
        with children(desk, visit=3) as started:
            os.kill(started["eyes"]["pid"], signal.SIGKILL)
            assert desk.hear_of_end("eyes") == {"event": "ended", "role": "eyes", "visit": 3, "how": "signal SIGKILL"}


def test_children_that_do_not_end_with_their_visit_are_killed(tmp_path: Path) -> None:
    with Launched(tmp_path, stubborn=True) as launched:
        desk = launched.desk_comes_up()
        with children(desk) as started:
            for child in started.values():
                wait_until_filled(child)
            desk.ask(do="end_visit", visit=1)
            assert desk.hear_of_end("eyes")["how"] == "signal SIGKILL"
        assert desk.line.gettimeout() == PATIENCE_S > 2 * GRACE_S


def test_what_a_visit_showed_is_zeroed_when_it_is_over_and_never_had_a_name(tmp_path: Path) -> None:
    before = set(Path("/dev/shm").iterdir())
    with Launched(tmp_path) as launched:
        desk = launched.desk_comes_up()
        with children(desk) as started:
            kept = {}
            for role, child in started.items():
                wait_until_filled(child)
                size = os.fstat(child["fds"][1]).st_size
                kept[role] = mmap.mmap(child["fds"][1], size)
                assert kept[role][: len(FILLED)] == FILLED
            assert not [path for path in set(Path("/dev/shm").iterdir()) - before if "kiosk" in path.name]
            for child in started.values():
                with socket.socket(fileno=os.dup(child["fds"][0])) as pipe:
                    pipe.shutdown(socket.SHUT_RDWR)
            desk.ask(do="end_visit", visit=1)
            ended = {desk.hear()[0]["role"], desk.hear()[0]["role"]}
            assert ended == {"eyes", "reader"}
            # The launcher wipes after it has told the second end and before it looks at the next request.
            with children(desk, visit=2):
                for memory in kept.values():
                    assert not any(memory[: len(FILLED)])
                    memory.close()


def test_told_to_end_it_ends_desk_first_and_everyone_after(tmp_path: Path) -> None:
    with Launched(tmp_path) as launched:
        desk = launched.desk_comes_up()
        desk.ask(do="start_courier")
        with children(desk):
            family = launched.family()
            launched.process.terminate()
            assert launched.process.wait(PATIENCE_S) == 0
            assert have_ended(family)


def test_a_desk_that_will_not_end_is_killed(tmp_path: Path) -> None:
    with Launched(tmp_path, desk=["--stubborn"]) as launched:
        desk = launched.desk_comes_up()
        launched.process.terminate()
        assert launched.process.wait(PATIENCE_S) == -signal.SIGKILL % 256
        assert not psutil.pid_exists(desk.desk_pid)


# --- a desk that freezes ---


@pytest.mark.parametrize("restart", [True, False])
def test_a_frozen_desk_is_killed_so_that_nobodys_data_stands_on_the_screen(tmp_path: Path, restart: bool) -> None:
    with Launched(tmp_path, restart=restart, desk_silence_s=0.5) as launched:
        desk = launched.desk_comes_up()
        desk.ask(do="alive")
        os.kill(desk.desk_pid, signal.SIGSTOP)
        if restart:
            assert launched.desk_comes_up().desk_pid != desk.desk_pid
            launched.let_desk_end(0)
        assert launched.process.wait(PATIENCE_S) == (0 if restart else -signal.SIGKILL % 256)
        assert launched.process.stderr is not None
        assert "has not answered for 0.5 s and is killed" in launched.process.stderr.readline()
        assert not psutil.pid_exists(desk.desk_pid)


def test_a_desk_that_says_that_it_is_alive_is_left_alone(tmp_path: Path) -> None:
    with Launched(tmp_path, desk_silence_s=3.0) as launched:
        desk = launched.desk_comes_up()
        began = time.monotonic()
        while time.monotonic() < began + 4.0:
            desk.ask(do="alive")
            meet_a_courier(desk)
        assert [process.pid for process in launched.family()] == [desk.desk_pid]


# --- what the system refuses ---


@pytest.mark.parametrize("room", range(14))
def test_a_visit_for_which_there_is_no_room_has_ended_and_the_next_one_starts(tmp_path: Path, room: int) -> None:
    with Launched(tmp_path) as launched:
        desk = launched.desk_comes_up()
        meet_a_courier(desk)
        before = launched.descriptors()
        launcher = psutil.Process(launched.process.pid)
        usual = launcher.rlimit(resource.RLIMIT_NOFILE)
        launcher.rlimit(resource.RLIMIT_NOFILE, (before + room, usual[1]))
        desk.ask(do="start_visit", visit=1, cue_roles=["eyes"])
        ended = {}
        while set(ended) != {"eyes", "reader"}:
            answer, descriptors = desk.hear()
            for descriptor in descriptors:
                os.close(descriptor)
            if answer["event"] == "ended":
                ended[answer["role"]] = answer["how"]
        assert room > 0 or set(ended.values()) == {"no start: Too many open files"}
        launcher.rlimit(resource.RLIMIT_NOFILE, usual)
        walk_through(desk, visit=2)
        meet_a_courier(desk)
        assert launched.descriptors() == before
        assert [process.pid for process in launched.family()] == [desk.desk_pid]


def test_a_desk_that_cannot_be_started_is_tried_again(tmp_path: Path) -> None:
    with Launched(tmp_path, restart=True) as launched:
        first = launched.desk_comes_up()
        launcher = psutil.Process(launched.process.pid)
        usual = launcher.rlimit(resource.RLIMIT_NOFILE)
        launcher.rlimit(resource.RLIMIT_NOFILE, (3, usual[1]))
        os.kill(first.desk_pid, signal.SIGKILL)
        said = launched.process.stderr
        assert said is not None
        assert "started again in 0.5 s" in said.readline()
        assert "could not be started: Too many open files; it is started again in 1 s" in said.readline()
        launcher.rlimit(resource.RLIMIT_NOFILE, usual)
        assert launched.desk_comes_up().desk_pid != first.desk_pid
        launched.let_desk_end(0)
        assert launched.process.wait(PATIENCE_S) == 0


def test_without_a_folder_for_logs_it_says_so_and_works(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("no folder")
    with Launched(tmp_path, child=["--say", b"Hello.\n".hex()]) as launched:
        meet_a_courier(launched.desk_comes_up())
        launched.let_desk_end(0)
        assert launched.process.wait(PATIENCE_S) == 0
        assert launched.process.stderr is not None
        said = launched.process.stderr.read()
    assert f"No log of courier in {tmp_path / 'logs'} (File exists); what it says follows here.\nHello.\n" in said


# --- what children say, hold and know ---


def test_what_a_child_says_reaches_its_log_as_printable_text(tmp_path: Path) -> None:
    with Launched(tmp_path, child=["--say", b"one \x1b[2J\x00\xff two \xe4\xb8\xad\n".hex()]) as launched:
        desk = launched.desk_comes_up()
        with children(desk) as started:
            wait_until_filled(started["reader"])
        desk.ask(do="end_visit", visit=1)
        desk.hear_of_end("reader")
        log = tmp_path / "logs" / "reader.log"
        assert log.read_text(encoding="utf-8") == "one ?[2J?\N{REPLACEMENT CHARACTER} two 中\n"
        assert {path.stat().st_mode & 0o777 for path in log.parent.iterdir()} == {0o600}
        assert log.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("times", [15, 16, 17, 1000])
def test_a_child_that_says_too_much_is_cut_off_and_goes_on(tmp_path: Path, times: int) -> None:
    with Launched(tmp_path, child=["--say", (b"x" * 1024).hex(), "--times", str(times)]) as launched:
        desk = launched.desk_comes_up()
        with children(desk) as started:
            wait_until_filled(started["eyes"])
        desk.ask(do="end_visit", visit=1)
        desk.hear_of_end("eyes")
        said = (tmp_path / "logs" / "eyes.log").read_text(encoding="utf-8")
    assert said.count("x") == min(times * 1024, MAX_LOG_BYTES)
    assert said.endswith("(cut off: this process has said too much)\n") == (times * 1024 > MAX_LOG_BYTES)


def test_no_child_is_given_a_file_or_a_terminal(tmp_path: Path) -> None:
    with Launched(tmp_path) as launched:
        desk = launched.desk_comes_up()
        with children(desk) as started:
            for child in started.values():
                wait_until_filled(child)
                held = {str(path.readlink()) for path in Path(f"/proc/{child['pid']}/fd").iterdir()}
                assert {name.partition(":")[0] for name in held} <= {"/dev/null", "pipe", "socket", "/memfd"}
            sessions = {os.getsid(process.pid) for process in launched.family()}
            assert sessions == {process.pid for process in launched.family()}


def test_children_know_little_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    with Launched(tmp_path) as launched:
        desk = launched.desk_comes_up()
        with children(desk) as started:
            wait_until_filled(started["eyes"])  # it runs its own program by now
            known = Path(f"/proc/{started['eyes']['pid']}/environ").read_bytes()
    assert b"ORT_DISABLE_TELEMETRY=1" in known
    assert b"PATH=" in known
    assert b"CREDENTIALS_DIRECTORY" not in known
    assert b"PROXY" not in known


@pytest.mark.parametrize(
    "garbage",
    [
        b"\xff\xfe",
        b"{",
        b"[" * 4000,
        b"null",
        b"17",
        b'"start_visit"',
        b"[]",
        b"{}",
        b'{"do": 5}',
        b'{"do": "open_door"}',
        b'{"do": "start_visit"}',
        b'{"do": "start_visit", "visit": 1e999, "cue_roles": []}',
        b'{"do": "start_visit", "visit": "one", "cue_roles": []}',
        b'{"do": "start_visit", "visit": 1, "cue_roles": 5}',
        b'{"do": "end_visit", "visit": [1]}',
        b'{"do": "end_visit", "visit": 99}',
        b'{"do": "start_visit", "visit": 1, "cue_roles": [' + b'"eyes",' * 2000 + b'"eyes"]}',
    ],
    ids=lambda garbage: garbage[:24].decode("latin-1"),
)
def test_requests_that_are_none_are_ignored(garbage: bytes, launched_once: tuple[Launched, LentLine]) -> None:
    launched, desk = launched_once
    desk.line.send(garbage)
    meet_a_courier(desk)
    assert [process.pid for process in launched.family()] == [desk.desk_pid]


@pytest.fixture(scope="module")
def launched_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Launched, LentLine]]:
    """One launcher for requests that it must survive, and desk's line to it."""
    with Launched(tmp_path_factory.mktemp("launched")) as launched:
        yield launched, launched.desk_comes_up()


def test_a_visit_is_started_once(tmp_path: Path) -> None:
    with Launched(tmp_path) as launched:
        desk = launched.desk_comes_up()
        with children(desk):
            desk.ask(do="start_visit", visit=1, cue_roles=[])
            meet_a_courier(desk)
            assert len(launched.family()) == 3


def test_fifty_visits_leave_no_descriptor_open(tmp_path: Path) -> None:
    with Launched(tmp_path) as launched:
        desk = launched.desk_comes_up()
        walk_through(desk, visit=0)
        meet_a_courier(desk)
        before = launched.descriptors()
        for visit in range(1, 51):
            walk_through(desk, visit)
        meet_a_courier(desk)
        assert launched.descriptors() == before
        assert [process.pid for process in launched.family()] == [desk.desk_pid]


def walk_through(desk: LentLine, visit: int) -> None:
    """One visit, until the launcher has told the end of both and wiped."""
    with children(desk, visit, cue_roles=["eyes"]):
        pass
    desk.ask(do="end_visit", visit=visit)
    ended = set()
    while ended != {"eyes", "reader"}:
        ended.add(desk.hear()[0]["role"])


def meet_a_courier(desk: LentLine) -> None:
    """Start one and let it end with its pipe; the launcher has then done all that came before."""
    desk.ask(do="start_courier")
    answer, descriptors = desk.hear()
    os.close(descriptors[0])
    assert answer["role"] == "courier"
    desk.hear_of_end("courier")
