"""What the customer takes home as proof: a signed statement of the visit with its place in the audit trail.

It names nobody: the reference says something only to who has the document. It can be checked on any PC, without the
kiosk, and long after everything else of the visit was erased. How it is written and signed is `signed_slip`'s.
"""

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from kiosk.privacy.signed_slip import AuditPlace, SignedSlip, SlipForm

PREFIX = "KIOSK1:"


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
        return _FORM.pack(
            self.kiosk_id, self.issued_at_s, self.reference, self.salt, self.consent_sha256,
            self.models_sha256, self.policy_sha256, self.outcome, self.sequence,
        )  # fmt: skip

    @property
    def sha256(self) -> bytes:
        return hashlib.sha256(self.encode()).digest()


def _core_of(kiosk_id: bytes, issued_at_s: int, *rest: Any) -> StatementCore:
    reference, salt, consent, models, policy, outcome, sequence = rest
    return StatementCore(
        kiosk_id, issued_at_s, reference, salt, consent, models, policy, OutcomeClass(outcome), sequence
    )


_FORM = SlipForm(
    prefix=PREFIX,
    domain=b"kiosk visit statement 1\0",
    layout=struct.Struct(">B16sQ32s16s32s32s32sBQ"),
    core_of=_core_of,
    what="statement of a visit",
    slip="slip",
    whole="the whole code of the slip",
)
MAX_TEXT_CHARS = _FORM.max_text_chars

VisitStatement = SignedSlip[StatementCore]
"""A whole statement, its signature checked."""


def sign_statement(core: StatementCore, place: AuditPlace, public_key: bytes, sign: Callable[[bytes], bytes]) -> str:
    """Return the statement as the text of its QR code."""
    return _FORM.sign(core.encode(), place, public_key, sign)


def read_statement(text: str) -> VisitStatement:
    """Check form and signature; raise `StatementError`."""
    return _FORM.read(text)
