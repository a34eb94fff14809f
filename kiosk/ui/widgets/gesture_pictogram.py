"""A small moving head that does what is asked, as the capture subject would see themselves in a mirror."""

import math

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPainterPath, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Colour, Theme
from kiosk.verification.liveness import Gesture

LOOP_S = 1.8
_TICK_MS = 33

MIRROR_DIRECTION: dict[Gesture, int] = {Gesture.TURN_LEFT: -1, Gesture.TURN_RIGHT: 1}
"""In a mirror the subject's own left is on the left of the screen."""


class GesturePictogram(QWidget):
    """Drawn on a square of 100 units; `None` shows a head that looks straight ahead."""

    def __init__(self, theme: Theme, side: int) -> None:
        super().__init__()
        self._side = theme.px(side)
        self._gesture: Gesture | None = None
        self._elapsed_s = LOOP_S / 2
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        self.setFixedSize(self._side, self._side)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_gesture(self, gesture: Gesture | None) -> None:
        if gesture is not self._gesture:
            self._gesture = gesture
            self._elapsed_s = LOOP_S / 2  # the gesture at its fullest: clear at the first glance
            self.update()

    @property
    def _fullness(self) -> float:
        """How far the gesture is carried out, 0…1, rising and falling once a loop."""
        return 0.5 - 0.5 * math.cos(2 * math.pi * self._elapsed_s / LOOP_S)

    def _tick(self) -> None:
        self._elapsed_s = (self._elapsed_s + _TICK_MS / 1000) % LOOP_S
        if self._gesture is not None:
            self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def showEvent(self, _event: QShowEvent) -> None:
        self._timer.start()

    def hideEvent(self, _event: QHideEvent) -> None:
        self._timer.stop()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(Colour.ACCENT_SOFT))
        painter.drawEllipse(QRectF(self.rect()))
        painter.scale(self._side / 100, self._side / 100)
        self._paint_head(painter)

    def _paint_head(self, painter: QPainter) -> None:
        turn = MIRROR_DIRECTION.get(self._gesture, 0) * self._fullness if self._gesture else 0.0
        pen = QPen(QColor(Colour.ACCENT), 3.2)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        painter.setPen(pen)
        painter.setBrush(QColor(Colour.SURFACE))
        painter.drawEllipse(QPointF(50, 50), 25 - 2 * abs(turn), 32)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        middle = 50 + 13 * turn
        self._paint_eyes(painter, middle, turn)
        nose = QPainterPath(QPointF(middle, 46))
        nose.lineTo(middle + (4 * turn or 1.5), 54)
        nose.lineTo(middle - 1, 55)
        painter.drawPath(nose)
        self._paint_mouth(painter, middle, turn)
        if turn:
            self._paint_arrow(painter, 1 if turn > 0 else -1)

    def _paint_eyes(self, painter: QPainter, middle: float, turn: float) -> None:
        openness = 1 - self._fullness if self._gesture is Gesture.BLINK else 1.0
        for side in (-1, 1):
            spread = 10 * (1 - 0.35 * abs(turn)) if side * turn <= 0 else 10 * (1 - 0.6 * abs(turn))
            centre = QPointF(middle + side * spread, 42)
            if openness < 0.25:
                painter.drawLine(centre - QPointF(4.5, 0), centre + QPointF(4.5, 0))
            else:
                painter.setBrush(QColor(Colour.ACCENT))
                painter.drawEllipse(centre, 2.0, 2.4 * openness)
                painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_mouth(self, painter: QPainter, middle: float, turn: float) -> None:
        width = 10 * (1 - 0.5 * abs(turn))
        middle -= 4 * turn
        if self._gesture is Gesture.OPEN_MOUTH:
            painter.setBrush(QColor(Colour.ACCENT))
            painter.drawEllipse(QPointF(50, 67), 7.5, 1 + 7.5 * self._fullness)
            painter.setBrush(Qt.BrushStyle.NoBrush)
            return
        bend = 0.0
        if self._gesture is Gesture.SMILE:
            bend = 9 * self._fullness
            width += 3 * self._fullness
        mouth = QPainterPath(QPointF(middle - width, 66 - bend * 0.3))
        mouth.quadTo(QPointF(middle, 66 + bend), QPointF(middle + width, 66 - bend * 0.3))
        painter.drawPath(mouth)

    def _paint_arrow(self, painter: QPainter, way: int) -> None:
        pen = QPen(QColor(Colour.ACCENT), 4.2)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        tip = QPointF(50 + way * 44, 50)
        arrow = QPainterPath(tip - QPointF(way * 7, 8))
        arrow.lineTo(tip)
        arrow.lineTo(tip - QPointF(way * 7, -8))
        painter.drawPath(arrow)
