"""The few aligned crops of a capture that may become a template, and the frames that bear witness whose face it was.

A `FaceSample` is made by `SampleWindow.offer` of a frame that quality assessment found fit, and by nothing else. A
`FaceWitness` is made of any frame with the face, gestures included, all through the window, and at once described by
the network, so that none of it is left to do between the last answer and the decision. Everything else of a frame is
forgotten. Decides no quality.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.camera import Frame
from kiosk.verification.observation import FaceObservation, FrameObservation
from kiosk.verification.quality import QualityAssessment
from kiosk.vision.face_geometry import Landmarks

_SLOT_S = 0.4
_MOST_SAMPLES = 12
_WITNESS_EVERY_S = 0.3
_MOST_WITNESSES = 256
"""More than the longest attempt makes: who lets the face vanish often must not wash a witness away."""


@dataclass(frozen=True, slots=True)
class FaceSample:
    """A fit frame's aligned crops."""

    crops: Mapping[str, NDArray[np.uint8]]
    """For each template model by its id: uint8 RGB, as large and so aligned as it wants them."""
    score: float
    """Quality, 0…1."""
    captured_at_s: float
    """Monotonic seconds."""
    track_id: int


@dataclass(frozen=True, slots=True)
class FaceWitness:
    """A frame of whatever quality, described: it says whose face was there at that time, and goes into no probe."""

    features: NDArray[np.float32]
    """Float32, of the aligned crop, as the network gives them; the crop itself is not kept."""
    captured_at_s: float
    """Monotonic seconds."""
    track_id: int
    after_gap: bool
    """The face was missing in the frame before: the moment at which another could have taken its place."""


class CropNetwork(Protocol):
    """What a window needs of a template network (`FaceTemplateExtractor`)."""

    model_id: str

    def align(self, pixels: NDArray[np.uint8], landmarks: Landmarks) -> NDArray[np.uint8]:
        """Return the network's crop of the face with these landmarks."""

    def network_output(self, crops: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
        """Describe crops."""


class SampleWindow:
    """Keeps the best crops since the last `clear`, a handful, and witnesses from all of it; one thread at a time."""

    def __init__(self, witness: CropNetwork, others: Sequence[CropNetwork] = ()) -> None:
        """`witness` describes the witnesses; samples keep a crop for it and for each of the `others`."""
        self._witness = witness
        self._networks = (witness, *others)
        self._samples: list[FaceSample] = []
        self._witnesses: list[FaceWitness] = []
        self._face_missing = False
        self._lock = threading.RLock()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let no other thread add, replace or zero a crop meanwhile: for as long as crops are being read."""
        with self._lock:
            yield

    def offer(self, frame: Frame, observation: FrameObservation, assessment: QualityAssessment) -> None:
        """Keep the aligned crop of this frame if it is due as a witness, or fit and better than its neighbours."""
        if frame.sequence != observation.frame_sequence:
            return
        with self._lock:
            if observation.face is not None:
                self._offer_witness(frame, observation.face, observation.captured_at_s)
                if assessment.fit:
                    self._offer_sample(frame, observation.face, observation.captured_at_s, assessment.score)
            self._face_missing = observation.face is None

    def best(self, track_id: int, from_s: float, until_s: float, count: int) -> tuple[FaceSample, ...]:
        """Return up to `count` samples of this track within these times, the best first, spread over time."""
        with self._lock:
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

    def witnesses(self, track_id: int, from_s: float, until_s: float) -> tuple[FaceWitness, ...]:
        """Return the witnesses of this track within these times, the oldest first."""
        with self._lock:
            return tuple(w for w in self._witnesses if w.track_id == track_id and from_s <= w.captured_at_s <= until_s)

    def clear(self) -> None:
        """Zero and forget every crop."""
        with self._lock:
            for sample in list(self._samples):
                self._forget(sample)
            for witness in self._witnesses:
                witness.features.fill(0)
            self._witnesses.clear()
            self._face_missing = False

    def __len__(self) -> int:
        return len(self._samples)

    def _offer_sample(self, frame: Frame, face: FaceObservation, at_s: float, score: float) -> None:
        rival = self._in_same_slot(at_s, face.track_id)
        if rival is not None and rival.score >= score:
            return
        if rival is not None:
            self._forget(rival)
        crops = {network.model_id: network.align(frame.pixels, face.landmarks) for network in self._networks}
        self._samples.append(FaceSample(crops, score, at_s, face.track_id))
        if len(self._samples) > _MOST_SAMPLES:
            self._forget(self._most_dispensable())

    def _offer_witness(self, frame: Frame, face: FaceObservation, at_s: float) -> None:
        """Due by time, for a new track, or when the face was gone: a shorter visit of another must not go unseen."""
        if self._witnesses and not self._face_missing:
            newest = self._witnesses[-1]
            if newest.track_id == face.track_id and at_s - newest.captured_at_s < _WITNESS_EVERY_S:
                return
        features = self._witness.network_output([self._witness.align(frame.pixels, face.landmarks)])[0].copy()
        self._witnesses.append(FaceWitness(features, at_s, face.track_id, self._face_missing))
        if len(self._witnesses) > _MOST_WITNESSES:
            self._witnesses.pop(self._most_dispensable_witness()).features.fill(0)

    def _most_dispensable_witness(self) -> int:
        """Which one leaves the smallest gap; those that came by time go before those from after a gap."""
        times = [witness.captured_at_s for witness in self._witnesses]
        inner = range(1, len(times) - 1)
        by_time = [number for number in inner if not self._witnesses[number].after_gap]
        return min(by_time or inner, key=lambda number: times[number + 1] - times[number - 1])

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
        for crop in sample.crops.values():
            crop.fill(0)
