"""The second key in use: the day that a teller opens and closes, and starting over where every PIN is lost."""

from dataclasses import dataclass
from datetime import datetime

from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.retention import ErasureOrder
from kiosk.store.application_records import ApplicationRecords
from kiosk.store.audit_trail import MACHINE, AuditDetail, AuditKind
from kiosk.store.durable_file import flush_folder
from kiosk.store.missing_records import MissingRecord
from kiosk.store.store_thread import APPLICATIONS_FILE, in_store_thread


@dataclass(frozen=True, slots=True)
class OpenedDay:
    """What was found when the records were opened."""

    erased: tuple[ErasureOrder, ...]
    missing: tuple[MissingRecord, ...]


class StaffRecords(ApplicationRecords):
    """Part of `Store`."""

    @in_store_thread
    def open_day(self, application_key: bytes, teller_id: str, now: datetime) -> OpenedDay:
        """Open the application records and erase what is overdue, before anybody sees one; raise a `StoreError`.

        All or nothing: records that could not be erased in time stay closed.
        """
        self.unlock_applications(application_key)
        try:
            erased, missing = self.erase_due(now), self.note_missing_records(now)
            with self._books.transaction():
                self._recorder.record(teller_id, AuditKind.DAY_OPENED)
        except BaseException:
            self.lock_applications()
            raise
        return OpenedDay(tuple(erased), tuple(missing))

    @in_store_thread
    def close_day(self, actor: str) -> None:
        """Drop the key of the application records; raise a `StoreError` only once that is done."""
        if self._applications is None:
            return
        self.lock_applications()
        with self._books.transaction():
            self._recorder.record(actor, AuditKind.DAY_CLOSED)

    @in_store_thread
    def start_records_anew(
        self, application_key: bytes, teller_id: str, name: str, pin_hash: str, staff_key: str
    ) -> int:
        """Give up every kept record with its lost key, and begin with this one and this teller; return how many.

        Every other teller keeps number and name and needs a new PIN. A kill on the way leaves no record readable and
        is made up for by doing it again.
        """
        moment, lost = self._recorder.moment().utc, self._lost_records()
        with self._books.transaction():
            for application_id in lost:
                self._books.erasures.order(application_id, ErasureReason.KEY_LOST, moment)
                self._recorder.record(MACHINE, AuditKind.APPLICATION_ERASED, AuditDetail(ErasureReason.KEY_LOST.value))
            self._books.tellers.forget_staff_keys()
            if self._books.tellers.find(teller_id) is None:
                self._books.tellers.add(teller_id, name, pin_hash, staff_key, moment)
            else:
                self._books.tellers.set_pin(teller_id, pin_hash, staff_key)
            self._recorder.record(teller_id, AuditKind.APPLICATION_KEY_REPLACED)
        self._books.database.forget_deleted()
        self.lock_applications()
        path = self._folder / APPLICATIONS_FILE
        for suffix in (".db", ".db-wal", ".db-shm", ".anchor"):
            path.with_suffix(suffix).unlink(missing_ok=True)
        flush_folder(self._folder)
        self.unlock_applications(application_key)
        return len(lost)

    def _lost_records(self) -> list[str]:
        """Every yes whose record nobody has ordered to go yet."""
        yes, ordered = self._books.trail.sequences_of_yes(), self._books.erasures.ordered_ids()
        return [
            visit_id
            for sequence, visit_id, _ in self._books.outbox.visits()
            if sequence in yes and visit_id not in ordered
        ]
