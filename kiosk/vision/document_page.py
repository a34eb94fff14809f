"""Reads an ID document in a picture of a document camera: the machine readable zone and the portrait.

The picture may be turned, skewed, seen at an angle, and mostly desk. Keeps nothing between two pictures, opens no file
and no socket once made, and believes nothing that check digits do not confirm (`kiosk.document`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.document.evidence import DocumentEvidence, DocumentRemark
from kiosk.document.mrz import MrzCheckDigitError, MrzError, MrzNotFoundError, MrzRecord, evidence_of
from kiosk.document.mrz_layout import FILLER, MrzFormat
from kiosk.document.mrz_recovery import recover_mrz
from kiosk.errors import DocumentError
from kiosk.vision.mrz_columns import FEWEST_CHARACTERS, both_looks, cells_of
from kiosk.vision.mrz_lines import TURNS_DEG, Band, find_bands, sharpness_of, straighten
from kiosk.vision.ocr import MrzLineOcr, OcrCharacter
from kiosk.vision.page_portrait import PortraitFinder

SMALLEST_SIDE_PX = 64
LARGEST_SIDE_PX = 4096
_LEGIBLE = 0.8
"""Mean probability of a line that is read the right way up."""
_SHARP = 0.08
_SECOND_ROOM = 0.66
_SMALLEST_SPACING_PX = 20.0
"""Characters about 9 px high; below, letters and the digits like them are mistaken too often."""


class _SeveralZonesError(DocumentError):
    """Never leaves this module."""


@dataclass(frozen=True, slots=True)
class _Area:
    """Where a document's portrait can be, in lengths of its zone."""

    height: float
    """Above the zone's first line."""
    sides: float
    """Beyond either end of the lines."""
    largest_face: float
    """Side of the detector's box; a larger face is printed in no document, but on something that lies on it."""


# Pages are 88 mm (TD3), 74 mm (TD2, MRV-B) and 80 mm (MRV-A) high: 0.60 to 0.68 zone lengths above the first line.
# A TD1 card has its portrait on the other side: 0.47 of its back, a gap of up to 0.2, and 0.71 of the front.
_PAGE = _Area(height=0.70, sides=0.08, largest_face=0.33)
_AREAS: Mapping[MrzFormat, _Area] = dict.fromkeys(MrzFormat, _PAGE) | {
    MrzFormat.TD1: _Area(height=1.38, sides=0.12, largest_face=0.40)
}


@dataclass(frozen=True, slots=True)
class PageReading:
    """What one picture gave. `remarks` is everything that is missing or speaks against the document."""

    evidence: DocumentEvidence | None
    portrait: NDArray[np.uint8] | None
    """(h, w, 3) uint8 RGB, upright, about twice the face's size, at the picture's own resolution."""
    remarks: tuple[DocumentRemark, ...]


class DocumentPageReader:
    """Loads its networks once. One thread at a time."""

    def __init__(self, ocr_model: Path | None = None, threads: int = 2) -> None:
        self._ocr = MrzLineOcr(ocr_model, threads)
        self._portraits = PortraitFinder()

    def warm_up(self) -> None:
        """Run every network once; afterwards no file is opened."""
        self._ocr.warm_up()
        self._portraits.find(np.full((480, 640, 3), 127, np.uint8))

    def close(self) -> None:
        self._portraits.close()

    def read(
        self, pixels: NDArray[np.uint8], today: date, minimum_age_years: int, portrait_wanted: bool = True
    ) -> PageReading:
        """Read (h, w, 3) uint8 RGB; anything that is no usable picture or page comes back as remarks."""
        page = _usable(pixels)
        if page is None:
            return PageReading(None, None, (DocumentRemark.NO_MRZ,))
        error: MrzError = MrzNotFoundError("no band of code lines in the picture")
        for turn_deg in TURNS_DEG:
            try:
                upright, record = self._only_record(page, find_bands(page, turn_deg), today)
            except MrzError as refused:
                error = error if isinstance(refused, MrzNotFoundError) else refused
                continue
            except _SeveralZonesError:
                return PageReading(None, None, (DocumentRemark.SEVERAL_DOCUMENTS,))
            evidence = evidence_of(record, today, minimum_age_years)
            if not portrait_wanted:
                return PageReading(evidence, None, evidence.remarks)
            portrait = self._portrait(page, upright, _AREAS[record.format])
            # First, because the customer can put it right.
            missing = () if portrait is not None else (DocumentRemark.NO_PORTRAIT,)
            return PageReading(evidence, portrait, missing + evidence.remarks)
        return PageReading(None, None, (error.remark,))

    def _portrait(self, page: NDArray[np.uint8], upright: Band, area: _Area) -> NDArray[np.uint8] | None:
        largest_px = area.largest_face * upright.lines[0].length_px
        return self._portraits.find(_page_above(page, upright, area), largest_px)

    def _only_record(self, page: NDArray[np.uint8], bands: Sequence[Band], today: date) -> tuple[Band, MrzRecord]:
        """Read the one zone in the picture; raise a leaf of `MrzError` or `_SeveralZonesError`."""
        error: MrzError = MrzNotFoundError("no band of code lines in the picture")
        for place, band in enumerate(bands):
            try:
                upright, record = self._record(page, band, today)
            except MrzError as refused:
                error = error if isinstance(refused, MrzNotFoundError) else refused
                continue
            if self._another_zone(page, upright, bands[place + 1 :], today):
                raise _SeveralZonesError
            return upright, record
        raise error

    def _record(self, page: NDArray[np.uint8], band: Band, today: date) -> tuple[Band, MrzRecord]:
        upright, lines = self._read_band(page, band)
        return upright, recover_mrz(lines, today)

    def _another_zone(self, page: NDArray[np.uint8], read: Band, others: Sequence[Band], today: date) -> bool:
        """A second record in the picture: whose the portrait is could be mistaken."""
        for other in others:
            if np.linalg.norm(other.middle - read.middle) < 3 * read.spacing_px:
                continue  # the same lines, grouped in another way
            try:
                self._record(page, other, today)
            except MrzError:
                continue
            return True
        return False

    def _read_band(self, page: NDArray[np.uint8], band: Band) -> tuple[Band, list[tuple[str, ...]]]:
        """Read all lines the right way up; raise `MrzNotFoundError` where this is other print."""
        for candidate in (band, band.upside_down()):
            pictures = [straighten(page, line, candidate.spacing_px) for line in candidate.lines]
            first = self._ocr.read_line(pictures[0])
            if len(first) < FEWEST_CHARACTERS or np.mean([one.probability for one in first]) < _LEGIBLE:
                continue
            firsts = [first, *map(self._ocr.read_line, pictures[1:])]
            if not any(character.cell[0] == FILLER for line in firsts for character in line):
                raise MrzNotFoundError("no line holds a filler")
            if candidate.spacing_px < _SMALLEST_SPACING_PX or min(map(sharpness_of, pictures)) < _SHARP:
                raise MrzCheckDigitError("print")
            seconds = [straighten(page, line, candidate.spacing_px, _SECOND_ROOM) for line in candidate.lines]
            return candidate, [self._line(one, other) for one, other in zip(firsts, seconds, strict=True)]
        raise MrzNotFoundError("the lines in the picture are other print")

    def _line(self, characters: tuple[OcrCharacter, ...], second: NDArray[np.uint8]) -> tuple[str, ...]:
        """Look twice at a line: what is read differently in a slightly larger picture is doubtful."""
        one, other = cells_of(characters), cells_of(self._ocr.read_line(second))
        merged = both_looks(one, other) if one is not None and other is not None else None
        if merged is None:
            raise MrzCheckDigitError("zone")
        return merged


def _usable(pixels: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """Return three channels of a sensible size, or None."""
    if pixels.dtype != np.uint8 or pixels.ndim not in (2, 3) or min(pixels.shape[:2]) < SMALLEST_SIDE_PX:
        return None
    if pixels.ndim == 2 or pixels.shape[2] == 1:
        pixels = np.repeat(pixels.reshape(*pixels.shape[:2], 1), 3, axis=2)
    if pixels.shape[2] < 3:
        return None
    scale = LARGEST_SIDE_PX / max(pixels.shape[:2])
    if scale * min(pixels.shape[:2]) < SMALLEST_SIDE_PX:
        return None
    page = np.ascontiguousarray(pixels[..., :3])
    return cv2.resize(page, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else page


def _page_above(page: NDArray[np.uint8], band: Band, area: _Area) -> NDArray[np.uint8]:
    """Cut out what belongs to the document above its zone, upright: a picture lying beyond it is not the holder's."""
    top_line = band.lines[0]
    turn = cv2.getRotationMatrix2D((0.0, 0.0), float(np.degrees(top_line.angle_rad)), 1.0)
    start, end = (turn[:, :2] @ top_line.start, turn[:, :2] @ top_line.end)
    corners = turn[:, :2] @ np.array([[0, page.shape[1], 0, page.shape[1]], [0, 0, page.shape[0], page.shape[0]]])
    length = top_line.length_px
    left = max(start[0] - area.sides * length, corners[0].min())
    right = min(end[0] + area.sides * length, corners[0].max())
    bottom = min(start[1], end[1])
    top = max(bottom - area.height * length, corners[1].min())
    turn[:, 2] = (-left, -top)
    size = (max(1, round(right - left)), max(1, round(bottom - top)))
    above: NDArray[np.uint8] = cv2.warpAffine(page, turn, size, flags=cv2.INTER_LINEAR)
    return above
