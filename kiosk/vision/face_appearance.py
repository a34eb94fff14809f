"""Pixels of a face to numbers: sharpness, exposure, side light, hints that eyes or mouth are covered.

Simple measures on one small upright crop; no model. Judges nothing.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.vision.face_alignment import warp_similarity
from kiosk.vision.face_geometry import (
    FACE_OVAL,
    LEFT_EYE_CORNERS,
    RIGHT_EYE_CORNERS,
    Landmarks,
    eye_centres,
)

_SIDE = 160
_EYES_APART = 64.0
_EYES_HEIGHT = 56.0
_OVER_EXPOSED = 250
_UNDER_EXPOSED = 20
# Where skin is, unless something covers it, as numbers of the mesh.
_RIGHT_SKIN = (50, 101, 118, 151, 108)
_LEFT_SKIN = (280, 330, 347, 151, 337)
_NOSE_BRIDGE = (6, 197, 195)
_UPPER_FACE = (151, 9, 108, 337, 50, 280, 101, 330, 6, 197)
_UNDER_NOSE = (164, 167, 393)
_LOWER_CHEEKS = (192, 416, 207, 427, 214, 434)
_CHIN = (175, 199, 200, 208, 428, 201, 421)
_LIPS = (0, 17, 37, 267, 84, 314, 40, 270, 91, 321)
_LIP_EDGE = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
_LEAST_MOUTH_CONTRAST = 0.2
"""Lips, the line between them or teeth differ by at least this part of the lightness of the skin around them, on pale
and dark skin alike; a mask shows hardly a tenth of it."""
_DARKEST_GROUND = 60.0
"""Of 255; on darker ground, noise alone would look like contrast."""
_CHEEKS_DARKER = -25.0
"""How much darker (of 255) the lower cheeks usually are than the upper face."""
_BARE_UNDER_EYE, _DARK_UNDER_EYE = 0.4, 0.2
"""Lightness of what lies just under an eye, as part of the cheek's: bare skin is lighter than the first, a dark lens
darker than the second."""
_LOCAL_PX = (31, 31)
_ROUNDING_NOISE = 20 / 12
"""What rounding to whole numbers alone adds to the variance of the Laplacian."""
_PATCH = (7, 7)
"""Pixels around a landmark that are averaged."""


@dataclass(frozen=True, slots=True)
class FaceAppearance:
    """Units as in `FaceObservation`."""

    sharpness: float
    brightness: float
    over_exposed: float
    under_exposed: float
    side_light: float
    eyes_covered: float
    mouth_covered: float


@dataclass(frozen=True, slots=True)
class UprightFace:
    """One face cut out upright, eyes level and 64 px apart; the measures are taken on it."""

    colour: NDArray[np.uint8]
    """(160, 160, 3) RGB."""
    grey: NDArray[np.uint8]
    """(160, 160)"""
    points: NDArray[np.float64]
    """(478, 2): the landmarks in it."""


def upright_face(pixels: NDArray[np.uint8], landmarks: Landmarks) -> UprightFace:
    """Cut the face with these landmarks out of a (height, width, 3) uint8 RGB picture."""
    matrix = _upright(landmarks)
    colour = warp_similarity(pixels, matrix, _SIDE)
    points = landmarks[:, :2].astype(np.float64) @ matrix[:, :2].T + matrix[:, 2]
    return UprightFace(colour, np.asarray(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), dtype=np.uint8), points)


def measure_appearance(face: UprightFace) -> FaceAppearance:
    """Measure one face."""
    mask = np.zeros((_SIDE, _SIDE), dtype=np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(face.points[list(FACE_OVAL)].astype(np.int32)), 255)
    inside = face.grey[mask > 0]
    if inside.size == 0:
        return FaceAppearance(0, 0, 0, 1, 0, 0, 0)
    return FaceAppearance(
        sharpness=_sharpness(face.grey, mask),
        brightness=float(inside.mean()) / 255,
        over_exposed=float((inside >= _OVER_EXPOSED).mean()),
        under_exposed=float((inside <= _UNDER_EXPOSED).mean()),
        side_light=_side_light(face.grey, mask, face.points),
        eyes_covered=_eyes_covered(face.grey, face.points),
        mouth_covered=_mouth_covered(face.colour, face.points),
    )


def face_thumbnail(face: UprightFace) -> NDArray[np.float32]:
    """(24, 24) float32: the face, grey and blurred, of mean zero and length one."""
    small = cv2.GaussianBlur(cv2.resize(face.grey, (32, 32), interpolation=cv2.INTER_AREA), (0, 0), 1)[4:28, 4:28]
    centred = small.astype(np.float32) - float(small.mean())
    return np.asarray(centred / max(float(np.linalg.norm(centred)), 1e-6), dtype=np.float32)


def thumbnail_likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Correlation of two thumbnails, −1…1; independent of how much light there is."""
    return float((one * other).sum())


def _upright(landmarks: Landmarks) -> NDArray[np.float64]:
    """(2, 3): eyes level and 64 px apart in a 160 px crop."""
    right, left = eye_centres(landmarks)
    across = left - right
    scale = _EYES_APART / max(float(np.hypot(*across)) ** 2, 1e-6)
    linear = scale * np.array([(across[0], across[1]), (-across[1], across[0])])
    return np.column_stack([linear, (_SIDE / 2, _EYES_HEIGHT) - linear @ ((left + right) / 2)])


def _sharpness(grey: NDArray[np.uint8], mask: NDArray[np.uint8]) -> float:
    """Edges in proportion to contrast, so that neither little light nor a flat picture seems blurred."""
    inner = cv2.erode(mask, np.ones((5, 5), dtype=np.uint8)) > 0
    if not inner.any():
        return 0.0
    values = grey.astype(np.float32)
    edges = float(cv2.Laplacian(values, cv2.CV_32F)[inner].var()) - _ROUNDING_NOISE
    contrast = float(np.square(values - cv2.blur(values, _LOCAL_PX))[inner].mean())
    return 100 * max(edges, 0.0) / max(contrast, 1.0)


def _side_light(grey: NDArray[np.uint8], mask: NDArray[np.uint8], points: NDArray[np.float64]) -> float:
    """Compare what lies left and right of the bridge of the nose."""
    middle = int(np.clip(points[list(_NOSE_BRIDGE), 0].mean(), 8, _SIDE - 8))
    halves = [grey[:, :middle][mask[:, :middle] > 0], grey[:, middle:][mask[:, middle:] > 0]]
    if min(half.size for half in halves) == 0:
        return 0.0
    right, left = (float(half.mean()) for half in halves)
    return abs(left - right) / max(left + right, 1.0)


def _eyes_covered(grey: NDArray[np.uint8], points: NDArray[np.float64]) -> float:
    """Just under the eyes, where the skin is bare and as light as the cheek, it is dark. The mean of both eyes."""
    smooth = np.asarray(cv2.blur(grey, _PATCH), dtype=np.float32)
    hints = []
    for corners, skin_points in ((RIGHT_EYE_CORNERS, _RIGHT_SKIN), (LEFT_EYE_CORNERS, _LEFT_SKIN)):
        skin = float(np.median(_at(smooth, points, skin_points)))
        # The middle value: frames of glasses are thin, and a lens reflects in places.
        light = float(np.median(_under_eye(grey, points[list(corners)]))) / max(skin, 1.0)
        hints.append(float(np.clip((_BARE_UNDER_EYE - light) / (_BARE_UNDER_EYE - _DARK_UNDER_EYE), 0, 1)))
    return sum(hints) / len(hints)


def _under_eye(grey: NDArray[np.uint8], corners: NDArray[np.float64]) -> NDArray[np.uint8]:
    """As wide as the eye and half as high, from the middle of the eye downwards."""
    width = abs(corners[1, 0] - corners[0, 0])
    half = np.array([0.5, 0.25]) * width
    centre = corners.mean(axis=0) + np.array([0.0, 0.3]) * width
    low = np.clip(centre - half, 0, _SIDE - 4).astype(int)
    high = np.clip(centre + half, low + 4, _SIDE).astype(int)
    return grey[low[1] : high[1], low[0] : high[0]]


def _mouth_covered(crop: NDArray[np.uint8], points: NDArray[np.float64]) -> float:
    """Neither lips nor anything between them, on ground of another colour than the face above: a mask, a scarf."""
    lab = cv2.cvtColor(crop, cv2.COLOR_RGB2LAB).astype(np.float32)
    smooth = np.asarray(cv2.blur(lab, _PATCH), dtype=np.float32)
    above, under_nose, cheeks, chin, lips = (
        np.median(_at(smooth, points, indices), axis=0)
        for indices in (_UPPER_FACE, _UNDER_NOSE, _LOWER_CHEEKS, _CHIN, _LIPS)
    )
    ground = (under_nose + chin) / 2
    contrast = _mouth_contrast(lab, points) / max(float(ground[0]), _DARKEST_GROUND)
    lip_signs = contrast / _LEAST_MOUTH_CONTRAST + _colour_apart(lips, ground) / 4
    light_apart = abs(float(cheeks[0] - above[0]) - _CHEEKS_DARKER)
    foreign = min(_colour_apart(part, above) for part in (under_nose, cheeks, chin)) / 10 + light_apart / 80
    return float(np.clip(1.5 * (1 - lip_signs), 0, 1) * np.clip(foreign, 0, 1))


def _mouth_contrast(lab: NDArray[np.float32], points: NDArray[np.float64]) -> float:
    """Lightness of the lightest less that of the darkest part of the mouth."""
    mask = np.zeros((_SIDE, _SIDE), dtype=np.uint8)
    cv2.fillConvexPoly(mask, cv2.convexHull(points[list(_LIP_EDGE)].astype(np.int32)), 255)
    inside = cv2.blur(np.ascontiguousarray(lab[:, :, 0]), (5, 3))[mask > 0]
    return float(np.subtract(*np.percentile(inside, (95, 5)))) if inside.size else 0.0


def _colour_apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Distance of two Lab colours, lightness aside."""
    return float(np.hypot(*(one - other)[1:]))


def _at(smooth: NDArray[np.float32], points: NDArray[np.float64], indices: tuple[int, ...]) -> NDArray[np.float32]:
    """Values of a smoothed picture where these landmarks are."""
    return smooth[_places(points, indices)]


def _places(points: NDArray[np.float64], indices: tuple[int, ...]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns of landmarks, kept inside the crop."""
    places = np.clip(np.round(points[list(indices)]), 0, _SIDE - 1).astype(np.intp)
    return places[:, 1], places[:, 0]
