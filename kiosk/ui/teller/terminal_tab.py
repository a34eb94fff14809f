"""How the terminal is: what the bank has not received yet, and notices in plain sentences until they were seen."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.runtime.surface import TellerSurface, TellerView, TerminalNotice
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.times import clock_time
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.scroll import TouchScroll
from kiosk.ui.widgets.surfaces import Note, attention_note, column, discard, row
from kiosk.ui.widgets.text import BreakingText, Text


class TerminalTab(QWidget):
    def __init__(self, theme: Theme, surface: TellerSurface, texts: Texts) -> None:
        super().__init__()
        self._theme, self._surface, self._texts = theme, surface, texts
        self._notices: tuple[TerminalNotice, ...] = ()
        self._rows: list[NoticeRow] = []
        layout = column(self, theme, gap=22)
        layout.addWidget(Text(theme, texts("teller.bank"), TextSize.HEADING, Weight.SEMIBOLD))
        self._delivered = Note(theme, "tick", texts("teller.bank_ok"))
        self._undelivered = attention_note(theme, "clock")
        self._undelivered.setObjectName("undelivered")
        layout.addWidget(self._delivered)
        layout.addWidget(self._undelivered)
        layout.addSpacing(theme.px(24))
        layout.addWidget(Text(theme, texts("teller.notices"), TextSize.HEADING, Weight.SEMIBOLD))
        layout.addWidget(self._make_list(), 1)
        layout.addWidget(Text(theme, texts("teller.auto_off"), TextSize.SMALL, colour=Colour.INK_SOFT))

    def show_view(self, view: TellerView) -> None:
        waits = view.undelivered > 0
        self._delivered.setVisible(not waits)
        self._undelivered.setVisible(waits)
        if waits:
            since = clock_time(view.oldest_undelivered_at) if view.oldest_undelivered_at else "–"
            self._undelivered.show_text(self._texts("teller.bank_waiting", count=view.undelivered, time=since))
        if view.notices != self._notices:
            self._show_notices(view.notices)

    def _make_list(self) -> TouchScroll:
        scroll = TouchScroll(self._theme, "notices", self._texts("consent.more_below"))
        self._list: QVBoxLayout = column(None, self._theme, gap=14)
        self._none = Text(self._theme, self._texts("teller.no_notices"))
        self._list.addWidget(self._none)
        self._list.addStretch(1)
        scroll.show_content(self._list, margin=24)
        return scroll

    def _show_notices(self, notices: tuple[TerminalNotice, ...]) -> None:
        for old in self._rows:
            self._list.removeWidget(old)
            discard(old)
        self._notices = notices
        self._rows = [NoticeRow(self._theme, self._texts, notice) for notice in notices]
        for number, shown in enumerate(self._rows):
            shown.seen.connect(self._surface.notice_seen)
            self._list.insertWidget(number, shown)
            shown.show()
        self._none.setVisible(not notices)


class NoticeRow(QWidget):
    """When and what; `seen` carries the `TerminalNotice`."""

    seen = Signal(object)

    def __init__(self, theme: Theme, texts: Texts, notice: TerminalNotice) -> None:
        super().__init__()
        layout = row(self, theme, gap=24)
        at = Text(theme, clock_time(notice.at), TextSize.SMALL, colour=Colour.INK_SOFT).on_one_line()
        layout.addWidget(at)
        sentence = BreakingText(theme, notice.sentence)
        sentence.setObjectName("notice")
        layout.addWidget(sentence, 1)
        seen = Button(theme, "notice-seen", texts("teller.notice_seen"), ButtonKind.QUIET)
        seen.clicked.connect(lambda: self.seen.emit(notice))
        layout.addWidget(seen, 0, Qt.AlignmentFlag.AlignVCenter)
