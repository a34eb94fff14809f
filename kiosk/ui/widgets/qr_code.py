"""A square code, painted module by module; no picture file is made."""

import segno
from PySide6.QtCore import QRectF, QSize
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from kiosk.ui.theme import Colour, Theme

_QUIET_MODULES = 4


class QrCode(QWidget):
    """Shows one text as a QR code with its quiet zone, in whole pixels."""

    def __init__(self, theme: Theme, name: str, side: int) -> None:
        super().__init__()
        self.setObjectName(name)
        self._rows: tuple[tuple[int, ...], ...] = ()
        self._side = theme.px(side)
        self.setFixedSize(self._side, self._side)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def show_code(self, text: str) -> None:
        code = segno.make_qr(text, error="l")  # a clean screen at hand's length: room for the text is worth more
        self._rows = tuple(tuple(row) for row in code.matrix)
        self.update()

    @property
    def module_px(self) -> int:
        """Side of one square of the code, as large as they all fit in."""
        return max(1, self._side // (len(self._rows) + 2 * _QUIET_MODULES))

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(Colour.SURFACE))
        if not self._rows:
            return
        module = self.module_px
        offset = (self._side - module * len(self._rows)) // 2
        ink = QColor(Colour.INK)
        for y, row in enumerate(self._rows):
            for x, dark in enumerate(row):
                if dark:
                    painter.fillRect(QRectF(offset + x * module, offset + y * module, module, module), ink)
