"""Cuts the aligned crop out of a picture that a template network was trained on. Keeps nothing."""

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.vision.face_geometry import LEFT_EYE_CORNERS, MOUTH_CORNERS, NOSE_TIP, RIGHT_EYE_CORNERS, Landmarks
from kiosk.vision.model_form import FaceLandmark, TemplateForm

# Each landmark is the mean of these points of the mesh.
_MESH_POINTS: Mapping[FaceLandmark, tuple[int, ...]] = {
    FaceLandmark.RIGHT_EYE_CENTRE: RIGHT_EYE_CORNERS,
    FaceLandmark.LEFT_EYE_CENTRE: LEFT_EYE_CORNERS,
    FaceLandmark.RIGHT_EYE_OUTER: (RIGHT_EYE_CORNERS[0],),
    FaceLandmark.RIGHT_EYE_INNER: (RIGHT_EYE_CORNERS[1],),
    FaceLandmark.LEFT_EYE_OUTER: (LEFT_EYE_CORNERS[0],),
    FaceLandmark.LEFT_EYE_INNER: (LEFT_EYE_CORNERS[1],),
    FaceLandmark.NOSE_TIP: (NOSE_TIP,),
    FaceLandmark.NOSE_BASE: (2,),
    FaceLandmark.RIGHT_MOUTH_CORNER: (MOUTH_CORNERS[0],),
    FaceLandmark.LEFT_MOUTH_CORNER: (MOUTH_CORNERS[1],),
}
# Beyond this reduction a plain linear sample skips pixels; the picture is averaged down first.
_LARGEST_PLAIN_REDUCTION = 2.0


def align_face(pixels: NDArray[np.uint8], landmarks: Landmarks, form: TemplateForm) -> NDArray[np.uint8]:
    """Return the square uint8 RGB crop of the face with these landmarks; outside the picture it is black."""
    places = [landmarks[list(_MESH_POINTS[name]), :2].mean(axis=0) for name in form.alignment]
    source = np.array(places, dtype=np.float64)
    target = np.array(list(form.alignment.values()), dtype=np.float64) * form.picture.crop_px
    return warp_similarity(pixels, _similarity(source, target), form.picture.crop_px)


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
