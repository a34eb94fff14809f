"""Reads the square code of a slip from a picture of it."""

from pathlib import Path

import cv2

from hardware.picture_file import printable, read_picture
from kiosk.errors import SettingsError

_SCALES = (1.0, 2.0, 0.5, 1.5, 3.0)
_MOST_PIXELS = 16_000_000
"""Larger than that a picture is not made for another try."""


def read_code(path: Path) -> str:
    """The text of the code; raise `SettingsError` where none can be read, `HardwareError` for what is no picture."""
    picture = cv2.cvtColor(read_picture(path), cv2.COLOR_RGB2GRAY)
    # Neither of OpenCV's two finders reads every code of this size; together, at several sizes, they do.
    finders = (cv2.QRCodeDetectorAruco(), cv2.QRCodeDetector())
    for scale in _SCALES:
        if scale > 1 and picture.size * scale * scale > _MOST_PIXELS:
            continue
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        sized = picture if scale == 1 else cv2.resize(picture, None, fx=scale, fy=scale, interpolation=method)
        for finder in finders:
            try:
                text, _, _ = finder.detectAndDecode(sized)
            except cv2.error:
                continue
            if text:
                return str(text)
    raise SettingsError(
        f"No square code can be read in {printable(path)}: cut the picture to the code, or scan it with a telephone and"
        " give its text."
    )
