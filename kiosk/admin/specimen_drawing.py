"""Draws one side of a specimen document: pastel ground, text, portraits, and the machine readable zone.

Everything is measured in millimetres of the real formats (Doc 9303 parts 4 to 6). No security feature of any real
document is imitated, the word SPECIMEN is printed across, and the issuing state is UTO, which does not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Pixels = NDArray[np.uint8]
PX_PER_MM = 11.0
"""About 280 dots per inch."""
PITCH_MM = 2.54
LINE_SPACING_MM = 6.35
ID_1_MM, ID_2_MM, ID_3_MM = (85.6, 54.0), (105.0, 74.0), (125.0, 88.0)
_INK = (38, 36, 52)
_LABEL = (104, 98, 128)
_ACCENT = (112, 62, 104)
_SPECIMEN = (196, 58, 70)


@dataclass(frozen=True, slots=True)
class Entry:
    """A label and what is printed under it."""

    label: str
    value: str


class Card:
    """One side of a document, drawn in millimetres from its top left corner."""

    def __init__(self, size_mm: tuple[float, float], seed: int) -> None:
        self.width_mm, self.height_mm = size_mm
        self._pixels = _background(round(size_mm[0] * PX_PER_MM), round(size_mm[1] * PX_PER_MM), seed)

    @property
    def pixels(self) -> Pixels:
        """(h, w, 3) uint8 RGB, sharp corners."""
        return self._pixels

    def text(self, x_mm: float, y_mm: float, words: str, size_mm: float, font: str = "DejaVuSans") -> None:
        """Print with the baseline's left end at the given place; `size_mm` is the height of capitals."""
        colour = _LABEL if font == "DejaVuSans-Oblique" else _INK
        with _drawing(self) as draw:
            draw.text(_px(x_mm, y_mm), words, fill=colour, font=_font(font, size_mm), anchor="ls")

    def heading(self, x_mm: float, y_mm: float, words: str, size_mm: float) -> None:
        """Print in the issuing state's colour."""
        with _drawing(self) as draw:
            draw.text(_px(x_mm, y_mm), words, fill=_ACCENT, font=_font("DejaVuSerif-Bold", size_mm), anchor="ls")

    def entries(self, x_mm: float, y_mm: float, entries: Sequence[Entry], step_mm: float) -> None:
        """Print labels with their values in a column."""
        for number, entry in enumerate(entries):
            top = y_mm + number * step_mm
            self.text(x_mm, top, entry.label, 1.25, "DejaVuSans-Oblique")
            self.text(x_mm, top + 3.4, entry.value, 2.1)

    def zone(self, lines: Sequence[str]) -> None:
        """Print the machine readable zone at the foot, on a plain ground, at the pitch of OCR-B."""
        height_mm = LINE_SPACING_MM * len(lines) + 4.2
        self._pixels[round((self.height_mm - height_mm) * PX_PER_MM) :] = (249, 248, 245)
        left_mm = (self.width_mm - PITCH_MM * len(lines[0])) / 2
        font = _font("DejaVuSansMono", 2.9)
        with _drawing(self) as draw:
            for number, line in enumerate(lines):
                baseline = self.height_mm - 4.1 - LINE_SPACING_MM * (len(lines) - 1 - number)
                for column, character in enumerate(line):
                    place = _px(left_mm + (column + 0.5) * PITCH_MM, baseline)
                    draw.text(place, character, fill=(24, 24, 28), font=font, anchor="ms")

    def portrait(self, x_mm: float, y_mm: float, height_mm: float, portrait: Pixels, opacity: float = 1.0) -> None:
        """Print a portrait 35 wide to 45 high, cut from the middle of what is given."""
        size = (round(height_mm * 35 / 45 * PX_PER_MM), round(height_mm * PX_PER_MM))
        image = cv2.resize(_cut(portrait), size, interpolation=cv2.INTER_CUBIC)
        left, top = round(x_mm * PX_PER_MM), round(y_mm * PX_PER_MM)
        ground = self._pixels[top : top + size[1], left : left + size[0]]
        ground[:] = cv2.addWeighted(image, opacity, ground, 1 - opacity, 0)

    def signature(self, x_mm: float, y_mm: float, words: str) -> None:
        with _drawing(self) as draw:
            draw.text(_px(x_mm, y_mm), words, fill=_INK, font=_font("DejaVuSerif-Italic", 2.0), anchor="ls")

    def specimen(self, x_mm: float, y_mm: float, size_mm: float) -> None:
        """Print SPECIMEN aslant, so that nobody can take this for a document."""
        font = _font("DejaVuSans-Bold", size_mm)
        box = font.getbbox("SPECIMEN")
        stamp = Image.new("L", (round(box[2]) + 20, round(box[3]) + 20), 0)
        ImageDraw.Draw(stamp).text((10, 0), "SPECIMEN", fill=105, font=font)
        stamp = stamp.rotate(12, expand=True, resample=Image.Resampling.BICUBIC)
        image = Image.fromarray(self._pixels)
        left, top = _px(x_mm, y_mm)
        image.paste(_SPECIMEN, (round(left), round(top - stamp.height)), stamp)
        self._pixels = np.array(image)


class _drawing:  # noqa: N801 - reads as a function: `with _drawing(card) as draw`
    """Lends the card's pixels to Pillow and takes them back."""

    def __init__(self, card: Card) -> None:
        self._card = card
        self._image = Image.fromarray(card._pixels)

    def __enter__(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self._image)

    def __exit__(self, *_: object) -> None:
        self._card._pixels = np.array(self._image)


def _background(width: int, height: int, seed: int) -> Pixels:
    """A pastel ground with fine interlaced waves."""
    chance = np.random.default_rng(seed)
    across = np.linspace(0, 1, width, dtype=np.float32)[None, :, None]
    left, right = np.array([242, 236, 226], np.float32), np.array([226, 236, 242], np.float32)
    ground = np.repeat(left * (1 - across) + right * across, height, axis=0)
    pixels = ground.astype(np.uint8)
    x = np.arange(0, width, 4)
    for family, colour in enumerate(((214, 198, 214), (196, 212, 214), (220, 210, 190))):
        swing, waves, phase = chance.uniform(14, 30), chance.uniform(2.0, 4.5), chance.uniform(0, 6.28)
        for start in range(-60, height + 60, 17):
            y = start + 5 * family + swing * np.sin(2 * np.pi * waves * x / width + phase + start / 90)
            points = np.stack([x, y], axis=1).round().astype(np.int32)
            cv2.polylines(pixels, [points], isClosed=False, color=colour, thickness=1, lineType=cv2.LINE_AA)
    return pixels


def _cut(portrait: Pixels) -> Pixels:
    height, width = portrait.shape[:2]
    wanted = min(width, round(height * 35 / 45))
    tall = min(height, round(wanted * 45 / 35))
    left, top = (width - wanted) // 2, (height - tall) // 2
    return portrait[top : top + tall, left : left + wanted]


def _px(x_mm: float, y_mm: float) -> tuple[float, float]:
    return x_mm * PX_PER_MM, y_mm * PX_PER_MM


def _font(name: str, capitals_mm: float) -> ImageFont.FreeTypeFont:
    """DejaVu comes with matplotlib; its capitals are 0.729 of the size high."""
    path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"
    return ImageFont.truetype(str(path), round(capitals_mm * PX_PER_MM / 0.729))
