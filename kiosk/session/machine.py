"""One customer's visit as a table: where it stands, what may happen there, and what to do about it.

Pure: `advance()` only says what follows; `runtime.session_controller` carries it out. An event that the table does
not name for a phase is ignored: late and doubled events are normal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from kiosk.document.evidence import DocumentEvidence, DocumentRemark
from kiosk.privacy.consent import Consent, Purpose
from kiosk.privacy.own_code import normalised
from kiosk.session.events import (
    ALWAYS_CHECKED,
    Accepted,
    AccountClass,
    AccountClassChosen,
    AttemptFailed,
    CameraLost,
    Cancelled,
    ConsentGiven,
    ConsentRefused,
    ConsentWithdrawn,
    DetailsConfirmed,
    DocumentNotAcceptable,
    DocumentRead,
    DocumentReadAgain,
    Event,
    FaceCheckChosen,
    FaceDeclined,
    Language,
    LanguageChosen,
    LivenessPassed,
    OwnCodeEntered,
    OwnRecordAsked,
    OwnRecordFound,
    OwnRecordLeft,
    OwnRecordMissing,
    OwnRecordNotErased,
    OwnRecordOutcome,
    Positioned,
    Referred,
    Started,
    TellerCheck,
    TellerClosedVisit,
    TellerConfirmed,
    TellerRefused,
    TimedOut,
    VerdictAcknowledged,
    VerdictCommitted,
    VerdictNotCommitted,
)
from kiosk.session.own_record_steps import NEEDS_READER, OWN_RECORD_STEPS, outcome_after, refine_own_record
from kiosk.session.steps import OWN_RECORD_PHASES, TIMEOUT_S, WARNING_S, Effect, Phase, Step
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant, Finding

__all__ = [
    "MAX_ATTEMPTS",
    "OWN_RECORD_PHASES",
    "TIMEOUT_S",
    "TRANSITIONS",
    "WARNING_S",
    "Effect",
    "EndNote",
    "Phase",
    "Session",
    "Step",
    "advance",
    "referral_for",
]

MAX_ATTEMPTS = 3


class EndNote(StrEnum):
    """What the welcome screen says for a while after a visit that ended early."""

    NONE = "none"
    CANCELLED = "cancelled"
    WITHDRAWN = "withdrawn"
    TIMED_OUT = "timed_out"
    TECHNICAL = "technical"
    CONSENT_REFUSED = "consent_refused"
    CLOSED_BY_TELLER = "closed_by_teller"
    OWN_RECORD_LEFT = "own_record_left"
    """Somebody looked for their own record, and nothing was changed."""
    OWN_RECORD_FAILED = "own_record_failed"


@dataclass(frozen=True, slots=True)
class Session:
    """What a visit remembers; replaced, never changed. Holds no pixel, template or score."""

    phase: Phase = Phase.IDLE
    language: Language = Language.ENGLISH
    consent: Consent | None = None
    account_class: AccountClass | None = None
    evidence: DocumentEvidence | None = None
    address: str = ""
    phone: str | None = None
    face_declined: bool = False
    live: bool = False
    variant: ChallengeVariant | None = None
    """Which face check the customer chose; None before that, and where there is none."""
    attempts: int = 0
    """Failed liveness attempts so far, those of a visit that broke off a moment ago included."""
    suspicions: frozenset[Finding] = frozenset()
    """What spoke against a living face in any of them; for the teller."""
    unmeasured: frozenset[Finding] = frozenset()
    """Why layers that the policy asks for have measured nothing; for the teller."""
    referral: ReferralReason | None = None
    teller_act: TellerConfirmed | TellerRefused | None = None
    answer: bool | None = None
    """True yes, False no, None undecided."""
    own_code: str = field(default="", repr=False)
    """Typed by a customer who asks for their own record; forgotten once it was looked for."""
    own_tries: int = 0
    """How often nothing was found in this visit."""
    own_outcome: OwnRecordOutcome = OwnRecordOutcome.NONE
    end_note: EndNote = EndNote.NONE

    @property
    def can_be_answered(self) -> bool:
        """An answer needs a document, the completed details and an account class."""
        return self.evidence is not None and self.account_class is not None and bool(self.address)

    @property
    def may_be_accepted(self) -> bool:
        """The machine may say yes only to a live face that may be seen and a document nothing speaks against."""
        document_accepted = self.evidence is not None and self.evidence.acceptable and self.referral is None
        checked = self.live and self.face_allowed and self.variant is not None
        return checked and document_accepted and self.can_be_answered

    @property
    def face_allowed(self) -> bool:
        """Only an explicit consent to the face check, not declined since, lets the camera be read.

        Never that of a child.
        """
        agreed = self.consent is not None and self.consent.includes_face_check
        return agreed and not self.face_declined and not self.needs_guardian

    @property
    def needs_guardian(self) -> bool:
        """The document's holder is too young to consent alone."""
        return self.evidence is not None and DocumentRemark.NEEDS_GUARDIAN in self.evidence.remarks

    @property
    def checks_asked(self) -> frozenset[TellerCheck]:
        """What a teller must have made sure of before a yes."""
        return ALWAYS_CHECKED | {TellerCheck.GUARDIAN} if self.needs_guardian else ALWAYS_CHECKED

    @property
    def may_check_face(self) -> bool:
        """There is an attempt left for it."""
        return self.face_allowed and self.attempts < MAX_ATTEMPTS

    @property
    def needs_eyes(self) -> bool:
        """A face check is under way or may still come, be it with another document."""
        refused = self.consent is not None and not self.consent.includes_face_check
        over = self.phase in (Phase.IDLE, Phase.WAITING_FOR_TELLER, Phase.RECORDING_VERDICT, Phase.SHOWING_VERDICT)
        never = self.phase in OWN_RECORD_PHASES
        return not (never or over or refused or self.face_declined)

    @property
    def needs_reader(self) -> bool:
        """A document is being read, or may still be."""
        return self.phase in _UNTIL_DETAILS or self.phase in NEEDS_READER


_FACE_CHECK = (Phase.PREPARING_FACE_CHECK, Phase.POSITIONING, Phase.CHECKING_LIVENESS, Phase.COMPARING)
_UNTIL_DETAILS = (
    Phase.CHOOSING_LANGUAGE,
    Phase.ASKING_CONSENT,
    Phase.CHOOSING_ACCOUNT_CLASS,
    Phase.READING_DOCUMENT,
    Phase.CONFIRMING_DETAILS,
)


@dataclass(frozen=True, slots=True)
class DetailsConfirmedForTeller(Event):
    """Details confirmed where the face is declined or the document already needs the teller."""

    address: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class LastAttemptFailed(Event):
    """The attempt was the last that the visit had."""

    suspicions: frozenset[Finding]


@dataclass(frozen=True, slots=True)
class GuardianConfirmed(TellerConfirmed):
    """A teller's yes to a child whose guardian consents."""


@dataclass(frozen=True, slots=True)
class DocumentNeedsTeller(Event):
    """A document that could be read but not accepted."""

    evidence: DocumentEvidence
    reason: ReferralReason


P, E = Phase, Effect
_ABANDON = (E.DISCARD_VISIT, E.END_VISIT)

_OWN_STEPS: dict[tuple[Phase, type[Event]], Step] = {
    (P.IDLE, Started): Step(P.CHOOSING_LANGUAGE),
    (P.IDLE, FaceDeclined): Step(P.CHOOSING_LANGUAGE),
    (P.CHOOSING_LANGUAGE, LanguageChosen): Step(P.ASKING_CONSENT),
    (P.CHOOSING_LANGUAGE, FaceDeclined): Step(P.CHOOSING_LANGUAGE),
    (P.ASKING_CONSENT, ConsentGiven): Step(P.CHOOSING_ACCOUNT_CLASS, (E.RECORD_CONSENT,)),
    (P.ASKING_CONSENT, ConsentRefused): Step(P.IDLE, _ABANDON),
    (P.ASKING_CONSENT, FaceDeclined): Step(P.ASKING_CONSENT),
    (P.CHOOSING_ACCOUNT_CLASS, AccountClassChosen): Step(P.READING_DOCUMENT, (E.START_READING_DOCUMENT,)),
    (P.CHOOSING_ACCOUNT_CLASS, FaceDeclined): Step(P.CHOOSING_ACCOUNT_CLASS),
    (P.READING_DOCUMENT, DocumentRead): Step(P.CONFIRMING_DETAILS, (E.STOP_READING_DOCUMENT,)),
    (P.READING_DOCUMENT, DocumentNeedsTeller): Step(P.CONFIRMING_DETAILS, (E.STOP_READING_DOCUMENT,)),
    (P.READING_DOCUMENT, Referred): Step(P.WAITING_FOR_TELLER, (E.STOP_READING_DOCUMENT, E.CALL_TELLER)),
    # Anew, so that reader is told that nobody wants the portrait any more.
    (P.READING_DOCUMENT, FaceDeclined): Step(P.READING_DOCUMENT, (E.STOP_READING_DOCUMENT, E.START_READING_DOCUMENT)),
    (P.CONFIRMING_DETAILS, DetailsConfirmed): Step(P.PREPARING_FACE_CHECK),
    (P.CONFIRMING_DETAILS, DetailsConfirmedForTeller): Step(P.WAITING_FOR_TELLER, (E.CALL_TELLER,)),
    (P.CONFIRMING_DETAILS, Referred): Step(P.CONFIRMING_DETAILS),
    (P.CONFIRMING_DETAILS, DocumentReadAgain): Step(P.READING_DOCUMENT, (E.START_READING_DOCUMENT,)),
    (P.CONFIRMING_DETAILS, FaceDeclined): Step(P.CONFIRMING_DETAILS),
    (P.PREPARING_FACE_CHECK, FaceCheckChosen): Step(P.POSITIONING, (E.START_FACE_CAPTURE,)),
    (P.PREPARING_FACE_CHECK, FaceDeclined): Step(P.WAITING_FOR_TELLER, (E.CALL_TELLER,)),
    (P.PREPARING_FACE_CHECK, Referred): Step(P.WAITING_FOR_TELLER, (E.CALL_TELLER,)),
    (P.POSITIONING, Positioned): Step(P.CHECKING_LIVENESS, (E.START_CHALLENGE,)),
    (P.POSITIONING, FaceDeclined): Step(P.WAITING_FOR_TELLER, (E.STOP_FACE_CAPTURE, E.CALL_TELLER)),
    (P.POSITIONING, Referred): Step(P.WAITING_FOR_TELLER, (E.STOP_FACE_CAPTURE, E.CALL_TELLER)),
    (P.CHECKING_LIVENESS, LivenessPassed): Step(P.COMPARING, (E.STOP_CHALLENGE, E.COMPARE)),
    (P.CHECKING_LIVENESS, AttemptFailed): Step(P.POSITIONING, (E.STOP_CHALLENGE,)),
    (P.CHECKING_LIVENESS, LastAttemptFailed): Step(
        P.WAITING_FOR_TELLER, (E.STOP_CHALLENGE, E.STOP_FACE_CAPTURE, E.CALL_TELLER)
    ),
    (P.CHECKING_LIVENESS, Referred): Step(P.WAITING_FOR_TELLER, (E.STOP_CHALLENGE, E.STOP_FACE_CAPTURE, E.CALL_TELLER)),
    (P.CHECKING_LIVENESS, FaceDeclined): Step(
        P.WAITING_FOR_TELLER, (E.STOP_CHALLENGE, E.STOP_FACE_CAPTURE, E.CALL_TELLER)
    ),
    (P.COMPARING, Accepted): Step(P.RECORDING_VERDICT, (E.STOP_FACE_CAPTURE, E.COMMIT_YES)),
    (P.COMPARING, Referred): Step(P.WAITING_FOR_TELLER, (E.STOP_FACE_CAPTURE, E.CALL_TELLER)),
    (P.COMPARING, AttemptFailed): Step(P.POSITIONING),
    (P.COMPARING, LastAttemptFailed): Step(P.WAITING_FOR_TELLER, (E.STOP_FACE_CAPTURE, E.CALL_TELLER)),
    (P.COMPARING, FaceDeclined): Step(P.WAITING_FOR_TELLER, (E.STOP_FACE_CAPTURE, E.CALL_TELLER)),
    (P.WAITING_FOR_TELLER, TellerConfirmed): Step(P.RECORDING_VERDICT, (E.COMMIT_YES,)),
    (P.WAITING_FOR_TELLER, GuardianConfirmed): Step(P.RECORDING_VERDICT, (E.RECORD_GUARDIAN_CONSENT, E.COMMIT_YES)),
    (P.WAITING_FOR_TELLER, TellerRefused): Step(P.RECORDING_VERDICT, (E.COMMIT_NO,)),
    (P.WAITING_FOR_TELLER, FaceDeclined): Step(P.WAITING_FOR_TELLER),
    (P.RECORDING_VERDICT, VerdictCommitted): Step(P.SHOWING_VERDICT),
    (P.RECORDING_VERDICT, VerdictNotCommitted): Step(P.IDLE, _ABANDON),
    (P.SHOWING_VERDICT, VerdictAcknowledged): Step(P.IDLE, (E.END_VISIT,)),
    (P.SHOWING_VERDICT, ConsentWithdrawn): Step(P.OWN_ERASING, (E.ERASE_VISIT_RECORD,)),
    (P.SHOWING_VERDICT, Cancelled): Step(P.IDLE, (E.END_VISIT,)),
    (P.SHOWING_VERDICT, TimedOut): Step(P.IDLE, (E.END_VISIT,)),
    (P.SHOWING_VERDICT, TellerClosedVisit): Step(P.IDLE, (E.END_VISIT,)),
}

# A visit may be left from everywhere, except while a verdict is being written: that takes milliseconds and must
# not be half done.
_STAY = (P.IDLE, P.RECORDING_VERDICT, P.SHOWING_VERDICT, *OWN_RECORD_PHASES)
_LEAVE_FROM = tuple(phase for phase in Phase if phase not in _STAY)
_LEAVE_STEPS: dict[tuple[Phase, type[Event]], Step] = {
    (phase, event): Step(P.IDLE, _ABANDON)
    for phase in _LEAVE_FROM
    for event in (Cancelled, TimedOut, CameraLost, TellerClosedVisit)
    if not (event is CameraLost and phase is P.WAITING_FOR_TELLER)  # no camera is needed any more
}
_WITHDRAW_STEPS: dict[tuple[Phase, type[Event]], Step] = {
    (phase, ConsentWithdrawn): Step(P.IDLE, _ABANDON)
    for phase in _LEAVE_FROM
    if phase not in (P.CHOOSING_LANGUAGE, P.ASKING_CONSENT)  # nothing was given yet
}

TRANSITIONS: Mapping[tuple[Phase, type[Event]], Step] = MappingProxyType(
    _OWN_STEPS | _LEAVE_STEPS | _WITHDRAW_STEPS | dict(OWN_RECORD_STEPS)
)


def advance(session: Session, event: Event) -> tuple[Session, tuple[Effect, ...]]:
    """Return the session after the event and the effects to carry out; unknown pairs change nothing."""
    refined = _refine(session, event)
    step = TRANSITIONS.get((session.phase, type(refined)))
    if step is None:
        return session, ()
    if step.phase is Phase.IDLE:
        return Session(end_note=_end_note(session.phase, refined)), step.effects
    return replace(_remember(session, refined), phase=step.phase), step.effects


def _refine(session: Session, event: Event) -> Event:
    """Turn an event into the one the table knows, given what the session remembers; in doubt, the teller."""
    if session.phase in OWN_RECORD_PHASES:
        return refine_own_record(event, session.own_outcome)
    match event:
        case ConsentGiven() if Purpose.APPLICATION not in event.consent.purposes:
            return ConsentRefused()
        case DocumentRead() | DocumentNotAcceptable():
            return _refine_document(event)
        case DetailsConfirmed() if not event.address.strip():
            return Event()
        case DetailsConfirmed() if session.referral is not None or not session.may_check_face:
            return DetailsConfirmedForTeller(event.address, event.phone)
        case Accepted() if not session.may_be_accepted:
            return Referred(ReferralReason.COMPARISON_FAILED)
        case Accepted() if session.account_class is AccountClass.CLASS_I:
            return Referred(ReferralReason.CLASS_I_FACE_TO_FACE)
        case Accepted() if session.variant is not ChallengeVariant.FULL:
            return Referred(ReferralReason.GENTLE_VARIANT)
        case AttemptFailed() if session.attempts + 1 >= MAX_ATTEMPTS:
            return LastAttemptFailed(event.suspicions)
        case TellerConfirmed() | TellerRefused() if not (session.can_be_answered and event.teller_id.strip()):
            return Event()
        case TellerConfirmed() if not event.checks >= session.checks_asked:
            return Event()
        case TellerConfirmed() if session.needs_guardian:
            return GuardianConfirmed(event.teller_id, session.checks_asked)
        case TellerConfirmed():
            return TellerConfirmed(event.teller_id, session.checks_asked)
        case ConsentWithdrawn() if session.phase is Phase.SHOWING_VERDICT and session.answer is not True:
            return Event()
        case _:
            return event


_REFERRAL_FOR_REMARK = (
    (DocumentRemark.NOT_AN_IDENTITY_DOCUMENT, ReferralReason.NOT_AN_IDENTITY_DOCUMENT),
    (DocumentRemark.EXPIRED, ReferralReason.DOCUMENT_EXPIRED),
    # Whatever stands first, the guardian is asked for: the teller's third check does not hang on the reason.
    (DocumentRemark.NEEDS_GUARDIAN, ReferralReason.GUARDIAN_NEEDED),
    (DocumentRemark.UNDER_AGE, ReferralReason.DOCUMENT_UNDER_AGE),
    (DocumentRemark.NO_PORTRAIT, ReferralReason.REFERENCE_UNUSABLE),
)


def referral_for(evidence: DocumentEvidence) -> ReferralReason:
    """Name the weightiest reason why a document that is not acceptable needs the teller."""
    found = (reason for remark, reason in _REFERRAL_FOR_REMARK if remark in evidence.remarks)
    return next(found, ReferralReason.DOCUMENT_UNREADABLE)


def _refine_document(event: DocumentRead | DocumentNotAcceptable) -> Event:
    """Use what was read only where its check digits hold; a document that is merely not acceptable goes on."""
    evidence = event.evidence
    match event:
        case DocumentNotAcceptable():
            reason = event.reason
        case DocumentRead():
            if event.evidence.acceptable:
                return event
            reason = referral_for(event.evidence)
    if evidence is None or not evidence.check_digits_valid:
        return Referred(reason)
    return DocumentNeedsTeller(evidence, reason)


def _remember(session: Session, event: Event) -> Session:
    """Keep what the event carries and later phases need."""
    match event:
        case LanguageChosen():
            return replace(session, language=event.language)
        case Started():
            attempts = min(max(event.failed_attempts, 0), MAX_ATTEMPTS)
            return replace(session, end_note=EndNote.NONE, attempts=attempts)
        case ConsentGiven():
            return replace(session, consent=event.consent)
        case AccountClassChosen():
            return replace(session, account_class=event.account_class)
        case DocumentRead():
            return replace(session, evidence=event.evidence, referral=None)
        case DocumentNeedsTeller():
            return replace(session, evidence=event.evidence, referral=event.reason)
        case DocumentReadAgain():
            return replace(session, evidence=None, referral=None)
        case DetailsConfirmed():
            return replace(session, address=event.address.strip(), phone=event.phone)
        case DetailsConfirmedForTeller():
            without_face = ReferralReason.ATTEMPTS_USED_UP if session.face_allowed else ReferralReason.FACE_DECLINED
            reason = session.referral or without_face
            return replace(session, address=event.address.strip(), phone=event.phone, referral=reason)
        case FaceDeclined():
            declined = replace(session, face_declined=True, live=False, end_note=EndNote.NONE)
            past_details = session.phase in _FACE_CHECK
            return replace(declined, referral=ReferralReason.FACE_DECLINED) if past_details else declined
        case FaceCheckChosen():
            return replace(session, variant=event.variant)
        case LivenessPassed():
            return replace(session, live=True)
        case AttemptFailed() | LastAttemptFailed():
            suspicions = session.suspicions | event.suspicions
            failed = replace(session, live=False, attempts=session.attempts + 1, suspicions=suspicions)
            last = isinstance(event, LastAttemptFailed)
            return replace(failed, referral=ReferralReason.ATTEMPTS_USED_UP) if last else failed
        case Referred():
            unmeasured = session.unmeasured | event.unmeasured
            return replace(session, referral=session.referral or event.reason, unmeasured=unmeasured)
        case OwnRecordAsked():
            return replace(session, end_note=EndNote.NONE)
        case OwnCodeEntered():
            return replace(session, own_code=normalised(event.code), own_outcome=OwnRecordOutcome.NONE)
        case OwnRecordFound():
            return replace(session, own_code="", evidence=None)
        case OwnRecordMissing():
            tries = session.own_tries + 1
            outcome = outcome_after(tries, event)
            return replace(session, own_code="", evidence=None, own_tries=tries, own_outcome=outcome)
        case OwnRecordNotErased():
            return replace(session, own_outcome=OwnRecordOutcome.OUT_OF_REACH)
        case Accepted():
            return replace(session, answer=True)
        case TellerConfirmed():
            return replace(session, teller_act=event, answer=True)
        case TellerRefused():
            return replace(session, teller_act=event, answer=False)
        case _:
            return session


def _own_record_end_note(phase: Phase, event: Event) -> EndNote:
    """Nothing to say where the customer was done, has had the receipt, or was told already what happened."""
    if isinstance(event, OwnRecordLeft) or phase in (Phase.OWN_ERASED, Phase.OWN_MISSING):
        return EndNote.NONE
    return EndNote.OWN_RECORD_FAILED if isinstance(event, CameraLost) else EndNote.OWN_RECORD_LEFT


def _end_note(phase: Phase, event: Event) -> EndNote:
    match event:
        case _ if phase in OWN_RECORD_PHASES:
            return _own_record_end_note(phase, event)
        case Cancelled():
            return EndNote.CANCELLED
        case ConsentWithdrawn():
            return EndNote.WITHDRAWN
        case TimedOut():
            return EndNote.TIMED_OUT
        case ConsentRefused():
            return EndNote.CONSENT_REFUSED
        case TellerClosedVisit():
            return EndNote.CLOSED_BY_TELLER
        case CameraLost() | VerdictNotCommitted():
            return EndNote.TECHNICAL
        case _:
            return EndNote.NONE
