"""Checks PINs in a thread of its own, and with a right one unwraps the teller's key to the application records.

Argon2 takes its time on purpose; it must hold up neither the screen nor a commit.
"""

import secrets
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

from kiosk.store.staff_keys import StaffKeyError, unwrap_for_teller
from kiosk.store.tellers import TellerAccount
from kiosk.supervision.authorisation import hash_pin, verify_pin


@dataclass(frozen=True, slots=True, repr=False)
class PinCheck:
    """What came of one PIN."""

    right: bool
    application_key: bytes = b""
    """Empty where the PIN is wrong or the staff key does not open."""
    fault: StaffKeyError | None = None
    """Why the staff key of a teller with the right PIN does not open."""


class PinChecks:
    """One PIN at a time."""

    def __init__(self, staff_pepper: bytes) -> None:
        self._staff_pepper = staff_pepper
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pin")
        self._thread.submit(_hash_of_nobody)

    def check(self, account: TellerAccount | None, pin: str) -> "Future[PinCheck]":
        """Check a PIN; None is a teller whom nobody knows, and takes as long as a wrong PIN."""
        return self._thread.submit(self._check, account, pin)

    def _check(self, account: TellerAccount | None, pin: str) -> PinCheck:
        if account is None:
            verify_pin(_hash_of_nobody(), pin)
            return PinCheck(right=False)
        if not verify_pin(account.pin_hash, pin):
            return PinCheck(right=False)
        try:
            key = unwrap_for_teller(account.staff_key, account.teller_id, pin, self._staff_pepper)
        except StaffKeyError as error:
            return PinCheck(right=True, fault=error)
        return PinCheck(right=True, application_key=key)


@lru_cache(maxsize=1)
def _hash_of_nobody() -> str:
    return hash_pin(f"{secrets.randbelow(10**12):012}")
