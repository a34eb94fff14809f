"""Has the store erase what is due, at the start, every hour and after each visit, and says what stands in the way.

A run is made of slices, between which a visit's own writes have their turn. Application records are locked until a
teller opens the day; what is overdue of them is said, and goes at that moment. Decides nothing.
"""

from datetime import timedelta
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.privacy.people_held import people_sentence
from kiosk.privacy.retention import ErasureGround, ErasureOrder
from kiosk.runtime.clock import Clock
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.session.machine import Phase, Session
from kiosk.store.staff_records import OpenedDay
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
        self._running = False
        self._orders: list[ErasureOrder] = []
        self._timer = QTimer(self, interval=int(_EVERY.total_seconds() * 1000))
        self._timer.timeout.connect(self.run)

    def start(self) -> None:
        """Make up for what was missed."""
        self.run()
        self._timer.start()

    def after_visit(self, session: Session) -> None:
        """A visit is over: nothing waits for the hour."""
        if session.phase is Phase.IDLE:
            self._erase()

    def run(self) -> None:
        """Erase what is due by now, and look at what cannot be erased yet."""
        self._erase()
        self._ask("overdue_while_locked", self._say_locked, self._clock.now())
        self._ask("people_held", lambda held: self._say(people_sentence(held.with_answer)))

    def say_opened(self, opened: OpenedDay) -> None:
        """Say what was found when the application records were opened."""
        self._say_doubt(opened.erased)
        for record in opened.missing:
            self.trouble.emit(
                f"The record of message {record.sequence}, a yes of {record.answered_at.astimezone():%Y-%m-%d %H:%M},"
                " is gone: an older applications.db was put back, or a backup, which holds none. Put back the newest"
                " one, or take the customer's data from the document again."
            )

    def _erase(self) -> None:
        if not self._running:
            self._running, self._orders = True, []
            self._erase_further()

    def _erase_further(self) -> None:
        self._ask("erase_some_due", self._erased, self._clock.now())

    def _erased(self, orders: list[ErasureOrder]) -> None:
        self._orders += orders
        if orders:
            self._erase_further()
            return
        self._running = False
        self._say_doubt(self._orders)

    def _say_doubt(self, orders: Any) -> None:
        doubtful = sum(order.ground is ErasureGround.DATED_AHEAD for order in orders)
        if doubtful:
            self.trouble.emit(
                f"Application records dated ahead of the clock were erased ({doubtful}): check the terminal's clock."
            )

    def _say_locked(self, overdue: int) -> None:
        if overdue:
            self.trouble.emit(
                f"Application records are overdue and locked ({overdue}): they are erased as soon as a teller opens the"
                " terminal, so open it today."
            )

    def _say(self, sentence: str | None) -> None:
        if sentence is not None:
            self.trouble.emit(sentence)

    def _ask(self, method: str, then: Any, *args: Any) -> None:
        self._bridge.when_done(submitted(self._store, method, *args), then, self._say_failed)

    def _say_failed(self, error: BaseException) -> None:
        self._running = False
        self.trouble.emit(f"What is due could not be erased, which is tried again within the hour: {error}")
