"""The gesture challenge, with a face made of numbers."""

import random
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.verification.gestures import Gesture
from kiosk.verification.liveness import (
    ANSWERS_WITHIN_S,
    MAX_TOTAL_S,
    MAY_BE_LEFT_OUT,
    MOUTH,
    TURNS,
    ChallengeError,
    GestureChallenge,
    LivenessCheck,
    PadDecision,
    PadOutcome,
    draw_challenge,
)
from kiosk.verification.observation import FaceObservation, FrameObservation, HeadPose
from tests.rehearsed_face import RESTING, Performance, at_strength, follow, frame, ignore, perform, show

G = Gesture
THREE = GestureChallenge((G.TURN_LEFT, G.BLINK, G.SMILE))
challenges = st.integers(0, 2**32).map(lambda seed: draw_challenge(random.Random(seed)))


# --- drawing ---


@given(st.integers(0, 2**32), st.integers(1, 3))
def test_a_drawn_challenge_has_a_turn_and_repeats_nothing_at_once(seed: int, count: int) -> None:
    gestures = draw_challenge(random.Random(seed), count).gestures
    assert len(gestures) == count
    assert {G.TURN_LEFT, G.TURN_RIGHT} & set(gestures)
    assert all(one is not other for one, other in pairwise(gestures))


def test_every_permitted_sequence_is_drawn_about_equally_often() -> None:
    source = random.Random(1)
    drawn = Counter(draw_challenge(source).gestures for _ in range(56 * 100))
    # Of all, those without a turn, and those without a movement of the mouth, are not asked.
    assert len(drawn) == 5 * 4 * 4 - 3 * 2 * 2 - 3 * 2 * 2
    assert min(drawn.values()) > 60
    assert max(drawn.values()) < 140


@given(st.integers(0, 2**32), st.sets(st.sampled_from(sorted(set(G) - TURNS))))
def test_without_turns_gestures_of_the_face_are_drawn_and_left_out_while_others_remain(
    seed: int, left_out: set[Gesture]
) -> None:
    gestures = draw_challenge(random.Random(seed), left_out=left_out, turns=()).gestures
    assert len(gestures) == 3
    assert all(one is not other for one, other in pairwise(gestures))
    assert not TURNS & set(gestures)
    assert MOUTH & set(gestures)
    assert not left_out & MAY_BE_LEFT_OUT & set(gestures) or left_out >= MAY_BE_LEFT_OUT


@given(st.integers(0, 2**32), st.sets(st.sampled_from(G)), st.sampled_from([TURNS, frozenset[Gesture]()]))
def test_whoever_keeps_silent_is_still_asked_to_move_their_mouth(
    seed: int, left_out: set[Gesture], turns: frozenset[Gesture]
) -> None:
    """A stiff mask with holes for the eyes turns and blinks as well as anybody."""
    gestures = draw_challenge(random.Random(seed), left_out=left_out, turns=turns).gestures
    assert MOUTH & set(gestures)
    assert not turns or turns & set(gestures)


@pytest.mark.parametrize("count", [-1, 0, 4, 100])
def test_a_challenge_of_no_gestures_or_of_many_cannot_be_drawn(count: int) -> None:
    with pytest.raises(ChallengeError, match="at least one gesture and has at most 3"):
        draw_challenge(random.Random(0), count)


def test_more_than_three_gestures_are_not_asked_for() -> None:
    with pytest.raises(ChallengeError, match="at most 3 gestures"):
        LivenessCheck(GestureChallenge((G.BLINK, G.SMILE) * 2))


@pytest.mark.parametrize("window_s", [0.0, -1.0, 11.0, float("nan"), float("inf")])
def test_a_response_window_that_is_none_is_refused(window_s: float) -> None:
    with pytest.raises(ChallengeError):
        LivenessCheck(GestureChallenge((G.BLINK,), window_s))


# --- those who answer ---


@settings(max_examples=120, deadline=None)
@given(
    challenges,
    st.floats(10, 30),
    st.floats(0.25, 2.0),
    st.floats(-10, 10),
    st.floats(-15, 15),
    st.floats(0.16, 0.36),
    st.floats(0.45, 0.65),
    st.integers(0, 2**16),
)
def test_who_does_as_asked_passes_whatever_their_face_and_the_frame_rate(
    challenge: GestureChallenge,
    frames_per_s: float,
    delay_s: float,
    yaw_deg: float,
    pitch_deg: float,
    eyes: float,
    smile: float,
    seed: int,
) -> None:
    resting = replace(
        RESTING,
        head_pose=HeadPose(yaw_deg, pitch_deg, 0),
        left_eye_openness=eyes,
        right_eye_openness=eyes,
        smile=smile,
    )
    performance = Performance(resting, noise=random.Random(seed))
    decision = perform(challenge, follow(delay_s), performance, frames_per_s)
    assert decision.outcome is PadOutcome.BONA_FIDE
    assert decision.track_id == RESTING.track_id
    assert tuple(answer.gesture for answer in decision.answers) == challenge.gestures
    times = [decision.window_from_s]
    for answer in decision.answers:
        times += [answer.asked_at_s, answer.answered_at_s]
        assert answer.answered_at_s - answer.asked_at_s <= challenge.response_window_s
    times.append(decision.window_until_s)
    assert times == sorted(times)
    assert decision.window_until_s - decision.window_from_s <= MAX_TOTAL_S


@given(st.integers(0, 2**32), st.lists(st.floats(0, 12), max_size=8))
@settings(max_examples=60, deadline=None)
def test_natural_blinks_never_count_against_the_capture_subject(seed: int, blinks_s: list[float]) -> None:
    performance = Performance(begun=[(100 + at_s, G.BLINK) for at_s in blinks_s])
    decision = perform(draw_challenge(random.Random(seed)), follow(), performance)
    assert decision.outcome in (PadOutcome.BONA_FIDE, PadOutcome.NON_RESPONSE)


def test_one_blink_while_a_neutral_face_is_awaited_is_harmless() -> None:
    challenge = GestureChallenge((G.TURN_LEFT, G.SMILE))
    performance = Performance(begun=[(100.2, G.BLINK), (102.4, G.BLINK)])
    assert perform(challenge, follow(), performance).outcome is PadOutcome.BONA_FIDE


def test_smiling_on_the_way_back_from_an_open_mouth_is_harmless() -> None:
    challenge = GestureChallenge((G.OPEN_MOUTH, G.TURN_LEFT))
    performance = Performance()
    answer = follow()

    def laugh_after_opening(progress, now_s, played):  # type: ignore[no-untyped-def]
        before = len(played.begun)
        answer(progress, now_s, played)
        if len(played.begun) == before + 1 == 1:
            played.begun.append((played.begun[0][0] + 0.8, G.SMILE))

    assert perform(challenge, laugh_after_opening, performance).outcome is PadOutcome.BONA_FIDE


def test_a_broad_smile_that_shows_teeth_is_a_smile() -> None:
    toothy = at_strength(at_strength(RESTING, G.SMILE, 1), G.OPEN_MOUTH, 0.6)
    times = [100 + number / 25 for number in range(100)]
    frames = [frame(at_s, toothy if 101 <= at_s < 102 else RESTING) for at_s in times]
    decision = show(GestureChallenge((G.SMILE,)), frames).decision
    assert decision is not None
    assert decision.outcome is PadOutcome.BONA_FIDE


def test_a_mouth_that_looks_wider_on_a_turned_head_is_no_smile() -> None:
    half_turned = replace(at_strength(RESTING, G.SMILE, 1), head_pose=HeadPose(12, 0, 0))
    turned = at_strength(RESTING, G.TURN_LEFT, 1)
    faces = [RESTING] * 20 + [half_turned] * 12 + [turned] * 8 + [RESTING] * 12
    frames = [frame(100 + number / 25, face) for number, face in enumerate(faces)]
    decision = show(GestureChallenge((G.TURN_LEFT,)), frames).decision
    assert decision is not None
    assert decision.outcome is PadOutcome.BONA_FIDE


def test_a_face_is_neutral_only_after_a_quarter_of_a_second_of_rest() -> None:
    turned = at_strength(RESTING, G.TURN_LEFT, 1)
    faces = [RESTING] * 25 + [turned] * 10 + [RESTING] * 7
    frames = [frame(100 + number / 25, face) for number, face in enumerate(faces)]
    challenge = GestureChallenge((G.TURN_LEFT, G.BLINK))
    assert show(challenge, frames).gesture is None
    assert show(challenge, [*frames, frame(100 + len(faces) / 25, RESTING)]).gesture is G.BLINK


def test_landmarks_lost_for_a_moment_in_a_quick_turn_do_not_end_the_attempt() -> None:
    challenge = GestureChallenge((G.TURN_LEFT,))
    check = LivenessCheck(challenge)
    performance = Performance(begun=[(101.0, G.TURN_LEFT)])
    for number in range(100):
        at_s = 100 + number / 25
        lost = 101.05 <= at_s <= 101.35
        check.observe(frame(at_s, None if lost else performance.face_at(at_s)))
    decision = check.progress.decision
    assert decision is not None
    assert decision.outcome is PadOutcome.BONA_FIDE


def test_a_pause_of_the_camera_is_not_a_face_that_was_lost() -> None:
    check = LivenessCheck(GestureChallenge((G.TURN_LEFT,)))
    performance = Performance(begun=[(102.0, G.TURN_LEFT)])
    for number in range(100):
        at_s = 100 + number / 25 + (0.9 if number > 30 else 0.0)
        check.observe(frame(at_s, performance.face_at(at_s)))
    decision = check.progress.decision
    assert decision is not None
    assert decision.outcome is PadOutcome.BONA_FIDE


@pytest.mark.parametrize("frames_per_s", [4.0, 6.0])
def test_a_slow_camera_is_enough_to_learn_the_neutral_face(frames_per_s: float) -> None:
    check = LivenessCheck(GestureChallenge((G.TURN_LEFT,)))
    for number in range(round(3 * frames_per_s)):
        check.observe(frame(100 + number / frames_per_s, RESTING))
    assert check.progress.gesture is G.TURN_LEFT


# --- those who do not ---


@settings(max_examples=40, deadline=None)
@given(challenges, st.integers(0, 2**16))
def test_a_still_face_does_not_pass(challenge: GestureChallenge, seed: int) -> None:
    decision = perform(challenge, ignore, Performance(noise=random.Random(seed)))
    assert decision.outcome is PadOutcome.NON_RESPONSE
    assert decision.answers == ()


@pytest.mark.parametrize("asked", list(G))
@pytest.mark.parametrize("done", [gesture for gesture in G if gesture is not G.BLINK])
def test_another_gesture_than_the_one_asked_for_ends_the_attempt(asked: Gesture, done: Gesture) -> None:
    challenge = GestureChallenge((asked,))
    decision = perform(challenge, ignore, Performance(begun=[(101.2, done)]))
    expected = PadOutcome.BONA_FIDE if done is asked else PadOutcome.ATTACK_PRESENTATION
    assert decision.outcome is expected


@pytest.mark.parametrize("gesture", [gesture for gesture in G if gesture is not G.BLINK])
def test_an_answer_quicker_than_a_person_can_be_is_no_answer(gesture: Gesture) -> None:
    done = at_strength(RESTING, gesture, 1)
    frames = [frame(100 + number / 30, RESTING if number < 17 else done) for number in range(45)]
    decision = show(GestureChallenge((gesture,)), frames).decision
    assert decision is not None
    assert decision.outcome is PadOutcome.ATTACK_PRESENTATION


def test_a_gesture_of_the_next_kind_before_it_is_asked_ends_the_attempt() -> None:
    performance = Performance(begun=[(101.2, G.TURN_LEFT), (102.2, G.TURN_RIGHT)])
    decision = perform(GestureChallenge((G.TURN_LEFT, G.TURN_RIGHT)), ignore, performance)
    assert decision.outcome is PadOutcome.ATTACK_PRESENTATION
    assert len(decision.answers) == 1


def test_eyes_that_stay_closed_are_no_blink() -> None:
    closed = at_strength(RESTING, G.BLINK, 1)
    times = [100 + number / 25 for number in range(120)]
    frames = [frame(at_s, closed if 101 <= at_s < 103 else RESTING) for at_s in times]
    progress = show(GestureChallenge((G.BLINK,)), frames)
    assert progress.decision is not None
    assert progress.decision.outcome is PadOutcome.NON_RESPONSE


def test_a_face_that_never_rests_is_asked_nothing() -> None:
    turned = at_strength(RESTING, G.TURN_LEFT, 1)
    decision = show(THREE, [frame(100 + number / 20, turned) for number in range(100)]).decision
    assert decision is not None
    assert decision.outcome is PadOutcome.NON_RESPONSE


def test_holding_the_last_gesture_is_not_a_pass() -> None:
    turned = at_strength(RESTING, G.TURN_LEFT, 1)
    frames = [frame(100 + number / 25, RESTING if number < 25 else turned) for number in range(200)]
    decision = show(GestureChallenge((G.TURN_LEFT,)), frames).decision
    assert decision is not None
    assert decision.outcome is PadOutcome.NON_RESPONSE
    assert len(decision.answers) == 1


def test_answers_that_take_more_than_twelve_seconds_in_all_are_too_late() -> None:
    challenge = GestureChallenge((G.TURN_LEFT, G.TURN_RIGHT, G.TURN_LEFT), response_window_s=6.0)
    assert perform(challenge, follow(2.0)).outcome is PadOutcome.BONA_FIDE
    decision = perform(challenge, follow(5.0))
    assert decision.outcome is PadOutcome.NON_RESPONSE
    assert len(decision.answers) == 2
    since_first_asked_s = decision.window_until_s - decision.answers[0].asked_at_s
    assert since_first_asked_s == pytest.approx(ANSWERS_WITHIN_S, abs=0.1)


def test_a_response_window_closes_early_where_twelve_seconds_are_over() -> None:
    check = LivenessCheck(GestureChallenge((G.TURN_LEFT, G.TURN_RIGHT), response_window_s=10.0))
    performance = Performance(begun=[(107.0, G.TURN_LEFT)])
    for number in range(25 * 9):
        at_s = 100 + number / 25
        check.observe(frame(at_s, performance.face_at(at_s)))
    assert check.progress.gesture is G.TURN_RIGHT
    assert check.progress.window_ends_at_s == pytest.approx(100.48 + ANSWERS_WITHIN_S, abs=0.1)


@given(st.lists(st.floats(0, 0.05), max_size=200))
def test_an_empty_challenge_never_passes(steps_s: list[float]) -> None:
    check = LivenessCheck(GestureChallenge(()))
    now_s = 100.0
    for step_s in [*steps_s, 0.0]:
        now_s += step_s
        decision = check.observe(frame(now_s, RESTING)).decision
        assert decision is not None
        assert decision.outcome is PadOutcome.NON_RESPONSE


# --- one face, one stretch of time ---


def _interrupted(interruption: list[FrameObservation]) -> PadDecision | None:
    before = [frame(100 + number / 25, RESTING) for number in range(20)]
    return show(THREE, [*before, *interruption]).decision


@pytest.mark.parametrize(
    "interruption",
    [
        pytest.param([frame(100.8, replace(RESTING, track_id=8))], id="another track"),
        pytest.param([frame(100.8, RESTING, faces=2)], id="a second face"),
        pytest.param([frame(100.8 + number / 10, None) for number in range(6)], id="no face for too long"),
        pytest.param([frame(100.5, RESTING)], id="time runs backwards"),
        pytest.param([frame(101.9, RESTING)], id="a second without frames"),
        pytest.param([replace(frame(100.8, RESTING), captured_at_s=float("nan"))], id="no time"),
    ],
)
def test_anything_but_the_same_face_without_a_gap_ends_the_attempt(interruption: list[FrameObservation]) -> None:
    decision = _interrupted(interruption)
    assert decision is not None
    assert decision.outcome is PadOutcome.FACE_CHANGED


def test_the_same_frame_delivered_twice_is_harmless() -> None:
    assert _interrupted([frame(100 + 19 / 25, RESTING)] * 3) is None


def test_a_camera_that_falls_silent_ends_the_attempt() -> None:
    check = LivenessCheck(THREE)
    check.tick(99.5)
    check.observe(frame(99.4, RESTING))
    assert check.tick(100.0).decision is None
    decision = check.tick(101.6).decision
    assert decision is not None
    assert decision.outcome is PadOutcome.FACE_CHANGED


def test_a_camera_that_never_speaks_ends_the_attempt() -> None:
    check = LivenessCheck(THREE)
    assert check.tick(100.0).decision is None
    assert check.tick(102.1).decision is not None


def test_a_decision_stands_whatever_comes_after_it() -> None:
    check = LivenessCheck(THREE)
    check.observe(frame(100.0, RESTING, faces=2))
    first = check.progress
    for number in range(1, 200):
        check.observe(frame(100 + number / 25, RESTING))
    assert check.progress == first


NOT_NUMBERS = (float("nan"), float("inf"), float("-inf"))


def _spoil(face: FaceObservation, name: str, value: float) -> FaceObservation:
    if name.endswith("_deg"):
        return replace(face, head_pose=replace(face.head_pose, **{name: value}))
    return replace(face, **{name: value})


@pytest.mark.parametrize("value", NOT_NUMBERS)
@pytest.mark.parametrize(
    "name", ["yaw_deg", "pitch_deg", "left_eye_openness", "right_eye_openness", "mouth_openness", "smile"]
)
def test_what_is_not_a_number_never_passes(name: str, value: float) -> None:
    class Spoilt(Performance):
        def face_at(self, at_s: float) -> FaceObservation:
            return _spoil(super().face_at(at_s), name, value)

    for gesture in G:
        decision = perform(GestureChallenge((gesture,)), follow(), Spoilt())
        assert decision.outcome is not PadOutcome.BONA_FIDE


extreme = st.one_of(st.floats(), st.sampled_from([0.0, -1.0, 1e308, -1e308, *NOT_NUMBERS]))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(extreme, extreme, extreme, extreme, extreme), max_size=40), challenges)
def test_wild_numbers_end_in_a_decision_and_never_in_an_exception(
    numbers: list[tuple[float, float, float, float, float]], challenge: GestureChallenge
) -> None:
    check = LivenessCheck(challenge)
    check.tick(100)
    for number, (yaw, eyes, mouth, smile, pitch) in enumerate(numbers):
        wild = replace(
            RESTING,
            head_pose=HeadPose(yaw, pitch, 0),
            left_eye_openness=eyes,
            right_eye_openness=eyes,
            mouth_openness=mouth,
            smile=smile,
        )
        check.observe(frame(100 + number / 25, wild))
    decision = check.tick(200).decision
    assert decision is not None
    assert decision.outcome is not PadOutcome.BONA_FIDE


def test_what_frames_on_their_way_show_before_a_prompt_could_be_seen_is_no_answer() -> None:
    check = LivenessCheck(GestureChallenge((G.TURN_LEFT,)))
    performance = Performance(begun=[(101.0, G.TURN_LEFT)])
    for number in range(60):
        at_s = 100 + number / 25
        check.observe(frame(at_s, performance.face_at(at_s)), heard_at_s=103.0)
    decision = check.progress.decision
    assert decision is not None
    assert decision.outcome is PadOutcome.ATTACK_PRESENTATION


def test_a_machine_that_was_busy_for_a_moment_takes_no_time_from_the_answer() -> None:
    check = LivenessCheck(GestureChallenge((G.TURN_LEFT,)))
    performance = Performance(begun=[(106.0, G.TURN_LEFT)])
    heard = [max(100 + number / 25, 103.0) for number in range(200)]
    for number, heard_at_s in enumerate(heard):
        at_s = 100 + number / 25
        check.observe(frame(at_s, performance.face_at(at_s)), heard_at_s)
        if heard_at_s == 103.0 and check.progress.gesture is not None:
            assert check.progress.window_ends_at_s == 107.0
    decision = check.progress.decision
    assert decision is not None
    assert decision.outcome is PadOutcome.BONA_FIDE
    assert decision.answers[0].asked_at_s == 103.0


@pytest.mark.parametrize("lead_s", [-3.5, 0.5, 1e6, float("nan")])
def test_frames_stamped_by_another_clock_do_not_stop_the_response_window(lead_s: float) -> None:
    check = LivenessCheck(GestureChallenge((G.TURN_LEFT,)))
    decision = check.observe(frame(100.0, RESTING), heard_at_s=100.0 - lead_s).decision
    assert decision is not None
    assert decision.outcome is PadOutcome.FACE_CHANGED


def test_another_track_ends_the_attempt_even_if_nothing_of_it_can_be_measured() -> None:
    check = LivenessCheck(GestureChallenge((G.TURN_LEFT,)))
    check.observe(frame(100.0, RESTING))
    decision = check.observe(frame(100.04, replace(RESTING, track_id=8, smile=float("nan")))).decision
    assert decision is not None
    assert decision.outcome is PadOutcome.FACE_CHANGED


# --- what the screen is told ---


def test_progress_names_the_gesture_its_number_and_when_its_window_closes() -> None:
    check = LivenessCheck(GestureChallenge((G.TURN_LEFT, G.SMILE)))
    first = check.observe(frame(100.0, RESTING))
    assert (first.gesture, first.number, first.count, first.window_ends_at_s) == (None, 1, 2, None)
    for number in range(1, 14):
        check.observe(frame(100 + number / 25, RESTING))
    asked = check.progress
    assert (asked.gesture, asked.number, asked.count) == (G.TURN_LEFT, 1, 2)
    assert asked.window_ends_at_s == pytest.approx(104.52)
    for number in range(14, 30):
        check.observe(frame(100 + number / 25, at_strength(RESTING, G.TURN_LEFT, number >= 24)))
    awaiting = check.progress
    assert (awaiting.gesture, awaiting.number, awaiting.window_ends_at_s) == (None, 2, None)
