"""`kiosk selftest crash`: kills processes of a running kiosk at random and proves that nothing is lost or doubled.

A demo kiosk serves one simulated customer after the other while eyes, reader, courier, desk and the receiver are
killed with SIGKILL. Afterwards every committed verdict must have reached the receiver exactly once.
"""

import argparse
import random
import sys
from pathlib import Path


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "selftest",
        help="kill processes at random and prove that nothing is lost",
        description=__doc__,
        epilog="example: kiosk selftest crash --kills 100 --seed 1   (about four minutes)",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("what", choices=["crash"], help="the only self-test so far")
    parser.add_argument("--kills", type=int, default=100, help="how many processes to kill (%(default)s)")
    parser.add_argument("--seed", type=int, default=None, help="repeat the random choices of an earlier run")
    parser.add_argument("--out", type=Path, default=Path("selftest-out"), help="logs and report (%(default)s)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    from kiosk.admin.crash_run import CrashRun

    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().randrange(2**31)
    print(f"seed {seed}")
    with CrashRun(arguments.out, seed) as crash:
        report = crash.run(arguments.kills, lambda line: print(line, flush=True))
    print(f"kills: {report.kills}")
    print(f"verdicts committed: {report.committed}, received: {report.received}")
    for fault in report.faults:
        print(f"FAULT: {fault}", file=sys.stderr)
    print("nothing was lost or doubled" if not report.faults else f"{len(report.faults)} faults")
    return 0 if not report.faults else 1
