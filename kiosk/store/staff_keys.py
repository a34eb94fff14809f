"""The second key: the key to the application records, wrapped for each teller by PIN and the vault's pepper.

Whoever opens the vault without a teller's PIN has the pepper and not the key; whoever has a PIN without the vault has
neither. What that is worth against guessing all PINs stands in docs/threat-model.md. Knows no database.
"""

import base64
import binascii
import os
from dataclasses import dataclass

from argon2.exceptions import Argon2Error
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kiosk.errors import StoreError

APPLICATION_KEY_BYTES = 32
_FORMAT = "kiosk-staff-key-1"
_KEY_BYTES = 32
_NONCE_BYTES = 12
_SALT_BYTES = 16


class StaffKeyError(StoreError):
    """What is kept for a teller does not give the key to the application records."""

    def __init__(self, teller_id: str, fault: str) -> None:
        self.teller_id = teller_id
        self.fault = fault
        super().__init__(
            f"The staff key of teller {teller_id} does not open ({fault}): another teller opens the terminal, and"
            f" `kiosk teller reset-pin --teller {teller_id}` makes a new one."
        )


@dataclass(frozen=True, slots=True)
class _Cost:
    """Of Argon2id."""

    memory_kib: int
    passes: int
    lanes: int

    @property
    def bearable(self) -> bool:
        return 19 * 1024 <= self.memory_kib <= 2**20 and 2 <= self.passes <= 16 and 1 <= self.lanes <= 8


# As for the hash of the same PIN (`supervision.authorisation`), which stands in the row beside it: who guesses PINs
# would take the cheaper of the two.
_COST = _Cost(19 * 1024, 2, 1)


def new_application_key() -> bytes:
    """A random key for `applications.db`."""
    return os.urandom(APPLICATION_KEY_BYTES)


def wrap_for_teller(application_key: bytes, teller_id: str, pin: str, pepper: bytes) -> str:
    """What a teller's row holds: salt, cost and the wrapped key, as ASCII text."""
    salt, nonce = os.urandom(_SALT_BYTES), os.urandom(_NONCE_BYTES)
    sealed = AESGCM(_wrapping_key(pin, pepper, salt, _COST)).encrypt(nonce, application_key, _label(teller_id))
    cost = (_COST.memory_kib, _COST.passes, _COST.lanes)
    return "$".join((_FORMAT, *map(str, cost), salt.hex(), base64.b64encode(nonce + sealed).decode()))


def unwrap_for_teller(wrapped: str, teller_id: str, pin: str, pepper: bytes) -> bytes:
    """The key to the application records, 32 bytes; raise `StaffKeyError`.

    Another PIN, another kiosk's pepper, another teller's row and a changed byte look alike.
    """
    try:
        cost, salt, sealed = _parts(wrapped)
        key = _wrapping_key(pin, pepper, salt, cost)
    except (ValueError, binascii.Error, Argon2Error):
        raise StaffKeyError(teller_id, "it is damaged") from None
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], _label(teller_id))
    except InvalidTag:
        raise StaffKeyError(teller_id, "it was changed, or made with another PIN or on another terminal") from None


def _parts(wrapped: str) -> tuple[_Cost, bytes, bytes]:
    """Raise `ValueError` for anything that `wrap_for_teller` did not write."""
    form, memory_kib, passes, lanes, salt_hex, sealed_text = wrapped.split("$")
    numbers = (memory_kib, passes, lanes)
    if form != _FORMAT or not all(number.isascii() and number.isdigit() for number in numbers):
        raise ValueError
    cost = _Cost(*(int(number[:9]) for number in numbers))
    salt, sealed = bytes.fromhex(salt_hex), base64.b64decode(sealed_text, validate=True)
    if (
        salt.hex() != salt_hex
        or not cost.bearable
        or len(salt) != _SALT_BYTES
        or len(sealed) != _NONCE_BYTES + APPLICATION_KEY_BYTES + 16
    ):
        raise ValueError
    return cost, salt, sealed


def _wrapping_key(pin: str, pepper: bytes, salt: bytes, cost: _Cost) -> bytes:
    stretched = hash_secret_raw(pin.encode(), salt, cost.passes, cost.memory_kib, cost.lanes, _KEY_BYTES, Type.ID)
    return HKDF(SHA256(), _KEY_BYTES, salt=None, info=_FORMAT.encode()).derive(pepper + stretched)


def _label(teller_id: str) -> bytes:
    """Binds what is wrapped to its row."""
    return f"{_FORMAT} {teller_id}".encode()
