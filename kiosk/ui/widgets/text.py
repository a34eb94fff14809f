"""Labels in the kiosk's typeface. Plain text only: what a document says is never taken for markup."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
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


def title(theme: Theme, text: str) -> Text:
    """The one heading of a page."""
    return Text(theme, text, TextSize.TITLE, Weight.SEMIBOLD)


def heading(theme: Theme, text: str) -> Text:
    """The heading of a page that has more important things to show, or of a part of a page."""
    return Text(theme, text, TextSize.HEADING, Weight.SEMIBOLD)


def lead(theme: Theme, text: str) -> Text:
    """The sentence below a heading."""
    return Text(theme, text, TextSize.LEAD, Weight.REGULAR, Colour.INK_SOFT)
