"""Finds the holder's portrait on a page that lies upright, and cuts it out with room around it.

Passports carry a second, smaller ghost of the portrait: the largest face wins, but only where it is plainly the main
one. Judges no likeness; the face mesh, in another process, measures the crop.
"""

import math
import os
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

os.environ.setdefault("GLOG_minloglevel", "2")  # MediaPipe greets on standard error
import mediapipe as mp

_TILE_SIDE_PX = 384
_MIN_SCORE = 0.5
_SURE = 0.7
RIVAL_SCORE = 0.8
"""From here on a second face counts: lettering has passed for one with 0.70, printed portraits have 0.85 and more."""
_SMALLEST_CROP_PX = 32
_MOST_FACES = 4
_MARGIN = 2.0
GHOST_RATIO = 0.7
"""A second face at least this large, compared with the first, is no ghost: nobody can tell which is the holder's."""
LARGEST_CROP_PX = 1200
"""A side of the crop; ample for a comparison, and it fits into the memory that hands it on."""


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A detected face in pixels of the page."""

    centre_x: float
    centre_y: float
    side_px: float
    score: float


class PortraitFinder:
    """Loads both face detectors once; `find` opens no file."""

    def __init__(self) -> None:
        detection = mp.solutions.face_detection.FaceDetection
        self._detectors = [
            detection(model_selection=selection, min_detection_confidence=_MIN_SCORE) for selection in (0, 1)
        ]

    def close(self) -> None:
        for detector in self._detectors:
            detector.close()

    def find(self, page: NDArray[np.uint8], largest_face_px: float = math.inf) -> NDArray[np.uint8] | None:
        """Return the portrait of (h, w, 3) uint8 RGB, twice the face's size.

        None without one, beside another of similar size, and where a face is larger than a portrait can be.
        """
        confirmed = sorted(self._confirmed(page), key=lambda face: -face.side_px)
        if not confirmed or confirmed[0].side_px > largest_face_px:
            return None
        main, *others = confirmed
        if any(other.score >= RIVAL_SCORE and other.side_px >= GHOST_RATIO * main.side_px for other in others):
            return None
        return _crop(page, main)

    def faces(self, page: NDArray[np.uint8]) -> list[FaceBox]:
        """Return every face found in the page or in one of its overlapping tiles."""
        found = []
        for left, top, right, bottom in _tiles(page.shape[1], page.shape[0]):
            found += self._faces_in(page[top:bottom, left:right], left, top)
        return found

    def _confirmed(self, page: NDArray[np.uint8]) -> list[FaceBox]:
        """Each face once, the largest few, if it is still one on a closer look."""
        confirmed: list[FaceBox] = []
        for face in sorted(self.faces(page), key=lambda face: -face.side_px):
            if len(confirmed) == _MOST_FACES:
                break
            if any(_same(face, other) for other in confirmed):
                continue
            closer = self._closer_look(page, face)
            if closer is not None and not any(_same(closer, other) for other in confirmed):
                confirmed.append(closer)
        return confirmed

    def _closer_look(self, page: NDArray[np.uint8], face: FaceBox) -> FaceBox | None:
        """Measure a face again in its own crop, where an emblem or a pattern no longer looks like one."""
        left, top, right, bottom = _box(page, face)
        if min(right - left, bottom - top) < _SMALLEST_CROP_PX:
            return None
        again = self._faces_in(page[top:bottom, left:right], left, top)
        best = max(again, key=lambda found: found.score, default=None)
        return best if best is not None and best.score >= _SURE else None

    def _faces_in(self, tile: NDArray[np.uint8], left: int, top: int) -> list[FaceBox]:
        height, width = tile.shape[:2]
        scale = min(1.0, _TILE_SIDE_PX / max(height, width))
        small = cv2.resize(tile, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else tile.copy()
        found = []
        for detector in self._detectors:
            for detection in detector.process(small).detections or ():
                box = detection.location_data.relative_bounding_box
                centre_x, centre_y = box.xmin + box.width / 2, box.ymin + box.height / 2
                side = max(box.width * width, box.height * height)
                found.append(FaceBox(left + centre_x * width, top + centre_y * height, side, detection.score[0]))
        return found


def _tiles(width: int, height: int) -> list[tuple[int, int, int, int]]:
    """The page, and squares of its shorter side and of half of it, overlapping by half."""
    tiles = [(0, 0, width, height)]
    for side in (min(width, height), min(width, height) // 2):
        if side < 48:
            break
        for top in _starts(height, side):
            for left in _starts(width, side):
                tiles.append((left, top, left + side, top + side))
    return list(dict.fromkeys(tiles))


def _starts(length: int, side: int) -> list[int]:
    count = max(1, int(np.ceil(2 * (length - side) / side)) + 1) if length > side else 1
    return [round(place) for place in np.linspace(0, length - side, count)]


def _same(face: FaceBox, other: FaceBox) -> bool:
    apart = np.hypot(face.centre_x - other.centre_x, face.centre_y - other.centre_y)
    return bool(apart < 0.5 * other.side_px)


def _box(page: NDArray[np.uint8], face: FaceBox) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of a square twice the face's side, as far as the page goes."""
    half = face.side_px * _MARGIN / 2
    left, right = max(0, round(face.centre_x - half)), min(page.shape[1], round(face.centre_x + half))
    top, bottom = max(0, round(face.centre_y - half)), min(page.shape[0], round(face.centre_y + half))
    return left, top, right, bottom


def _crop(page: NDArray[np.uint8], face: FaceBox) -> NDArray[np.uint8]:
    left, top, right, bottom = _box(page, face)
    crop = np.ascontiguousarray(page[top:bottom, left:right])
    scale = LARGEST_CROP_PX / max(crop.shape[:2])
    return cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else crop
