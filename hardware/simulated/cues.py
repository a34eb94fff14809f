"""What the simulated subject is asked to do, in what light the screen stands, and how both reach it.

The cue stands for what a customer reads on the screen; nothing here says how it is carried out.
"""

import os
import threading
from enum import StrEnum
from typing import Protocol

LightColour = tuple[int, int, int]
"""sRGB 0…255 that the whole screen is painted in."""

_MAX_WORD_BYTES = 64
_MAX_LEVEL = 255


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

    def light(self) -> LightColour | None:
        """Return the colour that the screen is painted in; None for its usual picture."""


class FixedCue:
    """Always the same cue and light, or whatever was last put in."""

    def __init__(self, cue: Cue = Cue.PRESENT, colour: LightColour | None = None) -> None:
        self.cue = cue
        self.colour = colour

    def current(self) -> Cue:
        return self.cue

    def light(self) -> LightColour | None:
        return self.colour


class PipeCuePort:
    """Reads words, one a line, from a file descriptor in a thread; what it does not know is ignored.

    A word is a cue, `light R G B` (sRGB, 0 to 255) or `light off`. The last ones stand when the writer goes away. The
    descriptor belongs to the port from now on.
    """

    def __init__(self, fd: int, first: Cue = Cue.PRESENT) -> None:
        self._fd = fd
        self._cue = first
        self._light: LightColour | None = None
        self._thread = threading.Thread(target=self._listen, name="cues", daemon=True)
        self._thread.start()

    def current(self) -> Cue:
        return self._cue

    def light(self) -> LightColour | None:
        return self._light

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
            said = word.decode("ascii").split()
            match said:
                case ["light", "off"]:
                    self._light = None
                case ["light", red, green, blue]:
                    self._light = _level(red), _level(green), _level(blue)
                case [cue]:
                    self._cue = Cue(cue)
        except ValueError:  # also UnicodeDecodeError: no word of ours
            return

    def _close(self) -> None:
        try:
            os.close(self._fd)
        except OSError:
            return


def _level(word: str) -> int:
    if not word.isdigit() or int(word) > _MAX_LEVEL:
        raise ValueError(f"{word} is no level of a colour")
    return int(word)
