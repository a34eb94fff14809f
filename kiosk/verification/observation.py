"""What eyes reports about a frame: numbers only, no pixel.

Angles are in degrees. Directions are the capture subject's own: a positive yaw is a turn to their left (the nose
moves to the right in the unmirrored picture), a positive pitch looks up, a positive roll tilts towards their
left shoulder. Landmarks are MediaPipe's 478 face mesh points.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LANDMARK_COUNT = 478
LANDMARK_BYTES = LANDMARK_COUNT * 3 * 4


@dataclass(frozen=True, slots=True)
class HeadPose:
    """Degrees, the capture subject's own left and right."""

    yaw_deg: float
    pitch_deg: float
    roll_deg: float


@dataclass(frozen=True, slots=True)
class FaceObservation:
    """Numbers measured on the tracked face of one frame."""

    track_id: int
    """Same number as long as it is continuously the same tracked face; never reused within a visit."""
    landmarks_f32: bytes
    """(478, 3) little-endian float32: x, y in pixels of the frame, z in the same unit; see `landmarks`."""
    head_pose: HeadPose
    left_eye_openness: float
    """Lid gap over eye width, about 0.05 closed to 0.35 open. Left is the subject's own."""
    right_eye_openness: float
    mouth_openness: float
    """Inner lip gap over mouth width, 0 closed to about 1 wide open."""
    smile: float
    """Mouth width over outer eye distance; about 0.55 neutral, above 0.62 smiling; compare with the neutral value."""
    gaze_off_axis_deg: float
    """Angle between gaze and the straight-ahead direction of the eyes, ≥ 0."""
    inter_eye_px: float
    """Distance of the eye centres in pixels."""
    centre_x: float
    """Face centre as a fraction of frame width, 0…1."""
    centre_y: float
    sharpness: float
    """Variance of the Laplacian in percent of the local contrast, of the face scaled to a fixed size; below 5 blurred,
    about 25 sharp."""
    brightness: float
    """Mean luminance of the face, 0…1."""
    over_exposed: float
    """Fraction of face pixels ≥ 250."""
    under_exposed: float
    """Fraction of face pixels ≤ 20."""
    side_light: float
    """Luminance difference of the face halves over their sum, 0…1."""
    eyes_covered: float
    """Occlusion hint, 0 (visible) … 1 (covered)."""
    mouth_covered: float
    """Occlusion hint, 0 … 1."""

    def __post_init__(self) -> None:
        """Raise `ValueError` for landmarks that were cut off on their way: msgspec makes a refused message of it."""
        if len(self.landmarks_f32) != LANDMARK_BYTES:
            raise ValueError(f"the landmarks of a face are {LANDMARK_BYTES} bytes, not {len(self.landmarks_f32)}")

    @property
    def landmarks(self) -> NDArray[np.float32]:
        """(478, 3) float32: x and y in pixels of the frame, z in the same unit, read only."""
        return np.frombuffer(self.landmarks_f32, dtype="<f4").reshape(LANDMARK_COUNT, 3)

    @property
    def eye_openness(self) -> float:
        """Mean of both eyes."""
        return (self.left_eye_openness + self.right_eye_openness) / 2


@dataclass(frozen=True, slots=True)
class LightSample:
    """Mean colour of parts of the face and of what is around it, in linear light (sRGB undone), 0…1."""

    regions: tuple[tuple[float, float, float], ...]
    """Red, green, blue of each of `vision.light_measurement.REGIONS`, in that order."""
    places: tuple[tuple[float, float], ...]
    """Centre of each region in inter-eye distances from the bridge of the nose, x to the right, y down."""
    background: tuple[float, float, float]
    """Of what surrounds the head."""
    clipped: float
    """Fraction of face pixels at either end of the scale in any channel: what cannot follow light any more."""


@dataclass(frozen=True, slots=True)
class BackgroundMotion:
    """How what surrounds the head moved since the frame observed before."""

    shift_x_px: float
    shift_y_px: float
    face_shift_x_px: float
    """The same for the middle of the face."""
    face_shift_y_px: float
    points: int
    """Background points followed; 0 where there was nothing to follow, and the shifts say nothing."""


@dataclass(frozen=True, slots=True)
class TextureSample:
    """What the surface of the face and its surroundings look like; measured on some frames only."""

    periodicity: float
    """How far a regular grid stands out of the face's spectrum, 0 none; pixel grids, moiré, printing dots."""
    fine_detail: float
    """Share of the finest structure in all contrast of the face."""
    straight_edges: float
    """Part of a frame around the face, in front of where shoulders are, that long straight edges make up, 0…1."""
    glare: float
    """Share of the face, eyes left out, that is a flat, burnt-out reflection."""
    classifier: float | None = None
    """Score of the learned classifier, 0 (attack) … 1 (bona fide); None where none is installed."""
    edges_around: float = 0.0
    """The same as `straight_edges` wherever they stand: a door behind the head as well."""
    edges_x_px: float = math.nan
    """Where those stand in the frame; NaN where none are upright."""


@dataclass(frozen=True, slots=True)
class StreamSample:
    """What a frame tells of the camera rather than of what stands before it."""

    digest: int
    """64 bits over the pixels: two frames of a real sensor are never equal."""
    noise: float
    """Standard deviation of the grain in still, smooth parts of the picture, of 255."""
    brightness: float
    """Mean of the whole picture in linear light, 0…1: follows the camera's exposure."""


@dataclass(frozen=True, slots=True)
class FrameObservation:
    """One frame as numbers; `face` is the capture subject's, or None."""

    frame_sequence: int
    captured_at_s: float
    width: int
    height: int
    face_count: int
    """Faces at least 60 % the size of the subject's, the subject included."""
    face: FaceObservation | None
    light: LightSample | None = None
    background: BackgroundMotion | None = None
    texture: TextureSample | None = None
    stream: StreamSample | None = None
