"""What rendered and real pictures tell of the camera: a sensor's grain passes, perfect and repeated pictures do not."""

from collections.abc import Iterable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.simulated.cues import Cue
from hardware.simulated.motion import SubjectMotion, settling
from hardware.simulated.renderer import SubjectRenderer
from hardware.simulated.sensor import Sensor, SensorState
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict
from kiosk.verification.observation import FrameObservation
from kiosk.verification.stream import GRAIN_FRAMES, StreamCheck
from kiosk.vision.stream_measurement import StreamMeter
from tests.portraits import portrait, portrait_landmarks

Pixels = NDArray[np.uint8]
FRAMES = GRAIN_FRAMES + 4
SIZE = (640, 480)


def judged(pictures: Iterable[Pixels]) -> LayerEvidence:
    meter, check = StreamMeter(), StreamCheck()
    for number, pixels in enumerate(pictures):
        height, width = pixels.shape[:2]
        at_s = 5 + number / 15
        check.observe(FrameObservation(number, at_s, width, height, 0, None, stream=meter.measure(pixels)))
    return check.evidence()


@pytest.fixture(scope="module")
def scenes() -> list[Pixels]:
    """The moving subject before the sensor's own faults."""
    shrunk = cv2.resize(portrait("astronaut"), None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA)
    renderer = SubjectRenderer(shrunk, portrait_landmarks("astronaut") * np.float32(0.6), width=SIZE[0], height=SIZE[1])
    motion = SubjectMotion(3, 0.5, 0.0, Cue.PRESENT, gone_px=2000.0)
    return [renderer.scene(motion.pose_at(number / 15, Cue.TURN_LEFT)) for number in range(FRAMES)]


def test_the_simulated_camera_passes_while_it_settles(scenes: list[Pixels]) -> None:
    sensor = Sensor(*SIZE)
    evidence = judged(sensor.expose(scene, settling(n / 15), n) for n, scene in enumerate(scenes))
    assert evidence.verdict is LayerVerdict.PASSED


@pytest.mark.parametrize(("noise", "quality", "light"), [(0.5, 50, 1.0), (2.0, 75, 1.0), (8.0, 80, 0.2)])
def test_motion_jpeg_and_low_light_pass(scenes: list[Pixels], noise: float, quality: int, light: float) -> None:
    source = np.random.default_rng(1)

    def seen(scene: Pixels) -> Pixels:
        grain = source.standard_normal(scene.shape, np.float32) * np.float32(noise)
        picture = np.clip(scene * np.float32(light) + grain, 0, 255).round().astype(np.uint8)
        coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)

    assert judged(seen(scene) for scene in scenes).verdict is LayerVerdict.PASSED


def test_perfect_pictures_are_found_out(scenes: list[Pixels]) -> None:
    assert judged(scenes).finding is Finding.NO_GRAIN


def test_a_clip_that_begins_anew_is_found_out(scenes: list[Pixels]) -> None:
    sensor = Sensor(*SIZE)
    clip = [sensor.expose(scene, SensorState(), number) for number, scene in enumerate(scenes[:10])]
    assert judged(clip + clip).finding is Finding.FRAMES_REPEATED


def test_one_changed_pixel_on_the_grid_makes_another_digest(scenes: list[Pixels]) -> None:
    def digest(pixels: Pixels) -> int:
        meter = StreamMeter()
        meter.measure(pixels)
        sample = meter.measure(pixels)
        assert sample is not None
        return sample.digest

    changed = scenes[0].copy()
    changed[0, 0, 0] ^= 1
    assert digest(scenes[0]) == digest(scenes[0].copy()) != digest(changed)


def test_brightness_is_in_linear_light() -> None:
    meter, picture = StreamMeter(), np.full((480, 640, 3), 188, np.uint8)
    meter.measure(picture)
    sample = meter.measure(picture)
    assert sample is not None
    assert sample.brightness == pytest.approx(0.503, abs=0.002)


@pytest.mark.parametrize("code", [0, 255])
def test_a_covered_or_burnt_out_camera_shows_no_grain_to_judge(code: int) -> None:
    pictures = [np.full((480, 640, 3), code, np.uint8) for _ in range(FRAMES)]
    for number, picture in enumerate(pictures):
        picture[0, 0] = number
    assert judged(pictures).verdict is LayerVerdict.NOT_MEASURED


@pytest.mark.parametrize("shape", [(0, 0, 3), (8, 8, 3), (480, 640), (480, 640, 4)])
def test_pictures_of_no_use_are_not_measured(shape: tuple[int, ...]) -> None:
    meter = StreamMeter()
    assert meter.measure(np.zeros(shape, np.uint8)) is meter.measure(np.zeros(shape, np.uint8)) is None


def test_a_new_size_and_a_reset_begin_anew() -> None:
    meter = StreamMeter()
    small, large = np.full((240, 320, 3), 90, np.uint8), np.full((480, 640, 3), 90, np.uint8)
    assert [meter.measure(one) is None for one in (small, small, large, large)] == [True, False, True, False]
    meter.reset()
    assert meter.measure(large) is None
