"""Only fit frames of the tracked face become samples; few are kept, and none survives `clear`."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.camera import Frame
from kiosk.verification.decision import MAX_WITNESS_GAP_S
from kiosk.verification.observation import FrameObservation
from kiosk.verification.quality import CaptureGuidance, QualityAssessment
from kiosk.vision.face_geometry import Landmarks
from kiosk.vision.face_sample import SampleWindow
from tests.rehearsed_face import RESTING


class PlainNetwork:
    """In a network's place: its crop is a corner of the picture."""

    def __init__(self, model_id: str = "witness", side: int = 150) -> None:
        self.model_id = model_id
        self._side = side

    def align(self, pixels: NDArray[np.uint8], landmarks: Landmarks) -> NDArray[np.uint8]:
        return pixels[: self._side, : self._side].copy()

    def network_output(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        return np.tile(np.stack(crops).max(axis=(1, 2, 3))[:, np.newaxis], 128).astype(np.float32)


NETWORK = PlainNetwork()


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
    window = SampleWindow(NETWORK)
    offer(window, 1, 1.0, score=1.0, guidance=guidance)
    assert len(window) == 0


def test_an_observation_of_another_frame_never_makes_a_sample() -> None:
    window = SampleWindow(NETWORK)
    offer(window, 1, 1.0, seen_sequence=2)
    assert len(window) == 0


def test_a_sample_holds_the_aligned_crop_and_nothing_more_of_the_frame() -> None:
    window = SampleWindow(NETWORK, [PlainNetwork("other", 128)])
    offer(window, 1, 1.0, score=0.7)
    (sample,) = window.best(1, 0.0, 2.0, 5)
    assert {name: crop.shape for name, crop in sample.crops.items()} == {
        "witness": (150, 150, 3),
        "other": (128, 128, 3),
    }
    assert all(crop.base is None for crop in sample.crops.values())
    assert (sample.score, sample.captured_at_s, sample.track_id) == (0.7, 1.0, 1)


def test_of_frames_close_in_time_the_best_is_kept() -> None:
    window = SampleWindow(NETWORK)
    for number, score in enumerate((0.3, 0.9, 0.6)):
        offer(window, number, 1.0 + number / 30, score)
    assert [sample.score for sample in window.best(1, 0.0, 2.0, 5)] == [0.9]


def test_only_samples_of_the_track_and_the_times_are_given() -> None:
    window = SampleWindow(NETWORK)
    offer(window, 1, 1.0, track_id=1)
    offer(window, 2, 2.0, track_id=2)
    offer(window, 3, 3.0, track_id=2)
    assert [sample.captured_at_s for sample in window.best(2, 0.0, 2.5, 5)] == [2.0]
    assert window.best(3, 0.0, 9.0, 5) == ()
    assert window.best(2, 4.0, 9.0, 5) == ()


def test_the_best_samples_are_spread_over_the_window() -> None:
    window = SampleWindow(NETWORK)
    for number in range(10):
        offer(window, number, float(number), score=0.9 if number < 3 else 0.5)
    times = sorted(sample.captured_at_s for sample in window.best(1, 0.0, 9.0, 3))
    assert times[-1] - times[0] >= 3
    assert len(times) == 3


def test_a_long_capture_keeps_a_handful_from_all_of_it() -> None:
    window = SampleWindow(NETWORK)
    for number in range(900):
        offer(window, number, number / 30, score=0.5 + (number % 7) / 100)
    assert len(window) <= 12
    times = [sample.captured_at_s for sample in window.best(1, 0.0, 30.0, 12)]
    assert min(times) < 8
    assert max(times) > 22


def test_clear_zeroes_every_crop() -> None:
    window = SampleWindow(NETWORK)
    offer(window, 1, 1.0)
    offer(window, 2, 2.0)
    kept = [crop for sample in window.best(1, 0.0, 9.0, 5) for crop in sample.crops.values()]
    kept += [witness.features for witness in window.witnesses(1, 0.0, 9.0)]
    assert len(kept) == 4
    assert all(values.any() for values in kept)
    window.clear()
    assert len(window) == 0
    assert window.witnesses(1, 0.0, 9.0) == ()
    assert not any(values.any() for values in kept)


def test_a_crop_that_gives_way_to_a_better_one_is_zeroed() -> None:
    window = SampleWindow(NETWORK)
    offer(window, 1, 1.0, score=0.2)
    (first,) = window.best(1, 0.0, 9.0, 5)
    offer(window, 2, 1.1, score=0.8)
    assert not first.crops["witness"].any()


def test_while_crops_are_being_read_no_other_thread_zeroes_them() -> None:
    window = SampleWindow(NETWORK)
    offer(window, 1, 1.0, score=0.2)
    with ThreadPoolExecutor(1) as analysis:
        with window.held():
            (read,) = window.best(1, 0.0, 9.0, 5)
            better = analysis.submit(offer, window, 2, 1.1, 0.8)
            assert not wait([better], timeout=0.2).done
            assert read.crops["witness"].any()
        better.result()
    assert not read.crops["witness"].any()


# --- witnesses ---


def times(window: SampleWindow, track_id: int = 1) -> list[float]:
    return [round(witness.captured_at_s, 3) for witness in window.witnesses(track_id, 0.0, 1e9)]


@pytest.mark.parametrize("guidance", [CaptureGuidance.FIT, CaptureGuidance.LOOK_STRAIGHT, CaptureGuidance.HOLD_STILL])
def test_every_third_of_a_second_a_frame_of_any_quality_bears_witness(guidance: CaptureGuidance) -> None:
    window = SampleWindow(NETWORK)
    for number in range(11):
        offer(window, number, number / 10, guidance=guidance)
    assert times(window) == [0.0, 0.3, 0.6, 0.9]
    assert all(witness.features.base is None for witness in window.witnesses(1, 0.0, 1.0))


def test_an_observation_of_another_frame_bears_no_witness() -> None:
    window = SampleWindow(NETWORK)
    offer(window, 1, 1.0, seen_sequence=2)
    assert times(window) == []


def test_a_face_that_comes_back_bears_witness_however_short_it_stays() -> None:
    window = SampleWindow(NETWORK)
    offer(window, 1, 1.0)
    offer(window, 2, 1.05)
    window.offer(
        Frame(np.zeros((400, 400, 3), dtype=np.uint8), 1.1, 3),
        FrameObservation(3, 1.1, 400, 400, 0, None),
        QualityAssessment(CaptureGuidance.COME_INTO_VIEW, {}, 0.0),
    )
    offer(window, 4, 1.15)
    offer(window, 5, 1.2)
    assert times(window) == [1.0, 1.15]


def test_a_new_track_bears_witness_at_once_and_only_for_itself() -> None:
    window = SampleWindow(NETWORK)
    offer(window, 1, 1.0, track_id=1)
    offer(window, 2, 1.05, track_id=2)
    assert (times(window, 1), times(window, 2)) == ([1.0], [1.05])
    assert window.witnesses(1, 1.01, 2.0) == ()


def test_a_long_wait_keeps_few_witnesses_and_leaves_no_part_of_it_out() -> None:
    window = SampleWindow(NETWORK)
    for number in range(100 * 30):
        offer(window, number, number / 30)
    kept = times(window)
    assert len(kept) <= 256
    assert kept[0] == 0.0
    assert max(np.diff([*kept, 100.0])) < MAX_WITNESS_GAP_S


@pytest.mark.parametrize("until_s", [10, 25])
def test_a_face_that_keeps_vanishing_washes_no_witness_away(until_s: int) -> None:
    """One that came by a gap at 2 s stays however often the face is gone afterwards, and so do later ones by time."""
    window = SampleWindow(NETWORK)
    for number in range(25 * 15):
        at_s = number / 15
        if 2 <= at_s < until_s and number % 2:
            gone = FrameObservation(number, at_s, 400, 400, 0, None)
            seen = QualityAssessment(CaptureGuidance.COME_INTO_VIEW, {}, 0.0)
            window.offer(Frame(np.zeros((4, 4, 3), dtype=np.uint8), at_s, number), gone, seen)
        else:
            offer(window, number, at_s)
    kept = times(window)
    assert [at_s for at_s in kept if 2.05 < at_s < until_s] == [round(n / 15, 3) for n in range(32, until_s * 15, 2)]
    assert max(np.diff([*kept, 25.0])) < 0.5


def test_a_witness_that_gives_way_is_zeroed() -> None:
    window = SampleWindow(NETWORK)
    for number in range(256):
        offer(window, number, float(number))
    before = window.witnesses(1, 0.0, 999.0)
    offer(window, 256, 256.0)
    (gone,) = [witness for witness in before if all(witness is not kept for kept in window.witnesses(1, 0.0, 999.0))]
    assert not gone.features.any()
