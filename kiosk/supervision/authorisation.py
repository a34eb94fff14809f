"""Who is at the teller console: PINs, how often one may try, and how long a sign-in lasts.

Pure but for the salt of a new hash: states and times are passed in, and the store keeps them. What a signed-in
person may do is `roles`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import pairwise

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from kiosk.supervision.exceptions import PinError

MIN_PIN_DIGITS = 6
MAX_PIN_DIGITS = 12

FREE_FAILURES = 5
"""So many wrong PINs in a row before the first wait."""
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(minutes=15)

IDLE_LIMIT = timedelta(minutes=3)
ABSOLUTE_LIMIT = timedelta(hours=8)

# OWASP's second set for Argon2id: 19 MiB, two passes, one lane. The hash carries its own parameters.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)


def hash_pin(pin: str) -> str:
    """Return an Argon2id hash with its salt and parameters; raise `PinError` for a PIN the rules refuse."""
    check_pin(pin)
    return _HASHER.hash(pin)


def verify_pin(pin_hash: str, pin: str) -> bool:
    """True only if the PIN made this hash; a damaged hash fits no PIN."""
    if not pin.isascii() or len(pin) > MAX_PIN_DIGITS or not pin_hash.isascii():
        return False
    try:
        return _HASHER.verify(pin_hash, pin)
    except (VerificationError, InvalidHashError):
        return False


def check_pin(pin: str) -> None:
    """Raise `PinError` unless the PIN has 6 to 12 digits and is neither a run nor a repetition."""
    if not (pin.isascii() and pin.isdigit() and MIN_PIN_DIGITS <= len(pin) <= MAX_PIN_DIGITS):
        raise PinError(f"A PIN has {MIN_PIN_DIGITS} to {MAX_PIN_DIGITS} digits and nothing else; choose another.")
    if _is_run(pin) or _is_repetition(pin):
        raise PinError("A PIN may not be a run such as 123456 or a repetition such as 121212; choose another.")


def _is_run(pin: str) -> bool:
    """Every step is the same: 000000, 123456, 876543, 135791, and on past nine to nought."""
    steps = {(int(after) - int(before)) % 10 for before, after in pairwise(pin)}
    return len(steps) == 1


def _is_repetition(pin: str) -> bool:
    """The first half or less, over and over: 121212, 123123, 12341234."""
    return any(pin == (pin[:period] * len(pin))[: len(pin)] for period in range(1, len(pin) // 2 + 1))


@dataclass(frozen=True, slots=True)
class SignInState:
    """What the store remembers of an account, so that a restart forgives nothing."""

    failures: int = 0
    """Wrong PINs since the last right one."""
    locked_until: datetime | None = None
    """UTC."""


def may_try(state: SignInState, now: datetime) -> bool:
    """True unless a wait is running; a lock that lies further ahead than any wait comes from a wrong clock."""
    if state.locked_until is None:
        return True
    left = state.locked_until - now
    return left <= timedelta(0) or left > LONGEST_WAIT


def after_failure(state: SignInState, now: datetime) -> SignInState:
    """Count a wrong PIN: from the fifth in a row on wait 30 s, 60 s, … never more than 15 minutes."""
    failures = state.failures + 1
    if failures < FREE_FAILURES:
        return SignInState(failures, None)
    doublings = min(failures - FREE_FAILURES, 10)
    return SignInState(failures, now + min(FIRST_WAIT * 2**doublings, LONGEST_WAIT))


def after_success() -> SignInState:
    """A right PIN clears what was counted."""
    return SignInState()


class SignOffReason(StrEnum):
    """Why the console signs somebody off by itself."""

    IDLE = "idle"
    TOO_LONG = "too_long"
    CLOCK_WENT_BACK = "clock_went_back"


def day_is_over(opened_at: datetime, now: datetime, branch_time_zone: tzinfo) -> bool:
    """True once it is another calendar day at the branch, also by a clock that was set back over midnight."""
    return opened_at.astimezone(branch_time_zone).date() != now.astimezone(branch_time_zone).date()


def sign_off_due(signed_in_at: datetime, last_act_at: datetime, now: datetime) -> SignOffReason | None:
    """Say whether a sign-in has ended by itself: 3 minutes without an act, 8 hours in all, or a clock set back."""
    if now < last_act_at or last_act_at < signed_in_at:
        return SignOffReason.CLOCK_WENT_BACK
    if now - signed_in_at >= ABSOLUTE_LIMIT:
        return SignOffReason.TOO_LONG
    if now - last_act_at >= IDLE_LIMIT:
        return SignOffReason.IDLE
    return None
