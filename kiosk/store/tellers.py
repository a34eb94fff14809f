"""Teller accounts as the store keeps them: the hash of a PIN, the staff key, failures and locks.

Hashes nothing, unwraps nothing, judges nothing.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime

from kiosk.errors import StoreError
from kiosk.store.database import Database
from kiosk.store.timestamps import from_optional_text, to_text
from kiosk.supervision.authorisation import SignInState

MAX_TELLER_DIGITS = 12
_TELLER_ID = re.compile(rf"[0-9]{{1,{MAX_TELLER_DIGITS}}}")


class TellerIdError(StoreError):
    """A teller number that cannot be typed on the console's pad."""

    def __init__(self, teller_id: str) -> None:
        self.teller_id = teller_id
        super().__init__(
            f"{teller_id!r} cannot be a teller number: use 1 to {MAX_TELLER_DIGITS} digits, the only keys of the"
            " console's pad."
        )


class TellerExistsError(StoreError):
    """A teller number belongs to one teller."""

    def __init__(self, teller_id: str) -> None:
        self.teller_id = teller_id
        super().__init__(f"There is a teller {teller_id!r} already: choose another number.")


class TellerUnknownError(StoreError):
    """No teller has this number."""

    def __init__(self, teller_id: str) -> None:
        self.teller_id = teller_id
        super().__init__(f"There is no teller {teller_id!r}: add one first.")


class LastTellerError(StoreError):
    """Without a teller the application records could never be opened again."""

    def __init__(self, teller_id: str) -> None:
        self.teller_id = teller_id
        super().__init__(
            f"Teller {teller_id} is the last one who can open the application records: add another with"
            " `kiosk teller add` first."
        )


@dataclass(frozen=True, slots=True)
class TellerAccount:
    """One teller."""

    teller_id: str
    name: str
    pin_hash: str
    sign_in_state: SignInState
    staff_key: str = field(default="", repr=False)
    """The key to the application records, wrapped (`staff_keys`); empty where the teller needs a new PIN."""


def check_teller_id(teller_id: str) -> None:
    """Raise `TellerIdError` for anything but 1 to 12 digits; a number stands in the audit trail and names nobody."""
    if not _TELLER_ID.fullmatch(teller_id):
        raise TellerIdError(teller_id)


class Tellers:
    """The `teller` table. Every call stands inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, teller_id: str, name: str, pin_hash: str, staff_key: str, now: datetime) -> None:
        """Add a teller; raise `TellerIdError` or `TellerExistsError`."""
        check_teller_id(teller_id)
        if self.find(teller_id) is not None:
            raise TellerExistsError(teller_id)
        self._database.execute(
            "INSERT INTO teller (teller_id, name, pin_hash, staff_key, added_at) VALUES (?, ?, ?, ?, ?)",
            (teller_id, name, pin_hash, staff_key, to_text(now)),
        )

    def find(self, teller_id: str) -> TellerAccount | None:
        """A teller's account."""
        row = self._database.row(
            "SELECT teller_id, name, pin_hash, failed_attempts, locked_until, staff_key FROM teller"
            " WHERE teller_id = ?",
            (teller_id,),
        )
        if row is None:
            return None
        found_id, name, pin_hash, failures, locked_until, staff_key = row
        state = SignInState(failures, from_optional_text(locked_until))
        return TellerAccount(found_id, name, pin_hash, state, staff_key)

    def all_ids(self) -> list[str]:
        """Teller numbers in the order in which they were added."""
        return [row[0] for row in self._database.rows("SELECT teller_id FROM teller ORDER BY added_at, teller_id")]

    def set_pin(self, teller_id: str, pin_hash: str, staff_key: str) -> None:
        """Put a new PIN in the place of the old one, and forget its failures; raise `TellerUnknownError`."""
        changed = self._database.execute(
            "UPDATE teller SET pin_hash = ?, staff_key = ?, failed_attempts = 0, locked_until = NULL"
            " WHERE teller_id = ?",
            (pin_hash, staff_key, teller_id),
        )
        if changed != 1:
            raise TellerUnknownError(teller_id)

    def remove(self, teller_id: str) -> None:
        """Remove a teller; raise `TellerUnknownError`, or `LastTellerError` for the last one with a staff key."""
        if self.find(teller_id) is None:
            raise TellerUnknownError(teller_id)
        others = self._database.row(
            "SELECT count(*) FROM teller WHERE staff_key != '' AND teller_id != ?", (teller_id,)
        )
        if others is None or others[0] == 0:
            raise LastTellerError(teller_id)
        self._database.execute("DELETE FROM teller WHERE teller_id = ?", (teller_id,))

    def forget_staff_keys(self) -> None:
        """Leave nobody a way to the application records."""
        self._database.execute("UPDATE teller SET staff_key = ''")

    def set_sign_in_state(self, teller_id: str, state: SignInState) -> None:
        """Keep failures and lock over a restart; raise `TellerUnknownError`."""
        locked_until = None if state.locked_until is None else to_text(state.locked_until)
        changed = self._database.execute(
            "UPDATE teller SET failed_attempts = ?, locked_until = ? WHERE teller_id = ?",
            (state.failures, locked_until, teller_id),
        )
        if changed != 1:
            raise TellerUnknownError(teller_id)
