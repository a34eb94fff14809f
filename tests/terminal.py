"""A terminal at which tests answer the `kiosk` command's questions. Linux's pseudo-terminals, nothing else."""

import contextlib
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

PATIENCE_S = 20.0
REPOSITORY = Path(__file__).resolve().parent.parent


class Terminal:
    """Runs one command at a terminal of its own. Use as a context."""

    def __init__(self, *words: str) -> None:
        self._master, slave = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kiosk", *words],
            cwd=REPOSITORY,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            preexec_fn=_take_terminal,
        )
        os.close(slave)
        self.shown = ""
        self._seen = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def expect(self, text: str) -> None:
        """Wait until the text is shown after what was expected before; fail with all that was shown."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := self.shown.find(text, self._seen)) < 0:
            assert time.monotonic() < deadline, f"{text!r} was not shown in:\n{self.shown}"
            assert self._read(), f"the command ended without showing {text!r}:\n{self.shown}"
        self._seen = found + len(text)

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._master, text.encode() + b"\n")

    def press_until_it_ends(self, key: bytes) -> int:
        """Press one key, such as Ctrl-C, and again each second: Python misses one that comes too soon."""
        for _ in range(int(PATIENCE_S)):
            with contextlib.suppress(OSError):
                os.write(self._master, key)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(1)
                break
        return self.end()

    def answer(self, question: str, text: str) -> None:
        self.expect(question)
        self.expect(": ")
        self.type(text)

    def end(self) -> int:
        """Read to the end; return the exit code."""
        deadline = time.monotonic() + PATIENCE_S
        while self._read():
            assert time.monotonic() < deadline, f"the command does not end:\n{self.shown}"
        return self.process.wait(PATIENCE_S)

    def _read(self) -> bool:
        if not select.select([self._master], [], [], 1.0)[0]:
            return True
        try:
            data = os.read(self._master, 65536)
        except OSError:  # Linux's way to say that the other end was closed
            return False
        self.shown += data.decode(errors="replace").replace("\r\n", "\n")
        return bool(data)


def _take_terminal() -> None:
    """Make the terminal the controlling one, so that Ctrl-C and hidden input work as for a person."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
