"""Light of the face's regions and of what is around it, from pixels."""

import numpy as np
import pytest

from kiosk.verification.observation import LightSample
from kiosk.vision.light_measurement import REGIONS, measure_light
from tests.lit_face import HEAD
from tests.portraits import NAMES, portrait, portrait_landmarks


@pytest.fixture(scope="module", params=NAMES)
def pictured(request):
    """A portrait in the middle of a camera's frame, with its landmarks."""
    pixels, landmarks = portrait(request.param), portrait_landmarks(request.param).copy()
    frame = np.full((720, 1280, 3), 140, np.uint8)
    part = pixels[:700, :1000]
    frame[10 : 10 + part.shape[0], 300 : 300 + part.shape[1]] = part
    landmarks[:, :2] += (300, 10)
    return frame, landmarks


def brighter(frame, factors):
    light = np.where(frame <= 10, frame / 255 / 12.92, ((frame / 255 + 0.055) / 1.055) ** 2.4) * factors
    srgb = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.clip(srgb * 255, 0, 255).round().astype(np.uint8)


def test_every_region_is_measured_where_it_lies(pictured):
    sample = measure_light(*pictured)
    assert isinstance(sample, LightSample)
    assert len(sample.regions) == len(sample.places) == len(REGIONS) == len(HEAD)
    for (x, y), (expected_x, expected_y, *_) in zip(sample.places, HEAD, strict=True):
        assert (x, y) == pytest.approx((expected_x, expected_y), abs=0.4)


def test_light_is_measured_as_light_and_not_as_grey_levels(pictured):
    frame, landmarks = pictured
    factors = np.array([0.8, 0.6, 0.7])
    before, after = measure_light(frame, landmarks), measure_light(brighter(frame, factors), landmarks)
    for one, other in zip((*before.regions, before.background), (*after.regions, after.background), strict=True):
        assert np.array(other) / np.array(one) == pytest.approx(factors, rel=0.02)


def test_a_face_that_moves_measures_the_same(pictured):
    frame, landmarks = pictured
    moved = landmarks + np.array([7, -4, 0], np.float32)
    one, other = measure_light(frame, landmarks), measure_light(np.roll(frame, (-4, 7), (0, 1)), moved)
    assert np.array(other.regions) == pytest.approx(np.array(one.regions), rel=0.02)


def test_trembling_landmarks_hardly_change_what_is_measured(pictured):
    frame, landmarks = pictured
    still = np.array(measure_light(frame, landmarks).regions)
    trembling = landmarks + np.random.default_rng(1).normal(0, 0.7, landmarks.shape).astype(np.float32)
    assert np.median(np.abs(np.array(measure_light(frame, trembling).regions) / still - 1)) < 0.03


def test_clipping_is_counted(pictured):
    frame, landmarks = pictured
    assert measure_light(np.full_like(frame, 255), landmarks).clipped == 1
    assert measure_light(np.full_like(frame, 128), landmarks).clipped == 0


@pytest.mark.parametrize("shift", [(-700, 0), (2000, 0), (0, 5000), (float("nan"), 0), (float("inf"), 0)])
def test_a_face_beyond_the_frame_is_not_measured(pictured, shift):
    frame, landmarks = pictured
    assert measure_light(frame, landmarks + np.array([*shift, 0], np.float32)) is None


@pytest.mark.parametrize("shape", [(0, 0, 3), (4, 4, 3)])
def test_a_frame_that_is_none_is_not_measured(pictured, shape):
    assert measure_light(np.zeros(shape, np.uint8), pictured[1]) is None


def test_landmarks_that_fall_together_are_no_face(pictured):
    assert measure_light(pictured[0], np.full((478, 3), 300, np.float32)) is None
