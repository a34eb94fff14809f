"""Combines document, liveness and comparison by a written policy. Nothing checked is never a yes.

Deliberately has no way to say no: what the machine does not accept, a teller decides.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from kiosk.verification.comparison import ComparisonDecision, ComparisonScore, ComparisonThreshold, decide_match
from kiosk.verification.liveness import PadDecision, PadOutcome

SAME_FACE_AGREEMENT = 0.93
"""Cosine of a frame of the probe and one of the window; below it, another face was there (`docs/thresholds.md`)."""
MAX_WITNESS_GAP_S = 1.5
"""How long a part of the window may go without a crop that shows whose face it was."""


class ReferralReason(StrEnum):
    """Why the teller decides; the teller sees it, the customer does not."""

    CLASS_I_FACE_TO_FACE = "class_i_face_to_face"
    FACE_DECLINED = "face_declined"
    NON_MATCH = "non_match"
    ATTEMPTS_USED_UP = "attempts_used_up"
    THRESHOLD_NOT_VALIDATED = "threshold_not_validated"
    REFERENCE_UNUSABLE = "reference_unusable"
    COMPARISON_FAILED = "comparison_failed"
    DOCUMENT_EXPIRED = "document_expired"
    DOCUMENT_UNDER_AGE = "document_under_age"
    DOCUMENT_UNREADABLE = "document_unreadable"
    NOT_AN_IDENTITY_DOCUMENT = "not_an_identity_document"


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """The bank's policy. `require_validated_threshold` is off in the demo only, which says so on screen."""

    false_match_rate: float = 1e-4
    require_validated_threshold: bool = True
    min_probe_frames: int = 3


@dataclass(frozen=True, slots=True)
class ComparisonEvidence:
    """What eyes reports: a score over frames of one track within one window, and whether they speak for all of it."""

    score: ComparisonScore
    threshold: ComparisonThreshold
    track_id: int
    frame_times_s: tuple[float, ...]
    agreement: float
    """Lowest cosine of any frame of the probe and any witness, −1…1."""
    witness_times_s: tuple[float, ...]
    """When the witnesses were taken, the oldest first."""


@dataclass(frozen=True, slots=True)
class Decision:
    """Accept, or refer to the teller with a reason. There is no machine-made no."""

    referral: ReferralReason | None

    @property
    def accepted(self) -> bool:
        return self.referral is None


def decide(
    document_acceptable: bool,
    liveness: PadDecision | None,
    comparison: ComparisonEvidence | None,
    policy: DecisionPolicy,
) -> Decision:
    """Accept only when every part is present, positive, and from the same face and window."""
    if not document_acceptable:
        return Decision(ReferralReason.DOCUMENT_UNREADABLE)
    if liveness is None or comparison is None:
        return Decision(ReferralReason.COMPARISON_FAILED)
    if liveness.outcome is not PadOutcome.BONA_FIDE or not liveness.answers:
        return Decision(ReferralReason.ATTEMPTS_USED_UP)
    if not _same_face_and_window(liveness, comparison, policy) or not _sound(comparison):
        return Decision(ReferralReason.COMPARISON_FAILED)
    if not is_one_face(liveness, comparison):
        return Decision(ReferralReason.COMPARISON_FAILED)
    if not _meets_policy(comparison.threshold, policy):
        return Decision(ReferralReason.THRESHOLD_NOT_VALIDATED)
    if decide_match(comparison.score, comparison.threshold) is not ComparisonDecision.MATCH:
        return Decision(ReferralReason.NON_MATCH)
    return Decision(None)


def is_one_face(liveness: PadDecision, comparison: ComparisonEvidence) -> bool:
    """The face of the probe is the one that answered: witnesses from all of the window agree with every frame of it."""
    times_s = (liveness.window_from_s, *comparison.witness_times_s, liveness.window_until_s)
    covered = all(0 <= later_s - earlier_s <= MAX_WITNESS_GAP_S for earlier_s, later_s in pairwise(times_s))
    agreed = SAME_FACE_AGREEMENT <= comparison.agreement <= 1 + 1e-6
    return bool(comparison.witness_times_s) and covered and agreed


def _same_face_and_window(liveness: PadDecision, comparison: ComparisonEvidence, policy: DecisionPolicy) -> bool:
    """Enough distinct frames, all of the tracked face that answered, all taken while it was answering."""
    times_s = comparison.frame_times_s
    return (
        comparison.track_id == liveness.track_id
        and len(set(times_s)) >= max(1, policy.min_probe_frames)
        and math.isfinite(liveness.window_from_s)
        and math.isfinite(liveness.window_until_s)
        and all(liveness.window_from_s <= time_s <= liveness.window_until_s for time_s in times_s)
    )


def _sound(comparison: ComparisonEvidence) -> bool:
    """Score and threshold are numbers that a cosine can be."""
    return all(abs(value) <= 1 + 1e-6 for value in (comparison.score.value, comparison.threshold.score))


def _meets_policy(threshold: ComparisonThreshold, policy: DecisionPolicy) -> bool:
    """The threshold was set for the policy's false match rate or a stricter one, and validated where required."""
    strict_enough = 0 < threshold.false_match_rate <= policy.false_match_rate * (1 + 1e-9) < 1
    return strict_enough and (threshold.validated or not policy.require_validated_threshold)
