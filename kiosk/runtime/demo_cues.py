"""Demo only: tells the simulated capture subject what a person in front of the screen would see there.

Goes through a pipe of its own, which exists in the demo only; eyes proper is told nothing.
"""

import contextlib
import os

from PySide6.QtCore import QObject

from kiosk.runtime.children import Children
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.surface import SessionView
from kiosk.session.machine import Phase

_LIGHT_OFF = "light off"
_IN_FRONT = (Phase.POSITIONING, Phase.CHECKING_LIVENESS, Phase.COMPARING)


class DemoCues(QObject):
    """Writes one word a change: `absent`, `present`, or the gesture asked for; and `light R G B` or `light off`."""

    def __init__(self, controller: SessionController, children: Children, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._children = children
        self._last = ""
        self._last_light = _LIGHT_OFF
        self.walked_away_at: Phase | None = None
        controller.view_changed.connect(self._follow)

    def _follow(self, view: SessionView) -> None:
        if self._children.cue_fd is None:
            return
        cue, light = self._cue_for(view), _light_of(view)
        if light != self._last_light:
            self._last_light = light
            self._write(light)
        if cue != self._last:
            self._last = cue
            self._write(cue)

    def _write(self, word: str) -> None:
        assert self._children.cue_fd is not None
        with contextlib.suppress(OSError):  # eyes may have gone; its end is noticed elsewhere
            os.write(self._children.cue_fd, f"{word}\n".encode())

    def _cue_for(self, view: SessionView) -> str:
        if view.session.phase is self.walked_away_at or view.session.phase not in _IN_FRONT:
            return "absent"
        return view.gesture.value if view.gesture is not None else "present"


def _light_of(view: SessionView) -> str:
    """The whole screen's colour, sRGB 0 to 255."""
    if view.colour is None:
        return _LIGHT_OFF
    red, green, blue = view.colour.srgb
    return f"light {red} {green} {blue}"
