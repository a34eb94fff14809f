"""Writes the machine readable zone of ICAO Doc 9303 for specimens and tests. The sex is always left unspecified."""

import re
import unicodedata
from datetime import date

from kiosk.document.mrz import MrzRecord, check_digit
from kiosk.document.mrz_layout import FILLER, LAYOUTS, Layout, MrzFormat
from kiosk.errors import DocumentError

_WRITABLE = re.compile("[A-Z0-9<]*")
_LETTERS = str.maketrans(
    {
        "Ä": "AE", "Ö": "OE", "Ü": "UE", "ẞ": "SS", "Æ": "AE", "Å": "AA", "Ø": "OE", "Œ": "OE", "Þ": "TH", "Ð": "D",
        "Đ": "D", "Ł": "L", "Ħ": "H", "Ŋ": "N", "Ŧ": "T", "Ĳ": "IJ", "ĸ": "Q", "'": "", "’": "", ".": "", ",": "",
    }
)  # fmt: skip


class MrzNotWritableError(DocumentError):
    """A value does not fit into the field or holds characters that the zone has not."""

    def __init__(self, field: str) -> None:
        self.field = field
        super().__init__(
            f"The {field} cannot be written in a machine readable zone: use A–Z, 0–9 and fewer characters."
        )


def transliterate(name: str) -> str:
    """Return a name in A–Z with `<` for blanks and hyphens (Doc 9303-3, section 6, Latin letters only)."""
    upper = name.upper().translate(_LETTERS)
    plain = "".join(part for part in unicodedata.normalize("NFKD", upper) if not unicodedata.combining(part))
    words = plain.replace("-", " ").replace(FILLER, " ").split()
    if not all(word.isascii() and word.isalpha() for word in words):
        raise MrzNotWritableError("name")
    return FILLER.join(words)


def compose_mrz(record: MrzRecord) -> tuple[str, ...]:
    """Write the lines of `record` in its own form; raise `MrzNotWritableError` where a value does not fit."""
    layout = LAYOUTS[record.format]
    if not _WRITABLE.fullmatch(record.number):
        raise MrzNotWritableError("number")
    number, check, optional = _number_fields(layout, record)
    values = {
        "document code": record.document_code,
        "issuing state": record.issuing_state,
        "names": _name_field(record, layout["names"].stop - layout["names"].start),
        "number": number,
        "number check": check,
        "nationality": record.nationality,
        "birth date": _yymmdd(record.birth_date),
        "expiry date": _yymmdd(record.expiry_date),
        "optional data": optional,
        "optional data 2": record.optional_data_2,
    }
    grid = [[FILLER] * layout.line_length for _ in range(layout.line_count)]
    for name, value in values.items():
        _write(layout, grid, name, value)
    return _with_check_digits(layout, grid)


def _number_fields(layout: Layout, record: MrzRecord) -> tuple[str, str, str]:
    """Let a number of more than nine characters overflow into the optional data (TD1 and TD2)."""
    number = record.number
    if len(number) <= 9 or layout.format not in (MrzFormat.TD1, MrzFormat.TD2):
        return number, check_digit(number), record.optional_data
    overflow = number[9:] + check_digit(number) + FILLER
    return number[:9], FILLER, overflow + record.optional_data


def _name_field(record: MrzRecord, room: int) -> str:
    """Cut a name that is too long, the secondary identifier first, but leave one letter of it."""
    primary, secondary = transliterate(record.primary_name), transliterate(record.secondary_name)
    if not secondary:
        return primary[:room]
    if len(primary) + 2 + len(secondary) > room:
        primary = primary[: room - 3].rstrip(FILLER)
    return f"{primary}{FILLER * 2}{secondary}"[:room]


def _write(layout: Layout, grid: list[list[str]], name: str, value: str) -> None:
    if (span := layout.spans.get(name)) is None:
        if value:
            raise MrzNotWritableError(name)
        return
    room = span.stop - span.start
    if len(value) > room or not _WRITABLE.fullmatch(value):
        raise MrzNotWritableError(name)
    grid[span.line][span.start : span.stop] = value.ljust(room, FILLER)


def _with_check_digits(layout: Layout, grid: list[list[str]]) -> tuple[str, ...]:
    for name in ("birth date", "expiry date", "optional data"):
        if span := layout.spans.get(f"{name} check"):
            text = "".join(grid[layout[name].line][layout[name].start : layout[name].stop])
            grid[span.line][span.start] = check_digit(text)
    lines = ["".join(line) for line in grid]
    if layout.composite:
        span = layout["composite check"]
        digit = check_digit("".join(covered.of(lines) for covered in layout.composite))
        lines[span.line] = lines[span.line][: span.start] + digit + lines[span.line][span.stop :]
    return tuple(lines)


def _yymmdd(day: date) -> str:
    return day.strftime("%y%m%d")
