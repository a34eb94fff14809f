"""Application records, in a file and under a key of their own, until the account is open or their time is over."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from kiosk.document.evidence import DocumentKind
from kiosk.privacy.retention import RetentionSchedule, StoredRecord
from kiosk.session.events import AccountClass, ApplicationRecord
from kiosk.store.database import Database
from kiosk.store.timestamps import from_text, to_text

_COLUMNS = (
    "application_id, reference, answered_at, primary_name, secondary_name, birth_date, nationality,"
    " document_kind, document_number, address, phone, account_class"
)


@dataclass(frozen=True, slots=True)
class KeptApplication:
    """A record the teller has yet to act on."""

    application_id: str
    reference: bytes
    answered_at: datetime
    erased_at_latest: datetime
    """By the retention schedule; the teller's act comes before it."""
    record: ApplicationRecord


@dataclass(frozen=True, slots=True)
class OwnKey:
    """By what a customer finds a record again."""

    application_id: str
    reference: bytes
    code_check: bytes | None
    document_number: str


class Applications:
    """The `application` table of an opened `applications.db`; the one place where records stand in clear."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._kept_last = ""
        """The record kept last is asked for next; looking it up would decrypt its page once more."""

    def keep(
        self,
        application_id: str,
        record: ApplicationRecord,
        reference: bytes,
        answered_at: datetime,
        code_check: bytes | None = None,
    ) -> None:
        """Keep a record durably; `code_check` is of the code on the customer's slip."""
        with self.database.transaction():
            self.insert(application_id, record, reference, answered_at, code_check)
        self._kept_last = application_id

    def insert(
        self,
        application_id: str,
        record: ApplicationRecord,
        reference: bytes,
        answered_at: datetime,
        code_check: bytes | None = None,
    ) -> None:
        """Keep a record inside the caller's transaction."""
        row = (
            application_id,
            reference,
            to_text(answered_at),
            record.primary_name,
            record.secondary_name,
            record.birth_date.isoformat(),
            record.nationality,
            record.document_kind.value,
            record.document_number,
            record.address,
            record.phone,
            record.account_class.value,
            code_check,
        )
        places = ", ".join("?" * len(row))
        self.database.execute(f"INSERT INTO application ({_COLUMNS}, code_check) VALUES ({places})", row)  # noqa: S608

    def kept(self, schedule: RetentionSchedule) -> list[KeptApplication]:
        """Every record, the oldest first."""
        rows = self.database.rows(f"SELECT {_COLUMNS} FROM application ORDER BY answered_at, application_id")  # noqa: S608
        return [_application(row, schedule) for row in rows]

    def kept_as(self, application_id: str, schedule: RetentionSchedule) -> KeptApplication:
        """The record of this id, which is there."""
        row = self.database.row(f"SELECT {_COLUMNS} FROM application WHERE application_id = ?", (application_id,))  # noqa: S608
        assert row is not None
        return _application(row, schedule)

    def own_keys(self, kind: DocumentKind, birth_date: date) -> list[OwnKey]:
        """By what the records of people born on that day, with that kind of document, are found again."""
        rows = self.database.rows(
            "SELECT application_id, reference, code_check, document_number FROM application"
            " WHERE birth_date = ? AND document_kind = ?",
            (birth_date.isoformat(), kind.value),
        )
        return [OwnKey(*row) for row in rows]

    def ids_and_references(self) -> list[tuple[str, bytes]]:
        """What identifies each record, without the record."""
        return [(row[0], row[1]) for row in self.database.rows("SELECT application_id, reference FROM application")]

    def due_by(self, oldest_not_due: datetime, ahead: datetime, most: int) -> list[tuple[str, datetime]]:
        """At most so many ids, and when each was answered: those dated ahead of this, then the oldest up to that."""
        query = "SELECT application_id, answered_at FROM application WHERE answered_at"
        rows = self.database.rows(f"{query} > ? ORDER BY answered_at LIMIT {most}", (to_text(ahead),))
        if not rows:
            rows = self.database.rows(f"{query} <= ? ORDER BY answered_at LIMIT {most}", (to_text(oldest_not_due),))
        return [(row[0], from_text(row[1])) for row in rows]

    def count(self) -> int:
        """How many records there are."""
        return int(self.database.rows("SELECT count(*) FROM application")[0][0])

    def holds(self, application_id: str) -> bool:
        """Whether a record is there."""
        if application_id == self._kept_last:
            return True
        query = "SELECT 1 FROM application WHERE application_id = ?"
        return self.database.row(query, (application_id,)) is not None

    def erase(self, application_ids: list[str]) -> None:
        """Erase records durably, from the database's free pages and its log too."""
        self._kept_last = ""
        with self.database.transaction():
            for application_id in application_ids:
                self.database.execute("DELETE FROM application WHERE application_id = ?", (application_id,))
        self.database.forget_deleted()


def _application(row: tuple[Any, ...], schedule: RetentionSchedule) -> KeptApplication:
    application_id, reference, answered_at, primary, secondary, birth, nationality, kind, number, *rest = row
    address, phone, account_class = rest
    record = ApplicationRecord(
        primary,
        secondary,
        date.fromisoformat(birth),
        nationality,
        DocumentKind(kind),
        number,
        address,
        phone,
        AccountClass(account_class),
    )
    since = from_text(answered_at)
    due_at = schedule.due_at(StoredRecord.APPLICATION, since)
    return KeptApplication(application_id, reference, since, due_at, record)
