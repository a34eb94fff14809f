"""Measures a running desk for `kiosk bench` and the demo: preview, screen thread, machine time. Judges nothing."""

import itertools
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer

from kiosk.runtime.children import Children
from kiosk.runtime.messages import FromEyes, Observed
from kiosk.runtime.session_controller import SessionController
from kiosk.session.machine import Phase, Session

PREVIEWS = ("face-preview", "light-mirror")
"""The names of the widgets that paint the face camera, in the window that the meter belongs to."""
_BEAT_MS = 5
_MACHINE_WORKS = (Phase.READING_DOCUMENT, Phase.COMPARING, Phase.RECORDING_VERDICT)
_PREVIEWED = (Phase.POSITIONING, Phase.CHECKING_LIVENESS)
_DECIDED = (Phase.RECORDING_VERDICT, Phase.WAITING_FOR_TELLER)


@dataclass(slots=True)
class PreviewedCapture:
    """When each new frame of one capture stood painted, and when the preview left the screen (monotonic seconds)."""

    painted_at_s: list[float] = field(default_factory=list)
    ended_at_s: float | None = None

    def gaps_s(self) -> list[float]:
        """How long each frame stood. The last was cut short by the end, and counts where it had frozen before that."""
        shown = self.painted_at_s
        gaps = [later - earlier for earlier, later in itertools.pairwise(shown)]
        if shown and self.ended_at_s is not None:
            cut_short = self.ended_at_s - shown[-1]
            if cut_short > (statistics.mean(gaps) if gaps else 0.0):
                gaps.append(cut_short)
        return gaps


class Meter(QObject):
    """Collects times from the controller, from the preview's paint events and from a heartbeat in the screen thread."""

    def __init__(
        self,
        controller: SessionController,
        children: Children,
        parent: QObject | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(parent)
        self._now_s = clock
        self._captures: list[PreviewedCapture] = []
        self._preview_age_s: list[float] = []
        self._unpainted_since_s: float | None = None
        self._beats_s: list[float] = []
        self._last_beat_s: float | None = None
        self._phase: Phase | None = None
        self._entered_s = 0.0
        self._spent_s: dict[Phase, float] = {}
        self._controller = controller
        self._challenge_over = False
        self._last_frame_at_s: float | None = None
        self._decision_s: float | None = None
        self._timer = QTimer(self, interval=_BEAT_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.beat)
        self._timer.start()
        controller.frame_taken.connect(self._frame_taken)
        controller.session_changed.connect(self._session_changed)
        # Nothing but the message says when the frame that ended a challenge was captured.
        children.eyes_said.connect(self._eyes_said)

    def figures(self) -> dict[str, Any]:
        """Numbers in seconds and frames a second; None where nothing was measured."""
        gaps = [gap for capture in self._captures for gap in capture.gaps_s()]
        return {
            "preview_frames_per_s": 1 / statistics.mean(gaps) if gaps else None,
            "preview_longest_gap_s": max(gaps, default=None),
            "preview_age_median_s": statistics.median(self._preview_age_s) if self._preview_age_s else None,
            "preview_age_p95_s": quantile(self._preview_age_s, 0.95),
            "screen_thread_blocked_p999_s": _blocked_s(quantile_of_time(self._beats_s, 0.999)),
            "screen_thread_blocked_max_s": _blocked_s(max(self._beats_s, default=None)),
            "decision_s": self._decision_s,
            "waiting_s": sum(self._spent_s.get(phase, 0.0) for phase in _MACHINE_WORKS),
        }

    def beat(self) -> None:
        """The screen thread is free. Until it first is, it makes the screen: that is the start, measured elsewhere."""
        now_s = self._now_s()
        if self._last_beat_s is not None:
            self._beats_s.append(now_s - self._last_beat_s)
        self._last_beat_s = now_s

    def _frame_taken(self, which: str, captured_at_s: float) -> None:
        if which == "face":
            self._unpainted_since_s = captured_at_s

    def _painted(self) -> None:
        if self._unpainted_since_s is None or not self._captures:
            return
        now_s = self._now_s()
        self._captures[-1].painted_at_s.append(now_s)
        self._preview_age_s.append(now_s - self._unpainted_since_s)
        self._unpainted_since_s = None

    def _eyes_said(self, message: FromEyes) -> None:
        """The controller hears a message first: the one that it ended the challenge on comes here right after.

        Frames that come while the challenge is being judged do not count.
        """
        if isinstance(message, Observed) and not self._challenge_over:
            self._last_frame_at_s = message.observation.captured_at_s
            self._challenge_over = self._controller.challenge_is_over

    def _session_changed(self, session: Session) -> None:
        now_s = self._now_s()
        before, after = self._phase, session.phase
        if before is not None:
            self._spent_s[before] = self._spent_s.get(before, 0.0) + now_s - self._entered_s
        if before is Phase.COMPARING and after in _DECIDED and self._last_frame_at_s is not None:
            self._decision_s = now_s - self._last_frame_at_s
        if after is Phase.CHECKING_LIVENESS:
            self._last_frame_at_s, self._challenge_over = None, False
        self._follow_capture(before, after, now_s)
        self._phase, self._entered_s = after, now_s

    def _follow_capture(self, before: Phase | None, after: Phase, now_s: float) -> None:
        """Between two captures no preview is on screen; within one it never stands still unless something is slow."""
        if before in _PREVIEWED and after not in _PREVIEWED:
            self._captures[-1].ended_at_s = now_s
            self._unpainted_since_s = None
        if after in _PREVIEWED:
            if before not in _PREVIEWED:
                self._captures.append(PreviewedCapture())
            for preview in (widget for name in PREVIEWS for widget in _outermost(self).findChildren(QObject, name)):
                preview.installEventFilter(self)  # a second time changes nothing

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Let the preview paint, and look at the clock when it has."""
        if event.type() is not QEvent.Type.Paint:
            return False
        watched.event(event)
        self._painted()
        return True


def _outermost(part: QObject) -> QObject:
    while (around := part.parent()) is not None:
        part = around
    return part


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value that this share of the values does not exceed; None of no values."""
    if not values:
        return None
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def quantile_of_time(lengths_s: Sequence[float], share: float) -> float | None:
    """The length that stretches making up this share of the time do not exceed: each counts for as long as it lasts.

    Counted one by one, a stretch of a second in which nothing moved would weigh no more than one of 5 ms.
    """
    left_s = sum(lengths_s) * (1 - share)
    for length_s in sorted(lengths_s, reverse=True):
        left_s -= length_s
        if left_s < 0:
            return length_s
    return min(lengths_s, default=None)


def _blocked_s(beat_s: float | None) -> float | None:
    """A beat comes every 5 ms; only what it came later is time in which the screen thread was not free."""
    return None if beat_s is None else max(0.0, beat_s - _BEAT_MS / 1000)
