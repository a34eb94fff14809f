"""The customer's receipt for an erasure: a signed statement that a record went, when, and why.

It is written and signed like the statement of a visit (`signed_slip`), under a domain of its own. It names nobody: the
reference is that of the slip. The audit entry of the erasure carries the hash of what is stated, so that an auditor
finds it; its place in the tree is part of the receipt.
"""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.signed_slip import AuditPlace, SignedSlip, SlipForm

PREFIX = "KIOSKE1:"


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
        return _FORM.pack(self.kiosk_id, self.ordered_at_s, self.reference, self.reason)

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.encode()).digest()


def _core_of(kiosk_id: bytes, ordered_at_s: int, reference: bytes, reason: int) -> ErasureCore:
    return ErasureCore(kiosk_id, ordered_at_s, reference, StatedReason(reason))


_FORM = SlipForm(
    prefix=PREFIX,
    domain=b"kiosk erasure receipt 1\0",
    layout=struct.Struct(">B16sQ32sB"),
    core_of=_core_of,
    what="receipt for an erasure",
    slip="receipt",
    whole="the whole code",
)
MAX_TEXT_CHARS = _FORM.max_text_chars

ErasureStatement = SignedSlip[ErasureCore]
"""A whole receipt, its signature checked."""


def sign_erasure(core: ErasureCore, place: AuditPlace, public_key: bytes, sign: Callable[[bytes], bytes]) -> str:
    """Return the receipt as the text of its QR code."""
    return _FORM.sign(core.encode(), place, public_key, sign)


def read_erasure(text: str) -> ErasureStatement:
    """Check form and signature; raise `StatementError`."""
    return _FORM.read(text)
