"""The page of thresholds says what the code has."""

from pathlib import Path

import pytest

from kiosk.admin import classifier_trial, model_trial
from kiosk.document import mrz, mrz_recovery
from kiosk.document.agreement import Agreement
from kiosk.document.mrz_layout import MrzFormat
from kiosk.runtime.document_check import DocumentCheck
from kiosk.verification import (
    classifier,
    continuity,
    decision,
    depth,
    exposure,
    gestures,
    light,
    light_answer,
    light_fit,
    liveness,
    quality,
    stream,
    sway,
    texture,
)
from kiosk.verification.observation import HeadPose
from kiosk.vision import document_page, face_sample, ocr, page_portrait, stream_measurement
from kiosk.vision.installed_models import read_description
from kiosk.vision.models import READY_DIR, load_manifest


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return " ".join((repository / "docs" / "thresholds.md").read_text(encoding="utf-8").split())


def _pose(limit: HeadPose) -> str:
    return f"yaw {limit.yaw_deg:g}°, pitch {limit.pitch_deg:g}°, roll {limit.roll_deg:g}°"


def test_every_comparison_threshold_stands_there_with_what_it_is_worth(page: str) -> None:
    manifest = load_manifest()
    ready = [read_description(READY_DIR / entry.description)[0] for entry in manifest.ready]
    for model in (manifest.template_model, *ready):
        assert f"`{model.id}`" in page
        assert f"`refuse_below` {model.refuse_below:g}" in page
        for threshold in model.thresholds:
            rate = f"{threshold.false_match_rate:.5f}".rstrip("0")
            share = threshold.measured_on.rpartition("true matches ")[2]
            assert f"| {rate} | {threshold.score:g} | {share} |" in page
            assert not threshold.validated, "the page says that none is"
    assert f"at least {model_trial.GENUINE_MARGIN:g} (`GENUINE_MARGIN`)" in page


def test_limits_of_gestures_and_quality_are_those_of_the_code(page: str) -> None:
    dark, bright = quality._DARKEST, quality._BRIGHTEST
    for sentence in (
        f"at least {quality.LIVE_INTER_EYE_FLOOR_PX:g} px (goal {quality.LIVE_INTER_EYE_GOAL_PX:g})",
        f"below {quality.REFERENCE_INTER_EYE_REMARK_PX:g} px",
        f"`REFERENCE_INTER_EYE_FLOOR_PX` is {quality.REFERENCE_INTER_EYE_FLOOR_PX:g}",
        f"at most {quality._LARGEST_INTER_EYE_FRACTION:g} of the frame",
        f"within {quality._FAR_OFF_CENTRE:g} of the frame",
        _pose(quality._TURN_FIT_DEG),
        _pose(quality._TURN_REMARK_DEG),
        f"brightness {dark:.2f} to {bright:.2f}, clipped below {quality._MOST_CLIPPED:.2f}",
        f"side light below {quality._MOST_SIDE_LIGHT:.2f}",
        f"above {quality._SHARPNESS_FLOOR:g} (goal {quality._SHARPNESS_GOAL:g})",
        f"opening above {quality._EYES_OPEN_FLOOR:g} (goal {quality._EYES_OPEN_GOAL:g})",
        f"opening below {quality._MOUTH_OPEN_LIMIT:.2f}",
        f"below {quality._GAZE_LIMIT_DEG:g}° off the axis",
        f"at least {decision.SAME_FACE_AGREEMENT:g} (`SAME_FACE_AGREEMENT`)",
        f"longer than {decision.MAX_WITNESS_GAP_S:g} s may be without a witness",
        f"every {face_sample._WITNESS_EVERY_S:g} s of the challenge",
        f"the witnesses, at most {face_sample._MOST_WITNESSES}.",
        f"sooner than {gestures.MIN_REACTION_S:g} s is no answer",
        f"again within {gestures.MAX_BLINK_S:g} s",
        f"at most {liveness.MAX_TOTAL_S:g} s in all",
        f"at most {liveness.MOST_GESTURES} gestures with",
        f"{liveness.ANSWERS_WITHIN_S:g} s for all of them",
        f"more than {continuity.MAX_FACE_GAP_S:g} s",
        f"with {liveness.GestureChallenge(()).response_window_s:g} s for each",
    ):
        assert sentence in page


def test_limits_of_depth_are_those_of_the_code(page: str) -> None:
    for sentence in (
        f"at a sine of {depth.TURN_BEGINS:g} (`TURN_BEGINS`)",
        f"frames with {depth.PEAK_SHARE:g} of its furthest counts, at least {depth.PEAK_FRAMES} of them",
        f"of them over {depth.PEAK_S:g} s",
        f"solidity at least {depth.SOLID_SOLIDITY:g}, relief at least {depth.SOLID_RELIEF:g}, |",
        f"leaves at most {depth.SOLID_UNEXPLAINED:g} of what the bent sheet leaves",
        f"leaves at least {depth.SOLID_PLANE_RESIDUAL:g} inter-eye distances",
        f"moves at least {depth.SOLID_NOSE_SHIFT:g} between the cheeks",
        f"solidity at most {depth.FLAT_SOLIDITY:g} at a foreshortening of at least {depth.FLAT_FORESHORTENING:g}",
        f"{sway.TOGETHER:g} of the face's movement within {sway.MOMENT_S:g} s",
        f"apart is at most {sway.APART:g} |",
        f"solidity at least {depth.ALONE_SOLIDITY:g}, relief at least {depth.ALONE_RELIEF:g} |",
    ):
        assert sentence in page


def test_limits_of_documents_are_those_of_the_code(page: str) -> None:
    def area(form: MrzFormat) -> str:
        limits = document_page._AREAS[form]
        return (
            f"{limits.height:g} above the first line, {limits.sides:g} beyond its ends, "
            f"face at most {limits.largest_face:g}"
        )

    for sentence in (
        f"passport, TD2 and visa | {area(MrzFormat.TD3)} |",
        f"front above back) | {area(MrzFormat.TD1)} |",
        f"below {page_portrait.GHOST_RATIO:g} of its size or below a detector's score of {page_portrait.RIVAL_SCORE:g}",
        f"mean probability at least {document_page._LEGIBLE:g}",
        f"less than {document_page._SMALLEST_SPACING_PX:g} px apart",
        f"edges below {document_page._SHARP:g} contrasts",
        f"another has at least {ocr._DOUBT:g}, a digit's look-alike at least {ocr._LESSER_DOUBT:g}",
        f"at most {mrz_recovery.MAX_DOUBTFUL} in a zone, at most {mrz_recovery.MAX_CHANGES} of them",
        f"at most {mrz.MOST_LOOK_ALIKES} look-alikes changed",
        f"after {Agreement.WITHOUT_PORTRAIT_AFTER_S:g} s of the same reading",
        f"after {DocumentCheck.GIVE_UP_AFTER_S:g} s; at once after {DocumentCheck.IMPOSSIBLE_DATES} pictures",
    ):
        assert sentence in page


def test_limits_of_the_stream_are_those_of_the_code(page: str) -> None:
    for sentence in (
        f"a grid of about {stream_measurement._DIGEST_ROWS} × {stream_measurement._DIGEST_COLUMNS} pixels",
        f"median below {stream.NO_GRAIN:g} of 255 over {stream.GRAIN_FRAMES} frames",
        f"plus {stream._GRAIN_OFFSET:g}, more than {stream.GRAIN_CHANGE:g} times that of the first",
        f"at most {continuity.MAX_LEAD_S:g} s ahead of desk's clock",
        f"at most {stream.MOST_SHORT_INTERVALS} of {stream.INTERVALS} intervals",
        f"below 1/{1 / stream.SHORTEST_INTERVAL_S:.0f} s",
        f"less than {stream.LEAST_SAMPLED:g} of the frames or grain in less than {stream.LEAST_GRAINED:g} of them",
        f"below {stream.SLOWEST_FRAMES_PER_S:g} frames/s",
        f"settled after {exposure.SETTLE_S:g} s",
        f"answered by {exposure.LEAST_ANSWER:g} to {exposure.MOST_ANSWER:g} times",
        f"half of {stream_measurement._PATCH_ROWS * stream_measurement._PATCH_COLUMNS} patches",
    ):
        assert sentence in page


def test_limits_of_the_light_are_those_of_the_code(page: str) -> None:
    steps = light.LEAST_STEPS
    for sentence in (
        f"in {steps} to {light.MOST_STEPS} colours, each for {light.STEP_S:g} s: {steps * light.STEP_S:g} s",
        f"at most {light.MOST_STEPS * light.STEP_S:g} s",
        f"each channel switched at least {light.LEAST_CHANGES} times",
        f"{steps} steps are worth {light.light_bits(steps):.1f} bits",
        f"with the {liveness.gesture_bits(gestures.Gesture):.2f} of three gestures",
        f"more than the {light.BITS_OF_ATTEMPT:g} that",
        f"at most {light.MOST_MISREAD} channel misread of {3 * steps} and more, "
        f"at least {light_answer.LEAST_EXPLAINED:g} of all change explained",
        f"the face at least {light_answer.LEAST_ANSWER:g} brighter",
        f"each channel at least {light_answer.LEAST_CHANNEL_ANSWER:g} |",
        f"more than {light_answer.LATEST_ANSWER_S:g} s behind; up to {-light_answer.EARLIEST_ANSWER_S:g} s too early",
        f"shares more than {1 - light_answer.LEAST_OVER_BACKGROUND:g} of the answer",
        f"by less than {light_answer.LEAST_RELIEF:g} of it",
        f"upright axis by less than {light_answer.LEAST_BEYOND_BEND:g}",
        f"more than {light_answer._CLEARLY_MISREAD} channels misread",
        f"({light_answer.STRONG_CHANGE:g} root mean square, {light_answer._STEPPED:g} of it in steps)",
        f"not {light_answer._CLEAR:g} times its own error, more than {light_answer.MOST_CLIPPED:g} of the face",
        f"fewer than {light_fit.LEAST_FRAMES_PER_STEP} frames in any step",
        f"darker than {light_answer.DARKEST_BACKGROUND:g} or brighter than {light_answer.BRIGHTEST_BACKGROUND:g}",
        f"for at least {light._SHORTEST_SHOWN:g} of its time",
    ):
        assert sentence in page


def test_limits_of_texture_and_classifier_are_those_of_the_code(page: str) -> None:
    for sentence in (
        f"at least {texture.FEWEST_SAMPLES} samples, otherwise nothing is measured",
        f"upper quartile of `periodicity` at least {texture.GRID_FROM:g}",
        f"median of `straight_edges` at least {texture.SHEET_FROM:g}; {texture.SHEET_WITH_GLARE_FROM:g} where "
        f"at least {texture.GLARE_FROM:g} of the face",
        f"at least {texture.MOVING_SHEET_FROM:g}, or `edges_around` at least {texture.MOVING_FRAME_FROM:g}",
        f"differ by at most {texture.MOVES_ALONG_WITHIN:g} of the face's way",
        f"`edges_around` at least {texture.HELD_FRAME_FROM:g}",
        f"to and fro by {texture.WANDERS_FROM:g} inter-eye distances",
        f"only from {texture.STANDING_SHEET_FROM:g} on",
        f"at least {texture.FEWEST_MOVED} samples in which it was {texture.MOVED_FROM:g} inter-eye distances",
        f"median of `fine_detail` below {texture.BLURRED_BELOW:g}",
        f"at least {classifier.PASSES_FROM:g} of its scores",
        f"at most {classifier.FAILS_UP_TO:g} of them are",
        f"with fewer than {classifier.FEWEST_SCORES} scores",
        f"score at least {classifier_trial.ORDER_MARGIN:g} above prints",
        f"by {classifier_trial.COLOUR_MARGIN:g} nats with red and blue",
    ):
        assert sentence in page
