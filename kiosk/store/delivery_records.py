"""Messages on their way to the bank, as the store keeps them."""

from datetime import datetime

from kiosk.store.audit_trail import MACHINE, AuditDetail, AuditKind
from kiosk.store.outbox import DeliveredMessage, OutboxMessage, UndeliveredSummary
from kiosk.store.store_thread import StoreThread, in_store_thread


class DeliveryRecords(StoreThread):
    """Part of `Store`."""

    @in_store_thread
    def due_messages(self, now: datetime) -> list[OutboxMessage]:
        """What to send now, the lowest sequence first."""
        return self._books.outbox.due(now)

    @in_store_thread
    def record_attempt(self, sequence: int, next_attempt_at: datetime) -> None:
        """An attempt brought no receipt; raise `MessageUnknownError`."""
        with self._books.transaction():
            self._books.outbox.record_attempt(sequence, next_attempt_at)

    @in_store_thread
    def close_message(self, sequence: int, receipt: str, delivered_at: datetime) -> None:
        """Keep the bank's receipt, which the caller has verified; closing again changes nothing."""
        if self._books.outbox.delivered(sequence) is not None:
            return
        with self._books.transaction():
            self._books.outbox.close(sequence, receipt, delivered_at)
            announces = self._books.outbox.announces(sequence)
            kind = AuditKind.KEY_ANNOUNCEMENT_DELIVERED if announces else AuditKind.VERDICT_DELIVERED
            self._recorder.record(MACHINE, kind, AuditDetail(number=sequence))

    @in_store_thread
    def delivered_message(self, sequence: int) -> DeliveredMessage | None:
        """A message with its receipt, None while it has none; raise `MessageUnknownError`."""
        return self._books.outbox.delivered(sequence)

    @in_store_thread
    def undelivered_summary(self) -> UndeliveredSummary:
        """How many messages wait, and since when the oldest does."""
        return self._books.outbox.undelivered()

    @in_store_thread
    def all_messages(self) -> list[OutboxMessage]:
        """Every message that is kept, delivered or not, in order."""
        return self._books.outbox.all()
