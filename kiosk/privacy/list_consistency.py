"""What must hold of a data protection list as a whole, whoever made it. Pure."""

from collections.abc import Mapping
from types import MappingProxyType

from kiosk.privacy.consent import Purpose
from kiosk.privacy.data_list import DataListError, DataProtectionList, Element, Viewer
from kiosk.privacy.retention import RetentionEnd, StoredRecord

APPLICATION_PERIOD = "{application_period}"
"""In the words of a notice: for how long an application is kept at most, drawn from the number in the list."""
TABLE_OF: Mapping[StoredRecord, tuple[str, str]] = MappingProxyType(
    {
        StoredRecord.APPLICATION: ("applications.db", "application"),
        StoredRecord.CONSENT: ("kiosk.db", "consent"),
        StoredRecord.OUTBOX: ("kiosk.db", "outbox"),
        StoredRecord.AUDIT: ("kiosk.db", "audit"),
        StoredRecord.ERASURE: ("kiosk.db", "erasure"),
    }
)
"""File and table whose rows the schedule erases as this record."""


def demand_consistent(data_list: DataProtectionList) -> None:
    """Raise `DataListError` for the first thing that does not fit the rest."""
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
    for element in data_list.elements:
        _check_place(element)
    _check_one_retention_per_record(data_list)
    _check_placeholders(data_list)


def _check_place(element: Element) -> None:
    """What is kept has a place and an end that somebody carries out; what is not kept has neither."""
    where = f"element {element.id}"
    ends_with_visit = element.retention.end is RetentionEnd.END_OF_VISIT
    if element.columns and ends_with_visit:
        raise DataListError(where, "it has columns, and so it is kept beyond the visit")
    if element.in_memory_only and not ends_with_visit:
        raise DataListError(where, "it is kept, but names no column and no other place")
    if element.columns and element.retention.end is RetentionEnd.PERIOD and element.record is None:
        raise DataListError(where, "it has a period, but is part of no record that the schedule erases")
    tables = {(column.file, column.table) for column in element.columns}
    if element.record is not None and tables != {TABLE_OF[element.record]}:
        raise DataListError(where, f"its columns do not all go with the record {element.record}")
    if element.record is None and tables & set(TABLE_OF.values()):
        raise DataListError(where, "its columns go with a record that it does not name")
    if Viewer.NOBODY in element.who and len(element.who) > 1:
        raise DataListError(where, "nobody may see it, and somebody else may")


def _check_placeholders(data_list: DataProtectionList) -> None:
    for notices in (data_list.notice_wording, data_list.own_record_wording):
        for code, wording in notices.items():
            said = "".join((wording.title, *wording.summary, wording.choice, *wording.rights))
            if set("{}") & set(said.replace(APPLICATION_PERIOD, "")):
                raise DataListError(f"notice.{code}", f"only {APPLICATION_PERIOD} may stand in braces")


def _check_one_retention_per_record(data_list: DataProtectionList) -> None:
    for record in StoredRecord:
        kept = {element.retention for element in data_list.kept_elements if element.record is record}
        if len(kept) != 1:
            raise DataListError(f"record {record}", "its elements must share one retention")
        if kept.pop().end is not RetentionEnd.PERIOD:
            raise DataListError(f"record {record}", "it must have a period")


def _check_once(names: list[str], what: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise DataListError(name, f"{what} stands in the list twice")
