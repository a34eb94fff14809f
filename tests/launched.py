"""The real launcher in a process of its own, with a lent desk and light children (`lent_desk`, `light_child`)."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import psutil

TESTS = Path(__file__).resolve().parent
LIGHT_CHILD = str(TESTS / "light_child.py")
PATIENCE_S = 20.0


@dataclass
class LentLine:
    """Desk's end of the launcher's socket, in the test's hands."""

    desk_pid: int
    line: socket.socket

    def ask(self, **request: Any) -> None:
        self.line.send(json.dumps(request).encode())

    def hear(self) -> tuple[dict[str, Any], list[int]]:
        """The launcher's next answer and the descriptors that came with it, which the caller closes."""
        data, descriptors, _, _ = socket.recv_fds(self.line, 4096, 8)
        return json.loads(data), list(descriptors)

    def hear_of_end(self, role: str) -> dict[str, Any]:
        """Pass over other news until a child of this role has ended."""
        while True:
            answer, descriptors = self.hear()
            for descriptor in descriptors:
                os.close(descriptor)
            if answer["event"] == "ended" and answer["role"] == role:
                return answer


class Launched:
    """Context: launcher and all it started are killed at the end."""

    def __init__(
        self,
        folder: Path,
        *,
        restart: bool = False,
        stubborn: bool = False,
        desk: Sequence[str] = (),
        child: Sequence[str] = (),
        courier: Sequence[str] = (),
        before: Sequence[str] = (),
        **more: Any,
    ) -> None:
        """`desk` and `child` are words for the lent desk and the light children, `more` is for the launcher.

        `courier` is a program in the courier's place; `before` are words that come before the launcher's command.
        """
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(PATIENCE_S)
        light = [LIGHT_CHILD, "--stubborn"] if stubborn else ["-S", LIGHT_CHILD, *child]
        children = dict.fromkeys(("eyes", "reader", "courier"), light)
        if courier:
            children["courier"] = list(courier)
        asked = {
            "programs": {"desk": [str(TESTS / "lent_desk.py")], **children},
            "logs": str(folder / "logs"),
            "restart": restart,
            "desk": ["--control-fd", str(theirs.fileno()), *desk],
            **more,
        }
        self.process = subprocess.Popen(
            [*before, sys.executable, "-I", str(TESTS / "launcher_of_light_children.py"), json.dumps(asked)],
            pass_fds=[theirs.fileno()],
            stderr=subprocess.PIPE,
            text=True,
        )
        theirs.close()
        self._lines: list[socket.socket] = []
        self.seen: list[psutil.Process] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.family()
        self.process.kill()
        self.process.wait()
        for process in self.seen:
            if process.is_running():
                process.kill()
        assert self.process.stderr is not None
        self.process.stderr.close()
        for line in (self._control, *self._lines):
            line.close()

    def desk_comes_up(self) -> LentLine:
        """Wait for a desk; it is another one each time the launcher starts one."""
        data, descriptors, _, _ = socket.recv_fds(self._control, 64, 1)
        line = socket.socket(fileno=descriptors[0])
        line.settimeout(PATIENCE_S)
        self._lines.append(line)
        return LentLine(int(data), line)

    def let_desk_end(self, code: int) -> None:
        self._control.send(str(code).encode())

    def family(self) -> list[psutil.Process]:
        """The launcher's living children; remembered, so that none can outlive the test."""
        try:
            found = psutil.Process(self.process.pid).children()
        except psutil.NoSuchProcess:
            return []
        self.seen += found
        return found

    def descriptors(self) -> int:
        """How many descriptors the launcher has open."""
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))
