"""Every face of a photograph is found and counted, near or far; and what is no face is not."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.vision.still_faces import find_faces
from tests.portraits import NAMES, portrait


def placed(picture: NDArray[np.uint8], width: int, height: int, x: int, y: int) -> NDArray[np.uint8]:
    ground = np.full((height, width, 3), 110, dtype=np.uint8)
    ground[y : y + picture.shape[0], x : x + picture.shape[1]] = picture
    return ground


def resized(picture: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=method), dtype=np.uint8)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scale", [0.6, 1.0, 2.5, 6.0])
def test_a_portrait_of_any_size_has_one_face(name: str, scale: float) -> None:
    (face,) = find_faces(resized(portrait(name), scale))
    expected = {"astronaut": 42, "grace_hopper": 83}[name] * scale
    assert face.inter_eye_px == pytest.approx(expected, rel=0.05)
    assert face.landmarks.shape == (478, 3)
    assert face.landmarks.dtype == np.float32


@pytest.mark.parametrize("corner", [(0, 0), (3488, 0), (0, 2488), (3488, 2488)])
def test_a_small_face_in_the_corner_of_a_large_picture_is_found_where_it_is(corner: tuple[int, int]) -> None:
    (face,) = find_faces(placed(portrait("astronaut"), 4000, 3000, *corner))
    (alone,) = find_faces(portrait("astronaut"))
    middle, expected = face.landmarks[:, :2].mean(axis=0), alone.landmarks[:, :2].mean(axis=0) + corner
    assert np.linalg.norm(middle - expected) < 5


def test_a_picture_filled_by_a_face_is_found() -> None:
    (alone,) = find_faces(portrait("grace_hopper"))
    low, high = alone.landmarks[:, :2].min(axis=0).astype(int), alone.landmarks[:, :2].max(axis=0).astype(int)
    tight = portrait("grace_hopper")[low[1] - 15 : high[1] + 10, low[0] - 15 : high[0] + 15]
    assert len(find_faces(np.ascontiguousarray(tight))) == 1


def test_two_people_are_two_faces_the_larger_first() -> None:
    both = np.hstack([portrait("astronaut"), portrait("grace_hopper")[:512]])
    first, second = find_faces(both)
    assert first.size_px > second.size_px
    assert first.landmarks[:, 0].mean() > 512 > second.landmarks[:, 0].mean()


def head(name: str, face_px: float) -> NDArray[np.uint8]:
    """Little more than the face, this large."""
    (face,) = find_faces(portrait(name))
    low, high = face.landmarks[:, :2].min(axis=0), face.landmarks[:, :2].max(axis=0)
    room = float(max(high - low))
    left, top = (int(max(place, 0)) for place in low - 0.25 * room)
    right, bottom = (int(place) for place in high + 0.15 * room)
    return resized(portrait(name)[top:bottom, left:right], face_px / face.size_px)


@pytest.mark.parametrize(
    ("name", "neighbour", "size", "across", "down"),
    [("grace_hopper", "astronaut", 0.5, -0.8, 0.3), ("astronaut", "grace_hopper", 0.6, -0.8, 0.3)],
)
def test_a_neighbour_is_never_taken_for_the_face_itself(
    name: str, neighbour: str, size: float, across: float, down: float
) -> None:
    (alone,) = find_faces(portrait(name))
    picture = cv2.copyMakeBorder(portrait(name), 200, 200, 200, 200, cv2.BORDER_REPLICATE)
    other = head(neighbour, size * alone.size_px)
    middle = alone.landmarks[:, :2].mean(axis=0) + 200 + np.array([across, down]) * alone.size_px
    x, y = (middle - np.array(other.shape[1::-1]) / 2).astype(int)
    picture[y : y + other.shape[0], x : x + other.shape[1]] = other
    largest = find_faces(np.asarray(picture, dtype=np.uint8))[0]
    assert largest.inter_eye_px == pytest.approx(alone.inter_eye_px, rel=0.05)
    assert np.linalg.norm(largest.landmarks[:, :2].mean(axis=0) - 200 - alone.landmarks[:, :2].mean(axis=0)) < 10


@pytest.mark.parametrize("size", [0.45, 0.5, 0.6, 0.7, 0.9])
def test_a_second_face_that_is_much_smaller_is_found_too(size: float) -> None:
    picture = placed(portrait("astronaut"), 1100, 600, 0, 0)
    other = resized(portrait("astronaut"), size)
    picture[: other.shape[0], 560 : 560 + other.shape[1]] = other
    first, second = find_faces(picture)
    assert second.size_px == pytest.approx(size * first.size_px, rel=0.1)


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_upside_down_shows_the_same_face_upside_down(name: str) -> None:
    picture = portrait(name)
    (upright,) = find_faces(picture)
    (turned,) = find_faces(np.ascontiguousarray(picture[::-1, ::-1]))
    assert abs(turned.head_pose.roll_deg) > 170
    expected = np.array(picture.shape[1::-1]) - upright.landmarks[:, :2]
    assert np.abs(turned.landmarks[:, :2] - expected).max() < 2


def test_what_looks_like_a_face_only_at_first_sight_is_none() -> None:
    """Half a face that nothing is seen of, above a badge that the detector is half sure of."""
    assert find_faces(resized(portrait("astronaut")[:, 224:], 2.0)) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (900, 3), (40, 40), (700, 500)])
def test_a_picture_without_a_face_has_none_whatever_its_shape(size: tuple[int, int]) -> None:
    assert find_faces(np.full((*size, 3), 130, dtype=np.uint8)) == []


def test_things_that_are_no_faces_are_not_found() -> None:
    import skimage.data

    things = [skimage.data.chelsea(), skimage.data.coffee(), skimage.data.rocket()]
    greys = [skimage.data.moon(), skimage.data.clock(), skimage.data.brick()]
    noise = np.random.default_rng(2).integers(0, 256, (400, 400, 3), dtype=np.uint8)
    for picture in [*things, *(np.stack([grey] * 3, axis=2) for grey in greys), noise]:
        assert find_faces(np.ascontiguousarray(picture)) == []


def test_tilting_the_picture_tilts_the_roll_and_mirroring_turns_yaw_and_roll() -> None:
    picture = portrait("astronaut")
    (upright,) = find_faces(picture)
    matrix = cv2.getRotationMatrix2D((256, 256), -15, 1.0)  # clockwise: towards the subject's left shoulder
    (tilted,) = find_faces(np.asarray(cv2.warpAffine(picture, matrix, (512, 512)), dtype=np.uint8))
    assert tilted.head_pose.roll_deg - upright.head_pose.roll_deg == pytest.approx(15, abs=2.5)
    (mirrored,) = find_faces(np.ascontiguousarray(picture[:, ::-1]))
    assert mirrored.head_pose.yaw_deg == pytest.approx(-upright.head_pose.yaw_deg, abs=3)
    assert mirrored.head_pose.roll_deg == pytest.approx(-upright.head_pose.roll_deg, abs=3)
    assert mirrored.head_pose.pitch_deg == pytest.approx(upright.head_pose.pitch_deg, abs=3)
