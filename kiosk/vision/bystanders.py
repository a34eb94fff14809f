"""Makes faces other than the subject's unrecognisable in the preview: people nearby have not agreed to be shown.

Looks at no face itself: it is told where they were last seen, and hides somewhat more, for somewhat longer. A face is
hidden from the first analysed frame that finds it, not before. Keeps no pixel.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

ENLARGED = 1.7
"""A face moves between two looks at it, and hair and ears are part of whom one recognises."""
HIDDEN_FOR_S = 0.7
"""How long a face stays hidden after the last look that found it: detectors miss one now and then."""
_CELLS = 5
"""How many patches of one colour a hidden face is wide and high; nobody is recognised by so few."""


@dataclass(frozen=True, slots=True)
class Area:
    """A square in pixels of the frame."""

    centre_x: float
    centre_y: float
    side: float


class Bystanders:
    """Where other faces were last seen. One thread tells, another asks; each change replaces the whole."""

    def __init__(self) -> None:
        self._seen: tuple[tuple[float, Area], ...] = ()

    def found(self, others: Iterable[Area], subject: Area | None, at_s: float) -> None:
        """Take what one look found; an area that has come to lie on the subject's face is the subject's."""
        new = tuple((at_s, area) for area in others)
        old = tuple(
            (seen_at_s, area)
            for seen_at_s, area in self._seen
            if at_s - seen_at_s <= HIDDEN_FOR_S and not any(_are_one(area, other) for _, other in new)
        )
        self._seen = tuple(
            (seen_at_s, area) for seen_at_s, area in (*new, *old) if subject is None or not _are_one(area, subject)
        )

    def forget(self) -> None:
        """Another subject comes."""
        self._seen = ()

    def hide(self, pixels: NDArray[np.uint8], frame_width: int) -> NDArray[np.uint8]:
        """Return the picture without other faces; the very same array where there are none.

        (height, width, 3) uint8, of any size; `frame_width` is that of the frames in which faces were found.
        """
        areas = self._seen
        if not areas:
            return pixels
        hidden = pixels.copy()
        for _, area in areas:
            _hide_area(hidden, area, pixels.shape[1] / frame_width)
        return hidden


def _hide_area(pixels: NDArray[np.uint8], area: Area, scale: float) -> None:
    """Replace a square by a few patches of its mean colours, in place."""
    half = ENLARGED * area.side * scale / 2
    x, y = area.centre_x * scale, area.centre_y * scale
    if not np.isfinite((x, y, half)).all():
        return
    height, width = pixels.shape[:2]
    left, right = (round(min(max(edge, 0), width)) for edge in (x - half, x + half))
    top, bottom = (round(min(max(edge, 0), height)) for edge in (y - half, y + half))
    if right <= left or bottom <= top:
        return
    part = pixels[top:bottom, left:right]
    cells = cv2.resize(part, (_CELLS, _CELLS), interpolation=cv2.INTER_AREA)
    part[:] = cv2.resize(cells, (right - left, bottom - top), interpolation=cv2.INTER_LINEAR)


def _are_one(area: Area, other: Area) -> bool:
    """Both are about the same face: the middle of one lies well within the other."""
    apart = float(np.hypot(area.centre_x - other.centre_x, area.centre_y - other.centre_y))
    return apart < 0.5 * max(area.side, other.side)
