"""How the terminal is: what the bank has not received yet, and notices in plain sentences."""

from PySide6.QtWidgets import QWidget

from kiosk.runtime.surface import TellerView
from kiosk.ui.teller.times import clock_time
from kiosk.ui.texts import Texts
from kiosk.ui.theme import Colour, TextSize, Theme, Weight
from kiosk.ui.widgets.surfaces import Card, Note, attention_note, column
from kiosk.ui.widgets.text import Text


class TerminalTab(QWidget):
    def __init__(self, theme: Theme, texts: Texts) -> None:
        super().__init__()
        self._theme, self._texts = theme, texts
        layout = column(self, theme, gap=22)
        layout.addWidget(Text(theme, texts("teller.bank"), TextSize.HEADING, Weight.SEMIBOLD))
        self._delivered = Note(theme, "tick", texts("teller.bank_ok"))
        self._undelivered = attention_note(theme, "clock")
        self._undelivered.setObjectName("undelivered")
        layout.addWidget(self._delivered)
        layout.addWidget(self._undelivered)
        layout.addSpacing(theme.px(24))
        layout.addWidget(Text(theme, texts("teller.notices"), TextSize.HEADING, Weight.SEMIBOLD))
        card = Card(theme)
        self._notices = Text(theme, "", TextSize.BODY)
        self._notices.setObjectName("notices")
        column(card, theme, margin=30).addWidget(self._notices)
        layout.addWidget(card)
        layout.addStretch(1)
        layout.addWidget(Text(theme, texts("teller.auto_off"), TextSize.SMALL, colour=Colour.INK_SOFT))

    def show_view(self, view: TellerView) -> None:
        waits = view.undelivered > 0
        self._delivered.setVisible(not waits)
        self._undelivered.setVisible(waits)
        if waits:
            since = clock_time(view.oldest_undelivered_at) if view.oldest_undelivered_at else "–"
            self._undelivered.show_text(self._texts("teller.bank_waiting", count=view.undelivered, time=since))
        self._notices.show_text("\n".join(view.notices) or self._texts("teller.no_notices"))
