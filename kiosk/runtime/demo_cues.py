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

_IN_FRONT = (Phase.POSITIONING, Phase.CHECKING_LIVENESS, Phase.COMPARING)


class DemoCues(QObject):
    """Writes one word a change: `absent`, `present`, or the gesture asked for."""

    def __init__(self, controller: SessionController, children: Children, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._children = children
        self._last = ""
        self.walked_away_at: Phase | None = None
        controller.view_changed.connect(self._follow)

    def _follow(self, view: SessionView) -> None:
        cue = self._cue_for(view)
        if cue == self._last or self._children.cue_fd is None:
            return
        self._last = cue
        with contextlib.suppress(OSError):  # eyes may have gone; its end is noticed elsewhere
            os.write(self._children.cue_fd, f"{cue}\n".encode())

    def _cue_for(self, view: SessionView) -> str:
        if view.session.phase is self.walked_away_at or view.session.phase not in _IN_FRONT:
            return "absent"
        return view.gesture.value if view.gesture is not None else "present"
