"""Failed face checks as the store keeps them: when, and whether their visit has ended. Judges nothing, names nobody."""

from dataclasses import dataclass

from kiosk.store.database import Database
from kiosk.store.timestamps import Moment, from_text, to_text
from kiosk.verification.failure_limits import MOST_FAILURES, Instant, age_s

_NS_PER_S = 1_000_000_000


@dataclass(frozen=True, slots=True)
class KeptFailure:
    """One failed attempt, as old as it is when asked for."""

    age_s: float
    visit_open: bool


class FailureLedger:
    """The `failed_attempt` table: the newest few. Every write stands inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, moment: Moment) -> None:
        """An attempt of the present visit has failed."""
        ((newest,),) = self._database.rows("SELECT coalesce(max(number), 0) FROM failed_attempt")
        self._database.execute(
            "INSERT INTO failed_attempt VALUES (?, ?, ?, ?, 1)",
            (newest + 1, to_text(moment.utc), moment.boot_id, moment.uptime_ns),
        )
        self._database.execute("DELETE FROM failed_attempt WHERE number <= ?", (newest + 1 - MOST_FAILURES,))

    def close_visit(self) -> None:
        """The visit ended in order: what failed in it is no other visit's."""
        self._database.execute("UPDATE failed_attempt SET visit_open = 0")

    def forget(self) -> None:
        """An attempt succeeded."""
        self._database.execute("DELETE FROM failed_attempt")

    def kept(self, now: Moment) -> tuple[KeptFailure, ...]:
        """The oldest first."""
        rows = self._database.rows(
            "SELECT failed_at, boot_id, uptime_ns, visit_open FROM failed_attempt ORDER BY number"
        )
        at = Instant(now.utc, now.uptime_ns / _NS_PER_S, now.boot_id)
        return tuple(
            KeptFailure(age_s(Instant(from_text(failed_at), uptime_ns / _NS_PER_S, boot_id), at), bool(visit_open))
            for failed_at, boot_id, uptime_ns, visit_open in rows
        )
