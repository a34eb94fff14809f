"""The few aligned crops of a capture that may become a template; everything else of a frame is forgotten.

A `FaceSample` is made by `SampleWindow.offer` of a frame that quality assessment found fit, and by nothing else.
Decides no quality and makes no template.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from hardware.camera import Frame
from kiosk.verification.observation import FrameObservation
from kiosk.verification.quality import QualityAssessment
from kiosk.vision.face_alignment import align_face

_SLOT_S = 0.4
_MOST_SAMPLES = 12


@dataclass(frozen=True, slots=True)
class FaceSample:
    """An aligned crop of a fit frame."""

    crop: NDArray[np.uint8]
    """(150, 150, 3) uint8 RGB."""
    score: float
    """Quality, 0…1."""
    captured_at_s: float
    """Monotonic seconds."""
    track_id: int


class SampleWindow:
    """Keeps the best crops since the last `clear`, spread over time, at most a handful."""

    def __init__(self) -> None:
        self._samples: list[FaceSample] = []

    def offer(self, frame: Frame, observation: FrameObservation, assessment: QualityAssessment) -> None:
        """Keep the aligned crop of this frame if it is fit and better than its neighbours in time."""
        face = observation.face
        if face is None or not assessment.fit or frame.sequence != observation.frame_sequence:
            return
        rival = self._in_same_slot(observation.captured_at_s, face.track_id)
        if rival is not None and rival.score >= assessment.score:
            return
        if rival is not None:
            self._forget(rival)
        crop = align_face(frame.pixels, face.landmarks)
        self._samples.append(FaceSample(crop, assessment.score, observation.captured_at_s, face.track_id))
        if len(self._samples) > _MOST_SAMPLES:
            self._forget(self._most_dispensable())

    def best(self, track_id: int, from_s: float, until_s: float, count: int) -> tuple[FaceSample, ...]:
        """Return up to `count` samples of this track within these times, the best first, spread over time."""
        wanted = [s for s in self._samples if s.track_id == track_id and from_s <= s.captured_at_s <= until_s]
        wanted.sort(key=lambda sample: -sample.score)
        if len(wanted) <= count:
            return tuple(wanted)
        times = [sample.captured_at_s for sample in wanted]
        apart_s = (max(times) - min(times)) / (2 * max(count, 1))
        chosen: list[FaceSample] = []
        for sample in wanted:
            if all(abs(sample.captured_at_s - other.captured_at_s) >= apart_s for other in chosen):
                chosen.append(sample)
        rest = [sample for sample in wanted if not any(sample is other for other in chosen)]
        return tuple((chosen + rest)[:count])

    def clear(self) -> None:
        """Zero and forget every crop."""
        for sample in list(self._samples):
            self._forget(sample)

    def __len__(self) -> int:
        return len(self._samples)

    def _in_same_slot(self, time_s: float, track_id: int) -> FaceSample | None:
        near = [s for s in self._samples if s.track_id == track_id and abs(s.captured_at_s - time_s) < _SLOT_S]
        return min(near, key=lambda sample: abs(sample.captured_at_s - time_s), default=None)

    def _most_dispensable(self) -> FaceSample:
        """Of another track than the newest, the oldest; else the weaker of the two nearest in time."""
        newest = self._samples[-1]
        strangers = [sample for sample in self._samples if sample.track_id != newest.track_id]
        if strangers:
            return strangers[0]
        ordered = sorted(self._samples, key=lambda sample: sample.captured_at_s)
        nearest = min(pairwise(ordered), key=lambda pair: pair[1].captured_at_s - pair[0].captured_at_s)
        return min(nearest, key=lambda sample: sample.score)

    def _forget(self, sample: FaceSample) -> None:
        self._samples = [other for other in self._samples if other is not sample]
        sample.crop.fill(0)
