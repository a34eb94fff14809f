"""The simulated teller of the demo opens the terminal for today before the first customer comes."""

from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.ui.album import Album
from kiosk.ui.customer.window import CustomerWindow
from kiosk.ui.walk_plan import WalkPlan
from kiosk.ui.walk_scripts import TellerScript

_OVER = object()


class DayOpening(QObject):
    """Signs in at the console as a real teller does; `finished` once the terminal is open and the console closed."""

    finished = Signal()

    def __init__(self, window: CustomerWindow, album: Album, plan: WalkPlan, pace_s: float) -> None:
        super().__init__(window)
        self._script = TellerScript(window, album, plan).open_day()
        self._timer = QTimer(self, interval=round(pace_s * 1000))
        self._timer.timeout.connect(self._step)

    def start(self) -> None:
        self._timer.start()

    def _step(self) -> None:
        if next(self._script, _OVER) is _OVER:
            self._timer.stop()
            self.finished.emit()
