"""How the terminal is: open for today or not and why, what the bank has not received yet, and notices in plain
sentences until they were seen."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.runtime.surface import DayState, ServiceHold, TellerSurface, TellerView, TerminalNotice, VisitStage
from kiosk.ui.teller.clock_question import ClockQuestion
from kiosk.ui.teller.second_touch import TwoTouchButton
from kiosk.ui.texts import Texts
from kiosk.ui.theme import TARGET_PX, Colour, TextSize, Theme, Weight
from kiosk.ui.times import clock_time
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.scroll import TouchScroll
from kiosk.ui.widgets.surfaces import Card, Note, attention_note, column, discard, row, side_by_side
from kiosk.ui.widgets.text import BreakingText, Text


class TerminalTab(QWidget):
    """`day_closed` when the teller has confirmed that the terminal closes for today."""

    day_closed = Signal()

    def __init__(self, theme: Theme, surface: TellerSurface, texts: Texts) -> None:
        super().__init__()
        self._theme, self._surface, self._texts = theme, surface, texts
        self._notices: tuple[TerminalNotice, ...] = ()
        self._rows: list[NoticeRow] = []
        whole = column(self, theme, gap=22)
        scroll = TouchScroll(theme, "notices", texts("consent.more_below"), Colour.BACKGROUND)
        whole.addWidget(scroll, 1)
        whole.addWidget(Text(theme, texts("teller.auto_off"), TextSize.SMALL, colour=Colour.INK_SOFT))
        layout = column(None, theme, gap=22)
        self._holds = {hold: attention_note(theme, "notice", texts(f"teller.hold.{hold}")) for hold in ServiceHold}
        self._clock = ClockQuestion(theme, texts)
        self._clock.confirmed.connect(surface.confirm_clock)
        for hold, note in self._holds.items():
            note.setObjectName(f"hold-{hold}")
            layout.addWidget(note)
            if hold is ServiceHold.CLOCK_IN_DOUBT:
                layout.addWidget(self._clock)
        halves = side_by_side(theme, gap=48)
        halves.addLayout(self._make_day(), 1)
        halves.addLayout(self._make_bank(), 1)
        layout.addLayout(halves)
        layout.addSpacing(theme.px(10))
        layout.addWidget(Text(theme, texts("teller.notices"), TextSize.HEADING, Weight.SEMIBOLD))
        layout.addWidget(self._make_list())
        layout.addStretch(1)
        scroll.show_content(layout, margin=10)

    def show_view(self, view: TellerView) -> None:
        self._show_day(view)
        self._clock.show_asked(ServiceHold.CLOCK_IN_DOUBT in view.holds)
        waits = view.undelivered > 0
        self._delivered.setVisible(not waits)
        self._undelivered.setVisible(waits)
        if waits:
            since = clock_time(view.oldest_undelivered_at) if view.oldest_undelivered_at else "–"
            self._undelivered.show_text(self._texts("teller.bank_waiting", count=view.undelivered, time=since))
        if view.notices != self._notices:
            self._show_notices(view.notices)

    def _make_day(self) -> QVBoxLayout:
        theme, texts = self._theme, self._texts
        self._day = Note(theme, "clock")
        self._day.setObjectName("day")
        self._close = TwoTouchButton(theme, "close-day", texts("teller.close_day"), texts("teller.close_day_again"))
        self._close.confirmed.connect(self.day_closed)
        self._in_visit = Text(theme, texts("teller.close_day_later"), TextSize.SMALL, colour=Colour.INK_SOFT)
        half = self._headed("teller.today", self._close)
        half.addWidget(self._day)
        half.addWidget(self._in_visit)
        half.addStretch(1)
        return half

    def _make_bank(self) -> QVBoxLayout:
        self._delivered = Note(self._theme, "tick", self._texts("teller.bank_ok"))
        self._undelivered = attention_note(self._theme, "clock")
        self._undelivered.setObjectName("undelivered")
        half = self._headed("teller.bank")
        half.addWidget(self._delivered)
        half.addWidget(self._undelivered)
        half.addStretch(1)
        return half

    def _headed(self, key: str, button: Button | None = None) -> QVBoxLayout:
        """Both headings stand on one line, with a button beside them or without."""
        head = row(None, self._theme, gap=24)
        head.addWidget(Text(self._theme, self._texts(key), TextSize.HEADING, Weight.SEMIBOLD), 1)
        head.addStrut(self._theme.px(TARGET_PX))
        if button is not None:
            head.addWidget(button)
        half = column(None, self._theme, gap=14)
        half.addLayout(head)
        return half

    def _show_day(self, view: TellerView) -> None:
        may_close = view.day is DayState.OPEN and view.visit is VisitStage.NONE
        self._day.show_text(self._texts(f"teller.day_{view.day}"))
        self._close.setVisible(may_close)
        self._in_visit.setVisible(view.day is DayState.OPEN and not may_close)
        for hold, note in self._holds.items():
            opening = hold is ServiceHold.NOT_OPENED_TODAY and view.day is DayState.OPENING
            note.setVisible(hold in view.holds and not opening)

    def _make_list(self) -> Card:
        card = Card(self._theme)
        self._list: QVBoxLayout = column(card, self._theme, margin=24, gap=14)
        self._none = Text(self._theme, self._texts("teller.no_notices"))
        self._list.addWidget(self._none)
        return card

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
