"""Injection: what is no camera's stream ends the attempt, no bona fide camera does, and nothing measured is no pass."""

import math
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.verification.attempt import AttemptCheck, Challenge
from kiosk.verification.decision import DecisionPolicy, decide
from kiosk.verification.exposure import BOUND_BY_CONTROLS, ExposureChallenge, draw_exposure_challenge
from kiosk.verification.gestures import Gesture
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict, PadLayer
from kiosk.verification.liveness import GestureChallenge, PadDecision, PadOutcome
from kiosk.verification.observation import FrameObservation, StreamSample
from kiosk.verification.stream import GRAIN_FRAMES, SLOWEST_FRAMES_PER_S, StreamCheck
from tests.rehearsed_face import RESTING, Performance, follow, frame
from tests.unit.test_decision import MATCHING, POLICY

GESTURES = GestureChallenge((Gesture.TURN_LEFT, Gesture.BLINK, Gesture.TURN_RIGHT))
WITH_STREAM = replace(POLICY, layers=frozenset({PadLayer.GESTURES, PadLayer.STREAM}))
Change = Callable[[FrameObservation, int], FrameObservation]


class SampledCamera:
    """What a camera's frames tell of it, as numbers: pace, jitter, grain, exposure."""

    def __init__(self, seed: int = 1, frames_per_s: float = 25.0, noise: float = 1.5, jitter_s: float = 0.0) -> None:
        self._source = random.Random(seed)
        self.period_s = 1 / frames_per_s
        self._noise = noise
        self._jitter_s = jitter_s
        self.brightness = 0.2
        self.stops = 0.0

    def sampled(self, observation: FrameObservation) -> FrameObservation:
        late_s = min(abs(self._source.gauss(0, self._jitter_s)), 0.6 * self.period_s) if self._jitter_s else 0.0
        noise = self._noise * self._source.uniform(0.8, 1.2)
        light = self.brightness * 2**self.stops * self._source.uniform(0.97, 1.03)
        sample = StreamSample(self._source.getrandbits(64), noise, min(light, 1.0))
        return replace(observation, captured_at_s=observation.captured_at_s + late_s, stream=sample)


def frames(camera: SampledCamera, count: int = 60) -> list[FrameObservation]:
    return [camera.sampled(frame(100 + number * camera.period_s, RESTING)) for number in range(count)]


def judged(seen: list[FrameObservation]) -> LayerEvidence:
    check = StreamCheck()
    for observation in seen:
        check.observe(observation)
    return check.evidence()


# --- bona fide cameras ---


@given(
    seed=st.integers(0, 1 << 20),
    frames_per_s=st.floats(8, 60),
    noise=st.floats(0.06, 9),
    jitter_s=st.floats(0, 0.003),
    skipped=st.floats(0, 0.6),
)
def test_no_bona_fide_camera_fails(
    seed: int, frames_per_s: float, noise: float, jitter_s: float, skipped: float
) -> None:
    camera, source = SampledCamera(seed, frames_per_s, noise, jitter_s), random.Random(seed)
    seen = [one for one in frames(camera, 120) if source.random() >= skipped]
    verdict = judged(seen).verdict
    assert verdict is not LayerVerdict.FAILED
    # So few frames say nothing at all; which ones are left out is chance, hence the room.
    assert verdict is LayerVerdict.PASSED or frames_per_s * (1 - skipped) < 1.7 * SLOWEST_FRAMES_PER_S


@given(seed=st.integers(0, 1 << 20), wakes_at=st.floats(0.5, 1), busy=st.integers(1, 59))
def test_settling_exposure_and_focus_and_a_pause_do_not_fail(seed: int, wakes_at: float, busy: int) -> None:
    """The grain grows with the gain, movement adds to it in some frames, and a busy machine pauses."""
    camera, source, seen = SampledCamera(seed), random.Random(seed), []
    for number, one in enumerate(frames(camera)):
        assert one.stream is not None
        waking = 1 - (1 - wakes_at) * math.exp(-number / 8)
        moving = 4.0 if source.random() < 0.4 and number > GRAIN_FRAMES else 1.0
        sample = replace(one.stream, noise=one.stream.noise * waking * moving, brightness=0.2 * waking)
        pause_s = 0.6 if number >= busy else 0.0
        seen.append(replace(one, captured_at_s=one.captured_at_s + pause_s, stream=sample))
    assert judged(seen).verdict is LayerVerdict.PASSED


# --- nothing measured is no pass ---


@pytest.mark.parametrize("few", [0, 1, GRAIN_FRAMES - 1])
def test_too_few_frames_are_not_measured(few: int) -> None:
    assert judged(frames(SampledCamera(), few)).verdict is LayerVerdict.NOT_MEASURED


@pytest.mark.parametrize(
    "lost",
    [
        lambda one: replace(one, stream=None),
        lambda one: replace(one, captured_at_s=math.nan),
        lambda one: replace(one, stream=replace(one.stream, noise=math.nan)),
        lambda one: replace(one, stream=replace(one.stream, noise=math.inf)),
        lambda one: replace(one, stream=replace(one.stream, brightness=math.nan)),
    ],
    ids=["no samples", "no time stamps", "no grain", "infinite grain", "no brightness"],
)
def test_what_is_lost_in_every_frame_or_in_two_of_three_is_not_measured(
    lost: Callable[[FrameObservation], FrameObservation],
) -> None:
    seen = frames(SampledCamera())
    assert judged([lost(one) for one in seen]).verdict is LayerVerdict.NOT_MEASURED
    some = [lost(one) if number % 3 else one for number, one in enumerate(seen)]
    assert judged(some).verdict is LayerVerdict.NOT_MEASURED


def test_one_lost_time_stamp_takes_the_pass_away() -> None:
    seen = frames(SampledCamera())
    seen[30] = replace(seen[30], captured_at_s=math.nan)
    assert judged(seen).verdict is LayerVerdict.NOT_MEASURED


def test_two_frames_a_second_are_no_stream() -> None:
    assert judged(frames(SampledCamera(frames_per_s=2))).verdict is LayerVerdict.NOT_MEASURED


# --- what is no camera's ---


@given(first=st.integers(0, 58), later=st.integers(1, 59))
def test_any_frame_that_comes_again_fails(first: int, later: int) -> None:
    first, later = sorted((first, later)) if first != later else (first, first + 1)
    seen = frames(SampledCamera())
    seen[later] = replace(seen[later], stream=seen[first].stream)
    evidence = judged(seen)
    assert (evidence.verdict, evidence.finding) == (LayerVerdict.FAILED, Finding.FRAMES_REPEATED)


@given(at=st.integers(1, 59), back_s=st.floats(0, 5))
def test_time_that_stands_still_or_goes_back_fails(at: int, back_s: float) -> None:
    seen = frames(SampledCamera())
    seen[at] = replace(seen[at], captured_at_s=seen[at - 1].captured_at_s - back_s)
    assert judged(seen).finding is Finding.TIME_STAMPS_WRONG


def test_the_same_frame_told_twice_is_one_frame() -> None:
    seen = frames(SampledCamera())
    assert judged([one for one in seen for _ in range(2)]).verdict is LayerVerdict.PASSED


def test_frames_faster_than_any_camera_fail() -> None:
    assert judged(frames(SampledCamera(frames_per_s=200))).finding is Finding.TIME_STAMPS_WRONG


def test_a_frame_from_the_future_fails() -> None:
    check, seen = StreamCheck(), frames(SampledCamera())
    for one in seen:
        check.observe(one)
        check.heard(one.captured_at_s - 0.5)
    assert check.evidence().finding is Finding.TIME_STAMPS_WRONG


# --- exposure ---


@given(seed=st.integers(0, 1 << 20))
def test_the_drawn_steps_are_short_unlike_and_put_back(seed: int) -> None:
    challenge = draw_exposure_challenge(random.Random(seed))
    first, second, back = challenge.steps
    assert 0.5 <= first.since_s < second.since_s < back.since_s <= 3.0
    assert all(-1.1 <= step.stops <= -0.45 for step in (first, second))
    assert abs(first.stops - second.stops) >= 0.45
    assert back.stops == 0.0
    assert challenge.stops_at(first.since_s - 1e-6) == challenge.stops_at(back.since_s) == 0.0


def exposed(
    seed: int, follows: Callable[[float], float], frames_per_s: float = 25.0, lag_s: float = 0.15
) -> StreamCheck:
    """A check over 4 s of a camera that makes of the steps what `follows` says, so much later."""
    check = StreamCheck(draw_exposure_challenge(random.Random(seed)))
    camera, told = SampledCamera(seed, frames_per_s), [(0.0, 0.0)]
    for number in range(round(4 * frames_per_s)):
        now_s = 100 + number / frames_per_s
        camera.stops = follows(next(stops for at_s, stops in reversed(told) if at_s <= now_s - lag_s))
        check.observe(camera.sampled(frame(now_s, RESTING)))
        told.append((now_s, check.exposure_due(now_s)))
    return check


@given(seed=st.integers(0, 1 << 20), frames_per_s=st.floats(10, 60), lag_s=st.floats(0, 0.3), gamma=st.floats(0.5, 2))
def test_a_camera_that_follows_is_bound(seed: int, frames_per_s: float, lag_s: float, gamma: float) -> None:
    evidence = exposed(seed, lambda stops: gamma * stops, frames_per_s, lag_s).evidence()
    assert evidence.verdict is LayerVerdict.PASSED
    assert evidence.measures[BOUND_BY_CONTROLS] == 1.0


@pytest.mark.parametrize(
    ("follows", "lag_s"), [(lambda _: 0.0, 0.1), (lambda stops: -stops, 0.1), (lambda stops: stops, 1.0)],
    ids=["ignored", "the wrong way", "too late"],
)  # fmt: skip
def test_controls_that_are_not_followed_fail(follows: Callable[[float], float], lag_s: float) -> None:
    for seed in range(50):
        evidence = exposed(seed, follows, lag_s=lag_s).evidence()
        assert (evidence.verdict, evidence.finding) == (LayerVerdict.FAILED, Finding.CONTROLS_IGNORED)
        assert evidence.measures[BOUND_BY_CONTROLS] == 0.0


def test_steps_that_could_not_be_judged_are_no_pass() -> None:
    check = StreamCheck(draw_exposure_challenge(random.Random(1)))
    for one in frames(SampledCamera(), 100):
        check.observe(one)  # and nobody asked what is due
    evidence = check.evidence()
    assert (evidence.verdict, evidence.finding) == (LayerVerdict.NOT_MEASURED, Finding.CONTROLS_UNSEEN)


# --- whole attempts ---


def attempt(change: Change, exposure: ExposureChallenge | None = None, *, follows: bool = True) -> PadDecision:
    """A face that answers every gesture, before a stream that was tampered with."""
    challenge = Challenge(GESTURES, None, exposure=exposure)
    check, camera, performance, reply = (
        AttemptCheck(challenge, (StreamCheck(exposure),)), SampledCamera(), Performance(), follow(),
    )  # fmt: skip
    stops: list[float] = []
    for number in range(800):
        now_s = 100 + number * camera.period_s
        stops.append(check.progress.exposure_stops)
        camera.stops = stops[max(0, len(stops) - 4)] if follows else 0.0
        seen = change(camera.sampled(frame(now_s, performance.face_at(now_s))), number)
        progress = check.observe(seen, now_s)
        if check.is_over:
            assert progress.exposure_stops == 0.0
            return check.conclude()
        reply(progress, now_s, performance)
        check.tick(now_s + camera.period_s / 2)
    raise AssertionError("an attempt must end")


def accepted(decision: PadDecision, policy: DecisionPolicy = WITH_STREAM) -> bool:
    step_s = (decision.window_until_s - decision.window_from_s) / 20
    times_s = tuple(decision.window_from_s + number * step_s for number in range(21))
    comparison = replace(
        MATCHING, track_id=decision.track_id, frame_times_s=times_s[8:13], witness_times_s=times_s
    )  # fmt: skip
    return decide(True, decision, comparison, policy).accepted


def unchanged(observation: FrameObservation, _: int) -> FrameObservation:
    return observation


def test_the_same_attempt_before_an_honest_camera_is_accepted() -> None:
    assert accepted(attempt(unchanged))
    assert accepted(attempt(unchanged, draw_exposure_challenge(random.Random(3))))


def test_a_policy_that_asks_for_controls_refers_a_camera_without_them() -> None:
    demanding = replace(WITH_STREAM, require_camera_controls=True)
    assert not accepted(attempt(unchanged), demanding)
    assert accepted(attempt(unchanged, draw_exposure_challenge(random.Random(3))), demanding)


def _sample(observation: FrameObservation, **changed: float) -> FrameObservation:
    assert observation.stream is not None
    return replace(observation, stream=replace(observation.stream, **changed))


def _frozen(observation: FrameObservation, number: int) -> FrameObservation:
    return _sample(observation, digest=5) if number > 40 else observation


def _looped(observation: FrameObservation, number: int) -> FrameObservation:
    return _sample(observation, digest=number % 50)


def _stamped_backwards(observation: FrameObservation, number: int) -> FrameObservation:
    return replace(observation, captured_at_s=observation.captured_at_s - (0.05 if number == 50 else 0.0))


def _stamped_in_bursts(observation: FrameObservation, number: int) -> FrameObservation:
    return replace(observation, captured_at_s=observation.captured_at_s - 0.039 * (number % 2))


def _stamped_ahead(observation: FrameObservation, _: int) -> FrameObservation:
    return replace(observation, captured_at_s=observation.captured_at_s + 1)


def _resized(observation: FrameObservation, number: int) -> FrameObservation:
    return replace(observation, width=1920, height=1080) if number > 60 else observation


def _without_grain(observation: FrameObservation, _: int) -> FrameObservation:
    return _sample(observation, noise=0.0)


def _other_grain(observation: FrameObservation, number: int) -> FrameObservation:
    return _sample(observation, noise=12.0) if number > 40 else observation


INJECTIONS: dict[str, tuple[Change, Finding]] = {
    "frozen frames": (_frozen, Finding.FRAMES_REPEATED),
    "looped frames": (_looped, Finding.FRAMES_REPEATED),
    "time stamps that go back": (_stamped_backwards, Finding.TIME_STAMPS_WRONG),
    "time stamps in bursts": (_stamped_in_bursts, Finding.TIME_STAMPS_WRONG),
    "time stamps from the future": (_stamped_ahead, Finding.TIME_STAMPS_WRONG),
    "another resolution": (_resized, Finding.PICTURE_CHANGED),
    "pictures without grain": (_without_grain, Finding.NO_GRAIN),
    "another grain": (_other_grain, Finding.PICTURE_CHANGED),
}


@pytest.mark.parametrize("method", INJECTIONS)
def test_an_injected_stream_is_never_accepted_however_well_the_face_answers(method: str) -> None:
    change, finding = INJECTIONS[method]
    decision = attempt(change)
    assert decision.outcome in (PadOutcome.ATTACK_PRESENTATION, PadOutcome.FACE_CHANGED)
    assert finding in decision.suspicions
    assert not accepted(decision)
    assert not accepted(decision, replace(WITH_STREAM, layers=frozenset({PadLayer.GESTURES})))


def test_a_stream_that_ignores_the_exposure_is_never_accepted() -> None:
    for seed in range(20):
        decision = attempt(unchanged, draw_exposure_challenge(random.Random(seed)), follows=False)
        assert decision.outcome is PadOutcome.ATTACK_PRESENTATION
        assert decision.suspicions == {Finding.CONTROLS_IGNORED}


def test_an_attempt_that_the_stream_ends_says_nothing_against_the_gestures() -> None:
    assert attempt(_looped).verdict_of(PadLayer.GESTURES) is LayerVerdict.NOT_MEASURED


def test_no_sample_in_any_frame_leaves_the_layer_unmeasured_and_the_attempt_unaccepted() -> None:
    decision = attempt(lambda observation, _: replace(observation, stream=None))
    assert decision.verdict_of(PadLayer.STREAM) is LayerVerdict.NOT_MEASURED
    assert not accepted(decision)
