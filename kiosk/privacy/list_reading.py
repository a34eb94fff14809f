"""Makes the data protection list of its text. Takes text; reads no file, writes nothing.

The list is refused as a whole when anything in it is missing, doubled or unknown: a list with a hole would let the
store keep what nobody was told of.
"""

import tomllib
from enum import StrEnum
from typing import Any, TypeVar

from kiosk.privacy.data_list import (
    About,
    Column,
    DataListError,
    DataProtectionList,
    Element,
    Leaves,
    ListedPurpose,
    NoticeWording,
    ResponsibleWording,
    Source,
    Viewer,
    Wording,
)
from kiosk.privacy.list_consistency import demand_consistent
from kiosk.privacy.retention import Retention, RetentionEnd, StoredRecord

_Member = TypeVar("_Member", bound=StrEnum)
_Kind = TypeVar("_Kind")


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
        own_record = self._take(self._table, "own_record_notice", dict, "the head")
        responsible = self._take(self._table, "responsible", dict, "the head")
        purposes = self._take(self._table, "purposes", dict, "the head")
        grounds = self._take(self._table, "grounds", dict, "the head")
        data_list = DataProtectionList(
            version=version,
            languages=self._languages,
            notice_wording={code: self._notice(notices, code) for code in self._languages},
            own_record_wording={code: self._notice(own_record, code) for code in self._languages},
            responsible_wording={code: self._responsible(responsible, code) for code in self._languages},
            purposes=tuple(self._purpose(name, table) for name, table in purposes.items()),
            grounds={name: self._wording(table, f"ground {name}") for name, table in grounds.items()},
            elements=tuple(self._element(table) for table in self._take(self._table, "elements", list, "the head")),
        )
        demand_consistent(data_list)
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

    def _responsible(self, wordings: dict[str, Any], code: str) -> ResponsibleWording:
        where = f"responsible.{code}"
        table = self._take(wordings, code, dict, "responsible")
        words = {key: self._take(table, key, str, where) for key in ("controller", "officer", "authority")}
        if any(text.count("{name}") != 1 for text in words.values()):
            raise DataListError(where, "each text must have {name} once")
        return ResponsibleWording(**words)

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
