"""`kiosk bench`: measures this machine against the figures of the design. Never a test: machines differ."""

import argparse
import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.errors import SettingsError

if TYPE_CHECKING:
    from kiosk.admin.bench_machine import Business

GROUPS = ("vision", "store", "visit")
_EPILOG = """what is measured (two cores; a busy machine takes longer):
  vision   about 15 s  a rendered frame, a frame observed and judged, a face template, two photographs compared, a
                       document page read
  store    about 2 min a committed yes with its record, what the encryption costs (against the same store on plain
                       SQLite, under the same settings), and a store of 100,000 applications, 10,000 of them due
  visit    about 25 s  one simulated visit with real processes: preview, screen thread, decision, start, memory

Medians, unless a line says otherwise. Nothing is judged but the figures that the design names. Leave the machine alone
meanwhile: below the table stands how much other programs took of it, and whether that still was quiet.
The temporary folder (TMPDIR) must lie on a disk: in memory nothing is durable, and durable is what the store measures.

examples:
  kiosk bench                                everything
  kiosk bench store                          the store alone
  kiosk bench vision store --json figures.json"""


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    target: float | None
    """None where the design names none: such a line tells more of the one above it."""
    measured: float | None
    unit: str
    at_least: bool = False
    """True where more is better (frames a second)."""

    @property
    def met(self) -> bool | None:
        if self.measured is None or self.target is None:
            return None
        return self.measured >= self.target if self.at_least else self.measured <= self.target


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "bench",
        help="measure this machine against the figures of the design",
        description="Measure vision, store and a whole headless visit; print a table and save it as JSON.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("groups", nargs="*", metavar="GROUP", help=f"of {', '.join(GROUPS)}; none: all of them")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the figures go (%(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from kiosk.admin.bench_machine import ProcessorTime, business, cores, machine

    _demand_writable(arguments.json)
    measure: dict[str, Callable[[], Iterator[Figure]]] = {"vision": _vision, "store": _store, "visit": _visit}
    groups = _groups(arguments.groups)
    figures = []
    before = ProcessorTime.read()
    for group in GROUPS:
        if group in groups:
            print(f"measuring {group} …", flush=True)
            figures += list(measure[group]())
    meanwhile = business(before, ProcessorTime.read(), cores())
    remarks = _remarks(meanwhile, "store" in groups)
    _print_table(machine(), figures)
    print(*remarks, sep="\n")
    report = {
        "machine": machine(),
        "quiet": meanwhile.quiet,
        "meanwhile": asdict(meanwhile),
        "remarks": remarks,
        "figures": [asdict(figure) | {"met": figure.met} for figure in figures],
    }
    arguments.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"saved as {arguments.json}")
    return 0


def _groups(named: list[str]) -> list[str]:
    """What to measure; raise `SettingsError` for a group that there is not."""
    unknown = [group for group in named if group not in GROUPS]
    if unknown:
        raise SettingsError(f"There is no group {unknown[0]!r}; choose among {', '.join(GROUPS)}.")
    return named or list(GROUPS)


def _demand_writable(path: Path) -> None:
    """Raise `OSError` before minutes go into figures that could not be saved; what stands there stays for now."""
    there = path.exists()
    path.open("ab").close()
    if not there:
        path.unlink()


def _remarks(meanwhile: "Business", store_measured: bool) -> list[str]:
    from kiosk.admin.bench_machine import temporary_files_in_memory

    in_memory = "The temporary folder lies in memory: the store's figures are not those of a disk; set TMPDIR to one."
    return [meanwhile.sentence(), *([in_memory] if store_measured and temporary_files_in_memory() else [])]


def median_s(act: Callable[[], object], rounds: int, warm_up: int = 3) -> float:
    """Median time of an act in seconds."""
    for _ in range(warm_up):
        act()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def _vision() -> Iterator[Figure]:
    from hardware.camera import Frame
    from hardware.simulated.pose import FacePose
    from hardware.simulated.renderer import SubjectRenderer
    from kiosk.admin.bench_analysis import analysis_times_s
    from kiosk.admin.specimen import SpecimenKind, demo_data, demo_portrait, render_specimen
    from kiosk.verification.comparison import TemplateRole, compare
    from kiosk.vision.document_page import DocumentPageReader
    from kiosk.vision.face_template import load_face_template_extractor
    from kiosk.vision.models import MODELS_DIR, load_manifest
    from kiosk.vision.still_faces import find_faces

    portrait = demo_portrait("astronaut")
    renderer = SubjectRenderer(portrait, find_faces(portrait)[0].landmarks)
    poses = [FacePose(yaw_deg=yaw) for yaw in range(-10, 11, 2)]
    frames = [Frame(renderer.render(pose, 1), number / 30, number) for number, pose in enumerate(poses)]
    seeds = iter(range(1000))
    render_s = median_s(lambda: renderer.render(poses[next(seeds) % len(poses)], 1), 60)
    yield Figure("simulated capture subject, a frame at 1280x720", 30, 1e3 * render_s, "ms")

    for what, seconds in analysis_times_s(poses, renderer).items():
        yield Figure(what, 15 if what.endswith("(median)") else None, 1e3 * seconds, "ms")

    extractor = load_face_template_extractor(load_manifest(), MODELS_DIR)
    crop = extractor.align(frames[5].pixels, find_faces(frames[5].pixels)[0].landmarks)
    template_s = median_s(lambda: extractor.template_of_crops([crop], TemplateRole.PROBE), 60)
    yield Figure("template of one face, with its mirror image", 10, 1e3 * template_s, "ms")

    def one_to_one() -> object:
        probe = extractor.extract_photograph(frames[4].pixels, TemplateRole.PROBE)
        return compare(probe.template, extractor.extract_photograph(portrait, TemplateRole.REFERENCE).template)

    yield Figure("whole 1:1 comparison of two photographs, warm", 60, 1e3 * median_s(one_to_one, 20), "ms")

    today = datetime.now(UTC).date()
    page = render_specimen(SpecimenKind.TD3, demo_data("astronaut", today), portrait, seed=7)
    reader = DocumentPageReader()
    reader.warm_up()
    page_s = median_s(lambda: reader.read(page, today, 18), 8, warm_up=1)
    yield Figure("read a document page, warm", 1500, 1e3 * page_s, "ms")


def _store() -> Iterator[Figure]:
    from kiosk.admin.bench_large_store import LargeStoreBench
    from kiosk.admin.bench_store import StoreBench
    from kiosk.runtime.meter import quantile

    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as folder:
        bench = StoreBench(Path(folder))
        yeses = bench.yes_times_s(300)
        yield Figure("a committed yes with its record, durable (median)", 10, _ms(statistics.median(yeses)), "ms")
        yield Figure("a committed yes with its record, durable (99th percentile)", 10, _ms(quantile(yeses, 0.99)), "ms")
        yield Figure("a durable row, encrypted against plain SQLite", 2, bench.row_ratio(300), "times")
        yield Figure("a visit's whole store time, more than plain SQLite", 15, bench.visit_surplus(200), "%")
        yield Figure("open the store, 300 visits in it", 1, bench.open_time_s(), "s")
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as folder:
        large = LargeStoreBench(Path(folder))
        large.fill()
        yield Figure("open a store of 100,000 applications", 1, large.open_time_s(), "s")
        erased = large.erasure_times()
        yield Figure("erase 10,000 due records with all that belongs to them", 30, erased.whole_s, "s")
        yield Figure("the longest that a session waits meanwhile", 50, _ms(erased.longest_call_s), "ms")


def _visit() -> Iterator[Figure]:
    from kiosk.admin.bench_visit import measure_visit

    measured = measure_visit()

    def ms(name: str) -> float | None:
        return _ms(measured[name])

    yield Figure("preview at 1280x720", 30, measured["preview_frames_per_s"], "frames/s", at_least=True)
    yield Figure("preview, longest time one frame stood", None, ms("preview_longest_gap_s"), "ms")
    yield Figure("preview, capture to painted (median)", 50, ms("preview_age_median_s"), "ms")
    yield Figure("preview, capture to painted (95th percentile)", 50, ms("preview_age_p95_s"), "ms")
    yield Figure("last frame of the challenge to decision", 500, ms("decision_s"), "ms")
    yield Figure("screen thread blocked (99.9th percentile of the time)", 50, ms("screen_thread_blocked_p999_s"), "ms")
    yield Figure("screen thread blocked, longest", None, ms("screen_thread_blocked_max_s"), "ms")
    yield Figure("start to the welcome screen, warm", 3, measured["welcome_s"], "s")
    yield Figure("start until a visit may begin, warm", 10, measured["ready_s"], "s")
    yield Figure("memory, all processes, most seen", 900, measured["memory_mb"], "MB")
    yield Figure("waiting for the machine, whole visit", 10, measured["waiting_s"], "s")


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else 1e3 * seconds


def _print_table(title: str, figures: list[Figure]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title)
    for heading, justify in (("figure", "left"), ("measured", "right"), ("to reach", "right"), ("", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for figure in figures:
        measured = "not measured" if figure.measured is None else f"{figure.measured:.3g} {figure.unit}"
        sign = "≥" if figure.at_least else "≤"
        target = "" if figure.target is None else f"{sign} {figure.target:g} {figure.unit}"
        reached = {True: "reached", False: "missed", None: ""}[figure.met]
        table.add_row(figure.what, measured, target, reached)
    Console().print(table)
