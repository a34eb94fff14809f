"""An application record as far as the data protection list lets somebody see it. Pure."""

from dataclasses import dataclass, fields
from datetime import date

from kiosk.document.evidence import DocumentKind
from kiosk.session.events import AccountClass, ApplicationRecord

ALL_FIELDS = frozenset(field.name for field in fields(ApplicationRecord))


@dataclass(frozen=True, slots=True)
class VisibleRecord:
    """What is not theirs to see is not in it."""

    shown: frozenset[str]
    """The fields that are; one of them may be None all the same, where nothing was given."""
    primary_name: str | None = None
    secondary_name: str | None = None
    birth_date: date | None = None
    nationality: str | None = None
    document_kind: DocumentKind | None = None
    document_number: str | None = None
    address: str | None = None
    phone: str | None = None
    account_class: AccountClass | None = None


def visible_record(record: ApplicationRecord, columns: frozenset[str] = ALL_FIELDS) -> VisibleRecord:
    """The fields whose columns may be seen; all of them if none are named."""
    shown = ALL_FIELDS & columns
    return VisibleRecord(shown, **{name: getattr(record, name) for name in shown})
