"""A field to type into, with its label above it. What is pasted into it comes out as one clean line."""

import re
import unicodedata
from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette, QValidator
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from kiosk.ui.theme import TARGET_PX, Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.surfaces import column
from kiosk.ui.widgets.text import Text

_UNSEEN = ("Cc", "Cf", "Cs")
_UTF_16 = "utf-16-le"
"""Qt counts a cursor's place in it, Python does not."""


def one_line(text: str) -> str:
    """Without control and format characters (they hide, or turn the text round), with single spaces."""
    spaced = "".join(" " if character.isspace() else character for character in text)
    shown = "".join(character for character in spaced if unicodedata.category(character) not in _UNSEEN)
    return re.sub(" +", " ", shown)


def telephone_number(text: str) -> str:
    """Digits, spaces and the signs written between them; wide forms of an input method become plain ones."""
    plain = one_line(unicodedata.normalize("NFKC", text))
    return "".join(character for character in plain if character in "0123456789 +-()")


class _Cleaner(QValidator):
    """Takes every text and cleans it, whether typed, pasted or dropped."""

    def __init__(self, clean: Callable[[str], str], parent: QWidget) -> None:
        super().__init__(parent)
        self._clean = clean

    def validate(self, text: str, cursor: int) -> tuple[QValidator.State, str, int]:
        before = text.encode(_UTF_16, "surrogatepass")[: 2 * cursor].decode(_UTF_16, "ignore")
        return QValidator.State.Acceptable, self._clean(text), len(self._clean(before).encode(_UTF_16)) // 2


class Field(QWidget):
    """A label and a `QLineEdit` called `name`; no completion, no history, no context menu."""

    def __init__(
        self,
        theme: Theme,
        name: str,
        label: str,
        hint: str = "",
        longest: int = 120,
        clean: Callable[[str], str] = one_line,
    ) -> None:
        super().__init__()
        layout = column(self, theme, gap=8)
        layout.addWidget(Text(theme, label, TextSize.BODY, Weight.MEDIUM))
        self.edit = QLineEdit()
        self.edit.setObjectName(name)
        self.edit.setAccessibleName(label)
        self.edit.setPlaceholderText(hint)
        self.edit.setMaxLength(longest)
        self.edit.setValidator(_Cleaner(clean, self))
        self.edit.setFont(theme.font(TextSize.LEAD))
        self.edit.setMinimumHeight(theme.px(TARGET_PX))
        self.edit.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)
        self.edit.setStyleSheet(_style(theme))
        palette = self.edit.palette()
        palette.setColor(QPalette.ColorRole.PlaceholderText, QColor(Colour.ON_DISABLED))
        self.edit.setPalette(palette)
        layout.addWidget(self.edit)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)


def _style(theme: Theme) -> str:
    px = theme.px
    return f"""
    QLineEdit {{ background: {Colour.SURFACE}; color: {Colour.INK}; border: {px(3)}px solid {Colour.CONTROL_LINE};
        border-radius: {px(12)}px; padding: 0 {px(22)}px; selection-background-color: {Colour.ACCENT};
        selection-color: {Colour.ON_ACCENT}; }}
    QLineEdit:focus {{ border: {px(5)}px solid {Colour.ACCENT}; padding: 0 {px(20)}px; }}
    """
