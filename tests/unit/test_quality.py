"""One cause a frame, in order of value; and a guidance that a person can read."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.verification.observation import LANDMARK_COUNT, FaceObservation, FrameObservation, HeadPose
from kiosk.verification.quality import (
    REMARK_WORDS,
    CaptureGuidance,
    QualityMeasure,
    SteadyGuidance,
    assess,
    reference_remarks,
)

LANDMARKS = np.full((LANDMARK_COUNT, 3), (640, 360, 0), dtype="<f4")

FIT_FACE = FaceObservation(
    track_id=1,
    landmarks_f32=LANDMARKS.tobytes(),
    head_pose=HeadPose(0.0, 0.0, 0.0),
    left_eye_openness=0.3,
    right_eye_openness=0.3,
    mouth_openness=0.02,
    smile=0.56,
    gaze_off_axis_deg=3.0,
    inter_eye_px=130.0,
    centre_x=0.5,
    centre_y=0.5,
    sharpness=150.0,
    brightness=0.5,
    over_exposed=0.0,
    under_exposed=0.0,
    side_light=0.02,
    eyes_covered=0.0,
    mouth_covered=0.0,
)

# In order of value: of two causes, the one that stands first is shown.
CAUSES = [
    ({"inter_eye_px": 89.9}, CaptureGuidance.COME_CLOSER),
    ({"inter_eye_px": 320.0}, CaptureGuidance.MOVE_BACK),
    ({"centre_x": 0.75}, CaptureGuidance.MOVE_INTO_THE_OVAL),
    ({"head_pose": HeadPose(20.0, 0.0, 0.0)}, CaptureGuidance.LOOK_STRAIGHT),
    ({"head_pose": HeadPose(0.0, -20.0, 0.0)}, CaptureGuidance.LOOK_STRAIGHT),
    ({"head_pose": HeadPose(0.0, 0.0, 20.0)}, CaptureGuidance.LOOK_STRAIGHT),
    ({"brightness": 0.1}, CaptureGuidance.MORE_LIGHT),
    ({"side_light": 0.5}, CaptureGuidance.MORE_LIGHT),
    ({"brightness": 0.95}, CaptureGuidance.LESS_LIGHT),
    ({"over_exposed": 0.4}, CaptureGuidance.LESS_LIGHT),
    ({"eyes_covered": 0.8}, CaptureGuidance.UNCOVER_EYES),
    ({"mouth_covered": 0.8}, CaptureGuidance.UNCOVER_MOUTH),
    ({"sharpness": 4.0}, CaptureGuidance.HOLD_STILL),
    ({"left_eye_openness": 0.05, "right_eye_openness": 0.05}, CaptureGuidance.OPEN_EYES),
    ({"mouth_openness": 0.5}, CaptureGuidance.CLOSE_MOUTH),
    ({"gaze_off_axis_deg": 45.0}, CaptureGuidance.LOOK_STRAIGHT),
]


def observation(face: FaceObservation | None, face_count: int = 1) -> FrameObservation:
    return FrameObservation(1, 0.0, 1280, 720, face_count if face else 0, face)


def test_a_good_frame_is_fit_and_scores_well() -> None:
    assessment = assess(observation(FIT_FACE))
    assert assessment.fit
    assert assessment.score > 0.8
    assert set(assessment.measures) == set(QualityMeasure)


def test_nobody_in_view_is_asked_to_come_into_view() -> None:
    assessment = assess(observation(None))
    assert assessment.guidance is CaptureGuidance.COME_INTO_VIEW
    assert not assessment.fit


def test_a_second_face_comes_before_everything_else() -> None:
    poor = replace(FIT_FACE, inter_eye_px=10.0, sharpness=0.0)
    assert assess(observation(poor, face_count=2)).guidance is CaptureGuidance.ONE_PERSON_ONLY


@pytest.mark.parametrize(("change", "guidance"), CAUSES)
def test_each_cause_has_its_guidance_and_makes_the_frame_unfit(
    change: dict[str, object], guidance: CaptureGuidance
) -> None:
    assessment = assess(observation(replace(FIT_FACE, **change)))  # type: ignore[arg-type]
    assert assessment.guidance is guidance
    assert assessment.score == 0.0


def test_of_two_causes_the_more_valuable_one_is_shown() -> None:
    for earlier, (change, guidance) in enumerate(CAUSES):
        for later_change, _ in CAUSES[earlier + 1 :]:
            if set(change) & set(later_change) or guidance is CaptureGuidance.MORE_LIGHT:
                continue
            assert assess(observation(replace(FIT_FACE, **later_change, **change))).guidance is guidance


def test_a_face_cut_by_the_edge_belongs_into_the_oval() -> None:
    cut = LANDMARKS.copy()
    cut[0, 1] = -3
    face = replace(FIT_FACE, landmarks_f32=cut.tobytes())
    assert assess(observation(face)).guidance is CaptureGuidance.MOVE_INTO_THE_OVAL


@pytest.mark.parametrize(
    "name", ["inter_eye_px", "sharpness", "brightness", "eyes_covered", "mouth_openness", "gaze_off_axis_deg"]
)
def test_a_measure_that_is_no_number_is_never_fit(name: str) -> None:
    assert not assess(observation(replace(FIT_FACE, **{name: float("nan")}))).fit


def test_a_nearer_face_scores_better_up_to_the_goal() -> None:
    scores = [assess(observation(replace(FIT_FACE, inter_eye_px=px))).score for px in (90.0, 105.0, 120.0, 140.0)]
    assert scores[0] < scores[1] < scores[2] == scores[3]


def remarks_on(**change: object) -> tuple[QualityMeasure, ...]:
    """Of a photograph that is good but for this."""
    return reference_remarks(replace(FIT_FACE, **change), width=1280, height=720)  # type: ignore[arg-type]


def test_a_good_photograph_has_no_remarks() -> None:
    assert remarks_on() == ()


def test_a_photograph_with_few_pixels_is_remarked_on_below_sixty() -> None:
    assert remarks_on(inter_eye_px=60.0) == ()
    assert remarks_on(inter_eye_px=59.0) == (QualityMeasure.INTER_EYE_DISTANCE,)


def test_few_pixels_are_not_called_blurred_as_well() -> None:
    assert remarks_on(inter_eye_px=40.0, sharpness=1.0) == (QualityMeasure.INTER_EYE_DISTANCE,)
    assert remarks_on(sharpness=1.0) == (QualityMeasure.SHARPNESS,)


def test_eyes_that_smile_are_open() -> None:
    assert remarks_on(left_eye_openness=0.11, right_eye_openness=0.13) == ()
    assert remarks_on(left_eye_openness=0.05, right_eye_openness=0.07) == (QualityMeasure.EYES_OPEN,)


def test_a_photograph_whose_edge_cuts_the_face_is_remarked_on() -> None:
    cut = LANDMARKS.copy()
    cut[10, 0] = 1281
    assert remarks_on(landmarks_f32=cut.tobytes()) == (QualityMeasure.FACE_POSITION,)


def test_an_open_mouth_is_remarked_on() -> None:
    assert remarks_on(mouth_openness=0.3) == (QualityMeasure.MOUTH_CLOSED,)


def test_every_poor_thing_of_a_photograph_is_named_in_words() -> None:
    cut = LANDMARKS.copy()
    cut[0, 0] = -1
    poor: dict[str, object] = {
        "landmarks_f32": cut.tobytes(),
        "sharpness": 1.0,
        "brightness": 0.05,
        "head_pose": HeadPose(40.0, 0.0, 0.0),
        "left_eye_openness": 0.0,
        "right_eye_openness": 0.0,
        "mouth_openness": 0.5,
        "eyes_covered": 1.0,
        "mouth_covered": 1.0,
    }
    remarks = {*remarks_on(**poor), *remarks_on(inter_eye_px=30.0)}
    assert remarks == set(REMARK_WORDS)


def test_the_first_guidance_is_shown_at_once() -> None:
    assert SteadyGuidance().show(CaptureGuidance.COME_CLOSER, 5.0) is CaptureGuidance.COME_CLOSER


def test_a_guidance_that_lasts_replaces_the_one_shown() -> None:
    steady = SteadyGuidance(persist_s=0.4, least_shown_s=0.8)
    steady.show(CaptureGuidance.COME_CLOSER, 0.0)
    shown = [steady.show(CaptureGuidance.FIT, 0.1 * tick) for tick in range(1, 13)]
    assert shown[:6] == [CaptureGuidance.COME_CLOSER] * 6
    assert shown[-1] is CaptureGuidance.FIT


def test_two_guidances_in_turns_do_not_flicker() -> None:
    steady = SteadyGuidance()
    for tick in range(300):
        guidance = CaptureGuidance.FIT if tick % 2 else CaptureGuidance.HOLD_STILL
        assert steady.show(guidance, tick / 30) is CaptureGuidance.HOLD_STILL


def test_a_guidance_long_wrong_gives_way_although_others_take_turns() -> None:
    steady = SteadyGuidance()
    steady.show(CaptureGuidance.COME_INTO_VIEW, 0.0)
    others = (CaptureGuidance.MORE_LIGHT, CaptureGuidance.LOOK_STRAIGHT)
    shown = [steady.show(others[tick % 2], tick / 10) for tick in range(1, 30)]
    assert shown[-1] in others


@given(
    steps=st.lists(st.tuples(st.sampled_from(list(CaptureGuidance)), st.floats(0.0, 1.0)), min_size=1, max_size=80),
    least_shown_s=st.floats(0.1, 2.0),
)
def test_the_guidance_never_changes_before_its_least_time(
    steps: list[tuple[CaptureGuidance, float]], least_shown_s: float
) -> None:
    steady = SteadyGuidance(persist_s=0.4, least_shown_s=least_shown_s)
    now_s, changed_at_s, shown = 0.0, 0.0, None
    fed = set()
    for guidance, pause_s in steps:
        now_s += pause_s
        fed.add(guidance)
        after = steady.show(guidance, now_s)
        assert after in fed
        if shown is not None and after is not shown:
            assert now_s - changed_at_s >= least_shown_s
            assert after is guidance
        if after is not shown:
            shown, changed_at_s = after, now_s
