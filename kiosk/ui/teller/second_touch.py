"""A second touch that is meant: what asks for one takes none for a moment, so that a double tap stays one touch."""

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QWidget

PAUSE_MS = 800
"""Longer than the two taps of a double tap lie apart, shorter than reading what the button now says takes."""


def pause(button: QWidget) -> None:
    """Disable a button for a moment; it shows so, and comes back with the focus that it had."""
    had_focus = button.hasFocus()
    button.setEnabled(False)

    def go_on() -> None:
        button.setEnabled(True)
        if had_focus:
            button.setFocus()

    QTimer.singleShot(PAUSE_MS, button, go_on)
