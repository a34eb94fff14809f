"""What can happen during a visit. Events carry what the session must remember, never a pixel or a score."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from kiosk.document.evidence import DocumentEvidence, DocumentKind
from kiosk.privacy.consent import Consent
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant, Finding


class Language(StrEnum):
    """Languages of the screens."""

    ENGLISH = "en"
    CHINESE = "zh"


class AccountClass(StrEnum):
    """China's account classes; a Class I account needs staff face to face."""

    CLASS_I = "I"
    CLASS_II = "II"
    CLASS_III = "III"


@dataclass(frozen=True, slots=True)
class ApplicationRecord:
    """All that a visit may leave behind, on the terminal only (design §1)."""

    primary_name: str
    secondary_name: str
    birth_date: date
    nationality: str
    document_kind: DocumentKind
    document_number: str
    address: str
    phone: str | None
    account_class: AccountClass


@dataclass(frozen=True, slots=True)
class Event:
    """Root of all events."""


# --- the customer ---


@dataclass(frozen=True, slots=True)
class Started(Event):
    """The customer touched the welcome screen."""

    failed_attempts: int = 0
    """Of a visit that broke off a moment ago and may have been the same person's; the controller knows."""


@dataclass(frozen=True, slots=True)
class LanguageChosen(Event):
    language: Language


@dataclass(frozen=True, slots=True)
class ConsentGiven(Event):
    """The pressed button; `consent.purposes` may leave out the face check."""

    consent: Consent


@dataclass(frozen=True, slots=True)
class ConsentRefused(Event):
    """No consent to the application itself: the visit ends and nothing is kept."""


@dataclass(frozen=True, slots=True)
class AccountClassChosen(Event):
    account_class: AccountClass


@dataclass(frozen=True, slots=True)
class DetailsConfirmed(Event):
    """The customer checked what was read and completed it."""

    address: str
    phone: str | None


@dataclass(frozen=True, slots=True)
class DocumentReadAgain(Event):
    """The customer says that what was read is wrong."""


@dataclass(frozen=True, slots=True)
class FaceCheckChosen(Event):
    """The customer has read what the face check is like and says which one suits them."""

    variant: ChallengeVariant


@dataclass(frozen=True, slots=True)
class FaceDeclined(Event):
    """ "I'd rather not show my face", from any customer screen."""


@dataclass(frozen=True, slots=True)
class Cancelled(Event):
    """The customer pressed cancel."""


@dataclass(frozen=True, slots=True)
class VerdictAcknowledged(Event):
    """The customer has read the verdict and taken the slip."""


@dataclass(frozen=True, slots=True)
class TimedOut(Event):
    """Nobody answered, the 20-second warning included."""


# --- devices and children ---


@dataclass(frozen=True, slots=True)
class DocumentRead(Event):
    """An acceptable document."""

    evidence: DocumentEvidence


@dataclass(frozen=True, slots=True)
class DocumentNotAcceptable(Event):
    """Expired, under age or unreadable too often: the teller looks at it."""

    reason: ReferralReason
    evidence: DocumentEvidence | None


@dataclass(frozen=True, slots=True)
class Positioned(Event):
    """The face has been fit and steady long enough."""


@dataclass(frozen=True, slots=True)
class LivenessPassed(Event):
    """The challenge was answered by one continuously tracked face."""


@dataclass(frozen=True, slots=True)
class AttemptFailed(Event):
    """The attempt is used up: no or a wrong answer, the face left, was joined or exchanged; or a layer objected."""

    suspicions: frozenset[Finding] = frozenset()
    """What was noticed; for the teller."""


@dataclass(frozen=True, slots=True)
class Accepted(Event):
    """The policy lets the machine say yes."""


@dataclass(frozen=True, slots=True)
class Referred(Event):
    """The teller decides."""

    reason: ReferralReason
    unmeasured: frozenset[Finding] = frozenset()
    """Why layers that the policy asks for have measured nothing."""


@dataclass(frozen=True, slots=True)
class CameraLost(Event):
    """A camera or a vision child was lost in the middle of a visit."""


@dataclass(frozen=True, slots=True)
class VerdictCommitted(Event):
    """The verdict is durable in the outbox."""


@dataclass(frozen=True, slots=True)
class VerdictNotCommitted(Event):
    """The store refused: nothing was said, nothing will be."""


# --- the teller ---


class RefusalReason(StrEnum):
    """Why a teller said no; kept in the audit, never sent."""

    NOT_THE_PERSON = "not_the_person"
    DOCUMENT_NOT_GENUINE = "document_not_genuine"
    DOCUMENT_NOT_VALID = "document_not_valid"
    CUSTOMER_UNDER_PRESSURE = "customer_under_pressure"
    NOT_ELIGIBLE = "not_eligible"


class TellerCheck(StrEnum):
    """What a teller has looked at before a yes; kept in the audit."""

    FACE = "face"
    """For mask material, a screen, a print."""
    PERSON = "person"
    """Against the document."""


@dataclass(frozen=True, slots=True)
class TellerConfirmed(Event):
    """Counts only with every check made."""

    teller_id: str
    checks: frozenset[TellerCheck]


@dataclass(frozen=True, slots=True)
class TellerRefused(Event):
    teller_id: str
    reason: RefusalReason


@dataclass(frozen=True, slots=True)
class TellerClosedVisit(Event):
    """The teller ends a visit without an answer; nothing is sent."""

    teller_id: str
