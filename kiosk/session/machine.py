"""One customer's visit as a table: where it stands, what may happen there, and what to do about it.

Pure: `advance()` only says what follows; `runtime.session_controller` carries it out. An event that the table does
not name for a phase is ignored: late and doubled events are normal.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType

from kiosk.document.evidence import DocumentEvidence, DocumentRemark
from kiosk.privacy.consent import Consent, Purpose
from kiosk.session.events import (
    Accepted,
    AccountClass,
    AccountClassChosen,
    AttemptFailed,
    CameraLost,
    Cancelled,
    ConsentGiven,
    ConsentRefused,
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
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant, Finding

MAX_ATTEMPTS = 3


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
    COMMIT_YES = "commit_yes"
    COMMIT_NO = "commit_no"
    DISCARD_VISIT = "discard_visit"
    """Erase every row of a visit that ended without a verdict."""
    END_VISIT = "end_visit"
    """End eyes and reader with all they held; forget the session; warm fresh ones."""


class EndNote(StrEnum):
    """What the welcome screen says for a while after a visit that ended early."""

    NONE = "none"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed_out"
    TECHNICAL = "technical"
    CONSENT_REFUSED = "consent_refused"
    CLOSED_BY_TELLER = "closed_by_teller"


@dataclass(frozen=True, slots=True)
class Step:
    """Where a transition leads and what it asks for."""

    phase: Phase
    effects: tuple[Effect, ...] = ()


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
        """Only an explicit consent to the face check, not declined since, lets the camera be read."""
        return self.consent is not None and self.consent.includes_face_check and not self.face_declined

    @property
    def may_check_face(self) -> bool:
        """There is an attempt left for it."""
        return self.face_allowed and self.attempts < MAX_ATTEMPTS

    @property
    def needs_eyes(self) -> bool:
        """A face check is under way or may still come, be it with another document."""
        refused = self.consent is not None and not self.consent.includes_face_check
        over = self.phase in (Phase.IDLE, Phase.WAITING_FOR_TELLER, Phase.RECORDING_VERDICT, Phase.SHOWING_VERDICT)
        return not (over or refused or self.face_declined)

    @property
    def needs_reader(self) -> bool:
        """A document is being read, or may still be."""
        return self.phase in _UNTIL_DETAILS


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
    (P.WAITING_FOR_TELLER, TellerRefused): Step(P.RECORDING_VERDICT, (E.COMMIT_NO,)),
    (P.WAITING_FOR_TELLER, FaceDeclined): Step(P.WAITING_FOR_TELLER),
    (P.RECORDING_VERDICT, VerdictCommitted): Step(P.SHOWING_VERDICT),
    (P.RECORDING_VERDICT, VerdictNotCommitted): Step(P.IDLE, _ABANDON),
    (P.SHOWING_VERDICT, VerdictAcknowledged): Step(P.IDLE, (E.END_VISIT,)),
    (P.SHOWING_VERDICT, Cancelled): Step(P.IDLE, (E.END_VISIT,)),
    (P.SHOWING_VERDICT, TimedOut): Step(P.IDLE, (E.END_VISIT,)),
    (P.SHOWING_VERDICT, TellerClosedVisit): Step(P.IDLE, (E.END_VISIT,)),
}

# A visit may be left from everywhere, except while a verdict is being written: that takes milliseconds and must
# not be half done.
_LEAVE_FROM = tuple(phase for phase in Phase if phase not in (P.IDLE, P.RECORDING_VERDICT, P.SHOWING_VERDICT))
_LEAVE_STEPS: dict[tuple[Phase, type[Event]], Step] = {
    (phase, event): Step(P.IDLE, _ABANDON)
    for phase in _LEAVE_FROM
    for event in (Cancelled, TimedOut, CameraLost, TellerClosedVisit)
    if not (event is CameraLost and phase is P.WAITING_FOR_TELLER)  # no camera is needed any more
}

TRANSITIONS: Mapping[tuple[Phase, type[Event]], Step] = MappingProxyType(_OWN_STEPS | _LEAVE_STEPS)


def advance(session: Session, event: Event) -> tuple[Session, tuple[Effect, ...]]:
    """Return the session after the event and the effects to carry out; unknown pairs change nothing."""
    refined = _refine(session, event)
    step = TRANSITIONS.get((session.phase, type(refined)))
    if step is None:
        return session, ()
    if step.phase is Phase.IDLE:
        return Session(end_note=_end_note(refined)), step.effects
    return replace(_remember(session, refined), phase=step.phase), step.effects


def _refine(session: Session, event: Event) -> Event:
    """Turn an event into the one the table knows, given what the session remembers; in doubt, the teller."""
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
        case TellerConfirmed() if event.checks != frozenset(TellerCheck):
            return Event()
        case _:
            return event


_REFERRAL_FOR_REMARK = (
    (DocumentRemark.UNDER_AGE, ReferralReason.DOCUMENT_UNDER_AGE),
    (DocumentRemark.EXPIRED, ReferralReason.DOCUMENT_EXPIRED),
    (DocumentRemark.NOT_AN_IDENTITY_DOCUMENT, ReferralReason.NOT_AN_IDENTITY_DOCUMENT),
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
        case Accepted():
            return replace(session, answer=True)
        case TellerConfirmed():
            return replace(session, teller_act=event, answer=True)
        case TellerRefused():
            return replace(session, teller_act=event, answer=False)
        case _:
            return session


def _end_note(event: Event) -> EndNote:
    match event:
        case Cancelled():
            return EndNote.CANCELLED
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
