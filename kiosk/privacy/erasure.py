"""Why a record goes, and the receipt that says that it went and what stays. Holds nothing of the record itself."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class ErasureReason(StrEnum):
    """Why an application record goes."""

    ACCOUNT_OPENED = "account_opened"
    VISIT_CLOSED = "visit_closed"
    RETENTION_ENDED = "retention_ended"
    CLOCK_IN_DOUBT = "clock_in_doubt"
    """Dated ahead of the clock, so that nobody can say when its time is over."""
    CUSTOMER_WISH = "customer_wish"
    WITHOUT_VERDICT = "without_verdict"
    """A record whose verdict was never committed: a crash in between."""
    KEY_LOST = "key_lost"
    """Every teller's PIN was lost, and with them the key to all records."""


@dataclass(frozen=True, slots=True)
class ErasureReceipt:
    """One application record is gone from the store."""

    application_id: str
    reason: ErasureReason
    ordered_at: datetime
    erased_at: datetime
    """UTC."""
    stays: tuple[str, ...]
    """Elements of the data protection list that the law keeps (none of them holds face data)."""
