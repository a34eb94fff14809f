"""The demo's share of the desk process: lets the simulated people walk, and reports to `kiosk demo` in JSON lines."""

import argparse
import json
import random
import sys
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QApplication

from kiosk.runtime.demo_cues import DemoCues
from kiosk.runtime.desk_process import Desk
from kiosk.runtime.meter import Meter
from kiosk.runtime.surface import DayState, Readiness, ServiceHold, SessionView
from kiosk.session.events import AccountClass, Language
from kiosk.session.machine import Phase, Session
from kiosk.ui.album import Album
from kiosk.ui.customer.window import CustomerWindow
from kiosk.ui.day_opening import DayOpening
from kiosk.ui.walkthrough import ConsentChoice, TellerChoice, WalkPlan, Walkthrough, default_pace_s
from kiosk.verification.layers import ChallengeVariant

_LOOK_EVERY_MS = 100
_DELIVERY_PATIENCE_MS = 30_000
_WALKED_AWAY_PATIENCE = 0.15
"""Nobody wants to watch an empty terminal wait for three minutes."""
_CUSTOMERS: dict[str, dict[str, Any]] = {
    "agrees": {},
    "refuses-consent": {"consent": ConsentChoice.REFUSE},
    "declines-face": {"consent": ConsentChoice.APPLICATION_ONLY},
    "chooses-gently": {"variant": ChallengeVariant.WITHOUT_TURNS_AND_LIGHT},
    "own-data": {"own_data": True},
    "cancels": {"cancel_at": Phase.CONFIRMING_DETAILS},
    "walks-away": {"walk_away_at": Phase.CONFIRMING_DETAILS},
}
_MIXED = ("agrees", "declines-face", "declines-face", "cancels")


def report(**what: Any) -> None:
    """Tell `kiosk demo` one thing."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


class DemoDesk(QObject):
    """Opens the terminal, walks visit after visit, then ends the desk once everything has been delivered."""

    def __init__(
        self, application: QApplication, desk: Desk, window: CustomerWindow, options: argparse.Namespace
    ) -> None:
        super().__init__(window)
        self._application = application
        self._desk = desk
        self._window = window
        self._album = Album(window, options.pictures, self)
        self._opening: DayOpening | None = None
        self._visits_left = options.visits
        self._endless = options.visits == 0
        self._undelivered: set[int] = set()
        self._walk: Walkthrough | None = None
        self._plan: dict[str, Any] = {}
        self._meter = Meter(desk.controller, desk.crew, self)
        self._cues = DemoCues(desk.controller, desk.crew, self)
        self._last_trouble = ""
        for source in (desk.controller, desk.delivery, desk.teller.day):
            source.trouble.connect(self._report_trouble)
        desk.controller.view_changed.connect(self._report_readiness)
        desk.controller.session_changed.connect(self._session_changed)
        desk.verdict_committed.connect(self._committed)
        desk.delivery.delivered.connect(self._undelivered.discard)
        if options.drain:
            self._every(self._end_when_drained)
        elif options.walk is not None:
            self._plan = json.loads(options.walk.read_text(encoding="utf-8"))
            self._every(self._walk_when_ready)
        QTimer.singleShot(0, lambda: report(welcome=True))

    def _every(self, act: Callable[[], None]) -> None:
        self._timer = QTimer(self, interval=_LOOK_EVERY_MS)
        self._timer.timeout.connect(act)
        self._timer.start()

    def _report_trouble(self, sentence: str) -> None:
        self._last_trouble = sentence
        report(trouble=sentence)

    def _walk_when_ready(self) -> None:
        view = self._desk.controller.view
        if view.readiness is Readiness.OUT_OF_SERVICE and not self._endless:
            report(error=self._last_trouble)
            self._application.exit(2)
        if self._walk is not None or self._opening is not None or view.session.phase is not Phase.IDLE:
            return
        if ServiceHold.NOT_OPENED_TODAY in view.holds:
            self._open_day()
            return
        if view.readiness is not Readiness.READY:
            return
        plan = self._walk_plan()
        self._cues.walked_away_at = plan.walk_away_at
        self._walk = Walkthrough(
            self._window, self._window.console, self._desk.controller, plan, self._album, self._pace_s
        )
        self._walk.finished.connect(self._walk_finished)
        self._walk.start()

    def _open_day(self) -> None:
        """While eyes and reader get ready."""
        if self._desk.teller.day.state is not DayState.CLOSED:
            return
        pace_s = default_pace_s() if self._pace_s is None else self._pace_s
        self._opening = DayOpening(self._window, self._album, self._walk_plan(), pace_s)
        self._opening.finished.connect(self._day_opened)
        self._opening.start()

    def _day_opened(self) -> None:
        opening, self._opening = self._opening, None
        if opening is not None:
            opening.deleteLater()

    @property
    def _pace_s(self) -> float | None:
        return 0.05 if self._endless else None

    def _walk_plan(self) -> WalkPlan:
        words = self._plan
        customer = random.choice(_MIXED) if words["customer"] == "mixed" else words["customer"]  # noqa: S311
        return WalkPlan(
            teller_id=words["teller_id"],
            pin=words["pin"],
            language=Language(words["language"]),
            account_class=AccountClass(words["account_class"]),
            teller=TellerChoice(words["teller"]),
            **_CUSTOMERS[customer],
        )

    def _walk_finished(self, as_planned: bool) -> None:
        walk, self._walk = self._walk, None
        if walk is not None:
            walk.deleteLater()
        self._visits_left -= 1
        if self._endless or self._visits_left > 0:
            return
        self._timer.stop()
        report(finished=as_planned, figures=self._meter.figures())
        self._every(self._end_when_delivered)
        QTimer.singleShot(_DELIVERY_PATIENCE_MS, lambda: self._application.exit(0))

    def _end_when_delivered(self) -> None:
        if not self._undelivered:
            self._application.exit(0)

    def _end_when_drained(self) -> None:
        """The store knows what an earlier desk left undelivered."""
        future = self._desk.store.submit("undelivered_summary")
        if future.result().count == 0:
            self._application.exit(0)

    def _committed(self, sequence: int) -> None:
        self._undelivered.add(sequence)
        report(sequence=sequence)

    def _report_readiness(self, view: SessionView) -> None:
        if view.readiness is Readiness.READY:
            report(ready=True)
            self._desk.controller.view_changed.disconnect(self._report_readiness)

    def _session_changed(self, session: Session) -> None:
        report(phase=session.phase.value)
        if session.phase is self._cues.walked_away_at:
            self._desk.controller.patience = _WALKED_AWAY_PATIENCE
            self._desk.controller.touched()
        if session.referral is not None:
            report(referral=session.referral.value)
        if session.suspicions:
            report(suspicions=sorted(session.suspicions))
        if session.phase is Phase.SHOWING_VERDICT:
            report(verdict="yes" if session.answer else "no")
