"""What the teller hands to a customer at the counter: a copy of their record, or the receipt for its erasure.

In the customer's language, in the place of everybody else's records, until the teller says that the customer has it.
"""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget

from kiosk.runtime.surface import ErasureSlip, OwnRecord, TellerSurface
from kiosk.ui.customer.take_home import CopyCodes, ErasureCard, StaysList
from kiosk.ui.texts import Texts, load_texts
from kiosk.ui.theme import TextSize, Theme
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.surfaces import column, row, side_by_side
from kiosk.ui.widgets.text import heading, lead


class HandOver(QWidget):
    """Built anew for each customer, and thrown away with all it shows."""

    def __init__(self, theme: Theme, surface: TellerSurface, texts: Texts, what: OwnRecord | ErasureSlip) -> None:
        super().__init__()
        self.what = what
        self.setObjectName("hand-over")
        layout = column(self, theme, gap=18)
        key = "hand_over_copy" if isinstance(what, OwnRecord) else "hand_over_receipt"
        top = row(None, theme, gap=28)
        words = column(None, theme, gap=6)
        words.addWidget(heading(theme, texts(f"teller.{key}")))
        words.addWidget(lead(theme, texts(f"teller.{key}_lead")))
        top.addLayout(words, 1)
        done = Button(theme, "hand-over-done", texts("teller.hand_over_done"), ButtonKind.PRIMARY, TextSize.LEAD)
        done.clicked.connect(surface.hand_over_done)
        top.addWidget(done, 0, Qt.AlignmentFlag.AlignVCenter)
        layout.addLayout(top)
        theirs = load_texts(what.language)
        match what:
            case OwnRecord():
                codes = CopyCodes(theme, theirs)
                codes.show_parts(what.copy)
                layout.addWidget(codes, 1)
            case ErasureSlip():
                card = ErasureCard(theme, theirs)
                card.show_receipt(what)
                halves = side_by_side(theme, gap=32)
                halves.addWidget(card, 1)
                halves.addWidget(StaysList(theme, theirs, what.stays), 1)
                layout.addLayout(halves, 1)
