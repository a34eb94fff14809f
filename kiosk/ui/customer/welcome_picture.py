"""The drawing on the welcome screen: a face in an oval, a document, and a yes between them."""

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Colour, Theme
from kiosk.ui.widgets.icon import paint_icon


class WelcomePicture(QWidget):
    """Decoration, painted on a square of 100 units in the middle of the widget."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.setMinimumSize(theme.px(360), theme.px(360))
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        side = min(self.width(), self.height())
        painter.translate((self.width() - side) / 2, (self.height() - side) / 2)
        painter.scale(side / 100, side / 100)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(Colour.ACCENT_SOFT))
        painter.drawEllipse(QPointF(50, 50), 48, 48)
        self._paint_card(painter)
        self._paint_oval(painter)
        painter.setPen(QPen(QColor(Colour.ACCENT_SOFT), 2))
        painter.setBrush(QColor(Colour.ACCENT))
        painter.drawEllipse(QPointF(65, 71), 11, 11)
        paint_icon(painter, "tick", Colour.ON_ACCENT, QRectF(58, 64, 14, 14))

    def _paint_card(self, painter: QPainter) -> None:
        painter.save()
        painter.translate(60, 38)
        painter.rotate(9)
        painter.setPen(QPen(QColor(Colour.ACCENT), 1.0))
        painter.setBrush(QColor(Colour.SURFACE))
        painter.drawRoundedRect(QRectF(-26, -18, 54, 36), 3, 3)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(Colour.ACCENT))
        painter.drawRoundedRect(QRectF(8, -11, 15, 2.4), 1, 1)
        painter.setBrush(QColor(Colour.LINE))
        for y in (-5.5, -1, 3.5):
            painter.drawRoundedRect(QRectF(8, y, 15, 1.8), 0.9, 0.9)
        painter.drawRoundedRect(QRectF(-21, 10.5, 44, 1.6), 0.8, 0.8)
        painter.drawRoundedRect(QRectF(-21, 13.5, 44, 1.6), 0.8, 0.8)
        painter.restore()

    def _paint_oval(self, painter: QPainter) -> None:
        painter.setPen(QPen(QColor(Colour.ACCENT_SOFT), 2.4))
        painter.setBrush(QColor(Colour.ACCENT))
        painter.drawEllipse(QPointF(40, 54), 19.5, 26)
        painter.setPen(QPen(QColor(Colour.RING), 1.2, c=Qt.PenCapStyle.RoundCap))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawArc(QRectF(23, 30.5, 34, 47), 60 * 16, 240 * 16)
        paint_icon(painter, "face", Colour.ON_ACCENT, QRectF(26, 40, 28, 28))
