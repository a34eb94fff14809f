"""A simulated person's hands: press, hold and type by the events a touch screen and a keyboard would send.

Knows widgets by name and place only; it cannot press what is hidden or disabled or has only just come up.
"""

from typing import TypeVar

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QApplication, QLineEdit, QScrollArea, QWidget

_Widget = TypeVar("_Widget", bound=QWidget)


def find(window: QWidget, name: str, kind: type[_Widget]) -> _Widget | None:
    """Return the widget of that name if it is on screen and can be used."""
    for widget in window.findChildren(kind, name):
        if widget.isVisible() and widget.isEnabled() and _takes_touches(widget):
            return widget
    return None


def press(widget: QWidget) -> None:
    """Touch a widget in its middle, after scrolling it into view."""
    _bring_into_view(widget)
    touch(widget)
    lift(widget)


def touch(widget: QWidget) -> None:
    """Put the finger down."""
    _send_mouse(widget, QEvent.Type.MouseButtonPress, Qt.MouseButton.LeftButton)


def lift(widget: QWidget) -> None:
    """Take the finger off."""
    _send_mouse(widget, QEvent.Type.MouseButtonRelease, Qt.MouseButton.NoButton)


def type_text(field: QLineEdit, text: str) -> None:
    """Type into a field as a keyboard (or its input method) does."""
    for character in text:
        for kind in (QEvent.Type.KeyPress, QEvent.Type.KeyRelease):
            event = QKeyEvent(kind, Qt.Key.Key_unknown, Qt.KeyboardModifier.NoModifier, character)
            QApplication.sendEvent(field, event)


def _takes_touches(widget: QWidget | None) -> bool:
    """Neither the widget nor what it stands on lets touches fall through, as a page does when it has just come."""
    while widget is not None:
        if widget.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents):
            return False
        widget = widget.parentWidget()
    return True


def _send_mouse(widget: QWidget, kind: QEvent.Type, held: Qt.MouseButton) -> None:
    place = QPoint(widget.width() // 2, widget.height() // 2)
    event = QMouseEvent(
        kind,
        QPointF(place),
        QPointF(widget.mapToGlobal(place)),
        Qt.MouseButton.LeftButton,
        held,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, event)


def _bring_into_view(widget: QWidget) -> None:
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QScrollArea):
            parent.ensureWidgetVisible(widget)
        parent = parent.parentWidget()
