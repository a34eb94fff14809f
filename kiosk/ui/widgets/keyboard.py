"""A calm keyboard on the screen: Latin letters, digits and signs, typed into whichever field it serves.

A keyboard that is plugged in, and its input method for Chinese, type into the same fields without it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from PySide6.QtCore import QSize, Signal
from PySide6.QtWidgets import QGridLayout, QLineEdit, QSizePolicy

from kiosk.ui.texts import Texts
from kiosk.ui.theme import TARGET_PX, Colour, TextSize, Theme
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.surfaces import Card

LETTER_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
SIGN_ROWS = ('-/:;()#&@"', "+*=%'!?_~", "[]<>·°$")
DIGIT_ROWS = ("123", "456", "789", "0")
_GAP = 8
_MARGIN = 12


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a key stands, in rows and half-key columns."""

    row: int
    column: int
    span: int = 2


class Key(Button):
    """A button as narrow as its column."""

    def sizeHint(self) -> QSize:
        return QSize(self.theme.px(40), self.theme.px(TARGET_PX))


class Keyboard(Card):
    """Types into the field it serves; `done` says that the customer has finished typing."""

    done = Signal()

    def __init__(self, theme: Theme, texts: Texts) -> None:
        super().__init__(theme, Colour.SUNKEN, None)
        self.setObjectName("keyboard")
        self._theme = theme
        self._texts = texts
        self._field: QLineEdit | None = None
        self._capitals = True
        self._signs = False
        self._letters: list[tuple[Key, str, str]] = []
        self._grid = QGridLayout(self)
        self._grid.setSpacing(theme.px(_GAP))
        margin = theme.px(_MARGIN)
        self._grid.setContentsMargins(margin, margin, margin, margin)
        for column in range(27 if not theme.portrait else 20):
            self._grid.setColumnStretch(column, 1)
            self._grid.setColumnMinimumWidth(column, 1)
        self._add_letters()
        self._add_digits()
        self._add_special_keys()
        self._show_letters()

    def serve(self, field: QLineEdit) -> None:
        """Type into this field from now on."""
        self._field = field
        self._capitals = not field.text()
        self._show_letters()

    def type_text(self, text: str) -> None:
        """Put a character at the cursor of the field served."""
        if self._field is not None:
            self._field.insert(text)
        self._capitals = text == " " and not self._signs
        self._show_letters()

    @property
    def _first_row(self) -> int:
        return 1 if self._theme.portrait else 0

    def _add_letters(self) -> None:
        for number, (letters, signs) in enumerate(zip(LETTER_ROWS, SIGN_ROWS, strict=True)):
            start = (20 - 2 * len(letters)) // 2
            for place, (letter, sign) in enumerate(zip(letters, signs, strict=True)):
                key = self._add_key(f"key-{letter}", _Place(self._first_row + number, start + 2 * place))
                key.clicked.connect(lambda _=False, key=key: self.type_text(key.plain_text))
                self._letters.append((key, letter, sign))

    def _add_digits(self) -> None:
        for digit, place in self._digit_places():
            self._typing_key(digit, place)

    def _digit_places(self) -> Iterator[tuple[str, _Place]]:
        """A row above the letters in portrait, a pad beside them in landscape."""
        if self._theme.portrait:
            yield from ((digit, _Place(0, 2 * index)) for index, digit in enumerate("1234567890"))
            return
        for number, digits in enumerate(DIGIT_ROWS):
            span = 6 // len(digits)
            yield from ((digit, _Place(number, 21 + span * index, span)) for index, digit in enumerate(digits))

    def _add_special_keys(self) -> None:
        third, last = self._first_row + 2, self._first_row + 3
        self._shift = self._special("shift", _Place(third, 0, 3), icon="shift")
        self._shift.clicked.connect(self._toggle_capitals)
        backspace = self._special("backspace", _Place(third, 17, 3), icon="backspace")
        backspace.setAutoRepeat(True)
        backspace.clicked.connect(self._backspace)
        self._mode = self._special("symbols", _Place(last, 0, 3))
        self._mode.clicked.connect(self._toggle_signs)
        self._typing_key(",", _Place(last, 3))
        space = self._special("space", _Place(last, 5, 7))
        space.clicked.connect(lambda: self.type_text(" "))
        self._typing_key(".", _Place(last, 12))
        self._typing_key("-", _Place(last, 14))
        done = self._special("done", _Place(last, 16, 4), ButtonKind.PRIMARY)
        done.clicked.connect(self.done)

    def _typing_key(self, text: str, place: _Place) -> None:
        key = self._add_key(f"key-{text}", place)
        key.show_text(text)
        key.clicked.connect(lambda: self.type_text(text))

    def _special(self, name: str, place: _Place, kind: ButtonKind = ButtonKind.QUIET, icon: str | None = None) -> Key:
        key = self._add_key(f"keyboard-{name}", place, kind, icon)
        text = self._texts(f"keyboard.{name}")
        if icon:
            key.speak_as(text)
        else:
            key.show_text(text)
        return key

    def _add_key(self, name: str, place: _Place, kind: ButtonKind = ButtonKind.QUIET, icon: str | None = None) -> Key:
        key = Key(self._theme, name, "", kind, TextSize.BODY, icon)
        key.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._grid.addWidget(key, place.row, place.column, 1, place.span)
        return key

    def _toggle_capitals(self) -> None:
        self._capitals = not self._capitals
        self._show_letters()

    def _toggle_signs(self) -> None:
        self._signs = not self._signs
        self._mode.show_text(self._texts("keyboard.letters" if self._signs else "keyboard.symbols"))
        self._show_letters()

    def _backspace(self) -> None:
        if self._field is not None:
            self._field.backspace()

    def _show_letters(self) -> None:
        for key, letter, sign in self._letters:
            key.show_text(sign if self._signs else letter.upper() if self._capitals else letter)
        self._shift.setEnabled(not self._signs)
        self._shift.show_icon("shift-on" if self._capitals else "shift")
