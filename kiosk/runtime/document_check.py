"""The document part of a visit: turns what reader found into an event of the session."""

from kiosk.document.evidence import DocumentEvidence, DocumentRemark
from kiosk.session.events import DocumentNotAcceptable, DocumentRead, Event
from kiosk.verification.decision import ReferralReason

_REASONS = {
    DocumentRemark.UNDER_AGE: ReferralReason.DOCUMENT_UNDER_AGE,
    DocumentRemark.EXPIRED: ReferralReason.DOCUMENT_EXPIRED,
}


class DocumentCheck:
    """One attempt at reading a document."""

    GIVE_UP_AFTER_S = 60.0

    def read(self, evidence: DocumentEvidence) -> Event:
        """Accept, or name the first reason for the teller."""
        if evidence.acceptable:
            return DocumentRead(evidence)
        reasons = (_REASONS[remark] for remark in _REASONS if remark in evidence.remarks)
        return DocumentNotAcceptable(next(reasons, ReferralReason.DOCUMENT_UNREADABLE), evidence)

    def give_up(self) -> Event:
        """Nothing readable for too long: the teller looks at the document."""
        return DocumentNotAcceptable(ReferralReason.DOCUMENT_UNREADABLE, None)
