"""Asks whether the customer is still there in the last seconds before the time-out."""

import math

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget
from shiboken6 import isValid

from kiosk.session.machine import WARNING_S
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.indicators import CountdownRing
from kiosk.ui.widgets.surfaces import Card, column, in_the_middle
from kiosk.ui.widgets.text import lead, title


class StillHere(QWidget):
    """Covers the whole window; any touch or key is an answer, and none of them reaches what is covered."""

    answered = Signal()

    def __init__(self, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("still-here-overlay")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._focus_before: QWidget | None = None
        self._card = Card(theme)
        self._card.setFixedWidth(theme.px(860))
        self.setLayout(in_the_middle(theme, self._card))
        layout = column(self._card, theme, margin=56, gap=24)
        self._title = title(theme, "").centred()
        self._lead = lead(theme, "").centred()
        self._ring = CountdownRing(theme, 220)
        self._button = Button(theme, "still-here", "", ButtonKind.PRIMARY, TextSize.HEADING)
        self._button.setMinimumHeight(theme.px(136))
        self._button.clicked.connect(self.answered)
        layout.addWidget(self._title)
        layout.addWidget(self._lead)
        layout.addWidget(self._ring, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self._button)
        self.hide()

    def show_seconds(self, left_s: float, texts: Texts, lead_key: str = "still_here.lead") -> None:
        """Show how long there is left to answer."""
        self._title.show_text(texts("still_here.title"))
        self._lead.show_text(texts(lead_key))
        self._button.show_text(texts("still_here.button"))
        self._ring.show_left(left_s / WARNING_S, texts("still_here.seconds", seconds=math.ceil(left_s)))
        if self.isHidden():
            self._focus_before = self.window().focusWidget()
            self.show()
            self.raise_()
        self.setFocus()  # also when a new page has just taken it

    def focusNextPrevChild(self, _next: bool) -> bool:
        """Keep the Tab key on the warning."""
        return True

    def hideEvent(self, _event: QHideEvent) -> None:
        before, self._focus_before = self._focus_before, None
        still_there = before is not None and isValid(before) and before.isVisible()
        (before if before is not None and still_there else self.window()).setFocus()

    def paintEvent(self, _event: QPaintEvent) -> None:
        dim = QColor(Colour.STAGE)
        dim.setAlpha(190)
        QPainter(self).fillRect(self.rect(), dim)
