"""Everything that is pressed: buttons, choice cards and tick boxes, all at least `TARGET_PX` high.

Focus comes by keyboard only, so a touch leaves no ring behind; the ring is painted wherever focus is.
"""

from enum import Enum, auto

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from kiosk.ui.theme import TARGET_PX, Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.icon import Icon, paint_icon
from kiosk.ui.widgets.surfaces import CARD_RADIUS, column, row
from kiosk.ui.widgets.text import Text

BUTTON_RADIUS = 14
_FOCUS_PX = 5


class ButtonKind(Enum):
    """How much a button asks to be pressed."""

    PRIMARY = auto()
    SECONDARY = auto()
    QUIET = auto()
    GRAVE = auto()


_PAINT: dict[ButtonKind, tuple[Colour, Colour, Colour, Colour | None]] = {
    # kind: face, face while pressed, ink, outline
    ButtonKind.PRIMARY: (Colour.ACCENT, Colour.ACCENT_PRESSED, Colour.ON_ACCENT, None),
    ButtonKind.SECONDARY: (Colour.SURFACE, Colour.ACCENT_SOFT, Colour.ACCENT, Colour.ACCENT),
    ButtonKind.QUIET: (Colour.SURFACE, Colour.SUNKEN, Colour.INK, Colour.CONTROL_LINE),
    ButtonKind.GRAVE: (Colour.SURFACE, Colour.ALARM_SOFT, Colour.ALARM, Colour.ALARM),
}


class Pressable(QAbstractButton):
    """Root of everything pressed: name for look-up and speech, focus by keyboard, pressed by Space or Return."""

    def __init__(self, theme: Theme, name: str, text: str) -> None:
        super().__init__()
        self.theme = theme
        self.plain_text = ""
        self.setObjectName(name)
        self.show_text(text)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumHeight(theme.px(TARGET_PX))
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_text(self, text: str) -> None:
        """Replace the label; it is also the spoken name unless `speak_as` gives another."""
        if text != self.plain_text:
            self.plain_text = text
            self.updateGeometry()
            self.update()
        self.setAccessibleName(text)

    def speak_as(self, text: str) -> None:
        """Name a button that carries a pictogram only."""
        self.setAccessibleName(text)

    def paint_focus(self, painter: QPainter, box: QRectF, radius: float) -> None:
        """A double ring that shows on any background."""
        if not self.hasFocus():
            return
        painter.setBrush(Qt.BrushStyle.NoBrush)
        width = self.theme.px(_FOCUS_PX)
        painter.setPen(QPen(QColor(Colour.ATTENTION), width + self.theme.px(4)))
        painter.drawRoundedRect(box.adjusted(width, width, -width, -width), radius, radius)
        painter.setPen(QPen(QColor(Colour.INK), width))
        painter.drawRoundedRect(box.adjusted(width / 2, width / 2, -width / 2, -width / 2), radius, radius)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
        elif not event.isAutoRepeat():
            self.click()


class Button(Pressable):
    """A labelled button."""

    def __init__(
        self,
        theme: Theme,
        name: str,
        text: str,
        kind: ButtonKind = ButtonKind.SECONDARY,
        size: TextSize = TextSize.BODY,
        icon: str | None = None,
    ) -> None:
        super().__init__(theme, name, text)
        self._kind = kind
        self._icon = icon
        self.setFont(theme.font(size, Weight.SEMIBOLD if kind is ButtonKind.PRIMARY else Weight.MEDIUM))
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        lines = self.plain_text.split("\n")
        icon = self._icon_px + self.theme.px(16) if self._icon else 0
        width = max(map(metrics.horizontalAdvance, lines)) + icon + 2 * self.theme.px(36)
        padding = 22 if len(lines) == 1 else 8
        return QSize(width, max(self.minimumHeight(), metrics.height() * len(lines) + 2 * self.theme.px(padding)))

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def show_kind(self, kind: ButtonKind) -> None:
        self._kind = kind
        self.update()

    def show_icon(self, icon: str) -> None:
        self._icon = icon
        self.update()

    @property
    def _icon_px(self) -> int:
        return round(QFontMetrics(self.font()).height() * 0.95)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        face, pressed, ink, outline = _PAINT[self._kind]
        if not self.isEnabled():
            face, ink, outline = Colour.DISABLED, Colour.ON_DISABLED, None
        box = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        radius = self.theme.px(BUTTON_RADIUS)
        painter.setBrush(QColor(pressed if self.isDown() else face))
        painter.setPen(QPen(QColor(outline), self.theme.px(2.5)) if outline else Qt.PenStyle.NoPen)
        painter.drawRoundedRect(box, radius, radius)
        self._paint_label(painter, ink)
        self.paint_focus(painter, box, radius)

    def _paint_label(self, painter: QPainter, ink: Colour) -> None:
        painter.setPen(QColor(ink))
        painter.setFont(self.font())
        box = self.rect()
        if self._icon:
            side, gap = self._icon_px, self.theme.px(16) if self.plain_text else 0
            lines = self.plain_text.split("\n")
            content = side + gap + max(map(painter.fontMetrics().horizontalAdvance, lines))
            left = (self.width() - content) / 2
            paint_icon(painter, self._icon, ink, QRectF(left, (self.height() - side) / 2, side, side))
            box = box.adjusted(round(left) + side + gap, 0, 0, 0)
            painter.drawText(box, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.plain_text)
        else:
            painter.drawText(box, Qt.AlignmentFlag.AlignCenter, self.plain_text)


class Tab(Pressable):
    """One of several views, of which exactly one is chosen; a dot says that something there wants attention."""

    def __init__(self, theme: Theme, name: str, text: str) -> None:
        super().__init__(theme, name, text)
        self.setCheckable(True)
        self.setAutoExclusive(True)
        self._marked = False
        self.setFont(theme.font(TextSize.BODY, Weight.MEDIUM))
        self.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)

    def show_mark(self, marked: bool) -> None:
        self._marked = marked
        self.update()

    def sizeHint(self) -> QSize:
        width = QFontMetrics(self.font()).horizontalAdvance(self.plain_text) + 2 * self.theme.px(40)
        return QSize(width, self.theme.px(TARGET_PX))

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        radius = self.theme.px(BUTTON_RADIUS)
        chosen = self.isChecked()
        if chosen or self.isDown():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(Colour.ACCENT_SOFT))
            painter.drawRoundedRect(box, radius, radius)
        painter.setPen(QColor(Colour.ACCENT if chosen else Colour.INK_SOFT))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self.plain_text)
        if self._marked:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(Colour.ALARM))
            dot = self.theme.px(9)
            painter.drawEllipse(QRectF(self.width() - 3 * dot, 2 * dot, 2 * dot, 2 * dot))
        self.paint_focus(painter, box, radius)


class ChoiceCard(Pressable):
    """A large card that chooses by one touch; holds any labels a page puts into `body`."""

    def __init__(self, theme: Theme, name: str, text: str) -> None:
        super().__init__(theme, name, text)
        self.body = column(self, theme, margin=36, gap=16)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)

    def add(self, widget: QWidget) -> None:
        """Put a label into the card; touches fall through it."""
        widget.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.body.addWidget(widget)

    def sizeHint(self) -> QSize:
        return self.body.sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        radius = self.theme.px(CARD_RADIUS)
        painter.setBrush(QColor(Colour.ACCENT_SOFT if self.isDown() else Colour.SURFACE))
        painter.setPen(QPen(QColor(Colour.ACCENT if self.isDown() else Colour.CONTROL_LINE), self.theme.px(2.5)))
        painter.drawRoundedRect(box, radius, radius)
        self.paint_focus(painter, box, radius)


class TickBox(Pressable):
    """A box to tick with its sentence, the whole of it one target."""

    def __init__(self, theme: Theme, name: str, text: str, explanation: str = "") -> None:
        super().__init__(theme, name, text)
        self.setCheckable(True)
        self.setAccessibleDescription(explanation)
        layout = row(self, theme, gap=22)
        margin = theme.px(24)
        layout.setContentsMargins(margin, margin, margin, margin)
        self._mark = Icon(theme, "box-empty", 52, Colour.CONTROL_LINE)
        self._mark.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        layout.addWidget(self._mark, 0, Qt.AlignmentFlag.AlignTop)
        words = column(None, theme, gap=6)
        words.addWidget(Text(theme, text, TextSize.BODY, Weight.SEMIBOLD))
        if explanation:
            words.addWidget(Text(theme, explanation, TextSize.SMALL, Weight.REGULAR, Colour.INK_SOFT))
        words.addStretch(1)
        layout.addLayout(words, 1)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        self.toggled.connect(self._show_mark)

    def _show_mark(self, ticked: bool) -> None:
        self._mark.show_icon(*(("box-ticked", Colour.ACCENT) if ticked else ("box-empty", Colour.CONTROL_LINE)))
        self.update()

    def sizeHint(self) -> QSize:
        layout = self.layout()
        return layout.sizeHint() if layout else super().sizeHint()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        radius = self.theme.px(CARD_RADIUS)
        chosen = self.isChecked()
        painter.setBrush(QColor(Colour.ACCENT_SOFT if chosen or self.isDown() else Colour.SURFACE))
        painter.setPen(QPen(QColor(Colour.ACCENT if chosen else Colour.CONTROL_LINE), self.theme.px(2.5)))
        painter.drawRoundedRect(box, radius, radius)
        self.paint_focus(painter, box, radius)
