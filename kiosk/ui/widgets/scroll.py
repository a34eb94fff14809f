"""A scroll area for fingers: drag anywhere, a wide bar that always shows the extent, a hint while more is below."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QFrame, QLayout, QScrollArea, QScroller, QSizePolicy, QWidget

from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.surfaces import Card, column

_FADE = 96
_BAR, _BAR_MARGIN = 28, 6


class TouchScroll(Card):
    """A card that shows one layout of content, as tall as it likes to be."""

    def __init__(self, theme: Theme, name: str, more_below: str, colour: Colour = Colour.SURFACE) -> None:
        super().__init__(theme, colour, Colour.LINE if colour is Colour.SURFACE else None)
        self._theme, self._colour = theme, colour
        self.area = QScrollArea()
        self.area.setObjectName(name)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.area.setStyleSheet(_style(theme, colour))
        self.area.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        QScroller.grabGesture(self.area.viewport(), QScroller.ScrollerGestureType.LeftMouseButtonGesture)
        column(self, theme, margin=6).addWidget(self.area)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._fade = _Fade(theme, more_below, colour, self)
        self.area.verticalScrollBar().valueChanged.connect(self._show_extent)
        self.area.verticalScrollBar().rangeChanged.connect(self._show_extent)

    def show_content(self, layout: QLayout, margin: int = 28) -> None:
        """Take over a layout as the content."""
        content = _Content()
        palette = content.palette()
        palette.setColor(QPalette.ColorRole.Window, QColor(self._colour))
        content.setPalette(palette)
        space = self._theme.px(margin) if margin else 0
        layout.setContentsMargins(space, space, space, space)
        content.setLayout(layout)
        self.area.setWidget(content)

    def _show_extent(self) -> None:
        bar = self.area.verticalScrollBar()
        self._fade.setVisible(bar.value() < bar.maximum() - self._theme.px(12))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        height, edge = self._theme.px(_FADE), self._theme.px(6)
        bar = self._theme.px(_BAR)
        self._fade.setGeometry(edge, self.height() - height - edge, self.width() - 2 * edge - bar, height)
        self._fade.raise_()
        self._show_extent()


class _Content(QWidget):
    """As tall as its text at the present width; Qt would ask for the height at the narrowest."""

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)


class _Fade(QWidget):
    """Covers the last lines and says that there is more."""

    def __init__(self, theme: Theme, text: str, colour: Colour, parent: QWidget) -> None:
        super().__init__(parent)
        self._theme, self._text, self._colour = theme, text, colour
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        clear = QColor(self._colour)
        clear.setAlpha(0)
        fade = QLinearGradient(QPointF(0, 0), QPointF(0, self.height() * 0.5))
        fade.setColorAt(0, clear)
        fade.setColorAt(1, QColor(self._colour))
        painter.fillRect(QRectF(self.rect()), fade)
        painter.setFont(self._theme.font(TextSize.SMALL, Weight.MEDIUM))
        painter.setPen(QColor(Colour.ACCENT))
        box = self.rect().adjusted(0, round(self.height() * 0.4), 0, 0)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, f"↓  {self._text}")


def _style(theme: Theme, colour: Colour) -> str:
    margin = theme.px(_BAR_MARGIN)
    return f"""
    QScrollArea {{ background: {colour}; border: none; }}
    QScrollBar:vertical {{ background: {Colour.SUNKEN}; width: {theme.px(_BAR)}px; border: none;
        margin: {margin}px {margin}px {margin}px 0; border-radius: {theme.px(8)}px; }}
    QScrollBar::handle:vertical {{ background: {Colour.CONTROL_LINE}; min-height: {theme.px(92)}px;
        border-radius: {theme.px(8)}px; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: none; }}
    """
