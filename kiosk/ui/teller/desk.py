"""What a signed-in teller sees: three tabs below a bar with the name and the way out."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QStackedWidget, QWidget

from kiosk.runtime.surface import TellerSurface, TellerView
from kiosk.ui.teller.applications_tab import ApplicationsTab
from kiosk.ui.teller.terminal_tab import TerminalTab
from kiosk.ui.teller.waiting_tab import WaitingTab
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.buttons import Button, ButtonKind, Tab
from kiosk.ui.widgets.surfaces import Area, column, row
from kiosk.ui.widgets.text import Text


class NameLine(Text):
    """Who is signed in, on one line; a long name ends with an ellipsis."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(theme, colour=Colour.INK_SOFT)
        self.on_one_line()
        self.setObjectName("signed-in-as")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._whole = ""

    def show_name(self, whole: str) -> None:
        self._whole = whole
        self.setAccessibleName(whole)
        self.show_text(self.fontMetrics().elidedText(whole, Qt.TextElideMode.ElideRight, self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.show_name(self._whole)


class TellerDesk(QWidget):
    """Thrown away at every sign-off, with all records it shows."""

    signed_off = Signal()

    def __init__(self, theme: Theme, surface: TellerSurface, texts: Texts) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._theme, self._texts = theme, texts
        self._waiting = WaitingTab(theme, surface, texts)
        self._applications = ApplicationsTab(theme, surface, texts)
        self._surface = surface
        self._terminal = TerminalTab(theme, surface, texts)
        self._terminal.day_closed.connect(self._close_day)
        self._contents = QStackedWidget()
        self._tabs = {name: Tab(theme, f"tab-{name}", "") for name in ("waiting", "applications", "terminal")}
        layout = column(self, theme)
        layout.addWidget(self._make_bar())
        tabs = row(None, theme, gap=12)
        tabs.setContentsMargins(theme.px(56), theme.px(24), theme.px(56), 0)
        for tab, content in zip(self._tabs.values(), (self._waiting, self._applications, self._terminal), strict=True):
            tab.clicked.connect(lambda _=False, content=content: self._contents.setCurrentWidget(content))
            tabs.addWidget(tab)
            self._contents.addWidget(content)
        tabs.addStretch(1)
        layout.addLayout(tabs)
        place = column(None, theme)
        place.setContentsMargins(theme.px(56), theme.px(24), theme.px(56), theme.px(40))
        place.addWidget(self._contents)
        layout.addLayout(place, 1)
        self._tabs["waiting"].setChecked(True)

    def show_view(self, view: TellerView) -> None:
        self._name.show_name(self._texts("teller.signed_in", name=view.signed_in_as or ""))
        self._tabs["waiting"].show_text(self._texts("teller.tab_waiting"))
        self._tabs["waiting"].show_mark(view.waiting is not None)
        count = len(view.applications)
        self._tabs["applications"].show_text(self._texts("teller.tab_applications", count=count))
        self._tabs["terminal"].show_text(self._texts("teller.tab_terminal"))
        self._tabs["terminal"].show_mark(view.undelivered > 0 or bool(view.notices or view.holds))
        self._waiting.show_view(view)
        self._applications.show_view(view)
        self._terminal.show_view(view)

    def send_pending(self) -> None:
        """Carry out what was confirmed and could still be undone."""
        self._applications.send_pending()

    def _close_day(self) -> None:
        """What was confirmed is carried out before the records are closed."""
        self.send_pending()
        self._surface.close_day()
        self.signed_off.emit()

    def _make_bar(self) -> QWidget:
        bar = Area(Colour.SURFACE)
        bar.setFixedHeight(self._theme.px(124))
        layout = row(bar, self._theme, gap=28)
        layout.setContentsMargins(self._theme.px(56), 0, self._theme.px(56), 0)
        layout.addWidget(
            Text(self._theme, self._texts("teller.title"), TextSize.HEADING, Weight.SEMIBOLD).on_one_line()
        )
        self._name = NameLine(self._theme)
        layout.addWidget(self._name, 1, Qt.AlignmentFlag.AlignVCenter)
        sign_off = Button(self._theme, "sign-off", self._texts("teller.sign_off"), ButtonKind.SECONDARY)
        sign_off.clicked.connect(self.signed_off)
        layout.addWidget(sign_off)
        return bar
