"""The learned classifier's scores over an attempt: most above its threshold passes, few fails, nothing is nothing."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.verification.classifier import FEWEST_SCORES, ClassifierCheck
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict, PadLayer
from tests.rehearsed_face import RESTING, evidence_of, frame
from tests.unit.test_texture_check import SKIN


def said(scores: list[float | None], threshold: float | None = 0.5) -> LayerEvidence:
    frames = (replace(frame(5 + n, RESTING), texture=replace(SKIN, classifier=score)) for n, score in enumerate(scores))
    return evidence_of(ClassifierCheck(threshold), frames)


@pytest.mark.parametrize(
    ("scores", "verdict", "finding"),
    [
        ([0.9] * 8, LayerVerdict.PASSED, Finding.IN_ORDER),
        ([0.9] * 4 + [0.1] * 4, LayerVerdict.PASSED, Finding.IN_ORDER),
        ([0.9] * 3 + [0.1] * 5, LayerVerdict.NOT_MEASURED, Finding.CLASSIFIED_AS_ATTACK),
        ([0.9] * 2 + [0.1] * 6, LayerVerdict.FAILED, Finding.CLASSIFIED_AS_ATTACK),
        ([0.0] * 8, LayerVerdict.FAILED, Finding.CLASSIFIED_AS_ATTACK),
        ([0.9] * (FEWEST_SCORES - 1), LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN),
        ([None] * 8, LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN),
        ([math.nan, math.inf, -1.0, 2.0] * 3, LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN),
    ],
)
def test_the_share_of_scores_at_the_threshold_decides(
    scores: list[float | None], verdict: LayerVerdict, finding: Finding
) -> None:
    evidence = said(scores)
    assert (evidence.layer, evidence.verdict, evidence.finding) == (PadLayer.CLASSIFIER, verdict, finding)


@pytest.mark.parametrize("threshold", [None, 0.0, 1.0, -3.0, math.nan, math.inf])
def test_without_a_threshold_that_can_be_one_nothing_is_measured(threshold: float | None) -> None:
    assert said([0.99] * 9, threshold).verdict is LayerVerdict.NOT_MEASURED


@given(st.lists(st.one_of(st.none(), st.floats()), max_size=12), st.floats(0.01, 0.99), st.floats(0, 0.5))
def test_higher_scores_never_speak_for_an_attack(scores: list[float | None], threshold: float, more: float) -> None:
    rank = {LayerVerdict.FAILED: 0, LayerVerdict.NOT_MEASURED: 1, LayerVerdict.PASSED: 2}
    real = [score for score in scores if score is not None and 0 <= score <= 1]
    raised = [min(1.0, score + more) for score in real]
    assert rank[said(list(raised), threshold).verdict] >= rank[said(list(real), threshold).verdict]
    assert said(scores, threshold).verdict is said(list(real), threshold).verdict


def test_frames_without_a_sample_add_nothing() -> None:
    check = ClassifierCheck(0.5)
    for number in range(6):
        check.observe(frame(5 + number, RESTING))
    assert check.evidence().verdict is LayerVerdict.NOT_MEASURED
