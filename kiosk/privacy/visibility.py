"""Who may see what, as the data protection list says. Pure; showing less is the caller's part."""

from kiosk.privacy.data_list import About, Column, DataProtectionList, Element, Viewer
from kiosk.privacy.notice import NoticeSection, section


def visible_to(data_list: DataProtectionList, viewer: Viewer) -> frozenset[str]:
    """The ids of the elements that somebody may see, those included that are not collected any more."""
    return frozenset(element.id for element in data_list.kept_elements if viewer in element.who)


def columns_visible_to(data_list: DataProtectionList, viewer: Viewer, file: str, table: str) -> frozenset[str]:
    """The columns of a table that somebody may see."""
    columns = (column for element in data_list.kept_elements if viewer in element.who for column in element.columns)
    return frozenset(column.column for column in columns if _is_of(column, file, table))


def held_in_store(data_list: DataProtectionList, language: str) -> tuple[NoticeSection, ...]:
    """What the store may hold about a customer, in words; raise `LanguageNotListedError`."""
    held = (element for element in data_list.kept_elements if _is_held(element))
    return tuple(section(element, language) for element in held)


def _is_held(element: Element) -> bool:
    return element.about is About.CUSTOMER and bool(element.columns)


def _is_of(column: Column, file: str, table: str) -> bool:
    return (column.file, column.table) == (file, table)
