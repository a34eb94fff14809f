"""Labels in the kiosk's typeface. Plain text only: what a document says is never taken for markup."""

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPalette, QTextLayout, QTextOption
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from kiosk.ui.theme import Colour, TextSize, Theme, Weight


class Text(QLabel):
    """A wrapped label; `show_text` replaces what it says."""

    def __init__(
        self,
        theme: Theme,
        text: str = "",
        size: TextSize = TextSize.BODY,
        weight: Weight = Weight.REGULAR,
        colour: Colour = Colour.INK,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(text, parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setFont(theme.font(size, weight))
        self.setForegroundRole(QPalette.ColorRole.WindowText)  # on a button Qt would take the button's own
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        policy = self.sizePolicy()  # keeps that the height follows from the width
        policy.setVerticalPolicy(QSizePolicy.Policy.Minimum)
        self.setSizePolicy(policy)
        self.show_colour(colour)

    def show_text(self, text: str) -> None:
        """Replace the text; an unchanged one costs nothing."""
        if text != self.text():
            self.setText(text)

    def show_colour(self, colour: Colour) -> None:
        palette = self.palette()
        palette.setColor(QPalette.ColorRole.WindowText, QColor(colour))
        self.setPalette(palette)

    def centred(self) -> "Text":
        """Centre the lines; returns itself."""
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        return self

    def on_one_line(self) -> "Text":
        """Never wrap; returns itself."""
        self.setWordWrap(False)
        return self


class BreakingText(Text):
    """A text that may hold a word wider than the label, as a name does: such a word is broken where the line ends."""

    def heightForWidth(self, width: int) -> int:
        return QFontMetrics(self.font()).lineSpacing() * len(broken_lines(self.text(), self.font(), width))

    def sizeHint(self) -> QSize:
        return QSize(self.minimumSizeHint().width(), self.heightForWidth(self.width()))

    def minimumSizeHint(self) -> QSize:
        metrics = QFontMetrics(self.font())
        return QSize(metrics.averageCharWidth() * 4, metrics.lineSpacing())

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.WindowText))
        lines = broken_lines(self.text(), self.font(), self.width())
        paint_lines(painter, lines, self.contentsRect())


def broken_lines(text: str, font: QFont, width: int) -> list[str]:
    """The lines of a text at a width, broken between words, and within a word that is wider than a line."""
    layout = QTextLayout(text, font)
    option = QTextOption()
    option.setWrapMode(QTextOption.WrapMode.WrapAtWordBoundaryOrAnywhere)
    layout.setTextOption(option)
    lines = []
    layout.beginLayout()
    while (line := layout.createLine()).isValid():
        line.setLineWidth(max(width, 1))
        lines.append(text[line.textStart() : line.textStart() + line.textLength()].rstrip())
    layout.endLayout()
    return lines


def paint_lines(painter: QPainter, lines: list[str], box: QRect) -> None:
    """Paint lines below each other, in the middle of the box's height."""
    spacing = painter.fontMetrics().lineSpacing()
    top = box.top() + (box.height() - spacing * len(lines)) // 2
    for number, line in enumerate(lines):
        place = QRect(box.left(), top + number * spacing, box.width(), spacing)
        painter.drawText(place, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, line)


def title(theme: Theme, text: str) -> Text:
    """The one heading of a page."""
    return Text(theme, text, TextSize.TITLE, Weight.SEMIBOLD)


def heading(theme: Theme, text: str) -> Text:
    """The heading of a page that has more important things to show, or of a part of a page."""
    return Text(theme, text, TextSize.HEADING, Weight.SEMIBOLD)


def lead(theme: Theme, text: str) -> Text:
    """The sentence below a heading."""
    return Text(theme, text, TextSize.LEAD, Weight.REGULAR, Colour.INK_SOFT)
