"""How the simulated subject answers cues: functions of time, without a picture."""

import os
from dataclasses import fields
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.simulated.cues import Cue, PipeCuePort
from hardware.simulated.motion import (
    REPEAT_AFTER_S,
    Envelope,
    GestureMotion,
    IdleMotion,
    SubjectMotion,
    added,
    scaled,
    settling,
)
from hardware.simulated.pose import FacePose

GESTURES = [Cue.TURN_LEFT, Cue.TURN_RIGHT, Cue.BLINK, Cue.OPEN_MOUTH, Cue.SMILE]
TIMES_S = [step / 100 for step in range(int(100 * REPEAT_AFTER_S))]


@pytest.mark.parametrize(
    ("cue", "part", "peak"),
    [
        (Cue.TURN_LEFT, "yaw_deg", 24.0),
        (Cue.TURN_RIGHT, "yaw_deg", -24.0),
        (Cue.BLINK, "blink", 1.0),
        (Cue.OPEN_MOUTH, "mouth_open", 1.0),
        (Cue.SMILE, "smile", 1.0),
    ],
)
def test_a_gesture_reaches_its_peak_and_comes_back(cue: Cue, part: str, peak: float) -> None:
    motion = GestureMotion(cue)
    course = [getattr(motion.pose(at_s), part) for at_s in TIMES_S]
    assert max(course, key=abs) == pytest.approx(peak, rel=0.01)
    assert motion.pose(0) == motion.pose(REPEAT_AFTER_S - 0.01) == FacePose()


@pytest.mark.parametrize("cue", GESTURES)
def test_a_gesture_never_jumps(cue: Cue) -> None:
    poses = [GestureMotion(cue).pose(at_s) for at_s in TIMES_S]
    for part in fields(FacePose):
        course = [getattr(pose, part.name) for pose in poses]
        span = max(course) - min(course)
        assert all(abs(b - a) <= 0.2 * span for a, b in pairwise(course))


@pytest.mark.parametrize("cue", GESTURES)
def test_a_gesture_that_was_not_noticed_is_done_again(cue: Cue) -> None:
    motion = GestureMotion(cue)
    assert motion.pose(0.2) != FacePose()
    assert motion.pose(0.2 + REPEAT_AFTER_S) != FacePose()


def test_a_blink_lasts_as_long_as_a_human_one() -> None:
    moving = [at_s for at_s in TIMES_S if GestureMotion(Cue.BLINK).pose(at_s).blink > 0]
    assert 0.25 <= moving[-1] - moving[0] <= 0.35


@given(st.floats(0.05, 1), st.floats(0, 2), st.floats(0.05, 1), st.floats(-1, 6))
def test_an_envelope_stays_between_nothing_and_all(rise_s: float, hold_s: float, fall_s: float, at_s: float) -> None:
    envelope = Envelope(rise_s, hold_s, fall_s)
    assert 0 <= envelope.at(at_s) <= 1
    assert envelope.at(0) == envelope.at(envelope.duration_s) == 0


@given(st.integers(0, 1000), st.floats(0, 600))
def test_idle_motion_is_small_and_repeatable(seed: int, at_s: float) -> None:
    pose = IdleMotion(seed).pose(at_s)
    assert pose == IdleMotion(seed).pose(at_s)
    assert max(abs(pose.yaw_deg), abs(pose.pitch_deg), abs(pose.roll_deg)) <= 1.5
    assert max(abs(pose.head_x_px), abs(pose.body_x_px), abs(pose.body_y_px)) <= 4
    assert (pose.mouth_open, pose.smile) == (0, 0)


def test_everybody_blinks_now_and_then() -> None:
    course = [IdleMotion(3).pose(step / 50).blink for step in range(50 * 30)]
    begun = sum(1 for before, now in pairwise(course) if before == 0 < now)
    assert 4 <= begun <= 8


def moved(motion: SubjectMotion, from_s: float, until_s: float, cue: Cue) -> list[FacePose]:
    """What the subject does between two times while one cue stands, at 50 frames a second."""
    return [motion.pose_at(from_s + step / 50, cue) for step in range(round(50 * (until_s - from_s)))]


def test_the_subject_reacts_after_a_human_moment() -> None:
    motion = SubjectMotion(seed=1, reaction_s=0.5, at_s=0.0, first=Cue.PRESENT)
    moved(motion, 0, 1, Cue.PRESENT)
    assert max(pose.yaw_deg for pose in moved(motion, 1, 1.5, Cue.TURN_LEFT)) < 3
    assert max(pose.yaw_deg for pose in moved(motion, 1.5, 3, Cue.TURN_LEFT)) > 22


def test_a_change_of_mind_is_smooth() -> None:
    motion = SubjectMotion(seed=1, reaction_s=0.2, at_s=0.0, first=Cue.PRESENT)
    course = moved(motion, 0, 0.9, Cue.TURN_LEFT) + moved(motion, 0.9, 3, Cue.TURN_RIGHT)
    assert all(abs(b.yaw_deg - a.yaw_deg) < 4.5 for a, b in pairwise(course))
    assert max(pose.yaw_deg for pose in course) > 20
    assert min(pose.yaw_deg for pose in course) < -20


def test_an_absent_subject_walks_in_and_out_without_a_jump() -> None:
    motion = SubjectMotion(seed=1, reaction_s=0.2, at_s=0.0, first=Cue.ABSENT)
    away = moved(motion, 0, 1, Cue.ABSENT)
    course = (
        away + moved(motion, 1, 4, Cue.PRESENT) + moved(motion, 4, 4.6, Cue.ABSENT) + moved(motion, 4.6, 7, Cue.PRESENT)
    )
    assert all(pose.body_x_px < -1400 for pose in away)
    assert abs(course[190].body_x_px) < 10
    assert min(pose.body_x_px for pose in course[190:300]) < -100
    assert abs(course[-1].body_x_px) < 10
    assert all(abs(b.body_x_px - a.body_x_px) < 60 for a, b in pairwise(course))


def test_expressions_stay_within_their_range_when_added() -> None:
    total = added(FacePose(blink=0.8, yaw_deg=2), FacePose(blink=0.7, yaw_deg=3), scaled(FacePose(smile=-1), 0.5))
    assert total == FacePose(blink=1.0, yaw_deg=5)


def test_the_camera_finds_exposure_and_focus() -> None:
    first, later = settling(0), settling(3)
    assert first.gain < 0.7
    assert first.blur_px > 1
    assert abs(later.gain - 1) < 0.02
    assert later.blur_px < 0.1


def test_cues_come_through_a_pipe_and_garbage_is_ignored() -> None:
    reader, writer = os.pipe()
    port = PipeCuePort(reader, Cue.ABSENT)
    assert port.current() is Cue.ABSENT
    os.write(writer, b"blink\nno such cue\n\xff\xfe\n\n" + b"x" * 10_000 + b"\n smile \nturn_l")
    os.close(writer)
    assert port.wait_until_closed(5)
    assert port.current() is Cue.SMILE


def test_a_cue_cut_in_two_is_put_together() -> None:
    reader, writer = os.pipe()
    port = PipeCuePort(reader)
    os.write(writer, b"turn_")
    os.write(writer, b"right\n")
    os.close(writer)
    assert port.wait_until_closed(5)
    assert port.current() is Cue.TURN_RIGHT


def test_a_descriptor_that_is_no_pipe_leaves_the_first_cue() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    os.close(writer)
    port = PipeCuePort(10**6, Cue.PRESENT)
    assert port.wait_until_closed(5)
    assert port.current() is Cue.PRESENT
