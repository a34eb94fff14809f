"""Whether the terminal is open for today: a teller's sign-in opens it, a teller, midnight or desk's end closes it.

While it is closed nobody can read an application record, this process included, and no visit begins.
"""

import contextlib
import hashlib
import hmac
from datetime import datetime, tzinfo
from typing import Any

from PySide6.QtCore import QObject, Signal

from kiosk.errors import StoreError
from kiosk.runtime.clock import Clock
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.runtime.surface import DayState, ServiceHold
from kiosk.session.machine import Phase
from kiosk.store.audit_trail import MACHINE
from kiosk.store.store import Store
from kiosk.store.timestamps import SYSTEM_ZONE
from kiosk.supervision.authorisation import day_is_over


class OpeningDay(QObject):
    """One day after the other; the controller begins with the hold on."""

    changed = Signal(object)
    """The `DayState`."""
    opened = Signal(object)
    """The `OpenedDay`: what was overdue, and what is missing."""
    ended = Signal()
    """Midnight has closed the day."""
    trouble = Signal(str)
    """A sentence for teller and IT."""

    def __init__(
        self,
        controller: SessionController,
        store: Store,
        bridge: StoreBridge,
        clock: Clock,
        branch_time_zone: tzinfo = SYSTEM_ZONE,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._store = store
        self._bridge = bridge
        self._clock = clock
        self._branch_time_zone = branch_time_zone
        self._state = DayState.CLOSED
        self._opened_at = clock.now()
        self._key_sha256 = b""
        controller.session_changed.connect(lambda _: self.look())

    @property
    def state(self) -> DayState:
        return self._state

    @property
    def opened_at(self) -> datetime | None:
        """When; None unless it is open."""
        return self._opened_at if self._state is DayState.OPEN else None

    def fits(self, application_key: bytes) -> bool:
        """False for a key that opens other records than those that are open."""
        return self._state is DayState.CLOSED or hmac.compare_digest(self._key_sha256, _sha256(application_key))

    def open(self, teller_id: str, application_key: bytes) -> None:
        """Open the records; what is overdue goes before anybody sees one. Nothing to do on a day that is open."""
        if self._state is DayState.OPENING or (self._state is DayState.OPEN and not self._is_over()):
            return
        self._opened_at, self._key_sha256 = self._clock.now(), _sha256(application_key)
        self._show(DayState.OPENING)
        self._bridge.when_done(
            submitted(self._store, "open_day", application_key, teller_id, self._opened_at),
            self._opened,
            self._not_opened,
        )

    def close(self, actor: str) -> None:
        """No visit begins any more, and the key is dropped. Not while a visit is under way, which would be lost."""
        if self._state is not DayState.OPEN or self._controller.session.phase is not Phase.IDLE:
            return
        self._hold(on=True)
        self._key_sha256 = b""
        self._show(DayState.CLOSED)
        self._bridge.when_done(
            submitted(self._store, "close_day", actor),
            lambda _: None,
            lambda error: self.trouble.emit(f"That the terminal was closed could not be recorded: {error}"),
        )

    def look(self) -> None:
        """At midnight no visit begins any more; one that is under way comes to its end first."""
        if self._state is not DayState.OPEN or not self._is_over():
            return
        self._hold(on=True)
        if self._controller.session.phase is Phase.IDLE:
            self.close(MACHINE)
            self.ended.emit()

    def stop(self) -> None:
        """Desk ends; back when the key is gone."""
        if self._state is not DayState.CLOSED:
            self._state = DayState.CLOSED
            with contextlib.suppress(StoreError):  # the key is gone all the same, and the next start is in the audit
                self._store.close_day(MACHINE)

    def _opened(self, opened: Any) -> None:
        self._hold(on=False)
        self._show(DayState.OPEN)
        self.opened.emit(opened)

    def _not_opened(self, error: BaseException) -> None:
        self._hold(on=True)
        self._show(DayState.CLOSED)
        self.trouble.emit(f"The terminal could not be opened for today: {error}")

    def _is_over(self) -> bool:
        return day_is_over(self._opened_at, self._clock.now(), self._branch_time_zone)

    def _hold(self, *, on: bool) -> None:
        self._controller.hold(ServiceHold.NOT_OPENED_TODAY, on=on)

    def _show(self, state: DayState) -> None:
        if state is not self._state:
            self._state = state
            self.changed.emit(state)


def _sha256(application_key: bytes) -> bytes:
    return hashlib.sha256(application_key).digest()
