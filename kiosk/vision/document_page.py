"""Reads an ID document in a picture of a document camera: the machine readable zone and the portrait.

The picture may be turned, skewed, seen at an angle, and mostly desk. Keeps nothing between two pictures, opens no file
and no socket once made, and believes nothing that check digits do not confirm (`kiosk.document`).
"""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.document.evidence import DocumentEvidence, DocumentRemark
from kiosk.document.mrz import MrzCheckDigitError, MrzError, MrzNotFoundError, evidence_of
from kiosk.document.mrz_recovery import recover_mrz
from kiosk.vision.mrz_columns import FEWEST_CHARACTERS, both_looks, cells_of
from kiosk.vision.mrz_lines import Band, find_bands, sharpness_of, straighten
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

    def read(self, pixels: NDArray[np.uint8], today: date, minimum_age_years: int) -> PageReading:
        """Read (h, w, 3) uint8 RGB; anything that is no usable picture or page comes back as remarks."""
        page = _usable(pixels)
        if page is None:
            return PageReading(None, None, (DocumentRemark.NO_MRZ,))
        error: MrzError = MrzNotFoundError("no band of code lines in the picture")
        for band in find_bands(page):
            try:
                upright, lines = self._read_band(page, band)
                evidence = evidence_of(recover_mrz(lines, today), today, minimum_age_years)
            except MrzError as refused:
                error = error if isinstance(refused, MrzNotFoundError) else refused
                continue
            portrait = self._portraits.find(_page_above(page, upright))
            missing = () if portrait is not None else (DocumentRemark.NO_PORTRAIT,)
            return PageReading(evidence, portrait, evidence.remarks + missing)
        return PageReading(None, None, (error.remark,))

    def _read_band(self, page: NDArray[np.uint8], band: Band) -> tuple[Band, list[tuple[str, ...]]]:
        """Read all lines the right way up; raise `MrzNotFoundError` where this is other print."""
        for candidate in (band, band.upside_down()):
            pictures = [straighten(page, line, candidate.spacing_px) for line in candidate.lines]
            first = self._ocr.read_line(pictures[0])
            if len(first) < FEWEST_CHARACTERS or np.mean([one.probability for one in first]) < _LEGIBLE:
                continue
            if candidate.spacing_px < _SMALLEST_SPACING_PX or min(map(sharpness_of, pictures)) < _SHARP:
                raise MrzCheckDigitError("print")
            seconds = [straighten(page, line, candidate.spacing_px, _SECOND_ROOM) for line in candidate.lines]
            firsts = [first, *map(self._ocr.read_line, pictures[1:])]
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


def _page_above(page: NDArray[np.uint8], band: Band) -> NDArray[np.uint8]:
    """Cut out the upright page above the zone, where the portrait is: up to 1.7 times the zone's length."""
    top_line = band.lines[0]
    turn = cv2.getRotationMatrix2D((0.0, 0.0), float(np.degrees(top_line.angle_rad)), 1.0)
    start, end = (turn[:, :2] @ top_line.start, turn[:, :2] @ top_line.end)
    corners = turn[:, :2] @ np.array([[0, page.shape[1], 0, page.shape[1]], [0, 0, page.shape[0], page.shape[0]]])
    length = top_line.length_px
    left, right = max(start[0] - 0.15 * length, corners[0].min()), min(end[0] + 0.15 * length, corners[0].max())
    bottom = min(start[1], end[1])
    top = max(bottom - 1.7 * length, corners[1].min())
    turn[:, 2] = (-left, -top)
    size = (max(1, round(right - left)), max(1, round(bottom - top)))
    above: NDArray[np.uint8] = cv2.warpAffine(page, turn, size, flags=cv2.INTER_LINEAR)
    return above
