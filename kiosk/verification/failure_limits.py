"""How many face checks may fail, on a terminal and over a visit that broke off. Pure: times are given.

A failed attempt is one that was begun and did not end with a living face that stayed the same, for whatever reason but
a technical one. Where times are in doubt, the attempt counts and the wait is the longer one.
"""

from dataclasses import dataclass, replace
from datetime import datetime

MOST_FAILURES = 5
"""In a row on one terminal, whoever failed (SP 800-63B-4, §3.2.3: at most 5 before a wait of at least 30 s)."""
FAILURES_WITHIN_S = 180.0
WAIT_S = 30.0
CARRIED_OVER_FOR_S = 180.0
"""How long failed attempts of a visit that broke off wait for the next one."""


@dataclass(frozen=True, slots=True)
class Instant:
    """A moment that can be told after a restart; `uptime_s` counts within one boot and cannot be set."""

    utc: datetime
    uptime_s: float
    boot_id: str


@dataclass(frozen=True, slots=True)
class FailedAttempt:
    """One attempt that failed."""

    failed_at_s: float
    """On the clock of whoever holds the record; monotonic."""
    visit_open: bool
    """Its visit has not ended in order."""


@dataclass(frozen=True, slots=True)
class FailureRecord:
    """Failed attempts since the last success, the newest last; no more than matter."""

    failures: tuple[FailedAttempt, ...] = ()

    @property
    def waits_until_s(self) -> float | None:
        """When the next attempt may begin, None where nothing holds it up."""
        newest = self.failures[-MOST_FAILURES:]
        if len(newest) < MOST_FAILURES or newest[-1].failed_at_s - newest[0].failed_at_s > FAILURES_WITHIN_S:
            return None
        return newest[-1].failed_at_s + WAIT_S

    def must_wait(self, now_s: float) -> bool:
        """Whether no attempt may begin now."""
        return self.waits_until_s is not None and now_s < self.waits_until_s

    def carried_over(self, now_s: float) -> int:
        """How many attempts a visit that begins now has lost already."""
        left = [failure for failure in self.failures if failure.visit_open]
        return len(left) if left and now_s - left[-1].failed_at_s <= CARRIED_OVER_FOR_S else 0


def after_failure(record: FailureRecord, now_s: float) -> FailureRecord:
    """One more failed; of those before, the ones that can no longer matter go."""
    newest = (*record.failures, FailedAttempt(now_s, visit_open=True))[-MOST_FAILURES:]
    return FailureRecord(tuple(failure for failure in newest if now_s - failure.failed_at_s <= FAILURES_WITHIN_S))


def after_visit(record: FailureRecord) -> FailureRecord:
    """The visit ended in order: its attempts are no other visit's, but count for the terminal."""
    return FailureRecord(tuple(replace(failure, visit_open=False) for failure in record.failures))


def age_s(failed: Instant, now: Instant) -> float:
    """How long ago a kept attempt failed, never less than no time.

    Within one boot a clock that was set changes nothing. Over a boot only the clock can tell; one that was set back
    makes the attempt as young as can be, and the wait begins anew.
    """
    if failed.boot_id == now.boot_id:
        return max(0.0, now.uptime_s - failed.uptime_s)
    return max(0.0, (now.utc - failed.utc).total_seconds())
