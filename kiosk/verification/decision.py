"""Combines document, liveness and comparison by a written policy. Nothing checked is never a yes.

Deliberately has no way to say no: what the machine does not accept, a teller decides.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import assert_never

from kiosk.verification.comparison import ComparisonBand, ComparisonScore, ComparisonThreshold, band_of
from kiosk.verification.exposure import BOUND_BY_CONTROLS
from kiosk.verification.layers import ChallengeVariant, LayerVerdict, PadLayer
from kiosk.verification.liveness import PadDecision, PadOutcome

SAME_FACE_AGREEMENT = 0.93
"""Cosine of a frame of the probe and one of the window; below it, another face was there (`docs/thresholds.md`)."""
MAX_WITNESS_GAP_S = 1.5
"""How long a part of the window may go without a crop that shows whose face it was."""


ALWAYS_ASKED = frozenset(PadLayer) - {PadLayer.CLASSIFIER}
"""The layers that every policy asks for; the classifier is one more where one is installed."""


class ReferralReason(StrEnum):
    """Why the teller decides; the teller sees it, the customer does not."""

    CLASS_I_FACE_TO_FACE = "class_i_face_to_face"
    FACE_DECLINED = "face_declined"
    NON_MATCH = "non_match"
    ATTEMPTS_USED_UP = "attempts_used_up"
    THRESHOLD_NOT_VALIDATED = "threshold_not_validated"
    REFERENCE_UNUSABLE = "reference_unusable"
    COMPARISON_FAILED = "comparison_failed"
    COMPARISON_UNCERTAIN = "comparison_uncertain"
    """Between the threshold that accepts and the one that refuses."""
    LIVENESS_INCOMPLETE = "liveness_incomplete"
    """Nothing speaks against a living face, but a layer that the policy asks for has measured nothing."""
    GENTLE_VARIANT = "gentle_variant"
    """The customer chose a challenge that leaves a layer out."""
    DOCUMENT_EXPIRED = "document_expired"
    DOCUMENT_UNDER_AGE = "document_under_age"
    GUARDIAN_NEEDED = "guardian_needed"
    """The customer is too young to consent alone: no face check, and a guardian consents before the teller."""
    DOCUMENT_UNREADABLE = "document_unreadable"
    NOT_AN_IDENTITY_DOCUMENT = "not_an_identity_document"


@dataclass(frozen=True, slots=True)
class DecisionPolicy:
    """The bank's policy. `require_validated_threshold` is off in the demo only, which says so on screen."""

    false_match_rate: float = 1e-4
    require_validated_threshold: bool = True
    min_probe_frames: int = 3
    layers: frozenset[PadLayer] = ALWAYS_ASKED
    """Each must have passed."""
    classifier_threshold: float | None = None
    """Of the learned classifier, which must have passed too where one is installed; None where none is."""
    require_camera_controls: bool = False
    """The frames must have followed the steps of the camera's exposure."""

    @property
    def asked_layers(self) -> frozenset[PadLayer]:
        """`layers`, and the classifier where there is one."""
        return self.layers if self.classifier_threshold is None else self.layers | {PadLayer.CLASSIFIER}


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
    refuse_below: float | None = None
    """Of the template model: below it the score speaks for different people."""


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
    match band_of(comparison.score, comparison.threshold, comparison.refuse_below):
        case ComparisonBand.ACCEPT:
            return Decision(_incomplete(liveness, policy))
        case ComparisonBand.UNCERTAIN:
            return Decision(ReferralReason.COMPARISON_UNCERTAIN)
        case ComparisonBand.REFUSE:
            return Decision(ReferralReason.NON_MATCH)
        case band:
            assert_never(band)


def _incomplete(liveness: PadDecision, policy: DecisionPolicy) -> ReferralReason | None:
    """Why the evidence for a living face is less than the policy asks for, or None."""
    passed = {layer for layer in PadLayer if liveness.verdict_of(layer) is LayerVerdict.PASSED}
    missing = policy.asked_layers - passed
    if not policy.layers or missing - liveness.variant.left_out:
        return ReferralReason.LIVENESS_INCOMPLETE
    if policy.require_camera_controls and not _is_bound_by_controls(liveness):
        return ReferralReason.LIVENESS_INCOMPLETE
    return None if liveness.variant is ChallengeVariant.FULL else ReferralReason.GENTLE_VARIANT


def _is_bound_by_controls(liveness: PadDecision) -> bool:
    """The stream passed, and followed the steps of the camera's exposure."""
    streams = [said for said in liveness.layers if said.layer is PadLayer.STREAM]
    return bool(streams) and all(
        said.verdict is LayerVerdict.PASSED and said.measures.get(BOUND_BY_CONTROLS) == 1.0 for said in streams
    )


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
