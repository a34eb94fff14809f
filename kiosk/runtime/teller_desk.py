"""The teller's side of the running kiosk: sign-in, what waits, the teller's acts. `ui` sees it as `TellerSurface`."""

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime, tzinfo
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.privacy.consent import Consent
from kiosk.privacy.data_list import Viewer
from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.list_consistency import TABLE_OF
from kiosk.privacy.retention import StoredRecord
from kiosk.privacy.visibility import columns_visible_to, visible_to
from kiosk.runtime.clock import Clock
from kiosk.runtime.opening_day import OpeningDay
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.sign_ins import SignIns
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.runtime.surface import (
    DayState,
    ErasureSlip,
    OpenApplication,
    OwnRecord,
    SessionView,
    TellerView,
    TerminalNotice,
    VisitStage,
    WaitingVisit,
)
from kiosk.session.events import Language, RefusalReason, TellerCheck, TellerClosedVisit, TellerConfirmed, TellerRefused
from kiosk.session.machine import Phase, Session
from kiosk.session.visible_record import visible_record
from kiosk.store.store import Store
from kiosk.store.tellers import TellerAccount
from kiosk.store.timestamps import SYSTEM_ZONE
from kiosk.supervision.authorisation import sign_off_due
from kiosk.supervision.roles import Act, Role, may
from kiosk.verification.decision import ReferralReason

_MAX_NOTICES = 20
_REFRESH_MS = 5000


def _stage(phase: Phase) -> VisitStage:
    match phase:
        case Phase.IDLE | Phase.RECORDING_VERDICT | Phase.OWN_ERASING:
            return VisitStage.NONE
        case Phase.SHOWING_VERDICT:
            return VisitStage.ANSWERED
        case _:
            return VisitStage.UNDER_WAY


class TellerDesk(QObject):
    """Nothing is possible before a sign-in; every act names the teller in the audit."""

    changed = Signal(object)
    clock_confirmed = Signal(str)
    """By this teller."""
    handed_over = Signal(object)
    """An `OwnRecord` or an `ErasureSlip` that a customer takes along: to be printed."""

    def __init__(
        self,
        controller: SessionController,
        store: Store,
        bridge: StoreBridge,
        clock: Clock,
        staff_pepper: bytes,
        parent: QObject | None = None,
        branch_time_zone: tzinfo = SYSTEM_ZONE,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._store = store
        self._bridge = bridge
        self._clock = clock
        self._view = TellerView(
            day=DayState.CLOSED,
            holds=controller.view.holds,
            demo=controller.view.demo,
            trial_key=controller.view.trial_key,
        )
        self._teller_id: str | None = None
        self._role: Role | None = None
        self._signed_in_at = self._last_look_at = clock.now()
        self._waiting_since: datetime | None = None
        self._elements_seen = visible_to(controller.data_list, Viewer.TELLER)
        file, table = TABLE_OF[StoredRecord.APPLICATION]
        self._columns_seen = columns_visible_to(controller.data_list, Viewer.TELLER, file, table)
        self.day = OpeningDay(controller, store, bridge, clock, branch_time_zone, self)
        self.day.changed.connect(self._day_changed)
        self.day.ended.connect(self.sign_off)
        self.day.trouble.connect(self.notice)
        self._sign_ins = SignIns(store, bridge, clock, staff_pepper, self.day.fits, self)
        self._sign_ins.admitted.connect(self._admitted)
        self._sign_ins.left_meanwhile.connect(lambda account: self._note("record_sign_off", account.teller_id))
        self._sign_ins.refused.connect(self._sign_in_refused)
        self._sign_ins.trouble.connect(self.notice)
        controller.session_changed.connect(self._session_changed)
        controller.view_changed.connect(self._show_holds)
        controller.trouble.connect(self.notice)
        self._timer = QTimer(self, interval=_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)

    @property
    def view(self) -> TellerView:
        return self._view

    # --- sign-in ---

    def sign_in(self, teller_id: str, pin: str) -> None:
        """Check the PIN away from the screen and answer through `changed`.

        One try at a time: side by side, all would be counted as the first.
        """
        if not self._sign_ins.trying:
            self._show(replace(self._view, sign_in_error=None, locked_until=None))
            self._sign_ins.begin(teller_id, pin)

    def sign_off(self) -> None:
        """Nobody is signed in any more, and a PIN that is still being checked signs nobody in."""
        self._sign_ins.abandon()
        if self._teller_id is not None:
            self._note("record_sign_off", self._teller_id)
        self._teller_id = self._role = None
        nothing = replace(self._view, waiting=None, applications=(), hand_over=None)
        self._show(replace(nothing, signed_in_as=None, sign_in_error=None))

    # --- acts ---

    def confirm(self, checks: frozenset[TellerCheck]) -> None:
        """The waiting visit is a yes, after the teller has looked at this."""
        if (teller_id := self._who_acts(Act.CONFIRM_VISIT)) is not None:
            self._controller.send(TellerConfirmed(teller_id, checks))

    def refuse(self, reason: RefusalReason) -> None:
        """The waiting visit is a no."""
        if (teller_id := self._who_acts(Act.REFUSE_VISIT)) is not None:
            self._controller.send(TellerRefused(teller_id, reason))

    def close_visit(self) -> None:
        """End the visit without an answer."""
        if (teller_id := self._who_acts(Act.CLOSE_VISIT)) is not None:
            self._controller.send(TellerClosedVisit(teller_id))

    def close_day(self) -> None:
        """Close the terminal for today and sign off; a visit that is under way would lose its record."""
        teller_id = self._who_acts(Act.CLOSE_DAY)
        if teller_id is not None and self._controller.session.phase is Phase.IDLE:
            self.day.close(teller_id)
            self.sign_off()

    def confirm_clock(self) -> None:
        """The terminal's clock is right; the audit names who says so."""
        if (teller_id := self._who_acts(Act.CONFIRM_CLOCK)) is not None:
            self.clock_confirmed.emit(teller_id)

    def mark_opened(self, application_id: str) -> None:
        """The account is open in the bank's system: erase the record."""
        if (teller_id := self._who_acts(Act.MARK_OPENED)) is not None:
            self._ask(submitted(self._store, "mark_opened", application_id, teller_id), lambda _: self.refresh())

    def erase_record(self, application_id: str) -> None:
        """The customer wants it gone, or no account is opened: erase the record, which the audit tells apart."""
        if (teller_id := self._who_acts(Act.ERASE_RECORD)) is None:
            return

        # Both at once: the day may be closed in the same moment, and the store answers in order.
        consent = submitted(self._store, "consent_of", application_id)

        def language() -> Language:
            found: Consent | None = None if consent.exception() is not None else consent.result()
            return Language.ENGLISH if found is None else Language(found.language)

        self._controller.own_records.erasures.erase(
            application_id,
            ErasureReason.CUSTOMER_WISH,
            teller_id,
            language,
            partial(self._hand_over, teller_id),
            lambda error: self.notice(str(error)),
        )

    def copy_for_customer(self, application_id: str) -> None:
        """The record as a copy to take along, in the language in which the customer agreed."""
        if (teller_id := self._who_acts(Act.COPY_RECORD)) is not None:
            self._controller.own_records.hand_over_copy(
                application_id,
                teller_id,
                partial(self._hand_over, teller_id),
                lambda error: self.notice(str(error)),
            )

    def hand_over_done(self) -> None:
        """The customer has it; it is shown nowhere any more."""
        self._show(replace(self._view, hand_over=None))

    def notice_seen(self, notice: TerminalNotice) -> None:
        """It goes from the console; IT's log keeps it."""
        if self._who_acts(Act.SEE_DELIVERY) is not None:
            self._show(replace(self._view, notices=tuple(kept for kept in self._view.notices if kept != notice)))

    # --- what the console shows ---

    def start(self) -> None:
        self._timer.start()
        self.refresh()

    def stop(self) -> None:
        """Desk ends: the key to the application records goes."""
        self._timer.stop()
        self.day.stop()

    def refresh(self) -> None:
        """Ask the store again; applications are read for a signed-in teller only."""
        self._sign_off_if_due()
        self.day.look()
        self._ask(submitted(self._store, "undelivered_summary"), self._show_undelivered)
        if self._who_may(Act.SEE_APPLICATIONS) is not None and self.day.state is DayState.OPEN:
            self._ask(submitted(self._store, "open_applications"), self._show_applications)

    def notice(self, sentence: str) -> None:
        """Remember a sentence for the teller, newest first, each once with the time at which it was last said."""
        others = (old for old in self._view.notices if old.sentence != sentence)
        notices = (TerminalNotice(sentence, self._clock.now()), *others)
        self._show(replace(self._view, notices=notices[:_MAX_NOTICES]))

    def _hand_over(self, teller_id: str, what: OwnRecord | ErasureSlip | None) -> None:
        """To the customer who stands at the counter: on paper, and on the console while the teller who asked is there.

        A copy that comes when that teller has gone would lie in the printer for whoever comes next.
        """
        self.refresh()
        if what is None:
            return
        still_there = self._teller_id == teller_id
        if still_there:
            self._show(replace(self._view, hand_over=what))
        if still_there or isinstance(what, ErasureSlip):
            self.handed_over.emit(what)

    def _who_may(self, act: Act) -> str | None:
        """The signed-in teller's id if the role may do this; nobody signed in may do nothing."""
        return self._teller_id if may(self._role, act) else None

    def _who_acts(self, act: Act) -> str | None:
        """As `_who_may`, at the moment of the act: a sign-in that is over permits nothing until the next look."""
        self._sign_off_if_due()
        return self._who_may(act)

    def _sign_off_if_due(self) -> None:
        """The absolute limit and a clock set back; that nobody touches the console is the console's to notice."""
        now, last_look_at = self._clock.now(), self._last_look_at
        self._last_look_at = now
        if self._teller_id is None:
            return
        last_act_at = max(last_look_at, self._signed_in_at)
        if now < last_act_at or sign_off_due(self._signed_in_at, now, now) is not None:
            self.sign_off()

    def _admitted(self, account: TellerAccount, application_key: bytes) -> None:
        if self._teller_id is not None:
            self.sign_off()
        self._teller_id, self._role = account.teller_id, Role.TELLER
        self._signed_in_at = self._last_look_at = self._clock.now()
        self._show(replace(self._view, signed_in_as=account.name, sign_in_error=None, waiting=self._what_waits()))
        self.day.open(account.teller_id, application_key)
        self.refresh()

    def _day_changed(self, state: DayState) -> None:
        self._show(replace(self._view, day=state))
        if state is DayState.OPEN:
            self.refresh()

    def _show_holds(self, view: SessionView) -> None:
        self._show(replace(self._view, holds=view.holds))

    def _sign_in_refused(self, answer: str, locked_until: datetime | None) -> None:
        self._show(replace(self._view, sign_in_error=answer, locked_until=locked_until))

    def _session_changed(self, session: Session) -> None:
        self._waiting_since = self._clock.now() if session.phase is Phase.WAITING_FOR_TELLER else None
        self._show(replace(self._view, visit=_stage(session.phase)))
        if self._who_may(Act.SEE_WAITING_VISIT) is not None:
            self._show(replace(self._view, waiting=self._what_waits()))
            self.refresh()

    def _what_waits(self) -> WaitingVisit | None:
        session = self._controller.session
        if self._waiting_since is None:
            return None
        record, seen = self._controller.record(), self._elements_seen
        findings = "face_check_findings" in seen
        return WaitingVisit(
            record=None if record is None else visible_record(record, self._columns_seen),
            reason=session.referral or ReferralReason.COMPARISON_FAILED,
            since=self._waiting_since,
            can_be_answered=session.can_be_answered,
            variant=session.variant if "face_check_form" in seen else None,
            suspicions=session.suspicions if findings else frozenset(),
            unmeasured=session.unmeasured if findings else frozenset(),
            checks=session.checks_asked,
        )

    def _show_undelivered(self, summary: Any) -> None:
        self._show(replace(self._view, undelivered=summary.count, oldest_undelivered_at=summary.oldest_at))

    def _show_applications(self, applications: Any) -> None:
        if self._who_may(Act.SEE_APPLICATIONS) is None:
            return
        shown = tuple(
            OpenApplication(
                application_id=kept.application_id,
                record=visible_record(kept.record, self._columns_seen),
                answered_at=kept.answered_at if "answered_at" in self._columns_seen else None,
                erased_at_latest=kept.erased_at_latest if "answered_at" in self._columns_seen else None,
            )
            for kept in applications
        )
        self._show(replace(self._view, applications=shown))

    def _ask(self, future: "Future[Any]", then: Callable[[Any], None]) -> None:
        self._bridge.when_done(future, then, lambda error: self.notice(str(error)))

    def _note(self, method: str, *args: Any, **kwargs: Any) -> None:
        """Have the store keep something that nobody waits for; that it could not is said."""
        self._ask(submitted(self._store, method, *args, **kwargs), lambda _: None)

    def _show(self, view: TellerView) -> None:
        if view != self._view:
            self._view = view
            self.changed.emit(view)
