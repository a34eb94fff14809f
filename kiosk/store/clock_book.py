"""What time was believed last, and whether the clock is in doubt. The rule is `privacy.clock_doubt`'s."""

from datetime import datetime, timedelta

from kiosk.errors import StoreError
from kiosk.privacy.clock_doubt import ClockDoubt, ClockFault, ClockReading, clock_fault, later_of
from kiosk.store.audit_trail import MACHINE, AuditDetail, AuditKind
from kiosk.store.books import Books, Recorder
from kiosk.store.timestamps import Moment, from_optional_text, from_text, to_text

_NOTED_EVERY = timedelta(hours=1)
"""The audit's entries say when they were made as well, so that this is needed in quiet hours only."""


class ClockInDoubtError(StoreError):
    """What is dated or erased now would be so by a clock that nobody believes."""

    def __init__(self, doubt: ClockDoubt) -> None:
        self.doubt = doubt
        super().__init__(
            f"The terminal's clock was moved (it said {doubt.doubted_at:%Y-%m-%d %H:%M:%S} UTC after"
            f" {doubt.believed.at:%Y-%m-%d %H:%M:%S} UTC): put it right, then have a teller confirm the time at the"
            " console."
        )


class ClockBook:
    """The `clock_state` row."""

    def __init__(self, books: Books, recorder: Recorder) -> None:
        self._books, self._recorder = books, recorder
        self._believed: ClockReading | None = None
        self._first: ClockReading | None = None
        """Of this start of the machine, or as a teller confirmed it since."""
        self._noted_at: datetime | None = None
        self.doubt: ClockDoubt | None = None
        self._load()

    def look(self) -> ClockDoubt | None:
        """Read the clocks; return why they are not believed. Costs no disk unless something has changed."""
        if self.doubt is not None:
            return self.doubt
        now = _reading(self._recorder.moment())
        fault = None if self._believed is None else clock_fault(self._believed, now) or self._crept_ahead(now)
        if fault is None:
            self._believed = now
            return None
        assert self._believed is not None
        doubt = ClockDoubt(self._believed, now.at)
        with self._books.transaction():
            by_s = abs(round((now.at - self._believed.at).total_seconds()))
            self._recorder.record(MACHINE, AuditKind.CLOCK_DOUBTED, AuditDetail(number=by_s))
            self._write(self._believed, now.at)
        self.doubt = doubt
        return doubt

    def _crept_ahead(self, now: ClockReading) -> ClockFault | None:
        """Ahead in steps that are each too small: held against the first look of this start of the machine."""
        if self._first is None or self._first.boot_id != now.boot_id or now.uptime_ns < self._first.uptime_ns:
            self._first = now
        return ClockFault.SET_AHEAD if clock_fault(self._first, now) is ClockFault.SET_AHEAD else None

    def demand_believed(self) -> None:
        """Raise `ClockInDoubtError` while the clock is in doubt."""
        if (doubt := self.look()) is not None:
            raise ClockInDoubtError(doubt)

    def note(self) -> None:
        """Remember the time over a restart, once in a while."""
        believed = self._believed
        if self.doubt is not None or believed is None:
            return
        if self._noted_at is None or not timedelta(0) <= believed.at - self._noted_at < _NOTED_EVERY:
            with self._books.transaction():
                self._write(believed, None)
            self._noted_at = believed.at

    def confirm(self, teller_id: str) -> None:
        """A teller says that the time is right as it is now."""
        if self.doubt is None:
            return
        now = _reading(self._recorder.moment())
        with self._books.transaction():
            self._recorder.record(teller_id, AuditKind.CLOCK_CONFIRMED)
            self._write(now, None)
        self._believed = self._first = now
        self._noted_at, self.doubt = now.at, None

    def _load(self) -> None:
        row = self._books.database.row("SELECT latest_at, boot_id, uptime_ns, doubted_at FROM clock_state")
        noted = None if row is None else ClockReading(from_text(row[0]), row[1], row[2])
        doubted_at = None if row is None else from_optional_text(row[3])
        if noted is not None and doubted_at is not None:
            self._believed, self.doubt = noted, ClockDoubt(noted, doubted_at)
            return
        entry = self._books.trail.newest()
        written = None if entry is None else ClockReading(entry.recorded_at_utc, entry.boot_id, entry.uptime_ns)
        self._believed = later_of(noted, written)
        self._noted_at = None if noted is None else noted.at

    def _write(self, believed: ClockReading, doubted_at: datetime | None) -> None:
        self._books.database.execute(
            "INSERT OR REPLACE INTO clock_state VALUES (1, ?, ?, ?, ?)",
            (to_text(believed.at), believed.boot_id, believed.uptime_ns, to_text(doubted_at) if doubted_at else None),
        )


def _reading(moment: Moment) -> ClockReading:
    return ClockReading(moment.utc, moment.boot_id, moment.uptime_ns)
