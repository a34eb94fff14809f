"""Cuts the aligned crop out of a picture that the template network was trained on. Keeps nothing."""

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.vision.face_geometry import Landmarks

CROP_PX = 150

# Left eye outer and inner corner, right eye outer and inner corner, nose base; and their places in units of a crop
# without its padding of a quarter.
_POINTS = (263, 362, 33, 133, 2)
_PLACES = np.array(
    [
        (0.8595674595992, 0.2134981538014),
        (0.6460604764104, 0.2289674387677),
        (0.1205750620789, 0.2137274526848),
        (0.3340850613712, 0.2290642403242),
        (0.4901123135679, 0.6277975316475),
    ]
)
_TARGET = (_PLACES + 0.25) / 1.5 * CROP_PX
# Beyond this reduction a plain linear sample skips pixels; the picture is averaged down first.
_LARGEST_PLAIN_REDUCTION = 2.0


def align_face(pixels: NDArray[np.uint8], landmarks: Landmarks) -> NDArray[np.uint8]:
    """Return the (150, 150, 3) uint8 RGB crop of the face with these landmarks; outside the picture it is black."""
    matrix = _similarity(landmarks[list(_POINTS), :2].astype(np.float64), _TARGET)
    return warp_similarity(pixels, matrix, CROP_PX)


def warp_similarity(pixels: NDArray[np.uint8], matrix: NDArray[np.float64], side: int) -> NDArray[np.uint8]:
    """Return the (side, side, 3) crop that `matrix` (2, 3) maps the picture onto, without aliasing."""
    corners = np.array([(0, 0), (side, 0), (side, side), (0, side)], dtype=np.float64)
    places = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    height, width = pixels.shape[:2]
    low = np.clip(np.floor(places.min(axis=0)) - 2, 0, (width - 1, height - 1)).astype(int)
    high = np.clip(np.ceil(places.max(axis=0)) + 2, low + 1, (width, height)).astype(int)
    part = pixels[low[1] : high[1], low[0] : high[0]]
    local = matrix.copy()
    local[:, 2] += matrix[:, :2] @ low
    reduction = 1 / float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if reduction > _LARGEST_PLAIN_REDUCTION:
        part, local = _reduced(part, local, reduction)
    return np.asarray(cv2.warpAffine(part, local, (side, side), flags=cv2.INTER_LINEAR), dtype=np.uint8)


def _reduced(
    part: NDArray[np.uint8], matrix: NDArray[np.float64], reduction: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Average the part down to the scale of the crop; pixel centres stay where they belong."""
    size = np.maximum(1, np.round(np.array(part.shape[1::-1]) / reduction)).astype(int)
    scale = np.array(part.shape[1::-1]) / size
    small = cv2.resize(part, (int(size[0]), int(size[1])), interpolation=cv2.INTER_AREA)
    scaled = matrix.copy()
    scaled[:, :2] = matrix[:, :2] * scale
    scaled[:, 2] += matrix[:, :2] @ (scale / 2 - 0.5)
    return np.asarray(small, dtype=np.uint8), scaled


def _similarity(source: NDArray[np.float64], target: NDArray[np.float64]) -> NDArray[np.float64]:
    """(2, 3) similarity transform from source to target points, least squares without reflection."""
    own, wanted = source - source.mean(axis=0), target - target.mean(axis=0)
    norm = max(float((own**2).sum()), 1e-9)
    along = float((own * wanted).sum()) / norm
    across = float((own[:, 0] * wanted[:, 1] - own[:, 1] * wanted[:, 0]).sum()) / norm
    linear = np.array([(along, -across), (across, along)])
    return np.column_stack([linear, target.mean(axis=0) - linear @ source.mean(axis=0)])
