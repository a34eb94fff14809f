"""Where the visit stands: a rail of steps at the left of a landscape screen, a bar at the top of a portrait one."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.icon import paint_icon

RAIL_WIDTH = 344
BAR_HEIGHT = 150
_ROW_HEIGHT = 92
_DOT_RADIUS = 24


class ProgressSteps(QWidget):
    """Paints names and numbers only; the window says which step is the present one."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._names: Sequence[str] = ()
        self._current = 0
        self._sentence = ""
        if theme.portrait:
            self.setFixedHeight(theme.px(BAR_HEIGHT))
            self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        else:
            self.setFixedWidth(theme.px(RAIL_WIDTH))
            self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Expanding)

    @property
    def names(self) -> Sequence[str]:
        """What the steps are called."""
        return self._names

    def show_steps(self, names: Sequence[str], current: int, sentence: str) -> None:
        """Show the names with the one at index `current` as present; `sentence` says it in words."""
        self._names, self._current, self._sentence = names, current, sentence
        self.setAccessibleName(sentence)
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(RAIL_WIDTH), self._theme.px(BAR_HEIGHT))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._theme.portrait:
            self._paint_bar(painter)
        else:
            self._paint_rail(painter)

    def _paint_rail(self, painter: QPainter) -> None:
        px = self._theme.px
        x, top = px(72), px(76)
        for index in range(len(self._names)):
            y = top + index * px(_ROW_HEIGHT)
            if index:
                self._paint_link(painter, index, QPointF(x, y - px(_ROW_HEIGHT)), QPointF(x, y))
        for index, name in enumerate(self._names):
            y = top + index * px(_ROW_HEIGHT)
            self._paint_dot(painter, index, QPointF(x, y))
            now = index == self._current
            painter.setFont(self._theme.font(TextSize.BODY, Weight.SEMIBOLD if now else Weight.REGULAR))
            painter.setPen(QColor(Colour.INK if index <= self._current else Colour.INK_SOFT))
            box = QRectF(x + px(46), y - px(40), self.width() - x - px(46), px(80))
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, name)

    def _paint_bar(self, painter: QPainter) -> None:
        px = self._theme.px
        margin, y = px(110), px(52)
        step = (self.width() - 2 * margin) / max(len(self._names) - 1, 1)
        for index in range(1, len(self._names)):
            self._paint_link(painter, index, QPointF(margin + (index - 1) * step, y), QPointF(margin + index * step, y))
        for index in range(len(self._names)):
            self._paint_dot(painter, index, QPointF(margin + index * step, y))
        painter.setFont(self._theme.font(TextSize.BODY, Weight.SEMIBOLD))
        painter.setPen(QColor(Colour.INK))
        box = QRectF(0, y + px(36), self.width(), px(56))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self._sentence)

    def _paint_link(self, painter: QPainter, index: int, start: QPointF, end: QPointF) -> None:
        done = index <= self._current
        painter.setPen(QPen(QColor(Colour.ACCENT if done else Colour.CONTROL_LINE), self._theme.px(3)))
        painter.drawLine(start, end)

    def _paint_dot(self, painter: QPainter, index: int, centre: QPointF) -> None:
        px = self._theme.px
        radius = px(_DOT_RADIUS)
        done, now = index < self._current, index == self._current
        painter.setPen(QPen(QColor(Colour.ACCENT if done or now else Colour.CONTROL_LINE), px(3)))
        painter.setBrush(QColor(Colour.ACCENT if done or now else Colour.BACKGROUND))
        painter.drawEllipse(centre, radius, radius)
        box = QRectF(centre.x() - radius, centre.y() - radius, 2 * radius, 2 * radius)
        if done:
            inset = px(8)
            paint_icon(painter, "tick", Colour.ON_ACCENT, box.adjusted(inset, inset, -inset, -inset))
            return
        painter.setFont(self._theme.font(TextSize.SMALL, Weight.SEMIBOLD))
        painter.setPen(QColor(Colour.ON_ACCENT if now else Colour.INK_SOFT))
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, str(index + 1))
