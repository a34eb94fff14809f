"""Finds every face of a still picture, near or far, and its landmarks. For photographs and documents' portraits.

Detects first, at several scales, then lays the mesh on an enlarged crop around each detection: the mesh alone finds
only near faces. Tracks nothing and judges nothing.
"""

import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.verification.observation import LANDMARK_COUNT, HeadPose
from kiosk.vision import quiet_mediapipe as mediapipe
from kiosk.vision.face_geometry import Landmarks, eye_centres, head_pose, inter_eye_px

_SMALLEST_SCORE = 0.5
_DETECTOR_SIDE_PX = 384
_MESH_SIDE_PX = 384
# The mesh wants some surroundings: this many widths of the detector's box.
_CROP_WIDTHS = 2.0
_SMALLEST_TILE_PX = 96
_SMALLEST_BOX_PX = 28
"""About 10 px between the eyes; in anything smaller, detectors see faces in clouds."""
_SAME_FACE = 0.4
"""Overlap of two boxes (intersection over the smaller) above which they are one face."""


@dataclass(frozen=True, slots=True)
class StillFace:
    """One face of a still picture."""

    landmarks: Landmarks
    """(478, 3) float32: x, y in pixels of the picture, z in the same unit."""
    head_pose: HeadPose
    inter_eye_px: float
    score: float
    """The detector's, 0…1."""

    @property
    def size_px(self) -> float:
        """Side of the square as large as the face's box."""
        return face_size_px(self.landmarks)


@dataclass(frozen=True, slots=True)
class FaceBox:
    """A detection in pixels of the picture."""

    left: float
    top: float
    side: float
    score: float

    @property
    def centre(self) -> tuple[float, float]:
        return self.left + self.side / 2, self.top + self.side / 2


class StillFaceFinder:
    """Holds the detectors and the mesh; threads wait for each other. Opens no file once made."""

    def __init__(self) -> None:
        detection = mediapipe.solutions.face_detection.FaceDetection
        self._lock = threading.Lock()
        self._detectors = [detection(model_selection=n, min_detection_confidence=_SMALLEST_SCORE) for n in (0, 1)]
        self._mesh = mediapipe.solutions.face_mesh.FaceMesh(
            static_image_mode=True, max_num_faces=1, refine_landmarks=True, min_detection_confidence=0.3
        )

    def find(self, pixels: NDArray[np.uint8]) -> list[StillFace]:
        """Return the faces of a (height, width, 3) uint8 RGB picture, the largest first."""
        with self._lock:
            return self._faces(pixels, self._boxes(pixels))

    def find_distant(self, pixels: NDArray[np.uint8]) -> list[StillFace]:
        """Return what the full-range detector finds in the whole picture: quicker, for video."""
        with self._lock:
            return self._faces(pixels, self._distant_boxes(pixels))

    def distant_boxes(self, pixels: NDArray[np.uint8]) -> list[FaceBox]:
        """Return the full-range detector's boxes in the whole picture, the surest first."""
        with self._lock:
            return self._distant_boxes(pixels)

    def _faces(self, pixels: NDArray[np.uint8], boxes: list[FaceBox]) -> list[StillFace]:
        faces: list[StillFace] = []
        for box in boxes:
            face = self._mesh_face(pixels, box)
            if face is not None and not any(_same_face(face, other) for other in faces):
                faces.append(face)
        return sorted(faces, key=lambda face: -face.size_px)

    def _distant_boxes(self, pixels: NDArray[np.uint8]) -> list[FaceBox]:
        found = list(self._boxes_in(pixels, 0, 0, self._detectors[1:]))
        return _without_doubles(sorted(found, key=lambda box: -box.score))

    def _boxes(self, pixels: NDArray[np.uint8]) -> list[FaceBox]:
        """Return detections, the surest first; look into tiles only where the whole picture shows none."""
        height, width = pixels.shape[:2]
        found: list[FaceBox] = []
        for tiles in _tilings(width, height):
            for left, top, side_x, side_y in tiles:
                tile = pixels[top : top + side_y, left : left + side_x]
                found += self._boxes_in(tile, left, top, self._detectors)
            if found:
                break
        found.sort(key=lambda box: -box.score)
        return _without_doubles(found)

    def _boxes_in(self, tile: NDArray[np.uint8], left: int, top: int, detectors: list[Any]) -> Iterator[FaceBox]:
        height, width = tile.shape[:2]
        scale = min(1.0, _DETECTOR_SIDE_PX / max(height, width))
        small = _resized(tile, scale)
        for detector in detectors:
            for detection in detector.process(small).detections or ():
                box = detection.location_data.relative_bounding_box
                side = max(box.width * width, box.height * height)
                if side < _SMALLEST_BOX_PX:
                    continue
                centre_x, centre_y = (box.xmin + box.width / 2) * width, (box.ymin + box.height / 2) * height
                yield FaceBox(left + centre_x - side / 2, top + centre_y - side / 2, side, min(1.0, detection.score[0]))

    def _mesh_face(self, pixels: NDArray[np.uint8], box: FaceBox) -> StillFace | None:
        """Lay the mesh on the surroundings of a detection, padded with black beyond the picture."""
        side = max(round(box.side * _CROP_WIDTHS), 16)
        left, top = (round(centre - side / 2) for centre in box.centre)
        scale = _MESH_SIDE_PX / side
        crop = _resized(_padded_crop(pixels, left, top, side), scale)
        found = self._mesh.process(crop).multi_face_landmarks
        if not found:
            return None
        own_scale = np.array([crop.shape[1], crop.shape[0], crop.shape[1]]) / scale
        landmarks = (landmark_array(found[0]) * own_scale + (left, top, 0)).astype(np.float32)
        return StillFace(landmarks, head_pose(landmarks), inter_eye_px(landmarks), box.score)


@functools.lru_cache(maxsize=1)
def shared_finder() -> StillFaceFinder:
    """The one finder of this process; the models are loaded at the first call."""
    return StillFaceFinder()


def find_faces(pixels: NDArray[np.uint8]) -> list[StillFace]:
    """Return the faces of a (height, width, 3) uint8 RGB picture, the largest first; loads the models at first use."""
    return shared_finder().find(pixels)


def landmark_array(found: Any) -> NDArray[np.float64]:
    """(478, 3) float64 of MediaPipe's own landmark list, in fractions of the picture."""
    values = np.array([(point.x, point.y, point.z) for point in found.landmark], dtype=np.float64)
    return values.reshape(LANDMARK_COUNT, 3)


def _tilings(width: int, height: int) -> Iterator[list[tuple[int, int, int, int]]]:
    """The whole picture; then squares, overlapping by half, of its shorter side and of a half and a quarter of it."""
    yield [(0, 0, width, height)]
    side = min(width, height)
    for tile in (side, side // 2, side // 4):
        if tile < _SMALLEST_TILE_PX or (tile == side and width == height):
            continue
        yield [(left, top, tile, tile) for top in _starts(height, tile) for left in _starts(width, tile)]


def _starts(length: int, tile: int) -> list[int]:
    count = int(np.ceil(2 * (length - tile) / tile)) + 1 if length > tile else 1
    return [round(place) for place in np.linspace(0, length - tile, count)]


def _without_doubles(boxes: list[FaceBox]) -> list[FaceBox]:
    kept: list[FaceBox] = []
    for box in boxes:
        if all(_overlap(box, other) < _SAME_FACE for other in kept):
            kept.append(box)
    return kept


def _overlap(one: FaceBox, other: FaceBox) -> float:
    across = min(one.left + one.side, other.left + other.side) - max(one.left, other.left)
    down = min(one.top + one.side, other.top + other.side) - max(one.top, other.top)
    return max(0.0, across) * max(0.0, down) / max(min(one.side, other.side) ** 2, 1e-6)


def _same_face(one: StillFace, other: StillFace) -> bool:
    """Nearer to each other than a face is wide."""
    apart = float(np.linalg.norm(eye_centres(one.landmarks).mean(axis=0) - eye_centres(other.landmarks).mean(axis=0)))
    return apart < 0.5 * min(face_size_px(one.landmarks), face_size_px(other.landmarks))


def face_size_px(landmarks: Landmarks) -> float:
    """Side of the square as large as the face's box."""
    width, height = np.ptp(landmarks[:, :2], axis=0)
    return float(np.sqrt(max(width * height, 0.0)))


def _padded_crop(pixels: NDArray[np.uint8], left: int, top: int, side: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    crop = np.zeros((side, side, 3), dtype=np.uint8)
    from_x, from_y = max(left, 0), max(top, 0)
    to_x, to_y = min(left + side, width), min(top + side, height)
    if from_x < to_x and from_y < to_y:
        crop[from_y - top : to_y - top, from_x - left : to_x - left] = pixels[from_y:to_y, from_x:to_x]
    return crop


def _resized(pixels: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.ascontiguousarray(cv2.resize(pixels, size, interpolation=method), dtype=np.uint8)
