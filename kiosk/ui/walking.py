"""The single acts of a simulated person: each waits for the thing it needs, and yields once done."""

from collections.abc import Generator

from PySide6.QtWidgets import QLineEdit, QWidget

from kiosk.ui import hands

Script = Generator[None, None, None]
_CHARACTERS_A_STEP = 6


def wait_for(window: QWidget, name: str) -> Generator[None, None, QWidget]:
    """Wait until a widget can be seen and used."""
    while (widget := hands.find(window, name, QWidget)) is None:
        yield
    return widget


def press(window: QWidget, name: str) -> Script:
    """Wait for a button and press it."""
    button = yield from wait_for(window, name)
    hands.press(button)
    yield


def press_field(window: QWidget, name: str) -> Generator[None, None, QLineEdit]:
    """Wait for a field, put the cursor into it, return it."""
    while (field := hands.find(window, name, QLineEdit)) is None:
        yield
    hands.press(field)
    field.setFocus()
    yield
    return field


def write(window: QWidget, name: str, text: str) -> Script:
    """Put the cursor into a field and type, a few characters at a time."""
    field = yield from press_field(window, name)
    for start in range(0, len(text), _CHARACTERS_A_STEP):
        hands.type_text(field, text[start : start + _CHARACTERS_A_STEP])
        yield
