"""The customer's receipt for an erasure: a signed statement that a record went, when, and why.

A fixed-order big-endian record like the statement of a visit, under a domain of its own. It names nobody: the
reference is that of the slip. The audit entry of the erasure carries the hash of what is stated, so that an auditor
finds it; its place in the tree is part of the receipt.
"""

import base64
import binascii
import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.visit_statement import AuditPlace, StatementError

PREFIX = "KIOSKE1:"
"""How the text of a receipt begins; every character is one of a QR code's short alphabet."""
_VERSION = 1
_DOMAIN = b"kiosk erasure receipt 1\0"
"""So that a signature over a receipt can never be one over anything else that this key signs."""
_CORE = struct.Struct(">B16sQ32sB")
_PLACE = struct.Struct(">Q32sB")
_KEY_BYTES, _SIGNATURE_BYTES, _HASH_BYTES = 32, 64, 32
_LONGEST_PATH = 63
MAX_TEXT_CHARS = len(PREFIX) + 8 * (_CORE.size + _PLACE.size + _LONGEST_PATH * 32 + 96 + 4) // 5


class StatedReason(IntEnum):
    """Why a record went, in one byte; numbers are never used again for something else."""

    ACCOUNT_OPENED = 1
    VISIT_CLOSED = 2
    RETENTION_ENDED = 3
    CLOCK_IN_DOUBT = 4
    CUSTOMER_WISH = 5
    WITHOUT_VERDICT = 6
    KEY_LOST = 7


def stated_reason(reason: ErasureReason) -> StatedReason:
    """The byte of a reason."""
    return StatedReason[reason.name]


@dataclass(frozen=True, slots=True)
class ErasureCore:
    """What is stated. The audit entry of the erasure carries the hash of exactly this."""

    kiosk_id: bytes
    """16 bytes."""
    ordered_at_s: int
    """UTC seconds since 1970."""
    reference: bytes
    """32 bytes, the application reference on the slip."""
    reason: StatedReason

    def encode(self) -> bytes:
        return _CORE.pack(_VERSION, self.kiosk_id, self.ordered_at_s, self.reference, self.reason)

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.encode()).digest()


@dataclass(frozen=True, slots=True)
class ErasureStatement:
    """A whole receipt, its signature checked."""

    core: ErasureCore
    place: AuditPlace
    public_key: bytes
    """32 bytes, a raw Ed25519 key. Whose it is, the bank knows."""


def sign_erasure(core: ErasureCore, place: AuditPlace, public_key: bytes, sign: Callable[[bytes], bytes]) -> str:
    """Return the receipt as the text of its QR code: `PREFIX` and base32 without padding."""
    signed = core.encode() + _PLACE.pack(place.index, place.leaf, len(place.path)) + b"".join(place.path) + public_key
    return PREFIX + base64.b32encode(signed + sign(_DOMAIN + signed)).decode("ascii").rstrip("=")


def read_erasure(text: str) -> ErasureStatement:
    """Check form and signature; raise `StatementError`. Blanks and lower case, as typed or read aloud, do no harm."""
    data = _bytes_of("".join(text.split()).upper())
    path_at = _CORE.size + _PLACE.size
    try:
        version, kiosk_id, ordered_at_s, reference, reason = _CORE.unpack_from(data)
        index, leaf, path_length = _PLACE.unpack_from(data, _CORE.size)
        if version != _VERSION or len(data) != path_at + path_length * _HASH_BYTES + _KEY_BYTES + _SIGNATURE_BYTES:
            raise ValueError
        core = ErasureCore(kiosk_id, ordered_at_s, reference, StatedReason(reason))
    except (struct.error, ValueError):
        raise StatementError("This is no receipt for an erasure: scan or type the whole code.") from None
    signed, signature = data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
    public_key = signed[-_KEY_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _DOMAIN + signed)
    except (InvalidSignature, ValueError):
        raise StatementError("The signature of this receipt is not good: it was changed, or misread.") from None
    path = tuple(data[at : at + _HASH_BYTES] for at in range(path_at, len(signed) - _KEY_BYTES, _HASH_BYTES))
    return ErasureStatement(core, AuditPlace(index, leaf, path), public_key)


def _bytes_of(text: str) -> bytes:
    """The bytes of a text; refuses every spelling but the canonical one."""
    if not text.startswith(PREFIX) or len(text) > MAX_TEXT_CHARS:
        raise StatementError(f"This is no receipt for an erasure: it begins with {PREFIX}.")
    digits = text.removeprefix(PREFIX)
    try:
        data = base64.b32decode(digits + "=" * (-len(digits) % 8))
    except (binascii.Error, ValueError):
        raise StatementError(
            "This is no receipt for an erasure: the code has letters A to Z and digits 2 to 7."
        ) from None
    if base64.b32encode(data).decode("ascii").rstrip("=") != digits:
        raise StatementError("This is no receipt for an erasure: its last character is wrong.")
    return data
