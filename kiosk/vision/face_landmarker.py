"""Video frames to numbers: the landmarks of the one capture subject, tracked from frame to frame.

Chooses whose face is the subject's, follows it, and gives it a new track number whenever it could be another face.
Judges no quality; of a frame it keeps one grey thumbnail of the face, until the next.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hardware.camera import Frame
from kiosk.verification.observation import FaceObservation, FrameObservation
from kiosk.vision import quiet_mediapipe as mediapipe
from kiosk.vision.bystanders import Area, Bystanders
from kiosk.vision.face_appearance import (
    FaceAppearance,
    UprightFace,
    face_thumbnail,
    measure_appearance,
    thumbnail_likeness,
    upright_face,
)
from kiosk.vision.face_geometry import Landmarks, eye_centres, measure_face
from kiosk.vision.still_faces import FaceBox, face_size_px, find_faces, landmark_array, shared_finder

_MOST_FACES = 3
_OTHER_FACE = 0.6
"""Faces at least this large, measured on the subject's, are counted."""
_TAKE_OVER = 1.6
"""A face this many times larger becomes the subject, as a new track."""
_LOST_AFTER_S = 0.25
"""How long the face may be missing in frames that were looked at."""
_STALLED_UP_TO_S = 1.0
"""How long no frame may have been looked at at all: a busy machine is not the subject's doing."""
_JUMP_WIDTHS = 0.35
"""A face moves at most this part of its size between two frames…"""
_JUMP_WIDTHS_PER_S = 3.0
"""…and that much more for each second between them."""
_SIZE_STEP = 1.3
_SIZE_STEP_WITHIN_S = 0.15
"""A face grows or shrinks by less than this within this time; the mesh takes some frames to follow a jump."""
_LEAST_LIKENESS = 0.75
_LIKENESS_WITHIN_S = 0.1
"""Between frames this close, a face whose thumbnail is less like the last one's has been exchanged."""
_LOOK_AROUND_EVERY = 6
"""Frames between two looks of the full-range detector for people whom the mesh does not see."""


@dataclass(frozen=True, slots=True)
class _Track:
    """Where the subject was last seen."""

    track_id: int
    centre: NDArray[np.float64]
    sizes_px: tuple[tuple[float, float], ...]
    """When and how large, of the last moments, the newest last."""
    seen_at_s: float
    thumbnail: NDArray[np.float32]

    @property
    def size_px(self) -> float:
        return self.sizes_px[-1][1]


class FaceLandmarker:
    """Holds the face mesh and the subject's track; use it from one thread. Opens no file after `warm_up`."""

    def __init__(self, bystanders: Bystanders | None = None) -> None:
        """`bystanders` is told of every face that is not the subject's, whatever its size."""
        self._bystanders = bystanders or Bystanders()
        self._mesh = mediapipe.solutions.face_mesh.FaceMesh(
            static_image_mode=False, max_num_faces=_MOST_FACES, refine_landmarks=True
        )
        self._distant = shared_finder()
        self._track: _Track | None = None
        self._next_track_id = 1
        self._looked_at_s = 0.0
        self._frames = 0
        self._boxes_around: list[FaceBox] = []

    def warm_up(self, width: int, height: int) -> None:
        """Run every model once on a grey picture, so that the first frame is not slow."""
        grey = np.full((height, width, 3), 127, dtype=np.uint8)
        for _ in range(2):
            self._mesh.process(grey)
        find_faces(grey)

    def observe(self, frame: Frame) -> FrameObservation:
        """Return one frame as numbers; the subject's face keeps its track number as long as it is surely the same."""
        height, width = frame.pixels.shape[:2]
        faces = self._landmarks(frame.pixels)
        subject = self._subject(faces, width, height, frame.captured_at_s)
        if subject is None:
            self._looked_at_s = frame.captured_at_s
            self._bystanders.found((), None, frame.captured_at_s)
            return FrameObservation(frame.sequence, frame.captured_at_s, width, height, 0, None)
        upright = upright_face(frame.pixels, subject)
        track = self._follow(subject, upright, frame.captured_at_s)
        self._looked_at_s = frame.captured_at_s
        count = 1 + max(_others(subject, faces), self._others_around(subject, frame.pixels))
        self._tell_of_bystanders(subject, faces, frame.captured_at_s)
        face = face_observation(track.track_id, subject, measure_appearance(upright), width=width, height=height)
        return FrameObservation(frame.sequence, frame.captured_at_s, width, height, count, face)

    def reset_track(self) -> None:
        """Forget the subject; the next face gets a new track number."""
        self._track = None
        self._boxes_around = []
        self._bystanders.forget()

    def _tell_of_bystanders(self, subject: Landmarks, faces: list[Landmarks], at_s: float) -> None:
        """Of any size: one too small to interrupt has a face to be recognised by all the same."""
        others = [_area(face) for face in faces if face is not subject]
        others += [Area(*box.centre, box.side) for box in self._boxes_around]
        self._bystanders.found(others, _area(subject), at_s)

    def _landmarks(self, pixels: NDArray[np.uint8]) -> list[Landmarks]:
        height, width = pixels.shape[:2]
        found: list[Any] = self._mesh.process(pixels).multi_face_landmarks or []
        faces = [(landmark_array(face) * (width, height, width)).astype(np.float32) for face in found]
        return _without_doubles(faces) or [face.landmarks for face in self._distant.find_distant(pixels)]

    def _others_around(self, subject: Landmarks, pixels: NDArray[np.uint8]) -> int:
        """Faces beside the subject's, from a look every few frames."""
        if self._frames % _LOOK_AROUND_EVERY == 0:
            self._boxes_around = self._distant.distant_boxes(pixels)
        self._frames += 1
        size, centre = face_size_px(subject), _centre(subject)
        return sum(
            box.side >= _OTHER_FACE * size and float(np.linalg.norm(np.array(box.centre) - centre)) > 0.8 * size
            for box in self._boxes_around
        )

    def _subject(self, faces: list[Landmarks], width: int, height: int, now_s: float) -> Landmarks | None:
        """The face that was followed, unless another is much larger; else the largest near the middle."""
        if not faces:
            return None
        best = max(faces, key=lambda face: _prominence(face, width, height))
        followed = min(faces, key=lambda face: self._distance(face), default=None) if self._track else None
        if followed is not None and self._continues(followed, now_s):
            return best if face_size_px(best) > _TAKE_OVER * face_size_px(followed) else followed
        return best

    def _follow(self, face: Landmarks, upright: UprightFace, now_s: float) -> _Track:
        thumbnail = face_thumbnail(upright)
        if self._track is None or not self._continues(face, now_s) or self._is_exchanged(thumbnail, now_s):
            track_id, self._next_track_id = self._next_track_id, self._next_track_id + 1
            sizes = []
        else:
            track_id = self._track.track_id
            sizes = [(at_s, size) for at_s, size in self._track.sizes_px if now_s - at_s <= _SIZE_STEP_WITHIN_S]
        self._track = _Track(track_id, _centre(face), (*sizes, (now_s, face_size_px(face))), now_s, thumbnail)
        return self._track

    def _distance(self, face: Landmarks) -> float:
        assert self._track is not None
        return float(np.linalg.norm(_centre(face) - self._track.centre))

    def _continues(self, face: Landmarks, now_s: float) -> bool:
        """Seen a moment ago, near where it was, as large as it was."""
        if self._track is None:
            return False
        pause_s = now_s - self._track.seen_at_s
        seen_in_last_frame = self._track.seen_at_s == self._looked_at_s
        size_px = face_size_px(face)
        longest_s = _STALLED_UP_TO_S if seen_in_last_frame else _LOST_AFTER_S
        moving_s = min(max(pause_s, 0.0), _LOST_AFTER_S)
        reach = (_JUMP_WIDTHS + _JUMP_WIDTHS_PER_S * moving_s) * self._track.size_px
        return (
            0 <= pause_s <= longest_s
            and self._distance(face) <= reach
            and all(1 / _SIZE_STEP <= size_px / max(old, 1e-6) <= _SIZE_STEP for _, old in self._track.sizes_px)
        )

    def _is_exchanged(self, thumbnail: NDArray[np.float32], now_s: float) -> bool:
        """Another face in the very place of the last: a cut in a film, a picture pulled away."""
        assert self._track is not None
        if now_s - self._track.seen_at_s > _LIKENESS_WITHIN_S:
            return False
        return thumbnail_likeness(thumbnail, self._track.thumbnail) < _LEAST_LIKENESS


def face_observation(
    track_id: int, landmarks: Landmarks, appearance: FaceAppearance, *, width: int, height: int
) -> FaceObservation:
    """Put the numbers of one face together."""
    numbers = measure_face(landmarks)
    low, high = landmarks[:, :2].min(axis=0), landmarks[:, :2].max(axis=0)
    centre = (low + high) / 2
    return FaceObservation(
        track_id=track_id,
        landmarks_f32=np.ascontiguousarray(landmarks, dtype="<f4").tobytes(),
        head_pose=numbers.head_pose,
        left_eye_openness=numbers.left_eye_openness,
        right_eye_openness=numbers.right_eye_openness,
        mouth_openness=numbers.mouth_openness,
        smile=numbers.smile,
        gaze_off_axis_deg=numbers.gaze_off_axis_deg,
        inter_eye_px=numbers.inter_eye_px,
        centre_x=float(centre[0]) / width,
        centre_y=float(centre[1]) / height,
        sharpness=appearance.sharpness,
        brightness=appearance.brightness,
        over_exposed=appearance.over_exposed,
        under_exposed=appearance.under_exposed,
        side_light=appearance.side_light,
        eyes_covered=appearance.eyes_covered,
        mouth_covered=appearance.mouth_covered,
    )


def _area(face: Landmarks) -> Area:
    middle = (face[:, :2].min(axis=0) + face[:, :2].max(axis=0)) / 2
    return Area(float(middle[0]), float(middle[1]), face_size_px(face))


def _centre(face: Landmarks) -> NDArray[np.float64]:
    return np.asarray(eye_centres(face).mean(axis=0), dtype=np.float64)


def _prominence(face: Landmarks, width: int, height: int) -> float:
    """Size, halved towards the corners of the picture."""
    middle = np.array([width / 2, height / 2])
    off = float(np.linalg.norm((_centre(face) - middle) / middle))
    return face_size_px(face) * (1 - 0.5 * min(1.0, off))


def _others(subject: Landmarks, faces: list[Landmarks]) -> int:
    return sum(face is not subject and face_size_px(face) >= _OTHER_FACE * face_size_px(subject) for face in faces)


def _without_doubles(faces: list[Landmarks]) -> list[Landmarks]:
    """The mesh may follow one face twice; the first stands."""
    kept: list[Landmarks] = []
    for face in faces:
        apart = [float(np.linalg.norm(_centre(face) - _centre(other))) / face_size_px(other) for other in kept]
        if min(apart, default=1.0) > 0.5:
            kept.append(face)
    return kept
