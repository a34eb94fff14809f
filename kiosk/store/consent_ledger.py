"""What each customer agreed to. A consent whose visit brought no verdict goes with the visit."""

from kiosk.privacy.consent import Consent, ConsentAct, Purpose
from kiosk.store.database import Database
from kiosk.store.timestamps import from_text, to_text

_UNANSWERED = "NOT EXISTS (SELECT 1 FROM outbox WHERE outbox.visit_id = consent.visit_id)"


class ConsentLedger:
    """The `consent` table. Every call stands inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, visit_id: str, consent: Consent) -> None:
        """Keep the consent of a visit; a later one of the same visit replaces it."""
        self._database.execute(
            "INSERT OR REPLACE INTO consent VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                visit_id,
                consent.list_version,
                consent.text_sha256,
                consent.language,
                " ".join(sorted(consent.purposes)),
                to_text(consent.given_at),
                consent.act.value,
            ),
        )

    def consent_of(self, visit_id: str) -> Consent | None:
        """The consent of a visit."""
        row = self._database.row(
            "SELECT list_version, text_sha256, language, purposes, given_at, act FROM consent WHERE visit_id = ?",
            (visit_id,),
        )
        if row is None:
            return None
        version, text_sha256, language, purposes, given_at, act = row
        agreed = frozenset(Purpose(purpose) for purpose in purposes.split())
        return Consent(version, text_sha256, language, agreed, from_text(given_at), ConsentAct(act))

    def erase(self, visit_id: str) -> None:
        """Erase the consent of a visit."""
        self._database.execute("DELETE FROM consent WHERE visit_id = ?", (visit_id,))

    def count_without_verdict(self) -> int:
        """How many visits have a consent and no verdict."""
        query = f"SELECT count(*) FROM consent WHERE {_UNANSWERED}"  # noqa: S608
        return int(self._database.rows(query)[0][0])

    def erase_without_verdict(self) -> None:
        """Erase what visits left that a crash cut short."""
        self._database.execute(f"DELETE FROM consent WHERE {_UNANSWERED}")  # noqa: S608
