"""What surrounds a head is followed from frame to frame, and nothing else is."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.vision.background_motion import BackgroundFollower
from kiosk.vision.face_geometry import FACE_OVAL

Picture = NDArray[np.uint8]
SHIFT_PX = (11.0, -7.0)


def wall() -> Picture:
    """A wall with pictures on it, a little out of focus."""
    coarse = np.random.default_rng(1).integers(40, 215, (36, 64, 3)).astype(np.uint8)
    drawn: Picture = cv2.GaussianBlur(cv2.resize(coarse, (1280, 720), interpolation=cv2.INTER_NEAREST), (0, 0), 3)
    return drawn


def shifted(picture: Picture, x_px: float, y_px: float) -> Picture:
    move = np.array([[1, 0, x_px], [0, 1, y_px]], np.float32)
    moved: Picture = cv2.warpAffine(picture, move, (1280, 720), borderMode=cv2.BORDER_REFLECT)
    return moved


def noisy(picture: Picture, seed: int) -> Picture:
    grain = np.random.default_rng(seed).normal(0, 3, picture.shape)
    return np.clip(picture + grain, 0, 255).astype(np.uint8)


def face_at(x: float, y: float) -> NDArray[np.float32]:
    """(478, 3) landmarks of a face 130 px between the eyes."""
    landmarks = np.tile(np.array([x, y, 0], np.float32), (478, 1))
    angles = np.linspace(0, 2 * np.pi, len(FACE_OVAL), endpoint=False)
    landmarks[list(FACE_OVAL), :2] += np.stack([140 * np.sin(angles), -190 * np.cos(angles)], axis=1)
    return landmarks


def test_the_first_frame_and_the_first_after_a_reset_say_nothing() -> None:
    follower = BackgroundFollower()
    assert follower.follow(wall(), face_at(640, 360)) is None
    assert follower.follow(wall(), face_at(640, 360)) is not None
    follower.reset()
    assert follower.follow(wall(), face_at(640, 360)) is None


def test_a_background_that_stands_still_stands_still_while_the_face_moves() -> None:
    follower = BackgroundFollower()
    follower.follow(noisy(wall(), 1), face_at(640, 360))
    motion = follower.follow(noisy(wall(), 2), face_at(652, 355))
    assert motion is not None
    assert motion.points >= 10
    assert (motion.face_shift_x_px, motion.face_shift_y_px) == pytest.approx((12, -5), abs=0.01)
    assert (motion.shift_x_px, motion.shift_y_px) == pytest.approx((0, 0), abs=0.5)


def test_a_background_that_moves_is_followed_in_pixels_of_the_frame() -> None:
    follower = BackgroundFollower()
    follower.follow(noisy(wall(), 1), face_at(640, 360))
    motion = follower.follow(noisy(shifted(wall(), *SHIFT_PX), 2), face_at(651, 353))
    assert motion is not None
    assert (motion.shift_x_px, motion.shift_y_px) == pytest.approx(SHIFT_PX, abs=1.0)


def test_hair_or_an_arm_beside_the_face_on_one_side_is_not_the_background() -> None:
    half_moved = wall()
    half_moved[:, 640:] = shifted(wall(), *SHIFT_PX)[:, 640:]
    follower = BackgroundFollower()
    follower.follow(wall(), face_at(640, 360))
    motion = follower.follow(half_moved, face_at(651, 353))
    assert motion is not None
    assert (motion.shift_x_px, motion.shift_y_px) == pytest.approx((0, 0), abs=0.5)


def test_grain_on_a_plain_wall_is_nothing_to_follow() -> None:
    plain = np.full((720, 1280, 3), 180, np.uint8)
    follower = BackgroundFollower()
    follower.follow(noisy(plain, 1), face_at(640, 360))
    motion = follower.follow(noisy(plain, 2), face_at(650, 360))
    assert motion is not None
    assert motion.points == 0
    assert motion.face_shift_x_px == pytest.approx(10, abs=0.01)


def test_the_person_is_left_out() -> None:
    empty = np.full((720, 1280, 3), 180, np.uint8)
    person = empty.copy()
    person[170:720, 500:780] = wall()[170:720, 500:780]
    follower = BackgroundFollower()
    follower.follow(person, face_at(640, 360))
    motion = follower.follow(shifted(person, *SHIFT_PX), face_at(651, 353))
    assert motion is not None
    assert motion.points == 0


@pytest.mark.parametrize("place", [(-2000.0, 360.0), (1e9, -1e9), (float("nan"), 0.0), (0.0, float("inf"))])
def test_a_face_that_is_nowhere_is_no_mistake(place: tuple[float, float]) -> None:
    follower = BackgroundFollower()
    follower.follow(wall(), face_at(*place))
    motion = follower.follow(wall(), face_at(*place))
    assert motion is None or motion.points == 0


def test_another_resolution_begins_anew() -> None:
    follower = BackgroundFollower()
    follower.follow(wall(), face_at(640, 360))
    assert follower.follow(np.ascontiguousarray(wall()[:480, :640]), face_at(320, 240)) is None
