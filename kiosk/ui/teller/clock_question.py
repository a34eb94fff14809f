"""Asks a teller whether the terminal's clock is right; shown while nobody believes it."""

from datetime import datetime

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QWidget

from kiosk.ui.teller.second_touch import TwoTouchButton
from kiosk.ui.texts import Texts
from kiosk.ui.theme import TextSize, Theme, Weight
from kiosk.ui.widgets.surfaces import row
from kiosk.ui.widgets.text import Text

_EVERY_MS = 1000


class ClockQuestion(QWidget):
    """`confirmed` when the teller has said twice that date and time are right."""

    confirmed = Signal()

    def __init__(self, theme: Theme, texts: Texts) -> None:
        super().__init__()
        self._texts = texts
        layout = row(self, theme, gap=24)
        self._time = Text(theme, "", TextSize.BODY, Weight.SEMIBOLD)
        self._time.setObjectName("clock-now")
        layout.addWidget(self._time, 1)
        again = texts("teller.clock_right_again")
        self._right = TwoTouchButton(theme, "clock-right", texts("teller.clock_right"), again)
        self._right.confirmed.connect(self.confirmed)
        layout.addWidget(self._right)
        self._timer = QTimer(self, interval=_EVERY_MS)
        self._timer.timeout.connect(self._show_time)

    def show_asked(self, asked: bool) -> None:
        """Ask, or be gone."""
        self.setVisible(asked)
        if asked and not self._timer.isActive():
            self._show_time()
            self._timer.start()
        elif not asked:
            self._timer.stop()

    def _show_time(self) -> None:
        now = datetime.now().astimezone()
        self._time.show_text(self._texts("teller.clock_now", date=f"{now:%Y-%m-%d}", time=f"{now:%H:%M}"))
