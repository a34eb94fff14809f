"""`kiosk audit prove` for the receipt of an erasure: what it states, and what speaks for it. Loads no store."""

from collections.abc import Iterable
from pathlib import Path

from kiosk.admin.audit_files import verify_file
from kiosk.admin.audit_proofs import NotProvenError, head_of, signed_by, utc_text
from kiosk.admin.audit_verify import Progress
from kiosk.privacy.erasure_statement import ErasureStatement
from kiosk.store.audit_verification import Outside


def stated_erasure(statement: ErasureStatement) -> Iterable[str]:
    """What the receipt says, one line each."""
    core = statement.core
    return (
        f"Kiosk       {core.kiosk_id.hex()}",
        f"Erased      {utc_text(core.ordered_at_s)}",
        f"Reason      {core.reason.name.lower().replace('_', ' ')}",
        f"Reference   {core.reference.hex()}",
    )


def erasure_proofs(statement: ErasureStatement, keys: frozenset[bytes], export: Path | None) -> Iterable[str]:
    """What speaks for the receipt; raise `NotProvenError` for the first thing that speaks against it."""
    place, number = statement.place, statement.place.index + 1
    head = head_of(place)
    if keys and statement.public_key not in keys:
        raise NotProvenError("it is signed by a key that is not among those given.")
    yield signed_by(statement.public_key, keys)
    yield f"The order was written into the audit trail as entry {number}; the tree head was then {head.hex()}."
    if export is None:
        return
    kiosk_id, report = verify_file(export, Outside(keys, {}), say=Progress(), wanted=frozenset({number}))
    found = report.found.get(number)
    if kiosk_id != statement.core.kiosk_id:
        raise NotProvenError(f"{export} is of another kiosk.")
    if found is None or found.leaf != place.leaf:
        raise NotProvenError(f"entry {number} of {export} is not the one on the receipt.")
    if found.content is None:
        yield f"Entry {number} of {export} is the one on the receipt; its content is over."
    elif statement.core.sha256.hex() not in found.content.detail.split("; "):
        raise NotProvenError(f"entry {number} of {export} does not name this receipt.")
    else:
        yield f"Entry {number} of {export} is the one on the receipt, and names it."
