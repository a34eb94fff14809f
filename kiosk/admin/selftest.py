"""`kiosk selftest`: long tests of the whole program, for developers and acceptance.

`crash` kills what works on a store at random instants, while it serves visits, is made, backed up, re-keyed or erased
from, and `kiosk keys rotate` with the announcement of its key, and looks at the store after each kill. Then it serves
one simulated customer after the other while eyes, reader, courier, desk and the receiver are killed with SIGKILL;
afterwards every committed verdict must have reached the receiver exactly once. The launcher is not killed: all others
end with it.

`audit` changes an audit trail at random places and has each change found.

`attacks` rehearses every simulated attack presentation and bona fide subjects on a simulated clock: no attack may be
accepted by the full policy. `layers` shows each of them a turn to both sides and the light, whatever it answers, and
counts what every layer alone would let pass. One renderer and two portraits: regression results, never an APCER or a
BPCER.
"""

import argparse
import json
import random
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kiosk.admin.attack_run import Run, Way

_EPILOG = """examples:
  kiosk selftest crash                             2,000 kills, about half an hour
  kiosk selftest crash --store-kills 0 --kills 100 --seed 1    whole processes alone, about four minutes
  kiosk selftest audit --mutations 10000           about a minute
  kiosk selftest attacks --runs 200                about two hours on two cores; goes on where it was stopped
  kiosk selftest attacks --runs 20 --only mask print bona_fide
"""
MOST_BONA_FIDE_NOT_ACCEPTED = 0.03
"""Of visits with up to three attempts."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "selftest",
        help="prove that nothing is lost in a crash, and that no simulated attack is accepted",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["crash", "audit", "attacks", "layers"])
    parser.add_argument(
        "--kills", type=int, default=200, help="crash: how many of a kiosk's processes to kill (%(default)s)"
    )
    parser.add_argument(
        "--store-kills", type=int, default=1800, help="crash: how many kills in the store's own work before"
    )
    parser.add_argument("--mutations", type=int, default=10_000, help="audit: how many changes (%(default)s)")
    parser.add_argument(
        "--seed", type=int, default=None, help="crash, audit: repeat the random choices of an earlier run"
    )
    parser.add_argument("--runs", type=int, default=200, help="attacks, layers: runs of each subject (%(default)s)")
    parser.add_argument("--only", nargs="+", metavar="SUBJECT", help="attacks, layers: bona_fide, print … (all)")
    parser.add_argument("--jobs", type=int, default=2, help="attacks, layers: processes at once (%(default)s)")
    parser.add_argument("--out", type=Path, default=Path("selftest-out"), help="logs and report (%(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    match arguments.what:
        case "crash":
            return _crash(arguments)
        case "audit":
            return _mutate(arguments)
        case _:
            return _rehearse(arguments)


def _mutate(arguments: argparse.Namespace) -> int:
    from rich.progress import track

    from kiosk.admin.audit_mutations import specimen, survivors

    seed = random.randrange(2**32) if arguments.seed is None else arguments.seed  # noqa: S311 (nothing secret)
    whole = specimen(entries=1000, forgotten=50, checkpoint_every=100)
    batches = [min(100, arguments.mutations - done) for done in range(0, arguments.mutations, 100)]
    unnoticed = [
        fault
        for number, count in enumerate(track(batches, description="changes"))
        for fault in survivors(whole, count, seed + number)
    ]
    print(f"Seed {seed}: {arguments.mutations} changes to a trail of 1000 entries, {len(unnoticed)} not noticed.")
    for fault in unnoticed:
        print(fault, file=sys.stderr)
    return 1 if unnoticed else 0


def _crash(arguments: argparse.Namespace) -> int:
    from kiosk.admin.crash_run import CrashRun

    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2**31)
    print(f"seed {seed}", flush=True)
    faults = _kill_at_the_store(arguments.store_kills, seed)
    if faults or not arguments.kills:
        return 1 if faults else 0
    with CrashRun(arguments.out, seed) as crash:
        report = crash.run(arguments.kills, lambda line: print(line, flush=True))
    print(f"kills: {report.kills}")
    print(f"verdicts committed: {report.committed}, received: {report.received}")
    for fault in report.faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    print("nothing was lost or doubled" if not report.faults else f"{len(report.faults)} faults")
    return 0 if not report.faults else 1


def _kill_at_the_store(kills: int, seed: int) -> list[str]:
    import tempfile

    from kiosk.admin.store_crash_run import StoreCrashRun

    with tempfile.TemporaryDirectory(prefix="kiosk-crash-") as folder:
        report = StoreCrashRun(Path(folder), seed).run(kills, lambda line: print(line, flush=True))
        rotated = _kill_rotations(Path(folder), kills // 10, seed)
    print(f"kills at the store: {dict(report.kills)}")
    print(f"verdicts committed: {report.committed}, records erased: {report.erased}, re-keyings: {report.rotations}")
    for fault in (*report.faults, *rotated):
        print(f"FAULT: {fault}", file=sys.stderr)
    return [*report.faults, *rotated]


def _kill_rotations(folder: Path, kills: int, seed: int) -> list[str]:
    """`kiosk keys rotate` itself, the signing key and its announcement included."""
    from kiosk.admin.rotation_kills import make_kiosk_to_kill, rotation_kills

    kiosk = folder / "kiosk"
    kiosk.mkdir(mode=0o700)
    make_kiosk_to_kill(kiosk)
    report = rotation_kills(kiosk, kills, seed, lambda line: print(line, flush=True))
    print(f"kills inside `kiosk keys rotate`: {kills}")
    return list(report.faults)


def _rehearse(arguments: argparse.Namespace) -> int:
    import msgspec

    from kiosk.admin.attack_run import Way, alone, rehearse_all, summary

    way = Way.ALONE if arguments.what == "layers" else Way.VISIT
    results = rehearse_all(planned_runs(arguments.only, arguments.runs, way), arguments.jobs, arguments.out)
    report = arguments.out / f"{arguments.what}.json"
    report.with_suffix(".jsonl").write_bytes(msgspec.json.Encoder().encode_lines(results))
    if way is Way.ALONE:
        rows = alone(results)
        _print_table("runs that each layer alone let pass", rows)
        report.write_text(json.dumps(rows, indent=1), encoding="utf-8")
        return 0
    whole = summary(results)
    rows = {
        name: {"runs": row["runs"], "accepted": row["accepted"]} | row["not_passed"]
        for name, row in whole["subjects"].items()
    }
    _print_table("right of `accepted`: runs that this layer did not pass", rows)
    report.write_text(json.dumps(whole, indent=1), encoding="utf-8")
    faults = _faults(whole)
    for fault in faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    return 1 if faults else 0


def planned_runs(only: Sequence[str] | None, count: int, way: "Way") -> "list[Run]":
    """Seed by seed, so that what is stopped has seen every subject; attacks have one attempt a run, visits three."""
    from kiosk.admin.attack_run import BONA_FIDE, SUBJECTS, Run
    from kiosk.errors import SettingsError

    unknown = sorted(set(only or ()) - set(SUBJECTS))
    if unknown:
        raise SettingsError(f"There is no subject called {unknown[0]!r}; choose among {', '.join(SUBJECTS)}.")
    chosen = [subject for subject in SUBJECTS if only is None or subject in only]
    return [Run(name, seed, 3 if name == BONA_FIDE else 1, way) for seed in range(count) for name in chosen]


def _faults(counted: dict[str, Any]) -> list[str]:
    """What may not be."""
    faults = []
    for subject, row in counted["subjects"].items():
        refused = row["runs"] - row["accepted"]
        if subject == "bona_fide" and refused > MOST_BONA_FIDE_NOT_ACCEPTED * row["runs"]:
            faults.append(f"{refused} of {row['runs']} bona fide visits were not accepted")
        if subject != "bona_fide" and row["accepted"]:
            faults.append(f"{row['accepted']} of {row['runs']} presentations of {subject} were accepted")
    return faults


def _print_table(caption: str, rows: dict[str, dict[str, int]]) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title="people: 2, one renderer: regression results", caption=caption)
    for heading in ("subject", *next(iter(rows.values()), {})):
        table.add_column(heading, justify="left" if heading == "subject" else "right")
    for subject, row in rows.items():
        table.add_row(subject, *map(str, row.values()))
    Console().print(table)
