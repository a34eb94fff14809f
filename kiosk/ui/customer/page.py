"""What every customer page is: built anew when its phase begins, thrown away when it ends.

So nothing of the last customer can stay on a page. A page shows what a `SessionView` says and sends events; it
decides nothing.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QWidget

from kiosk.privacy.notice import Notice
from kiosk.runtime.surface import CustomerSurface, SessionView
from kiosk.session.events import Event
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Theme

REST_MS = 400
"""Longer than the two taps of a double tap lie apart; nobody has found a button of a new page by then."""


@dataclass(slots=True)
class Typed:
    """What the customer has typed in this visit, for a page that comes back; gone with the visit."""

    address: str = ""
    phone: str = ""


@dataclass(frozen=True, slots=True)
class PageContext:
    """What a page is built from."""

    theme: Theme
    surface: CustomerSurface
    texts: Texts
    """In the language of the visit."""
    welcome_texts: Sequence[Texts]
    """All languages, the branch's own first."""
    notice: Notice
    clock: Callable[[], float]
    """Monotonic seconds."""
    typed: Typed


class Page(QWidget):
    """Root of the customer pages."""

    def __init__(self, context: PageContext) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.context = context
        self.theme = context.theme
        self.texts = context.texts

    @property
    def settled(self) -> bool:
        """Everything that belongs on the page is there; a long page is built bit by bit."""
        return True

    @property
    def worth_a_picture(self) -> bool:
        """What the page is about can be seen; a page with a camera waits for its first frame."""
        return True

    def show_view(self, view: SessionView) -> None:
        """Show what changed; called once when built and at every change while the phase lasts."""

    def rest(self) -> None:
        """Let touches fall through for a moment: the second tap of a double tap was not meant for this page."""
        if REST_MS:
            self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            QTimer.singleShot(REST_MS, self, self._take_touches)

    @property
    def resting(self) -> bool:
        """Touches fall through, and the window keeps keys away."""
        return self.testAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)

    def _take_touches(self) -> None:
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents, on=False)

    def send(self, event: Event) -> None:
        self.context.surface.send(event)

    def seconds_left(self, ends_at_s: float | None) -> float | None:
        """Seconds until a monotonic time, not below zero."""
        return None if ends_at_s is None else max(0.0, ends_at_s - self.context.clock())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        event.accept()  # a touch on empty space ends here: it is one touch, not one for each widget below
