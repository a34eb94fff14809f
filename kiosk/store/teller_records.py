"""Tellers and their sign-ins, as the store keeps them."""

from kiosk.store.audit_trail import AuditDetail, AuditKind
from kiosk.store.store_thread import StoreThread, in_store_thread
from kiosk.store.tellers import TellerAccount
from kiosk.supervision.authorisation import SignInState


class TellerRecords(StoreThread):
    """Part of `Store`."""

    @in_store_thread
    def add_teller(
        self, teller_id: str, name: str, pin_hash: str, staff_key: str, vouched_by: str | None = None
    ) -> None:
        """Add a teller; raise `TellerIdError` or `TellerExistsError`. Nobody vouches for the first one."""
        with self._books.transaction():
            self._books.tellers.add(teller_id, name, pin_hash, staff_key, self._recorder.moment().utc)
            self._record_vouching(vouched_by)
            self._recorder.record(teller_id, AuditKind.TELLER_ADDED)

    @in_store_thread
    def set_pin(self, teller_id: str, pin_hash: str, staff_key: str, vouched_by: str | None = None) -> None:
        """Give a teller a new PIN; nobody vouches for who changes their own. Raise `TellerUnknownError`."""
        with self._books.transaction():
            self._books.tellers.set_pin(teller_id, pin_hash, staff_key)
            self._record_vouching(vouched_by)
            self._recorder.record(teller_id, AuditKind.PIN_CHANGED)
        self._books.database.forget_deleted()  # what the old PIN opened stays nowhere

    @in_store_thread
    def remove_teller(self, teller_id: str) -> None:
        """Remove a teller; raise `TellerUnknownError` or `LastTellerError`."""
        with self._books.transaction():
            self._books.tellers.remove(teller_id)
            self._recorder.record(teller_id, AuditKind.TELLER_REMOVED)
        self._books.database.forget_deleted()

    @in_store_thread
    def teller(self, teller_id: str) -> TellerAccount | None:
        """A teller's account with failures and lock."""
        return self._books.tellers.find(teller_id)

    @in_store_thread
    def tellers(self) -> list[TellerAccount]:
        """Every teller, in the order in which they were added."""
        found = (self._books.tellers.find(teller_id) for teller_id in self._books.tellers.all_ids())
        return [account for account in found if account is not None]

    @in_store_thread
    def record_sign_in(self, teller_id: str, state: SignInState, succeeded: bool) -> None:
        """Keep what an attempt to sign in left behind; raise `TellerUnknownError`."""
        if succeeded:
            kind = AuditKind.SIGNED_IN
        else:
            kind = AuditKind.SIGN_IN_REFUSED if state.locked_until is None else AuditKind.TELLER_LOCKED
        with self._books.transaction():
            self._books.tellers.set_sign_in_state(teller_id, state)
            self._recorder.record(teller_id, kind, AuditDetail(number=state.failures))

    @in_store_thread
    def record_sign_off(self, teller_id: str) -> None:
        """A teller signed off."""
        with self._books.transaction():
            self._recorder.record(teller_id, AuditKind.SIGNED_OFF)

    def _record_vouching(self, vouched_by: str | None) -> None:
        if vouched_by is not None:
            self._recorder.record(vouched_by, AuditKind.TELLER_VOUCHED_FOR)
