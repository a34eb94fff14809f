"""Starts and ends the other processes: desk once, eyes and reader fresh for every visit, courier when asked.

Standard library only; it holds no key and looks at no pixel. A confined process could not start an unconfined one, so
this small parent starts them all. It connects them with socket pairs, lays out the shared memory and hands
desk its ends as file descriptors.
"""

import argparse
import array
import contextlib
import itertools
import json
import os
import select
import selectors
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kiosk.runtime.confinement import confine_launcher
from kiosk.runtime.process_users import ProcessUserError, Users, parse_users
from kiosk.runtime.running_child import NO_USERS, NOT_STARTED, Child, reason, say, start_child
from kiosk.runtime.shared_memory import PORTRAIT_FRAME_BYTES, PREVIEW_FRAME_BYTES, create_memory, wipe_memory

PROGRAMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "desk": ("-m", "kiosk.app"),
        "eyes": ("-m", "kiosk.runtime.eyes_process"),
        "reader": ("-m", "kiosk.runtime.reader_process"),
        "courier": ("-m", "kiosk.runtime.courier_process"),
    }
)
"""What Python runs for each role."""
MEMORIES = {
    "face": PREVIEW_FRAME_BYTES,
    "document": PREVIEW_FRAME_BYTES,
    "portrait": PORTRAIT_FRAME_BYTES,
}
MAX_REQUEST_BYTES = 4096
GRACE_S = 2.0
DESK_SILENCE_S = 15.0
"""A desk that has said that it is alive says so every few seconds; after this long without, it is frozen."""
_MACHINE_STOOD_STILL_S = 2.0
_DESK_RESTART_S = (0.5, 1, 2, 4, 8, 16, 30)
_DESK_WORKED_S = 10.0
"""A desk that lived for so long came up and served; its end is the first failure again."""


@dataclass
class VisitMemory:
    """The shared memory of one pair of eyes and reader."""

    descriptors: dict[str, int] = field(default_factory=dict)

    def wipe(self) -> None:
        """Zero and release; the pages go back to the system with the last process that maps them."""
        for descriptor in self.descriptors.values():
            with contextlib.suppress(OSError):  # no room to map it: closed all the same, it goes with the last process
                wipe_memory(descriptor)
        self.descriptors.clear()


class Launcher:
    """One loop over desk's requests and the ends of children."""

    def __init__(
        self,
        desk_arguments: list[str],
        logs: Path,
        *,
        restart: bool,
        programs: Mapping[str, tuple[str, ...]] = PROGRAMS,
        desk_silence_s: float = DESK_SILENCE_S,
        users: Users = NO_USERS,
    ) -> None:
        """`users` says as whom each part runs, for a launcher that root has started."""
        self._desk_arguments = desk_arguments
        self._logs = logs
        self._restart = restart
        self._programs = programs
        self._desk_silence_s = desk_silence_s
        self._users = users
        self._selector = selectors.DefaultSelector()
        self._children: dict[int, Child] = {}
        self._memories: dict[int, VisitMemory] = {}
        self._desk: Child | None = None
        self._desk_socket: socket.socket | None = None
        self._desk_failures = 0
        self._looked_at = time.monotonic()
        self._stopping = False

    def run(self) -> int:
        """Start desk and serve it until it ends in good order; return its exit code."""
        self._watch_signals()
        code = self._try_to_start_desk()
        while code is None:
            # One at a time: what follows from one may close the descriptor that the next one speaks of.
            for key, _ in self._selector.select(timeout=0.2)[:1]:
                code = key.data(key.fd)
                if code is not None:
                    break
            self._kill_overdue()
        self._end_everything()
        return int(code)

    def _watch_signals(self) -> None:
        wake_up, wake_up_write = socket.socketpair()
        wake_up.setblocking(False)
        wake_up_write.setblocking(False)
        self._wake_up = (wake_up, wake_up_write)
        signal.set_wakeup_fd(wake_up_write.fileno())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: None)
        self._selector.register(wake_up, selectors.EVENT_READ, self._on_signal)

    def _told_to_end_within(self, pause_s: float) -> bool:
        """Wait, but not for a signal: the wake-up stays readable."""
        return bool(select.select([self._wake_up[0]], [], [], pause_s)[0])

    def _on_signal(self, _descriptor: int) -> None:
        self._wake_up[0].recv(64)
        self._stopping = True
        if self._desk is not None:
            self._desk.process.terminate()
            self._desk.kill_at = time.monotonic() + 2 * GRACE_S

    # --- desk ---

    def _try_to_start_desk(self) -> int | None:
        """Start it, again after a pause where the system refuses; return an exit code where it is given up."""
        while True:
            try:
                self._start_desk()
            except OSError as error:
                if not self._restart:
                    say(f"The desk process could not be started: {reason(error)}.")
                    return 1
                if self._told_to_end_within(self._pause(f"could not be started: {reason(error)}")):
                    return 0
            else:
                return None

    def _start_desk(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with contextlib.ExitStack() as undone, theirs:
            undone.callback(ours.close)
            command = ["--launcher-fd", str(theirs.fileno()), *self._desk_arguments]
            inherited = _descriptor_arguments(self._desk_arguments)
            self._desk = self._spawn("desk", command, (theirs.fileno(), *inherited), visit=0)
            undone.pop_all()
        self._desk_socket = ours
        self._desk_started_at = time.monotonic()
        self._selector.register(ours, selectors.EVENT_READ, self._on_request)

    def _pause(self, what_happened: str) -> float:
        """Say it, and how long it is until desk is started again: longer for each failure in a row."""
        pause = _DESK_RESTART_S[min(self._desk_failures, len(_DESK_RESTART_S) - 1)]
        self._desk_failures += 1
        say(f"The desk process {what_happened}; it is started again in {pause} s.")
        return pause

    def _on_request(self, _descriptor: int) -> None:
        assert self._desk_socket is not None
        try:
            data = self._desk_socket.recv(MAX_REQUEST_BYTES)
        except OSError:
            data = b""
        if not data:
            self._selector.unregister(self._desk_socket)
            return
        match _request(data):
            case {"do": "alive"}:
                self._hear_that_desk_is_alive()
            case {"do": "start_visit", "visit": int(visit), "cue_roles": list(roles)} if visit not in self._memories:
                self._start_visit(visit, roles)
            case {"do": "start_courier"}:
                self._start_child("courier", 0, {})
            case {"do": "end_courier"}:
                self._end_courier()
            case {"do": "end_visit", "visit": int(visit)}:
                self._end_visit(visit)
            case _:
                pass  # desk speaks to us in these words only; anything else is no request

    def _desk_ended(self, code: int) -> int | None:
        """Restart a desk that died; a visit it was in the middle of ends with its children."""
        for child in list(self._children.values()):
            child.process.kill()
        if self._stopping and code == -signal.SIGTERM:
            return 0  # told to end before it could listen for that
        if self._stopping or code == 0 or not self._restart:
            return code
        if time.monotonic() - self._desk_started_at > _DESK_WORKED_S:
            self._desk_failures = 0
        pause = self._pause(f"ended with {_ended(code)}")
        self._wait_for_children()
        for memory in self._memories.values():
            memory.wipe()
        self._memories.clear()
        if self._desk_socket is not None:
            with contextlib.suppress(KeyError):
                self._selector.unregister(self._desk_socket)
            self._desk_socket.close()
            self._desk_socket = None
        return 0 if self._told_to_end_within(pause) else self._try_to_start_desk()

    def _hear_that_desk_is_alive(self) -> None:
        if self._desk is not None:
            self._desk.alive_at = time.monotonic()

    # --- eyes, reader, courier ---

    def _start_visit(self, visit: int, cue_roles: list[Any]) -> None:
        memory = VisitMemory()
        self._memories[visit] = memory
        shared = memory.descriptors
        try:
            for name, size in MEMORIES.items():
                shared[name] = create_memory(name, size)
        except OSError as error:
            for role in ("eyes", "reader"):
                self._tell_not_started(role, visit, error)
        else:
            faces = {"face": shared["face"], "portrait": shared["portrait"]}
            self._start_child("eyes", visit, faces, cues="eyes" in cue_roles)
            self._start_child("reader", visit, {"document": shared["document"], "portrait": shared["portrait"]})
        self._forget_visit_if_over(visit)

    def _start_child(self, role: str, visit: int, memories: dict[str, int], *, cues: bool = False) -> None:
        """Start a child and hand desk its end of the pipe; one that cannot be started has ended, for desk."""
        try:
            self._start_connected(role, visit, memories, cues=cues)
        except OSError as error:
            self._tell_not_started(role, visit, error)

    def _start_connected(self, role: str, visit: int, memories: dict[str, int], *, cues: bool) -> None:
        """Pass the child its ends and memory; hand desk the others, and the memory that it may read."""
        ours, theirs = socket.socketpair()
        with ours, theirs, contextlib.ExitStack() as opened:
            passed = [theirs.fileno(), *memories.values()]
            command = ["--pipe-fd", str(theirs.fileno())]
            for name, descriptor in memories.items():
                command += [f"--{name}-fd", str(descriptor)]
            handed = [ours.fileno()]
            if cues:
                read_end, write_end = os.pipe()
                for descriptor in (read_end, write_end):
                    opened.callback(os.close, descriptor)
                passed.append(read_end)
                command += ["--cue-fd", str(read_end)]
                handed.append(write_end)
            handed += [descriptor for name, descriptor in memories.items() if name != "portrait"]
            child = self._spawn(role, command, tuple(passed), visit)
            self._tell({"event": "started", "role": role, "visit": visit, "pid": child.process.pid}, handed)

    def _tell_not_started(self, role: str, visit: int, error: OSError) -> None:
        how = f"{NOT_STARTED}: {reason(error)}"
        self._tell({"event": "ended", "role": role, "visit": visit, "how": how}, [])

    def _end_courier(self) -> None:
        """Desk says that it hangs, so it is not asked."""
        for child in self._children.values():
            if child.role == "courier":
                child.process.kill()

    def _end_visit(self, visit: int) -> None:
        """Give the children of a visit a moment to end by themselves, then kill them."""
        for child in self._children.values():
            if child.visit == visit and child.role in ("eyes", "reader"):
                child.kill_at = time.monotonic() + GRACE_S
        self._forget_visit_if_over(visit)

    def _spawn(self, role: str, arguments: list[str], passed: tuple[int, ...], visit: int) -> Child:
        words = [*self._programs[role], "--launcher-pid", str(os.getpid()), *arguments]
        child = start_child(role, visit, words, passed, self._logs, self._users)
        self._children[child.exit_watch] = child
        self._selector.register(child.exit_watch, selectors.EVENT_READ, self._on_exit)
        if child.log is not None:
            self._selector.register(child.log.descriptor, selectors.EVENT_READ, lambda _: self._on_output(child))
        return child

    def _on_output(self, child: Child) -> None:
        if child.log is not None and not child.log.pass_on():
            self._close_log(child)

    def _close_log(self, child: Child) -> None:
        if child.log is not None:
            self._selector.unregister(child.log.descriptor)
            child.log.close()
            child.log = None

    def _on_exit(self, descriptor: int) -> int | None:
        child = self._children[descriptor]
        code = self._release(child)
        if child is self._desk:
            self._desk = None
            return self._desk_ended(code)
        self._tell({"event": "ended", "role": child.role, "visit": child.visit, "how": _ended(code)}, [])
        self._forget_visit_if_over(child.visit)
        return None

    def _release(self, child: Child) -> int:
        """Wait for its end and close what was open for it; return its exit code."""
        code = child.process.wait()
        self._close_log(child)
        self._selector.unregister(child.exit_watch)
        os.close(child.exit_watch)
        del self._children[child.exit_watch]
        return code

    def _forget_visit_if_over(self, visit: int) -> None:
        if visit in self._memories and not any(
            child.visit == visit and child.role in ("eyes", "reader") for child in self._children.values()
        ):
            self._memories.pop(visit).wipe()

    def _kill_overdue(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if child.kill_at is not None and now >= child.kill_at:
                child.process.kill()
        self._kill_frozen_desk(now)

    def _kill_frozen_desk(self, now: float) -> None:
        """It would leave the customer's data on the screen, and nobody could end the visit."""
        desk = self._desk
        stood_still, self._looked_at = now - self._looked_at > _MACHINE_STOOD_STILL_S, now
        if desk is None or desk.alive_at is None:
            return
        if stood_still:  # not desk alone: it gets its time anew
            desk.alive_at = now
        elif now - desk.alive_at > self._desk_silence_s:
            desk.alive_at = None
            say(f"The desk process has not answered for {self._desk_silence_s:g} s and is killed.")
            desk.process.kill()

    def _tell(self, message: dict[str, Any], descriptors: list[int]) -> None:
        if self._desk_socket is None:
            return
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", descriptors))] if descriptors else []
        with contextlib.suppress(OSError):  # a desk that has just died is noticed by its exit
            # Without waiting: a frozen desk must not freeze the launcher.
            self._desk_socket.sendmsg([json.dumps(message).encode()], ancillary, socket.MSG_DONTWAIT)

    def _end_everything(self) -> None:
        for child in self._children.values():
            child.process.terminate()
        deadline = time.monotonic() + GRACE_S
        for child in self._children.values():
            try:
                child.process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.process.kill()
        self._wait_for_children()
        for memory in self._memories.values():
            memory.wipe()

    def _wait_for_children(self) -> None:
        for child in list(self._children.values()):
            self._release(child)


def _request(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _descriptor_arguments(arguments: list[str]) -> tuple[int, ...]:
    """Descriptors that `kiosk run` opened for desk, named as `--something-fd N`."""
    pairs = itertools.pairwise(arguments)
    return tuple(int(value) for name, value in pairs if name.endswith("-fd"))


def _ended(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def main(arguments: list[str] | None = None) -> int:
    """Entry of the launcher process; everything after `--` goes to desk."""
    parser = argparse.ArgumentParser(prog="kiosk-launcher", description=__doc__)
    parser.add_argument("--logs", type=Path, required=True)
    parser.add_argument("--once", action="store_true", help="end when desk ends, whatever the reason (demo)")
    parser.add_argument(
        "--user", action="append", default=[], metavar="PART=UID:GID:GROUPS:HOME", help="for desk, vision and courier"
    )
    parser.add_argument("desk", nargs="*")
    options = parser.parse_args(arguments)
    try:
        users = parse_users(options.user)
    except ProcessUserError as error:
        say(str(error))
        return 2
    confine_launcher()
    return Launcher(options.desk, options.logs, restart=not options.once, users=users).run()


if __name__ == "__main__":
    raise SystemExit(main())
