"""Injection: do the frames come fresh and unbroken from one camera, and does it follow its controls?

A filter, not proof: who copies a camera's grain and pace into other pictures passes all but the exposure challenge.
What it must never do is fail a camera that settles its focus, works in the dark, or whose frames are left out.
"""

import math
from collections import deque
from statistics import median
from typing import TypeGuard

from kiosk.verification.continuity import MAX_LEAD_S
from kiosk.verification.exposure import BOUND_BY_CONTROLS, ExposureChallenge, ExposureFollowing
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict, PadLayer
from kiosk.verification.observation import FrameObservation, StreamSample

SLOWEST_FRAMES_PER_S = 3.0
LEAST_SAMPLED = 0.9
"""Of the frames, those that came with a sample."""
LEAST_GRAINED = 0.5
"""Of the samples, those with a grain that could be measured."""
SHORTEST_INTERVAL_S = 1 / 150
"""No camera of a kiosk is faster, and analysis is slower."""
INTERVALS, MOST_SHORT_INTERVALS = 20, 5
GRAIN_FRAMES = 15
"""Frames over which the grain is looked at; fewer in all are no evidence."""
NO_GRAIN = 0.02
"""Of 255: less over so many frames is no sensor's picture."""
GRAIN_CHANGE = 4.0
"""Lower quartile over the newest frames against that over the first: movement adds to grain, in some of the frames."""
_GRAIN_OFFSET = 0.5
"""Added to both, so that little grain and a little less of it are not far apart."""


class StreamCheck:
    """The layer of one attempt."""

    def __init__(self, exposure: ExposureChallenge | None = None) -> None:
        """`exposure` where the camera offers controls."""
        self._exposure = None if exposure is None else ExposureFollowing(exposure)
        self._failure: Finding | None = None
        self._frames = 0
        self._samples = 0
        self._times_lost = False
        self._first_at_s: float | None = None
        self._last: FrameObservation | None = None
        self._digests: set[int] = set()
        self._intervals_s: deque[float] = deque(maxlen=INTERVALS)
        self._first_grain: list[float] = []
        self._newest_grain: deque[float] = deque(maxlen=GRAIN_FRAMES)
        self._grained = 0

    def observe(self, observation: FrameObservation) -> None:
        """Take the next frame."""
        if not math.isfinite(observation.captured_at_s):
            self._times_lost = True
            return
        if self._is_the_last_again(observation):
            return
        self._frames += 1
        self._look_at_time(observation)
        if self._last is not None and (self._last.width, self._last.height) != (observation.width, observation.height):
            self._fail(Finding.PICTURE_CHANGED)
        if _is_sound(observation.stream):
            self._look_at_sample(observation.stream, observation.captured_at_s)
        self._last = observation

    def heard(self, at_s: float) -> None:
        """The frame observed last reached desk at this time of its own; none comes from the future."""
        if self._last is not None and self._last.captured_at_s - at_s > MAX_LEAD_S:
            self._fail(Finding.TIME_STAMPS_WRONG)

    def exposure_due(self, now_s: float) -> float:
        """Return how far the camera's exposure should be from its usual at this moment, in stops."""
        return 0.0 if self._exposure is None else self._exposure.due(now_s)

    def release_exposure(self) -> None:
        """The gestures are over: what follows is seen with the usual exposure."""
        if self._exposure is not None:
            self._exposure.release()

    def evidence(self) -> LayerEvidence:
        if self._exposure is not None:
            answers = self._exposure.answers()
            bound = 0 < answers.measured == answers.followed
            if answers.followed < answers.measured:
                self._fail(Finding.CONTROLS_IGNORED)
        else:
            bound = False
        if self._failure is not None:
            return self._said(LayerVerdict.FAILED, self._failure, bound)
        if not self._is_enough():
            return self._said(LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN, bound)
        if self._exposure is not None and not bound:
            return self._said(LayerVerdict.NOT_MEASURED, Finding.CONTROLS_UNSEEN, bound)
        return self._said(LayerVerdict.PASSED, Finding.IN_ORDER, bound)

    def _said(self, verdict: LayerVerdict, finding: Finding, bound: bool) -> LayerEvidence:
        measures = {
            BOUND_BY_CONTROLS: float(bound),
            "samples": float(self._samples),
            "frames_per_s": self._frames_per_s(),
            "noise": median(self._newest_grain) if self._newest_grain else math.nan,
        }
        return LayerEvidence(PadLayer.STREAM, verdict, finding, measures)

    def _is_enough(self) -> bool:
        return (
            not self._times_lost
            and self._samples >= max(GRAIN_FRAMES, LEAST_SAMPLED * (self._frames - 1))
            and self._grained >= LEAST_GRAINED * self._samples
            and len(self._newest_grain) == GRAIN_FRAMES
            and self._frames_per_s() >= SLOWEST_FRAMES_PER_S
        )

    def _frames_per_s(self) -> float:
        if self._last is None or self._first_at_s is None or self._last.captured_at_s <= self._first_at_s:
            return 0.0
        return (self._frames - 1) / (self._last.captured_at_s - self._first_at_s)

    def _fail(self, finding: Finding) -> None:
        """The first thing that was found is told."""
        if self._failure is None:
            self._failure = finding

    def _is_the_last_again(self, observation: FrameObservation) -> bool:
        last = self._last
        if last is None or last.captured_at_s != observation.captured_at_s:
            return False
        digests = [None if frame.stream is None else frame.stream.digest for frame in (last, observation)]
        return last.frame_sequence == observation.frame_sequence and digests[0] == digests[1]

    def _look_at_time(self, observation: FrameObservation) -> None:
        at_s = observation.captured_at_s
        if self._last is None:
            self._first_at_s = at_s
            return
        interval_s = at_s - self._last.captured_at_s
        self._intervals_s.append(interval_s)
        short = sum(interval < SHORTEST_INTERVAL_S for interval in self._intervals_s)
        backwards = interval_s <= 0 or observation.frame_sequence < self._last.frame_sequence
        if backwards or short > MOST_SHORT_INTERVALS:
            self._fail(Finding.TIME_STAMPS_WRONG)

    def _look_at_sample(self, sample: StreamSample, at_s: float) -> None:
        self._samples += 1
        if sample.digest in self._digests:
            self._fail(Finding.FRAMES_REPEATED)
        self._digests.add(sample.digest)
        if self._exposure is not None:
            self._exposure.observe(at_s, sample.brightness)
        if math.isnan(sample.noise):
            return
        self._grained += 1
        self._newest_grain.append(sample.noise)
        if len(self._first_grain) < GRAIN_FRAMES:
            self._first_grain.append(sample.noise)
        if len(self._newest_grain) == GRAIN_FRAMES:
            self._look_at_grain()

    def _look_at_grain(self) -> None:
        if median(self._newest_grain) < NO_GRAIN:
            self._fail(Finding.NO_GRAIN)
        floors = (sorted(grain)[GRAIN_FRAMES // 4] for grain in (self._first_grain, self._newest_grain))
        less, more = sorted(floor + _GRAIN_OFFSET for floor in floors)
        if more > GRAIN_CHANGE * less:
            self._fail(Finding.PICTURE_CHANGED)


def _is_sound(sample: StreamSample | None) -> TypeGuard[StreamSample]:
    """A sample whose numbers can be; a grain that is no number was not measured."""
    return sample is not None and 0 <= sample.brightness <= 1 and (math.isnan(sample.noise) or 0 <= sample.noise <= 255)
