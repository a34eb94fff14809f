"""What the simulated customer and teller of the demo are to do, and how such a visit should end."""

from collections.abc import Set
from dataclasses import dataclass
from enum import StrEnum

from kiosk.session.events import AccountClass, ConsentWithdrawn, Language, RefusalReason
from kiosk.session.machine import TRANSITIONS, EndNote, Phase, Session
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant

_SPEAK_AGAINST = (
    ReferralReason.NON_MATCH,
    ReferralReason.ATTEMPTS_USED_UP,
    ReferralReason.DOCUMENT_EXPIRED,
    ReferralReason.DOCUMENT_UNDER_AGE,
    ReferralReason.NOT_AN_IDENTITY_DOCUMENT,
)


class ConsentChoice(StrEnum):
    ACCEPT = "accept"
    REFUSE = "refuse"
    APPLICATION_ONLY = "application_only"


class TellerChoice(StrEnum):
    AUTO = "auto"
    """Confirm, unless the machine found what a person would have to explain; see `WalkPlan.act_on`."""
    CONFIRM = "confirm"
    REFUSE = "refuse"
    CLOSE = "close"


@dataclass(frozen=True, slots=True)
class WalkPlan:
    """Everything has a sensible default but the teller's own sign-in."""

    teller_id: str
    pin: str
    language: Language = Language.ENGLISH
    account_class: AccountClass = AccountClass.CLASS_I
    consent: ConsentChoice = ConsentChoice.ACCEPT
    variant: ChallengeVariant = ChallengeVariant.FULL
    decline_face_at: Phase | None = None
    cancel_at: Phase | None = None
    walk_away_at: Phase | None = None
    teller: TellerChoice = TellerChoice.AUTO
    refusal: RefusalReason = RefusalReason.NOT_THE_PERSON
    open_account: bool = False
    """After a yes the teller also marks the account as opened, which erases the record."""
    own_data: bool = False
    """After a yes the customer comes back for their own record, takes a copy and has it erased."""
    address: str = "12 Harbour Street, Utopia City"
    phone: str | None = "+86 138 0000 0000"

    def act_on(self, session: Session) -> TellerChoice:
        """What this teller does with a visit that waits: without a document it can only be closed."""
        if not session.can_be_answered:
            return TellerChoice.CLOSE
        if self.teller is not TellerChoice.AUTO:
            return self.teller
        return TellerChoice.REFUSE if session.referral in _SPEAK_AGAINST else TellerChoice.CONFIRM

    def expected_end(self, met: Set[Phase], teller_act: TellerChoice | None) -> EndNote:
        """How a visit that met these phases ends when all goes to plan; NONE after a verdict."""
        if self.walk_away_at in met:
            return EndNote.TIMED_OUT
        if self.cancel_at is not None and self.cancel_at in met:
            agreed = (self.cancel_at, ConsentWithdrawn) in TRANSITIONS
            return EndNote.WITHDRAWN if agreed else EndNote.CANCELLED
        if self.consent is ConsentChoice.REFUSE:
            return EndNote.CONSENT_REFUSED
        if teller_act is TellerChoice.CLOSE:
            return EndNote.CLOSED_BY_TELLER
        return EndNote.NONE
