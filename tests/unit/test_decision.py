"""The decision: a yes needs everything, and whatever is missing, odd or unlike goes to the teller."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.verification.comparison import ComparisonScore, ComparisonThreshold
from kiosk.verification.decision import (
    SAME_FACE_AGREEMENT,
    ComparisonEvidence,
    DecisionPolicy,
    ReferralReason,
    decide,
    is_one_face,
)
from kiosk.verification.gestures import Gesture
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict, PadLayer
from kiosk.verification.liveness import GestureAnswer, PadDecision, PadOutcome

POLICY = DecisionPolicy(false_match_rate=1e-4, require_validated_threshold=True, min_probe_frames=3)
LIVE = PadDecision(
    outcome=PadOutcome.BONA_FIDE,
    track_id=4,
    window_from_s=100.0,
    window_until_s=108.0,
    answers=(GestureAnswer(Gesture.TURN_LEFT, 101.0, 102.0),),
    layers=tuple(LayerEvidence(layer, LayerVerdict.PASSED, Finding.IN_ORDER) for layer in PadLayer),
)
THRESHOLD = ComparisonThreshold(score=0.9425, false_match_rate=1e-4, measured_on="specimen pairs", validated=True)
ALL_THROUGH = tuple(100.0 + 0.5 * number for number in range(17))
MATCHING = ComparisonEvidence(
    score=ComparisonScore(0.97, "model"),
    threshold=THRESHOLD,
    track_id=4,
    frame_times_s=(100.5, 103.0, 107.5),
    agreement=0.96,
    witness_times_s=ALL_THROUGH,
)


def test_everything_present_and_positive_is_accepted() -> None:
    decision = decide(True, LIVE, MATCHING, POLICY)
    assert decision.accepted
    assert decision.referral is None


def test_a_score_at_the_threshold_is_a_match() -> None:
    assert decide(True, LIVE, replace(MATCHING, score=ComparisonScore(0.9425, "model")), POLICY).accepted


def test_a_document_that_is_not_acceptable_is_referred_whatever_the_face() -> None:
    assert decide(False, LIVE, MATCHING, POLICY).referral is ReferralReason.DOCUMENT_UNREADABLE


def test_no_liveness_or_no_comparison_is_never_a_yes() -> None:
    for liveness, comparison in ((None, MATCHING), (LIVE, None), (None, None)):
        assert decide(True, liveness, comparison, POLICY).referral is ReferralReason.COMPARISON_FAILED


@pytest.mark.parametrize("outcome", [outcome for outcome in PadOutcome if outcome is not PadOutcome.BONA_FIDE])
def test_only_a_bona_fide_presentation_is_accepted(outcome: PadOutcome) -> None:
    assert decide(True, replace(LIVE, outcome=outcome), MATCHING, POLICY).referral is ReferralReason.ATTEMPTS_USED_UP


def test_a_challenge_nobody_answered_is_not_a_pass() -> None:
    assert not decide(True, replace(LIVE, answers=()), MATCHING, POLICY).accepted


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(replace(MATCHING, track_id=5), id="another face"),
        pytest.param(replace(MATCHING, frame_times_s=(100.5, 103.0)), id="too few frames"),
        pytest.param(replace(MATCHING, frame_times_s=(103.0, 103.0, 103.0)), id="one frame three times"),
        pytest.param(replace(MATCHING, frame_times_s=()), id="no frame"),
        pytest.param(replace(MATCHING, frame_times_s=(99.9, 103.0, 104.0)), id="a frame from before"),
        pytest.param(replace(MATCHING, frame_times_s=(103.0, 104.0, 108.1)), id="a frame from after"),
        pytest.param(replace(MATCHING, frame_times_s=(103.0, 104.0, math.nan)), id="a frame of no time"),
        pytest.param(replace(MATCHING, score=ComparisonScore(math.nan, "model")), id="no score"),
        pytest.param(replace(MATCHING, score=ComparisonScore(math.inf, "model")), id="an endless score"),
        pytest.param(replace(MATCHING, score=ComparisonScore(1.5, "model")), id="more than a cosine"),
        pytest.param(replace(MATCHING, threshold=replace(THRESHOLD, score=-math.inf)), id="a threshold all pass"),
        pytest.param(replace(MATCHING, threshold=replace(THRESHOLD, score=math.nan)), id="no threshold"),
    ],
)
def test_evidence_that_does_not_hold_together_is_referred(evidence: ComparisonEvidence) -> None:
    assert decide(True, LIVE, evidence, POLICY).referral is ReferralReason.COMPARISON_FAILED


def test_one_face_all_through_the_window_is_one_face() -> None:
    assert is_one_face(LIVE, MATCHING)
    assert is_one_face(LIVE, replace(MATCHING, agreement=SAME_FACE_AGREEMENT))


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(replace(MATCHING, agreement=SAME_FACE_AGREEMENT - 1e-6), id="another face"),
        pytest.param(replace(MATCHING, agreement=math.nan), id="no number"),
        pytest.param(replace(MATCHING, agreement=1.5), id="more than a cosine"),
        pytest.param(replace(MATCHING, witness_times_s=()), id="no witness"),
        pytest.param(replace(MATCHING, witness_times_s=ALL_THROUGH[4:]), id="none at the beginning"),
        pytest.param(replace(MATCHING, witness_times_s=ALL_THROUGH[:-4]), id="none at the end"),
        pytest.param(replace(MATCHING, witness_times_s=ALL_THROUGH[:5] + ALL_THROUGH[9:]), id="none in the middle"),
        pytest.param(replace(MATCHING, witness_times_s=ALL_THROUGH[::-1]), id="time that runs backwards"),
        pytest.param(replace(MATCHING, witness_times_s=(*ALL_THROUGH, 108.5)), id="one from after"),
        pytest.param(replace(MATCHING, witness_times_s=(99.5, *ALL_THROUGH)), id="one from before"),
        pytest.param(replace(MATCHING, witness_times_s=(*ALL_THROUGH[:8], math.nan, *ALL_THROUGH[8:])), id="no time"),
    ],
)
def test_whoever_answered_is_not_shown_to_be_the_one_compared(evidence: ComparisonEvidence) -> None:
    assert not is_one_face(LIVE, evidence)
    assert decide(True, LIVE, evidence, POLICY).referral is ReferralReason.COMPARISON_FAILED


@pytest.mark.parametrize("window", [(-math.inf, 108.0), (100.0, math.inf), (math.nan, 108.0), (108.0, 100.0)])
def test_a_window_without_bounds_is_no_window(window: tuple[float, float]) -> None:
    liveness = replace(LIVE, window_from_s=window[0], window_until_s=window[1])
    assert not decide(True, liveness, MATCHING, POLICY).accepted


@pytest.mark.parametrize("rate", [1e-3, 1.1e-4, 0.0, -1.0, math.nan, math.inf])
def test_a_threshold_set_for_a_laxer_or_no_rate_is_referred(rate: float) -> None:
    evidence = replace(MATCHING, threshold=replace(THRESHOLD, false_match_rate=rate))
    assert decide(True, LIVE, evidence, POLICY).referral is ReferralReason.THRESHOLD_NOT_VALIDATED


@pytest.mark.parametrize("rate", [1e-4, 1e-5])
def test_a_threshold_set_for_the_policys_rate_or_a_stricter_one_serves(rate: float) -> None:
    assert decide(True, LIVE, replace(MATCHING, threshold=replace(THRESHOLD, false_match_rate=rate)), POLICY).accepted


@pytest.mark.parametrize("score", [0.97, 0.2])
def test_a_threshold_nobody_validated_refers_every_comparison(score: float) -> None:
    unvalidated = replace(
        MATCHING, threshold=replace(THRESHOLD, validated=False), score=ComparisonScore(score, "model")
    )
    assert decide(True, LIVE, unvalidated, POLICY).referral is ReferralReason.THRESHOLD_NOT_VALIDATED
    in_demo = replace(POLICY, require_validated_threshold=False)
    assert decide(True, LIVE, unvalidated, in_demo).accepted is (score >= THRESHOLD.score)


@pytest.mark.parametrize("policy", [replace(POLICY, false_match_rate=rate) for rate in (0.0, 1.0, math.nan, math.inf)])
def test_a_policy_without_a_rate_accepts_nobody(policy: DecisionPolicy) -> None:
    assert not decide(True, LIVE, MATCHING, policy).accepted


@pytest.mark.parametrize("frames", [0, -3])
def test_a_policy_that_asks_for_no_frame_still_needs_one(frames: int) -> None:
    policy = replace(POLICY, min_probe_frames=frames)
    assert not decide(True, LIVE, replace(MATCHING, frame_times_s=()), policy).accepted
    assert decide(True, LIVE, replace(MATCHING, frame_times_s=(103.0,)), policy).accepted


@given(st.floats(max_value=0.9424999, allow_nan=False, min_value=-1))
def test_a_score_below_the_threshold_is_for_the_teller_and_not_a_no(score: float) -> None:
    decision = decide(True, LIVE, replace(MATCHING, score=ComparisonScore(score, "model")), POLICY)
    assert decision.referral is ReferralReason.NON_MATCH


@pytest.mark.parametrize(
    ("value", "reason"),
    [(0.9425, None), (0.9424, ReferralReason.COMPARISON_UNCERTAIN), (0.91, ReferralReason.COMPARISON_UNCERTAIN),
     (0.9099, ReferralReason.NON_MATCH)],
)  # fmt: skip
def test_between_accepting_and_refusing_the_teller_is_told_that_the_machine_cannot_tell(
    value: float, reason: ReferralReason | None
) -> None:
    evidence = replace(MATCHING, score=ComparisonScore(value, "model"), refuse_below=0.91)
    assert decide(True, LIVE, evidence, POLICY).referral is reason


liveness_parts = st.none() | st.builds(
    PadDecision,
    outcome=st.sampled_from(PadOutcome),
    track_id=st.sampled_from([-1, 4, 5]),
    window_from_s=st.sampled_from([100.0, 106.0, math.nan, -math.inf]),
    window_until_s=st.sampled_from([108.0, 101.0, math.nan, math.inf]),
    answers=st.sampled_from([(), LIVE.answers]),
)
comparison_parts = st.none() | st.builds(
    ComparisonEvidence,
    score=st.builds(ComparisonScore, st.sampled_from([0.97, 0.9, math.nan, math.inf, 2.0]), st.just("model")),
    threshold=st.builds(
        ComparisonThreshold,
        st.sampled_from([0.9425, math.nan, -math.inf]),
        st.sampled_from([1e-4, 1e-3, 0.0, math.nan]),
        st.just("specimen pairs"),
        st.booleans(),
    ),
    track_id=st.sampled_from([-1, 4, 5]),
    frame_times_s=st.sampled_from([MATCHING.frame_times_s, (), (103.0,), (90.0, 103.0, 104.0)]),
    agreement=st.sampled_from([0.96, 0.9, math.nan, 2.0]),
    witness_times_s=st.sampled_from([ALL_THROUGH, (), ALL_THROUGH[:3]]),
)


@given(st.booleans(), liveness_parts, comparison_parts)
def test_whatever_is_accepted_was_complete_positive_and_of_one_face_and_window(
    document_acceptable: bool, liveness: PadDecision | None, comparison: ComparisonEvidence | None
) -> None:
    if decide(document_acceptable, liveness, comparison, POLICY).accepted:
        assert document_acceptable
        assert liveness is not None
        assert comparison is not None
        assert liveness.outcome is PadOutcome.BONA_FIDE
        assert liveness.track_id == comparison.track_id
        assert comparison.score.value >= comparison.threshold.score > 0
        assert comparison.threshold.validated
        assert all(liveness.window_from_s <= at_s <= liveness.window_until_s for at_s in comparison.frame_times_s)
        assert len(comparison.frame_times_s) >= POLICY.min_probe_frames
        assert comparison.agreement >= SAME_FACE_AGREEMENT
        assert comparison.witness_times_s
