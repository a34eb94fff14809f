"""Puts recognised characters into the columns of a machine readable zone: the print has a fixed pitch.

A network that reads lines counts runs of fillers badly; where it saw them tells how many there are. Decides nothing
about what a character is.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kiosk.vision.ocr import OcrCharacter

FEWEST_CHARACTERS = 24
_NEIGHBOURS = 6
_MOST_STRAYS = 2
_FILLER = "<"


def cells_of(characters: Sequence[OcrCharacter]) -> tuple[str, ...] | None:
    """Return one cell for each column, or None where a column that is no filler was not seen."""
    if len(characters) < FEWEST_CHARACTERS:
        return None
    kept, steps = _without_strays(list(characters), _steps(np.array([one.x for one in characters])))
    cells = [kept[0].cell]
    for before, here, step in zip(kept, kept[1:], steps, strict=False):
        if step == 0:
            cells[-1] = _merged(cells[-1], here.cell)
        elif step == 2 and before.cell[0] == here.cell[0] == _FILLER:
            cells += [_FILLER, here.cell]
        elif step == 1:
            cells.append(here.cell)
        else:
            return None
    return tuple(cells)


def both_looks(one: Sequence[str], other: Sequence[str]) -> tuple[str, ...] | None:
    """Merge two readings of one line: where they differ there is a doubt. None where they differ in length."""
    if len(one) != len(other):
        return None
    return tuple(_merged(first, second) for first, second in zip(one, other, strict=True))


def _steps(places: NDArray[np.float64]) -> list[int]:
    """Columns from each character to the next; the pitch may change slowly along a line seen at an angle."""
    gaps = np.diff(places)
    pitch = float(np.median(gaps))
    if pitch <= 0:
        return [0] * len(gaps)
    usual = np.where((gaps > 0.6 * pitch) & (gaps < 1.5 * pitch), gaps, np.nan)
    steps = []
    for place, gap in enumerate(gaps):
        around = usual[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS + 1]
        known = around[~np.isnan(around)]
        local = float(known.mean()) if len(known) >= 3 else pitch
        steps.append(round(float(gap) / local))
    return steps


def _without_strays(characters: list[OcrCharacter], steps: list[int]) -> tuple[list[OcrCharacter], list[int]]:
    """Drop one or two characters that stand apart at either end: the edge of the page, a stain."""
    first = max((place + 1 for place in range(_MOST_STRAYS) if steps[place] > 1), default=0)
    last = max((place + 1 for place in range(_MOST_STRAYS) if steps[-1 - place] > 1), default=0)
    characters = characters[first : len(characters) - last]
    steps = steps[first : len(steps) - last]
    return characters, steps


def _merged(one: str, other: str) -> str:
    return "".join(dict.fromkeys(one + other))
