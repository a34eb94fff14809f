"""The `kiosk` command: one subcommand per module of `admin`, each loaded only when it is named."""

import argparse
import importlib
import os
import sys

from kiosk.errors import KioskError

_COMMANDS = {
    "demo": "a simulated customer walks through a whole visit",
    "verify": "compare two photographs",
    "setup": "set this terminal up",
    "teller": "add and list tellers",
    "run": "run the kiosk with the configured cameras",
    "receiver": "the reference receiver: what a bank's end must do",
    "models": "build, check and list the models",
    "specimen": "draw specimen documents for tests and demo",
    "data-list": "what is collected, why, and for how long",
    "screens": "render every screen to pictures",
    "selftest": "kill processes at random and prove that nothing is lost",
    "bench": "measure this machine against the figures of the design",
}
_MODULES = {name: f"kiosk.admin.{name.replace('-', '_')}" for name in _COMMANDS}
_WRONG = 2
_INTERRUPTED = 130
_NOBODY_READS = 141
"""What a shell reports for SIGPIPE."""


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what is wrong is one sentence on stderr and exit code 2."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        code = _run(words)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _drop_output()
        return _NOBODY_READS
    except KeyboardInterrupt:
        print("kiosk: stopped.", file=sys.stderr)
        return _INTERRUPTED
    except Exception as error:
        sentence = _sentence(error)
        if sentence is None:
            raise
        print(f"kiosk: {sentence}", file=sys.stderr)
        return _WRONG


def _run(words: list[str]) -> int:
    parser = _parser(words)
    options = parser.parse_args(words)
    if not hasattr(options, "run"):
        parser.print_help(sys.stderr)
        return _WRONG
    return int(options.run(options))


def _parser(words: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="kiosk",
        description="Account opening at a branch terminal: the face stays here, only a yes or a no leaves.",
        epilog="Begin with `kiosk demo`. Each command explains itself: `kiosk verify --help`.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    # Only what stands first is the command: a file may be called like one.
    named = next((word for word in words if not word.startswith("-")), None)
    for name, summary in _COMMANDS.items():
        if name == named:
            importlib.import_module(_MODULES[name]).add_parser(commands)
        else:
            commands.add_parser(name, help=summary)
    return parser


def _sentence(error: Exception) -> str | None:
    """What to tell IT; None for a mistake of ours, which keeps its traceback."""
    if isinstance(error, KioskError):
        return str(error)
    # `hardware` has errors of its own; it is loaded if one of them is under way, and not for the sake of asking.
    hardware = sys.modules.get("hardware.camera")
    if hardware is not None and isinstance(error, hardware.HardwareError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}."
    return None


def _drop_output() -> None:
    """Nobody reads any more; without this Python would complain once more at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    raise SystemExit(main())
