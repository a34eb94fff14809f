"""Any change to an exported trail is found; what only somebody outside can know is found with what they know."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from kiosk.admin.audit_mutations import FORGER, KIOSK, SIGNER, Specimen, entry, head_over, specimen, survivors
from kiosk.store.audit_export import (
    ExportedEntry,
    ExportHeader,
    ExportLine,
    ExportLineError,
    as_line,
    first_line,
    read_first_line,
    read_lines,
)
from kiosk.store.audit_verification import Outside, TrailBrokenError, TrailReport, verify_trail
from kiosk.store.merkle_tree import Frontier
from kiosk.store.signed_head import SignedHead

FORGOTTEN, ENTRIES = 5, 40
WHOLE = specimen(ENTRIES, FORGOTTEN, checkpoint_every=20)
ONLY_KEYS = Outside(WHOLE.outside.keys)
ALL_ENTRIES = [line for line in WHOLE.lines if isinstance(line, ExportedEntry)]


def verify(lines: Iterable[ExportLine], outside: Outside = WHOLE.outside) -> TrailReport:
    return verify_trail(ExportHeader(KIOSK), iter(lines), outside)


def test_a_whole_trail_is_whole_and_says_what_nobody_else_vouches_for() -> None:
    report = verify(WHOLE.lines)
    assert (report.entries, report.forgotten, report.checkpoints, report.machine_counter) == (ENTRIES, FORGOTTEN, 2, 2)
    assert report.confirmed_up_to == ENTRIES
    assert verify(WHOLE.lines, ONLY_KEYS).confirmed_up_to == 0
    older = {number: held for number, held in WHOLE.outside.held.items() if number < 8}
    assert verify(WHOLE.lines, replace(ONLY_KEYS, held=older)).confirmed_up_to == 28
    heads_alone = {number: replace(held, message_sha256=None) for number, held in older.items()}
    assert verify(WHOLE.lines, replace(ONLY_KEYS, held=heads_alone)).confirmed_up_to == 27


def test_it_comes_through_its_file_unchanged() -> None:
    header = ExportHeader(KIOSK, Frontier().appended(entry(1).leaf))
    assert read_first_line(first_line(header)) == header
    assert list(read_lines(KIOSK, map(as_line, WHOLE.lines))) == list(WHOLE.lines)


@pytest.mark.parametrize("seed", range(4))
def test_ten_thousand_changes_are_all_found(seed: int) -> None:
    """Fields, entries put in, taken out, exchanged, cut off, and histories signed again with the terminal's own key."""
    assert survivors(specimen(24, 4, checkpoint_every=8), 2500, seed) == []


@pytest.mark.parametrize("kept", [10, 24, 36, 39])
def test_an_end_cut_off_and_signed_again_is_found_from_outside_and_not_without(kept: int) -> None:
    """Whoever has the whole terminal has its key too."""
    cut = ALL_ENTRIES[:kept]
    signed_again = [*cut, head_over(cut, counter=1)]
    assert verify(signed_again, ONLY_KEYS).entries == kept
    with pytest.raises(TrailBrokenError, match="machine has counted to 2, the trail to 1"):
        verify(signed_again, replace(ONLY_KEYS, machine_counter=2))
    with pytest.raises(TrailBrokenError, match="cut off"):
        verify(signed_again, replace(WHOLE.outside, machine_counter=None))


def test_entries_rewritten_and_signed_again_are_found_with_what_the_bank_has() -> None:
    changed = replace(entry(30).content, actor="9999")  # type: ignore[type-var]
    assert changed is not None
    lines = [*ALL_ENTRIES[:29], ExportedEntry(30, changed.leaf(), changed), *ALL_ENTRIES[30:]]
    rewritten = [*lines, head_over(lines, counter=3)]
    assert verify(rewritten, ONLY_KEYS).entries == ENTRIES
    with pytest.raises(TrailBrokenError, match="between entries 29 and 31"):
        verify(rewritten)


def test_a_sentence_says_where() -> None:
    lines = list(WHOLE.lines)
    lines[9] = replace(lines[9], leaf=bytes(32))  # type: ignore[call-arg]
    with pytest.raises(TrailBrokenError, match="at entry 10: it does not say what it said"):
        verify(lines)
    changed = entry(10, "x")
    assert changed.content is not None
    lines[9] = ExportedEntry(10, changed.leaf, changed.content)
    with pytest.raises(TrailBrokenError, match="between entries 9 and 11: the bank's message 3 vouches for other"):
        verify(lines)
    with pytest.raises(TrailBrokenError, match="between entries 1 and 20: these entries are not those"):
        verify(lines, ONLY_KEYS)


def test_a_signature_by_a_key_that_the_bank_does_not_know_is_none() -> None:
    lines = [*WHOLE.lines[:-1], head_over(WHOLE.lines, FORGER, counter=9)]
    assert verify(lines, Outside()).keys == {SIGNER.public_key, FORGER.public_key}
    with pytest.raises(TrailBrokenError, match="a key that the bank did not register"):
        verify(lines)


def test_a_counter_goes_back_only_where_the_trail_says_that_it_began_anew() -> None:
    first, last = ALL_ENTRIES[:20], ALL_ENTRIES[20:]
    backwards = [*first, head_over(first, counter=5), *last, head_over(ALL_ENTRIES, counter=4)]
    with pytest.raises(TrailBrokenError, match="counter went back"):
        verify(backwards, ONLY_KEYS)
    content = replace(entry(21).content, kind="counter_begun")  # type: ignore[type-var]
    assert content is not None
    last = [ExportedEntry(21, content.leaf(), content), *last[1:]]
    anew = [*first, head_over(first, counter=5), *last, head_over([*first, *last], counter=4)]
    assert verify(anew, ONLY_KEYS).machine_counter == 4


def test_what_the_bank_has_is_found_among_entries_whose_content_is_over() -> None:
    forgotten: list[ExportLine] = [replace(line, content=None) for line in ALL_ENTRIES[:30]]
    lines = [*forgotten, *WHOLE.lines[31:]]
    assert verify(lines).confirmed_up_to == ENTRIES


def test_a_later_part_is_checked_against_the_tree_it_goes_on_from() -> None:
    frontier = Frontier()
    for line in ALL_ENTRIES[:20]:
        frontier = frontier.appended(line.leaf)
    part = WHOLE.lines[21:]
    report = verify_trail(ExportHeader(KIOSK, frontier), iter(part), WHOLE.outside)
    assert (report.first, report.last, report.entries, report.confirmed_up_to) == (21, 40, 20, 40)
    another = Frontier(20, (bytes(32), *frontier.peaks[1:]))
    with pytest.raises(TrailBrokenError, match="between entries 21 and 40"):
        verify_trail(ExportHeader(KIOSK, another), iter(part), ONLY_KEYS)


def test_a_later_export_begins_with_an_earlier_one() -> None:
    earlier = head_over(ALL_ENTRIES[:20]).tree_head
    outside = replace(ONLY_KEYS, heads={20: earlier.head})
    assert verify(WHOLE.lines, outside).confirmed_up_to == 20
    content = replace(entry(9).content, actor="9999")  # type: ignore[type-var]
    assert content is not None
    rewritten = [*ALL_ENTRIES[:8], ExportedEntry(9, content.leaf(), content), *ALL_ENTRIES[9:]]
    with pytest.raises(TrailBrokenError, match="between entries 1 and 20: an earlier export vouches for other"):
        verify([*rewritten, head_over(rewritten)], outside)
    cut = ALL_ENTRIES[:15]
    with pytest.raises(TrailBrokenError, match="an earlier export goes on to entry 20"):
        verify([*cut, head_over(cut)], outside)


def test_another_kiosks_trail_is_not_signed_by_this_one() -> None:
    lines = map(as_line, WHOLE.lines)
    with pytest.raises(TrailBrokenError, match="signature"):
        verify(read_lines(b"\x01" * 16, lines))


def test_an_entry_dated_before_the_one_it_follows_is_told_and_is_no_fault() -> None:
    content = replace(entry(30).content, recorded_at="2026-03-02T09:00:00.000000Z")  # type: ignore[type-var]
    assert content is not None
    lines = [*ALL_ENTRIES[:29], ExportedEntry(30, content.leaf(), content), *ALL_ENTRIES[30:]]
    assert verify([*lines, head_over(lines)], ONLY_KEYS).clock_set_back_at == [30]


@pytest.mark.parametrize(
    "line",
    [
        *("", "null", "[]", "{}", "[1]", '[1,"zz"]', "[" * 100_000, '{"size":1}', "[1,2,3,4,5,6,7,8]", '"x"', "NaN"),
        *(f'[true,"{"ab" * 32}"]', f'[-1,"{"ab" * 32}"]', f'[1.0,"{"ab" * 32}"]', f'[1,"{"AB" * 32}"]'),
        f'[{"9" * 5000},"{"ab" * 32}"]',
    ],
)
def test_a_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(ExportLineError, match="Line 2 is no line"):
        list(read_lines(KIOSK, iter([line])))


@pytest.mark.parametrize(
    "line",
    [
        *("", "null", "[]", "{}", "[" * 100_000, '{"format": "kiosk audit 2"}'),
        first_line(ExportHeader(KIOSK)).replace('"after": 0', '"after": 1'),
        first_line(ExportHeader(KIOSK)).replace('"after": 0', '"after": -1'),
        first_line(ExportHeader(KIOSK[:8])),
    ],
)
def test_a_first_line_that_is_none_is_named(line: str) -> None:
    with pytest.raises(ExportLineError, match="Line 1 is no line"):
        read_first_line(line)


def test_half_a_character_is_no_content() -> None:
    whole = entry(2)
    assert whole.content is not None
    lines = [entry(1), replace(whole, content=replace(whole.content, detail="\ud800"))]
    with pytest.raises(TrailBrokenError, match="at entry 2"):
        verify(lines)


def test_nothing_at_all_is_no_trail() -> None:
    with pytest.raises(TrailBrokenError, match="cut off"):
        verify([])


def test_the_specimen_is_worth_changing() -> None:
    """If it were refused as it stands, every change of it would be found."""
    for checkpoint_every in (8, 100):
        whole: Specimen = specimen(24, 4, checkpoint_every)
        assert whole.verify(whole.lines).confirmed_up_to == 24
        assert isinstance(whole.lines[-1], SignedHead)
