"""`kiosk audit prove` for the receipt of an erasure: what it states, and what speaks for it. Loads no store."""

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from kiosk.admin.audit_files import verify_file
from kiosk.admin.audit_verify import Progress, key_text
from kiosk.errors import KioskError
from kiosk.privacy.erasure_statement import ErasureStatement
from kiosk.store.audit_verification import Outside
from kiosk.store.merkle_tree import head_by_path


class ReceiptNotProvenError(KioskError):
    """Something that was given speaks against the receipt."""


def stated_erasure(statement: ErasureStatement) -> Iterable[str]:
    """What the receipt says, one line each."""
    core = statement.core
    try:
        time = f"{datetime.fromtimestamp(core.ordered_at_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        time = f"{core.ordered_at_s} s after 1970"
    return (
        f"Kiosk       {core.kiosk_id.hex()}",
        f"Erased      {time}",
        f"Reason      {core.reason.name.lower().replace('_', ' ')}",
        f"Reference   {core.reference.hex()}",
    )


def erasure_proofs(statement: ErasureStatement, keys: frozenset[bytes], export: Path | None) -> Iterable[str]:
    """What speaks for the receipt; raise `ReceiptNotProvenError` for the first thing that speaks against it."""
    place, number = statement.place, statement.place.index + 1
    head = head_by_path(place.leaf, place.index, number, place.path)
    if head is None:
        raise ReceiptNotProvenError("its proof from the audit trail does not fit together.")
    if keys and statement.public_key not in keys:
        raise ReceiptNotProvenError("it is signed by a key that is not among those given.")
    yield (
        "Proven: signed by this kiosk, and nothing of it was changed."
        if keys
        else f"Whole and signed by {key_text(statement.public_key)}; whether that is this kiosk the bank knows: give"
        " --public-key."
    )
    yield f"The order was written into the audit trail as entry {number}; the tree head was then {head.hex()}."
    if export is None:
        return
    kiosk_id, report = verify_file(export, Outside(keys, {}), say=Progress(), wanted=frozenset({number}))
    found = report.found.get(number)
    if kiosk_id != statement.core.kiosk_id:
        raise ReceiptNotProvenError(f"{export} is of another kiosk.")
    if found is None or found.leaf != place.leaf:
        raise ReceiptNotProvenError(f"entry {number} of {export} is not the one on the receipt.")
    if found.content is None:
        yield f"Entry {number} of {export} is the one on the receipt; its content is over."
    elif statement.core.sha256.hex() not in found.content.detail.split("; "):
        raise ReceiptNotProvenError(f"entry {number} of {export} does not name this receipt.")
    else:
        yield f"Entry {number} of {export} is the one on the receipt, and names it."
