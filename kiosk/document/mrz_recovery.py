"""Finds the one machine readable zone in lines as OCR gives them: miscounted fillers, doubtful characters, extra lines.

A line is a sequence of cells: the character read, followed by the others it could have been (`"0O"`); a plain string
serves where nothing is doubted. What OCR did not doubt is never changed except by the type of its field. A doubtful
character is settled by check digits; where they cannot see it, or two readings check out, the zone is refused.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from itertools import islice, product

from kiosk.document.mrz import (
    MrzAmbiguousError,
    MrzCheckDigitError,
    MrzDateError,
    MrzError,
    MrzNotFoundError,
    MrzRecord,
    parse_mrz,
    to_digit,
    to_letter,
)
from kiosk.document.mrz_layout import FILLER, LAYOUTS, Characters, Layout, MrzFormat, Span
from kiosk.document.mrz_states import STATES

Cells = tuple[str, ...]
MAX_LINES = 24
MAX_MISCOUNT = 3
MAX_DOUBTFUL = 4
MAX_CHANGES = 1
"""One of ten wrong readings passes a check digit: two changes to what OCR preferred need more luck than proof."""
MAX_READINGS = 64
_STATE_FIELDS = ("issuing state", "nationality")
_ALPHABET = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<")


def recover_mrz(ocr_lines: Sequence[Sequence[str]], today: date) -> MrzRecord:
    """Return the only record that any two or three consecutive lines check out as; raise a leaf of `MrzError`."""
    lines = [cells for line in ocr_lines[:MAX_LINES] if (cells := _clean(line))]
    records: list[MrzRecord] = []
    error: MrzError = MrzNotFoundError("no line of 30, 36 or 44 characters")
    for layout, candidate in _candidates(lines):
        try:
            record = _settle(layout, candidate, today)
        except MrzError as refused:
            error = max(error, refused, key=_closeness)
            continue
        if record not in records:
            records.append(record)
    if len(records) > 1:
        raise MrzAmbiguousError("zone")
    if not records:
        raise error
    return records[0]


def _closeness(error: MrzError) -> int:
    """Order errors by how far the lines got: the last one is what the page is told."""
    order = (MrzNotFoundError, MrzCheckDigitError, MrzAmbiguousError, MrzDateError)
    return order.index(type(error))


def _clean(line: Sequence[str]) -> Cells:
    cells = []
    for cell in line:
        characters = [character for character in cell.upper().replace("«", FILLER) if character in _ALPHABET]
        if characters:
            cells.append("".join(dict.fromkeys(characters)))
    return tuple(cells)


def _candidates(lines: Sequence[Cells]) -> Iterator[tuple[Layout, tuple[Cells, ...]]]:
    for layout in LAYOUTS.values():
        for first in range(len(lines) - layout.line_count + 1):
            window = lines[first : first + layout.line_count]
            is_visa = window[0][0][0] == "V"
            if is_visa == (layout.format in (MrzFormat.MRV_A, MrzFormat.MRV_B)):
                fitted = [_fit(layout, number, line) for number, line in enumerate(window)]
                yield from ((layout, combination) for combination in product(*fitted))


def _fit(layout: Layout, line_number: int, line: Cells) -> list[Cells]:
    """Return the ways in which a line with a few fillers too many or too few gets its right length."""
    excess = len(line) - layout.line_length
    if excess == 0:
        return [line]
    if abs(excess) > MAX_MISCOUNT:
        return []
    runs = list(_filler_runs(line))
    if line_number == layout["names"].line:
        # No check digit would notice a name split at the wrong place: only its tail may give or take.
        runs = [run for run in runs if run[1] == len(line)]
    fitted = []
    for start, stop in runs:
        wanted = stop - start - excess
        if stop - start >= 2 and wanted >= 1:
            fitted.append(line[:start] + (FILLER,) * wanted + line[stop:])
    return fitted


def _filler_runs(line: Cells) -> Iterator[tuple[int, int]]:
    start = None
    for place, cell in enumerate((*line, "-")):
        if cell == FILLER:
            start = place if start is None else start
        elif start is not None:
            yield start, place
            start = None


def _settle(layout: Layout, lines: Sequence[Cells], today: date) -> MrzRecord:
    """Try every combination of what OCR saw; refuse two different answers."""
    typed = _typed(layout, lines)
    _refuse_unseen_doubts(layout, typed)
    records, refused = _all_records(_combinations(layout, typed), today)
    if not records:
        raise refused
    if len(records) > 1 or records[0] not in _all_records(_combinations(layout, typed, MAX_CHANGES), today)[0]:
        raise MrzAmbiguousError("zone")
    return records[0]


def _all_records(readings: Iterable[Sequence[Cells]], today: date) -> tuple[list[MrzRecord], MrzError]:
    """Return the different records that check out, and why the first reading did not."""
    records: list[MrzRecord] = []
    refused: MrzError | None = None
    for reading in readings:
        try:
            record = parse_mrz(["".join(cell[0] for cell in line) for line in reading], today)
        except MrzCheckDigitError as error:
            refused = refused or error
            continue
        if record not in records:
            records.append(record)
    return records, refused or MrzCheckDigitError("zone")


def _typed(layout: Layout, lines: Sequence[Cells]) -> list[Cells]:
    """Drop from each cell what its field cannot hold: `0O` in a date is 0, in a name O."""
    typed = [list(line) for line in lines]
    for span in layout.spans.values():
        row = typed[span.line]
        for column in range(span.start, span.stop):
            match span.characters:
                case Characters.LETTERS:
                    row[column] = _as_letters(row[column])
                case Characters.DIGITS:
                    row[column] = _as_digits(row[column])
                case Characters.BOTH:
                    pass
    return [tuple(line) for line in typed]


def _as_letters(cell: str) -> str:
    others = "".join(other for other in cell[1:] if not other.isdigit())
    return "".join(dict.fromkeys(to_letter(cell[0]) + others))


def _as_digits(cell: str) -> str:
    digits = to_digit(cell)
    return "".join(dict.fromkeys(digits[0] + "".join(other for other in digits[1:] if not other.isalpha())))


def _refuse_unseen_doubts(layout: Layout, lines: Sequence[Cells]) -> None:
    """Refuse a doubt about a letter, which no check digit covers, unless only one reading is a state's code."""
    for name, span in layout.spans.items():
        cells = _cells(span, lines)
        if span.characters is Characters.LETTERS and any(len(cell) > 1 for cell in cells):
            readings = ["".join(letters).rstrip(FILLER) for letters in islice(product(*cells), MAX_READINGS)]
            if name not in _STATE_FIELDS or readings[0] not in STATES or len(STATES.intersection(readings)) > 1:
                raise MrzAmbiguousError(name)


def _combinations(
    layout: Layout, lines: Sequence[Cells], most_changes: int = MAX_DOUBTFUL
) -> Iterator[Sequence[Cells]]:
    """Every choice for the doubtful cells, as read first; none where too much is doubtful to be believed."""
    checked = (*_places(layout, Characters.BOTH), *_places(layout, Characters.DIGITS))
    places = [(line, column) for line, column in checked if len(lines[line][column]) > 1]
    if len(places) > MAX_DOUBTFUL:
        return
    for chosen in product(*(lines[line][column] for line, column in places)):
        changes = sum(lines[line][column][0] != one for (line, column), one in zip(places, chosen, strict=True))
        if changes <= most_changes:
            yield _replaced(lines, places, chosen)


def _replaced(lines: Sequence[Cells], places: Sequence[tuple[int, int]], chosen: Sequence[str]) -> list[Cells]:
    rows = [list(line) for line in lines]
    for (line, column), character in zip(places, chosen, strict=True):
        rows[line][column] = character
    return [tuple(row) for row in rows]


def _places(layout: Layout, characters: Characters) -> Iterator[tuple[int, int]]:
    """Line and column of every place in fields that hold such characters."""
    for span in layout.spans.values():
        if span.characters is characters:
            yield from ((span.line, column) for column in range(span.start, span.stop))


def _cells(span: Span, lines: Sequence[Cells]) -> Cells:
    return lines[span.line][span.start : span.stop]
