"""The simulated customer and teller of the demo, walking one visit from the welcome screen back to it.

They press the real buttons at a person's pace and act on nothing but the page that is on; no event is sent behind
the screens. Every screen they meet is saved as a picture.
"""

import logging
import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from kiosk.runtime.surface import CustomerSurface, SessionView
from kiosk.session.machine import EndNote, Phase
from kiosk.ui import hands
from kiosk.ui.album import SETTLE_MS, Album, AlbumError
from kiosk.ui.customer.window import CustomerWindow
from kiosk.ui.teller.console import TellerConsole
from kiosk.ui.walk_plan import ConsentChoice, TellerChoice, WalkPlan
from kiosk.ui.walk_scripts import CustomerScript, Script, TellerScript

_log = logging.getLogger(__name__)

PACE_ON_SCREEN_S = 0.6
PACE_HEADLESS_S = 0.15
PATIENCE_S = 150.0
"""How long a page may stay before the walk is given up; who walks away waits for the time-out instead."""
PATIENCE_AWAY_S = 330.0
_MAY_BE_GONE_AT_ONCE = (Phase.COMPARING, Phase.RECORDING_VERDICT)
"""The machine ends these by itself, in milliseconds where it is fast."""
_GESTURE_UNDER_WAY_MS = 650
"""A person has read the prompt by then and does what it asks."""
_END = object()


class Walkthrough(QObject):
    """`finished(True)` when the visit went as planned; `False` when it got stuck or ended otherwise."""

    finished = Signal(bool)

    def __init__(
        self,
        window: CustomerWindow,
        console: TellerConsole,
        surface: CustomerSurface,
        plan: WalkPlan,
        album: Album | None,
        pace_s: float | None = None,
    ) -> None:
        super().__init__(window)
        self._window, self._console, self._surface, self._plan = window, console, surface, plan
        self._album = album or Album(window, None, self)
        self._customer = CustomerScript(window, self._album, plan)
        self._teller = TellerScript(window, self._album, plan)
        self._page_script: Script | None = None
        self._teller_script: Script | None = None
        self._phase: Phase | None = None
        self._met: set[Phase] = set()
        self._teller_act: TellerChoice | None = None
        self._account_to_open = plan.open_account
        self._own_data_to_see = plan.own_data
        self._page_since_s = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(round((default_pace_s() if pace_s is None else pace_s) * 1000))
        self._timer.timeout.connect(self._step)

    @property
    def pictures(self) -> list[Path]:
        """Pictures saved so far, in the order of the visit."""
        return self._album.pictures

    def start(self) -> None:
        """Begin as soon as the welcome screen says that it is ready."""
        self._surface.view_changed.connect(self._look)
        self._look(self._surface.view)
        self._timer.start()

    def _look(self, view: SessionView) -> None:
        """See what is on now; a new page ends what was being done on the last one."""
        phase = view.session.phase
        if phase is not self._phase:
            self._phase = phase
            self._page_since_s = time.monotonic()
            over = phase is Phase.IDLE and bool(self._met)
            self._page_script = None if over else self._customer.on_page(phase)
            if phase is not Phase.IDLE:
                self._met.add(phase)
            if phase is Phase.WAITING_FOR_TELLER and phase not in (self._plan.walk_away_at, self._plan.cancel_at):
                self._teller_act = self._plan.act_on(view.session)
                self._teller_script = self._teller.decide(self._teller_act)
        name = self._page_name
        if phase in _MAY_BE_GONE_AT_ONCE and self._sees_the_page:
            self._album.take(name)
        under_way = view.gesture is not None or view.colour is not None
        after_ms = _GESTURE_UNDER_WAY_MS if under_way else SETTLE_MS
        self._album.take_soon(name, lambda: self._page_name == name and self._sees_the_page, after_ms)

    def _step(self) -> None:
        """Look; then end where it is over, else do the next thing: the teller's at the console, else the customer's."""
        try:
            view = self._surface.view
            if self._sees_the_page and view.gesture is None and view.colour is None:
                self._album.take(self._page_name)
            if not self._over():
                self._act()
        except AlbumError as error:
            _log.error("%s", error)
            self._finish(as_planned=False)

    def _act(self) -> None:
        """An act may bring the next page, and with it the next script, before it returns.

        The teller comes once the customer has nothing left to do on the waiting page; the customer acts on a page
        that stands as a whole.
        """
        customer_first = self._phase is Phase.WAITING_FOR_TELLER and self._page_script is not None
        if (script := self._teller_script) is not None and not customer_first:
            if _is_over(script) and self._teller_script is script:
                self._teller_script = None
        elif self._page_stands and (script := self._page_script) is not None:
            over = _is_over(script)
            if over and self._page_script is script:
                self._page_script = None

    @property
    def _page_name(self) -> str:
        """What is to be seen: the phase, with what is asked, how the last visit ended, and what lies over the page."""
        view = self._surface.view
        words = [view.session.phase.value]
        if view.gesture is not None:
            words.append(view.gesture.value)
        if view.colour is not None:
            words.append("light")
        if view.session.end_note is not EndNote.NONE:
            words.append(view.session.end_note.value)
        if hands.find(self._window, "still-here-overlay", QWidget):
            words.append("still_here")
        return "-".join(words)

    @property
    def _page_stands(self) -> bool:
        return self._window.page is not None and self._window.page.settled

    @property
    def _sees_the_page(self) -> bool:
        page = self._window.page
        worth_it = page is not None and (page.worth_a_picture or self._surface.view.colour is not None)
        return self._console.isHidden() and worth_it and self._page_stands

    @property
    def _away(self) -> bool:
        return self._plan.walk_away_at in self._met

    def _over(self) -> bool:
        patience_s = PATIENCE_AWAY_S if self._away else PATIENCE_S
        if time.monotonic() - self._page_since_s > patience_s:
            _log.error("The walk got stuck: nothing changed on the page %s.", self._phase)
            self._finish(as_planned=False)
            return True
        idle = self._phase is Phase.IDLE and bool(self._met)
        if idle and self._teller_script is None and self._page_script is None:
            self._end_visit()
            return self._teller_script is None and self._page_script is None
        return False

    def _end_visit(self) -> None:
        end = self._surface.view.session.end_note
        as_planned = end is self._plan.expected_end(self._met, self._teller_act)
        with_verdict = Phase.SHOWING_VERDICT in self._met
        if end is EndNote.NONE and as_planned and with_verdict and self._account_to_open:
            self._account_to_open = False
            self._teller_script = self._teller.open_account()
            return
        if end is EndNote.NONE and as_planned and with_verdict and self._own_data_to_see:
            self._own_data_to_see = False
            self._page_script = self._customer.own_data.ask()
            return
        with_verdict = with_verdict and not self._missed_own_data
        self._finish(as_planned=as_planned and with_verdict is (end is EndNote.NONE))

    @property
    def _missed_own_data(self) -> bool:
        return self._plan.own_data and Phase.OWN_ERASED not in self._met

    def _finish(self, *, as_planned: bool) -> None:
        self._timer.stop()
        self._surface.view_changed.disconnect(self._look)
        self.finished.emit(as_planned)


def _is_over(script: Script) -> bool:
    """Do one act; true once the script is at its end."""
    return next(script, _END) is _END


def default_pace_s() -> float:
    """What a person takes for one touch; quicker where nobody looks."""
    return PACE_HEADLESS_S if QGuiApplication.platformName() == "offscreen" else PACE_ON_SCREEN_S


__all__ = ["ConsentChoice", "TellerChoice", "WalkPlan", "Walkthrough"]
