"""Small things that move or count: a calm spinner, a countdown ring, progress dots. They decide nothing."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Colour, TextSize, Theme, Weight

_TICK_MS = 33
_TURN_S = 1.6


class Spinner(QWidget):
    """A ring segment that goes round slowly: something is being done."""

    def __init__(self, theme: Theme, side: int) -> None:
        super().__init__()
        self._line = theme.px(max(6, side // 14))
        self._turn = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.setFixedSize(theme.px(side), theme.px(side))

    def _tick(self) -> None:
        self._turn = (self._turn + _TICK_MS / 1000 / _TURN_S) % 1.0
        self.update()

    def showEvent(self, _event: QShowEvent) -> None:
        self._timer.start()

    def hideEvent(self, _event: QHideEvent) -> None:
        self._timer.stop()

    def paintEvent(self, _event: QPaintEvent) -> None:
        _paint_ring(QPainter(self), QRectF(self.rect()), self._line, round((90 - self._turn * 360) * 16), -100 * 16)


def _paint_ring(painter: QPainter, area: QRectF, line: int, start: int, span: int) -> None:
    """A whole thin ring and an accented part of it; start and span in sixteenths of a degree."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    box = area.adjusted(line, line, -line, -line)
    painter.setPen(QPen(QColor(Colour.LINE), line))
    painter.drawEllipse(box)
    pen = QPen(QColor(Colour.ACCENT), line)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    painter.setPen(pen)
    painter.drawArc(box, start, span)


class CountdownRing(QWidget):
    """A ring that runs out, with the seconds in its middle."""

    def __init__(self, theme: Theme, side: int) -> None:
        super().__init__()
        self._line = theme.px(14)
        self._left = 0.0
        self._text = ""
        self.setFont(theme.font(TextSize.TITLE, Weight.SEMIBOLD))
        self.setFixedSize(theme.px(side), theme.px(side))

    def show_left(self, fraction: float, text: str) -> None:
        """Show what is left, 0…1, and a short text for it."""
        self._left = min(max(fraction, 0.0), 1.0)
        self._text = text
        self.setAccessibleName(text)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        _paint_ring(painter, QRectF(self.rect()), self._line, 90 * 16, -round(self._left * 360 * 16))
        painter.setPen(QColor(Colour.INK))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)


class ProgressDots(QWidget):
    """One dot for each thing to do: done, present, to come."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._number = 0
        self._count = 0
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.setFixedHeight(theme.px(36))

    def show_progress(self, number: int, count: int) -> None:
        """Show that `number` (from 1) of `count` is being done."""
        self._number, self._count = number, count
        self.setMinimumWidth(self.sizeHint().width())
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(52) * max(self._count, 1), self._theme.px(36))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        step = self._theme.px(52)
        left = (self.width() - step * (self._count - 1)) / 2
        for number in range(1, self._count + 1):
            centre = QPointF(left + (number - 1) * step, self.height() / 2)
            filled = number <= self._number
            painter.setPen(QPen(QColor(Colour.ACCENT if filled else Colour.CONTROL_LINE), self._theme.px(3)))
            painter.setBrush(QColor(Colour.ACCENT) if filled else QColor(Colour.BACKGROUND))
            radius = self._theme.px(14 if number == self._number else 10)
            painter.drawEllipse(centre, radius, radius)
