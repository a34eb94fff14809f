"""`kiosk bench`: measures this machine against the figures of the design. Never a test: machines differ."""

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

GROUPS = ("vision", "store", "visit")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table."""

    what: str
    target: float
    measured: float | None
    unit: str
    at_least: bool = False
    """True where more is better (frames a second)."""

    @property
    def met(self) -> bool | None:
        if self.measured is None:
            return None
        return self.measured >= self.target if self.at_least else self.measured <= self.target


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "bench",
        help="measure this machine against the figures of the design",
        description="Measure vision, store and a whole headless visit; print a table and save it as JSON.",
        epilog="example: kiosk bench --only vision store --json figures.json   (a whole run takes about two minutes)",
    )
    parser.add_argument("--only", nargs="+", choices=GROUPS, default=list(GROUPS), help="measure these groups only")
    parser.add_argument("--json", type=Path, default=Path("bench.json"), help="where the figures go (%(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    measure: dict[str, Callable[[], Iterator[Figure]]] = {"vision": _vision, "store": _store, "visit": _visit}
    figures = []
    for group in GROUPS:
        if group in arguments.only:
            print(f"measuring {group} …", flush=True)
            figures += list(measure[group]())
    _print_table(figures)
    report = {"machine": machine(), "figures": [asdict(figure) | {"met": figure.met} for figure in figures]}
    arguments.json.write_text(json.dumps(report, indent=1), encoding="utf-8")
    print(f"saved as {arguments.json}")
    return 0


def machine() -> str:
    """Processor, cores and memory in a few words."""
    import psutil

    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_gib = psutil.virtual_memory().total / 2**30
    return f"{model}, {psutil.cpu_count()} cores, {memory_gib:.0f} GiB, Python {platform.python_version()}"


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
    from kiosk.admin.specimen import SpecimenKind, demo_data, demo_portrait, render_specimen
    from kiosk.verification.comparison import TemplateRole, compare
    from kiosk.verification.quality import assess
    from kiosk.vision.document_page import DocumentPageReader
    from kiosk.vision.face_landmarker import FaceLandmarker
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

    landmarker = FaceLandmarker()
    turn = iter(frames * 20)
    observe_s = median_s(lambda: assess(landmarker.observe(next(turn))), 150)
    yield Figure("observe and assess quality, a frame", 15, 1e3 * observe_s, "ms")

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
    from kiosk.admin.bench_store import StoreBench

    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as folder:
        bench = StoreBench(Path(folder))
        commits = bench.commit_times_s(300)
        yield Figure("a committed verdict, durable", 10, 1e3 * statistics.median(commits), "ms")
        yield Figure("a committed verdict, durable (99th percentile)", 10, 1e3 * quantile(commits, 0.99), "ms")
        yield Figure("SQLCipher against plain SQLite, a durable row", 2, bench.cipher_ratio(300), "times")
        yield Figure("open the store", 1, bench.open_time_s(), "s")


def _visit() -> Iterator[Figure]:
    from kiosk.admin.bench_visit import measure_visit

    measured = measure_visit()

    def ms(name: str) -> float | None:
        return None if measured[name] is None else 1e3 * measured[name]

    yield Figure("preview at 1280x720", 30, measured["preview_frames_per_s"], "frames/s", at_least=True)
    yield Figure("preview, capture to paint (median)", 50, ms("preview_age_median_s"), "ms")
    yield Figure("preview, capture to paint (95th percentile)", 50, ms("preview_age_p95_s"), "ms")
    yield Figure("last challenge to decision", 500, ms("decision_s"), "ms")
    yield Figure("screen thread blocked (99.9th percentile)", 50, ms("screen_thread_blocked_p999_s"), "ms")
    yield Figure("start to the welcome screen, warm", 3, measured["welcome_s"], "s")
    yield Figure("start until a visit may begin, warm", 10, measured["ready_s"], "s")
    yield Figure("memory, all processes, at most", 900, measured["memory_mib"], "MiB")
    yield Figure("waiting for the machine, whole visit", 10, measured["waiting_s"], "s")


def quantile(values: Sequence[float], share: float) -> float:
    """The value that this share of the values does not exceed."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def _print_table(figures: list[Figure]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=machine())
    for heading, justify in (("figure", "left"), ("measured", "right"), ("to reach", "right"), ("", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for figure in figures:
        measured = "not measured" if figure.measured is None else f"{figure.measured:.3g} {figure.unit}"
        sign = "≥" if figure.at_least else "≤"
        reached = {True: "reached", False: "missed", None: ""}[figure.met]
        table.add_row(figure.what, measured, f"{sign} {figure.target:g} {figure.unit}", reached)
    Console().print(table)
