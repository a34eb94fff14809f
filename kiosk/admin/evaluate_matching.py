"""Templates of a set to scores, and scores to what is reported of a template model. Opens no file and no picture."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kiosk.admin.evaluate_pairs import EvaluationSet
from kiosk.admin.evaluate_rates import (
    FMR_TARGETS,
    GenuineScores,
    ImpostorScores,
    Indices,
    Rate,
    Scores,
    best_of_attempts,
    pairs_needed,
    percent,
)
from kiosk.verification.comparison import ComparisonThreshold

ATTEMPTS = 3
MOST_PAIRS = 10_000_000
"""Above this a fixed random part of the impostor pairs is taken; the report says so."""
_BLOCK = 512

Template = NDArray[np.float64] | None


@dataclass(frozen=True, slots=True)
class SetScores:
    """Every comparison that could be made."""

    genuine: GenuineScores
    impostor: ImpostorScores
    genuine_group: NDArray[np.int32]
    """Index into `groups`, −1 where there is none."""
    impostor_group: NDArray[np.int32]
    groups: tuple[str, ...]
    genuine_transactions: GenuineScores
    impostor_transactions: ImpostorScores
    genuine_not_compared: int
    """Comparisons that could not be made, for want of a template."""
    impostor_not_compared: int
    impostor_share: float
    """Of all impostor pairs, those that were taken."""


@dataclass(frozen=True, slots=True)
class _Pairs:
    """Indices of pictures, and the group of each pair."""

    probe: Indices
    reference: Indices
    group: NDArray[np.int32]
    share: float = 1.0


def score_set(
    the_set: EvaluationSet, probes: Sequence[Template], references: Sequence[Template], *, both_ways: bool
) -> SetScores:
    """Compare as the set says; `both_ways` where probe and reference of one picture differ (a degraded reference)."""
    groups = _group_names(the_set)
    pairs = _pairs(the_set, groups, both_ways=both_ways)
    made = np.array([probe is not None for probe in probes]), np.array([one is not None for one in references])
    compared = made[0][pairs.probe] & made[1][pairs.reference]
    same = the_set.person[pairs.probe] == the_set.person[pairs.reference]
    chosen = _Pairs(pairs.probe[compared], pairs.reference[compared], pairs.group[compared])
    score = _cosines(_matrix(probes), _matrix(references), chosen)
    genuine = same[compared]
    symmetric = the_set.listed is None and not both_ways
    tried = _transactions(the_set, chosen, score, symmetric=symmetric)
    person = the_set.person
    return SetScores(
        GenuineScores(person[chosen.probe[genuine]], score[genuine]),
        ImpostorScores(person[chosen.probe[~genuine]], person[chosen.reference[~genuine]], score[~genuine]),
        chosen.group[genuine],
        chosen.group[~genuine],
        groups,
        *tried,
        int((same & ~compared).sum()),
        int((~same & ~compared).sum()),
        pairs.share,
    )


def _group_names(the_set: EvaluationSet) -> tuple[str, ...]:
    names = the_set.listed.group if the_set.listed else the_set.group_of_person.values()
    return tuple(sorted({name for name in names if name}))


def _pairs(the_set: EvaluationSet, groups: tuple[str, ...], *, both_ways: bool) -> _Pairs:
    index = {name: number for number, name in enumerate(groups)} | {"": -1}
    if the_set.listed is not None:
        group = np.array([index[name] for name in the_set.listed.group], dtype=np.int32)
        return _Pairs(the_set.listed.probe, the_set.listed.reference, group)
    probe, reference, share = _all_pairs(the_set.person, both_ways=both_ways)
    of_person = np.array([index[the_set.group_of_person.get(n, "")] for n in range(the_set.n_people)], dtype=np.int32)
    one, other = of_person[the_set.person[probe]], of_person[the_set.person[reference]]
    return _Pairs(probe, reference, np.where(one == other, one, -1).astype(np.int32), share)


def _all_pairs(person: Indices, *, both_ways: bool) -> tuple[Indices, Indices, float]:
    """Every genuine pair, and every impostor pair or a fixed random part; no picture with itself."""
    count = len(person)
    pictures_of = np.bincount(person)
    impostors = (count**2 - int((pictures_of.astype(np.int64) ** 2).sum())) // (1 if both_ways else 2)
    share = min(1.0, MOST_PAIRS / max(1, impostors))
    source = np.random.default_rng(23821)
    rows, columns = [], []
    for row in range(count):
        column = np.arange(0 if both_ways else row + 1, count)
        wanted = column != row
        if share < 1:
            wanted &= (person[column] == person[row]) | (source.random(len(column)) < share)
        columns.append(column[wanted])
        rows.append(np.full(len(columns[-1]), row))
    return np.concatenate(rows).astype(np.int64), np.concatenate(columns).astype(np.int64), share


def _matrix(templates: Sequence[Template]) -> NDArray[np.float64]:
    """(n, size); zeros where there is no template."""
    size = next((len(template) for template in templates if template is not None), 1)
    return np.array([np.zeros(size) if template is None else template for template in templates])


def _cosines(probes: NDArray[np.float64], references: NDArray[np.float64], pairs: _Pairs) -> Scores:
    score = np.empty(len(pairs.probe))
    for start in range(0, len(score), _BLOCK * _BLOCK):
        part = slice(start, start + _BLOCK * _BLOCK)
        score[part] = np.einsum("nd,nd->n", probes[pairs.probe[part]], references[pairs.reference[part]])
    return np.clip(score, -1.0, 1.0)


def _transactions(
    the_set: EvaluationSet, pairs: _Pairs, score: Scores, *, symmetric: bool
) -> tuple[GenuineScores, ImpostorScores]:
    """One reference and three different probes of one person, in the order of the files; each probe serves once."""
    probe, reference = pairs.probe, pairs.reference
    if symmetric:
        probe, reference, score = (
            np.concatenate([probe, reference]), np.concatenate([reference, probe]), np.tile(score, 2)
        )  # fmt: skip
    runs = reference * the_set.n_people + the_set.person[probe]
    first, best = best_of_attempts(runs, score, ATTEMPTS)
    one, other = the_set.person[probe[first]], the_set.person[reference[first]]
    genuine = one == other
    return (
        GenuineScores(one[genuine], best[genuine]),
        ImpostorScores(one[~genuine], other[~genuine], best[~genuine]),
    )


def matching_report(
    the_set: EvaluationSet,
    scores: SetScores,
    model_id: str,
    thresholds: Sequence[ComparisonThreshold],
    not_acquired: Mapping[str, str],
) -> dict[str, Any]:
    """Everything that is said of the set, as JSON has it; `not_acquired` is the reason for each picture."""
    impostors = len(scores.impostor.score)
    return {
        "model": model_id,
        "set": the_set.name,
        "n_people": the_set.n_people,
        "n_pictures": len(the_set.pictures),
        "n_genuine": len(scores.genuine.score),
        "n_impostor": impostors,
        "n_not_acquired": len(not_acquired),
        "not_acquired_reasons": dict(Counter(not_acquired.values()).most_common()),
        "not_acquired_pictures": sorted(not_acquired),
        "n_genuine_not_compared": scores.genuine_not_compared,
        "n_impostor_not_compared": scores.impostor_not_compared,
        "impostor_share_taken": scores.impostor_share,
        "operating_points": [_operating_point(scores, thresholds, target) for target in FMR_TARGETS],
    }


def _operating_point(scores: SetScores, thresholds: Sequence[ComparisonThreshold], target: float) -> dict[str, Any]:
    """At the model's own threshold for this rate; at the set's where the model has none."""
    model_has = next((t.score for t in thresholds if abs(t.false_match_rate / target - 1) < 1e-6), None)
    own = scores.impostor.threshold_at(target)
    threshold = own if model_has is None else model_has
    enough = len(scores.impostor.score) >= pairs_needed(target)
    point: dict[str, Any] = {"fmr_target": target, "threshold": threshold}
    if threshold is None:
        nothing = Rate(0, 0, 0, (0.0, 1.0))
        unknown = {**_named("fmr", nothing), **_named("fnmr", nothing)}
        return point | unknown | {"threshold_from": "none", "enough_impostor_pairs": False}
    return (
        point
        | _rates(scores, threshold)
        | {
            "threshold_from": "set" if model_has is None else "model",
            "enough_impostor_pairs": enough,
            "impostor_pairs_needed": pairs_needed(target),
            "set_threshold": None if own is None else {"threshold": own, **_rates(scores, own, detailed=False)},
        }
    )


def _rates(scores: SetScores, threshold: float, *, detailed: bool = True) -> dict[str, Any]:
    fmr, fnmr = scores.impostor.fmr(threshold), scores.genuine.fnmr(threshold)
    said: dict[str, Any] = {**_named("fmr", fmr), **_named("fnmr", fnmr)}
    if not detailed:
        return said
    missing = scores.genuine_not_compared
    counted, of = fnmr.errors + missing, fnmr.trials + missing
    said["fnmr_with_not_acquired"] = counted / of if of else None
    said["fnmr_with_not_acquired_words"] = f"{percent(counted / of)} ({counted:,} of {of:,})" if of else "N = 0"
    said["transactions"] = {
        "attempts": ATTEMPTS,
        **_named("fmr", scores.impostor_transactions.fmr(threshold)),
        **_named("fnmr", scores.genuine_transactions.fnmr(threshold)),
    }
    said["groups"] = dict(_by_group(scores, threshold))
    return said


def _by_group(scores: SetScores, threshold: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each group by itself; impostor pairs are of two people of the same group, who resemble each other most."""
    for number, name in enumerate(scores.groups):
        genuine, impostor = scores.genuine_group == number, scores.impostor_group == number
        own = GenuineScores(scores.genuine.person[genuine], scores.genuine.score[genuine])
        others = ImpostorScores(
            scores.impostor.probe_person[impostor],
            scores.impostor.reference_person[impostor],
            scores.impostor.score[impostor],
        )
        yield name, {**_named("fmr", others.fmr(threshold)), **_named("fnmr", own.fnmr(threshold))}


def _named(name: str, rate: Rate) -> dict[str, Any]:
    return {
        name: rate.value,
        f"{name}_interval": list(rate.interval),
        f"{name}_errors": rate.errors,
        f"{name}_n": rate.trials,
        f"{name}_people": rate.people,
        f"{name}_words": rate.words,
    }


def recommended_thresholds(scores: SetScores) -> dict[float, float | None]:
    """What this set would set for each rate; None where it has too few impostor pairs to say."""
    enough = {target: len(scores.impostor.score) >= pairs_needed(target) for target in FMR_TARGETS}
    return {target: scores.impostor.threshold_at(target) if enough[target] else None for target in FMR_TARGETS}
