"""Counts failed face checks over visits and restarts, and says when the terminal must wait. Decides not what counts.

A failure counts at once, in memory, and is kept by the store so that neither ending desk nor the machine takes it away.
"""

from collections.abc import Callable
from typing import Any

from kiosk.runtime.clock import Clock
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.session.attempts import AttemptEnd, attempt_end
from kiosk.session.events import Event
from kiosk.session.machine import OWN_RECORD_PHASES, EndNote, Phase, Session
from kiosk.store.store import Store
from kiosk.verification.failure_limits import (
    FAILURES_WITHIN_S,
    MOST_FAILURES,
    WAIT_S,
    FailedAttempt,
    FailureRecord,
    after_failure,
    after_visit,
)

WAITS = (
    f"{MOST_FAILURES} face checks in a row have failed within {FAILURES_WITHIN_S / 60:g} minutes, so the terminal waits"
    f" {WAIT_S:g} s before the next: please look who stands there."
)


class AttemptLimits:
    """One for the terminal; it outlives visits."""

    def __init__(self, store: Store, bridge: StoreBridge, clock: Clock) -> None:
        self._store, self._bridge, self._clock = store, bridge, clock
        self._record = self._kept()

    @property
    def wait_ends_at_s(self) -> float | None:
        """When the next attempt may begin (monotonic seconds); None where it may now."""
        return self._record.waits_until_s if self._record.must_wait(self._clock.monotonic_s()) else None

    def begin_visit(self) -> int:
        """Return how many attempts the visit that begins has lost already."""
        carried_over = self._record.carried_over(self._clock.monotonic_s())
        if not carried_over:
            self._close_visit(lambda _: None)
        return carried_over

    def note(self, before: Session, event: Event, after: Session, on_trouble: Callable[[str], None]) -> None:
        """Take what the session made of an event; tell trouble when a wait begins, or when nothing can be kept."""
        match attempt_end(before, event):
            case AttemptEnd.FAILED:
                self._record = after_failure(self._record, self._clock.monotonic_s())
                self._keep("record_failed_attempt", on_trouble)
                if self.wait_ends_at_s is not None:
                    on_trouble(WAITS)
            case AttemptEnd.SUCCEEDED:
                self._record = FailureRecord()
                self._keep("forget_failed_attempts", on_trouble)
            case None:
                pass
        if before.phase in OWN_RECORD_PHASES and before.answer is None:
            return  # nobody tried anything: what an earlier visit left stays open
        if after.phase is Phase.IDLE and after.end_note is not EndNote.TECHNICAL:
            self._close_visit(on_trouble)

    def _close_visit(self, on_trouble: Callable[[str], None]) -> None:
        if any(failure.visit_open for failure in self._record.failures):
            self._record = after_visit(self._record)
            self._keep("close_failed_visit", on_trouble)

    def _kept(self) -> FailureRecord:
        """What an earlier desk left, put on this desk's clock; the store was opened a moment ago, so it answers."""
        now_s = self._clock.monotonic_s()
        kept = self._store.failed_attempts()
        return FailureRecord(tuple(FailedAttempt(now_s - one.age_s, one.visit_open) for one in kept))

    def _keep(self, method: str, on_trouble: Callable[[str], None]) -> None:
        def not_kept(error: BaseException) -> None:
            on_trouble(f"Failed face checks are counted, but not over a restart: {error}")

        def kept(_: Any) -> None:
            pass

        self._bridge.when_done(submitted(self._store, method), kept, not_kept)
