"""Characters and where they stand become columns."""

from kiosk.vision.mrz_columns import both_looks, cells_of
from kiosk.vision.ocr import OcrCharacter

LINE = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<"


def seen(text: str, *, without: tuple[int, ...] = (), tilt: float = 0.0) -> list[OcrCharacter]:
    """Characters at an even pitch, which `tilt` lets grow along the line."""
    places = [(column + tilt * column * column / len(text)) / len(text) for column in range(len(text))]
    return [OcrCharacter(text[n], 1.0, x) for n, x in enumerate(places) if n not in without]


def text_of(cells: tuple[str, ...] | None) -> str | None:
    return "".join(cell[0] for cell in cells) if cells else None


def test_characters_at_an_even_pitch_are_columns() -> None:
    assert text_of(cells_of(seen(LINE))) == LINE


def test_a_filler_that_was_overlooked_is_put_back() -> None:
    assert text_of(cells_of(seen(LINE, without=(30, 37)))) == LINE


def test_a_filler_between_the_names_that_was_overlooked_is_not_put_back_beside_a_letter() -> None:
    assert cells_of(seen(LINE, without=(13,))) is None


def test_a_letter_that_was_overlooked_refuses_the_line() -> None:
    assert cells_of(seen(LINE, without=(8,))) is None


def test_a_hole_in_a_run_of_fillers_refuses_the_line() -> None:
    assert cells_of(seen(LINE, without=(30, 31, 32))) is None


def test_a_line_seen_at_an_angle_keeps_its_columns() -> None:
    assert text_of(cells_of(seen(LINE, without=(33,), tilt=0.25))) == LINE


def test_strangers_at_either_end_are_dropped() -> None:
    strays = [OcrCharacter("1", 0.4, -2.6 / 44), *seen(LINE), OcrCharacter("2", 0.4, 45.7 / 44)]

    assert text_of(cells_of(strays)) == LINE


def test_two_characters_in_one_column_are_a_doubt() -> None:
    characters = seen(LINE)
    characters.insert(9, OcrCharacter("1", 0.5, 8.1 / 44))

    cells = cells_of(characters)

    assert cells is not None
    assert cells[8] == "K1"


def test_short_print_is_no_line() -> None:
    assert cells_of(seen("UTOPIA")) is None


def test_two_looks_that_differ_leave_a_doubt() -> None:
    assert both_looks(("A", "0O"), ("A", "D")) == ("A", "0OD")
    assert both_looks(("A",), ("A", "B")) is None
