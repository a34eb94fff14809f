"""`kiosk evaluate matching|pad ROOT`: error rates of the template model and of attack detection, on recordings.

Only this command and its kin show scores and rates; the kiosk itself never does. Pictures are read, never written.
"""

import argparse
import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.errors import SettingsError

if TYPE_CHECKING:
    from kiosk.admin.evaluate_pairs import EvaluationSet
    from kiosk.admin.evaluate_templates import TemplateResult
    from kiosk.admin.evaluate_work import WorkFile
    from kiosk.vision.models import Model

_REPORTS = ("report.json", "report.md", "det.png", "pad.png")
_MATCHING_EPILOG = """ROOT is
  a folder with a folder for each person   every picture is compared with every other; groups.csv (person,group) may
                                           name a group for each person
  a CSV of pairs                           probe,reference,genuine (1 or 0)[,group]; paths from where the CSV lies

examples:
  kiosk evaluate matching faces/
  kiosk evaluate matching faces/ --degrade print --out printed/
  kiosk evaluate matching branch/ --calibrate /var/lib/kiosk --by "B. Keeper" --passphrase-file FILE

Templates are personal data: they are kept in memory and gone with the command. So what is broken off begins anew. With
--work FOLDER they are written there until all is done, and the same command goes on where it was.
docs/evaluation.md says what each figure means."""

_PAD_EPILOG = """ROOT holds bona_fide/… and attack/SPECIES/…; a presentation is a clip (mp4, mov, avi, mkv, webm) or a
folder of pictures. What stands before the first _ of its name is the subject.

example: kiosk evaluate pad recordings/ --out pad-report/

A recording cannot answer a challenge: depth from motion, texture and, where one is installed, the classifier are
judged; gestures, light and stream are not. With --work FOLDER the same command goes on where it was broken off.
docs/evaluation.md says what each figure means."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register `kiosk evaluate`."""
    parser = commands.add_parser(
        "evaluate",
        help="measure error rates on pictures and recordings",
        description="Measures error rates, each with its N, people and interval; writes JSON, Markdown and PNG.",
    )
    acts = parser.add_subparsers(title="what", metavar="WHAT", required=True)
    matching = acts.add_parser(
        "matching",
        help="of the template model",
        description="Compares pictures of people; reports FMR and FNMR.",
        epilog=_MATCHING_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_matching_arguments(matching)
    pad = acts.add_parser(
        "pad",
        help="of presentation attack detection",
        description="Judges recorded presentations; reports APCER of each species and BPCER.",
        epilog=_PAD_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _add_pad_arguments(pad)
    for act in (matching, pad):
        act.add_argument("root", type=Path, metavar="ROOT", help="what is evaluated; see below")
        act.add_argument("--out", type=Path, default=Path("evaluation"), metavar="DIR", help="default: %(default)s")
        act.add_argument("--jobs", type=_jobs, default=None, metavar="N", help="processes; default: one for each core")
        kept = "templates there meanwhile (personal data)" if act is matching else "what was judged there meanwhile"
        act.add_argument("--work", type=Path, metavar="FOLDER", help=f"keep {kept}, to go on after an interruption")
        act.add_argument("--keep", action="store_true", help="with --work: leave it there afterwards")
        act.add_argument("--models", type=Path, metavar="DIR", help="folder of the built models")


def _add_matching_arguments(matching: argparse.ArgumentParser) -> None:
    matching.add_argument("--model", metavar="ID", help="a face template model; default: the one in force")
    matching.add_argument(
        "--degrade",
        choices=("none", "print", "chip"),
        default="none",
        help="what becomes of the reference first: print (79 px between the eyes, printed, photographed again) or chip "
        "(JPEG 2000 of 15 to 20 kB)",
    )
    matching.add_argument(
        "--calibrate", type=Path, metavar="KIOSK_FOLDER", help="tighten this kiosk's threshold to what the set asks for"
    )
    matching.add_argument("--by", metavar="NAME", help="who answers for the calibration")
    matching.add_argument("--passphrase-file", type=Path, help="read the vault's passphrase from this file")
    matching.set_defaults(run=run_matching)


def _add_pad_arguments(pad: argparse.ArgumentParser) -> None:
    pad.add_argument(
        "--fps", type=float, default=25.0, metavar="N", help="pace of picture folders; default: %(default)g"
    )
    pad.add_argument(
        "--seconds", type=float, default=20.0, metavar="N", help="judge so much of each recording; default: %(default)g"
    )
    pad.set_defaults(run=run_pad)


def run_matching(arguments: argparse.Namespace) -> int:
    """Compare, write the reports, and calibrate where that was asked for."""
    from kiosk.admin.evaluate_matching import matching_report, recommended_thresholds, score_set
    from kiosk.admin.evaluate_pairs import EvaluationSetError, read_set
    from kiosk.admin.evaluate_plots import draw_det
    from kiosk.admin.evaluate_report import matching_lines, write_report
    from kiosk.admin.site_threshold import Calibration, prepare_calibration
    from kiosk.vision.models import MODELS_DIR, check_model

    demand_fitting(arguments)
    model = template_model(arguments.model)
    check_model(model, arguments.models or MODELS_DIR)
    the_set = read_set(arguments.root)
    calibration = None
    if arguments.calibrate is not None or arguments.by is not None:
        calibration = prepare_calibration(arguments.calibrate, arguments.by, arguments.passphrase_file, model)
    prepare_out(arguments.out, arguments.root)
    probes, references = _templates(arguments, model, the_set)
    not_acquired = {
        _shown(the_set.pictures[index], arguments.root): result.not_acquired
        for results in (probes, references)
        for index, result in results.items()
        if result.not_acquired
    }
    both_ways = arguments.degrade != "none"
    count = range(len(the_set.pictures))
    scores = score_set(
        the_set,
        [probes[index].template if index in probes else None for index in count],
        [references[index].template if index in references else None for index in count],
        both_ways=both_ways,
    )
    if not len(scores.genuine.score) and not len(scores.impostor.score):
        reasons = ", ".join(f"{reason} {count}" for reason, count in Counter(not_acquired.values()).most_common())
        raise EvaluationSetError(
            f"Of {len(the_set.pictures)} pictures no two could be compared{f' ({reasons})' if reasons else ''}; give at"
            " least two that show a face."
        )
    report = matching_report(the_set, scores, model.id, model.thresholds, not_acquired)
    drawable = len(scores.genuine.score) > 0 and len(scores.impostor.score) > 0
    report |= {"made_on": _today(), "degradation": arguments.degrade, "plot": "det.png" if drawable else None}
    if drawable:
        draw_det(arguments.out / "det.png", report, scores.genuine.score, scores.impostor.score)
    write_report(arguments.out, report, matching_lines(report))
    _print_matching(report, arguments.out)
    if calibration is not None:
        wanted = recommended_thresholds(scores)
        made = Calibration(the_set.name, the_set.n_people, len(scores.impostor.score), wanted)
        print(calibration.apply(made))
    return 0


def _templates(
    arguments: argparse.Namespace, model: "Model", the_set: "EvaluationSet"
) -> "tuple[dict[int, TemplateResult], dict[int, TemplateResult]]":
    """Probe and reference templates by picture; without a degradation one serves as both."""
    from kiosk.admin.evaluate_degrade import Degradation
    from kiosk.admin.evaluate_templates import WORK_FILE, TemplateWork, make_templates
    from kiosk.verification.comparison import TemplateRole
    from kiosk.vision.models import MODELS_DIR

    how = Degradation(arguments.degrade)
    every: Sequence[int] = range(len(the_set.pictures))
    as_probe = every if the_set.listed is None else sorted(set(the_set.listed.probe.tolist()))
    as_reference = every if the_set.listed is None else sorted(set(the_set.listed.reference.tolist()))
    alike = how is Degradation.NONE
    probe_work = sorted({*as_probe, *as_reference}) if alike else as_probe
    works = [TemplateWork(the_set.pictures[index], TemplateRole.PROBE, Degradation.NONE) for index in probe_work]
    if not alike:
        works += [TemplateWork(the_set.pictures[index], TemplateRole.REFERENCE, how) for index in as_reference]
    with work_file(arguments, WORK_FILE, f"Templates of {the_set.n_people} people, which are personal data,") as held:
        results = make_templates(works, model, arguments.models or MODELS_DIR, jobs_of(arguments), held)
    probes = dict(zip(probe_work, results, strict=False))
    references = probes if alike else dict(zip(as_reference, results[len(probe_work) :], strict=True))
    return probes, references


@contextlib.contextmanager
def work_file(arguments: argparse.Namespace, name: str, what: str) -> "Iterator[WorkFile | None]":
    """The file in the work folder that the caller named, after saying so; None without one."""
    from kiosk.admin.evaluate_work import WorkFile

    if arguments.work is None:
        yield None
        return
    with WorkFile(arguments.work, name, keep=arguments.keep) as held:
        print(f"{what} are written to {arguments.work} meanwhile.", file=sys.stderr)
        yield held


def run_pad(arguments: argparse.Namespace) -> int:
    """Judge every recording and write the reports."""
    from kiosk.admin.evaluate_pad import evaluate_recordings, find_recordings, pad_bars, pad_report
    from kiosk.admin.evaluate_plots import draw_species
    from kiosk.admin.evaluate_recordings import WORK_FILE, Pace
    from kiosk.admin.evaluate_report import pad_lines, write_report
    from kiosk.vision.photograph import printable

    demand_fitting(arguments)
    if not 0.1 <= arguments.fps <= 240 or not 0.1 <= arguments.seconds <= 600:
        raise SettingsError("--fps must lie between 0.1 and 240, --seconds between 0.1 and 600.")
    recordings = find_recordings(arguments.root)
    prepare_out(arguments.out, arguments.root)
    pace = Pace(arguments.fps, arguments.seconds)
    with work_file(arguments, WORK_FILE, "What the layers say of each recording") as held:
        judged = evaluate_recordings(recordings, pace, arguments.models, jobs_of(arguments), held)
    report = pad_report(printable(Path(arguments.root.name or arguments.root)), judged)
    report |= {"made_on": _today(), "plot": "pad.png"}
    subtitle = f"called an attack where a judged layer failed · judged: {', '.join(report['layers_judged'])}"
    draw_species(arguments.out / "pad.png", f"Attack detection on {report['set']}", subtitle, pad_bars(report))
    write_report(arguments.out, report, pad_lines(report))
    _print_pad(report, arguments.out)
    return 0


def template_model(model_id: str | None) -> "Model":
    """The face template model of this id, or the one in use; raise `ModelNotInstalledError`."""
    from kiosk.vision.installed_models import load_models, using

    manifest = load_models()
    return (manifest if model_id is None else using(manifest, model_id)).template_model_in_use


def demand_fitting(arguments: argparse.Namespace) -> None:
    """Raise `SettingsError` for options that say nothing without another."""
    if arguments.keep and arguments.work is None:
        raise SettingsError("--keep belongs to --work; give both.")


def prepare_out(folder: Path, root: Path) -> None:
    """Make the folder before minutes go into figures that could not be saved; raise `SettingsError`."""
    if root.is_dir() and folder.resolve().is_relative_to(root.resolve()):
        raise SettingsError(f"{folder} lies in {root}, where its pictures would be evaluated; name another with --out.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        trial = folder / ".writable"
        trial.touch()
        trial.unlink()
        for report in _REPORTS:
            if (folder / report).exists():
                (folder / report).open("ab").close()
    except OSError as error:
        raise SettingsError(f"{folder} cannot be written: {error.strerror}; name another folder with --out.") from error


def jobs_of(arguments: argparse.Namespace) -> int:
    from kiosk.admin.evaluate_progress import cores

    return arguments.jobs or cores()


def _jobs(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 64:
        raise argparse.ArgumentTypeError("give 1 to 64 processes")
    return int(text)


def _today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def _shown(picture: Path, root: Path) -> str:
    """A picture's name as the report has it: below ROOT, and safe to print."""
    from kiosk.vision.photograph import printable

    base = root if root.is_dir() else root.parent
    return printable(picture.relative_to(base) if picture.is_relative_to(base) else picture)


def _print_matching(report: dict[str, Any], out: Path) -> None:
    print(
        f"{report['model']} on {report['set']}: {report['n_people']} people, {report['n_genuine']:,} genuine and "
        f"{report['n_impostor']:,} impostor comparisons, {report['n_not_acquired']} pictures not acquired"
    )
    for point in report["operating_points"]:
        if point["threshold"] is None:
            continue
        whose = f"the {point['threshold_from']}'s threshold"
        if point["threshold_from"] == "set" and not point["enough_impostor_pairs"]:
            whose = f"a bound only: a threshold takes {point['impostor_pairs_needed']:,} impostor pairs"
        print(f"  for FMR {point['fmr_target']:g} at {point['threshold']:.4f} ({whose})")
        print(f"    FMR  {point['fmr_words']}")
        print(f"    FNMR {point['fnmr_words']}")
    print(f"Reports are in {out}.")


def _print_pad(report: dict[str, Any], out: Path) -> None:
    worst = report["worst_species"]
    if worst is not None:
        print(f"worst species: {worst}, APCER {report['species'][worst]['words']}")
    print(f"BPCER at the same threshold: {report['bpcer_words']}")
    for name, part in {"bona fide": report["bona_fide"], **report["species"]}.items():
        print(f"  {name}: {part['n_recordings']} recordings, {part['n_non_response']} without a face, "
              f"{part['n_unreadable']} unreadable, {part['words']}")  # fmt: skip
    print(f"Reports are in {out}.")
