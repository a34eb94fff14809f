"""`kiosk audit prove`: checks a slip on any machine. Loads no store; a picture needs OpenCV, text nothing."""

import argparse
from collections.abc import Iterable
from pathlib import Path

from kiosk.admin.audit_files import load_bank_messages, load_public_keys, slip_text, verify_file
from kiosk.admin.audit_proofs import NotProvenError, head_of, signed_by, utc_text
from kiosk.admin.audit_prove_erasure import erasure_proofs, stated_erasure
from kiosk.admin.audit_verify import NOBODY_VOUCHES, Progress
from kiosk.privacy.erasure_statement import PREFIX as ERASURE_PREFIX
from kiosk.privacy.erasure_statement import read_erasure
from kiosk.privacy.signed_slip import StatementError
from kiosk.privacy.visit_statement import OutcomeClass, VisitStatement, read_statement
from kiosk.store.audit_export import ExportedEntry, ExportLineError
from kiosk.store.audit_verification import Outside, TrailBrokenError
from kiosk.store.merkle_tree import Frontier
from kiosk.verification.verdict import VerdictMessage

PROVEN, NOT_PROVEN = 0, 1
_OUTCOMES = {
    OutcomeClass.ACCEPTED_BY_POLICY: "yes, by the bank's policy",
    OutcomeClass.CONFIRMED_BY_STAFF: "yes, confirmed by staff",
    OutcomeClass.REFUSED_BY_STAFF: "no, by staff",
}


def prove(arguments: argparse.Namespace) -> int:
    """Print what the slip states and what speaks for it; return the exit code that the command's help explains."""
    keys = load_public_keys(arguments.public_key)
    text = slip_text(arguments.slip)
    try:
        if text.strip().upper().startswith(ERASURE_PREFIX):
            erasure = read_erasure(text)
            print("\n".join((*stated_erasure(erasure), "", *erasure_proofs(erasure, keys, arguments.export))))
            return PROVEN if keys else NOBODY_VOUCHES
        statement = read_statement(text)
        proofs = list(_proofs(statement, keys, arguments.bank_messages, arguments.export))
    except (StatementError, NotProvenError, TrailBrokenError, ExportLineError) as error:
        print(f"Not proven: {error}")
        return NOT_PROVEN
    print("\n".join((*_stated(statement), "", *proofs)))
    return PROVEN if keys else NOBODY_VOUCHES


def _stated(statement: VisitStatement) -> Iterable[str]:
    core = statement.core
    return (
        f"Kiosk       {core.kiosk_id.hex()}",
        f"Time        {utc_text(core.issued_at_s)}",
        f"Answer      {_OUTCOMES[core.outcome]}; message {core.sequence} to the bank",
        f"Reference   {core.reference.hex()}",
        f"Salt        {core.salt.hex()}",
        f"Agreed to   text with SHA-256 {core.consent_sha256.hex()}",
        f"Checked by  models {core.models_sha256.hex()}",
        f"            policy {core.policy_sha256.hex()}",
    )


def _proofs(
    statement: VisitStatement, keys: frozenset[bytes], bank_messages: Path | None, export: Path | None
) -> Iterable[str]:
    """What speaks for the slip, one line each; raise `NotProvenError` for the first thing that speaks against it."""
    place = statement.place
    head = head_of(place)
    messages = None if bank_messages is None else load_bank_messages(bank_messages, keys)
    known = keys if messages is None else messages.keys
    if keys and statement.public_key not in known:
        raise NotProvenError("it is signed by a key that is not among those given: another kiosk, or another time.")
    yield signed_by(statement.public_key, keys)
    yield f"It was written into the audit trail as entry {place.index + 1}; the tree head was then {head.hex()}."
    if messages is not None:
        message, _ = messages.verdicts.get(statement.core.sequence, (None, ""))
        _demand_message(statement, message)
        yield f"The bank received the same answer as message {statement.core.sequence}, over the same audit trail."
    if export is not None:
        outside = Outside(known, {} if messages is None else messages.held())
        kiosk_id, report = verify_file(export, outside, say=Progress(), wanted=frozenset({place.index + 1}))
        if kiosk_id != statement.core.kiosk_id:
            raise NotProvenError(f"{export} is of another kiosk.")
        yield _found_in(statement, report.found.get(place.index + 1), report.first, export)


def _demand_message(statement: VisitStatement, message: VerdictMessage | None) -> None:
    """That the bank was told what the slip says; the head in the message follows from the slip's own proof."""
    core, place = statement.core, statement.place
    if message is None:
        raise NotProvenError(f"message {core.sequence} is not among the bank's: it has not arrived, or was not sent.")
    before = Frontier(place.index, tuple(reversed(place.path))).head()
    said = (message.kiosk_id, message.verdict.reference, message.verdict.issued_at_s, message.tree_head)
    answer = core.outcome is not OutcomeClass.REFUSED_BY_STAFF
    if said != (core.kiosk_id, core.reference, core.issued_at_s, before) or message.verdict.answer is not answer:
        raise NotProvenError(f"the bank's message {core.sequence} says something else than the slip.")


def _found_in(statement: VisitStatement, found: ExportedEntry | None, first: int, export: Path) -> str:
    number = statement.place.index + 1
    if found is None:
        why = f"it begins with entry {first}" if number < first else "its trail is shorter"
        raise NotProvenError(f"entry {number} is not in {export}: {why}.")
    if found.leaf != statement.place.leaf:
        raise NotProvenError(f"entry {number} of {export} is another one than that on the slip.")
    if found.content is None:
        return f"Entry {number} of {export} is the one on the slip; its content is over."
    if statement.core.sha256.hex() not in found.content.detail.split("; "):
        raise NotProvenError(f"entry {number} of {export} does not name this statement.")
    return f"Entry {number} of {export} is the one on the slip, and names this statement."
