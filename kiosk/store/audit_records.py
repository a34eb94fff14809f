"""What the store tells of itself: the audit trail, consents, counts."""

from kiosk.privacy.consent import Consent
from kiosk.store.audit_trail import AuditEntry
from kiosk.store.store_thread import StoreThread, in_store_thread


class AuditRecords(StoreThread):
    """Part of `Store`."""

    @in_store_thread
    def audit_entries(self) -> list[AuditEntry]:
        """The audit trail, without entries whose time is over."""
        return list(self._books.trail.entries())

    @in_store_thread
    def tree_head(self) -> bytes:
        """The audit's tree head, 32 bytes."""
        return self._books.trail.tree_head()

    @in_store_thread
    def consent_of(self, visit_id: str) -> Consent | None:
        """The consent of a visit."""
        return self._books.consents.consent_of(visit_id)

    @in_store_thread
    def count_rows(self) -> dict[str, int]:
        """How many consents, verdicts and application records are kept."""
        counts = {
            table: int(self._books.database.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608
            for table in ("consent", "outbox")
        }
        return counts | {"application": len(self._open_applications().ids_and_references())}
