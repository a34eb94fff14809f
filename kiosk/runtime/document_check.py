"""The document part of a visit: turns what reader found into an event of the session."""

from collections.abc import Sequence

from kiosk.document.evidence import DocumentEvidence, DocumentRemark
from kiosk.session.events import DocumentNotAcceptable, DocumentRead, Event
from kiosk.session.machine import referral_for
from kiosk.verification.decision import ReferralReason


class DocumentCheck:
    """One attempt at reading a document."""

    GIVE_UP_AFTER_S = 60.0
    IMPOSSIBLE_DATES = 2
    """Pictures in a row whose check digits hold, but not the date: it is printed like that, no second look helps."""

    def __init__(self) -> None:
        self._impossible_dates = 0

    def read(self, evidence: DocumentEvidence) -> Event:
        """Accept, or name the first reason for the teller."""
        if evidence.acceptable:
            return DocumentRead(evidence)
        return DocumentNotAcceptable(referral_for(evidence), evidence)

    def seen(self, remarks: Sequence[DocumentRemark]) -> Event | None:
        """Give up at once where waiting cannot help."""
        impossible = DocumentRemark.DATE_IMPOSSIBLE in remarks
        self._impossible_dates = self._impossible_dates + 1 if impossible else 0
        return self.give_up() if self._impossible_dates >= self.IMPOSSIBLE_DATES else None

    def give_up(self) -> Event:
        """Nothing readable for too long: the teller looks at the document."""
        return DocumentNotAcceptable(ReferralReason.DOCUMENT_UNREADABLE, None)
