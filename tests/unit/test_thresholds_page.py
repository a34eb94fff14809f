"""The page of thresholds says what the code has."""

from pathlib import Path

import pytest

from kiosk.document import mrz, mrz_recovery
from kiosk.document.agreement import Agreement
from kiosk.document.mrz_layout import MrzFormat
from kiosk.runtime.document_check import DocumentCheck
from kiosk.verification import decision, gestures, liveness, quality
from kiosk.verification.observation import HeadPose
from kiosk.vision import document_page, face_sample, ocr, page_portrait
from kiosk.vision.models import load_manifest


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return " ".join((repository / "docs" / "thresholds.md").read_text(encoding="utf-8").split())


def _pose(limit: HeadPose) -> str:
    return f"yaw {limit.yaw_deg:g}°, pitch {limit.pitch_deg:g}°, roll {limit.roll_deg:g}°"


def test_every_comparison_threshold_stands_there_with_what_it_is_worth(page: str) -> None:
    model = load_manifest().template_model
    assert f"`{model.id}`" in page
    for threshold in model.thresholds:
        rate = f"{threshold.false_match_rate:.5f}".rstrip("0")
        share = threshold.measured_on.rpartition("true matches ")[2]
        assert f"| {rate} | {threshold.score:g} | {share} |" in page
        assert not threshold.validated, "the page says that none is"


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
        f"more than {liveness.MAX_FACE_GAP_S:g} s",
        f"with {liveness.GestureChallenge(()).response_window_s:g} s for each",
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
