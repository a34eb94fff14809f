"""What a child says on its standard output and error, on its way into its log file. Standard library only.

A process that sees a face is given no descriptor of a file: it speaks into a pipe, and the launcher writes what it
says as printable text, up to a bound. So it can neither store pictures in bulk nor unsay what was written.
"""

import codecs
import contextlib
import os
from pathlib import Path

MAX_LOG_BYTES = 16 * 1024
"""Of one process; in good order eyes says less than 1 KiB, and the trace of an error has a few."""
_CUT_OFF = "\n(cut off: this process has said too much)\n"


def open_log_file(folder: Path, role: str) -> int:
    """Return a descriptor that appends to the role's log; folder and file are for their owner only."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    descriptor = os.open(folder / f"{role}.log", os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


class ChildLog:
    """The launcher's end of one child's output; `child_end` is the child's, which the launcher closes once it runs."""

    def __init__(self, file: int) -> None:
        """Take over the descriptor of the log file."""
        self._file = file
        self._left_bytes = MAX_LOG_BYTES
        self._over = False
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        try:
            self.descriptor, self.child_end = os.pipe()
        except OSError:
            os.close(file)
            raise
        os.set_blocking(self.descriptor, False)

    def pass_on(self) -> bool:
        """Write what has come; False when nothing more is to be heard, because the child closed it or said too much."""
        said = os.read(self.descriptor, self._left_bytes + 1)
        self._write(self._decoder.decode(said[: self._left_bytes]))
        if said and len(said) <= self._left_bytes:
            self._left_bytes -= len(said)
            return True
        if said:
            self._write(_CUT_OFF)
        self._over = True
        return False

    def close(self) -> None:
        """Write what is left in the pipe, then close."""
        with contextlib.suppress(BlockingIOError):
            while not self._over:
                self.pass_on()
        os.close(self.descriptor)
        os.close(self._file)

    def _write(self, text: str) -> None:
        printable = "".join(letter if letter.isprintable() or letter in "\n\t" else "?" for letter in text)
        with contextlib.suppress(OSError):  # a full disk is no reason to end a visit
            os.write(self._file, printable.encode())
