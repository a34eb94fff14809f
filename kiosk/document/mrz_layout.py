"""Where everything stands in the machine readable zones of ICAO Doc 9303. A table; reads and checks nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, StrEnum

FILLER = "<"


class MrzFormat(StrEnum):
    """The five forms of Doc 9303."""

    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"
    MRV_A = "MRV-A"
    MRV_B = "MRV-B"


class Characters(Enum):
    """What a field may hold, beside fillers."""

    LETTERS = "letters"
    DIGITS = "digits"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Span:
    """Columns `start` to `stop` (exclusive) of one line."""

    line: int
    start: int
    stop: int
    characters: Characters = Characters.BOTH

    def of(self, lines: Sequence[str]) -> str:
        return lines[self.line][self.start : self.stop]


@dataclass(frozen=True, slots=True)
class Layout:
    """Where everything stands in one form."""

    format: MrzFormat
    line_count: int
    line_length: int
    spans: Mapping[str, Span]
    composite: tuple[Span, ...]
    """What the composite check digit runs over; empty for visas."""

    def __getitem__(self, name: str) -> Span:
        return self.spans[name]


def _two_line_spans(length: int, optional: tuple[int, int]) -> dict[str, Span]:
    letters, digits = Characters.LETTERS, Characters.DIGITS
    return {
        "document code": Span(0, 0, 2, letters),
        "issuing state": Span(0, 2, 5, letters),
        "names": Span(0, 5, length, letters),
        "number": Span(1, 0, 9),
        "number check": Span(1, 9, 10, digits),
        "nationality": Span(1, 10, 13, letters),
        "birth date": Span(1, 13, 19, digits),
        "birth date check": Span(1, 19, 20, digits),
        "expiry date": Span(1, 21, 27, digits),
        "expiry date check": Span(1, 27, 28, digits),
        "optional data": Span(1, *optional),
    }


_TD2_SPANS = _two_line_spans(36, (28, 35)) | {"composite check": Span(1, 35, 36, Characters.DIGITS)}
_TD3_SPANS = _two_line_spans(44, (28, 42)) | {
    "optional data check": Span(1, 42, 43, Characters.DIGITS),
    "composite check": Span(1, 43, 44, Characters.DIGITS),
}
_TD1_SPANS = {
    "document code": Span(0, 0, 2, Characters.LETTERS),
    "issuing state": Span(0, 2, 5, Characters.LETTERS),
    "number": Span(0, 5, 14),
    "number check": Span(0, 14, 15, Characters.DIGITS),
    "optional data": Span(0, 15, 30),
    "birth date": Span(1, 0, 6, Characters.DIGITS),
    "birth date check": Span(1, 6, 7, Characters.DIGITS),
    "expiry date": Span(1, 8, 14, Characters.DIGITS),
    "expiry date check": Span(1, 14, 15, Characters.DIGITS),
    "nationality": Span(1, 15, 18, Characters.LETTERS),
    "optional data 2": Span(1, 18, 29),
    "composite check": Span(1, 29, 30, Characters.DIGITS),
    "names": Span(2, 0, 30, Characters.LETTERS),
}
_TD1_COMPOSITE = (Span(0, 5, 30), Span(1, 0, 7), Span(1, 8, 15), Span(1, 18, 29))

LAYOUTS: Mapping[MrzFormat, Layout] = {
    layout.format: layout
    for layout in (
        Layout(MrzFormat.TD1, 3, 30, _TD1_SPANS, _TD1_COMPOSITE),
        Layout(MrzFormat.TD2, 2, 36, _TD2_SPANS, (Span(1, 0, 10), Span(1, 13, 20), Span(1, 21, 35))),
        Layout(MrzFormat.TD3, 2, 44, _TD3_SPANS, (Span(1, 0, 10), Span(1, 13, 20), Span(1, 21, 43))),
        Layout(MrzFormat.MRV_A, 2, 44, _two_line_spans(44, (28, 44)), ()),
        Layout(MrzFormat.MRV_B, 2, 36, _two_line_spans(36, (28, 36)), ()),
    )
}
