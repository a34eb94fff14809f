"""What the simulated subject is asked to do, and how the asking reaches it.

The cue stands for what a customer reads on the screen; nothing here says how it is carried out.
"""

import os
import threading
from enum import StrEnum
from typing import Protocol

_MAX_WORD_BYTES = 64


class Cue(StrEnum):
    """What the subject should be doing; left and right are their own."""

    ABSENT = "absent"
    PRESENT = "present"
    TURN_LEFT = "turn_left"
    TURN_RIGHT = "turn_right"
    BLINK = "blink"
    OPEN_MOUTH = "open_mouth"
    SMILE = "smile"


class CuePort(Protocol):
    """Where the subject looks for the cue; asking never waits."""

    def current(self) -> Cue:
        """Return the newest cue."""


class FixedCue:
    """Always the same cue, or whatever was last put in."""

    def __init__(self, cue: Cue = Cue.PRESENT) -> None:
        self.cue = cue

    def current(self) -> Cue:
        return self.cue


class PipeCuePort:
    """Reads cue words, one a line, from a file descriptor in a thread; words it does not know are ignored.

    The last cue stands when the writer goes away. The descriptor belongs to the port from now on.
    """

    def __init__(self, fd: int, first: Cue = Cue.PRESENT) -> None:
        self._fd = fd
        self._cue = first
        self._thread = threading.Thread(target=self._listen, name="cues", daemon=True)
        self._thread.start()

    def current(self) -> Cue:
        return self._cue

    def wait_until_closed(self, timeout_s: float | None = None) -> bool:
        """Wait until the writer has closed its end and every word is read; True when that is so."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _listen(self) -> None:
        pending = b""
        try:
            while chunk := os.read(self._fd, 4096):
                *words, pending = (pending + chunk).split(b"\n")
                pending = pending[-_MAX_WORD_BYTES:]
                for word in words:
                    self._take(word)
        except OSError:
            pass  # closed under us: the last cue stands
        finally:
            self._close()

    def _take(self, word: bytes) -> None:
        try:
            self._cue = Cue(word.decode("ascii").strip())
        except ValueError:  # also UnicodeDecodeError: no word of ours
            return

    def _close(self) -> None:
        try:
            os.close(self._fd)
        except OSError:
            return
