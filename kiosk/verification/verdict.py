"""The yes or no, and the one message that carries it: fixed-order records in a compact JWS of one fixed length.

Pure: no clock, no file, no random number. The JWS is built here on `cryptography` and not by a JOSE library, as
the header must be these exact bytes and nothing else may be accepted: no other algorithm, no other key id, no
second spelling of the same base64url. A JOSE library serves as the oracle in the tests. `docs/openapi.yaml` tells
a bank the same in its own words.
"""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import Any, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.errors import VerificationError

RECORD_VERSION = 1
KIOSK_ID_BYTES = 16
SALT_BYTES = 16
REFERENCE_BYTES = 32
TREE_HEAD_BYTES = 32
SHA256_BYTES = 32
MAX_DOCUMENT_NUMBER_CHARS = 32
REFERENCE_DOCUMENT_KINDS = ("passport", "identity_card", "visa")
"""The words that go into a reference: the values of `document.evidence.DocumentKind`, a package beside this one."""
MAX_COUNTER = 2**63 - 1
"""Largest sequence and time: databases count in signed 64-bit integers."""

_MESSAGE = struct.Struct(">BB16s32sBQQ32s")
_RECEIPT = struct.Struct(">BB16sQ32sQ")
MESSAGE_BYTES = _MESSAGE.size
"""99"""
RECEIPT_BYTES = _RECEIPT.size
"""66"""

_HEADER_START = b'{"alg":"Ed25519","kid":"'
_HEADER_END = b'"}'
_KID_CHARS = 43
_SIGNATURE_BYTES = 64


def _base64url_chars(byte_count: int) -> int:
    return (byte_count * 4 + 2) // 3


_HEADER_CHARS = _base64url_chars(len(_HEADER_START) + _KID_CHARS + len(_HEADER_END))
MESSAGE_JWS_CHARS = _HEADER_CHARS + 1 + _base64url_chars(MESSAGE_BYTES) + 1 + _base64url_chars(_SIGNATURE_BYTES)
"""Length of every message that leaves the kiosk."""
RECEIPT_JWS_CHARS = _HEADER_CHARS + 1 + _base64url_chars(RECEIPT_BYTES) + 1 + _base64url_chars(_SIGNATURE_BYTES)


class MessageFormatError(VerificationError):
    """These bytes are no message or receipt of the kiosk."""


class SignatureError(VerificationError):
    """Not signed by the key that was expected."""


class WrongReceiptError(VerificationError):
    """A receipt of the bank, but for another message."""


class ReferenceInputError(VerificationError):
    """Salt, document kind or number cannot belong to an application reference."""


class RecordKind(IntEnum):
    """Second byte of every signed record, so that none can be taken for another."""

    VERDICT = 1
    KEY_ANNOUNCEMENT = 2
    RECEIPT = 3


def canonical_document_number(number: str) -> str:
    """Return the number as the reference takes it: A–Z and 0–9; blanks, hyphens and MRZ fillers left out."""
    kept = "".join(character for character in number if character not in " \t-<")
    if not kept.isascii() or not kept.isalnum() or len(kept) > MAX_DOCUMENT_NUMBER_CHARS:
        raise ReferenceInputError(
            "A document number has 1 to 32 letters A–Z and digits; type it as the document shows it."
        )
    return kept.upper()


def application_reference(salt: bytes, kind: str, number: str, birth_date: date) -> bytes:
    """Return the 32-byte reference of a visit: SHA-256 over one unambiguous byte form.

    salt (16 bytes) ‖ length of kind (u8) ‖ kind (ASCII, of `REFERENCE_DOCUMENT_KINDS`) ‖ length of number (u8) ‖
    number (ASCII, see `canonical_document_number`) ‖ birth date (8 ASCII digits, YYYYMMDD).
    """
    if len(salt) != SALT_BYTES:
        raise ReferenceInputError(f"The salt on the slip has {SALT_BYTES} bytes (32 hex digits), not {len(salt)}.")
    if kind not in REFERENCE_DOCUMENT_KINDS:
        raise ReferenceInputError(f"The kind of document is one of {', '.join(REFERENCE_DOCUMENT_KINDS)}.")
    digest = hashlib.sha256(salt)
    for text in (str(kind), canonical_document_number(number)):
        digest.update(bytes([len(text)]) + text.encode("ascii"))
    digest.update(f"{birth_date.year:04d}{birth_date.month:02d}{birth_date.day:02d}".encode("ascii"))
    return digest.digest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """The answer about one application: yes or no, and nothing about why."""

    reference: bytes
    """32 bytes, see `application_reference`."""
    answer: bool
    """True yes, False no."""
    issued_at_s: int
    """UTC seconds since 1970."""

    def __post_init__(self) -> None:
        _require_length("application reference", self.reference, REFERENCE_BYTES)
        _require_counter("time of issue", self.issued_at_s)


@dataclass(frozen=True, slots=True)
class VerdictMessage:
    """A verdict on its way to the bank."""

    kiosk_id: bytes
    """16 bytes."""
    sequence: int
    """With the kiosk id the idempotency key; counts up by one for each message of either kind."""
    verdict: Verdict
    tree_head: bytes
    """32 bytes: the audit's tree head before this entry."""

    def __post_init__(self) -> None:
        _require_length("kiosk id", self.kiosk_id, KIOSK_ID_BYTES)
        _require_counter("sequence", self.sequence)
        _require_length("tree head", self.tree_head, TREE_HEAD_BYTES)

    def encode(self) -> bytes:
        """Return the 99 bytes of design §4."""
        verdict = self.verdict
        kind, answer = RecordKind.VERDICT, int(verdict.answer)
        return _MESSAGE.pack(
            RECORD_VERSION, kind, self.kiosk_id, verdict.reference, answer,
            verdict.issued_at_s, self.sequence, self.tree_head,
        )  # fmt: skip

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Return the verdict in a record; anything else is a `MessageFormatError`."""
        kiosk_id, reference, answer, issued_at_s, sequence, tree_head = _unpack(RecordKind.VERDICT, _MESSAGE, payload)
        if answer not in (0, 1):
            raise MessageFormatError(f"A verdict is 1 (yes) or 0 (no), not {answer}.")
        return cls(kiosk_id, sequence, Verdict(reference, answer == 1, issued_at_s), tree_head)


@dataclass(frozen=True, slots=True)
class KeyAnnouncement:
    """The kiosk's next public key, signed with the present one. Same length and fields as a verdict."""

    kiosk_id: bytes
    sequence: int
    issued_at_s: int
    next_public_key: bytes
    """32 bytes, a raw Ed25519 public key."""

    def __post_init__(self) -> None:
        _require_length("kiosk id", self.kiosk_id, KIOSK_ID_BYTES)
        _require_counter("sequence", self.sequence)
        _require_counter("time of issue", self.issued_at_s)
        _require_length("next public key", self.next_public_key, TREE_HEAD_BYTES)

    def encode(self) -> bytes:
        """Return 99 bytes; reference and answer are zero."""
        kind, nothing = RecordKind.KEY_ANNOUNCEMENT, bytes(REFERENCE_BYTES)
        return _MESSAGE.pack(
            RECORD_VERSION, kind, self.kiosk_id, nothing, 0, self.issued_at_s, self.sequence, self.next_public_key
        )

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Return the announcement in a record; anything else is a `MessageFormatError`."""
        fields = _unpack(RecordKind.KEY_ANNOUNCEMENT, _MESSAGE, payload)
        kiosk_id, reference, answer, issued_at_s, sequence, next_public_key = fields
        if answer or any(reference):
            raise MessageFormatError("A key announcement has no reference and no answer.")
        return cls(kiosk_id, sequence, issued_at_s, next_public_key)


OutgoingMessage = VerdictMessage | KeyAnnouncement
"""Everything that may leave the kiosk."""


@dataclass(frozen=True, slots=True)
class ReceiptRecord:
    """What the bank signs: this message of this kiosk has arrived and counts."""

    kiosk_id: bytes
    sequence: int
    message_sha256: bytes
    """SHA-256 of the message's JWS as it was sent (ASCII)."""
    received_at_s: int
    """UTC seconds since 1970 by the bank's clock."""

    def __post_init__(self) -> None:
        _require_length("kiosk id", self.kiosk_id, KIOSK_ID_BYTES)
        _require_counter("sequence", self.sequence)
        _require_length("message hash", self.message_sha256, SHA256_BYTES)
        _require_counter("time of receipt", self.received_at_s)

    def encode(self) -> bytes:
        """Return 66 bytes: version, kind 3, kiosk id 16, sequence u64, message hash 32, received at u64."""
        kind = RecordKind.RECEIPT
        return _RECEIPT.pack(
            RECORD_VERSION, kind, self.kiosk_id, self.sequence, self.message_sha256, self.received_at_s
        )

    @classmethod
    def decode(cls, payload: bytes) -> Self:
        """Return the receipt in a record; anything else is a `MessageFormatError`."""
        return cls(*_unpack(RecordKind.RECEIPT, _RECEIPT, payload))


def key_thumbprint(public_key: Ed25519PublicKey) -> str:
    """Return the key's id: its RFC 7638 thumbprint (RFC 8037 form), 43 characters of base64url."""
    x = _to_base64url(public_key.public_bytes_raw())
    return _to_base64url(hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest())


def message_hash(jws: str) -> bytes:
    """Return what a receipt names a message by."""
    return hashlib.sha256(jws.encode("ascii")).digest()


def key_id_of(jws: str) -> str:
    """Return the key id that a message claims, unverified: good for looking up a key and for nothing else."""
    header = _from_base64url(jws.partition(".")[0])
    kid = header[len(_HEADER_START) : -len(_HEADER_END)].decode("ascii", "replace")
    if header != _HEADER_START + kid.encode() + _HEADER_END or len(_from_base64url(kid)) != SHA256_BYTES:
        raise MessageFormatError("The header of a message is exactly an algorithm and the thumbprint of a key.")
    return kid


def sign_message(message: OutgoingMessage, private_key: Ed25519PrivateKey) -> str:
    """Return the compact JWS of `MESSAGE_JWS_CHARS` characters; the same message always gives the same one."""
    return _sign(message.encode(), private_key)


def verify_message(jws: str, public_key: Ed25519PublicKey) -> OutgoingMessage:
    """Return the message; raise `SignatureError` or `MessageFormatError`. A receipt is never a message."""
    payload = _verify(jws, public_key, MESSAGE_JWS_CHARS)
    if payload[1] == RecordKind.KEY_ANNOUNCEMENT:
        return KeyAnnouncement.decode(payload)
    return VerdictMessage.decode(payload)


def sign_receipt(receipt: ReceiptRecord, private_key: Ed25519PrivateKey) -> str:
    """Return the compact JWS of `RECEIPT_JWS_CHARS` characters. The bank's side, for the reference receiver."""
    return _sign(receipt.encode(), private_key)


def verify_receipt(
    jws: str, bank_public_key: Ed25519PublicKey, kiosk_id: bytes, sequence: int, message_sha256: bytes
) -> ReceiptRecord:
    """Return the receipt when the bank signed it for exactly this message; only then may the outbox row close."""
    receipt = ReceiptRecord.decode(_verify(jws, bank_public_key, RECEIPT_JWS_CHARS))
    if (receipt.kiosk_id, receipt.sequence, receipt.message_sha256) != (kiosk_id, sequence, message_sha256):
        raise WrongReceiptError(
            f"The bank's receipt is for message {receipt.sequence} and does not belong to message {sequence};"
            " the message stays in the outbox."
        )
    return receipt


def _sign(payload: bytes, private_key: Ed25519PrivateKey) -> str:
    signing_input = f"{_header_of(private_key.public_key())}.{_to_base64url(payload)}"
    return f"{signing_input}.{_to_base64url(private_key.sign(signing_input.encode('ascii')))}"


def _verify(jws: str, public_key: Ed25519PublicKey, expected_chars: int) -> bytes:
    """Return the signed payload.

    1. the length is the only possible one; 2. three parts; 3. the header is, byte for byte, this key's;
    4. signature and payload are canonical base64url; 5. the signature is the key's.
    """
    if len(jws) != expected_chars:
        raise MessageFormatError(f"A signed record has {expected_chars} characters, not {len(jws)}.")
    parts = jws.split(".")
    if len(parts) != 3:
        raise MessageFormatError("A signed record is a compact JWS of three parts.")
    header, payload, signature = parts
    if header != _header_of(public_key):
        key_id_of(jws)
        raise SignatureError("The record names another key than the one it must be signed with.")
    signature_bytes, payload_bytes = _from_base64url(signature), _from_base64url(payload)
    try:
        public_key.verify(signature_bytes, f"{header}.{payload}".encode("ascii"))
    except InvalidSignature as error:
        raise SignatureError(
            "The signature of the record is not good; it was changed, or signed by another."
        ) from error
    return payload_bytes


def _header_of(public_key: Ed25519PublicKey) -> str:
    return _to_base64url(_HEADER_START + key_thumbprint(public_key).encode("ascii") + _HEADER_END)


def _unpack(kind: RecordKind, layout: struct.Struct, payload: bytes) -> tuple[Any, ...]:
    """Return the fields after version and kind."""
    if len(payload) != layout.size:
        raise MessageFormatError(f"A record of kind {kind.name} has {layout.size} bytes, not {len(payload)}.")
    version, found_kind, *fields = layout.unpack(payload)
    if version != RECORD_VERSION:
        raise MessageFormatError(f"This record has version {version}; version {RECORD_VERSION} is understood.")
    if found_kind != kind:
        raise MessageFormatError(f"A record of kind {found_kind} was given where kind {int(kind)} belongs.")
    return tuple(fields)


def _to_base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _from_base64url(text: str) -> bytes:
    """Decode; refuse every spelling but the canonical one, so that no bit of a message is without meaning."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise MessageFormatError("A part of the signed record is not base64url.") from error
    if _to_base64url(data) != text:
        raise MessageFormatError("A part of the signed record is not canonical base64url.")
    return data


def _require_length(what: str, value: bytes, length: int) -> None:
    if len(value) != length:
        raise MessageFormatError(f"The {what} has {length} bytes, not {len(value)}.")


def _require_counter(what: str, value: int) -> None:
    if not 0 <= value <= MAX_COUNTER:
        raise MessageFormatError(f"The {what} is a number from 0 to 2^63 − 1, not {value}.")
