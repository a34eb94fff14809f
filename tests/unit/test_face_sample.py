"""Only fit frames of the tracked face become samples; few are kept, and none survives `clear`."""

from dataclasses import replace

import numpy as np
import pytest

from hardware.camera import Frame
from kiosk.verification.observation import FrameObservation
from kiosk.verification.quality import CaptureGuidance, QualityAssessment
from kiosk.vision.face_sample import SampleWindow
from tests.rehearsed_face import RESTING


def offer(
    window: SampleWindow,
    sequence: int,
    at_s: float,
    score: float = 0.5,
    track_id: int = 1,
    guidance: CaptureGuidance = CaptureGuidance.FIT,
    seen_sequence: int | None = None,
) -> None:
    landmarks = np.random.default_rng(7).uniform(100, 300, (478, 3)).astype("<f4")
    face = replace(RESTING, track_id=track_id, landmarks_f32=landmarks.tobytes())
    pixels = np.full((400, 400, 3), 50 + sequence % 200, dtype=np.uint8)
    seen = sequence if seen_sequence is None else seen_sequence
    window.offer(
        Frame(pixels, at_s, sequence),
        FrameObservation(seen, at_s, 400, 400, 1, face),
        QualityAssessment(guidance, {}, score),
    )


@pytest.mark.parametrize("guidance", [guidance for guidance in CaptureGuidance if guidance is not CaptureGuidance.FIT])
def test_an_unfit_frame_never_becomes_a_sample(guidance: CaptureGuidance) -> None:
    window = SampleWindow()
    offer(window, 1, 1.0, score=1.0, guidance=guidance)
    assert len(window) == 0


def test_an_observation_of_another_frame_never_makes_a_sample() -> None:
    window = SampleWindow()
    offer(window, 1, 1.0, seen_sequence=2)
    assert len(window) == 0


def test_a_sample_holds_the_aligned_crop_and_nothing_more_of_the_frame() -> None:
    window = SampleWindow()
    offer(window, 1, 1.0, score=0.7)
    (sample,) = window.best(1, 0.0, 2.0, 5)
    assert sample.crop.shape == (150, 150, 3)
    assert sample.crop.base is None
    assert (sample.score, sample.captured_at_s, sample.track_id) == (0.7, 1.0, 1)


def test_of_frames_close_in_time_the_best_is_kept() -> None:
    window = SampleWindow()
    for number, score in enumerate((0.3, 0.9, 0.6)):
        offer(window, number, 1.0 + number / 30, score)
    assert [sample.score for sample in window.best(1, 0.0, 2.0, 5)] == [0.9]


def test_only_samples_of_the_track_and_the_times_are_given() -> None:
    window = SampleWindow()
    offer(window, 1, 1.0, track_id=1)
    offer(window, 2, 2.0, track_id=2)
    offer(window, 3, 3.0, track_id=2)
    assert [sample.captured_at_s for sample in window.best(2, 0.0, 2.5, 5)] == [2.0]
    assert window.best(3, 0.0, 9.0, 5) == ()
    assert window.best(2, 4.0, 9.0, 5) == ()


def test_the_best_samples_are_spread_over_the_window() -> None:
    window = SampleWindow()
    for number in range(10):
        offer(window, number, float(number), score=0.9 if number < 3 else 0.5)
    times = sorted(sample.captured_at_s for sample in window.best(1, 0.0, 9.0, 3))
    assert times[-1] - times[0] >= 3
    assert len(times) == 3


def test_a_long_capture_keeps_a_handful_from_all_of_it() -> None:
    window = SampleWindow()
    for number in range(900):
        offer(window, number, number / 30, score=0.5 + (number % 7) / 100)
    assert len(window) <= 12
    times = [sample.captured_at_s for sample in window.best(1, 0.0, 30.0, 12)]
    assert min(times) < 8
    assert max(times) > 22


def test_clear_zeroes_every_crop() -> None:
    window = SampleWindow()
    offer(window, 1, 1.0)
    offer(window, 2, 2.0)
    samples = window.best(1, 0.0, 9.0, 5)
    assert all(sample.crop.any() for sample in samples)
    window.clear()
    assert len(window) == 0
    assert not any(sample.crop.any() for sample in samples)


def test_a_crop_that_gives_way_to_a_better_one_is_zeroed() -> None:
    window = SampleWindow()
    offer(window, 1, 1.0, score=0.2)
    (first,) = window.best(1, 0.0, 9.0, 5)
    offer(window, 2, 1.1, score=0.8)
    assert not first.crop.any()
