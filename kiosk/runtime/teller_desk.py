"""The teller's side of the running kiosk: sign-in, what waits, the teller's acts. `ui` sees it as `TellerSurface`."""

import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.privacy.erasure import ErasureReason
from kiosk.runtime.clock import Clock
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.runtime.surface import OpenApplication, TellerView, TerminalNotice, VisitStage, WaitingVisit
from kiosk.session.events import RefusalReason, TellerCheck, TellerClosedVisit, TellerConfirmed, TellerRefused
from kiosk.session.machine import Phase, Session
from kiosk.store.store import Store
from kiosk.store.tellers import TellerAccount
from kiosk.supervision.authorisation import (
    SignInState,
    after_failure,
    after_success,
    hash_pin,
    may_try,
    sign_off_due,
    verify_pin,
)
from kiosk.supervision.roles import Act, Role, may
from kiosk.verification.decision import ReferralReason

_MAX_NOTICES = 20
_MAX_STRANGERS = 1000
_REFRESH_MS = 5000


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    """What an unknown name is checked against, so that it takes as long as a wrong PIN."""
    return hash_pin(f"{secrets.randbelow(10**12):012}")


def _stage(phase: Phase) -> VisitStage:
    match phase:
        case Phase.IDLE | Phase.RECORDING_VERDICT:
            return VisitStage.NONE
        case Phase.SHOWING_VERDICT:
            return VisitStage.ANSWERED
        case _:
            return VisitStage.UNDER_WAY


def _fits(account: TellerAccount | None, pin: str) -> bool:
    pin_hash = _hash_of_nobody() if account is None else account.pin_hash
    return verify_pin(pin_hash, pin) and account is not None


class TellerDesk(QObject):
    """Nothing is possible before a sign-in; every act names the teller in the audit."""

    changed = Signal(object)

    def __init__(
        self,
        controller: SessionController,
        store: Store,
        bridge: StoreBridge,
        clock: Clock,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._controller = controller
        self._store = store
        self._bridge = bridge
        self._clock = clock
        self._view = TellerView(demo=controller.view.demo)
        self._teller_id: str | None = None
        self._role: Role | None = None
        self._signed_in_at = self._last_look_at = clock.now()
        self._waiting_since: datetime | None = None
        # Argon2 takes its time on purpose; it must hold up neither the screen nor a commit.
        self._pin_checks = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pin")
        self._pin_checks.submit(_hash_of_nobody)
        self._trying = self._abandoned = False
        self._strangers: dict[str, SignInState] = {}
        controller.session_changed.connect(self._session_changed)
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
        if self._trying:
            return
        self._trying, self._abandoned = True, False
        self._show(replace(self._view, sign_in_error=None, locked_until=None))
        self._bridge.when_done(
            submitted(self._store, "teller", teller_id),
            lambda account: self._check_pin(teller_id, account, pin),
            self._not_tried,
        )

    def sign_off(self) -> None:
        """Nobody is signed in any more, and a PIN that is still being checked signs nobody in."""
        self._abandoned = True
        if self._teller_id is not None:
            self._note("record_sign_off", self._teller_id)
        self._teller_id = self._role = None
        self._show(replace(self._view, signed_in_as=None, sign_in_error=None, waiting=None, applications=()))

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

    def mark_opened(self, application_id: str) -> None:
        """The account is open in the bank's system: erase the record."""
        if (teller_id := self._who_acts(Act.MARK_OPENED)) is not None:
            self._ask(submitted(self._store, "mark_opened", application_id, teller_id), lambda _: self.refresh())

    def erase_record(self, application_id: str) -> None:
        """The customer wants it gone, or no account is opened: erase the record, which the audit tells apart."""
        if (teller_id := self._who_acts(Act.ERASE_RECORD)) is not None:
            erased = submitted(self._store, "erase_application", application_id, ErasureReason.CUSTOMER_WISH, teller_id)
            self._ask(erased, lambda _: self.refresh())

    def notice_seen(self, notice: TerminalNotice) -> None:
        """It goes from the console; IT's log keeps it."""
        if self._who_acts(Act.SEE_DELIVERY) is not None:
            self._show(replace(self._view, notices=tuple(kept for kept in self._view.notices if kept != notice)))

    # --- what the console shows ---

    def start(self) -> None:
        self._timer.start()
        self.refresh()

    def refresh(self) -> None:
        """Ask the store again; applications are read for a signed-in teller only."""
        self._sign_off_if_due()
        self._ask(submitted(self._store, "undelivered_summary"), self._show_undelivered)
        if self._who_may(Act.SEE_APPLICATIONS) is not None:
            self._ask(submitted(self._store, "open_applications"), self._show_applications)

    def notice(self, sentence: str) -> None:
        """Remember a sentence for the teller, newest first, each once with the time at which it was last said."""
        others = (old for old in self._view.notices if old.sentence != sentence)
        notices = (TerminalNotice(sentence, self._clock.now()), *others)
        self._show(replace(self._view, notices=notices[:_MAX_NOTICES]))

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

    def _check_pin(self, teller_id: str, account: TellerAccount | None, pin: str) -> None:
        """An unknown name takes as long as a wrong PIN and gets the same answers, the wait included."""
        state = self._strangers.get(teller_id, SignInState()) if account is None else account.sign_in_state
        if not may_try(state, self._clock.now()):
            self._refuse_sign_in("locked", state.locked_until)
            return

        def checked(right: bool) -> None:
            if account is not None and right:
                self._admit(account)
            else:
                self._count_failure(teller_id, account, after_failure(state, self._clock.now()))

        self._bridge.when_done(self._pin_checks.submit(_fits, account, pin), checked, self._not_tried)

    def _count_failure(self, teller_id: str, account: TellerAccount | None, state: SignInState) -> None:
        """Say that a PIN was wrong once that is counted; a store that cannot count answers no PIN, right or wrong."""
        if account is not None:
            self._bridge.when_done(
                submitted(self._store, "record_sign_in", teller_id, state, succeeded=False),
                lambda _: self._refuse_pin(state),
                self._not_kept,
            )
            return
        self._strangers.pop(teller_id, None)
        self._strangers[teller_id] = state
        if len(self._strangers) > _MAX_STRANGERS:
            del self._strangers[next(iter(self._strangers))]
        self._refuse_pin(state)

    def _admit(self, account: TellerAccount) -> None:
        """Sign in only once the audit holds it: nobody acts who cannot be named afterwards."""
        if self._abandoned:
            self._trying = False
            return
        self._bridge.when_done(
            submitted(self._store, "record_sign_in", account.teller_id, after_success(), succeeded=True),
            lambda _: self._admitted(account),
            self._not_kept,
        )

    def _admitted(self, account: TellerAccount) -> None:
        self._trying = False
        if self._abandoned:
            self._note("record_sign_off", account.teller_id)
            return
        if self._teller_id is not None:
            self.sign_off()
        self._teller_id, self._role = account.teller_id, Role.TELLER
        self._signed_in_at = self._last_look_at = self._clock.now()
        self._show(replace(self._view, signed_in_as=account.name, sign_in_error=None, waiting=self._what_waits()))
        self.refresh()

    def _not_kept(self, error: BaseException) -> None:
        self._refuse_sign_in("not_kept")
        self.notice(f"Nobody can sign in while the terminal cannot keep a record of it: {error}")

    def _refuse_pin(self, state: SignInState) -> None:
        """Say at once that a wait begins, not at the next try."""
        self._refuse_sign_in("wrong_pin" if state.locked_until is None else "locked", state.locked_until)

    def _refuse_sign_in(self, answer: str, locked_until: datetime | None = None) -> None:
        self._trying = False
        self._show(replace(self._view, sign_in_error=answer, locked_until=locked_until))

    def _not_tried(self, error: BaseException) -> None:
        self._trying = False
        self.notice(str(error))

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
        return WaitingVisit(
            record=self._controller.record(),
            reason=session.referral or ReferralReason.COMPARISON_FAILED,
            since=self._waiting_since,
            can_be_answered=session.can_be_answered,
            variant=session.variant,
            suspicions=session.suspicions,
            unmeasured=session.unmeasured,
        )

    def _show_undelivered(self, summary: Any) -> None:
        self._show(replace(self._view, undelivered=summary.count, oldest_undelivered_at=summary.oldest_at))

    def _show_applications(self, applications: Any) -> None:
        if self._who_may(Act.SEE_APPLICATIONS) is None:
            return
        shown = tuple(
            OpenApplication(
                application_id=kept.application_id,
                record=kept.record,
                answered_at=kept.answered_at,
                erased_at_latest=kept.erased_at_latest,
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
