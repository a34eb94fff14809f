"""Landmarks to numbers: head pose, openness of eyes and mouth, smile, gaze, distance between the eyes.

Geometry only, no pixel. Signs are those of `verification/observation.py`: the capture subject's own left and right.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.verification.observation import HeadPose

Landmarks = NDArray[np.float32]
"""(478, 3) float32: x, y in pixels, z in the same unit, smaller towards the camera."""

# MediaPipe's numbers. "Left" is the capture subject's own.
RIGHT_EYE_CORNERS = (33, 133)
LEFT_EYE_CORNERS = (263, 362)
RIGHT_IRIS = 468
LEFT_IRIS = 473
_RIGHT_LIDS = ((160, 144), (159, 145), (158, 153))
_LEFT_LIDS = ((387, 373), (386, 374), (385, 380))
_INNER_LIPS = (13, 14)
MOUTH_CORNERS = (61, 291)
NOSE_TIP = 1
FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip

# Our own figures: the mean of frontal neutral faces as MediaPipe sees them, made symmetric, in millimetres for eyes
# 63 mm apart. Only points that expressions hardly move. x to the subject's left, y down, z away from the camera.
_RIGID_POINTS = {
    33: (-45.7, -0.8, 2.8), 263: (45.7, -0.8, 2.8), 133: (-17.3, 0.8, -2.8), 362: (17.3, 0.8, -2.8),
    10: (0, -55.6, -11.7), 151: (0, -39.6, -16.7), 9: (0, -22.3, -20.8), 168: (0, -6.0, -19.8),
    6: (0, 1.4, -24.7), 197: (0, 8.5, -30.3), 195: (0, 15.4, -36.3), 5: (0, 22.8, -42.5),
    1: (0, 38.7, -43.5), 2: (0, 45.6, -28.0), 98: (-16.9, 44.2, -19.4), 327: (16.9, 44.2, -19.4),
    117: (-53.9, 17.1, 1.9), 346: (53.9, 17.1, 1.9), 123: (-63.9, 32.4, 12.2), 352: (63.9, 32.4, 12.2),
    234: (-72.4, 21.9, 58.8), 454: (72.4, 21.9, 58.8),
}  # fmt: skip
_RIGID_INDICES = np.array(list(_RIGID_POINTS))
_RIGID_FACE = np.array(list(_RIGID_POINTS.values()), dtype=np.float64)
_RIGID_CENTRED = _RIGID_FACE - _RIGID_FACE.mean(axis=0)

# An eyeball turns about a point about this far behind the iris, in widths of the lid opening (about 13 of 30 mm).
_IRIS_RADIUS_OF_TURN = 0.43
# The iris of an eye looking straight ahead lies this far above the line of the corners, in the same unit.
_STRAIGHT_IRIS_HEIGHT = 0.03


@dataclass(frozen=True, slots=True)
class FaceNumbers:
    """What landmarks alone tell; units and signs as in `FaceObservation`."""

    head_pose: HeadPose
    left_eye_openness: float
    right_eye_openness: float
    mouth_openness: float
    smile: float
    gaze_off_axis_deg: float
    inter_eye_px: float


def measure_face(landmarks: Landmarks) -> FaceNumbers:
    """Return the numbers of one face."""
    points = landmarks.astype(np.float64)
    rotation = _rotation(points)
    return FaceNumbers(
        head_pose=_head_pose(rotation),
        left_eye_openness=_eye_openness(points, _LEFT_LIDS, LEFT_EYE_CORNERS),
        right_eye_openness=_eye_openness(points, _RIGHT_LIDS, RIGHT_EYE_CORNERS),
        mouth_openness=_ratio(points, _INNER_LIPS, MOUTH_CORNERS),
        smile=_ratio(points, MOUTH_CORNERS, (RIGHT_EYE_CORNERS[0], LEFT_EYE_CORNERS[0])),
        gaze_off_axis_deg=_gaze_off_axis_deg(points, rotation),
        inter_eye_px=inter_eye_px(landmarks),
    )


def head_pose(landmarks: Landmarks) -> HeadPose:
    """Return yaw, pitch and roll from a rigid fit to the mean face."""
    return _head_pose(_rotation(landmarks.astype(np.float64)))


def eye_centres(landmarks: Landmarks) -> NDArray[np.float64]:
    """(2, 2) float64 pixels: the middle between the corners of the right eye, then of the left."""
    flat = landmarks[:, :2].astype(np.float64)
    return np.stack([flat[list(RIGHT_EYE_CORNERS)].mean(axis=0), flat[list(LEFT_EYE_CORNERS)].mean(axis=0)])


def inter_eye_px(landmarks: Landmarks) -> float:
    """Distance of the eye centres in the picture; for a turned head, as far as the picture shows it."""
    right, left = eye_centres(landmarks)
    return float(math.hypot(*(left - right)))


def _rotation(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """(3, 3) rotation from the mean face to this one (orthogonal Procrustes)."""
    own = points[_RIGID_INDICES]
    left, _, right = np.linalg.svd((own - own.mean(axis=0)).T @ _RIGID_CENTRED)
    sign = np.sign(np.linalg.det(left @ right))
    return np.asarray(left @ np.diag([1.0, 1.0, sign]) @ right, dtype=np.float64)


def _head_pose(rotation: NDArray[np.float64]) -> HeadPose:
    forward = -rotation[:, 2]
    return HeadPose(
        yaw_deg=math.degrees(math.atan2(forward[0], -forward[2])),
        pitch_deg=math.degrees(math.asin(max(-1.0, min(1.0, -forward[1])))),
        roll_deg=math.degrees(math.atan2(rotation[1, 0], rotation[1, 1])),
    )


def _eye_openness(points: NDArray[np.float64], lids: tuple[tuple[int, int], ...], corners: tuple[int, int]) -> float:
    gaps = [np.linalg.norm(points[upper] - points[lower]) for upper, lower in lids]
    width = np.linalg.norm(points[corners[0]] - points[corners[1]])
    return float(np.mean(gaps) / max(float(width), 1e-6))


def _ratio(points: NDArray[np.float64], gap: tuple[int, int], unit: tuple[int, int]) -> float:
    length = float(np.linalg.norm(points[unit[0]] - points[unit[1]]))
    return float(np.linalg.norm(points[gap[0]] - points[gap[1]])) / max(length, 1e-6)


def _gaze_off_axis_deg(points: NDArray[np.float64], rotation: NDArray[np.float64]) -> float:
    """Mean of both irises' shift from between the eye corners, as an angle, in the head's own axes."""
    shifts = []
    for iris, corners in ((RIGHT_IRIS, RIGHT_EYE_CORNERS), (LEFT_IRIS, LEFT_EYE_CORNERS)):
        ends = points[list(corners)]
        width = max(float(np.linalg.norm(ends[0] - ends[1])), 1e-6)
        shift = (rotation.T @ (points[iris] - ends.mean(axis=0)))[:2] / width
        shifts.append(shift + np.array([0.0, _STRAIGHT_IRIS_HEIGHT]))
    off_axis = float(np.linalg.norm(np.mean(shifts, axis=0)))
    return math.degrees(math.asin(min(1.0, off_axis / _IRIS_RADIUS_OF_TURN)))
