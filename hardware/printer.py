"""Prints the customer's slip as plain text: on a CUPS queue, into a folder, or not at all.

Knows nothing of what the slip says and keeps no copy of what went to a printer.
"""

import itertools
import subprocess
from pathlib import Path
from typing import Protocol

from hardware.errors import HardwareError

_PRINT_TIMEOUT_S = 15.0


class PrinterError(HardwareError):
    """The slip could not be printed."""


class Printer(Protocol):
    """Something that takes a page of text."""

    def print_text(self, title: str, text: str) -> None:
        """Print one page; raise `PrinterError` when it cannot be handed over."""


class NoPrinter:
    """A terminal without a printer: the slip is on the screen only."""

    def print_text(self, title: str, text: str) -> None:
        pass


class FilePrinter:
    """Writes each page as a text file of its own, `slip-0001.txt` and on; for demo and tests."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def print_text(self, title: str, text: str) -> None:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for number in itertools.count(1):
                try:
                    with (self._folder / f"slip-{number:04d}.txt").open("x", encoding="utf-8") as file:
                        file.write(f"{title}\n\n{text}\n")
                    return
                except FileExistsError:
                    continue
        except OSError as error:
            raise PrinterError(f"The slip cannot be written to {self._folder}: {error.strerror}.") from error


class CupsPrinter:
    """Hands each page to the `lp` command of CUPS, which reaches its server through a local socket."""

    def __init__(self, queue: str, command: str = "lp") -> None:
        """Take the name of a queue as `lpstat -e` lists it; raise `PrinterError` for what cannot be one."""
        if not queue or queue.startswith("-") or not queue.isprintable() or any(c in " /#" for c in queue):
            raise PrinterError(f"{queue!r} is no printer; lpstat -e lists those of this terminal.")
        self._queue = queue
        self._command = command

    def print_text(self, title: str, text: str) -> None:
        # Not a shell, and the text goes through a pipe: it never appears in a list of processes or on a disk of ours.
        order = [self._command, "-d", self._queue, "-t", title.replace("\n", " "), "-"]
        try:
            subprocess.run(order, input=text.encode(), capture_output=True, check=True, timeout=_PRINT_TIMEOUT_S)
        except FileNotFoundError as error:
            raise PrinterError("The lp command is missing; install the package cups-client.") from error
        except subprocess.TimeoutExpired as error:
            raise PrinterError(f"The printer {self._queue} did not take the slip in {_PRINT_TIMEOUT_S:g} s.") from error
        except (subprocess.CalledProcessError, OSError) as error:
            raise PrinterError(
                f"The printer {self._queue} did not take the slip; see lpstat -p {self._queue}."
            ) from error


def open_printer(address: str) -> Printer:
    """Return the printer of an address: empty for none, `file:FOLDER`, or `cups:QUEUE`."""
    kind, _, rest = address.partition(":")
    match kind:
        case "":
            return NoPrinter()
        case "file" if rest:
            return FilePrinter(Path(rest))
        case "cups":
            return CupsPrinter(rest)
        case _:
            raise PrinterError(f"{address!r} is no printer; write cups:QUEUE, file:FOLDER, or nothing.")
