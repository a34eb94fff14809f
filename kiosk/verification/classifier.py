"""The learned classifier's scores over an attempt, judged by the threshold of its own model.

One voice among several: it can speak against a living face, and alone it never stands for one.
"""

import math

from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict, PadLayer
from kiosk.verification.observation import FrameObservation

FEWEST_SCORES = 3
PASSES_FROM = 0.5
"""Share of scores at the threshold or above."""
FAILS_UP_TO = 0.25
"""Between the two the classifier contradicts itself, and nothing is said."""


class ClassifierCheck:
    """The layer of one attempt."""

    def __init__(self, threshold: float | None = None) -> None:
        """`threshold` of the installed model's description, 0…1; without one nothing is measured."""
        self._threshold = threshold
        self._scores: list[float] = []

    def observe(self, observation: FrameObservation) -> None:
        """Take the next frame; one without a score, or with one that is none, adds nothing."""
        score = observation.texture.classifier if observation.texture is not None else None
        if score is not None and 0 <= score <= 1:
            self._scores.append(score)

    def evidence(self) -> LayerEvidence:
        threshold = self._threshold
        if threshold is None or not 0 < threshold < 1 or len(self._scores) < FEWEST_SCORES:
            return LayerEvidence(PadLayer.CLASSIFIER, LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN)
        share = sum(score >= threshold for score in self._scores) / len(self._scores)
        measures = {
            "samples": float(len(self._scores)),
            "share": share,
            "mean": math.fsum(self._scores) / len(self._scores),
        }
        return LayerEvidence(PadLayer.CLASSIFIER, *_judge(share), measures)


def _judge(share: float) -> tuple[LayerVerdict, Finding]:
    if share >= PASSES_FROM:
        return LayerVerdict.PASSED, Finding.IN_ORDER
    if share <= FAILS_UP_TO:
        return LayerVerdict.FAILED, Finding.CLASSIFIED_AS_ATTACK
    return LayerVerdict.NOT_MEASURED, Finding.CLASSIFIED_AS_ATTACK
