"""An application record as label and value, for the teller to compare and to copy into the bank's system."""

from collections.abc import Iterator

from PySide6.QtWidgets import QGridLayout

from kiosk.session.visible_record import VisibleRecord
from kiosk.ui.texts import Texts, full_name
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.text import BreakingText, Text


def record_grid(theme: Theme, texts: Texts, record: VisibleRecord, pairs_per_row: int = 1) -> QGridLayout:
    """Return a grid with every field of the record that may be seen."""
    grid = QGridLayout()
    grid.setHorizontalSpacing(theme.px(28))
    grid.setVerticalSpacing(theme.px(8))
    for number, (name, value) in enumerate(_fields(texts, record)):
        row, column = divmod(number, pairs_per_row)
        label = Text(theme, texts(f"teller.{name}"), TextSize.SMALL, colour=Colour.INK_SOFT).on_one_line()
        shown = BreakingText(theme, value, TextSize.BODY, Weight.MEDIUM)
        shown.setObjectName(f"teller-record-{name}")
        grid.addWidget(label, row, 2 * column)
        grid.addWidget(shown, row, 2 * column + 1)
        grid.setColumnStretch(2 * column + 1, 1)
    return grid


def _fields(texts: Texts, record: VisibleRecord) -> Iterator[tuple[str, str]]:
    if record.primary_name is not None or record.secondary_name is not None:
        yield "names", full_name(record.primary_name or "", record.secondary_name or "")
    if record.birth_date is not None:
        yield "birth_date", record.birth_date.isoformat()
    if record.document_kind is not None or record.document_number is not None:
        kind = "" if record.document_kind is None else texts.of(record.document_kind)
        yield "document", f"{kind} {record.document_number or ''}".strip()
    if record.nationality is not None:
        yield "nationality", record.nationality
    if record.account_class is not None:
        yield "account", texts.of(record.account_class)
    if "phone" in record.shown:
        yield "phone", record.phone or "–"
    if "address" in record.shown:
        yield "address", record.address or "–"
