"""What must have come of a demo visit, so that a wrong yes or a false referral is never called "as planned"."""

from dataclasses import dataclass
from enum import StrEnum

from kiosk.verification.decision import ReferralReason


class Subject(StrEnum):
    """Who stands before the camera, as far as the demo can know."""

    GENUINE = "genuine"
    """The simulated subject with the specimen that bears its own portrait."""
    IMPOSTOR = "impostor"
    ATTACK = "attack presentation"
    """Something in the name of the document's holder that is not them, and alive, and alone (`--subject print` …)."""
    RECORDING = "recording"
    UNKNOWN = "unknown"
    """The simulated subject with a document that somebody brought."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What desk and the bank's receiver reported."""

    finished: bool
    """The walk came to the end that its plan foresaw."""
    verdict: bool | None
    """True yes, False no, None when no verdict was shown."""
    referral: ReferralReason | None
    committed: int
    received: int
    suspicions: tuple[str, ...] = ()
    """What the layers of attack detection found, as the teller was told."""

    @property
    def machine_accepted(self) -> bool:
        """Live and matching to the machine; a Class I account is referred to the teller all the same."""
        live_and_matching = (ReferralReason.CLASS_I_FACE_TO_FACE, ReferralReason.GENTLE_VARIANT)
        return self.referral in live_and_matching or (self.verdict is True and self.referral is None)


def departures(subject: Subject, outcome: Outcome) -> tuple[str, ...]:
    """Say in what the visit departed from what it had to be; nothing when it went as planned."""
    said = []
    if not outcome.finished:
        said.append("the visit ended otherwise than its customer and teller meant it to")
    if outcome.committed != outcome.received:
        said.append(f"{outcome.committed} verdicts were committed and {outcome.received} received")
    if subject in (Subject.IMPOSTOR, Subject.RECORDING, Subject.ATTACK) and outcome.machine_accepted:
        said.append(f"the machine accepted the {subject}")
    if subject is Subject.ATTACK and outcome.verdict is True:
        said.append(f"the visit of an {subject} ended in a yes")
    if subject is Subject.ATTACK and outcome.verdict is not None and outcome.referral not in _EXPECTED_OF_ATTACKS:
        said.append(f"an {subject} was referred for another reason than its attack ({outcome.referral})")
    if subject is Subject.GENUINE and outcome.referral not in _EXPECTED_OF_GENUINE:
        said.append(f"a genuine customer was referred to the teller ({outcome.referral})")
    return tuple(said)


_EXPECTED_OF_GENUINE = (
    None,
    ReferralReason.CLASS_I_FACE_TO_FACE,
    ReferralReason.FACE_DECLINED,
    ReferralReason.GENTLE_VARIANT,
)
_EXPECTED_OF_ATTACKS = (
    ReferralReason.ATTEMPTS_USED_UP,
    ReferralReason.LIVENESS_INCOMPLETE,
    # Exchanged halfway, or beside somebody else: what was compared may be the other face.
    ReferralReason.NON_MATCH,
    ReferralReason.COMPARISON_UNCERTAIN,
    ReferralReason.COMPARISON_FAILED,
    ReferralReason.FACE_DECLINED,
)
