"""A customer's own record: found by the code of the slip and the document together, shown, copied, erased.

Whatever does not fit, the answer is the same; what was asked for and by whom stands in no entry of the audit trail.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from kiosk.document.evidence import DocumentKind
from kiosk.privacy.consent import Consent
from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.own_code import code_check
from kiosk.store.applications import Applications, KeptApplication
from kiosk.store.audit_trail import MACHINE, AuditDetail, AuditKind
from kiosk.store.erasures import StatedErasure
from kiosk.store.store_thread import StoreThread, in_store_thread

_LOOK_ALIKE = str.maketrans("O", "0")


@dataclass(frozen=True, slots=True)
class OwnDocument:
    """What was read from a document, as far as it tells whose record this is."""

    kind: DocumentKind
    number: str
    birth_date: date


@dataclass(frozen=True, slots=True)
class FoundRecord:
    """A record with what is kept beside it, none of which names anybody."""

    application: KeptApplication
    consent: Consent | None
    delivered_at: datetime | None
    """When the bank had the answer."""


class OwnRecords(StoreThread):
    """Part of `Store`."""

    @in_store_thread
    def find_own_record(self, code: str, document: OwnDocument, notice_sha256: str) -> FoundRecord | None:
        """Return the one record that code and document fit, or nothing; the audit says which, and no more.

        `notice_sha256` is of the text that the customer agreed to before the document was read.
        Raise `ApplicationsLockedError`.
        """
        application_id = _fitting(self._open_applications(), code, document)
        found = None if application_id is None else self._found(application_id)
        kind = AuditKind.OWN_RECORD_NOT_FOUND if found is None else AuditKind.OWN_RECORD_SHOWN
        with self._books.transaction():
            self._recorder.record(MACHINE, kind, AuditDetail(sha256=notice_sha256))
        return found

    @in_store_thread
    def record_copy(self, application_id: str, actor: str) -> FoundRecord | None:
        """Note that a customer is handed a copy of their record, and return it; None where it is gone."""
        found = self._found(application_id) if self._open_applications().holds(application_id) else None
        if found is not None:
            with self._books.transaction():
                self._recorder.record(actor, AuditKind.OWN_RECORD_COPIED)
        return found

    @in_store_thread
    def erase_with_receipt(
        self, application_id: str, reason: ErasureReason, actor: str, state: Callable[[bytes, datetime], bytes]
    ) -> StatedErasure:
        """Erase one record; the audit entry of the order carries what `state(reference, ordered_at)` hashes to.

        Raise `ApplicationUnknownError`, a named `StoreError`.
        """
        return self._erasures.erase_with_receipt(self._open_applications(), application_id, reason, actor, state)

    def _found(self, application_id: str) -> FoundRecord | None:
        """None for a record whose yes was not committed or whose erasure was ordered: it is none any more."""
        books = self._books
        sequence = books.outbox.sequence_of(application_id)
        if sequence is None or books.erasures.find(application_id) is not None:
            return None
        kept = self._open_applications().kept_as(application_id, self._schedule)
        delivered = books.outbox.delivered(sequence)
        delivered_at = None if delivered is None else delivered.delivered_at
        return FoundRecord(kept, books.consents.consent_of(application_id), delivered_at)


def _fitting(applications: Applications, code: str, document: OwnDocument) -> str | None:
    """Compare with every record of that birth date and kind, and each in the same time whether it fits or not."""
    number = _alike(document.number)
    fitting = None
    for one in applications.own_keys(document.kind, document.birth_date):
        same_number = hmac.compare_digest(_alike(one.document_number), number)
        same_code = hmac.compare_digest(one.code_check or bytes(32), code_check(code, one.reference))
        if same_number & same_code & (one.code_check is not None):
            fitting = one.application_id
    return fitting


def _alike(number: str) -> bytes:
    """As a document's number is compared: O and 0, which look alike, are the same."""
    return number.upper().translate(_LOOK_ALIKE).encode()
