"""Does what surrounds the head move along with the face? Numbers only.

Before a camera that stands still, a person sways and their surroundings do not; a print or a tablet in a hand takes its
own surroundings along. Looks at how far both went within a moment, so that slow swaying counts and jitter does not.
"""

import itertools
import math
from collections import deque
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from kiosk.verification.observation import BackgroundMotion

MOMENT_S = 0.4
LEAST_SHIFT = 0.04
"""In inter-eye distances, of the face within a moment: less is jitter."""
LEAST_PATH = 0.3
"""All shifts counted together, in inter-eye distances…"""
LEAST_MOMENTS = 6
"""…in at least this many moments."""
LEAST_POINTS = 6
TOGETHER = 0.7
"""Share of the face's movement that the background takes part in; at least that is one piece,"""
APART = 0.3
"""at most that is two."""
_LONGEST_GAP_S = 0.5
_MOST_FRAMES = 1200


Shifts = NDArray[np.float64]
"""(moments, 2) float64: x and y in inter-eye distances."""


class Company(StrEnum):
    """How face and background keep together."""

    TOGETHER = "together"
    APART = "apart"
    UNCLEAR = "unclear"
    UNSEEN = "unseen"
    """No background that could be followed, or a face that kept still."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Where face and background have got to since the chain of frames began, in inter-eye distances."""

    chain: int
    at_s: float
    face: tuple[float, float]
    background: tuple[float, float]


class Sway:
    """Folds shifts from frame to frame into an answer."""

    def __init__(self) -> None:
        self._places: deque[_Place] = deque(maxlen=_MOST_FRAMES)
        self._chain = 0

    def observe(self, motion: BackgroundMotion | None, inter_eye_px: float, at_s: float) -> None:
        """Take the next frame; one without background, or after a gap, begins a new chain."""
        if motion is None or not _is_followed(motion, inter_eye_px):
            self._chain += 1
            return
        last = self._places[-1] if self._places else None
        if last is None or last.chain != self._chain or not 0 < at_s - last.at_s <= _LONGEST_GAP_S:
            self._chain += 1
            last = _Place(self._chain, at_s, (0.0, 0.0), (0.0, 0.0))
        face = _moved(last.face, motion.face_shift_x_px, motion.face_shift_y_px, inter_eye_px)
        background = _moved(last.background, motion.shift_x_px, motion.shift_y_px, inter_eye_px)
        self._places.append(_Place(self._chain, at_s, face, background))

    @property
    def is_followed(self) -> bool:
        """There was a background to follow."""
        return bool(self._places)

    def share(self, besides: tuple[tuple[float, float], ...] = ()) -> float | None:
        """How much of the face's movement the background shares, 0 apart … 1 one piece; None where too little moved.

        `besides` are stretches of time not to look at.
        """
        face, background = self._moments(besides)
        lengths = np.linalg.norm(face, axis=1)
        counted = lengths >= LEAST_SHIFT
        if int(counted.sum()) < LEAST_MOMENTS or float(lengths[counted].sum()) < LEAST_PATH:
            return None
        apart = np.linalg.norm(background[counted] - face[counted], axis=1)
        # The median: a recorded head on a carried screen begins to turn while the screen moves, too.
        return max(0.0, float(np.median(1 - apart / lengths[counted])))

    def company(self, turns: tuple[tuple[float, float], ...]) -> Company:
        """Judge rest and turns apart: a recorded head turns before its recorded background, a hand moves both."""
        shares = [share for share in (self.share(turns), self.share()) if share is not None]
        if not shares:
            return Company.UNSEEN
        if max(shares) >= TOGETHER:
            return Company.TOGETHER
        return Company.APART if max(shares) <= APART else Company.UNCLEAR

    def _moments(self, besides: tuple[tuple[float, float], ...]) -> tuple[Shifts, Shifts]:
        """Shifts of face and background, a moment starting at every frame."""
        faces, backgrounds = [np.zeros((0, 2))], [np.zeros((0, 2))]
        for _, chain in itertools.groupby(self._places, key=lambda place: place.chain):
            places = [place for place in chain if not any(start <= place.at_s <= end for start, end in besides)]
            times_s = np.array([place.at_s for place in places])
            ends = np.searchsorted(times_s, times_s + MOMENT_S)
            starts = np.flatnonzero(ends < len(places))
            ends = ends[starts]
            near = times_s[ends] - times_s[starts] <= 2 * MOMENT_S
            table = np.array([(*place.face, *place.background) for place in places]).reshape(-1, 4)
            shifts = table[ends[near]] - table[starts[near]]
            faces.append(shifts[:, :2])
            backgrounds.append(shifts[:, 2:])
        return np.concatenate(faces), np.concatenate(backgrounds)


def _is_followed(motion: BackgroundMotion, inter_eye_px: float) -> bool:
    numbers = (
        motion.shift_x_px, motion.shift_y_px, motion.face_shift_x_px, motion.face_shift_y_px, inter_eye_px
    )  # fmt: skip
    return motion.points >= LEAST_POINTS and all(map(math.isfinite, numbers)) and 1 < inter_eye_px < 1e5


def _moved(place: tuple[float, float], x_px: float, y_px: float, inter_eye_px: float) -> tuple[float, float]:
    """A shift of more than a face at once is a mistake, not a movement."""
    x, y = (max(-2.0, min(2.0, shift_px / inter_eye_px)) for shift_px in (x_px, y_px))
    return place[0] + x, place[1] + y
