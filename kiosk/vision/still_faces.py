"""Finds every face of a still picture, near or far, and its landmarks. For photographs and documents' portraits.

Detects first, at several scales, then lays the mesh on an enlarged crop around each detection: the mesh alone finds
only near faces. A picture in which no face is sure is looked at upside down too. Tracks nothing and judges nothing.
"""

import functools
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
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
_MOST_FACES_IN_CROP = 3
_OWN_FACE = 0.5
"""In widths of the box: a mesh whose middle lies further from the box's is a neighbour's."""
_SURE_SCORE = 0.8
"""Below this the picture may stand on its head, where detectors still see a face but the mesh lays it wrongly."""
_LIKELY_SCORE = 0.7
"""Below this, what was found may be a fold in a coat."""
_TILE_FACES = 5.0
"""Faces of 0.4 of the largest are found in tiles up to this many times as wide as the largest."""
_TILE_OVERLAP = 0.3
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

    @property
    def is_sure(self) -> bool:
        return self.score >= _SURE_SCORE

    def is_around(self, landmarks: Landmarks) -> bool:
        """Whether these are the landmarks of the face in this box, not of a neighbour."""
        return self.apart(landmarks) <= _OWN_FACE * self.side

    def apart(self, landmarks: Landmarks) -> float:
        """Pixels from the middle of the box to that of the landmarks."""
        return float(np.hypot(*(landmarks[:, :2].mean(axis=0) - self.centre)))

    def share_inside(self, width: int, height: int) -> float:
        """How much of the box lies in the picture, 0…1."""
        across = min(self.left + self.side, width) - max(self.left, 0.0)
        down = min(self.top + self.side, height) - max(self.top, 0.0)
        return max(across, 0.0) * max(down, 0.0) / max(self.side**2, 1e-6)


@dataclass(frozen=True, slots=True)
class FacesFound:
    """All that was found in a still picture."""

    faces: tuple[StillFace, ...]
    """The largest first."""
    without_mesh: tuple[FaceBox, ...]
    """Detections on which the mesh lays no face of their own: covered, cut off, in profile, or no faces at all."""
    best_score: float
    """The surest detection's, 0 where there is none."""


class StillFaceFinder:
    """Holds the detectors and the mesh; threads wait for each other. Opens no file once made."""

    def __init__(self) -> None:
        detection = mediapipe.solutions.face_detection.FaceDetection
        self._lock = threading.Lock()
        self._detectors = [detection(model_selection=n, min_detection_confidence=_SMALLEST_SCORE) for n in (0, 1)]
        self._mesh = mediapipe.solutions.face_mesh.FaceMesh(
            static_image_mode=True,
            max_num_faces=_MOST_FACES_IN_CROP,
            refine_landmarks=True,
            min_detection_confidence=0.3,
        )

    def find(self, pixels: NDArray[np.uint8]) -> FacesFound:
        """Look for every face of a (height, width, 3) uint8 RGB picture, upright or upside down."""
        with self._lock:
            found = self._look(pixels)
            if found.best_score >= _SURE_SCORE:
                return found
            upside_down = np.ascontiguousarray(pixels[::-1, ::-1])
            turned = self._look(upside_down)
        surer = turned.faces and turned.best_score >= max(_SURE_SCORE, found.best_score)
        return _turned_back(turned, pixels.shape[1], pixels.shape[0]) if surer else found

    def find_distant(self, pixels: NDArray[np.uint8]) -> tuple[StillFace, ...]:
        """Return what the full-range detector finds in the whole picture: quicker, for video."""
        with self._lock:
            return self._faces(pixels, self._distant_boxes(pixels)).faces

    def distant_boxes(self, pixels: NDArray[np.uint8]) -> list[FaceBox]:
        """Return the full-range detector's boxes in the whole picture, the surest first."""
        with self._lock:
            return self._distant_boxes(pixels)

    def _faces(self, pixels: NDArray[np.uint8], boxes: list[FaceBox]) -> FacesFound:
        faces: list[StillFace] = []
        without_mesh = []
        for box in boxes:
            face = self._mesh_face(pixels, box)
            if face is None:
                without_mesh.append(box)
            elif not any(_same_face(face, other) for other in faces):
                faces.append(face)
        faces.sort(key=lambda face: -face.size_px)
        return FacesFound(tuple(faces), tuple(without_mesh), max((box.score for box in boxes), default=0.0))

    def _distant_boxes(self, pixels: NDArray[np.uint8]) -> list[FaceBox]:
        return _without_doubles(list(self._boxes_in(pixels, 0, 0, self._detectors[1:])))

    def _look(self, pixels: NDArray[np.uint8]) -> FacesFound:
        """Look until there is a face, then into tiles so small that another one of 0.4 of its size would be seen."""
        boxes, looked_at_px = self._boxes(pixels)
        found = self._faces(pixels, boxes)
        tile_px = round(_TILE_FACES * found.faces[0].size_px) if found.faces else looked_at_px
        if tile_px >= looked_at_px:
            return found
        tiles = _tiling(pixels.shape[1], pixels.shape[0], tile_px, _TILE_OVERLAP)
        closer = self._boxes_in_tiles(pixels, tiles, self._detectors[1:])
        boxes += [box for box in closer if box.score >= _LIKELY_SCORE]
        return self._faces(pixels, _without_doubles(boxes))

    def _boxes(self, pixels: NDArray[np.uint8]) -> tuple[list[FaceBox], int]:
        """Look into smaller and smaller tiles until a face is likely; return detections, and the last tiles' side."""
        found: list[FaceBox] = []
        looked_at_px = 0
        for tiles in _tilings(pixels.shape[1], pixels.shape[0]):
            boxes = self._boxes_in_tiles(pixels, tiles, self._detectors)
            likely = [box for box in boxes if box.score >= _LIKELY_SCORE]
            # Doubtful ones count where they are the first; the closer one looks, the more there are.
            found += likely if found else boxes
            looked_at_px = max(tiles[0][2:])
            if likely:
                break
        return _without_doubles(found), looked_at_px

    def _boxes_in_tiles(
        self, pixels: NDArray[np.uint8], tiles: list[tuple[int, int, int, int]], detectors: list[Any]
    ) -> list[FaceBox]:
        return [
            box
            for left, top, width, height in tiles
            for box in self._boxes_in(pixels[top : top + height, left : left + width], left, top, detectors)
        ]

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
        if not box.is_sure and not self._is_seen_again(crop):
            return None
        own_scale = np.array([crop.shape[1], crop.shape[0], crop.shape[1]]) / scale
        found = [
            (landmark_array(face) * own_scale + (left, top, 0)).astype(np.float32)
            for face in self._mesh.process(crop).multi_face_landmarks or ()
        ]
        # The crop may show a neighbour, and the mesh may see the neighbour alone.
        landmarks = min((face for face in found if box.is_around(face)), key=box.apart, default=None)
        if landmarks is None:
            return None
        return StillFace(landmarks, head_pose(landmarks), inter_eye_px(landmarks), box.score)

    def _is_seen_again(self, crop: NDArray[np.uint8]) -> bool:
        """Look once more, at the surroundings of a doubtful detection alone: what is no face is rarely seen twice."""
        middle, reach = _MESH_SIDE_PX / 2, _OWN_FACE * _MESH_SIDE_PX / _CROP_WIDTHS
        boxes = self._boxes_in(crop, 0, 0, self._detectors)
        return any(float(np.hypot(*(np.array(box.centre) - middle))) <= reach for box in boxes)


@functools.lru_cache(maxsize=1)
def shared_finder() -> StillFaceFinder:
    """The one finder of this process; the models are loaded at the first call."""
    return StillFaceFinder()


def find_faces(pixels: NDArray[np.uint8]) -> list[StillFace]:
    """Return the faces of a (height, width, 3) uint8 RGB picture, the largest first; loads the models at first use."""
    return list(shared_finder().find(pixels).faces)


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
        yield _tiling(width, height, tile, 0.5)


def _tiling(width: int, height: int, tile: int, overlap: float) -> list[tuple[int, int, int, int]]:
    """Left, top, width and height of tiles, at most `tile` a side, that overlap by this part of it."""
    across, down = min(tile, width), min(tile, height)
    return [
        (left, top, across, down)
        for top in _starts(height, down, (1 - overlap) * tile)
        for left in _starts(width, across, (1 - overlap) * tile)
    ]


def _starts(length: int, tile: int, step: float) -> list[int]:
    count = int(np.ceil((length - tile) / max(step, 1))) + 1
    return [round(place) for place in np.linspace(0, length - tile, count)]


def _without_doubles(boxes: list[FaceBox]) -> list[FaceBox]:
    """The surest first; of two that overlap, the surer."""
    kept: list[FaceBox] = []
    for box in sorted(boxes, key=lambda box: -box.score):
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


def _turned_back(found: FacesFound, width: int, height: int) -> FacesFound:
    """What was found in a picture turned upside down, in places of the picture as it is."""
    faces = []
    for face in found.faces:
        landmarks = (face.landmarks * (-1, -1, 1) + (width, height, 0)).astype(np.float32)
        faces.append(replace(face, landmarks=landmarks, head_pose=head_pose(landmarks)))
    boxes = (replace(b, left=width - b.left - b.side, top=height - b.top - b.side) for b in found.without_mesh)
    return FacesFound(tuple(faces), tuple(boxes), found.best_score)


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
