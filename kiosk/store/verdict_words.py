"""What the audit says of an answer: who gave it, after what, and by which face check. Closed sets; nothing personal.

Entries of the first version say nothing of a face check; they stay what they are.
"""

from itertools import product

from kiosk.session.events import ALWAYS_CHECKED, RefusalReason, TellerCheck
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant

_ACCEPTED = "accepted by the policy"


def accepted(variant: ChallengeVariant | None) -> str:
    """The machine's yes."""
    return f"{_ACCEPTED}, {_face_check(variant)}"


def confirmed(referral: ReferralReason | None, variant: ChallengeVariant | None, checks: frozenset[TellerCheck]) -> str:
    """A teller's yes, with what the teller has looked at."""
    looked_at = " and ".join(check for check in TellerCheck if check in checks)
    return f"confirmed after {referral}, {_face_check(variant)}, looked at {looked_at or 'nothing'}"


def refused(reason: RefusalReason, variant: ChallengeVariant | None) -> str:
    """A teller's no."""
    return f"refused: {reason}, {_face_check(variant)}"


def _face_check(variant: ChallengeVariant | None) -> str:
    return "no face check" if variant is None else f"face check {variant}"


_VARIANTS = (*ChallengeVariant, None)
_REFERRALS = (*ReferralReason, None)
_OF_THE_FIRST_VERSION = (_ACCEPTED, *(f"confirmed after {reason}" for reason in _REFERRALS))
YES_PHRASES = frozenset(
    (
        *_OF_THE_FIRST_VERSION,
        *(accepted(variant) for variant in _VARIANTS),
        *(confirmed(*of, ALWAYS_CHECKED) for of in product(_REFERRALS, _VARIANTS)),
        *(confirmed(*of, frozenset(TellerCheck)) for of in product(_REFERRALS, _VARIANTS)),
    )
)
PHRASES = YES_PHRASES | {
    *(f"refused: {reason}" for reason in RefusalReason),
    *(refused(*of) for of in product(RefusalReason, _VARIANTS)),
}
