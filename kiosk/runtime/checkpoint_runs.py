"""Has the store sign the head of the audit trail every hour. The store does so by itself at start and end."""

from datetime import timedelta

from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.store.store import Store

_EVERY = timedelta(hours=1)


class CheckpointRuns(QObject):
    """A checkpoint that fails is told and tried again with the next."""

    trouble = Signal(str)
    """A sentence for teller and IT."""

    def __init__(self, store: Store, bridge: StoreBridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._store = store
        self._bridge = bridge
        self._timer = QTimer(self, interval=int(_EVERY.total_seconds() * 1000))
        self._timer.timeout.connect(self.run)

    def start(self) -> None:
        self._timer.start()

    def run(self) -> None:
        """Sign what came since the last checkpoint; nothing where nothing came."""
        self._bridge.when_done(submitted(self._store, "write_checkpoint"), lambda _: None, self._say_failed)

    def _say_failed(self, error: BaseException) -> None:
        self.trouble.emit(f"The audit trail could not be signed, which is tried again within the hour: {error}")
