"""Whether a clock can be believed that says when records were made and when they must go. Pure.

A clock set back keeps records longer than promised; one set ahead erases them, and what they prove, too early. A step
back shows against the newest time that was believed. A step ahead shows only within one start of the machine, against
the time that has passed since; over a restart it looks like a night in between, and nobody can tell.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

BACK_AT_LEAST = timedelta(seconds=2)
"""Smaller steps are a time server's."""
AHEAD_AT_LEAST = timedelta(days=1)
"""A wrong time zone put right is less; a record that goes a day early because of it costs nothing that was promised."""


class ClockFault(StrEnum):
    """Why a clock is in doubt."""

    SET_BACK = "set_back"
    SET_AHEAD = "set_ahead"


@dataclass(frozen=True, slots=True)
class ClockReading:
    """One look at the clocks of a machine."""

    at: datetime
    """UTC, as the clock says."""
    boot_id: str
    uptime_ns: int
    """Since that start of the machine; nobody can set it."""


@dataclass(frozen=True, slots=True)
class ClockDoubt:
    """Since when nobody believes the clock; it stands until a teller has confirmed the time."""

    believed: ClockReading
    """The last one that was."""
    doubted_at: datetime
    """What the clock said when it was noticed."""


def clock_fault(believed: ClockReading, now: ClockReading) -> ClockFault | None:
    """Whether the clock has been moved since a reading that was believed."""
    same_start = believed.boot_id == now.boot_id and now.uptime_ns >= believed.uptime_ns
    passed = timedelta(microseconds=(now.uptime_ns - believed.uptime_ns) // 1000) if same_start else timedelta(0)
    moved = now.at - believed.at - passed
    if moved <= -BACK_AT_LEAST:
        return ClockFault.SET_BACK
    if same_start and moved > AHEAD_AT_LEAST:
        return ClockFault.SET_AHEAD
    return None


def later_of(one: ClockReading | None, other: ClockReading | None) -> ClockReading | None:
    """The one that says the later time; where the store notes readings in two places, both were believed."""
    if one is None or other is None:
        return one or other
    return one if one.at >= other.at else other
