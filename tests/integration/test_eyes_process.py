"""Eyes as a real, confined process: a rendered capture subject, real landmarks, real templates."""

import os
import time

import pytest

from kiosk.admin.specimen import demo_portrait
from kiosk.app import MODELS_DIR
from kiosk.runtime.messages import (
    BeginWindow,
    CameraChoice,
    CameraFailed,
    Compare,
    Compared,
    CompareFailed,
    EyesReady,
    Fault,
    Observed,
    ReferenceRefused,
    ReferenceTaken,
    SetUpEyes,
    StartCapture,
    StopCapture,
    TakeReference,
)
from kiosk.verification.decision import SAME_FACE_AGREEMENT
from kiosk.verification.quality import CaptureGuidance
from kiosk.vision.models import load_manifest
from kiosk.vision.photograph import save_png
from tests.children import ChildUnderTest


@pytest.fixture(scope="module")
def portraits(tmp_path_factory):
    folder = tmp_path_factory.mktemp("portraits")
    for name in ("astronaut", "hopper"):
        save_png(folder / f"{name}.png", demo_portrait(name))
    return folder


def set_up(camera: CameraChoice) -> SetUpEyes:
    return SetUpEyes(camera, str(MODELS_DIR))


def watch(eyes: ChildUnderTest, until, limit_s: float = 40.0) -> Observed:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        observed = eyes.expect(Observed)
        if until(observed):
            return observed
    raise AssertionError("what was waited for was never observed")


def fit(observed: Observed) -> bool:
    return observed.guidance is CaptureGuidance.FIT


def compare_with(eyes: ChildUnderTest, portrait) -> Compared:
    """Fill a window with fit frames and compare them with a portrait."""
    eyes.memories["portrait"].write(portrait, 1, 0.0)
    eyes.channel.send(TakeReference())
    eyes.expect(ReferenceTaken)
    eyes.channel.send(StartCapture())
    eyes.channel.send(BeginWindow(1))
    first = watch(eyes, fit)
    began = first.observation.captured_at_s
    last = watch(eyes, lambda observed: fit(observed) and observed.observation.captured_at_s > began + 1.0)
    until = last.observation.captured_at_s
    eyes.channel.send(Compare(1, last.observation.face.track_id, began, until))
    compared = eyes.expect(Compared)
    assert all(began <= at <= until for at in compared.frame_times_s)
    assert all(began <= at <= until for at in compared.witness_times_s)
    assert compared.agreement >= SAME_FACE_AGREEMENT
    assert len(compared.witness_times_s) > 1
    return compared


def test_the_same_person_scores_above_the_threshold_and_another_below(portraits):
    scores = {}
    for subject in ("astronaut", "hopper"):
        with ChildUnderTest("eyes", cues=True) as eyes:
            eyes.channel.send(set_up(CameraChoice("simulated", str(portraits / f"{subject}.png"))))
            ready = eyes.expect(EyesReady)
            os.write(eyes.cue_fd, b"present\n")
            compared = compare_with(eyes, demo_portrait("astronaut"))
            assert ready.model_id == compared.model_id
            assert ready.has_exposure
            scores[subject] = compared.score
            eyes.channel.send(StopCapture())
            assert eyes.end_in_good_order() == 0
    threshold = load_manifest().template_threshold(1e-4).score
    assert scores["astronaut"] > threshold > scores["hopper"]


def test_nothing_is_read_before_capture_begins_and_nothing_stays_after_it_stops(portraits):
    with ChildUnderTest("eyes", cues=True) as eyes:
        eyes.channel.send(set_up(CameraChoice("simulated", str(portraits / "astronaut.png"))))
        eyes.expect(EyesReady)
        assert eyes.memories["face"].read_newest() is None
        eyes.channel.send(StartCapture())
        eyes.expect(Observed)
        assert eyes.memories["face"].read_newest() is not None
        eyes.channel.send(StopCapture())
        eyes.channel.send(Compare(1, 1, 0.0, 1e9))
        eyes.expect(CompareFailed)
        assert eyes.memories["face"].read_newest() is None


def test_when_the_face_part_is_over_neither_the_portrait_nor_its_template_stays(portraits):
    with ChildUnderTest("eyes", cues=True) as eyes:
        eyes.channel.send(set_up(CameraChoice("simulated", str(portraits / "astronaut.png"))))
        os.write(eyes.cue_fd, b"present\n")
        compare_with(eyes, demo_portrait("astronaut"))
        eyes.channel.send(StopCapture())
        eyes.channel.send(TakeReference())
        assert eyes.expect(ReferenceRefused).sentence
        assert eyes.memories["portrait"].read_newest() is None
        eyes.channel.send(StartCapture())
        eyes.channel.send(BeginWindow(2))
        seen = watch(eyes, fit).observation
        eyes.channel.send(Compare(2, seen.face.track_id, 0.0, 1e9))
        assert eyes.expect(CompareFailed).window_id == 2


def test_a_comparison_without_a_reference_or_a_window_fails(portraits):
    with ChildUnderTest("eyes", cues=True) as eyes:
        eyes.channel.send(set_up(CameraChoice("simulated", str(portraits / "astronaut.png"))))
        eyes.channel.send(TakeReference())
        assert eyes.expect(ReferenceRefused).sentence
        eyes.channel.send(Compare(9, 1, 0.0, 1e9))
        assert eyes.expect(CompareFailed).window_id == 9


def test_a_camera_that_is_not_there_is_named_and_ends_the_process():
    with ChildUnderTest("eyes") as eyes:
        eyes.channel.send(set_up(CameraChoice("usb", "/dev/video77")))
        assert "/dev/video77" in eyes.expect(CameraFailed).sentence
        eyes.expect(Fault)
        assert eyes.process.wait(20) == 1


def test_the_process_ends_when_desk_has_gone(portraits):
    with ChildUnderTest("eyes", cues=True) as eyes:
        eyes.channel.send(set_up(CameraChoice("simulated", str(portraits / "astronaut.png"))))
        eyes.expect(EyesReady)
        eyes.channel.close()
        assert eyes.process.wait(20) == 1
