"""The data protection list: every element ever collected, as records. Takes text; reads no file, writes nothing.

The list is refused as a whole when anything in it is missing, doubled or unknown: a list with a hole would let the
store keep what nobody was told of.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from enum import StrEnum
from typing import Any, TypeVar

from kiosk.errors import PrivacyError
from kiosk.privacy.consent import Purpose
from kiosk.privacy.retention import Retention, RetentionEnd, RetentionSchedule, StoredRecord

_Member = TypeVar("_Member", bound=StrEnum)
_Kind = TypeVar("_Kind")


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
class DataProtectionList:
    """The whole list, checked."""

    version: int
    languages: Mapping[str, str]
    """Language code to its own name."""
    notice_wording: Mapping[str, NoticeWording]
    purposes: tuple[ListedPurpose, ...]
    grounds: Mapping[str, Wording]
    elements: tuple[Element, ...]

    def purpose(self, purpose_id: str) -> ListedPurpose:
        return next(purpose for purpose in self.purposes if purpose.id == purpose_id)

    def columns_of(self, file: str) -> frozenset[Column]:
        """Every column the list names for one database file."""
        return frozenset(column for element in self.elements for column in element.columns if column.file == file)

    def schedule(self, branch_time_zone: tzinfo) -> RetentionSchedule:
        """The retention of each stored record, as the list promises it, in the days of the branch."""
        by_record = {element.record: element.retention for element in self.elements if element.record is not None}
        return RetentionSchedule(by_record, branch_time_zone)


def parse_data_list(text: str) -> DataProtectionList:
    """Parse and check the list; raise `DataListError` for anything missing, doubled or unknown."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise DataListError("the file", f"it is no TOML ({error})") from None
    return _Reader(table).data_list()


class _Reader:
    """Turns the parsed TOML into records, naming the place of every fault."""

    def __init__(self, table: dict[str, Any]) -> None:
        self._table = table
        self._languages: dict[str, str] = {}

    def data_list(self) -> DataProtectionList:
        version = self._take(self._table, "version", int, "the head")
        if version < 1:
            raise DataListError("version", "it must be 1 or more")
        self._languages = dict(self._take(self._table, "languages", dict, "the head"))
        if not self._languages:
            raise DataListError("languages", "there is none")
        notices = self._take(self._table, "notice", dict, "the head")
        purposes = self._take(self._table, "purposes", dict, "the head")
        grounds = self._take(self._table, "grounds", dict, "the head")
        data_list = DataProtectionList(
            version=version,
            languages=self._languages,
            notice_wording={code: self._notice(notices, code) for code in self._languages},
            purposes=tuple(self._purpose(name, table) for name, table in purposes.items()),
            grounds={name: self._wording(table, f"ground {name}") for name, table in grounds.items()},
            elements=tuple(self._element(table) for table in self._take(self._table, "elements", list, "the head")),
        )
        _check_whole(data_list)
        return data_list

    def _notice(self, notices: dict[str, Any], code: str) -> NoticeWording:
        where = f"notice.{code}"
        table = self._take(notices, code, dict, "notice")
        return NoticeWording(
            title=self._take(table, "title", str, where),
            summary=self._texts(table, "summary", where),
            choice=self._take(table, "choice", str, where),
            rights=self._texts(table, "rights", where),
        )

    def _purpose(self, name: str, table: dict[str, Any]) -> ListedPurpose:
        where = f"purpose {name}"
        return ListedPurpose(
            id=name,
            asked=self._take(table, "asked", bool, where),
            name=self._wording(table, where),
            explanation=self._wording(self._take(table, "explanation", dict, where), f"{where}, explanation"),
        )

    def _element(self, table: dict[str, Any]) -> Element:
        where = f"element {self._take(table, 'id', str, 'an element')}"
        if table.get("marketing") != "never":
            raise DataListError(where, 'marketing must be "never"')
        held = self._take(table, "held", dict, where)
        return Element(
            id=table["id"],
            about=self._member(About, table, "about", where),
            name=self._wording(self._take(table, "name", dict, where), f"{where}, name"),
            reason=self._wording(self._take(table, "reason", dict, where), f"{where}, reason"),
            purpose=self._take(table, "purpose", str, where),
            ground=self._take(table, "ground", str, where),
            source=self._member(Source, table, "source", where),
            required=self._take(table, "required", bool, where),
            memory=self._texts(held, "memory", where),
            columns=tuple(_column(text, where) for text in held.get("columns", [])),
            elsewhere=tuple(held.get("elsewhere", [])),
            retention=_retention(self._take(table, "retention", dict, where), where),
            record=self._record(table, where),
            who=tuple(_enum(Viewer, text, f"{where}, who") for text in self._texts(table, "who", where)),
            leaves=self._member(Leaves, table, "leaves", where),
        )

    def _record(self, table: dict[str, Any], where: str) -> StoredRecord | None:
        """The record is named, or follows from the one file that holds nothing else."""
        if "record" in table:
            return self._member(StoredRecord, table, "record", where)
        columns = table["held"].get("columns", [])
        if columns and all(text.startswith("applications.db:application.") for text in columns):
            return StoredRecord.APPLICATION
        return None

    def _wording(self, table: dict[str, Any], where: str) -> Wording:
        return Wording({code: self._take(table, code, str, where) for code in self._languages})

    def _texts(self, table: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
        texts = self._take(table, key, list, where)
        if not texts or not all(isinstance(text, str) and text for text in texts):
            raise DataListError(where, f"{key} must be a list of texts")
        return tuple(texts)

    def _member(self, kind: type[_Member], table: dict[str, Any], key: str, where: str) -> _Member:
        return _enum(kind, self._take(table, key, str, where), f"{where}, {key}")

    def _take(self, table: dict[str, Any], key: str, kind: type[_Kind], where: str) -> _Kind:
        value = table.get(key)
        if not isinstance(value, kind) or (kind is str and not value):
            raise DataListError(where, f"{key} is missing or of the wrong type")
        return value


def _check_whole(data_list: DataProtectionList) -> None:
    _check_once([element.id for element in data_list.elements], "an element")
    _check_once([str(column) for element in data_list.elements for column in element.columns], "a column")
    purposes = {purpose.id for purpose in data_list.purposes}
    for element in data_list.elements:
        if element.purpose not in purposes:
            raise DataListError(f"element {element.id}", f"its purpose {element.purpose!r} is not in the list")
        if element.ground not in data_list.grounds:
            raise DataListError(f"element {element.id}", f"its ground {element.ground!r} is not in the list")
    asked = {purpose.id for purpose in data_list.purposes if purpose.asked}
    if asked != {purpose.value for purpose in Purpose}:
        raise DataListError("purposes", f"the customer must be asked for {', '.join(Purpose)} and nothing else")
    _check_one_retention_per_record(data_list)


def _check_one_retention_per_record(data_list: DataProtectionList) -> None:
    for record in StoredRecord:
        kept = {element.retention for element in data_list.elements if element.record is record}
        if len(kept) != 1:
            raise DataListError(f"record {record}", "its elements must share one retention")
        if kept.pop().end is not RetentionEnd.PERIOD:
            raise DataListError(f"record {record}", "it must have a period")


def _check_once(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise DataListError(name, f"{what} stands in the list twice")


def _column(text: str, where: str) -> Column:
    file, colon, rest = text.partition(":")
    table, dot, column = rest.partition(".")
    if not (file and colon and table and dot and column):
        raise DataListError(where, f"{text!r} must read file:table.column")
    return Column(file, table, column)


def _retention(table: dict[str, Any], where: str) -> Retention:
    match table:
        case {"working_days": int(days), **rest} if days > 0 and not rest:
            return Retention(RetentionEnd.PERIOD, working_days=days)
        case {"years": int(years), **rest} if years > 0 and not rest:
            return Retention(RetentionEnd.PERIOD, years=years)
        case {"until": str(until), **rest} if not rest and until != RetentionEnd.PERIOD:
            return Retention(_enum(RetentionEnd, until, f"{where}, retention"))
        case _:
            raise DataListError(where, "retention must be working_days, years or until")


def _enum(kind: type[_Member], text: str, where: str) -> _Member:
    try:
        return kind(text)
    except ValueError:
        raise DataListError(where, f"{text!r} is none of {', '.join(kind)}") from None
