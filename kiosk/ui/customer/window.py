"""The kiosk's one window: the customer's screen, over it the time-out warning and the teller's console.

It notices touches and decides who is looking at the screen; everything else is said by the session.
"""

import time
from collections.abc import Callable, Mapping

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtGui import QClipboard, QCloseEvent, QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import QApplication, QWidget

from kiosk.privacy.notice import Notice
from kiosk.runtime.surface import CustomerSurface, SessionView, TellerSurface
from kiosk.session.events import Language
from kiosk.session.machine import OWN_RECORD_PHASES, WARNING_S, Phase
from kiosk.ui.customer.page import Page
from kiosk.ui.customer.screen import CustomerScreen
from kiosk.ui.customer.still_here import StillHere
from kiosk.ui.teller.console import TellerConsole
from kiosk.ui.texts import load_texts
from kiosk.ui.theme import Colour, Theme
from kiosk.ui.widgets.surfaces import Area, discard

_TICK_MS = 200
_TOUCHES = (QEvent.Type.MouseButtonPress, QEvent.Type.TouchBegin, QEvent.Type.KeyPress)
_NO_WARNING = (Phase.IDLE, Phase.SHOWING_VERDICT)
"""Nothing to lose on the welcome screen; the verdict's page counts down by itself, with its slip in sight."""


class CustomerWindow(Area):
    """Frameless and full-screen; `show_on` for any other size, off screen too."""

    def __init__(
        self,
        surface: CustomerSurface,
        teller_surface: TellerSurface,
        notices: Mapping[Language, Notice],
        bank_name: str,
        home_language: Language = Language.ENGLISH,
        size: QSize | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(Colour.BACKGROUND)
        self.setWindowFlag(Qt.WindowType.FramelessWindowHint)
        self.setWindowTitle(bank_name)
        self._surface = surface
        self._teller_surface = teller_surface
        self._notices = notices
        self._bank_name = bank_name
        languages = (home_language, *(language for language in Language if language is not home_language))
        self._texts = tuple(load_texts(language) for language in languages)
        self._clock = clock
        self._in_visit = False
        self._build(size or QGuiApplication.primaryScreen().size())
        surface.view_changed.connect(self.show_view)
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._look_at_the_time)
        self._timer.start(_TICK_MS)
        QShortcut(QKeySequence("Ctrl+Shift+T"), self).activated.connect(self.open_console)
        application = QApplication.instance()
        assert application is not None
        application.installEventFilter(self)

    @property
    def console(self) -> TellerConsole:
        """The teller's console, hidden until it is opened."""
        return self._console

    @property
    def page(self) -> Page | None:
        """The page on screen, or behind the console."""
        return self._screen.page

    def show_on(self, size: QSize) -> None:
        """Show at a size of one's own, laid out for it."""
        if Theme.for_size(size) != self._theme:
            for part in (self._screen, self._warning, self._console):
                discard(part)
            self._build(size)
        self.resize(size)
        self.show()

    def show_full_screen(self) -> None:
        """Fill the primary screen."""
        self.show_on(QGuiApplication.primaryScreen().size())
        self.showFullScreen()

    def show_view(self, view: SessionView) -> None:
        """Show what the session is at."""
        self._screen.show_view(view)
        self._warn_before_time_out()
        if self._in_visit and view.session.phase is Phase.IDLE:
            _forget_copied_text()
        self._in_visit = view.session.phase is not Phase.IDLE

    def open_console(self) -> None:
        """Hide the customer's screen completely and show the teller's sign-in."""
        self._screen.hide()
        self._warning.hide()
        self._console.open()

    def _build(self, size: QSize) -> None:
        theme = self._theme = Theme.for_size(size)
        self._screen = CustomerScreen(theme, self._surface, self._notices, self._texts, self._bank_name, self._clock)
        self._screen.setParent(self)
        self._screen.header.corner_held.connect(self.open_console)
        self._warning = StillHere(theme, self)
        self._warning.answered.connect(self._surface.touched)
        self._console = TellerConsole(theme, self._teller_surface, self._texts[0], self)
        self._console.closed.connect(self._close_console)
        self.resize(size)
        self._place_parts()
        self._screen.show()
        self.show_view(self._surface.view)

    def _close_console(self) -> None:
        self._keep_verdict_waiting()
        self._console.hide()
        self._screen.show()
        self._warn_before_time_out()

    def _look_at_the_time(self) -> None:
        ends_at_s = self._surface.view.idle_ends_at_s
        if ends_at_s is not None and ends_at_s - self._clock() <= WARNING_S:
            self._keep_verdict_waiting()
        self._warn_before_time_out()

    def _keep_verdict_waiting(self) -> None:
        """The slip stands on the verdict's page only: its time begins when the console no longer covers it."""
        if self._surface.view.session.phase is Phase.SHOWING_VERDICT and not self._console.isHidden():
            self._surface.touched()

    def _warn_before_time_out(self) -> None:
        """Ask in the last seconds, unless the teller has the screen."""
        view = self._surface.view
        ends_at_s = view.idle_ends_at_s
        if ends_at_s is None or view.session.phase in _NO_WARNING or not self._console.isHidden():
            self._put_warning_away()
            return
        left_s = ends_at_s - self._clock()
        if left_s > WARNING_S:
            self._put_warning_away()
        else:
            own_record = view.session.phase in OWN_RECORD_PHASES
            key = "still_here.lead_own" if own_record else "still_here.lead"
            self._warning.show_seconds(max(left_s, 0.0), self._screen.texts_of(view.session), key)

    def _put_warning_away(self) -> None:
        if self._warning.isVisible():
            self._warning.hide()
            self._screen.rest()  # a double tap on the warning answers it and nothing below

    def _rests(self, widget: QWidget) -> bool:
        page = self._screen.page
        return page is not None and page.resting and (widget is page or page.isAncestorOf(widget))

    def _place_parts(self) -> None:
        for part in (self._screen, self._warning, self._console):
            part.setGeometry(self.rect())

    def resizeEvent(self, _event: QResizeEvent) -> None:
        self._place_parts()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Nobody in front of a kiosk closes it: filling the screen, it ends with its process only."""
        event.setAccepted(not self.isFullScreen())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Any touch anywhere in the window tells the session that somebody is there."""
        if event.type() in _TOUCHES and isinstance(watched, QWidget) and watched.window() is self:
            self._surface.touched()
            self._console.touched()
            if event.type() is QEvent.Type.KeyPress and self._rests(watched):
                return True
        return super().eventFilter(watched, event)


def _forget_copied_text() -> None:
    """What one customer copied or marked must not be there for the next to paste."""
    for mode in (QClipboard.Mode.Clipboard, QClipboard.Mode.Selection):
        QGuiApplication.clipboard().clear(mode)
