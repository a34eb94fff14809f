"""Finds bands of two or three long, parallel text lines on a page, and straightens them. Reads no character.

An empty desk must cost little, so everything here runs on a reduced picture; only the straightened lines are cut from
the full one. Lines are found up to about 15° off either axis of the picture; for the angles between, the reader asks
again with the picture turned (`TURNS_DEG`). Which end is up is left to the reader too.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np
from numpy.typing import NDArray

WORKING_SIDE_PX = 1280
MAX_BANDS = 8
_CLOSING_PX = (14, 28, 48)
"""Widths that join the characters of a line, for small, middle and large print on the working picture."""
_MIN_LENGTH = 0.18
"""Of the working picture's long side."""
_MIN_ASPECT, _MAX_ASPECT = 9.0, 70.0
_SAMPLES = 33
TURNS_DEG = (0.0, 25.0, -25.0)
"""Together they meet a page at any angle."""
USUAL_ROOM = 0.8


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line on the page, in pixels of the full picture."""

    centre_line: NDArray[np.float32]
    """(n, 2) float32: points along its middle, from one end to the other."""
    height_px: float
    """Of its characters."""

    @property
    def start(self) -> NDArray[np.float32]:
        first: NDArray[np.float32] = self.centre_line[0]
        return first

    @property
    def end(self) -> NDArray[np.float32]:
        last: NDArray[np.float32] = self.centre_line[-1]
        return last

    @property
    def length_px(self) -> float:
        return float(np.linalg.norm(self.end - self.start))

    @property
    def angle_rad(self) -> float:
        """Direction of reading; 0 is to the right, π/2 is down."""
        along = self.end - self.start
        return float(np.arctan2(along[1], along[0]))

    def reversed(self) -> "TextLine":
        return TextLine(self.centre_line[::-1].copy(), self.height_px)


@dataclass(frozen=True, slots=True)
class Band:
    """Two or three lines that could be a machine readable zone, from top to bottom."""

    lines: tuple[TextLine, ...]
    spacing_px: float

    @property
    def middle(self) -> NDArray[np.float32]:
        centre: NDArray[np.float32] = np.mean([line.centre_line.mean(axis=0) for line in self.lines], axis=0)
        return centre

    def upside_down(self) -> "Band":
        return Band(tuple(line.reversed() for line in self.lines[::-1]), self.spacing_px)


def find_bands(pixels: NDArray[np.uint8], turn_deg: float = 0.0) -> list[Band]:
    """Return what could be a machine readable zone on (h, w, 3) uint8 RGB, likeliest first.

    At most eight: a page gives up to three, and two pages may lie there.
    """
    scale = min(1.0, WORKING_SIDE_PX / max(pixels.shape[:2]))
    reduced = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else pixels
    grey = cv2.cvtColor(reduced, cv2.COLOR_RGB2GRAY)
    return _without_repeats(sorted(_bands_in(grey, turn_deg, scale), key=_unlikeliness))[:MAX_BANDS]


def _bands_in(grey: NDArray[np.uint8], turn_deg: float, scale: float) -> list[Band]:
    """Look along both axes of the working picture after turning it."""
    height, width = grey.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), turn_deg, 1.0)
    if turn_deg:
        # As large as the turned picture needs: a corner may hold the page.
        cosine, sine = np.abs(turn[0, :2])
        size = (round(width * cosine + height * sine), round(width * sine + height * cosine))
        turn[:, 2] += ((size[0] - width) / 2, (size[1] - height) / 2)
        grey = cv2.warpAffine(grey, turn, size, borderMode=cv2.BORDER_REPLICATE)
    back = cv2.invertAffineTransform(turn)
    ink = _ink(grey)
    bands: list[Band] = []
    for upright in (True, False):
        for closing in _CLOSING_PX:
            along = ink if upright else np.ascontiguousarray(ink.T)
            bands += _bands_of([_turned(line, back, scale) for line in _lines_of(along, closing, upright)])
    return bands


def _turned(line: TextLine, back: NDArray[np.float64], scale: float) -> TextLine:
    """Bring a line from the turned working picture back into the full one."""
    points = (line.centre_line @ back[:, :2].T + back[:, 2] + 0.5) / scale
    return TextLine(points.astype(np.float32), line.height_px / scale)


def straighten(
    pixels: NDArray[np.uint8], line: TextLine, spacing_px: float, room: float = USUAL_ROOM
) -> NDArray[np.uint8]:
    """Cut a line out along its middle, `room` line spacings high, (h, w, 3) uint8 RGB, with a margin at either end."""
    height = int(np.clip(round(room * spacing_px), 12, 96))
    step = room * spacing_px / height
    points = _evenly(line.centre_line, step, margin_px=0.45 * spacing_px)
    along = np.gradient(points, axis=0)
    along /= np.maximum(np.linalg.norm(along, axis=1, keepdims=True), 1e-6)
    across = np.stack([-along[:, 1], along[:, 0]], axis=1)
    offsets = (np.arange(height) - (height - 1) / 2) * step
    grid = points[None] + offsets[:, None, None] * across[None]
    map_x, map_y = grid[..., 0].astype(np.float32), grid[..., 1].astype(np.float32)
    line_pixels: NDArray[np.uint8] = cv2.remap(pixels, map_x, map_y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return line_pixels


def sharpness_of(line: NDArray[np.uint8]) -> float:
    """Return the steepness of the edges of a straightened line, in contrasts per 1/64 of its height.

    Sharp print gives about 0.2. Below 0.08 (blur over a tenth of the characters' height) B and 8, D and 0, S and 5 look
    alike, and OCR takes one for the other without a doubt.
    """
    scale = 64 / line.shape[0]
    grey = cv2.resize(cv2.cvtColor(line, cv2.COLOR_RGB2GRAY), None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    # Noise has steep edges too: smooth it away first.
    middle = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 2)[12:52]
    dark, light = np.percentile(middle, (5, 95))
    return float(np.percentile(np.abs(np.diff(middle, axis=1)), 98) / max(light - dark, 1.0))


def _ink(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """255 where something is clearly darker than its surroundings, whatever the light there."""
    blurred = cv2.GaussianBlur(grey, (3, 3), 0)
    ink: NDArray[np.uint8] = cv2.adaptiveThreshold(
        blurred, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, 31, 14
    )
    return ink


def _lines_of(ink: NDArray[np.uint8], closing: int, upright: bool) -> list[TextLine]:
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((1, closing), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((3, closing), np.uint8))
    _, labels, boxes, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
    shortest = _MIN_LENGTH * max(ink.shape)
    lines = []
    widths, heights, areas = boxes[:, 2], boxes[:, 3], boxes[:, 4]
    long = (widths >= shortest) & (widths >= 1.6 * heights) & (areas >= 0.015 * widths.astype(np.int64) ** 2)
    for label in np.flatnonzero(long[1:]) + 1:
        left, top, width, height = boxes[label, :4]
        part = labels[top : top + height, left : left + width] == label
        if (line := _line_of(part, left, top, upright)) is not None:
            lines.append(line)
    return lines


def _line_of(part: NDArray[np.bool_], left: int, top: int, upright: bool) -> TextLine | None:
    """Fit a parabola through the middle of a component; None where it is no slim, smooth line."""
    columns = np.arange(part.shape[1])
    thickness = part.sum(axis=0)
    middle = (part * np.arange(part.shape[0])[:, None]).sum(axis=0) / np.maximum(thickness, 1)
    coefficients = np.polyfit(columns, middle, 2, w=thickness)
    off = np.abs(np.polyval(coefficients, columns) - middle)
    height = float(np.median(thickness))
    length = float(np.hypot(part.shape[1], np.polyval(coefficients, columns[-1]) - np.polyval(coefficients, 0)))
    if not _MIN_ASPECT <= length / max(height, 1.0) <= _MAX_ASPECT or np.median(off) > 0.35 * height:
        return None
    along = np.linspace(0, part.shape[1] - 1, _SAMPLES)
    points = np.stack([along + left, np.polyval(coefficients, along) + top], axis=1)
    points = points if upright else points[:, ::-1]
    return TextLine(points.astype(np.float32), height)


def _bands_of(lines: Sequence[TextLine]) -> list[Band]:
    """Group lines of like length and direction that lie under one another; groups of three before pairs."""
    pairs = {
        (first, second): spacing
        for first, second in combinations(range(len(lines)), 2)
        if (spacing := _spacing(lines[first], lines[second])) is not None
    }
    bands = []
    for (first, second), spacing in pairs.items():
        bands.append(_band((lines[first], lines[second]), abs(spacing)))
        for third in range(second + 1, len(lines)):
            sides = (spacing, pairs.get((first, third)), pairs.get((second, third)))
            known = sorted(abs(side) for side in sides if side is not None)
            if len(known) >= 2 and known[1] < 1.3 * known[0]:
                bands.append(_band((lines[first], lines[second], lines[third]), known[0]))
    return bands


def _spacing(first: TextLine, second: TextLine) -> float | None:
    """Distance of two lines across their direction, signed; None unless they look like lines of one zone."""
    length = max(first.length_px, second.length_px)
    if min(first.length_px, second.length_px) < 0.85 * length or abs(first.angle_rad - second.angle_rad) > 0.06:
        return None
    direction = (first.end - first.start) / max(first.length_px, 1e-6)
    between = second.centre_line.mean(axis=0) - first.centre_line.mean(axis=0)
    along = float(between @ direction)
    across = float(direction[0] * between[1] - direction[1] * between[0])
    if abs(along) > 0.08 * length or not length / 34 < abs(across) < length / 7.5:
        return None
    return across


def _band(lines: Sequence[TextLine], spacing: float) -> Band:
    direction = lines[0].end - lines[0].start

    def depth(line: TextLine) -> float:
        middle = line.centre_line.mean(axis=0)
        return float(direction[0] * middle[1] - direction[1] * middle[0])

    return Band(tuple(sorted(lines, key=depth)), spacing)


def _unlikeliness(band: Band) -> float:
    """Prefer long lines of equal length, and three to two of the three."""
    lengths = [line.length_px for line in band.lines]
    return -float(np.mean(lengths)) * (min(lengths) / max(lengths)) ** 2 * (1.2 if len(lengths) == 3 else 1.0)


def _without_repeats(bands: Sequence[Band]) -> list[Band]:
    kept: list[Band] = []
    for band in bands:
        for other in kept:
            if np.linalg.norm(band.middle - other.middle) < 0.4 * other.spacing_px and len(other.lines) == len(
                band.lines
            ):
                break
        else:
            kept.append(band)
    return kept


def _evenly(points: NDArray[np.float32], step_px: float, margin_px: float) -> NDArray[np.float64]:
    """Points along a curve at even distances, continued straight beyond its ends."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    travelled = np.concatenate([[0.0], np.cumsum(steps)])
    wanted = np.arange(-margin_px, travelled[-1] + margin_px, step_px)
    curve = np.stack([np.interp(wanted, travelled, points[:, axis]) for axis in (0, 1)], axis=1)
    for beyond, end, inner in ((wanted < 0, 0, 1), (wanted > travelled[-1], -1, -2)):
        outwards = (points[end] - points[inner]) / max(float(np.linalg.norm(points[end] - points[inner])), 1e-6)
        distance = np.where(end == 0, -wanted, wanted - travelled[-1])[beyond]
        curve[beyond] = points[end] + distance[:, None] * outwards
    return curve
