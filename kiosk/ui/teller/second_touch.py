"""A second touch that is meant: what asks for one takes none for a moment, so that a double tap stays one touch."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from kiosk.ui.theme import Theme
from kiosk.ui.widgets.buttons import Button, ButtonKind

PAUSE_MS = 800
"""Longer than the two taps of a double tap lie apart, shorter than reading what the button now says takes."""


class TwoTouchButton(Button):
    """`confirmed` at the second touch; the first one asks."""

    confirmed = Signal()

    def __init__(self, theme: Theme, name: str, text: str, question: str) -> None:
        super().__init__(theme, name, text, ButtonKind.QUIET)
        self._text, self._question = text, question
        self._asked = False
        self.clicked.connect(self._ask_or_confirm)

    def show_words(self, text: str, question: str) -> None:
        """Say it in other words, and ask anew."""
        if (text, question) != (self._text, self._question):
            self._text, self._question = text, question
            self.begin_anew()

    def begin_anew(self) -> None:
        """Forget a first touch."""
        self._asked = False
        self.show_kind(ButtonKind.QUIET)
        self.show_text(self._text)

    def _ask_or_confirm(self) -> None:
        if self._asked:
            self.confirmed.emit()
        self._asked = not self._asked
        self.show_kind(ButtonKind.GRAVE if self._asked else ButtonKind.QUIET)
        self.show_text(self._question if self._asked else self._text)
        pause(self)


def pause(button: QWidget) -> None:
    """Disable a button for a moment; it shows so, and comes back with the focus that it had."""
    had_focus = button.hasFocus()
    button.setEnabled(False)

    def go_on() -> None:
        button.setEnabled(True)
        if had_focus:
            button.setFocus()

    QTimer.singleShot(PAUSE_MS, button, go_on)
