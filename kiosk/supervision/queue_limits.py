"""How long and how full the queue to the bank may grow: first teller and IT are warned, then no visit begins. Pure.

A verdict that waits is lost to nobody, but a terminal that goes on for weeks without its bank collects answers that
nobody has seen, and records that are erased before anybody could open the accounts.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

_A_STEP = timedelta(minutes=1)
"""What the clock and the time since the start may differ by before it counts as set."""


class QueueLevel(StrEnum):
    """What follows from how much waits for the bank."""

    IN_ORDER = "in_order"
    WARNING = "warning"
    """Teller and IT are told."""
    FULL = "full"
    """No visit begins until the queue has shrunk."""


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """The bank's policy; the defaults are MOSIP's for registration stations that cannot synchronise."""

    warn_count: int = 20
    warn_after: timedelta = timedelta(hours=24)
    refuse_count: int = 100
    refuse_after: timedelta = timedelta(days=5)


@dataclass(frozen=True, slots=True)
class ClockReading:
    """The clock on the wall and the one that nobody can set, read together."""

    now: datetime
    monotonic_s: float


@dataclass(frozen=True, slots=True)
class QueueState:
    """How the queue stands."""

    level: QueueLevel
    count: int
    waited: timedelta
    """How long the oldest message has waited; zero for one that is dated ahead of the clock."""


def judge_queue(
    count: int, oldest_at: datetime | None, began: ClockReading, read: ClockReading, limits: QueueLimits
) -> QueueState:
    """Hold what waits against the limits; the number counts whatever the clock says.

    `began` was read when this run began: see `waited_for`.
    """
    waited = timedelta() if oldest_at is None else waited_for(oldest_at, began, read)
    if count == 0:
        level = QueueLevel.IN_ORDER
    elif count >= limits.refuse_count or waited >= limits.refuse_after:
        level = QueueLevel.FULL
    elif count >= limits.warn_count or waited >= limits.warn_after:
        level = QueueLevel.WARNING
    else:
        level = QueueLevel.IN_ORDER
    return QueueState(level, count, waited)


def waited_for(since: datetime, began: ClockReading, read: ClockReading) -> timedelta:
    """How long it is since then, never negative.

    A clock set ahead during this run makes nobody wait longer: by so much less is counted for what was stamped before.
    One set back is in doubt, and until somebody has confirmed it no visit begins whatever stands here.
    """
    elapsed = timedelta(seconds=read.monotonic_s - began.monotonic_s)
    set_ahead = (read.now - began.now) - elapsed
    by_the_clock = read.now - since
    if set_ahead > _A_STEP and by_the_clock >= set_ahead:
        by_the_clock -= set_ahead
    return max(timedelta(), by_the_clock)


def queue_words(state: QueueState, limits: QueueLimits) -> str:
    """One sentence for teller and IT, which stays the same while the state does; empty where all is in order."""
    match state.level:
        case QueueLevel.IN_ORDER:
            return ""
        case QueueLevel.WARNING:
            many = f"{limits.warn_count} answers or more wait for the bank"
            long = f"an answer has waited for the bank for more than {_hours(limits.warn_after)}"
            said = many if state.count >= limits.warn_count else long
            return (
                f"{said[0].upper()}{said[1:]}: have IT look at the line. At {limits.refuse_count} answers or after"
                f" {_hours(limits.refuse_after)} no new visit begins."
            )
        case QueueLevel.FULL:
            many = f"{limits.refuse_count} answers or more wait for the bank"
            long = f"an answer has waited for the bank for more than {_hours(limits.refuse_after)}"
            said = many if state.count >= limits.refuse_count else long
            return (
                f"{said[0].upper()}{said[1:]}, so no new visit begins: have IT mend the line. Nothing is lost, and the"
                " terminal goes on by itself once they have been delivered."
            )


def _hours(span: timedelta) -> str:
    hours = span / timedelta(hours=1)
    return f"{hours / 24:g} days" if hours % 24 == 0 and hours > 24 else f"{hours:g} hours"
