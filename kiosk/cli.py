"""The `kiosk` command: one subcommand per module of `admin`, each loaded only when it is named."""

import argparse
import contextlib
import errno
import importlib
import io
import json
import os
import sys
import traceback
from pathlib import Path
from typing import NoReturn, TextIO

from kiosk.errors import KioskError

_COMMANDS = {
    "demo": "a simulated customer walks through a whole visit",
    "verify": "compare two photographs",
    "setup": "set this terminal up",
    "teller": "add, list and remove tellers, and give new PINs",
    "run": "run the kiosk with the configured cameras",
    "receiver": "the reference receiver: what a bank's end must do",
    "evaluate": "measure error rates on pictures and recordings",
    "audit": "take the audit trail out, check it, and check a customer's slip",
    "store": "back the store up, put a backup back, and check the store",
    "doctor": "say what is in order on this terminal; --pad tries its camera with attacks",
    "models": "build, install, choose, check and list the models",
    "specimen": "draw specimen documents for tests and demo",
    "keys": "say what locks this kiosk's keys, lock them otherwise, or replace them",
    "data-list": "what is collected, why, and for how long",
    "screens": "render every screen to pictures",
    "selftest": "prove that nothing is lost in a crash, and that no simulated attack is accepted",
    "bench": "measure this machine against the figures of the design",
}
_MODULES = {name: f"kiosk.admin.{name.replace('-', '_')}" for name in _COMMANDS}
_ANSWERS_PROGRAMS = ("verify",)
"""What these print is read by programs: nothing but one outcome or one sentence, and with --json always an object."""
_DEBUG = "KIOSK_DEBUG"
_WRONG = 2
_INTERRUPTED = 130
_OUTPUT_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EBADF)
_NOBODY_READS = 141
"""What a shell reports for SIGPIPE."""


class _UsageError(KioskError):
    """The command line makes no sense."""

    def __init__(self, parser: argparse.ArgumentParser, sentence: str) -> None:
        super().__init__(sentence)
        self.parser = parser


class _Parser(argparse.ArgumentParser):
    """Leaves it to `main` to say what is wrong."""

    def error(self, message: str) -> NoReturn:
        raise _UsageError(self, message)


def main(arguments: list[str] | None = None) -> int:
    """Run one command; what is wrong, whatever it is, is one sentence on stderr and exit code 2."""
    words = sys.argv[1:] if arguments is None else arguments
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter is no reason to fail
    try:
        code = _run(words)
        if sys.stdout is not None:  # started without one
            sys.stdout.flush()
        return code
    except BrokenPipeError:
        _drop(sys.stdout)
        return _NOBODY_READS
    except KeyboardInterrupt:
        _write(sys.stderr, "kiosk: stopped.")
        return _INTERRUPTED
    except _UsageError as error:
        _write(sys.stderr, error.parser.format_usage().rstrip())
        _say(words, f"{error}{_hint(words)}", by=f"{error.parser.prog}: error")
        raise SystemExit(_WRONG) from None
    except Exception as error:
        sentence = _sentence(error)
        if os.environ.get(_DEBUG) or (sentence is None and _named(words) not in _ANSWERS_PROGRAMS):
            _write(sys.stderr, traceback.format_exc().rstrip())
        _say(words, sentence or _unforeseen(error))
        return _WRONG


def _run(words: list[str]) -> int:
    parser = _parser(words)
    options = parser.parse_args(words)
    if not hasattr(options, "run"):
        parser.print_help(sys.stderr)
        return _WRONG
    return int(options.run(options))


def _say(words: list[str], sentence: str, by: str = "kiosk") -> None:
    """Say what is wrong on stderr, and to a program that asked for JSON on stdout as well."""
    _write(sys.stderr, f"{by}: {sentence}")
    as_json = _named(words) in _ANSWERS_PROGRAMS and "--json" in words
    _write(sys.stdout, *([json.dumps({"error": sentence})] if as_json else []))


def _write(stream: TextIO | None, *lines: str) -> None:
    """Write lines and what was not written yet, if that can be: the stream itself may be wrong, or there is none."""
    if stream is None:
        return
    try:
        print(*lines, sep="\n", end="\n" if lines else "", file=stream, flush=True)
    except (OSError, ValueError):
        _drop(stream)


def _hint(words: list[str]) -> str:
    """A file whose name begins like an option."""
    files = [word for word in words if word.startswith("-") and Path(word).exists()]
    return f"; to name a file that begins with a dash, write ./{files[0]}" if files else ""


def _unforeseen(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "There is not enough memory; close other programs, or give smaller files."
    detail = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(".: ")
    return f"A mistake in the kiosk itself ({detail}); run it again with {_DEBUG}=1 to see where, and report it."


def _named(words: list[str]) -> str | None:
    """The command. Only what stands first is it: a file may be called like one."""
    return next((word for word in words if not word.startswith("-")), None)


def _parser(words: list[str]) -> argparse.ArgumentParser:
    parser = _Parser(
        prog="kiosk",
        description="Account opening at a branch terminal: the face stays here, only a yes or a no leaves.",
        epilog="Begin with `kiosk demo`. Each command explains itself: `kiosk verify --help`.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    for name, summary in _COMMANDS.items():
        if name == _named(words):
            importlib.import_module(_MODULES[name]).add_parser(commands)
        else:
            commands.add_parser(name, help=summary)
    return parser


def _sentence(error: Exception) -> str | None:
    """What to tell IT; None for a mistake of ours."""
    if isinstance(error, KioskError):
        return str(error)
    # `hardware` has errors of its own; it is loaded if one of them is under way, and not for the sake of asking.
    hardware = sys.modules.get("hardware.camera")
    if hardware is not None and isinstance(error, hardware.HardwareError):
        return str(error)
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{os.fsdecode(error.filename)} cannot be used: {error.strerror}."
    if isinstance(error, OSError) and error.errno in _OUTPUT_FULL:
        return f"What there is to say cannot be written: {error.strerror}."
    return None


def _drop(stream: TextIO) -> None:
    """Nobody reads any more; without this Python would complain once more at its end."""
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


if __name__ == "__main__":
    raise SystemExit(main())
