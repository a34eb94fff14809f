"""Holds what waits for the bank against the limits, warns teller and IT, and stops new visits at a queue that is full.

Judges nothing itself (`supervision/queue_limits.py`). A restart finds the same queue, and so the same hold.
"""

from datetime import timedelta
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.runtime.clock import Clock
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.runtime.surface import ServiceHold
from kiosk.store.store import Store
from kiosk.supervision.queue_limits import (
    ClockReading,
    QueueLevel,
    QueueLimits,
    QueueState,
    judge_queue,
    queue_words,
)

_LOOK_EVERY_MS = 60_000
_SAY_AGAIN_S = timedelta(hours=24).total_seconds()


class QueueWatch(QObject):
    """Looks at the start, every minute, and whenever something was queued or delivered."""

    trouble = Signal(str)
    """A sentence for teller and IT."""

    def __init__(
        self,
        controller: SessionController,
        store: Store,
        bridge: StoreBridge,
        clock: Clock,
        limits: QueueLimits,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._store = store
        self._bridge = bridge
        self._clock = clock
        self._limits = limits
        self._began = self._read_clock()
        self._said = ""
        self._say_again_at_s = 0.0
        self._timer = QTimer(self, interval=_LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)

    def start(self) -> None:
        self.look()
        self._timer.start()

    def look(self) -> None:
        """Ask the store how much waits; a store that cannot say leaves the hold as it is."""
        self._bridge.when_done(submitted(self._store, "undelivered_summary"), self._judge, lambda _: None)

    def _judge(self, summary: Any) -> None:
        state = judge_queue(summary.count, summary.oldest_at, self._began, self._read_clock(), self._limits)
        self._controller.hold(ServiceHold.OUTBOX_FULL, on=state.level is QueueLevel.FULL)
        self._say(state)

    def _say(self, state: QueueState) -> None:
        """Once for each state, and again each day: the console shows number and time all the while."""
        sentence, now_s = queue_words(state, self._limits), self._clock.monotonic_s()
        if sentence and (sentence != self._said or now_s >= self._say_again_at_s):
            self._say_again_at_s = now_s + _SAY_AGAIN_S
            self.trouble.emit(sentence)
        self._said = sentence

    def _read_clock(self) -> ClockReading:
        return ClockReading(self._clock.now(), self._clock.monotonic_s())
