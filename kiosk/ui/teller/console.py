"""The teller's console: covers the customer's screen, signs the teller in, and signs off when nobody touches it.

Shows what `TellerView` says and calls `TellerSurface`; who may do what is decided behind it.
"""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QStackedLayout, QWidget

from kiosk.runtime.surface import TellerSurface, TellerView
from kiosk.ui.teller.desk import TellerDesk
from kiosk.ui.teller.sign_in import SignIn
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.surfaces import Area, column, discard
from kiosk.ui.widgets.text import Text

AUTO_SIGN_OFF_MS = 180_000


class TellerConsole(Area):
    """`closed` once the teller has signed off or gone back."""

    closed = Signal()

    def __init__(self, theme: Theme, surface: TellerSurface, texts: Texts, parent: QWidget) -> None:
        super().__init__(Colour.BACKGROUND, parent)
        self.setObjectName("teller-console")
        self._theme, self._surface, self._texts = theme, surface, texts
        layout = column(self, theme)
        self._mark, self._mark_text = self._make_banner()
        layout.addWidget(self._mark)
        self._pages = QStackedLayout()
        layout.addLayout(self._pages, 1)
        self._sign_in = SignIn(theme, texts)
        self._sign_in.signed_in.connect(surface.sign_in)
        self._sign_in.left.connect(self.close_console)
        self._desk: TellerDesk | None = None
        self._pages.addWidget(self._sign_in)
        surface.changed.connect(self.show_view)
        self._idle = QTimer(self)
        self._idle.setSingleShot(True)
        self._idle.setInterval(AUTO_SIGN_OFF_MS)
        self._idle.timeout.connect(self.close_console)
        self.hide()

    def open(self) -> None:
        """Cover the customer's screen and ask who is there."""
        self._sign_in.clear()
        self.show()
        self.raise_()
        self._idle.start()
        self.show_view(self._surface.view)

    def touched(self) -> None:
        """Somebody works here: the sign-off starts anew."""
        if not self.isHidden():
            self._idle.start()

    def close_console(self) -> None:
        """Sign off, forget what was shown, and give the screen back to the customer."""
        self._idle.stop()
        if self._desk is not None:
            self._desk.send_pending()
            self._forget_desk()
        # Always: a PIN that is still being checked must not sign anybody in behind a hidden console.
        self._surface.sign_off()
        self._sign_in.clear()
        self.closed.emit()

    def show_view(self, view: TellerView) -> None:
        """Show sign-in or desk; records are built only for somebody who has signed in and looks."""
        self._mark.setVisible(view.demo or view.trial_key)
        self._mark_text.show_text(self._texts("header.demo" if view.demo else "header.trial_key"))
        if view.signed_in_as is None or self.isHidden():
            self._forget_desk()
            self._sign_in.show_view(view)
            self._pages.setCurrentWidget(self._sign_in)
            return
        if self._desk is None:
            self._sign_in.clear()
            self._desk = TellerDesk(self._theme, self._surface, self._texts)
            self._desk.signed_off.connect(self.close_console)
            self._pages.addWidget(self._desk)
            self._pages.setCurrentWidget(self._desk)
            self._desk.setFocus()
        self._desk.show_view(view)

    def _make_banner(self) -> tuple[QWidget, Text]:
        banner = Area(Colour.ATTENTION)
        banner.setObjectName("teller-mark")
        sentence = Text(self._theme, "", TextSize.SMALL, Weight.MEDIUM, Colour.ON_ATTENTION)
        column(banner, self._theme, margin=4).addWidget(sentence.centred())
        return banner, sentence

    def _forget_desk(self) -> None:
        if self._desk is not None:
            desk, self._desk = self._desk, None
            self._pages.removeWidget(desk)
            discard(desk)
