"""How the screens look: colours, type, sizes, and how they scale with the screen.

Sizes are written for a screen of 1080 by 1920 pixels, upright or lying, and scaled until they fit. Style sheets never
set a font: the variable typeface takes its weight from an axis that style sheets do not know, so every font comes
from `Theme.font`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QFont, QFontDatabase

from kiosk.errors import KioskError

DESIGN_SHORT_SIDE_PX, DESIGN_LONG_SIDE_PX = 1080, 1920
TARGET_PX = 92
"""Least height of anything to be touched: 20 mm on a 1080-line screen of 21.5 inches and more are 81 px."""

FONT_PACKAGE = "manimgx_fonts_cjk"
FONT_FILE = "NotoSansCJK-VF.otf.ttc"
FONT_FAMILY = "Noto Sans CJK SC"


class ThemeError(KioskError):
    """The typeface is missing or is no typeface."""


class Colour(StrEnum):
    """Every colour on the screens; pairs that meet are listed in `CONTRASTS`."""

    BACKGROUND = "#f6f4ef"
    SURFACE = "#ffffff"
    SUNKEN = "#ecebe5"
    INK = "#14222b"
    INK_SOFT = "#47565f"
    LINE = "#d9d8d1"
    """Hairlines between areas; carries no meaning."""
    CONTROL_LINE = "#73828a"
    """Outlines that show where to touch."""
    ACCENT = "#0b5d6c"
    ACCENT_PRESSED = "#084652"
    ACCENT_SOFT = "#e1eff1"
    ON_ACCENT = "#ffffff"
    ON_ACCENT_SOFT = "#d5ecef"
    ATTENTION = "#fbecc8"
    ON_ATTENTION = "#573a00"
    ALARM = "#9d2327"
    ALARM_SOFT = "#fbe9e7"
    DISABLED = "#e4e3dc"
    ON_DISABLED = "#667279"
    STAGE = "#16242c"
    """Behind camera pictures."""
    ON_STAGE = "#ffffff"
    RING = "#8be0e6"


class Contrast(StrEnum):
    """What WCAG 2.2 asks of a pair."""

    TEXT = "text"
    LARGE_OR_CONTROL = "large_or_control"


LEAST_CONTRAST = {Contrast.TEXT: 4.5, Contrast.LARGE_OR_CONTROL: 3.0}

_C = Colour
CONTRASTS: tuple[tuple[Colour, Colour, Contrast], ...] = (
    (_C.INK, _C.BACKGROUND, Contrast.TEXT),
    (_C.INK, _C.SURFACE, Contrast.TEXT),
    (_C.INK, _C.SUNKEN, Contrast.TEXT),
    (_C.INK, _C.ACCENT_SOFT, Contrast.TEXT),
    (_C.INK_SOFT, _C.BACKGROUND, Contrast.TEXT),
    (_C.INK_SOFT, _C.SURFACE, Contrast.TEXT),
    (_C.INK_SOFT, _C.SUNKEN, Contrast.TEXT),
    (_C.INK_SOFT, _C.ACCENT_SOFT, Contrast.TEXT),
    (_C.ACCENT, _C.BACKGROUND, Contrast.TEXT),
    (_C.ACCENT, _C.SURFACE, Contrast.TEXT),
    (_C.ACCENT, _C.ACCENT_SOFT, Contrast.TEXT),
    (_C.ON_ACCENT, _C.ACCENT, Contrast.TEXT),
    (_C.ON_ACCENT, _C.ACCENT_PRESSED, Contrast.TEXT),
    (_C.ON_ACCENT_SOFT, _C.ACCENT, Contrast.TEXT),
    (_C.ON_ATTENTION, _C.ATTENTION, Contrast.TEXT),
    (_C.ALARM, _C.SURFACE, Contrast.TEXT),
    (_C.ALARM, _C.BACKGROUND, Contrast.TEXT),
    (_C.ALARM, _C.ALARM_SOFT, Contrast.TEXT),
    (_C.ON_ACCENT, _C.ALARM, Contrast.TEXT),
    (_C.ON_STAGE, _C.STAGE, Contrast.TEXT),
    # Disabled controls need no contrast by WCAG; they keep the lesser one, so that they can be read.
    (_C.ON_DISABLED, _C.DISABLED, Contrast.LARGE_OR_CONTROL),
    (_C.CONTROL_LINE, _C.SURFACE, Contrast.LARGE_OR_CONTROL),
    (_C.CONTROL_LINE, _C.BACKGROUND, Contrast.LARGE_OR_CONTROL),
    (_C.CONTROL_LINE, _C.SUNKEN, Contrast.LARGE_OR_CONTROL),
    (_C.RING, _C.STAGE, Contrast.LARGE_OR_CONTROL),
)


class TextSize(IntEnum):
    """Pixels of the em square at the design size; SMALL still gives capitals of 4.8 mm on 21.5 inches."""

    SMALL = 28
    BODY = 31
    LEAD = 36
    HEADING = 42
    TITLE = 58
    DISPLAY = 84


class Weight(IntEnum):
    """Values of the typeface's weight axis."""

    REGULAR = 400
    MEDIUM = 500
    SEMIBOLD = 600
    BOLD = 700


@dataclass(frozen=True, slots=True)
class Theme:
    """Scale and orientation of one screen; makes fonts and pixel sizes for it."""

    scale: float
    portrait: bool

    @classmethod
    def for_size(cls, size: QSize) -> "Theme":
        """Return the theme of a screen of this size in (logical) pixels."""
        short_side, long_side = sorted((max(size.width(), 1), max(size.height(), 1)))
        scale = min(short_side / DESIGN_SHORT_SIDE_PX, long_side / DESIGN_LONG_SIDE_PX)
        return cls(scale, size.height() > size.width())

    def px(self, design_px: float) -> int:
        """Scale a length; never less than one pixel."""
        return max(1, round(design_px * self.scale))

    def font(self, size: int, weight: Weight = Weight.REGULAR) -> QFont:
        """Return the typeface at a size (design pixels of the em square) and weight."""
        font = QFont(_typeface())
        font.setPixelSize(self.px(size))
        font.setVariableAxis(QFont.Tag("wght"), float(weight))
        return font


@lru_cache(maxsize=1)
def _typeface() -> str:
    """Load the bundled typeface once and return its family; raise `ThemeError` naming what to install."""
    package = find_spec(FONT_PACKAGE)
    folders: Iterable[str] = (package.submodule_search_locations or ()) if package else ()
    path = next((Path(folder) / FONT_FILE for folder in folders), None)
    if path is None or not path.is_file():
        raise ThemeError(f"The typeface {FONT_FILE} is missing: install the Python package {FONT_PACKAGE}.")
    if QFontDatabase.addApplicationFont(str(path)) < 0:
        raise ThemeError(f"{path.name} is no typeface: install the Python package {FONT_PACKAGE} anew.")
    return FONT_FAMILY


def contrast_ratio(one: str, other: str) -> float:
    """WCAG 2.2 contrast of two opaque colours, 1…21."""
    lighter, darker = sorted((_luminance(QColor(one)), _luminance(QColor(other))), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: QColor) -> float:
    red, green, blue = (_linear(part) for part in (colour.redF(), colour.greenF(), colour.blueF()))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
