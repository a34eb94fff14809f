"""Confirmed applications whose account has yet to be opened in the bank's own system.

"Account opened" erases the record, and so does "Erase without an account", for a customer who wants it gone: asked
once, then five seconds in which it can be undone.
"""

from enum import Enum, auto

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.runtime.surface import DayState, ErasureSlip, OpenApplication, OwnRecord, TellerSurface, TellerView
from kiosk.ui.teller.hand_over import HandOver
from kiosk.ui.teller.record_grid import record_grid
from kiosk.ui.teller.second_touch import pause
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme
from kiosk.ui.times import calendar_day, clock_time
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.scroll import TouchScroll
from kiosk.ui.widgets.surfaces import Card, column, discard, row
from kiosk.ui.widgets.text import Text, lead, title

UNDO_S = 5


class ApplicationsTab(QWidget):
    """One card for each application, oldest first; a card lives as long as its application."""

    def __init__(self, theme: Theme, surface: TellerSurface, texts: Texts) -> None:
        super().__init__()
        self._theme, self._surface, self._texts = theme, surface, texts
        self._cards: dict[str, ApplicationCard] = {}
        layout = column(self, theme)
        self._scroll = TouchScroll(theme, "applications", texts("consent.more_below"), Colour.BACKGROUND)
        self._list: QVBoxLayout = column(None, theme, gap=24)
        self._list.addStretch(1)
        self._scroll.show_content(self._list, margin=0)
        self._none = self._make_none()
        layout.addWidget(self._scroll)
        layout.addWidget(self._none)
        self._hand_over: HandOver | None = None

    def show_view(self, view: TellerView) -> None:
        shown = {application.application_id: application for application in view.applications}
        for gone in self._cards.keys() - shown.keys():
            self._remove(gone)
        for application_id, application in shown.items():
            if application_id not in self._cards:
                self._add(application)
        key = "no_applications" if view.day is DayState.OPEN else f"day_{view.day}"
        self._none_title.show_text(self._texts(f"teller.{key}"))
        self._none_lead.show_text(self._texts(f"teller.{key}_lead"))
        self._show_hand_over(view.hand_over)
        handing_over = self._hand_over is not None
        self._none.setVisible(not shown and not handing_over)
        self._scroll.setVisible(bool(shown) and not handing_over)

    def send_pending(self) -> None:
        """Mark at once what waits for its undo time to pass: the teller has confirmed it."""
        for card in tuple(self._cards.values()):
            card.send_pending()

    def _add(self, application: OpenApplication) -> None:
        card = ApplicationCard(self._theme, self._texts, application)
        card.marked_opened.connect(self._surface.mark_opened)
        card.marked_unwanted.connect(self._surface.erase_record)
        card.copy_wanted.connect(self._surface.copy_for_customer)
        self._cards[application.application_id] = card
        self._list.insertWidget(self._list.count() - 1, card)
        card.show()

    def _show_hand_over(self, what: OwnRecord | ErasureSlip | None) -> None:
        """While one customer takes something along, no other customer's record is on the screen."""
        if self._hand_over is not None and self._hand_over.what != what:
            discard(self._hand_over)
            self._hand_over = None
        layout = self.layout()
        if what is not None and self._hand_over is None and layout is not None:
            self._hand_over = HandOver(self._theme, self._surface, self._texts, what)
            layout.addWidget(self._hand_over)
            self._hand_over.show()

    def _remove(self, application_id: str) -> None:
        card = self._cards.pop(application_id)
        self._list.removeWidget(card)
        discard(card)

    def _make_none(self) -> QWidget:
        content = QWidget()
        layout = column(content, self._theme, gap=18)
        layout.addStretch(2)
        layout.addWidget(Icon(self._theme, "kept", 130), 0, Qt.AlignmentFlag.AlignHCenter)
        self._none_title, self._none_lead = title(self._theme, ""), lead(self._theme, "")
        layout.addWidget(self._none_title.centred())
        layout.addWidget(self._none_lead.centred())
        layout.addStretch(3)
        return content


class _Stage(Enum):
    WAITING = auto()
    ASKING = auto()
    UNDOABLE = auto()
    SENT = auto()


class ApplicationCard(Card):
    """One record and what to do with it; the signals carry the application's id."""

    marked_opened = Signal(str)
    marked_unwanted = Signal(str)
    copy_wanted = Signal(str)

    def __init__(self, theme: Theme, texts: Texts, application: OpenApplication) -> None:
        super().__init__(theme)
        self._texts, self._id = texts, application.application_id
        self._stage = _Stage.WAITING
        self._opened = True
        self._left_s = UNDO_S
        layout = column(self, theme, margin=32, gap=20)
        layout.addLayout(record_grid(theme, texts, application.record, 1 if theme.portrait else 2))
        times = " · ".join(
            said
            for said in (
                application.answered_at and texts("teller.answered", time=clock_time(application.answered_at)),
                application.erased_at_latest
                and texts("teller.erased", date=calendar_day(application.erased_at_latest)),
            )
            if said
        )
        layout.addWidget(Text(theme, times, TextSize.SMALL, colour=Colour.INK_SOFT))
        self._question = Text(theme, "", TextSize.BODY)
        layout.addWidget(self._question)
        layout.addLayout(self._make_buttons(theme))
        self._timer = QTimer(self)
        self._timer.setInterval(1000)
        self._timer.timeout.connect(self._count_down)
        self._show_stage(_Stage.WAITING)

    def send_pending(self) -> None:
        if self._stage is _Stage.UNDOABLE:
            self._send()

    def _ask_copy(self) -> None:
        """Once for two quick taps: each copy is a page with the whole record."""
        pause(self._copy)
        self.copy_wanted.emit(self._id)

    def _make_buttons(self, theme: Theme) -> QVBoxLayout:
        texts = self._texts
        self._mark = Button(theme, f"mark-opened-{self._id}", texts("teller.mark_opened"))
        self._mark.clicked.connect(lambda: self._ask(opened=True))
        self._erase = Button(theme, f"erase-record-{self._id}", texts("teller.erase_record"), ButtonKind.QUIET)
        self._erase.clicked.connect(lambda: self._ask(opened=False))
        self._copy = Button(theme, f"copy-record-{self._id}", texts("teller.copy"), ButtonKind.QUIET)
        self._copy.clicked.connect(self._ask_copy)
        self._no = Button(theme, f"mark-no-{self._id}", texts("teller.mark_no"), ButtonKind.QUIET)
        self._no.clicked.connect(lambda: self._show_stage(_Stage.WAITING))
        self._yes = Button(theme, f"mark-yes-{self._id}", texts("teller.mark_yes"), ButtonKind.PRIMARY)
        self._yes.clicked.connect(lambda: self._show_stage(_Stage.UNDOABLE))
        self._undo = Button(theme, f"mark-undo-{self._id}", texts("teller.undo"), ButtonKind.SECONDARY)
        self._undo.clicked.connect(lambda: self._show_stage(_Stage.WAITING))
        buttons = column(None, theme, gap=16)
        first, second = row(None, theme, gap=20), row(None, theme, gap=20)
        for line in (first, second):
            line.addStretch(1)
            buttons.addLayout(line)
        last = second if theme.portrait else first  # all in one line are wider than a portrait screen
        for button in (self._copy, self._erase):
            first.addWidget(button)
        for button in (self._no, self._yes, self._undo, self._mark):
            last.addWidget(button)
        return buttons

    def _ask(self, *, opened: bool) -> None:
        self._opened = opened
        self._show_stage(_Stage.ASKING)

    def _show_stage(self, stage: _Stage) -> None:
        self._stage = stage
        for button in (self._mark, self._erase, self._copy):
            button.setVisible(stage is _Stage.WAITING)
        for button in (self._no, self._yes):
            button.setVisible(stage is _Stage.ASKING)
        self._undo.setVisible(stage is _Stage.UNDOABLE)
        self._question.setVisible(stage in (_Stage.ASKING, _Stage.UNDOABLE))
        self._question.show_text(self._texts("teller.mark_sure" if self._opened else "teller.erase_sure"))
        if stage is _Stage.ASKING:
            pause(self._yes)  # it comes to stand where the first touch was
        if stage is _Stage.UNDOABLE:
            self._left_s = UNDO_S
            self._show_left()
            self._timer.start()
        else:
            self._timer.stop()

    def _count_down(self) -> None:
        self._left_s -= 1
        if self._left_s <= 0:
            self._send()
        else:
            self._show_left()

    def _show_left(self) -> None:
        self._question.show_text(self._texts("teller.erasing", seconds=self._left_s))

    def _send(self) -> None:
        """Once: afterwards there is nothing to press until the application goes from the list."""
        self._show_stage(_Stage.SENT)
        (self.marked_opened if self._opened else self.marked_unwanted).emit(self._id)
