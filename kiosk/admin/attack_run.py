"""Rehearses attack presentations and bona fide subjects by the hundred on a simulated clock, and counts the outcomes.

One renderer and two portraits: regression results, never an APCER or a BPCER.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from hardware.simulated.casting import attack_take, bona_fide_take
from hardware.simulated.living import Portrait
from hardware.simulated.look import random_look
from hardware.simulated.species import AttackSpecies
from kiosk.admin.evaluate_progress import counted, in_processes, shown_progress
from kiosk.admin.evaluate_work import WorkFile, code_of, take_up
from kiosk.admin.rehearsal import Presentation, Rehearsal, Rehearsed
from kiosk.admin.specimen import demo_portrait
from kiosk.runtime.face_vision import FaceVision
from kiosk.verification.comparison import TemplateModel
from kiosk.verification.decision import DecisionPolicy
from kiosk.verification.layers import ChallengeVariant, LayerEvidence, LayerVerdict, PadLayer
from kiosk.vision.models import MODELS_DIR, load_manifest
from kiosk.vision.still_faces import find_faces

BONA_FIDE = "bona_fide"
SUBJECTS = (BONA_FIDE, *AttackSpecies)
NEVER_FIT, COMPARISON = "never_fit", "comparison"
PORTRAITS = ("astronaut", "hopper")
LAYERS = (PadLayer.GESTURES, PadLayer.DEPTH, PadLayer.LIGHT, PadLayer.TEXTURE, PadLayer.STREAM)
"""What the full policy asks for; the classifier is not rehearsed, since it is not shipped."""
WORK_FILE = "rehearsed.partial"
_CODE = (
    *("hardware", "kiosk/runtime", "kiosk/verification", "kiosk/vision"),
    *("kiosk/admin/rehearsal.py", "kiosk/admin/attack_run.py"),
)


class Way(StrEnum):
    """How a run is rehearsed."""

    VISIT = "visit"
    """The full policy: positioning, challenge, comparison."""
    ALONE = "alone"
    """A turn to each side and the light, whatever is answered: what each layer makes of it by itself."""


@dataclass(frozen=True, slots=True)
class Run:
    """What to rehearse; the seed decides everything else."""

    subject: str
    seed: int
    attempts: int = 1
    way: Way = Way.VISIT
    variant: ChallengeVariant = ChallengeVariant.FULL
    size: tuple[int, int] = (960, 540)
    frames_per_s: float = 12.0


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run."""

    subject: str
    seed: int
    way: str
    variant: str
    accepted: bool
    referral: str
    """Empty where there was none."""
    attempts: int
    outcomes: tuple[str, ...]
    verdicts: dict[str, str]
    """Layer to verdict, of the last attempt."""
    findings: dict[str, str]
    measures: dict[str, dict[str, float]]
    seconds: float

    def passed(self, layer: PadLayer) -> bool:
        return self.verdicts.get(layer) == LayerVerdict.PASSED

    @property
    def stopped_by(self) -> tuple[str, ...]:
        """The layers that did not pass, or `comparison` where all did; `never_fit` where there was no attempt."""
        if not self.attempts:
            return (NEVER_FIT,)
        return tuple(layer for layer in LAYERS if not self.passed(layer)) or (COMPARISON,)


_RESULTS = msgspec.json.Decoder(Result)


class WithoutControls:
    """Whatever stands before a camera whose exposure cannot be set, as many cameras are."""

    def __init__(self, presentation: Presentation) -> None:
        self.picture_at = presentation.picture_at

    def set_exposure(self, stops: float) -> bool:  # noqa: ARG002 (it has none)
        return False


def rehearse(run: Run) -> Result:
    """Play one run in this process."""
    rng = np.random.default_rng((SUBJECTS.index(run.subject), run.seed))
    name, other = rng.permutation(PORTRAITS)
    look = random_look(rng)
    subject = _portrait(str(name))
    lag_s = float(rng.uniform(0.04, 0.12))
    take: Presentation
    if run.subject == BONA_FIDE:
        take = bona_fide_take(subject, look, run.seed, run.size, light_lag_s=lag_s)
    else:
        species, second = AttackSpecies(run.subject), _portrait(str(other))
        take = attack_take(species, subject, second, run.seed, look, run.size, light_lag_s=lag_s)
    if rng.random() < 0.5:
        take = WithoutControls(take)
    vision, model = _vision(run.size)
    policy = DecisionPolicy(require_validated_threshold=False, layers=frozenset(LAYERS))
    rehearsal = Rehearsal(vision, model, policy, frames_per_s=run.frames_per_s)
    if run.way is Way.ALONE:
        return _result(run, Rehearsed(False, None, (), 0.0), rehearsal.layers_alone(take, run.seed))
    visited = rehearsal.visit(take, subject.document(look), run.seed, attempts=run.attempts, variant=run.variant)
    return _result(run, visited, visited.attempts[-1].layers if visited.attempts else ())


def _result(run: Run, visited: Rehearsed, last: Sequence[LayerEvidence]) -> Result:
    measures = {str(said.layer): {name: float(value) for name, value in said.measures.items()} for said in last}
    if (compared := visited.compared) is not None:
        measures[COMPARISON] = {"score": compared.score, "agreement": compared.agreement}
    return Result(
        subject=run.subject,
        seed=run.seed,
        way=run.way,
        variant=run.variant,
        accepted=visited.accepted,
        referral=visited.referral or "",
        attempts=len(visited.attempts),
        outcomes=tuple(str(attempt.outcome) for attempt in visited.attempts),
        verdicts={str(said.layer): str(said.verdict) for said in last},
        findings={str(said.layer): str(said.finding) for said in last},
        measures=measures,
        seconds=visited.seconds,
    )


def rehearse_all(runs: Sequence[Run], jobs: int, out: Path) -> list[Result]:
    """Rehearse in several processes; what this very code has rehearsed before is not done again."""

    def make(missing: list[int]) -> Iterator[Result]:
        with shown_progress("rehearsals", len(missing)) as advance:
            left = [runs[index] for index in missing]
            yield from counted(in_processes(rehearse, left, jobs, _vision_once), advance)

    code = code_of(*_CODE).encode()
    keys = [hashlib.sha256(code + msgspec.json.encode(run)).digest() for run in runs]
    with WorkFile(out, WORK_FILE, keep=True, option="--out") as held:
        return take_up(keys, held, make, msgspec.json.encode, _RESULTS.decode)


def alone(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    """Count by subject the runs that each layer alone would have let pass."""
    rows = {}
    for subject in SUBJECTS:
        mine = [result for result in results if result.subject == subject]
        if mine:
            passed = {str(layer): sum(result.passed(layer) for result in mine) for layer in LAYERS[1:]}
            rows[subject] = {"runs": len(mine)} | passed
    return rows


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """Count by subject: accepted, and which layer did not pass."""
    rows = {}
    for subject in SUBJECTS:
        mine = [result for result in results if result.subject == subject]
        if mine:
            refused = [result for result in mine if not result.accepted]
            stopped = Counter(layer for result in refused for layer in result.stopped_by)
            rows[subject] = {
                "runs": len(mine),
                "accepted": len(mine) - len(refused),
                "not_passed": {str(layer): stopped.get(layer, 0) for layer in (NEVER_FIT, *LAYERS, COMPARISON)},
                "referrals": dict(Counter(result.referral or "attempts_used_up" for result in refused)),
            }
    return {"people": len(PORTRAITS), "renderers": 1, "subjects": rows}


@cache
def _portrait(name: str) -> Portrait:
    pixels = demo_portrait(name)
    return Portrait(pixels, find_faces(pixels)[0].landmarks)


@cache
def _vision(size: tuple[int, int]) -> tuple[FaceVision, TemplateModel]:
    manifest = load_manifest()
    threshold = manifest.template_threshold(DecisionPolicy().false_match_rate)
    vision = FaceVision(manifest, MODELS_DIR, *size)
    return vision, TemplateModel(vision.model_id, threshold)


def _vision_once() -> None:
    """Prepare a process: the models are loaded with the first run, for the size it asks for."""
