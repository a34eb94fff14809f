"""Pictograms: `assets/icons/<name>.svg` drawn in one colour of the theme."""

from functools import lru_cache

from PySide6.QtCore import QByteArray, QRectF, QSize
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.texts import ASSETS
from kiosk.ui.theme import Colour, Theme, ThemeError


@lru_cache(maxsize=128)
def _renderer(name: str, colour: Colour) -> QSvgRenderer:
    path = ASSETS / "icons" / f"{name}.svg"
    try:
        drawing = path.read_text(encoding="utf-8").replace("currentColor", colour.value)
    except OSError as error:
        raise ThemeError(f"The pictogram assets/icons/{path.name} cannot be read: {error}.") from error
    return QSvgRenderer(QByteArray(drawing.encode()))


def paint_icon(painter: QPainter, name: str, colour: Colour, target: QRectF) -> None:
    """Draw a pictogram into a square."""
    _renderer(name, colour).render(painter, target)


class Icon(QWidget):
    """A pictogram of a fixed size in design pixels; decoration, so it has no accessible name."""

    def __init__(self, theme: Theme, name: str, size: int, colour: Colour = Colour.ACCENT) -> None:
        super().__init__()
        self._name = name
        self._colour = colour
        self._side = theme.px(size)
        self.setFixedSize(self._side, self._side)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_icon(self, name: str, colour: Colour | None = None) -> None:
        self._name = name
        self._colour = colour or self._colour
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        paint_icon(painter, self._name, self._colour, QRectF(self.rect()))
