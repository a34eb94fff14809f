"""Looks at the clock with every step of a visit and once a minute, and holds service while it is in doubt.

The store decides, and itself records no consent and erases nothing meanwhile.
"""

from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.privacy.clock_doubt import ClockDoubt
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.runtime.surface import ServiceHold
from kiosk.store.store import Store

_EVERY_MS = 60_000


class ClockWatch(QObject):
    """Service is held until a teller confirms the time."""

    trouble = Signal(str)
    """A sentence for teller and IT."""
    confirmed = Signal()
    """All goes on: what waited for the right time has its turn."""

    def __init__(
        self, controller: SessionController, store: Store, bridge: StoreBridge, parent: QObject | None = None
    ) -> None:
        super().__init__(parent)
        self._controller, self._store, self._bridge = controller, store, bridge
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self.look)
        controller.session_changed.connect(lambda _: self.look())

    def start(self) -> None:
        """Look before anybody is served."""
        self.look()
        self._timer.start()

    def look(self) -> None:
        """Ask the store, which remembers what time it was."""
        self._bridge.when_done(submitted(self._store, "look_at_clock"), self._take, self._say_failed)

    def confirm(self, teller_id: str) -> None:
        """This teller has looked at the clock: the time is right."""

        def done(_: Any) -> None:
            self._controller.hold(ServiceHold.CLOCK_IN_DOUBT, on=False)
            self.confirmed.emit()

        self._bridge.when_done(submitted(self._store, "confirm_clock", teller_id), done, self._say_failed)

    def _take(self, doubt: ClockDoubt | None) -> None:
        held = ServiceHold.CLOCK_IN_DOUBT in self._controller.view.holds
        self._controller.hold(ServiceHold.CLOCK_IN_DOUBT, on=doubt is not None)
        if doubt is not None and not held:
            self.trouble.emit(
                f"The terminal's clock was moved: it said {doubt.doubted_at.astimezone():%Y-%m-%d %H:%M:%S} after"
                f" {doubt.believed.at.astimezone():%Y-%m-%d %H:%M:%S}. No visit begins and nothing is erased until"
                " it is right and a teller confirms that."
            )

    def _say_failed(self, error: BaseException) -> None:
        self.trouble.emit(f"The clock could not be checked, which is tried again within the minute: {error}")
