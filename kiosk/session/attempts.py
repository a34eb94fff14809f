"""What an event says of the attempt that was under way: failed, succeeded, neither. Pure; counts nothing.

Who leaves in the middle of an attempt has failed it, or nobody would ever fail. What ends by a fault of ours has not,
and neither has what came to nothing either way: no match, too little measured.
"""

from enum import Enum, auto

from kiosk.session.events import (
    Accepted,
    AttemptFailed,
    Cancelled,
    Event,
    FaceDeclined,
    Referred,
    TimedOut,
)
from kiosk.session.machine import Phase, Session
from kiosk.verification.decision import ReferralReason


class AttemptEnd(Enum):
    """How an attempt ended."""

    FAILED = auto()
    SUCCEEDED = auto()
    """A living face, and the one in the document; the teller may still be asked."""


def attempt_end(before: Session, event: Event) -> AttemptEnd | None:
    """What an event says of the attempt under way in a session; None where it says nothing."""
    if before.phase not in (Phase.CHECKING_LIVENESS, Phase.COMPARING):
        return None
    match event:
        case AttemptFailed() | Cancelled() | TimedOut() | FaceDeclined():
            return AttemptEnd.FAILED
        case Accepted() if before.may_be_accepted:
            return AttemptEnd.SUCCEEDED
        case Referred(reason=ReferralReason.GENTLE_VARIANT):
            return AttemptEnd.SUCCEEDED
        case _:
            return None
