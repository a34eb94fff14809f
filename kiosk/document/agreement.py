"""Decides when pictures of a document have told enough. Pure."""

from kiosk.document.evidence import DocumentEvidence


class Agreement:
    """Two pictures in a row must give the same evidence.

    Check digits do not see every misread letter; that two pictures are misread alike is far less likely.
    """

    WITHOUT_PORTRAIT_AFTER_S = 10.0
    """How long the portrait is looked for in a page that is read alike all the while: it may be on the other side."""

    def __init__(self) -> None:
        self._last: DocumentEvidence | None = None
        self._candidate: DocumentEvidence | None = None
        self._since_s = 0.0

    def add(self, evidence: DocumentEvidence | None, portrait_missing: bool, captured_at_s: float) -> bool:
        """Take what the next picture gave; true when it may be believed."""
        in_a_row = evidence is not None and evidence == self._last
        self._last = evidence
        if evidence is not None and evidence != self._candidate:
            self._candidate, self._since_s = evidence, captured_at_s
        waited = captured_at_s - self._since_s >= self.WITHOUT_PORTRAIT_AFTER_S
        return in_a_row and (waited or not portrait_missing)
