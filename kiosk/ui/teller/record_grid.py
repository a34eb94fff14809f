"""An application record as label and value, for the teller to compare and to copy into the bank's system."""

from collections.abc import Iterator

from PySide6.QtWidgets import QGridLayout

from kiosk.session.events import ApplicationRecord
from kiosk.ui.texts import Texts, full_name
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.text import BreakingText, Text


def record_grid(theme: Theme, texts: Texts, record: ApplicationRecord, pairs_per_row: int = 1) -> QGridLayout:
    """Return a grid with every field of the record."""
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


def _fields(texts: Texts, record: ApplicationRecord) -> Iterator[tuple[str, str]]:
    yield "names", full_name(record.primary_name, record.secondary_name)
    yield "birth_date", record.birth_date.isoformat()
    yield "document", f"{texts.of(record.document_kind)} {record.document_number}"
    yield "nationality", record.nationality
    yield "account", texts.of(record.account_class)
    yield "phone", record.phone or "–"
    yield "address", record.address or "–"
