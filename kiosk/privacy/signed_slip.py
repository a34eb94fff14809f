"""What every signed code of a slip is made of: a core, its place in the audit trail, the key, and a signature.

Fixed-order and big-endian, so that there is one way to write a code and nothing else to hide in it; as text `prefix`
and base32 without padding, of which every character is one of a QR code's short alphabet. What a core says is the
business of `visit_statement` and `erasure_statement`.
"""

import base64
import binascii
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.errors import PrivacyError

_VERSION = 1
_PLACE = struct.Struct(">Q32sB")
_KEY_BYTES, _SIGNATURE_BYTES, _HASH_BYTES = 32, 64, 32
_LONGEST_PATH = 63

_Core = TypeVar("_Core")


class StatementError(PrivacyError):
    """This is no such code, or not one that its key has signed."""


@dataclass(frozen=True, slots=True)
class AuditPlace:
    """Where an entry stands in the audit tree that ends with it."""

    index: int
    """Counted from 0."""
    leaf: bytes
    path: tuple[bytes, ...]
    """RFC 6962 audit path in the tree of `index + 1` entries."""


@dataclass(frozen=True, slots=True)
class SignedSlip(Generic[_Core]):
    """A whole code, its signature checked."""

    core: _Core
    place: AuditPlace
    public_key: bytes
    """32 bytes, a raw Ed25519 key. Whose it is, the bank knows."""


@dataclass(frozen=True, slots=True)
class SlipForm(Generic[_Core]):
    """One kind of code."""

    prefix: str
    domain: bytes
    """So that a signature over one kind can never be one over anything else that this key signs."""
    layout: struct.Struct
    """Of the core, its version first."""
    core_of: Callable[..., _Core]
    """Takes the unpacked fields behind the version; raises `ValueError` for one that it does not know."""
    what: str
    """What a text is not that is none, for a sentence."""
    slip: str
    """What bears it, for a sentence."""
    whole: str
    """What to scan or type."""

    @property
    def max_text_chars(self) -> int:
        data = self.layout.size + _PLACE.size + _LONGEST_PATH * _HASH_BYTES + _KEY_BYTES + _SIGNATURE_BYTES
        return len(self.prefix) + 8 * (data + 4) // 5

    def pack(self, *fields: Any) -> bytes:
        """The bytes of a core."""
        return self.layout.pack(_VERSION, *fields)

    def sign(self, core: bytes, place: AuditPlace, public_key: bytes, sign: Callable[[bytes], bytes]) -> str:
        """Return the text of the QR code."""
        signed = core + _PLACE.pack(place.index, place.leaf, len(place.path)) + b"".join(place.path) + public_key
        return self.prefix + base64.b32encode(signed + sign(self.domain + signed)).decode("ascii").rstrip("=")

    def read(self, text: str) -> SignedSlip[_Core]:
        """Check form and signature; raise `StatementError`.

        Blanks and lower case, as typed or read aloud, do no harm.
        """
        data = self._bytes_of("".join(text.split()).upper())
        path_at = self.layout.size + _PLACE.size
        try:
            version, *fields = self.layout.unpack_from(data)
            index, leaf, path_length = _PLACE.unpack_from(data, self.layout.size)
            if version != _VERSION or len(data) != path_at + path_length * _HASH_BYTES + _KEY_BYTES + _SIGNATURE_BYTES:
                raise ValueError
            core = self.core_of(*fields)
        except (struct.error, ValueError):
            raise StatementError(f"This is no {self.what}: scan or type {self.whole}.") from None
        signed, signature = data[:-_SIGNATURE_BYTES], data[-_SIGNATURE_BYTES:]
        public_key = signed[-_KEY_BYTES:]
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, self.domain + signed)
        except (InvalidSignature, ValueError):
            raise StatementError(
                f"The signature of this {self.slip} is not good: it was changed, or misread."
            ) from None
        path = tuple(data[at : at + _HASH_BYTES] for at in range(path_at, len(signed) - _KEY_BYTES, _HASH_BYTES))
        return SignedSlip(core, AuditPlace(index, leaf, path), public_key)

    def _bytes_of(self, text: str) -> bytes:
        """The bytes of a text; refuses every spelling but the canonical one."""
        if not text.startswith(self.prefix) or len(text) > self.max_text_chars:
            raise StatementError(f"This is no {self.what}: it begins with {self.prefix}.")
        digits = text.removeprefix(self.prefix)
        try:
            data = base64.b32decode(digits + "=" * (-len(digits) % 8))
        except (binascii.Error, ValueError):
            raise StatementError(f"This is no {self.what}: the code has letters A to Z and digits 2 to 7.") from None
        if base64.b32encode(data).decode("ascii").rstrip("=") != digits:
            raise StatementError(f"This is no {self.what}: its last character is wrong.")
        return data
