"""Where a visit can stand, how long it may stand there, and what can be asked of the controller. Holds no rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class Phase(StrEnum):
    """Every phase has a page."""

    IDLE = "idle"
    CHOOSING_LANGUAGE = "choosing_language"
    ASKING_CONSENT = "asking_consent"
    CHOOSING_ACCOUNT_CLASS = "choosing_account_class"
    READING_DOCUMENT = "reading_document"
    CONFIRMING_DETAILS = "confirming_details"
    PREPARING_FACE_CHECK = "preparing_face_check"
    """What comes is explained and a gentler way offered; nothing shines and no camera is read before."""
    POSITIONING = "positioning"
    CHECKING_LIVENESS = "checking_liveness"
    COMPARING = "comparing"
    WAITING_FOR_TELLER = "waiting_for_teller"
    RECORDING_VERDICT = "recording_verdict"
    SHOWING_VERDICT = "showing_verdict"
    OWN_LANGUAGE = "own_language"
    """From here on nobody applies for anything: a customer asks for their own record, see `own_record_steps`."""
    OWN_CONSENT = "own_consent"
    OWN_CODE = "own_code"
    OWN_DOCUMENT = "own_document"
    OWN_SEARCH = "own_search"
    OWN_MISSING = "own_missing"
    OWN_RECORD = "own_record"
    OWN_COPY = "own_copy"
    OWN_ERASURE = "own_erasure"
    """Asked once more; nothing is erased yet."""
    OWN_ERASING = "own_erasing"
    OWN_ERASED = "own_erased"


OWN_RECORD_PHASES = frozenset(phase for phase in Phase if phase.startswith("own_"))
"""In these no face is looked at, nothing is answered and nothing is sent."""


TIMEOUT_S: Mapping[Phase, float | None] = MappingProxyType(
    {
        Phase.IDLE: None,
        Phase.CHOOSING_LANGUAGE: 60.0,
        Phase.ASKING_CONSENT: 180.0,
        Phase.CHOOSING_ACCOUNT_CLASS: 90.0,
        Phase.READING_DOCUMENT: 90.0,
        Phase.CONFIRMING_DETAILS: 180.0,
        Phase.PREPARING_FACE_CHECK: 120.0,
        Phase.POSITIONING: 90.0,
        Phase.CHECKING_LIVENESS: 60.0,
        Phase.COMPARING: 60.0,
        Phase.WAITING_FOR_TELLER: 300.0,
        Phase.RECORDING_VERDICT: None,
        Phase.SHOWING_VERDICT: 45.0,
        Phase.OWN_LANGUAGE: 60.0,
        Phase.OWN_CONSENT: 180.0,
        Phase.OWN_CODE: 180.0,
        Phase.OWN_DOCUMENT: 90.0,
        Phase.OWN_SEARCH: 60.0,
        Phase.OWN_MISSING: 60.0,
        Phase.OWN_RECORD: 120.0,
        Phase.OWN_COPY: 120.0,
        Phase.OWN_ERASURE: 90.0,
        Phase.OWN_ERASING: None,
        Phase.OWN_ERASED: 90.0,
    }
)
"""How long nobody may touch anything before `TimedOut`; every touch starts it anew."""

WARNING_S = 20.0
"""How long before the end the screen asks whether the customer is still there (WCAG 2.2.1)."""


class Effect(StrEnum):
    """What the controller must carry out, in the order given."""

    RECORD_CONSENT = "record_consent"
    START_READING_DOCUMENT = "start_reading_document"
    STOP_READING_DOCUMENT = "stop_reading_document"
    START_FACE_CAPTURE = "start_face_capture"
    STOP_FACE_CAPTURE = "stop_face_capture"
    START_CHALLENGE = "start_challenge"
    STOP_CHALLENGE = "stop_challenge"
    COMPARE = "compare"
    CALL_TELLER = "call_teller"
    RECORD_GUARDIAN_CONSENT = "record_guardian_consent"
    """In the place of the child's, before anything else is kept."""
    COMMIT_YES = "commit_yes"
    COMMIT_NO = "commit_no"
    FIND_OWN_RECORD = "find_own_record"
    COPY_OWN_RECORD = "copy_own_record"
    ERASE_OWN_RECORD = "erase_own_record"
    ERASE_VISIT_RECORD = "erase_visit_record"
    """Erase the record of the visit that was just answered, with a receipt; what proves the answer stays."""
    DISCARD_VISIT = "discard_visit"
    """Erase every row of a visit that ended without a verdict."""
    END_VISIT = "end_visit"
    """End eyes and reader with all they held; forget the session; warm fresh ones."""


@dataclass(frozen=True, slots=True)
class Step:
    """Where a transition leads and what it asks for."""

    phase: Phase
    effects: tuple[Effect, ...] = ()
