"""A field to type into, with its label above it."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QLineEdit, QSizePolicy, QWidget

from kiosk.ui.theme import TARGET_PX, Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.surfaces import column
from kiosk.ui.widgets.text import Text


class Field(QWidget):
    """A label and a `QLineEdit` called `name`; no completion, no history, no context menu."""

    def __init__(self, theme: Theme, name: str, label: str, hint: str = "", longest: int = 120) -> None:
        super().__init__()
        layout = column(self, theme, gap=8)
        layout.addWidget(Text(theme, label, TextSize.BODY, Weight.MEDIUM))
        self.edit = QLineEdit()
        self.edit.setObjectName(name)
        self.edit.setAccessibleName(label)
        self.edit.setPlaceholderText(hint)
        self.edit.setMaxLength(longest)
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
