"""Makes what must go, go: on a teller's act, by the schedule, and after a crash. Decides nothing about when.

An application goes in three steps, each durable: the order with its audit entry, the record, the note that it is
gone. What a crash leaves open is finished when the applications are opened next.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from kiosk.errors import StoreError
from kiosk.privacy.data_list import DataProtectionList
from kiosk.privacy.erasure import ErasureReason, ErasureReceipt
from kiosk.privacy.retention import (
    ErasureGround,
    ErasureOrder,
    RetentionSchedule,
    StoredRecord,
)
from kiosk.privacy.signed_slip import AuditPlace
from kiosk.store.applications import Applications
from kiosk.store.audit_trail import MACHINE, AuditDetail, AuditKind
from kiosk.store.books import Books, Recorder
from kiosk.store.due_records import DueRecords

_ERASE = {
    StoredRecord.CONSENT: "DELETE FROM consent WHERE visit_id = ?",
    StoredRecord.OUTBOX: "DELETE FROM outbox WHERE sequence = ?",
    StoredRecord.ERASURE: "DELETE FROM erasure WHERE application_id = ?",
}

_REASONS = {
    ErasureGround.PERIOD_OVER: ErasureReason.RETENTION_ENDED,
    ErasureGround.DATED_AHEAD: ErasureReason.CLOCK_IN_DOUBT,
}


class ApplicationUnknownError(StoreError):
    """No application has this id, and none was erased."""

    def __init__(self, application_id: str) -> None:
        self.application_id = application_id
        super().__init__("There is no such application: it was never kept, or its time was over long ago.")


@dataclass(frozen=True, slots=True)
class StatedErasure:
    """An erasure whose order the audit trail states by a hash."""

    receipt: ErasureReceipt
    reference: bytes
    """32 bytes, that of the slip."""
    place: AuditPlace | None
    """Of the order in the audit trail; None where it was ordered before, by whomever."""


class Erasures:
    """Erasing over both files; `applications` is None while they are locked."""

    def __init__(
        self, books: Books, recorder: Recorder, data_list: DataProtectionList, schedule: RetentionSchedule
    ) -> None:
        self._books = books
        self._recorder = recorder
        self._due = DueRecords(books, schedule)
        self._to_discard: set[str] = set()
        self._to_erase: dict[str, tuple[ErasureReason, str]] = {}
        """What was wanted gone and could not be ordered yet, why and by whom."""
        self._stays = tuple(
            element.id
            for element in data_list.elements
            if element.record is not None and element.record is not StoredRecord.APPLICATION
        )

    def erase_application(
        self, applications: Applications, application_id: str, reason: ErasureReason, actor: str
    ) -> ErasureReceipt:
        """Erase one record and return its receipt; the receipt of the first time where it is gone already."""
        if self._books.erasures.find(application_id) is None and not applications.holds(application_id):
            raise ApplicationUnknownError(application_id)
        self._erase(applications, [application_id], reason, actor)
        found = self._books.erasures.find(application_id)
        assert found is not None
        first_reason, ordered_at, erased_at = found
        assert erased_at is not None
        return ErasureReceipt(application_id, first_reason, ordered_at, erased_at, self._stays)

    def erase_with_receipt(
        self,
        applications: Applications,
        application_id: str,
        reason: ErasureReason,
        actor: str,
        state: Callable[[bytes, datetime], bytes],
    ) -> StatedErasure:
        """As `erase_application`; the entry of a new order carries what `state(reference, ordered_at)` says."""
        reference = self._books.outbox.reference_of(application_id)
        if reference is None or not (
            applications.holds(application_id) or self._books.erasures.find(application_id) is not None
        ):
            raise ApplicationUnknownError(application_id)
        self._to_erase[application_id] = (reason, actor)  # should the order itself find no room on the disk
        place = None
        if self._books.erasures.find(application_id) is None:
            with self._books.transaction():
                ordered_at = self._recorder.moment().utc
                self._books.erasures.order(application_id, reason, ordered_at)
                said = AuditDetail(reason.value, statement_sha256=state(reference, ordered_at).hex())
                place = self._recorder.record(actor, AuditKind.APPLICATION_ERASED, said)
        receipt = self.erase_application(applications, application_id, reason, actor)
        self._to_erase.pop(application_id, None)
        return StatedErasure(receipt, reference, place)

    def erase_due(self, applications: Applications | None, now: datetime) -> list[ErasureOrder]:
        """Carry out all that the schedule orders by now and return it."""
        orders = list[ErasureOrder]()
        while further := self.erase_some_due(applications, now):
            orders += further
        return orders

    def erase_some_due(self, applications: Applications | None, now: datetime) -> list[ErasureOrder]:
        """Carry out some of what the schedule orders by now and return it; before that, what could not be erased
        earlier. Empty only if nothing is left."""
        self.finish_ordered(applications)
        orders = self._due.slice(applications, now)
        due = [order for order in orders if order.record is StoredRecord.APPLICATION]
        for ground, reason in _REASONS.items():
            ids = [order.record_id for order in due if order.ground is ground]
            if applications is not None and ids:
                self._erase(applications, ids, reason, MACHINE)
        self._erase_rows([order for order in orders if order.record is not StoredRecord.APPLICATION])
        return orders

    def finish_ordered(self, applications: Applications | None) -> None:
        """Erase what was to go and could not; no clock has a say in that."""
        for visit_id in sorted(self._to_discard):
            self.discard_visit(applications, visit_id)
        if applications is not None:
            for application_id, (reason, actor) in list(self._to_erase.items()):
                if applications.holds(application_id):
                    self._erase(applications, [application_id], reason, actor)
                self._to_erase.pop(application_id, None)
            self._finish_orders(applications)

    def count_some_due(self, applications: Applications | None, now: datetime) -> int:
        """How many would go next; 0 only if nothing is due."""
        return len(self._due.slice(applications, now))

    def discard_visit(self, applications: Applications | None, visit_id: str) -> None:
        """Erase everything of a visit without a verdict; a visit with one keeps what the list says.

        What cannot be erased now is tried again with what is due, and at the next start.
        """
        if self._books.outbox.sequence_of(visit_id) is not None:
            return
        self._to_discard.add(visit_id)
        if applications is not None and applications.holds(visit_id):
            applications.erase([visit_id])
        if self._books.consents.consent_of(visit_id) is not None:
            with self._books.transaction():
                self._books.consents.erase(visit_id)
            self._books.database.forget_deleted()
        self._to_discard.discard(visit_id)

    def sweep_consents(self) -> None:
        """Erase consents of visits that a crash cut short."""
        if not self._books.consents.count_without_verdict():
            return
        with self._books.transaction():
            self._books.consents.erase_without_verdict()
        self._books.database.forget_deleted()

    def sweep_applications(self, applications: Applications) -> None:
        """Finish what a crash left open: orders not carried out, records come back, records without a verdict."""
        ordered = self._books.erasures.ordered_ids()
        answered = self._books.outbox.references()
        gone = [
            application_id
            for application_id, reference in applications.ids_and_references()
            if application_id in ordered or reference not in answered
        ]
        if gone:
            applications.erase(gone)
        self._note_carried_out(self._books.erasures.unfinished_ids())

    def _finish_orders(self, applications: Applications) -> None:
        """Carry out orders that a full disk or a crash left open."""
        unfinished = self._books.erasures.unfinished_ids()
        left = [application_id for application_id in unfinished if applications.holds(application_id)]
        if left:
            applications.erase(left)
        self._note_carried_out(unfinished)

    def _erase(self, applications: Applications, ids: list[str], reason: ErasureReason, actor: str) -> None:
        new = [application_id for application_id in ids if self._books.erasures.find(application_id) is None]
        if new:
            with self._books.transaction():
                for application_id in new:
                    self._books.erasures.order(application_id, reason, self._recorder.moment().utc)
                    self._recorder.record(actor, AuditKind.APPLICATION_ERASED, AuditDetail(reason.value))
        if any(applications.holds(application_id) for application_id in ids):
            applications.erase(ids)
        self._note_carried_out(ids)

    def _note_carried_out(self, ids: list[str]) -> None:
        unfinished = set(self._books.erasures.unfinished_ids()) & set(ids)
        if not unfinished:
            return
        with self._books.transaction():
            for application_id in sorted(unfinished):
                self._books.erasures.carried_out(application_id, self._recorder.moment().utc)

    def _erase_rows(self, orders: list[ErasureOrder]) -> None:
        if not orders:
            return
        with self._books.transaction():
            for order in orders:
                if order.record is not StoredRecord.AUDIT:
                    self._books.database.execute(_ERASE[order.record], (order.record_id,))
            audit = {int(order.record_id) for order in orders if order.record is StoredRecord.AUDIT}
            self._books.trail.forget_contents(audit)
        self._books.database.forget_deleted()
