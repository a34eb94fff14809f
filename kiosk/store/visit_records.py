"""What one visit leaves in the store, from the consent to the verdict, and failed face checks."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from kiosk.privacy.consent import Consent
from kiosk.privacy.signed_slip import AuditPlace
from kiosk.session.events import ApplicationRecord
from kiosk.store.audit_trail import AuditDetail, AuditKind
from kiosk.store.collection import demand_collected, demand_notice_in_force
from kiosk.store.failure_ledger import KeptFailure
from kiosk.store.store_errors import RecordNotKeptError
from kiosk.store.store_thread import StoreThread, in_store_thread
from kiosk.verification.verdict import Verdict, message_hash


@dataclass(frozen=True, slots=True)
class SignedVerdict:
    """A message, and the hash of what the customer's slip will state."""

    jws: str
    statement_sha256: bytes = b""
    """32 bytes; empty where there is no slip."""


@dataclass(frozen=True, slots=True)
class CommittedVerdict:
    """A verdict that is durable in the outbox."""

    sequence: int
    jws: str
    place: AuditPlace
    """Of its entry in the audit trail."""


class VisitRecords(StoreThread):
    """Part of `Store`."""

    @in_store_thread
    def record_consent(self, visit_id: str, consent: Consent) -> None:
        """Keep the consent of a visit that begins, or of a guardian in its place.

        Raise `NoticeNotInForceError` or `ClockInDoubtError`.
        """
        demand_notice_in_force(consent, self._data_list)
        self._clock.demand_believed()
        with self._books.transaction():
            self._books.consents.record(visit_id, consent)

    @in_store_thread
    def keep_application(
        self,
        visit_id: str,
        record: ApplicationRecord,
        reference: bytes,
        answered_at: datetime,
        code_check: bytes | None = None,
    ) -> None:
        """Keep the record of a visit about to be answered with yes; the visit's id becomes the application's.

        Raise `NotCollectedError` for a field that this bank does not collect.
        """
        demand_collected(record, self._data_list)
        self._open_applications().keep(visit_id, record, reference, answered_at, code_check)

    @in_store_thread
    def commit_verdict(
        self, visit_id: str, *, build: Callable[[int, bytes], SignedVerdict], verdict: Verdict, actor: str, detail: str
    ) -> CommittedVerdict:
        """Queue a verdict and its audit entry in one durable transaction.

        `build(sequence, tree_head)` signs; `tree_head` is the audit's head before this entry.
        A yes needs its application record. Raise `RecordNotKeptError`, `VisitAnsweredError`, `AuditDetailError`.
        """
        if verdict.answer and not self._open_applications().holds(visit_id):
            raise RecordNotKeptError
        answered_at = datetime.fromtimestamp(verdict.issued_at_s, UTC)
        with self._books.transaction():
            sequence = self._books.outbox.next_sequence()
            signed = build(sequence, self._books.trail.tree_head())
            jws = signed.jws
            self._books.outbox.add(sequence, visit_id, verdict.reference, answered_at, jws)
            said = AuditDetail(detail, sequence, message_hash(jws).hex(), signed.statement_sha256.hex())
            place = self._recorder.record(actor, AuditKind.VERDICT, said)
        return CommittedVerdict(sequence, jws, place)

    @in_store_thread
    def discard_visit(self, visit_id: str) -> None:
        """Erase everything of a visit that ended without a verdict; one with a verdict keeps what the list says."""
        self._erasures.discard_visit(self._applications, visit_id)

    @in_store_thread
    def record_failed_attempt(self) -> None:
        """An attempt of the present visit failed just now."""
        with self._books.transaction():
            self._books.failures.add(self._recorder.moment())

    @in_store_thread
    def close_failed_visit(self) -> None:
        """The visit ended in order: its failed attempts are no other visit's."""
        with self._books.transaction():
            self._books.failures.close_visit()

    @in_store_thread
    def forget_failed_attempts(self) -> None:
        """An attempt succeeded: the row of failures is over."""
        with self._books.transaction():
            self._books.failures.forget()

    @in_store_thread
    def failed_attempts(self) -> tuple[KeptFailure, ...]:
        """The newest failed attempts, the oldest first, as old as they are now."""
        return self._books.failures.kept(self._recorder.moment())
