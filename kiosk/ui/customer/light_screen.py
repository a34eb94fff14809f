"""The screen as a lamp: all of it in one colour, with one calm sentence and a small mirror near the camera.

Changes at once and only when told to; nothing on it moves or blinks by itself.
"""

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Colour, TextSize, Theme, Weight, contrast_ratio
from kiosk.ui.widgets.camera_preview import LivePreview, Pixels
from kiosk.ui.widgets.surfaces import column
from kiosk.ui.widgets.text import Text
from kiosk.verification.light import ScreenColour

_MIRROR = QSize(210, 280)
"""In design pixels: small, since what it covers does not shine."""


def screen_colour(colour: ScreenColour) -> QColor:
    """What the screen is painted in."""
    return QColor(*colour.srgb)


def ink_on(colour: ScreenColour) -> Colour:
    """Dark or white ink, whichever stands out more."""
    ground = screen_colour(colour).name()
    return max((Colour.INK, Colour.ON_STAGE), key=lambda ink: contrast_ratio(ink, ground))


class LightScreen(QWidget):
    """Lies over everything the customer sees, while there is a colour to show; a touch anywhere stops it."""

    stopped = Signal()

    def __init__(self, theme: Theme, pull: Callable[[], Pixels | None], parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("light-screen")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._ground: ScreenColour | None = None
        self.mirror = OvalMirror(theme, pull)
        self.sentence = Text(theme, "", TextSize.HEADING, Weight.SEMIBOLD).centred()
        self.sentence.setObjectName("light-sentence")
        self.way_out = Text(theme, "", TextSize.LEAD, Weight.MEDIUM).centred()
        self.demo = Text(theme, "", TextSize.SMALL, Weight.MEDIUM).centred()
        layout = column(self, theme, margin=40, gap=24)
        layout.addWidget(self.mirror, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self.sentence)
        layout.addStretch(1)
        layout.addWidget(self.way_out)
        layout.addStretch(1)
        layout.addWidget(self.demo)
        self.hide()

    def show_light(self, colour: ScreenColour | None, sentence: str, way_out: str, demo: str = "") -> None:
        """Shine from this moment on, not from the event loop's next turn; None gives the screen back."""
        if colour is self._ground:
            return
        self._ground = colour
        if colour is None:
            self.hide()
            return
        for text, words in ((self.sentence, sentence), (self.way_out, way_out), (self.demo, demo)):
            text.show_text(words)
            text.show_colour(ink_on(colour))
        self.mirror.show_ground(screen_colour(colour))
        self.setAccessibleName(sentence)
        self.raise_()
        self.show()
        self.repaint()

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        self.stopped.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._ground is not None:
            QPainter(self).fillRect(event.rect(), screen_colour(self._ground))


class OvalMirror(LivePreview):
    """The capture subject in a small oval, on whatever the screen shines in."""

    def __init__(self, theme: Theme, pull: Callable[[], Pixels | None]) -> None:
        super().__init__(theme, "light-mirror", pull)
        self._ground = QColor(Colour.STAGE)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_ground(self, colour: QColor) -> None:
        self._ground = colour
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(_MIRROR.width()), self.theme.px(_MIRROR.height()))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), self._ground)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        edge = self.theme.px(4)
        area = QRectF(self.rect()).adjusted(edge, edge, -edge, -edge)
        oval = QPainterPath()
        oval.addEllipse(area)
        painter.setClipPath(oval)
        painter.fillPath(oval, QColor(Colour.STAGE))
        painter.translate(self.width(), 0)
        painter.scale(-1, 1)
        self.paint_picture(painter)
        painter.resetTransform()
        painter.setClipping(False)
        painter.setPen(QPen(QColor(Colour.STAGE), edge))
        painter.drawEllipse(area)
