"""Measures a running desk for `kiosk bench` and the demo: preview, screen thread, machine time. Judges nothing."""

import statistics
import time
from typing import Any

from PySide6.QtCore import QObject, Qt, QTimer

from kiosk.runtime.session_controller import SessionController
from kiosk.session.machine import Phase, Session

_BEAT_MS = 5
_MACHINE_WORKS = (Phase.READING_DOCUMENT, Phase.COMPARING, Phase.RECORDING_VERDICT)


class Meter(QObject):
    """Collects times from the controller's signals and from a heartbeat in the screen thread."""

    def __init__(self, controller: SessionController, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._preview_age_s: list[float] = []
        self._preview_at_s: list[float] = []
        self._blocked_s: list[float] = []
        self._phase: Phase | None = None
        self._entered_s = 0.0
        self._spent_s: dict[Phase, float] = {}
        self._last_beat_s = time.monotonic()
        self._timer = QTimer(self, interval=_BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._beat)
        self._timer.start()
        self.decision_s: float | None = None
        controller.frame_taken.connect(self._frame_taken)
        controller.session_changed.connect(self._session_changed)

    def figures(self) -> dict[str, Any]:
        """Numbers in seconds and frames a second; None where nothing was measured."""
        gaps = [later - earlier for earlier, later in zip(self._preview_at_s, self._preview_at_s[1:], strict=False)]
        steady = [gap for gap in gaps if gap < 1.0]  # between two captures the preview stands still
        return {
            "preview_frames_per_s": 1 / statistics.mean(steady) if steady else None,
            "preview_age_median_s": statistics.median(self._preview_age_s) if self._preview_age_s else None,
            "preview_age_p95_s": _quantile(self._preview_age_s, 0.95),
            "screen_thread_blocked_p999_s": _quantile(self._blocked_s, 0.999),
            "screen_thread_blocked_max_s": max(self._blocked_s, default=None),
            "decision_s": self.decision_s,
            "waiting_s": sum(self._spent_s.get(phase, 0.0) for phase in _MACHINE_WORKS),
        }

    def _beat(self) -> None:
        now = time.monotonic()
        self._blocked_s.append(max(0.0, now - self._last_beat_s - _BEAT_MS / 1000))
        self._last_beat_s = now

    def _frame_taken(self, which: str, captured_at_s: float) -> None:
        if which == "face":
            now = time.monotonic()
            self._preview_at_s.append(now)
            self._preview_age_s.append(now - captured_at_s)

    def _session_changed(self, session: Session) -> None:
        now = time.monotonic()
        if self._phase is not None:
            self._spent_s[self._phase] = self._spent_s.get(self._phase, 0.0) + now - self._entered_s
        if self._phase is Phase.COMPARING:
            self.decision_s = now - self._entered_s
        self._phase, self._entered_s = session.phase, now


def _quantile(values: list[float], share: float) -> float | None:
    if not values:
        return None
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]
