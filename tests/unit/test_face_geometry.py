"""Landmarks of known poses give the pose back, with the capture subject's own left and right."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from kiosk.vision.face_alignment import align_face, warp_similarity
from kiosk.vision.face_geometry import _RIGID_POINTS, head_pose, inter_eye_px, measure_face
from tests.template_forms import BASELINE_FORM

MIDDLE = np.array([640.0, 360.0, 0.0])


def turned(yaw_deg: float = 0, pitch_deg: float = 0, roll_deg: float = 0, scale: float = 2.0) -> NDArray[np.float32]:
    """Landmarks of the mean face; x to the right of the picture, y down, z away from the camera."""
    yaw, pitch, roll = (math.radians(value) for value in (yaw_deg, pitch_deg, roll_deg))
    # About the axis down the picture; the nose, which points to the camera, goes right for a positive yaw.
    about_y = np.array([(math.cos(yaw), 0, -math.sin(yaw)), (0, 1, 0), (math.sin(yaw), 0, math.cos(yaw))])
    about_x = np.array([(1, 0, 0), (0, math.cos(pitch), math.sin(pitch)), (0, -math.sin(pitch), math.cos(pitch))])
    about_z = np.array([(math.cos(roll), -math.sin(roll), 0), (math.sin(roll), math.cos(roll), 0), (0, 0, 1)])
    points = np.zeros((478, 3))
    points[list(_RIGID_POINTS)] = np.array(list(_RIGID_POINTS.values()))
    return (scale * points @ (about_y @ about_x @ about_z).T + MIDDLE).astype(np.float32)


@given(st.floats(-60, 60), st.floats(-40, 40), st.floats(-60, 60), st.floats(0.3, 6))
def test_the_pose_that_was_made_is_measured(yaw: float, pitch: float, roll: float, scale: float) -> None:
    pose = head_pose(turned(yaw, pitch, roll, scale))
    assert (pose.yaw_deg, pose.pitch_deg, pose.roll_deg) == pytest.approx((yaw, pitch, roll), abs=0.1)


def test_a_positive_yaw_moves_the_nose_to_the_right_of_the_picture() -> None:
    landmarks = turned(yaw_deg=20)
    assert landmarks[1, 0] > MIDDLE[0]
    assert head_pose(landmarks).yaw_deg == pytest.approx(20, abs=0.1)


def test_a_positive_pitch_lifts_the_nose() -> None:
    landmarks = turned(pitch_deg=20)
    assert landmarks[1, 1] < turned()[1, 1]
    assert head_pose(landmarks).pitch_deg == pytest.approx(20, abs=0.1)


def test_a_positive_roll_lowers_the_subjects_left_eye() -> None:
    landmarks = turned(roll_deg=20)
    assert landmarks[263, 1] > landmarks[33, 1]
    assert head_pose(landmarks).roll_deg == pytest.approx(20, abs=0.1)


def test_the_distance_of_the_eyes_is_in_pixels() -> None:
    assert inter_eye_px(turned(scale=2)) == pytest.approx(2 * 63, abs=0.1)


def test_shut_lids_and_lips_measure_zero_and_open_ones_their_gap() -> None:
    landmarks = turned()
    landmarks[list(range(144, 161))] = landmarks[33]  # both lids of the right eye in one place
    landmarks[[160, 159, 158], 1] -= 4
    landmarks[[144, 145, 153], 1] = landmarks[[160, 159, 158], 1] + 8
    landmarks[[61, 291]] = [(600, 500, 0), (700, 500, 0)]
    landmarks[[13, 14]] = [(650, 480, 0), (650, 530, 0)]
    numbers = measure_face(landmarks)
    assert numbers.right_eye_openness == pytest.approx(8 / np.linalg.norm(landmarks[33] - landmarks[133]), rel=1e-3)
    assert numbers.mouth_openness == pytest.approx(0.5)
    assert numbers.smile == pytest.approx(100 / np.linalg.norm(landmarks[33] - landmarks[263]), rel=1e-3)


def test_the_aligned_crop_shows_the_eyes_where_the_network_expects_them() -> None:
    picture = np.zeros((720, 1280, 3), dtype=np.uint8)
    landmarks = turned(roll_deg=15, scale=3)
    landmarks[2] = (landmarks[33] + landmarks[263]) / 2 + 3 * np.array((-11, 45, -28))
    x, y = landmarks[33, :2]
    picture[round(y) - 4 : round(y) + 5, round(x) - 4 : round(x) + 5] = 255
    crop = align_face(picture, landmarks, BASELINE_FORM)
    assert crop.shape == (150, 150, 3)
    rows, columns = np.nonzero(crop[:, :, 0] > 128)
    assert (columns.mean(), rows.mean()) == pytest.approx((37, 46), abs=6)


@pytest.mark.parametrize("factor", [1, 3, 8])
def test_a_larger_picture_gives_the_same_crop(factor: int) -> None:
    gradient = np.linspace(20, 235, 200, dtype=np.float32)
    small = np.repeat(np.add.outer(gradient / 2, gradient / 2)[:, :, None], 3, axis=2).astype(np.uint8)
    large = np.repeat(np.repeat(small, factor, axis=0), factor, axis=1)
    matrix = np.array([(0.5, 0.0, 10.0), (0.0, 0.5, 10.0)])
    larger = matrix.copy()
    larger[:, :2] /= factor
    one, other = warp_similarity(small, matrix, 100), warp_similarity(large, larger, 100)
    assert np.abs(one[12:-12, 12:-12].astype(int) - other[12:-12, 12:-12]).max() <= 4


def test_a_face_beyond_the_edge_is_padded_with_black() -> None:
    picture = np.full((100, 100, 3), 200, dtype=np.uint8)
    crop = align_face(picture, turned(scale=1), BASELINE_FORM)  # far outside
    assert crop.max() == 0
