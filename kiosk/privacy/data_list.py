"""The data protection list: every element ever collected, as records. `list_reading` makes them of a text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum

from kiosk.errors import PrivacyError
from kiosk.privacy.retention import Retention, RetentionSchedule, StoredRecord


class DataListError(PrivacyError):
    """The data protection list cannot be used; names the element and the field."""

    def __init__(self, where: str, fault: str) -> None:
        self.where, self.fault = where, fault
        super().__init__(f"The data protection list is not usable: {where}: {fault}.")


class LanguageNotListedError(PrivacyError):
    """The list has no texts in this language."""

    def __init__(self, language: str, known: tuple[str, ...]) -> None:
        self.language, self.known = language, known
        super().__init__(f"The data protection list has no language {language!r}; it has {', '.join(known)}.")


class About(StrEnum):
    """Whose data it is; the customer is shown what is about the customer."""

    CUSTOMER = "customer"
    STAFF = "staff"
    KIOSK = "kiosk"


class Leaves(StrEnum):
    """Whether an element leaves the kiosk."""

    NEVER = "never"
    TO_THE_BANK = "to the bank"
    WITH_THE_CUSTOMER = "with the customer"
    IN_BACKUPS = "in backups"
    """Encrypted to the bank's key, where the bank has backups made."""


class Viewer(StrEnum):
    """Who may see an element."""

    NOBODY = "nobody"
    CUSTOMER = "customer"
    TELLER = "teller"
    AUDITOR = "auditor"
    IT = "it"
    BANK = "bank"


class Source(StrEnum):
    """Where an element comes from."""

    DOCUMENT = "document"
    DOCUMENT_CAMERA = "document camera"
    FACE_CAMERA = "face camera"
    CUSTOMER = "customer"
    KIOSK = "kiosk"
    BANK = "bank"


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in every language of the list."""

    by_language: Mapping[str, str]

    def in_language(self, language: str) -> str:
        try:
            return self.by_language[language]
        except KeyError:
            raise LanguageNotListedError(language, tuple(self.by_language)) from None


@dataclass(frozen=True, slots=True, order=True)
class Column:
    """One column of the encrypted store."""

    file: str
    table: str
    column: str

    def __str__(self) -> str:
        return f"{self.file}:{self.table}.{self.column}"


@dataclass(frozen=True, slots=True)
class ListedPurpose:
    """What elements are collected for; `asked` where the customer is asked for it separately."""

    id: str
    asked: bool
    name: Wording
    explanation: Wording


@dataclass(frozen=True, slots=True)
class Element:
    """One thing that is collected, and everything promised about it."""

    id: str
    about: About
    name: Wording
    reason: Wording
    purpose: str
    ground: str
    source: Source
    required: bool
    memory: tuple[str, ...]
    """Processes that hold it while a visit lasts."""
    columns: tuple[Column, ...]
    elsewhere: tuple[str, ...]
    retention: Retention
    record: StoredRecord | None
    """Which stored record it is part of, where a schedule erases it."""
    who: tuple[Viewer, ...]
    leaves: Leaves

    @property
    def in_memory_only(self) -> bool:
        return not self.columns and not self.elsewhere


@dataclass(frozen=True, slots=True)
class NoticeWording:
    """The sentences of the consent screen that belong to no single element."""

    title: str
    summary: tuple[str, ...]
    choice: str
    rights: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Responsible:
    """Who answers for the data, as the settings of the terminal name them."""

    controller: Wording
    officer: Wording
    """The data protection officer, with a way to reach them."""
    authority: Wording
    """Whom the customer may complain to."""


@dataclass(frozen=True, slots=True)
class ResponsibleWording:
    """The words around the names of those who answer for the data; `{name}` stands for each."""

    controller: str
    officer: str
    authority: str


@dataclass(frozen=True, slots=True)
class DataProtectionList:
    """The whole list, checked; as shipped, or as `list_policy.in_force` makes it of a bank's policy."""

    version: int
    languages: Mapping[str, str]
    """Language code to its own name."""
    notice_wording: Mapping[str, NoticeWording]
    own_record_wording: Mapping[str, NoticeWording]
    """Of the notice for somebody who asks for their own record."""
    responsible_wording: Mapping[str, ResponsibleWording]
    purposes: tuple[ListedPurpose, ...]
    grounds: Mapping[str, Wording]
    elements: tuple[Element, ...]
    """What is collected."""
    switched_off: tuple[Element, ...] = ()
    """What this bank does not collect; its columns are there, and may hold what was collected before."""
    responsible: Responsible | None = None
    """None in the list as shipped, which belongs to no bank."""

    @property
    def kept_elements(self) -> tuple[Element, ...]:
        """What the store has a place for, collected or not."""
        return self.elements + self.switched_off

    def collects(self, element_id: str) -> bool:
        """Whether an element may be asked for, taken and kept."""
        return any(element.id == element_id for element in self.elements)

    def purpose(self, purpose_id: str) -> ListedPurpose:
        return next(purpose for purpose in self.purposes if purpose.id == purpose_id)

    def columns_of(self, file: str) -> frozenset[Column]:
        """Every column the list names for one database file."""
        return frozenset(column for column in self.columns if column.file == file)

    @property
    def columns(self) -> frozenset[Column]:
        """Every column the list names."""
        return frozenset(column for element in self.kept_elements for column in element.columns)

    def schedule(self, branch_time_zone: tzinfo) -> RetentionSchedule:
        """The retention of each stored record, as the list promises it, in the days of the branch."""
        by_record = {element.record: element.retention for element in self.elements if element.record is not None}
        return RetentionSchedule(by_record, branch_time_zone)
