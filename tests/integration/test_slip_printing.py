"""The printed slip: the words of the screen, nothing about the person, and a printer that fails harms nothing."""

import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from PySide6.QtCore import QObject, Signal

from hardware.printer import FilePrinter
from kiosk.runtime.slip_printing import SlipPrinting
from kiosk.runtime.surface import VisitSlip
from kiosk.session.events import Language
from kiosk.session.machine import Phase
from kiosk.ui.own_record_words import own_page
from kiosk.ui.poses import erasure_slip, own_record, view_at
from kiosk.ui.slip_text import slip_text
from kiosk.ui.texts import load_texts

SLIP = VisitSlip(
    terminal="UTO-0042",
    issued_at=datetime(2026, 3, 2, 12, 0, tzinfo=UTC),
    application_reference="ab" * 32,
    salt="cd" * 16,
    accepted=True,
)


@pytest.mark.parametrize("language", Language)
def test_a_slip_is_printed_with_reference_and_salt(qapp, tmp_path, language):
    printing = SlipPrinting(FilePrinter(tmp_path), slip_text)
    printing.print_slip(SLIP, language).result(timeout=10)
    (page,) = tmp_path.glob("slip-*.txt")
    text = page.read_text(encoding="utf-8").replace(" ", "")
    assert SLIP.application_reference in text
    assert SLIP.salt in text
    assert "UTO-0042" in text


def test_the_slip_of_a_demonstration_says_what_it_is(qapp):
    sentence = load_texts(Language.ENGLISH)("header.demo")
    assert sentence in slip_text(SLIP, Language.ENGLISH, demo=True)[1]
    assert sentence not in slip_text(SLIP, Language.ENGLISH)[1]


def test_the_slip_tells_the_branchs_time_and_its_offset(qapp, monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        assert "2026-03-02 20:00+08:00" in slip_text(SLIP, Language.CHINESE)[1]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_copy_and_a_receipt_are_printed_once_in_a_visit_and_when_a_teller_hands_them_over(qapp, qtbot, tmp_path):
    class Source(QObject):
        view_changed = Signal(object)
        handed_over = Signal(object)

    source, printing = Source(), SlipPrinting(FilePrinter(tmp_path), slip_text)
    printing.follow_own_records(source, source.handed_over, own_page)
    own, receipt = own_record(Language.ENGLISH), erasure_slip(Language.ENGLISH)
    idle, seen = view_at(Phase.IDLE), view_at(Phase.OWN_RECORD)
    held_back = replace(own, copy=())
    for _ in range(2):
        for view in (
            replace(seen, own_record=held_back),
            replace(seen, own_record=own),
            replace(seen, own_record=own, idle_ends_at_s=1.0),
            replace(seen, erasure=receipt),
            replace(idle, erasure=receipt),
            idle,
        ):
            source.view_changed.emit(view)
    source.handed_over.emit(own)
    qtbot.waitUntil(lambda: len(list(tmp_path.glob("*.txt"))) == 5)
    titles = [path.read_text(encoding="utf-8").splitlines()[0] for path in sorted(tmp_path.glob("*.txt"))]
    copy, erased = own_page(own)[0], own_page(receipt)[0]
    assert titles == [copy, erased, copy, erased, copy]


def test_a_printer_that_fails_is_told_and_harms_nothing(qapp, qtbot, tmp_path):
    blocked = tmp_path / "blocked"
    blocked.write_text("no folder")
    printing = SlipPrinting(FilePrinter(blocked), slip_text)
    with qtbot.waitSignal(printing.trouble, timeout=10_000) as told:
        printing.print_slip(SLIP, Language.ENGLISH)
    assert "cannot be written" in told.args[0]


def test_the_check_reference_command_recomputes_what_the_slip_says(qapp):
    from datetime import date

    from kiosk.cli import main
    from kiosk.verification.verdict import application_reference

    salt = bytes.fromhex(SLIP.salt)
    reference = application_reference(salt, "passport", "L898902C3", date(1974, 8, 12)).hex()
    words = ["receiver", "check-reference", "--salt", SLIP.salt, "--kind", "passport", "--number", "L898902C3"]
    assert main([*words, "--birth-date", "1974-08-12", "--reference", reference]) == 0
    assert main([*words, "--birth-date", "1974-08-13", "--reference", reference]) == 1
