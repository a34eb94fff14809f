"""Tries, while nobody is at the terminal, whether the disk takes what a visit will write; if not, no visit begins.

A disk that is full or was made read-only would otherwise be noticed by a customer, at the end of a visit.
"""

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.errors import StoreError
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.runtime.surface import ServiceHold
from kiosk.session.machine import Phase, Session
from kiosk.store.store import Store

_LOOK_EVERY_MS = 60_000


class DiskWatch(QObject):
    """Looks at the start, every minute, after each visit and after whatever the store could not keep."""

    trouble = Signal(str)
    """A sentence for teller and IT."""

    def __init__(
        self, controller: SessionController, store: Store, bridge: StoreBridge, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._store = store
        self._bridge = bridge
        self._looking = False
        self._said = ""
        self._timer = QTimer(self, interval=_LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)
        controller.session_changed.connect(self._session_changed)

    def start(self) -> None:
        self.look()
        self._timer.start()

    def look(self) -> None:
        """Try; not during a visit, whose own writes are the trial."""
        if self._looking or self._controller.session.phase is not Phase.IDLE:
            return
        self._looking = True
        self._bridge.when_done(submitted(self._store, "try_writing"), self._writable, self._unwritable)

    def _session_changed(self, session: Session) -> None:
        if session.phase is Phase.IDLE:
            self.look()

    def _writable(self, _: Any) -> None:
        self._looking, self._said = False, ""
        self._controller.hold(ServiceHold.STORE_UNWRITABLE, on=False)

    def _unwritable(self, error: BaseException) -> None:
        self._looking = False
        if not isinstance(error, StoreError):
            raise error
        self._controller.hold(ServiceHold.STORE_UNWRITABLE, on=True)
        sentence = f"No new visit begins: {error} It is tried again every minute."
        if sentence != self._said:
            self._said = sentence
            self.trouble.emit(sentence)
