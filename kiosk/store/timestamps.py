"""Times as the store keeps them: UTC text of fixed width, so that text order is time order. Reads no clock but one.

Days are the branch's own: where a working day begins and ends is the time zone this machine is set to.
"""

import os
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path

from kiosk.errors import StoreError

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_BOOT_ID_OF_THIS_START = os.urandom(16).hex()


class StoredTimeError(StoreError):
    """A time without a time zone was handed to the store."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment
        super().__init__("A time without a time zone was handed to the store; give it in UTC.")


@dataclass(frozen=True, slots=True)
class Moment:
    """Now, in three ways: a clock that was set back shows as a later uptime with an earlier time."""

    utc: datetime
    uptime_ns: int
    """Monotonic within one boot."""
    boot_id: str


def system_moment() -> Moment:
    """The machine's clocks."""
    return Moment(datetime.now(UTC), _uptime_ns(), _boot_id())


def _uptime_ns() -> int:
    """Goes on while the machine sleeps, where the system has such a clock: else a night's sleep looks like a step."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic_ns() if clock is None else time.clock_gettime_ns(clock)


class SystemZone(tzinfo):
    """The time zone this machine is set to, with its summer time: the branch's."""

    def utcoffset(self, moment: datetime | None) -> timedelta | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().utcoffset()

    def dst(self, moment: datetime | None) -> timedelta | None:  # noqa: ARG002 (tzinfo's contract)
        """Not told apart: the offset holds it."""
        return None

    def tzname(self, moment: datetime | None) -> str | None:
        return None if moment is None else moment.replace(tzinfo=None).astimezone().tzname()

    def fromutc(self, moment: datetime) -> datetime:
        """The wall clock's time; the second pass through the hour at which summer time ends is marked as such."""
        local = moment.replace(tzinfo=UTC).astimezone()
        first = local.replace(tzinfo=self, fold=0)
        return first if first.utcoffset() == local.utcoffset() else first.replace(fold=1)


SYSTEM_ZONE = SystemZone()


def to_text(moment: datetime) -> str:
    """`2026-11-23T02:01:22.352000Z`; raise `StoredTimeError` for a time without a zone."""
    if moment.tzinfo is None:
        raise StoredTimeError(moment)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def second_to_text(seconds: int) -> str:
    """A whole second since 1970, as the store keeps times."""
    return to_text(datetime.fromtimestamp(seconds, UTC))


def from_text(text: str) -> datetime:
    """The UTC time of a stored text."""
    return datetime.fromisoformat(text)


def from_optional_text(text: str | None) -> datetime | None:
    """The UTC time of a stored text, or None."""
    return None if text is None else from_text(text)


@cache
def _boot_id() -> str:
    """The system's boot id, which no program outlives; where it has none, one for this start of the program."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip().replace("-", "")
    except OSError:
        return _BOOT_ID_OF_THIS_START
