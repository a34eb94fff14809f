"""Which erasures were ordered and which are done. An order comes first: a crash in between is made up for, and a
record that an old copy of a file brings back goes again."""

from datetime import datetime

from kiosk.privacy.erasure import ErasureReason
from kiosk.store.database import Database
from kiosk.store.timestamps import from_optional_text, from_text, to_text


class RetentionLedger:
    """The `erasure` table. Every call stands inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def order(self, application_id: str, reason: ErasureReason, now: datetime) -> None:
        """Note that a record must go."""
        self._database.execute(
            "INSERT INTO erasure (application_id, reason, ordered_at) VALUES (?, ?, ?)",
            (application_id, reason.value, to_text(now)),
        )

    def carried_out(self, application_id: str, now: datetime) -> None:
        """Note that it is gone; the first time stands."""
        self._database.execute(
            "UPDATE erasure SET erased_at = ? WHERE application_id = ? AND erased_at IS NULL",
            (to_text(now), application_id),
        )

    def find(self, application_id: str) -> tuple[ErasureReason, datetime, datetime | None] | None:
        """Reason, when ordered, when carried out."""
        row = self._database.row(
            "SELECT reason, ordered_at, erased_at FROM erasure WHERE application_id = ?", (application_id,)
        )
        return None if row is None else (ErasureReason(row[0]), from_text(row[1]), from_optional_text(row[2]))

    def ordered_ids(self) -> frozenset[str]:
        """Every application that was ever ordered to go."""
        return frozenset(row[0] for row in self._database.rows("SELECT application_id FROM erasure"))

    def unfinished_ids(self) -> list[str]:
        """Orders that a crash left open."""
        rows = self._database.rows("SELECT application_id FROM erasure WHERE erased_at IS NULL")
        return [row[0] for row in rows]
