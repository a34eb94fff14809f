"""What can happen during a visit. Events carry what the session must remember, never a pixel or a score."""

from dataclasses import dataclass, field
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
class ConsentWithdrawn(Event):
    """The customer takes back what they agreed to: everything of the visit is erased, the record included."""


@dataclass(frozen=True, slots=True)
class VerdictAcknowledged(Event):
    """The customer has read the verdict and taken the slip."""


@dataclass(frozen=True, slots=True)
class TimedOut(Event):
    """Nobody answered, the 20-second warning included."""


# --- a customer who asks for their own record ---


class OwnRecordOutcome(StrEnum):
    """Why no record is shown, as far as a customer is told."""

    NONE = "none"
    NOT_FOUND = "not_found"
    """Whatever did not fit: the code, the document, or both; or the record is gone already."""
    TOO_MANY_TRIES = "too_many_tries"
    OUT_OF_REACH = "out_of_reach"
    """The terminal cannot read or erase records at the moment."""


@dataclass(frozen=True, slots=True)
class OwnRecordAsked(Event):
    """The customer touched "Your data here" on the welcome screen."""


@dataclass(frozen=True, slots=True)
class OwnCodeEntered(Event):
    """The code of the slip, as it was typed."""

    code: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class OwnCodeAgain(Event):
    """Another try."""


@dataclass(frozen=True, slots=True)
class OwnRecordFound(Event):
    """Code and document fit one record."""


@dataclass(frozen=True, slots=True)
class OwnRecordMissing(Event):
    """No record can be shown."""

    outcome: OwnRecordOutcome


@dataclass(frozen=True, slots=True)
class OwnCopyAsked(Event):
    """The customer wants to take a copy along."""


@dataclass(frozen=True, slots=True)
class OwnErasureAsked(Event):
    """The customer wants the record gone, and is asked once more."""


@dataclass(frozen=True, slots=True)
class OwnErasureConfirmed(Event):
    """The customer was asked and says yes."""


@dataclass(frozen=True, slots=True)
class OwnRecordBack(Event):
    """Back to the record."""


@dataclass(frozen=True, slots=True)
class OwnRecordLeft(Event):
    """The customer is done."""


@dataclass(frozen=True, slots=True)
class OwnRecordErased(Event):
    """The record is gone for good."""


@dataclass(frozen=True, slots=True)
class OwnRecordNotErased(Event):
    """The store refused; the order may stand and be carried out later."""


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
    GUARDIAN = "guardian"
    """Is present, has read the notice, and consents; asked where the customer is too young to."""


ALWAYS_CHECKED = frozenset({TellerCheck.FACE, TellerCheck.PERSON})
"""Before every yes, whoever the customer is."""


@dataclass(frozen=True, slots=True)
class TellerConfirmed(Event):
    """Counts only with every check made that the visit asks for."""

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
