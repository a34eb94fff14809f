"""Templates are compared only with their like; nothing doubtful is a match."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.verification.comparison import (
    ComparisonBand,
    ComparisonDecision,
    ComparisonScore,
    ComparisonThreshold,
    FaceTemplate,
    MeasuredSet,
    TemplateModelError,
    TemplateRole,
    TemplateRoleError,
    TemplateValuesError,
    band_of,
    compare,
    decide_match,
)

THRESHOLD = ComparisonThreshold(0.9425, 1e-4, "a test", validated=False)


def template(role: TemplateRole, *values: float, model_id: str = "m") -> FaceTemplate:
    vector = np.array(values, dtype=np.float32)
    return FaceTemplate(vector / np.linalg.norm(vector), role, model_id)


def test_a_template_compared_with_itself_scores_one() -> None:
    score = compare(template(TemplateRole.PROBE, 1, 2, 3), template(TemplateRole.REFERENCE, 1, 2, 3))
    assert score == ComparisonScore(pytest.approx(1.0), "m")
    assert score.value <= 1.0


def test_opposite_templates_score_minus_one() -> None:
    score = compare(template(TemplateRole.PROBE, 1, 2), template(TemplateRole.REFERENCE, -1, -2))
    assert score.value == pytest.approx(-1.0)


def test_probe_and_reference_cannot_be_mixed_up() -> None:
    with pytest.raises(TemplateRoleError):
        compare(template(TemplateRole.REFERENCE, 1, 0), template(TemplateRole.REFERENCE, 1, 0))
    with pytest.raises(TemplateRoleError):
        compare(template(TemplateRole.PROBE, 1, 0), template(TemplateRole.PROBE, 1, 0))


@pytest.mark.parametrize("reference", [(1.0, 0.0, 0.0), (1.0, 0.0)])
def test_templates_of_different_models_are_refused(reference: tuple[float, ...]) -> None:
    other = "n" if len(reference) == 2 else "m"
    with pytest.raises(TemplateModelError):
        compare(template(TemplateRole.PROBE, 1, 0), template(TemplateRole.REFERENCE, *reference, model_id=other))


@pytest.mark.parametrize("values", [[np.nan, 0.0], [np.inf, 0.0], [0.0, 0.0], [2.0, 0.0]])
def test_a_template_that_is_no_unit_vector_is_refused(values: list[float]) -> None:
    broken = FaceTemplate(np.array(values, dtype=np.float32), TemplateRole.PROBE, "m")
    with pytest.raises(TemplateValuesError):
        compare(broken, template(TemplateRole.REFERENCE, 1, 0))


@pytest.mark.parametrize(
    ("value", "decision"),
    [
        (0.9425, ComparisonDecision.MATCH),
        (0.9424, ComparisonDecision.NON_MATCH),
        (float("nan"), ComparisonDecision.NON_MATCH),
    ],
)
def test_only_a_score_at_or_above_the_threshold_is_a_match(value: float, decision: ComparisonDecision) -> None:
    assert decide_match(ComparisonScore(value, "m"), THRESHOLD) is decision


@pytest.mark.parametrize(
    ("value", "refuse_below", "band"),
    [
        (0.9425, 0.91, ComparisonBand.ACCEPT),
        (0.9424, 0.91, ComparisonBand.UNCERTAIN),
        (0.91, 0.91, ComparisonBand.UNCERTAIN),
        (0.9099, 0.91, ComparisonBand.REFUSE),
        (0.94, None, ComparisonBand.REFUSE),
        (0.94, 0.97, ComparisonBand.REFUSE),
        (0.94, float("nan"), ComparisonBand.REFUSE),
        (float("nan"), 0.91, ComparisonBand.REFUSE),
        (float("nan"), float("nan"), ComparisonBand.REFUSE),
    ],
)
def test_between_the_two_thresholds_nothing_is_decided(
    value: float, refuse_below: float | None, band: ComparisonBand
) -> None:
    assert band_of(ComparisonScore(value, "m"), THRESHOLD, refuse_below) is band


@given(st.floats(allow_nan=True), st.none() | st.floats(allow_nan=True))
def test_only_a_match_is_ever_accepted(value: float, refuse_below: float | None) -> None:
    score = ComparisonScore(value, "m")
    accepted = band_of(score, THRESHOLD, refuse_below) is ComparisonBand.ACCEPT
    assert accepted == (decide_match(score, THRESHOLD) is ComparisonDecision.MATCH)


@pytest.mark.parametrize(("pairs", "rate", "may"), [(3000, 1e-3, True), (2999, 1e-3, False), (300_000, 1e-5, True)])
def test_a_set_too_small_to_see_a_rate_sets_no_threshold_for_it(pairs: int, rate: float, may: bool) -> None:
    assert MeasuredSet("a set", 20, pairs, 0.5).may_set(rate) is may
