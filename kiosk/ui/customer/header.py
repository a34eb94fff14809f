"""The top of every screen: whose kiosk it is, whether it is a demonstration or a trial, and the teller's corner."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QMouseEvent, QPainter, QPaintEvent, QPolygonF
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.surfaces import Area, Card, row
from kiosk.ui.widgets.text import Text, broken_lines, paint_lines

HEADER_HEIGHT = 108
CORNER_PX = 168
LONG_PRESS_MS = 1200


class Header(Area):
    """Mark and name of the bank at the left; `corner_held` from the empty right-hand corner."""

    corner_held = Signal()

    def __init__(self, theme: Theme, bank_name: str) -> None:
        super().__init__(Colour.SURFACE)
        self._theme = theme
        self.setFixedHeight(theme.px(HEADER_HEIGHT))
        layout = row(self, theme, gap=20)
        layout.setContentsMargins(theme.px(48), 0, 0, 0)
        layout.addWidget(_Mark(theme))
        layout.addWidget(BankName(theme, bank_name), 1)
        self._banner = Card(theme, Colour.ATTENTION, None)
        self._banner.setObjectName("mark")
        inner = row(self._banner, theme, margin=14)
        inner.setContentsMargins(theme.px(24), theme.px(10), theme.px(24), theme.px(10))
        self._mark_text = Text(theme, "", TextSize.SMALL, Weight.MEDIUM, Colour.ON_ATTENTION).on_one_line()
        inner.addWidget(self._mark_text)
        self._banner.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Maximum)
        layout.addWidget(self._banner, 0, Qt.AlignmentFlag.AlignVCenter)
        corner = Corner(theme)
        corner.held.connect(self.corner_held)
        layout.addWidget(corner)
        self.show_mark("")

    def show_mark(self, sentence: str) -> None:
        """Say that this is a demonstration or a trial; an empty sentence hides the banner."""
        self._mark_text.show_text(sentence)
        self._banner.setVisible(bool(sentence))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        QPainter(self).fillRect(0, self.height() - 2, self.width(), 2, QColor(Colour.LINE))


class BankName(QWidget):
    """As large as fits: on one line, else smaller on two; a name too long even so ends with an ellipsis."""

    def __init__(self, theme: Theme, name: str) -> None:
        super().__init__()
        self._theme, self._name = theme, name
        self.setObjectName("bank-name")
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Expanding)

    @property
    def lines(self) -> list[str]:
        """What can be read of the name."""
        return self._fitted()[1]

    def _fitted(self) -> tuple[QFont, list[str]]:
        for size, most in ((TextSize.LEAD, 1), (TextSize.BODY, 1), (TextSize.BODY, 2), (TextSize.SMALL, 2)):
            font = self._theme.font(size, Weight.SEMIBOLD)
            lines = broken_lines(self._name, font, self.width())
            if len(lines) <= most:
                return font, lines
        rest = self._name[self._name.index(lines[0]) + len(lines[0]) :].strip()
        cut = QFontMetrics(font).elidedText(rest, Qt.TextElideMode.ElideRight, self.width())
        return font, [lines[0], cut]

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(600), self._theme.px(HEADER_HEIGHT))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        font, lines = self._fitted()
        painter.setFont(font)
        painter.setPen(QColor(Colour.INK))
        paint_lines(painter, lines, self.rect())


class Corner(QWidget):
    """An empty place that says `held` after a long press."""

    held = Signal()

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setObjectName("teller-corner")
        self.setFixedSize(theme.px(CORNER_PX), theme.px(HEADER_HEIGHT))
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(LONG_PRESS_MS)
        self._timer.timeout.connect(self.held)

    def mousePressEvent(self, _event: QMouseEvent) -> None:
        self._timer.start()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self._timer.stop()


class _Mark(QWidget):
    """A plain house with columns, until the bank gives its own."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setFixedSize(theme.px(60), theme.px(60))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(self.width() / 60, self.height() / 60)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(Colour.ACCENT))
        painter.drawRoundedRect(QRectF(0, 0, 60, 60), 14, 14)
        painter.setBrush(QColor(Colour.ON_ACCENT))
        painter.drawPolygon(QPolygonF([QPointF(11, 25), QPointF(30, 13), QPointF(49, 25)]))
        for x in (16, 27.5, 39):
            painter.drawRect(QRectF(x, 28, 5, 13))
        painter.drawRect(QRectF(12, 43.5, 36, 4.5))
