"""One try after the other to sign in at the teller console: the wait after wrong PINs, the PIN itself, the audit.

An unknown name takes as long as a wrong PIN and gets the same answers. Who is signed in, and for how long, is
`teller_desk`.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from PySide6.QtCore import QObject, Signal

from kiosk.runtime.clock import Clock
from kiosk.runtime.pin_checks import PinCheck, PinChecks
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.store.staff_keys import StaffKeyError
from kiosk.store.store import Store
from kiosk.store.tellers import TellerAccount
from kiosk.supervision.authorisation import SignInState, after_failure, after_success, may_try

_MAX_STRANGERS = 1000


class SignIns(QObject):
    """`fits` says whether a key opens the records that are open now."""

    admitted = Signal(object, object)
    """A `TellerAccount` and the key to the application records; the audit holds the sign-in."""
    left_meanwhile = Signal(object)
    """A `TellerAccount` whose sign-in the audit holds, and who is not there any more."""
    refused = Signal(str, object)
    """Why, as `TellerView.sign_in_error` says it; and until when the next try waits, or None."""
    trouble = Signal(str)
    """A sentence for teller and IT."""

    def __init__(
        self,
        store: Store,
        bridge: StoreBridge,
        clock: Clock,
        staff_pepper: bytes,
        fits: Callable[[bytes], bool],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._store = store
        self._bridge = bridge
        self._clock = clock
        self._pins = PinChecks(staff_pepper)
        self._fits = fits
        self._abandoned = False
        self._strangers: dict[str, SignInState] = {}
        self.trying = False
        """Side by side, all tries would be counted as the first."""

    def begin(self, teller_id: str, pin: str) -> None:
        """Check the PIN away from the screen."""
        self.trying, self._abandoned = True, False
        self._bridge.when_done(
            submitted(self._store, "teller", teller_id),
            lambda account: self._check_pin(teller_id, account, pin),
            self._not_tried,
        )

    def abandon(self) -> None:
        """A PIN that is still being checked signs nobody in."""
        self._abandoned = True

    def _check_pin(self, teller_id: str, account: TellerAccount | None, pin: str) -> None:
        state = self._strangers.get(teller_id, SignInState()) if account is None else account.sign_in_state
        if not may_try(state, self._clock.now()):
            self._refuse("locked", state.locked_until)
            return

        def checked(check: PinCheck) -> None:
            if account is None or not check.right:
                self._count_failure(teller_id, account, after_failure(state, self._clock.now()))
            elif check.fault is not None:
                self._refuse_staff_key(account, check.fault)
            elif not self._fits(check.application_key):
                self._refuse_staff_key(account, StaffKeyError(teller_id, "it opens other records than those in use"))
            else:
                self._admit(account, check.application_key)

        self._bridge.when_done(self._pins.check(account, pin), checked, self._not_tried)

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

    def _refuse_staff_key(self, account: TellerAccount, fault: StaffKeyError) -> None:
        """The PIN is right, so that nothing is counted; who cannot open the terminal finds out now and not tomorrow."""

        def refused(_: Any) -> None:
            self._refuse("staff_key")
            self.trouble.emit(str(fault))

        self._bridge.when_done(
            submitted(self._store, "record_sign_in", account.teller_id, account.sign_in_state, succeeded=False),
            refused,
            self._not_kept,
        )

    def _admit(self, account: TellerAccount, application_key: bytes) -> None:
        """Sign in only once the audit holds it: nobody acts who cannot be named afterwards."""
        if self._abandoned:
            self.trying = False
            return

        def kept(_: Any) -> None:
            self.trying = False
            if self._abandoned:
                self.left_meanwhile.emit(account)
            else:
                self.admitted.emit(account, application_key)

        self._bridge.when_done(
            submitted(self._store, "record_sign_in", account.teller_id, after_success(), succeeded=True),
            kept,
            self._not_kept,
        )

    def _not_kept(self, error: BaseException) -> None:
        self._refuse("not_kept")
        self.trouble.emit(f"Nobody can sign in while the terminal cannot keep a record of it: {error}")

    def _refuse_pin(self, state: SignInState) -> None:
        """Say at once that a wait begins, not at the next try."""
        self._refuse("wrong_pin" if state.locked_until is None else "locked", state.locked_until)

    def _refuse(self, answer: str, locked_until: datetime | None = None) -> None:
        self.trying = False
        self.refused.emit(answer, locked_until)

    def _not_tried(self, error: BaseException) -> None:
        self.trying = False
        self.trouble.emit(str(error))
