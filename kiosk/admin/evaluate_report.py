"""Writes what was measured: JSON for programs, Markdown for people. Measures nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

JSON_FILE, MARKDOWN_FILE = "report.json", "report.md"
_MOST_NAMED = 20


def write_report(folder: Path, report: dict[str, Any], lines: Iterator[str]) -> None:
    """Write both into the folder, whole."""
    (folder / JSON_FILE).write_text(
        json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )
    (folder / MARKDOWN_FILE).write_text("\n".join(lines) + "\n", encoding="utf-8")


def matching_lines(report: dict[str, Any]) -> Iterator[str]:
    """The report on a set of pictures as Markdown."""
    yield f"# Matching: {report['model']} on {report['set']}\n"
    yield f"Made on {report['made_on']}; reference: {report['degradation']}.\n"
    yield f"- {report['n_people']:,} people, {report['n_pictures']:,} pictures"
    yield f"- {report['n_genuine']:,} genuine and {report['n_impostor']:,} impostor comparisons"
    if report["impostor_share_taken"] < 1:
        yield f"- only {100 * report['impostor_share_taken']:.1f} % of the impostor pairs, a fixed random part"
    reasons = ", ".join(f"{reason} {count}" for reason, count in report["not_acquired_reasons"].items())
    yield f"- not acquired: {report['n_not_acquired']:,} pictures{f' ({reasons})' if reasons else ''}; so " + (
        f"{report['n_genuine_not_compared']:,} genuine and {report['n_impostor_not_compared']:,} impostor comparisons "
        "could not be made and are in no rate below\n"
    )
    if report["plot"]:
        yield f"![DET curve]({report['plot']})\n"
    yield "## Per comparison\n"
    yield "Intervals: 95 %, people drawn anew. `< x` is 3/N: no error was seen.\n"
    yield "| for FMR | threshold | from | FMR | FNMR | FNMR, not acquired as errors |"
    yield "|---|---|---|---|---|---|"
    for point in report["operating_points"]:
        missed = point.get("fnmr_with_not_acquired_words", "N = 0")
        yield (
            f"| {point['fmr_target']:g} | {_number(point['threshold'])} | {point['threshold_from']} "
            f"| {point['fmr_words']} | {point['fnmr_words']} | {missed} |"
        )
    yield ""
    yield from _own_thresholds(report)
    yield from _transactions(report)
    yield from _groups(report)
    yield from _named_pictures(report["not_acquired_pictures"], "Not acquired")


def _own_thresholds(report: dict[str, Any]) -> Iterator[str]:
    yield "## What this set itself would set\n"
    yield "| for FMR | threshold | FMR | FNMR | |"
    yield "|---|---|---|---|---|"
    for point in report["operating_points"]:
        own = point.get("set_threshold")
        if own is None:
            continue
        enough = "" if point["enough_impostor_pairs"] else _too_few(report["n_impostor"], point)
        yield (
            f"| {point['fmr_target']:g} | {_number(own['threshold'])} | {own['fmr_words']} | {own['fnmr_words']} "
            f"| {enough} |"
        )
    yield ""


def _too_few(pairs: int, point: dict[str, Any]) -> str:
    return f"a bound only: {pairs:,} impostor pairs, {point['impostor_pairs_needed']:,} are needed to set one"


def _transactions(report: dict[str, Any]) -> Iterator[str]:
    points = [point for point in report["operating_points"] if "transactions" in point]
    if not points:
        return
    yield f"## Per transaction of {points[0]['transactions']['attempts']} attempts\n"
    yield "One reference and three different probes of one person; one match is enough. Fewer probes: left out.\n"
    yield "| for FMR | threshold | FMR | FNMR |"
    yield "|---|---|---|---|"
    for point in points:
        tried, threshold = point["transactions"], _number(point["threshold"])
        yield f"| {point['fmr_target']:g} | {threshold} | {tried['fmr_words']} | {tried['fnmr_words']} |"
    yield ""


def _groups(report: dict[str, Any]) -> Iterator[str]:
    if not any(point.get("groups") for point in report["operating_points"]):
        return
    yield "## By group\n"
    yield "Impostor comparisons are of two people of the same group.\n"
    yield "| group | for FMR | threshold | FMR | FNMR |"
    yield "|---|---|---|---|---|"
    for point in report["operating_points"]:
        for name, rates in point.get("groups", {}).items():
            yield (
                f"| {name} | {point['fmr_target']:g} | {_number(point['threshold'])} | {rates['fmr_words']} "
                f"| {rates['fnmr_words']} |"
            )
    yield ""


def pad_lines(report: dict[str, Any]) -> Iterator[str]:
    """The report on recorded presentations as Markdown."""
    yield f"# Presentation attack detection on {report['set']}\n"
    judged, not_judged = (", ".join(report[name]) or "none" for name in ("layers_judged", "layers_not_judged"))
    yield f"Made on {report['made_on']}. Judged: {judged}. Not judged: {not_judged}; a recording answers no challenge"
    yield "and comes from no camera, and a classifier speaks only where one is installed.\n"
    worst = report["worst_species"]
    if worst is not None:
        yield f"**Worst species: {worst}, APCER {report['species'][worst]['words']}.**\n"
    yield f"**BPCER at the same threshold: {report['bpcer_words']}.**\n"
    if report["plot"]:
        yield f"![error rates]({report['plot']})\n"
    yield "A recording is called an attack where at least one judged layer FAILED (threshold: 1 layer). The stricter"
    yield "reading, every judged layer must have PASSED, stands beside it: in the kiosk what was not measured"
    yield "goes to the teller.\n"
    yield (
        "| presentations | recordings | no face found | unreadable | called wrongly | not all layers passed "
        "| no layer measured |"
    )
    yield "|---|---|---|---|---|---|---|"
    for name, part in {"bona fide": report["bona_fide"], **report["species"]}.items():
        yield (
            f"| {name} | {part['n_recordings']} | {part['n_non_response']} | {part['n_unreadable']} | {part['words']} "
            f"| {part['not_all_passed']} of {part['n']} | {part['nothing_measured']} of {part['n']} |"
        )
    yield "\nCalled wrongly: a bona fide presentation as an attack (BPCER), an attack as none (APCER).\n"
    yield "## Layer by layer\n"
    yield "| presentations | layer | passed | failed | not measured | findings |"
    yield "|---|---|---|---|---|---|"
    for name, part in {"bona fide": report["bona_fide"], **report["species"]}.items():
        for layer, said in part["layers"].items():
            findings = ", ".join(f"{finding} {count}" for finding, count in said["findings"].items())
            yield f"| {name} | {layer} | {said['passed']} | {said['failed']} | {said['not_measured']} | {findings} |"
    yield ""
    yield from _named_pictures([f"{name}: {why}" for name, why in report["unreadable"].items()], "Unreadable")


def _named_pictures(names: list[str], title: str) -> Iterator[str]:
    if not names:
        return
    yield f"## {title}\n"
    for name in names[:_MOST_NAMED]:
        yield f"- `{name.replace('`', '')}`"
    if len(names) > _MOST_NAMED:
        yield f"- and {len(names) - _MOST_NAMED} more, all in `{JSON_FILE}`"
    yield ""


def _number(threshold: float | None) -> str:
    return "none" if threshold is None else f"{threshold:.4f}"
