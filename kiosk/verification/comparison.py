"""Templates, scores and what a score means. Holds no pixel and no model."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kiosk.errors import VerificationError

_UNIT_LENGTH_TOLERANCE = 1e-3


class TemplateRole(StrEnum):
    """ISO/IEC 2382-37."""

    PROBE = "probe"
    REFERENCE = "reference"


class ComparisonDecision(StrEnum):
    """ISO/IEC 2382-37."""

    MATCH = "match"
    NON_MATCH = "non-match"


class ComparisonBand(StrEnum):
    """Three answers of a comparison; a machine that had only two would have to guess."""

    ACCEPT = "accept"
    UNCERTAIN = "uncertain"
    """Between the two thresholds: the teller decides, and is told that the machine cannot tell."""
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class FaceTemplate:
    """Lives in eyes only; never sent, never stored."""

    values: NDArray[np.float32]
    """(n,) float32, unit length."""
    role: TemplateRole
    model_id: str


@dataclass(frozen=True, slots=True)
class MeasuredSet:
    """What one set of pictures says of a threshold."""

    name: str
    people: int
    impostor_pairs: int
    score: float
    """What it asks for at the target rate; its highest impostor score where it is too small to ask for anything."""

    def may_set(self, false_match_rate: float) -> bool:
        """A rate of which fewer than three cases are expected cannot be seen in a set."""
        return self.impostor_pairs * false_match_rate >= 3 * (1 - 1e-9)


@dataclass(frozen=True, slots=True)
class ComparisonThreshold:
    """A decision threshold and where it was measured."""

    score: float
    false_match_rate: float
    """Target FMR at which it was set."""
    measured_on: str
    validated: bool
    """True only where the manifest says it was validated for that rate on unlike sets."""
    measured_at: str = ""
    """The date."""
    sets: tuple[MeasuredSet, ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateModel:
    """The model in force and its threshold, as the manifest has them; what eyes says of either counts for nothing."""

    id: str
    threshold: ComparisonThreshold
    refuse_below: float | None = None
    """Lower end of the band in which the teller decides without the machine's advice; None: there is no such band."""


@dataclass(frozen=True, slots=True)
class ModelsInForce:
    """What desk judges by; it is told at its start by who started it, and never by eyes."""

    template: TemplateModel
    classifier_threshold: float | None = None
    """Of the learned classifier of attack presentations; None where none is installed."""


@dataclass(frozen=True, slots=True)
class ComparisonScore:
    """Cosine of probe and reference, −1…1."""

    value: float
    model_id: str


class ComparisonError(VerificationError):
    """Two templates that cannot be compared; says nothing about whose they are."""


class TemplateRoleError(ComparisonError):
    """Probe and reference were mixed up."""

    def __init__(self, wanted: TemplateRole, given: TemplateRole) -> None:
        super().__init__(f"A {given} template was given where a {wanted} is compared; this is a programming mistake.")
        self.wanted = wanted
        self.given = given


class TemplateModelError(ComparisonError):
    """Templates of different models have nothing in common."""

    def __init__(self, probe_model_id: str, reference_model_id: str) -> None:
        super().__init__(
            f"The probe was made by model {probe_model_id} and the reference by {reference_model_id}; "
            "make both with the same model."
        )
        self.probe_model_id = probe_model_id
        self.reference_model_id = reference_model_id


class TemplateValuesError(ComparisonError):
    """A template is not a finite vector of unit length."""

    def __init__(self, role: TemplateRole) -> None:
        super().__init__(f"The {role} template is not a finite vector of unit length; take the picture again.")
        self.role = role


def compare(probe: FaceTemplate, reference: FaceTemplate) -> ComparisonScore:
    """Return the cosine of two templates; raise `ComparisonError` unless roles and model fit."""
    _require(probe, TemplateRole.PROBE)
    _require(reference, TemplateRole.REFERENCE)
    if probe.model_id != reference.model_id or probe.values.shape != reference.values.shape:
        raise TemplateModelError(probe.model_id, reference.model_id)
    cosine = float(np.dot(probe.values.astype(np.float64), reference.values.astype(np.float64)))
    return ComparisonScore(max(-1.0, min(1.0, cosine)), probe.model_id)


def _require(template: FaceTemplate, role: TemplateRole) -> None:
    if template.role is not role:
        raise TemplateRoleError(role, template.role)
    if template.values.ndim != 1 or not np.isfinite(template.values).all():
        raise TemplateValuesError(role)
    if abs(float(np.linalg.norm(template.values)) - 1) > _UNIT_LENGTH_TOLERANCE:
        raise TemplateValuesError(role)


def decide_match(score: ComparisonScore, threshold: ComparisonThreshold) -> ComparisonDecision:
    """Match at or above the threshold; NaN is a non-match."""
    return ComparisonDecision.MATCH if score.value >= threshold.score else ComparisonDecision.NON_MATCH


def band_of(score: ComparisonScore, threshold: ComparisonThreshold, refuse_below: float | None) -> ComparisonBand:
    """Accept at or above the threshold, refuse below the lower one; NaN is refused.

    A lower threshold that is none, or lies above the upper one, leaves no band between them.
    """
    if decide_match(score, threshold) is ComparisonDecision.MATCH:
        return ComparisonBand.ACCEPT
    if refuse_below is not None and refuse_below <= score.value < threshold.score:
        return ComparisonBand.UNCERTAIN
    return ComparisonBand.REFUSE
