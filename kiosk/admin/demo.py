"""`kiosk demo`: a simulated customer walks through a whole visit, with real processes, store, TLS line and receiver."""

import argparse
import os
import signal
import sys
import time
from pathlib import Path

from hardware.simulated.species import AttackSpecies
from kiosk.errors import SettingsError

_EPILOG = """\
examples:
  kiosk demo                                   a genuine customer; the teller confirms (account class I)
  kiosk demo --subject impostor                another person's document: referred to the teller, who refuses
  kiosk demo --subject screen_replay           an attack presentation: referred, with what was noticed, and refused
  kiosk demo --account-class II --language zh  no teller needed; in Chinese
  kiosk demo --customer declines-face          the complete route without the face
  kiosk demo --customer chooses-gently         no turns, no coloured light: the teller confirms in any account class
  kiosk demo --customer own-data               comes back with the slip: sees, takes along and erases their own record
  kiosk demo --by-hand                         you are the teller, who opens the terminal, and the customer

By hand, the teller's console is behind the empty corner at the top right of the screen (hold it, or Ctrl+Shift+T);
sign in as 1042, PIN 264913.

Where there is no display, or with --headless, it runs off screen. Pictures of every screen, a summary and the logs
are left in --out.
"""
SUBJECTS = ("genuine", "impostor", *AttackSpecies)
_SUBJECT_HELP = (
    "who or what is before the camera: genuine, impostor (another person's document), or an attack presentation in the "
    f"name of the document's holder: {', '.join(AttackSpecies)} (%(default)s)"
)
CUSTOMERS = ("agrees", "chooses-gently", "refuses-consent", "declines-face", "own-data", "cancels", "walks-away")


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "demo",
        help="a simulated customer walks through a whole visit",
        description="Run one visit with a simulated customer, teller and bank. Says on every screen that it is a demo.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--subject", choices=SUBJECTS, default="genuine", metavar="WHO", help=_SUBJECT_HELP)
    parser.add_argument(
        "--capture",
        type=Path,
        metavar="FILE",
        help="a clip or a folder of pictures as the face camera, over and over: taken for the recording that it is",
    )
    parser.add_argument(
        "--capture-once", action="store_true", help="let the capture end, as a camera does that is unplugged"
    )
    parser.add_argument("--document", type=Path, metavar="FILE", help="a picture as the document camera's view")
    parser.add_argument("--document-kind", choices=["td1", "td2", "td3"], default="td3", help="specimen to draw")
    parser.add_argument("--customer", choices=CUSTOMERS, default="agrees", help="what the customer does")
    parser.add_argument(
        "--teller", choices=["auto", "confirm", "refuse", "close"], default="auto", help="the teller's act"
    )
    parser.add_argument("--language", choices=["en", "zh"], default="en")
    parser.add_argument("--account-class", choices=["I", "II", "III"], default="I")
    parser.add_argument("--size", default="1920x1080", help="screen size off screen, 1920x1080 or 1080x1920")
    parser.add_argument("--headless", action="store_true", help="run off screen even where there is a display")
    parser.add_argument("--by-hand", action="store_true", help="no simulated customer: you press the buttons")
    parser.add_argument(
        "--out", type=Path, default=Path("demo-out"), help="where pictures and summary go (%(default)s)"
    )
    parser.add_argument("--no-pictures", action="store_true", help="save no picture of the screens")
    parser.add_argument("--keep", action="store_true", help="keep the demo's kiosk and receiver folders in --out too")
    parser.add_argument(
        "--timeout", type=_seconds, default=180.0, metavar="S", help="give up after this time (%(default)s)"
    )
    parser.set_defaults(run=run)


def _seconds(word: str) -> float:
    """A time to wait, for argparse."""
    seconds = float(word)
    if not 1 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{word} is no time to wait; give 1 to 86400 seconds")
    return seconds


def run(arguments: argparse.Namespace) -> int:
    from kiosk.admin.demo_visit import DemoVisit

    if arguments.headless or not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        if arguments.by_hand:
            raise SettingsError("There is no display, so nobody could press a button; leave out --by-hand.")
    # Told to end, it leaves nothing behind: the same way out as Ctrl-C.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    began = time.monotonic()
    with DemoVisit(arguments) as visit:
        result = visit.run(lambda line: print(f"{time.monotonic() - began:6.1f} s  {line}", flush=True))
    _print_summary(result, arguments.out)
    return 0 if result["ended_as_planned"] else 1


def _print_summary(result: dict[str, object], out: Path) -> None:
    print()
    for name, value in result.items():
        if name == "figures" or value in ([], None):
            continue  # figures are for programs: they stand in summary.json
        print(f"{name.replace('_', ' '):>24}: {', '.join(value) if isinstance(value, list) else value}")
    print(f"{'left in':>24}: {out}")
    sys.stdout.flush()
