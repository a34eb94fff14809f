"""Pages on which the customer has nothing to do: comparing, waiting for the teller, recording.

The wording for the teller is the same whatever the reason.
"""

from typing import ClassVar

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.indicators import Spinner
from kiosk.ui.widgets.surfaces import column
from kiosk.ui.widgets.text import Text, lead, title


class CalmPage(Page):
    """A sign, a heading and a sentence in the middle of the page."""

    section: ClassVar[str]

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        layout = column(self, self.theme, gap=24)
        layout.addStretch(4)
        layout.addWidget(self.sign(), 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(self.theme.px(20))
        layout.addWidget(title(self.theme, self.texts(f"{self.section}.title")).centred())
        layout.addWidget(lead(self.theme, self.texts(f"{self.section}.lead")).centred())
        self.lines = layout
        self.add_more()
        layout.addStretch(5)

    def sign(self) -> QWidget:
        return Spinner(self.theme, 180)

    def add_more(self) -> None:
        """Add what a page says below its sentence."""


class ComparingPage(CalmPage):
    section = "comparing"


class RecordingPage(CalmPage):
    section = "recording"


class WaitingPage(CalmPage):
    section = "waiting"

    def sign(self) -> QWidget:
        return RoundSign(self.theme, "people", 220)

    def add_more(self) -> None:
        stay = Text(self.theme, self.texts("waiting.stay"), TextSize.BODY, Weight.MEDIUM, Colour.ACCENT)
        self.lines.addWidget(stay.centred())


class RoundSign(QWidget):
    """A pictogram on a tinted disc."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        side: int,
        disc: Colour = Colour.ACCENT_SOFT,
        ink: Colour = Colour.ACCENT,
    ) -> None:
        super().__init__()
        self._disc = disc
        self.setFixedSize(theme.px(side), theme.px(side))
        layout = column(self, theme)
        layout.addWidget(Icon(theme, icon, side * 3 // 5, ink), 0, Qt.AlignmentFlag.AlignCenter)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._disc))
        painter.drawEllipse(self.rect())
