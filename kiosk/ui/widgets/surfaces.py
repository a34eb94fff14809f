"""Plain areas: cards, pills and hairlines, painted in the theme's colours. They hold no text of their own."""

from typing import TypeVar

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QBoxLayout, QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.text import Text

CARD_RADIUS = 18
_Kind = TypeVar("_Kind", bound=QBoxLayout)


class Area(QWidget):
    """A rectangle of one colour."""

    def __init__(self, colour: Colour, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._colour = QColor(colour)

    def show_colour(self, colour: Colour) -> None:
        self._colour = QColor(colour)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        QPainter(self).fillRect(event.rect(), self._colour)


class Card(QFrame):
    """A rounded area with an optional outline."""

    def __init__(
        self,
        theme: Theme,
        colour: Colour = Colour.SURFACE,
        outline: Colour | None = Colour.LINE,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._colour = colour
        self._outline = outline

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(QColor(self._colour))
        painter.setPen(QPen(QColor(self._outline), self._theme.px(2)) if self._outline else Qt.PenStyle.NoPen)
        radius = self._theme.px(CARD_RADIUS)
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), radius, radius)


class Note(Card):
    """A sentence with a pictogram in a tinted card: a hint, a status or something to put right."""

    def __init__(
        self,
        theme: Theme,
        icon: str,
        text: str = "",
        background: Colour = Colour.ACCENT_SOFT,
        ink: Colour = Colour.INK,
        icon_ink: Colour = Colour.ACCENT,
    ) -> None:
        super().__init__(theme, background, None)
        self.text = Text(theme, text, TextSize.BODY, Weight.MEDIUM, ink)
        layout = row(self, theme, margin=22, gap=18)
        layout.addWidget(Icon(theme, icon, 44, icon_ink), 0, Qt.AlignmentFlag.AlignTop)
        layout.addWidget(self.text, 1)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)

    def show_text(self, text: str) -> None:
        self.text.show_text(text)


def attention_note(theme: Theme, icon: str, text: str = "") -> Note:
    """A note about something the reader should act on."""
    return Note(theme, icon, text, Colour.ATTENTION, Colour.ON_ATTENTION, Colour.ON_ATTENTION)


def column(parent: QWidget | None, theme: Theme, margin: int = 0, gap: int = 0) -> QVBoxLayout:
    """A vertical layout with margins and gaps in design pixels."""
    return _spaced(QVBoxLayout(parent) if parent else QVBoxLayout(), theme, margin, gap)


def row(parent: QWidget | None, theme: Theme, margin: int = 0, gap: int = 0) -> QHBoxLayout:
    """A horizontal layout with margins and gaps in design pixels."""
    return _spaced(QHBoxLayout(parent) if parent else QHBoxLayout(), theme, margin, gap)


def side_by_side(theme: Theme, gap: int) -> QBoxLayout:
    """A row on a landscape screen, a column on a portrait one."""
    return column(None, theme, gap=gap) if theme.portrait else row(None, theme, gap=gap)


def _spaced(layout: _Kind, theme: Theme, margin: int, gap: int) -> _Kind:
    space = theme.px(margin) if margin else 0
    layout.setContentsMargins(space, space, space, space)
    layout.setSpacing(theme.px(gap) if gap else 0)
    return layout


def in_the_middle(theme: Theme, widget: QWidget) -> QVBoxLayout:
    """A layout with one widget in its middle, as tall as its text needs at the widget's own width."""
    across = row(None, theme)
    across.addStretch(1)
    across.addWidget(widget)
    across.addStretch(1)
    down = column(None, theme)
    down.addStretch(1)
    down.addLayout(across)
    down.addStretch(1)
    return down


def discard(widget: QWidget) -> None:
    """Take a widget off the screen for good, with everything it shows."""
    widget.hide()
    widget.setParent(None)
    widget.deleteLater()
