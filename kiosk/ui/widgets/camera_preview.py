"""Live pictures: the face camera as a mirror with an oval, the document camera as it is.

Pulls the newest frame at most 60 times a second, only while on screen, and paints straight from its memory. Keeps
no pixel once hidden, and never copies one.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, QSize, QSizeF, Qt, QTimer
from PySide6.QtGui import QColor, QHideEvent, QImage, QPainter, QPainterPath, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Colour, Theme
from kiosk.ui.widgets.icon import paint_icon
from kiosk.ui.widgets.surfaces import CARD_RADIUS

Pixels = NDArray[np.uint8]
PULL_INTERVAL_MS = 17
_DIM_ALPHA = 150
_OUTLINE = 4
"""Dark, on both sides of every sign over a picture: a bright wall would swallow it (WCAG 2.2 asks for 3 to 1)."""
_OVAL_HEIGHT = 0.80
"""Of the picture's height; the oval is three quarters as wide as high."""
_OVAL_ASPECT = 0.75
_ARROWS = 168
"""Room for the arrows on each side of the oval."""


class LivePreview(QWidget):
    """Shows the newest picture of `pull`, filling the widget; a pull that gives the same array means nothing new."""

    def __init__(self, theme: Theme, name: str, pull: Callable[[], Pixels | None]) -> None:
        super().__init__()
        self.theme = theme
        self.setObjectName(name)
        self._pull = pull
        self._pixels: Pixels | None = None
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(PULL_INTERVAL_MS)
        self._timer.timeout.connect(self.pull_newest)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def holds_pixels(self) -> bool:
        return self._pixels is not None

    def pull_newest(self) -> None:
        """Take over the newest frame, if there is one."""
        pixels = self._pull()
        if pixels is not None and pixels is not self._pixels:
            self._pixels = pixels if pixels.flags.c_contiguous else np.ascontiguousarray(pixels)
            self.update()

    def forget(self) -> None:
        """Let go of the last frame."""
        self._pixels = None

    def paint_picture(self, painter: QPainter) -> None:
        """Paint the newest frame, cut to the widget's shape."""
        if self._pixels is None:
            return
        height, width = self._pixels.shape[:2]
        image = QImage(self._pixels.data, width, height, width * 3, QImage.Format.Format_RGB888)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.drawImage(self.picture_place(width, height), image, self.visible_part(width, height))

    def paint_over(self, painter: QPainter) -> None:
        """Paint what lies over the picture."""

    def paint_sign(self, painter: QPainter, sign: QPainterPath, width: int) -> None:
        """Paint a line of this width (design pixels) that can be seen on any picture."""
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, wide in ((Colour.STAGE, width + 2 * _OUTLINE), (Colour.RING, width)):
            pen = QPen(QColor(colour), self.theme.px(wide))
            pen.setCapStyle(Qt.PenCapStyle.RoundCap)
            pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
            painter.setPen(pen)
            painter.drawPath(sign)

    def picture_place(self, width: int, height: int) -> QRectF:  # noqa: ARG002 - a preview that fits needs it
        """Where a frame of this size is painted: all over the widget."""
        return QRectF(self.rect())

    def visible_part(self, width: int, height: int) -> QRectF:
        """The middle of the frame that has the widget's proportions."""
        scale = max(self.width() / width, self.height() / height)
        seen_width, seen_height = self.width() / scale, self.height() / scale
        return QRectF((width - seen_width) / 2, (height - seen_height) / 2, seen_width, seen_height)

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(960), self.theme.px(600))

    def minimumSizeHint(self) -> QSize:
        return QSize(self.theme.px(420), self.theme.px(320))

    def showEvent(self, _event: QShowEvent) -> None:
        self.pull_newest()
        self._timer.start()

    def hideEvent(self, _event: QHideEvent) -> None:
        self._timer.stop()
        self.forget()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(Colour.STAGE))
        self.paint_picture(painter)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.paint_over(painter)
        self._round_corners(painter)

    def _round_corners(self, painter: QPainter) -> None:
        """Paint the page's colour over the corners: cheaper than clipping every frame."""
        whole, inner = QPainterPath(), QPainterPath()
        whole.addRect(QRectF(self.rect()))
        radius = self.theme.px(CARD_RADIUS)
        inner.addRoundedRect(QRectF(self.rect()), radius, radius)
        painter.fillPath(whole.subtracted(inner), QColor(Colour.BACKGROUND))


class DocumentPreview(LivePreview):
    """The whole picture of the document camera, with a frame to lay the page into."""

    def picture_place(self, width: int, height: int) -> QRectF:
        scale = min(self.width() / width, self.height() / height)
        size = QSizeF(width * scale, height * scale)
        return QRectF(QPointF((self.width() - size.width()) / 2, (self.height() - size.height()) / 2), size)

    def visible_part(self, width: int, height: int) -> QRectF:
        return QRectF(0, 0, width, height)

    def paint_over(self, painter: QPainter) -> None:
        area = QRectF(self.rect())
        if self._pixels is None:
            paint_icon(painter, "passport", Colour.RING, _centred_square(area, area.height() * 0.3))
        else:
            area = self.picture_place(self._pixels.shape[1], self._pixels.shape[0])
        inset = self.theme.px(40)
        self._paint_corners(painter, area.adjusted(inset, inset, -inset, -inset))

    def _paint_corners(self, painter: QPainter, box: QRectF) -> None:
        length = self.theme.px(64)
        corners = QPainterPath()
        for corner, x_way, y_way in (
            (box.topLeft(), 1, 1),
            (box.topRight(), -1, 1),
            (box.bottomLeft(), 1, -1),
            (box.bottomRight(), -1, -1),
        ):
            corners.moveTo(corner + QPointF(x_way * length, 0))
            corners.lineTo(corner)
            corners.lineTo(corner + QPointF(0, y_way * length))
        self.paint_sign(painter, corners, 7)


class FacePreview(LivePreview):
    """A mirror: the capture subject in an oval, with a ring that fills or runs out around it."""

    def __init__(self, theme: Theme, name: str, pull: Callable[[], Pixels | None]) -> None:
        super().__init__(theme, name, pull)
        self._ring = 0.0
        self._arrow = 0

    def show_ring(self, fraction: float) -> None:
        """Draw the ring closed to a fraction, 0…1."""
        fraction = min(max(fraction, 0.0), 1.0)
        if fraction != self._ring:
            self._ring = fraction
            self.update()

    def show_arrow(self, direction: int) -> None:
        """Draw arrows to the left of the screen (-1), to the right (1) or none (0)."""
        if direction != self._arrow:
            self._arrow = direction
            self.update()

    @property
    def oval(self) -> QRectF:
        for_arrows = 2 * self.theme.px(_ARROWS)
        height = min(self.height() * _OVAL_HEIGHT, max(self.width() - for_arrows, self.width() / 2) / _OVAL_ASPECT)
        width = height * _OVAL_ASPECT
        return QRectF((self.width() - width) / 2, (self.height() - height) / 2, width, height)

    def paint_picture(self, painter: QPainter) -> None:
        painter.save()
        painter.translate(self.width(), 0)
        painter.scale(-1, 1)
        super().paint_picture(painter)
        painter.restore()

    def paint_over(self, painter: QPainter) -> None:
        surround, oval = QPainterPath(), self.oval
        surround.addRect(QRectF(self.rect()))
        surround.addEllipse(oval)
        dim = QColor(Colour.STAGE)
        dim.setAlpha(_DIM_ALPHA)
        painter.fillPath(surround, dim)
        if not self.holds_pixels:
            paint_icon(painter, "face", Colour.RING, _centred_square(oval, oval.height() * 0.42))
        self._paint_ring(painter, oval)
        self._paint_arrows(painter, oval)

    def _paint_ring(self, painter: QPainter, oval: QRectF) -> None:
        track = QColor(Colour.ON_STAGE)
        track.setAlpha(140)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for colour, wide in ((QColor(Colour.STAGE), 5 + 2 * _OUTLINE), (track, 5)):
            painter.setPen(QPen(colour, self.theme.px(wide)))
            painter.drawEllipse(oval)
        if self._ring > 0:
            arc = QPainterPath()
            arc.arcMoveTo(oval, 90)
            arc.arcTo(oval, 90, -self._ring * 360)
            self.paint_sign(painter, arc, 14)

    def _paint_arrows(self, painter: QPainter, oval: QRectF) -> None:
        if not self._arrow:
            return
        edge = oval.left() if self._arrow < 0 else oval.right()
        reach, step = self.theme.px(38), self.theme.px(52)
        for number in range(2):
            tip = edge + self._arrow * (self.theme.px(96) + number * step)
            middle = oval.center().y()
            chevron = QPainterPath(QPointF(tip - self._arrow * reach, middle - reach * 1.5))
            chevron.lineTo(tip, middle)
            chevron.lineTo(tip - self._arrow * reach, middle + reach * 1.5)
            self.paint_sign(painter, chevron, 16)


def _centred_square(area: QRectF, side: float) -> QRectF:
    return QRectF(area.center().x() - side / 2, area.center().y() - side / 2, side, side)
