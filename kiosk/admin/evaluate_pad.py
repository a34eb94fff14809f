"""Judged recordings to what is reported of attack detection: APCER of each species, BPCER, non-response."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from kiosk.admin.evaluate_rates import Interval, Rate, rate_of_people, subjects_by_name, wilson
from kiosk.admin.evaluate_recordings import Judged, evaluate_recordings, find_recordings, layers_judged
from kiosk.verification.layers import LayerVerdict, PadLayer

FAILED_LAYERS_FOR_ATTACK = 1
"""A recording is called an attack where at least so many judged layers failed: the threshold of APCER and BPCER."""
_RECORDING_SHOWS = (PadLayer.DEPTH, PadLayer.TEXTURE, PadLayer.CLASSIFIER)


def pad_report(name: str, judged: Sequence[Judged]) -> dict[str, Any]:
    """Everything that is said of the recordings, as JSON has it."""
    bona_fide = _part([one for one in judged if not one.recording.species], attack=False)
    by_species: defaultdict[str, list[Judged]] = defaultdict(list)
    for one in judged:
        if one.recording.species:
            by_species[one.recording.species].append(one)
    species = {found: _part(ones, attack=True) for found, ones in sorted(by_species.items())}
    measured = [found for found, part in species.items() if part["apcer"] is not None]
    shown = layers_judged(judged)
    return {
        "set": name,
        "n_bona_fide": bona_fide["n"],
        "bpcer": bona_fide["bpcer"],
        "bpcer_interval": bona_fide["interval"],
        "bpcer_words": bona_fide["words"],
        "threshold": FAILED_LAYERS_FOR_ATTACK,
        "threshold_means": "judged layers that must fail for a recording to be called an attack",
        "worst_species": max(measured, key=lambda found: (species[found]["apcer"], -species[found]["n"]), default=None),
        "species": species,
        "bona_fide": bona_fide,
        "layers_judged": [str(layer) for layer in shown],
        "layers_not_judged": [str(layer) for layer in PadLayer if layer not in shown],
        "unreadable": {one.recording.name: one.unreadable for one in judged if one.unreadable},
        "no_face": [one.recording.name for one in judged if not one.unreadable and not one.is_response],
    }


def pad_bars(report: dict[str, Any]) -> list[tuple[str, float, Interval, str]]:
    """What the picture shows: BPCER first, then each species' APCER."""
    bars = []
    parts = {"bona fide (BPCER)": report["bona_fide"]}
    parts |= {f"{name} (APCER)": part for name, part in report["species"].items()}
    for name, part in parts.items():
        low, high = part["interval"]
        share = part["bpcer"] if "bpcer" in part else part["apcer"]
        words = f"{round((share or 0.0) * part['n'])} of {part['n']}"
        bars.append((name, share or 0.0, (low, high) if part["n"] else (0.0, 0.0), words))
    return bars


def rate_of(judged: Sequence[Judged], wrong: Sequence[bool]) -> Rate:
    """Over subjects where the names tell them, else over recordings as if each were of somebody else."""
    names = [PurePath(one.recording.name).name for one in judged]
    subjects = subjects_by_name(names)
    if subjects is None:
        errors, trials = sum(wrong), len(wrong)
        return Rate(errors, trials, 0, _plain_interval(errors, trials))
    counts: defaultdict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, is_wrong in zip(names, wrong, strict=True):
        counts[subjects[name]][0] += is_wrong
        counts[subjects[name]][1] += 1
    return rate_of_people([(errors, trials) for errors, trials in counts.values()])


def _plain_interval(errors: int, trials: int) -> Interval:
    if trials and errors == 0:
        return (0.0, min(1.0, 3 / trials))
    if trials and errors == trials:
        return (max(0.0, 1 - 3 / trials), 1.0)
    return wilson(errors, trials)


def _part(judged: Sequence[Judged], *, attack: bool) -> dict[str, Any]:
    """Rates of one species, or of the bona fide presentations; what showed no face or cannot be read is in none."""
    responses = [one for one in judged if one.is_response]
    rate = rate_of(responses, [one.is_called_attack != attack for one in responses])
    accepted = sum(one.has_passed_all for one in responses)
    return {
        "n": rate.trials,
        "apcer" if attack else "bpcer": rate.value,
        "interval": list(rate.interval),
        "n_people": rate.people or None,
        "words": rate.words if rate.people else rate.words.replace(", 0 people", ", people not told"),
        "n_recordings": len(judged),
        "n_non_response": sum(not one.is_response and not one.unreadable for one in judged),
        "n_unreadable": sum(bool(one.unreadable) for one in judged),
        "all_passed": accepted,
        "not_all_passed": rate.trials - accepted,
        "nothing_measured": sum(one.is_unmeasured for one in responses),
        "layers": {str(layer): _layer(responses, layer) for layer in _RECORDING_SHOWS if _is_judged(responses, layer)},
    }


def _is_judged(judged: Sequence[Judged], layer: PadLayer) -> bool:
    return any(said.layer is layer for one in judged for said in one.evidence)


def _layer(judged: Sequence[Judged], layer: PadLayer) -> dict[str, Any]:
    said = [evidence for one in judged for evidence in one.evidence if evidence.layer is layer]
    verdicts = Counter(evidence.verdict for evidence in said)
    findings = Counter(str(evidence.finding) for evidence in said)
    return {str(verdict): verdicts[verdict] for verdict in LayerVerdict} | {"findings": dict(findings.most_common())}


__all__ = ["evaluate_recordings", "find_recordings", "pad_bars", "pad_report", "rate_of"]
