"""Records whose account is yet to be opened: unlocking, reading, erasing."""

from datetime import datetime

from kiosk.privacy.erasure import ErasureReason, ErasureReceipt
from kiosk.privacy.retention import ErasureOrder
from kiosk.store.applications import Applications, KeptApplication
from kiosk.store.audit_trail import MACHINE, AuditDetail, AuditKind
from kiosk.store.database import open_database
from kiosk.store.missing_records import MissingRecord, missing_records, overdue_unseen
from kiosk.store.store_thread import APPLICATIONS_FILE, StoreThread, in_store_thread


class ApplicationRecords(StoreThread):
    """Part of `Store`."""

    @in_store_thread
    def unlock_applications(self, application_key: bytes) -> None:
        """Open `applications.db` and finish what a crash left open there; raise a named `StoreError`."""
        if self._applications is not None:
            return
        path = self._folder / APPLICATIONS_FILE
        applications = Applications(
            open_database(
                path, self._keys.application_key(application_key), self._keys.anchor, self._data_list, forgets=True
            )
        )
        try:
            self._erasures.sweep_applications(applications)
        except BaseException:
            applications.database.close()
            raise
        self._applications = applications

    @in_store_thread
    def lock_applications(self) -> None:
        """Close `applications.db`; its key is needed to open it again."""
        if self._applications is not None:
            self._applications.database.close()
            self._applications = None

    @in_store_thread
    def open_applications(self) -> list[KeptApplication]:
        """Records whose account is yet to be opened, the oldest first; raise `ApplicationsLockedError`.

        A record whose yes could not be committed is none of them, nor one that was ordered to go, even where it could
        not be erased yet. None while the clock is in doubt: what is overdue could not be told.
        """
        applications = self._open_applications()
        if self._clock.look() is not None:
            return []
        kept = applications.kept(self._schedule)
        ordered = self._books.erasures.ordered_ids()
        return [
            record
            for record in kept
            if record.application_id not in ordered
            and self._books.outbox.sequence_of(record.application_id) is not None
        ]

    @in_store_thread
    def mark_opened(self, application_id: str, teller_id: str) -> ErasureReceipt:
        """The account is open in the bank's system: erase the record; raise `ApplicationUnknownError`."""
        return self.erase_application(application_id, ErasureReason.ACCOUNT_OPENED, teller_id)

    @in_store_thread
    def erase_application(self, application_id: str, reason: ErasureReason, actor: str) -> ErasureReceipt:
        """Erase one record; the receipt of the first time where it is gone already."""
        return self._erasures.erase_application(self._open_applications(), application_id, reason, actor)

    @in_store_thread
    def erase_due(self, now: datetime) -> list[ErasureOrder]:
        """Carry out what the retention schedule orders by now; return it. Nothing while the clock is in doubt."""
        return [] if self._clock.look() is not None else self._erasures.erase_due(self._applications, now)

    @in_store_thread
    def erase_some_due(self, now: datetime) -> list[ErasureOrder]:
        """As `erase_due`, in slices between which others have their turn: call again until it answers with none."""
        if self._clock.look() is not None:
            self._erasures.finish_ordered(self._applications)
            return []
        return self._erasures.erase_some_due(self._applications, now)

    @in_store_thread
    def overdue_while_locked(self, now: datetime) -> int:
        """How many records wait locked for a teller although their time is over; 0 while they are open."""
        return 0 if self._applications is not None else overdue_unseen(self._books, self._schedule, now)

    @in_store_thread
    def note_missing_records(self, now: datetime) -> list[MissingRecord]:
        """Return each yes whose record an older copy of `applications.db` took away; the audit names it once."""
        missing = missing_records(self._books, self._open_applications(), self._schedule, now)
        noted = self._books.trail.numbers_of(AuditKind.RECORD_MISSING)
        new = [record.sequence for record in missing if record.sequence not in noted]
        if new:
            with self._books.transaction():
                for sequence in new:
                    self._recorder.record(MACHINE, AuditKind.RECORD_MISSING, AuditDetail(number=sequence))
        return missing
