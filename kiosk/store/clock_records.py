"""The clock, as the store sees it: while it is in doubt no consent is recorded and retention erases nothing."""

from kiosk.privacy.clock_doubt import ClockDoubt
from kiosk.store.store_thread import StoreThread, in_store_thread


class ClockRecords(StoreThread):
    """Part of `Store`."""

    @in_store_thread
    def look_at_clock(self) -> ClockDoubt | None:
        """Read the machine's clocks; return why they are not believed, None where they are."""
        doubt = self._clock.look()
        self._clock.note()
        return doubt

    @in_store_thread
    def confirm_clock(self, teller_id: str) -> None:
        """A teller has looked: the time is right as it is now."""
        self._clock.confirm(teller_id)
