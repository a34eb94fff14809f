"""Printing a slip: into a folder, through a command like CUPS's `lp`, or not at all."""

from pathlib import Path

import pytest

from hardware.printer import CupsPrinter, FilePrinter, NoPrinter, PrinterError, open_printer


def lp(folder: Path, script: str) -> str:
    """A command that stands for `lp`."""
    command = folder / "lp"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)
    return str(command)


def test_each_slip_becomes_a_file_of_its_own(tmp_path: Path) -> None:
    printer = FilePrinter(tmp_path / "slips")
    printer.print_text("Receipt", "first ✓")
    FilePrinter(tmp_path / "slips").print_text("Receipt", "second 收据")
    texts = [path.read_text(encoding="utf-8") for path in sorted((tmp_path / "slips").iterdir())]
    assert texts == ["Receipt\n\nfirst ✓\n", "Receipt\n\nsecond 收据\n"]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(PrinterError, match="cannot be written"):
        FilePrinter(tmp_path / "file").print_text("Receipt", "text")


def test_cups_gets_the_text_through_a_pipe_and_the_queue_by_name(tmp_path: Path) -> None:
    command = lp(tmp_path, f'echo "$@" > {tmp_path}/order; cat > {tmp_path}/page')
    CupsPrinter("front-desk", command).print_text("Your\nslip", "text 收据")
    assert (tmp_path / "order").read_text() == "-d front-desk -t Your slip -\n"
    assert (tmp_path / "page").read_text(encoding="utf-8") == "text 收据"


def test_a_printer_that_refuses_and_a_missing_command_are_named(tmp_path: Path) -> None:
    with pytest.raises(PrinterError, match="front-desk did not take"):
        CupsPrinter("front-desk", lp(tmp_path, "cat > /dev/null; exit 1")).print_text("Slip", "text")
    with pytest.raises(PrinterError, match="cups-client"):
        CupsPrinter("front-desk", str(tmp_path / "missing")).print_text("Slip", "text")


@pytest.mark.parametrize("address", ["cups:", "cups:-o raw", "cups:a b", "file:", "usb:1", "front-desk"])
def test_what_is_no_printer_is_refused(address: str) -> None:
    with pytest.raises(PrinterError, match="is no printer"):
        open_printer(address)


def test_addresses_name_the_printer(tmp_path: Path) -> None:
    assert isinstance(open_printer(""), NoPrinter)
    assert isinstance(open_printer(f"file:{tmp_path}"), FilePrinter)
    assert isinstance(open_printer("cups:front-desk"), CupsPrinter)
    open_printer("").print_text("Slip", "goes nowhere")
    assert list(tmp_path.iterdir()) == []
