"""What speaks for any signed code of a slip, whatever it states: its proof, its key, its time. Loads no store."""

from datetime import UTC, datetime

from kiosk.admin.audit_verify import key_text
from kiosk.errors import KioskError
from kiosk.privacy.signed_slip import AuditPlace
from kiosk.store.merkle_tree import head_by_path


class NotProvenError(KioskError):
    """Something that was given speaks against the slip."""


def utc_text(seconds: int) -> str:
    """A time of a slip; one that no calendar knows is said as the number that it is."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return f"{seconds} s after 1970"


def head_of(place: AuditPlace) -> bytes:
    """The tree head that follows from the slip's proof; raise `NotProvenError`."""
    head = head_by_path(place.leaf, place.index, place.index + 1, place.path)
    if head is None:
        raise NotProvenError("its proof from the audit trail does not fit together.")
    return head


def signed_by(public_key: bytes, keys: frozenset[bytes]) -> str:
    """Whose signature it is, as far as keys were given to know it by."""
    if keys:
        return "Proven: signed by this kiosk, and nothing of it was changed."
    return f"Whole and signed by {key_text(public_key)}; whether that is this kiosk the bank knows: give --public-key."
