"""The welcome screen: touch to start, in every language of the kiosk; says for a while how the last visit ended."""

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from kiosk.runtime.surface import Readiness, ServiceHold, SessionView
from kiosk.session.events import Started
from kiosk.session.machine import EndNote
from kiosk.ui.customer.page import Page, PageContext
from kiosk.ui.customer.welcome_picture import WelcomePicture
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Weight
from kiosk.ui.widgets.buttons import Button, ButtonKind
from kiosk.ui.widgets.icon import Icon
from kiosk.ui.widgets.indicators import Spinner
from kiosk.ui.widgets.surfaces import Note, attention_note, column, row, side_by_side
from kiosk.ui.widgets.text import Text

END_NOTE_MS = 20_000
_PROMISES = (("lock", "promise_face"), ("forget", "promise_forget"), ("people", "promise_teller"))


class WelcomePage(Page):
    """Any touch starts, when the kiosk is ready."""

    def __init__(self, context: PageContext) -> None:
        super().__init__(context)
        self._ready = False
        self._end_note_over = False
        layout = side_by_side(self.theme, gap=72)
        self.setLayout(layout)
        picture = WelcomePicture(self.theme)
        if self.theme.portrait:
            layout.addWidget(picture, 2)
            layout.addLayout(self._words(), 3)
        else:
            layout.addLayout(self._words(), 7)
            layout.addWidget(picture, 4)
        QTimer.singleShot(END_NOTE_MS, self, self._end_end_note)

    def show_view(self, view: SessionView) -> None:
        broken = view.readiness is Readiness.OUT_OF_SERVICE
        held = bool(view.holds) and not broken
        self._ready = view.readiness is Readiness.READY and not held
        self._start.setVisible(self._ready)
        self._warming_up.setVisible(view.readiness is Readiness.WARMING_UP and not held)
        self._out_of_service.setVisible(broken)
        self._held.setVisible(held)
        if held:
            hold = next(hold for hold in ServiceHold if hold in view.holds)
            self._held.show_text(self._in_all_languages(lambda texts: texts.of(hold), "\n"))
        note = view.session.end_note
        shown = note is not EndNote.NONE and not self._end_note_over
        if shown:
            self._end_note.show_text(self._in_all_languages(lambda texts: texts.of(note), "\n"))
        self._end_note.setVisible(shown)
        self._promises.setVisible(not shown and not held)  # on a small screen there is no room for all of it

    def _words(self) -> QVBoxLayout:
        words = column(None, self.theme, gap=10)
        words.addStretch(1)
        for number, texts in enumerate(self.context.welcome_texts):
            size, colour = (TextSize.DISPLAY, Colour.INK) if number == 0 else (TextSize.TITLE, Colour.INK_SOFT)
            words.addWidget(Text(self.theme, texts("welcome.title"), size, Weight.BOLD, colour))
        words.addSpacing(self.theme.px(12))
        for texts in self.context.welcome_texts:
            words.addWidget(Text(self.theme, texts("welcome.lead"), colour=Colour.INK_SOFT))
        words.addSpacing(self.theme.px(20))
        self._add_states(words)
        words.addSpacing(self.theme.px(20))
        self._end_note = Note(self.theme, "info")
        self._end_note.setObjectName("end-note")
        words.addWidget(self._end_note)
        self._promises = self._make_promises()
        words.addWidget(self._promises)
        words.addStretch(1)
        return words

    def _add_states(self, words: QVBoxLayout) -> None:
        """One of four stands at the same place: start, getting ready, held back by the staff's side, out of service."""
        start = self._in_all_languages(lambda texts: texts("welcome.start"), "  ·  ")
        self._start = Button(self.theme, "start", start, ButtonKind.PRIMARY, TextSize.HEADING)
        self._start.setMinimumHeight(self.theme.px(124))
        self._start.clicked.connect(lambda: self.send(Started()))
        self._warming_up = QWidget()
        waiting = row(self._warming_up, self.theme, gap=26)
        waiting.addWidget(Spinner(self.theme, 84))
        getting_ready = self._in_all_languages(lambda texts: texts("welcome.warming_up"), "\n")
        waiting.addWidget(Text(self.theme, getting_ready, TextSize.LEAD, Weight.MEDIUM), 1)
        out_of_service = self._in_all_languages(lambda texts: texts("welcome.out_of_service"), "\n")
        self._out_of_service = attention_note(self.theme, "notice", out_of_service)
        self._out_of_service.setObjectName("out-of-service")
        self._held = Note(self.theme, "people")
        self._held.setObjectName("held")
        for widget in (self._start, self._warming_up, self._held, self._out_of_service):
            words.addWidget(widget)

    def _make_promises(self) -> QWidget:
        promises = QWidget()
        lines = column(promises, self.theme, gap=14)
        for icon, key in _PROMISES:
            line = row(None, self.theme, gap=20)
            line.addWidget(Icon(self.theme, icon, 40))
            text = "  ·  ".join(texts(f"welcome.{key}") for texts in self.context.welcome_texts)
            line.addWidget(Text(self.theme, text, TextSize.SMALL, colour=Colour.INK_SOFT), 1)
            lines.addLayout(line)
        return promises

    def _in_all_languages(self, text_of: Callable[[Texts], str], between: str) -> str:
        return between.join(text_of(texts) for texts in self.context.welcome_texts)

    def _end_end_note(self) -> None:
        self._end_note_over = True
        self._end_note.hide()
        self._promises.setVisible(self._held.isHidden())

    def mouseReleaseEvent(self, _event: QMouseEvent) -> None:
        if self._ready:
            self.send(Started())
