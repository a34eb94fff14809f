"""A customer asks for their own record: sees it, takes a copy, has it erased. A part of the session's table.

It reads a document and never a face, answers nothing and sends nothing: none of its phases leads to one of a visit
that opens an account. The other way round the welcome screen joins the two, and the erasure of a record whose consent
is withdrawn right after the answer.
"""

from collections.abc import Mapping
from types import MappingProxyType

from kiosk.document.evidence import DocumentEvidence
from kiosk.privacy.consent import Purpose
from kiosk.privacy.own_code import is_own_code, normalised
from kiosk.session.events import (
    CameraLost,
    Cancelled,
    ConsentGiven,
    ConsentRefused,
    DocumentNotAcceptable,
    DocumentRead,
    Event,
    LanguageChosen,
    OwnCodeAgain,
    OwnCodeEntered,
    OwnCopyAsked,
    OwnErasureAsked,
    OwnErasureConfirmed,
    OwnRecordAsked,
    OwnRecordBack,
    OwnRecordErased,
    OwnRecordFound,
    OwnRecordLeft,
    OwnRecordMissing,
    OwnRecordNotErased,
    OwnRecordOutcome,
    TellerClosedVisit,
    TimedOut,
)
from kiosk.session.steps import OWN_RECORD_PHASES, Effect, Phase, Step

MAX_TRIES = 5
"""Wrong codes or documents in one visit; then our staff help."""

P, E = Phase, Effect
_LEAVE = (E.DISCARD_VISIT, E.END_VISIT)

_OWN_STEPS: dict[tuple[Phase, type[Event]], Step] = {
    (P.IDLE, OwnRecordAsked): Step(P.OWN_LANGUAGE),
    (P.OWN_LANGUAGE, LanguageChosen): Step(P.OWN_CONSENT),
    (P.OWN_CONSENT, ConsentGiven): Step(P.OWN_CODE, (E.RECORD_CONSENT,)),
    (P.OWN_CONSENT, ConsentRefused): Step(P.IDLE, _LEAVE),
    (P.OWN_CODE, OwnCodeEntered): Step(P.OWN_DOCUMENT, (E.START_READING_DOCUMENT,)),
    (P.OWN_DOCUMENT, DocumentRead): Step(P.OWN_SEARCH, (E.STOP_READING_DOCUMENT, E.FIND_OWN_RECORD)),
    (P.OWN_DOCUMENT, OwnRecordMissing): Step(P.OWN_MISSING, (E.STOP_READING_DOCUMENT,)),
    (P.OWN_SEARCH, OwnRecordFound): Step(P.OWN_RECORD),
    (P.OWN_SEARCH, OwnRecordMissing): Step(P.OWN_MISSING),
    (P.OWN_MISSING, OwnCodeAgain): Step(P.OWN_CODE),
    (P.OWN_MISSING, OwnRecordLeft): Step(P.IDLE, _LEAVE),
    (P.OWN_RECORD, OwnCopyAsked): Step(P.OWN_COPY, (E.COPY_OWN_RECORD,)),
    (P.OWN_RECORD, OwnErasureAsked): Step(P.OWN_ERASURE),
    (P.OWN_RECORD, OwnRecordLeft): Step(P.IDLE, _LEAVE),
    (P.OWN_COPY, OwnRecordBack): Step(P.OWN_RECORD),
    (P.OWN_COPY, OwnRecordLeft): Step(P.IDLE, _LEAVE),
    # A copy that could not be made: a teller has erased the record meanwhile; the word may come after "back".
    (P.OWN_COPY, OwnRecordMissing): Step(P.OWN_MISSING),
    (P.OWN_RECORD, OwnRecordMissing): Step(P.OWN_MISSING),
    (P.OWN_ERASURE, OwnRecordMissing): Step(P.OWN_MISSING),
    (P.OWN_ERASURE, OwnErasureConfirmed): Step(P.OWN_ERASING, (E.ERASE_OWN_RECORD,)),
    (P.OWN_ERASURE, OwnRecordBack): Step(P.OWN_RECORD),
    (P.OWN_ERASING, OwnRecordErased): Step(P.OWN_ERASED),
    (P.OWN_ERASING, OwnRecordNotErased): Step(P.OWN_MISSING),
    (P.OWN_ERASED, OwnRecordLeft): Step(P.IDLE, _LEAVE),
}

# From everywhere, except while the record is being erased: that takes milliseconds and is followed by a receipt.
_LEAVE_STEPS: dict[tuple[Phase, type[Event]], Step] = {
    (phase, event): Step(P.IDLE, _LEAVE)
    for phase in P
    for event in (Cancelled, TimedOut, TellerClosedVisit)
    if phase in OWN_RECORD_PHASES and phase is not P.OWN_ERASING
}
NEEDS_READER = (P.OWN_LANGUAGE, P.OWN_CONSENT, P.OWN_CODE, P.OWN_DOCUMENT)
"""A document is being read, or may still be."""
_NO_CAMERA: dict[tuple[Phase, type[Event]], Step] = {
    (phase, CameraLost): Step(P.IDLE, _LEAVE) for phase in NEEDS_READER
}

OWN_RECORD_STEPS: Mapping[tuple[Phase, type[Event]], Step] = MappingProxyType(_OWN_STEPS | _LEAVE_STEPS | _NO_CAMERA)


def refine_own_record(event: Event, outcome: OwnRecordOutcome) -> Event:
    """Turn an event of such a visit into the one that its part of the table knows."""
    match event:
        case ConsentGiven() if event.consent.purposes != frozenset({Purpose.OWN_RECORD}):
            return ConsentRefused()
        case OwnCodeEntered() if not is_own_code(normalised(event.code)):
            return Event()
        case OwnCodeAgain() if outcome is not OwnRecordOutcome.NOT_FOUND:
            return Event()
        case DocumentRead() | DocumentNotAcceptable():
            return _refine_document(event.evidence)
        case _:
            return event


def outcome_after(tries: int, event: OwnRecordMissing) -> OwnRecordOutcome:
    """What a customer is told after so many tries, this one included; never what did not fit."""
    used_up = event.outcome is OwnRecordOutcome.NOT_FOUND and tries >= MAX_TRIES
    return OwnRecordOutcome.TOO_MANY_TRIES if used_up else event.outcome


def _refine_document(evidence: DocumentEvidence | None) -> Event:
    """An expired document, or that of somebody who is under age, says as well as any whose record it is."""
    if evidence is None or not evidence.check_digits_valid:
        return OwnRecordMissing(OwnRecordOutcome.NOT_FOUND)
    return DocumentRead(evidence)
