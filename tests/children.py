"""Starts one real child process the way the launcher does, with the test in desk's place."""

import os
import socket
import subprocess
import sys
from typing import Any, Self

from kiosk.runtime.child_environment import child_environment
from kiosk.runtime.frames import FrameMemory
from kiosk.runtime.messages import Channel, FromEyes, FromReader, Quit
from kiosk.runtime.shared_memory import PORTRAIT_FRAME_BYTES, PREVIEW_FRAME_BYTES, create_memory

ROLES = {
    "eyes": ("kiosk.runtime.eyes_process", FromEyes, ("face", "portrait")),
    "reader": ("kiosk.runtime.reader_process", FromReader, ("document", "portrait")),
}
PATIENCE_S = 60.0


class ChildUnderTest:
    """Context: the process is ended and its memory released."""

    def __init__(self, role: str, *, cues: bool = False, first: str = "") -> None:
        """`first` is a program that the process carries out before its own."""
        module, incoming, memories = ROLES[role]
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE_S)
        self._descriptors = {
            name: create_memory(name, PORTRAIT_FRAME_BYTES if name == "portrait" else PREVIEW_FRAME_BYTES)
            for name in memories
        }
        words = ["-c", f"{first}\nfrom {module} import main\nmain()"] if first else ["-m", module]
        command = [sys.executable, "-I", *words, "--launcher-pid", str(os.getpid())]
        command += ["--pipe-fd", str(theirs.fileno())]
        for name, descriptor in self._descriptors.items():
            command += [f"--{name}-fd", str(descriptor)]
        passed = [theirs.fileno(), *self._descriptors.values()]
        self.cue_fd: int | None = None
        if cues:
            read_end, self.cue_fd = os.pipe()
            passed.append(read_end)
            command += ["--cue-fd", str(read_end)]
        environment = child_environment(role, os.environ)
        self.process = subprocess.Popen(
            command, pass_fds=passed, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=environment
        )
        theirs.close()
        if cues:
            os.close(read_end)
        self.channel: Channel[Any] = Channel(ours, incoming)
        self.memories = {name: FrameMemory(os.dup(fd)) for name, fd in self._descriptors.items()}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()
        self.channel.close()
        for memory in self.memories.values():
            memory.close()
        for descriptor in (*self._descriptors.values(), *([self.cue_fd] if self.cue_fd is not None else [])):
            os.close(descriptor)

    def expect(self, kind: type, *, at_most: int = 1000) -> Any:
        """The next message of this kind; others before it are passed over."""
        for _ in range(at_most):
            message = self.channel.receive()
            if isinstance(message, kind):
                return message
        raise AssertionError(f"{at_most} messages came and none was a {kind.__name__}")

    def end_in_good_order(self) -> int:
        """Ask it to quit; return its exit code."""
        self.channel.send(Quit())
        return self.process.wait(PATIENCE_S)
