"""Stand-ins that keep the real things' contracts, for tests of the parts around them."""

import time
from dataclasses import replace

import numpy as np
from PySide6.QtCore import QObject, Signal

from kiosk.runtime.surface import (
    OpenApplication,
    Readiness,
    SessionView,
    TellerView,
    TerminalNotice,
    VisitSlip,
    WaitingVisit,
)
from kiosk.session.events import (
    ALWAYS_CHECKED,
    ApplicationRecord,
    Event,
    RefusalReason,
    TellerCheck,
    TellerClosedVisit,
    TellerConfirmed,
    TellerRefused,
)
from kiosk.session.machine import Phase, Session, advance
from kiosk.session.visible_record import visible_record
from kiosk.ui.poses import NOON, RECORD, SLIP, erasure_slip, own_record

FAKE_TELLER, FAKE_PIN = "1042", "264913"


class FakeCustomerSurface(QObject):
    """A `CustomerSurface` that remembers what was sent; `show` plays the kiosk's part."""

    view_changed = Signal(object)

    def __init__(self, view: SessionView | None = None) -> None:
        super().__init__()
        self.view = view or SessionView(readiness=Readiness.READY)
        self.sent: list[Event] = []
        self.touches = 0
        self.face: np.ndarray | None = None
        self.page: np.ndarray | None = None

    def show(self, view: SessionView) -> None:
        self.view = view
        self.view_changed.emit(view)

    def send(self, event: Event) -> None:
        self.sent.append(event)

    def touched(self) -> None:
        self.touches += 1

    def record(self) -> ApplicationRecord | None:
        return RECORD if self.view.session.evidence else None

    def preview_pixels(self) -> np.ndarray | None:
        return self.face

    def document_pixels(self) -> np.ndarray | None:
        return self.page


_WITH_RECORD = (Phase.OWN_RECORD, Phase.OWN_COPY, Phase.OWN_ERASURE)


class SessionBackedSurface(FakeCustomerSurface):
    """Walks the real session table; a script of events stands in for cameras and children."""

    def __init__(
        self, device_events: dict[Phase, Event], wait_for_decline_at: Phase | None = None, slip: VisitSlip = SLIP
    ) -> None:
        super().__init__()
        self._wait_for_decline_at = wait_for_decline_at
        self._device_events = device_events
        self._slip = slip
        self.phases: list[Phase] = [Phase.IDLE]

    def send(self, event: Event) -> None:
        super().send(event)
        after, _ = advance(self.view.session, event)
        if after is self.view.session:
            return
        self._enter(after)

    def devices_answer(self) -> None:
        """Let the devices say what they have to say in this phase."""
        session = self.view.session
        event = self._device_events.get(session.phase)
        waits = session.phase is self._wait_for_decline_at and not session.face_declined
        if event is not None and not waits:
            self.send(event)

    def _enter(self, session: Session) -> None:
        if session.phase is not self.view.session.phase:
            self.phases.append(session.phase)
        slip = self._slip if session.phase is Phase.SHOWING_VERDICT else None
        own = own_record(session.language) if session.phase in _WITH_RECORD else None
        erasure = erasure_slip(session.language) if session.phase is Phase.OWN_ERASED else None
        ends_at_s = time.monotonic() + 60
        self.show(
            replace(self.view, session=session, slip=slip, own_record=own, erasure=erasure, idle_ends_at_s=ends_at_s)
        )


class FakeTellerSurface(QObject):
    """A `TellerSurface` with one teller; remembers every act."""

    changed = Signal(object)

    def __init__(self, view: TellerView | None = None) -> None:
        super().__init__()
        self.view = view or TellerView()
        self.acts: list[object] = []
        self.kept: tuple[OpenApplication, ...] = ()

    def show(self, view: TellerView) -> None:
        self.view = view
        self.changed.emit(view)

    def sign_in(self, teller_id: str, pin: str) -> None:
        if (teller_id, pin) == (FAKE_TELLER, FAKE_PIN):
            signed_in = replace(self.view, signed_in_as="M. Chen", sign_in_error=None)
            self.show(replace(signed_in, waiting=self.what_waits(), applications=self.kept))
        else:
            self.show(replace(self.view, sign_in_error="wrong_pin"))

    def sign_off(self) -> None:
        self.acts.append("sign_off")
        self.show(TellerView())

    def confirm(self, checks: frozenset[TellerCheck]) -> None:
        assert checks == ALWAYS_CHECKED
        self.acts.append("confirm")

    def refuse(self, reason: RefusalReason) -> None:
        self.acts.append(reason)

    def close_visit(self) -> None:
        self.acts.append("close_visit")

    def confirm_clock(self) -> None:
        self.acts.append("confirm_clock")

    def close_day(self) -> None:
        self.acts.append("close_day")

    def mark_opened(self, application_id: str) -> None:
        self._let_go("mark_opened", application_id)

    def copy_for_customer(self, application_id: str) -> None:
        self.acts.append(("copy_for_customer", application_id))

    def hand_over_done(self) -> None:
        self.acts.append("hand_over_done")
        self.show(replace(self.view, hand_over=None))

    def erase_record(self, application_id: str) -> None:
        self._let_go("erase_record", application_id)

    def _let_go(self, act: str, application_id: str) -> None:
        self.acts.append((act, application_id))
        self.kept = tuple(kept for kept in self.kept if kept.application_id != application_id)
        self.show(replace(self.view, applications=self.kept))

    def notice_seen(self, notice: TerminalNotice) -> None:
        self.show(replace(self.view, notices=tuple(kept for kept in self.view.notices if kept != notice)))

    def what_waits(self) -> WaitingVisit | None:
        return self.view.waiting


class SessionBackedTeller(FakeTellerSurface):
    """The teller of a `SessionBackedSurface`: acts reach its session, a yes becomes an application."""

    def __init__(self, customer: SessionBackedSurface) -> None:
        super().__init__()
        self._customer = customer
        customer.view_changed.connect(self._follow)

    def confirm(self, checks: frozenset[TellerCheck]) -> None:
        super().confirm(checks)
        self._customer.send(TellerConfirmed(FAKE_TELLER, checks))

    def refuse(self, reason: RefusalReason) -> None:
        super().refuse(reason)
        self._customer.send(TellerRefused(FAKE_TELLER, reason))

    def close_visit(self) -> None:
        super().close_visit()
        self._customer.send(TellerClosedVisit(FAKE_TELLER))

    def what_waits(self) -> WaitingVisit | None:
        session = self._customer.view.session
        if session.phase is not Phase.WAITING_FOR_TELLER or session.referral is None:
            return None
        record = self._customer.record()
        seen = None if record is None else visible_record(record)
        return WaitingVisit(seen, session.referral, NOON, session.can_be_answered)

    def _follow(self, view: SessionView) -> None:
        if view.session.phase is Phase.SHOWING_VERDICT and view.session.answer:
            self.kept = (OpenApplication("A1", visible_record(RECORD), NOON, NOON),)
        if self.view.signed_in_as is not None:
            self.show(replace(self.view, waiting=self.what_waits(), applications=self.kept))
