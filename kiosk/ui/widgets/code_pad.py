"""Keys for the code of a slip: only the characters that such a code can have, each as large as a finger wants it."""

from PySide6.QtWidgets import QGridLayout, QLineEdit, QSizePolicy

from kiosk.privacy.own_code import ALPHABET
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.keyboard import Key
from kiosk.ui.widgets.surfaces import Card

_ROWS = ("23456789", "QWERTYUP", "ASDFGHJK", "ZXCVBNM")
assert sorted("".join(_ROWS)) == sorted(ALPHABET)


class CodePad(Card):
    """Types into one field."""

    def __init__(self, theme: Theme, texts: Texts, field: QLineEdit) -> None:
        super().__init__(theme, Colour.SUNKEN, None)
        self.setObjectName("code-pad")
        self._field = field
        grid = QGridLayout(self)
        grid.setSpacing(theme.px(10))
        margin = theme.px(14)
        grid.setContentsMargins(margin, margin, margin, margin)
        for row, characters in enumerate(_ROWS):
            for place, character in enumerate(characters):
                key = Key(theme, f"key-{character}", character, ButtonKind.QUIET, TextSize.LEAD)
                key.clicked.connect(lambda _=False, character=character: field.insert(character))
                self._place(grid, key, row, place)
        back = Key(theme, "code-backspace", "", ButtonKind.QUIET, TextSize.LEAD, "backspace")
        back.speak_as(texts("keyboard.backspace"))
        back.setAutoRepeat(True)
        back.clicked.connect(self._delete)
        self._place(grid, back, len(_ROWS) - 1, len(_ROWS[-1]))

    def _place(self, grid: QGridLayout, key: Button, row: int, place: int) -> None:
        key.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        key.setMaximumHeight(self._theme.px(150))
        grid.addWidget(key, row, place)
        grid.setColumnStretch(place, 1)

    def _delete(self) -> None:
        """The blank between the groups goes with the character before it."""
        before = self._field.text()
        self._field.setText(before.rstrip()[:-1].rstrip())
