"""Has the store erase what is due, at the start and every hour, and says what stands in the way. Decides nothing."""

from datetime import timedelta
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.privacy.retention import ErasureGround
from kiosk.runtime.clock import Clock
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.store.store import Store

_EVERY = timedelta(hours=1)


class RetentionRuns(QObject):
    """A run that fails is told and tried again with the next."""

    trouble = Signal(str)
    """A sentence for teller and IT."""

    def __init__(self, store: Store, bridge: StoreBridge, clock: Clock, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._bridge = bridge
        self._clock = clock
        self._timer = QTimer(self, interval=int(_EVERY.total_seconds() * 1000))
        self._timer.timeout.connect(self.run)

    def start(self) -> None:
        """Make up for what was missed, and look once for records that an old copy took away."""
        self._bridge.when_done(
            submitted(self._store, "note_missing_records", self._clock.now()), self._say_missing, self._say_unchecked
        )
        self.run()
        self._timer.start()

    def run(self) -> None:
        """Erase what is due by now."""
        future = submitted(self._store, "erase_due", self._clock.now())
        self._bridge.when_done(future, self._say_doubt, self._say_failed)

    def _say_missing(self, missing: Any) -> None:
        for record in missing:
            self.trouble.emit(
                f"The record of message {record.sequence}, a yes of {record.answered_at.astimezone():%Y-%m-%d %H:%M},"
                " is gone: an older applications.db was put back. Put back the newest one, or take the customer's data"
                " from the document again."
            )

    def _say_doubt(self, orders: Any) -> None:
        doubtful = sum(order.ground is ErasureGround.DATED_AHEAD for order in orders)
        if doubtful:
            self.trouble.emit(
                f"Application records dated ahead of the clock were erased ({doubtful}): check the terminal's clock."
            )

    def _say_unchecked(self, error: BaseException) -> None:
        self.trouble.emit(f"Whether a record is missing could not be seen: {error}")

    def _say_failed(self, error: BaseException) -> None:
        self.trouble.emit(f"What is due could not be erased, which is tried again within the hour: {error}")
