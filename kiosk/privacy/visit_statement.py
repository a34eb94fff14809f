"""What the customer takes home as proof: a signed statement of the visit with its place in the audit trail.

A fixed-order big-endian record, so that there is one way to write it and nothing else to hide in it. It names nobody:
the reference says something only to who has the document. It can be checked on any PC, without the kiosk, and long
after everything else of the visit was erased.
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

from kiosk.errors import PrivacyError

PREFIX = "KIOSK1:"
"""How the text of a statement begins; with base32 behind it every character is one of a QR code's short alphabet."""
_VERSION = 1
_DOMAIN = b"kiosk visit statement 1\0"
"""So that a signature over a statement can never be one over anything else that this key signs."""
_CORE = struct.Struct(">B16sQ32s16s32s32s32sBQ")
_PLACE = struct.Struct(">Q32sB")
_KEY_BYTES, _SIGNATURE_BYTES, _HASH_BYTES = 32, 64, 32
_LONGEST_PATH = 63
MAX_TEXT_CHARS = len(PREFIX) + 8 * (_CORE.size + _PLACE.size + _LONGEST_PATH * 32 + 96 + 4) // 5


class StatementError(PrivacyError):
    """This is no statement of a visit, or not one that its key has signed."""


class OutcomeClass(IntEnum):
    """How a visit was answered, and by whom; never why."""

    ACCEPTED_BY_POLICY = 1
    CONFIRMED_BY_STAFF = 2
    REFUSED_BY_STAFF = 3


@dataclass(frozen=True, slots=True)
class StatementCore:
    """What is stated. The audit entry of the verdict carries the hash of exactly this."""

    kiosk_id: bytes
    """16 bytes."""
    issued_at_s: int
    """UTC seconds since 1970."""
    reference: bytes
    """32 bytes, the application reference."""
    salt: bytes
    """16 bytes; with it and the document the reference can be recomputed."""
    consent_sha256: bytes
    """Of the exact text that the customer agreed to."""
    models_sha256: bytes
    """Of the models and thresholds in force."""
    policy_sha256: bytes
    """Of the bank's policy in force and the version of the data protection list."""
    outcome: OutcomeClass
    sequence: int
    """Of the message to the bank."""

    def encode(self) -> bytes:
        return _CORE.pack(
            _VERSION, self.kiosk_id, self.issued_at_s, self.reference, self.salt, self.consent_sha256,
            self.models_sha256, self.policy_sha256, self.outcome, self.sequence,
        )  # fmt: skip

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.encode()).digest()


@dataclass(frozen=True, slots=True)
class AuditPlace:
    """Where the verdict's entry stands in the audit tree that ends with it."""

    index: int
    """Counted from 0."""
    leaf: bytes
    path: tuple[bytes, ...]
    """RFC 6962 audit path in the tree of `index + 1` entries."""


@dataclass(frozen=True, slots=True)
class VisitStatement:
    """A whole statement, its signature checked."""

    core: StatementCore
    place: AuditPlace
    public_key: bytes
    """32 bytes, a raw Ed25519 key. Whose it is, the bank knows."""


def sign_statement(core: StatementCore, place: AuditPlace, public_key: bytes, sign: Callable[[bytes], bytes]) -> str:
    """Return the statement as the text of its QR code: `PREFIX` and base32 without padding."""
    signed = core.encode() + _PLACE.pack(place.index, place.leaf, len(place.path)) + b"".join(place.path) + public_key
    return PREFIX + base64.b32encode(signed + sign(_DOMAIN + signed)).decode("ascii").rstrip("=")


def read_statement(text: str) -> VisitStatement:
    """Check form and signature; raise `StatementError`. Blanks and lower case, as typed or read aloud, do no harm."""
    data = _bytes_of("".join(text.split()).upper())
    path_at = _CORE.size + _PLACE.size
    try:
        version, kiosk_id, issued_at_s, *hashes, outcome, sequence = _CORE.unpack_from(data)
        reference, salt, consent, models, policy = hashes
        index, leaf, path_length = _PLACE.unpack_from(data, _CORE.size)
        if version != _VERSION or len(data) != path_at + path_length * _HASH_BYTES + _KEY_BYTES + _SIGNATURE_BYTES:
            raise ValueError
        core = StatementCore(
            kiosk_id, issued_at_s, reference, salt, consent, models, policy, OutcomeClass(outcome), sequence
        )
    except (struct.error, ValueError):
        raise StatementError("This is no statement of a visit: scan or type the whole code of the slip.") from None
    signed, signature = data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
    public_key = signed[-_KEY_BYTES:]
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, _DOMAIN + signed)
    except InvalidSignature:
        raise StatementError("The signature of this slip is not good: it was changed, or misread.") from None
    path = tuple(data[at : at + _HASH_BYTES] for at in range(path_at, len(signed) - _KEY_BYTES, _HASH_BYTES))
    return VisitStatement(core, AuditPlace(index, leaf, path), public_key)


def _bytes_of(text: str) -> bytes:
    """The bytes of a text; refuses every spelling but the canonical one."""
    if not text.startswith(PREFIX) or len(text) > MAX_TEXT_CHARS:
        raise StatementError(f"This is no statement of a visit: it begins with {PREFIX}.")
    digits = text.removeprefix(PREFIX)
    try:
        data = base64.b32decode(digits + "=" * (-len(digits) % 8))
    except (binascii.Error, ValueError):
        raise StatementError(
            "This is no statement of a visit: the code has letters A to Z and digits 2 to 7."
        ) from None
    if base64.b32encode(data).decode("ascii").rstrip("=") != digits:
        raise StatementError("This is no statement of a visit: its last character is wrong.")
    return data
