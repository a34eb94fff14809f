"""`kiosk evaluate matching` on the two public-domain portraits: reports, degradations, work folder, calibration."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from kiosk.admin import evaluate_templates
from kiosk.admin.evaluate_degrade import Degradation, as_on_chip, degraded, portrait_cut
from kiosk.admin.evaluate_report import write_report
from kiosk.admin.run import _models_in_force
from kiosk.admin.site_threshold import Calibration, CalibrationRefusedError, PendingCalibration, prepare_calibration
from kiosk.cli import main
from kiosk.settings import SETTINGS_FILE, load_settings
from kiosk.vision.face_geometry import inter_eye_px
from kiosk.vision.installed_models import load_models
from kiosk.vision.photograph import save_png
from kiosk.vision.still_faces import find_faces
from tests.kiosk_folders import Papers
from tests.portraits import NAMES, portrait


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people, two pictures each, and one that shows nobody."""
    root = tmp_path_factory.mktemp("people")
    for name in NAMES:
        (root / name).mkdir()
        pixels = portrait(name)
        save_png(root / name / "1.png", pixels)
        save_png(root / name / "2.png", cv2.convertScaleAbs(pixels[:, ::-1], alpha=0.9, beta=5))
    save_png(root / NAMES[0] / "nobody.png", np.full((200, 200, 3), 120, np.uint8))
    (root / NAMES[1] / "torn.jpg").write_bytes(b"\xff\xd8\xff\xe0torn")
    (root / "groups.csv").write_text(f"{NAMES[0]},first\n{NAMES[1]},second\n")
    return root


def _evaluate(root: Path, out: Path, *more: str) -> dict[str, Any]:
    assert main(["evaluate", "matching", str(root), "--out", str(out), "--jobs", "1", *more]) == 0
    report: dict[str, Any] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return report


@pytest.fixture(scope="module")
def evaluated(
    people: Path, tmp_path_factory: pytest.TempPathFactory, built_models: Path
) -> tuple[dict[str, Any], Path]:
    out = tmp_path_factory.mktemp("out")
    return _evaluate(people, out), out


def test_the_report_has_the_keys_that_other_tools_rely_on(evaluated: tuple[dict[str, Any], Path]) -> None:
    report, _ = evaluated
    assert {"model", "n_people", "n_genuine", "n_impostor", "n_not_acquired", "operating_points"} <= report.keys()
    assert (report["n_people"], report["n_genuine"], report["n_impostor"]) == (2, 2, 4)
    assert report["n_not_acquired"] == 2
    assert report["not_acquired_reasons"] == {"NoFaceError": 1, "DamagedPhotographError": 1}
    assert [point["fmr_target"] for point in report["operating_points"]] == [1e-3, 1e-4, 1e-5]
    for point in report["operating_points"]:
        assert {"fmr_target", "threshold", "fmr", "fnmr", "fnmr_interval"} <= point.keys()
        assert point["fnmr_interval"] == [0.0, 1.0], "3/N with N = 2"


def test_thresholds_are_the_models_own_and_the_sets_stand_beside_them(evaluated: tuple[dict[str, Any], Path]) -> None:
    report, _ = evaluated
    own = {threshold.false_match_rate: threshold.score for threshold in load_models().template_model_in_use.thresholds}
    for point in report["operating_points"]:
        if point["fmr_target"] in own:
            assert (point["threshold"], point["threshold_from"]) == (own[point["fmr_target"]], "model")
        assert not point["enough_impostor_pairs"]
        assert point["set_threshold"]["fmr_errors"] == 0
    assert set(report["operating_points"][0]["groups"]) == {"first", "second"}


def test_the_markdown_says_no_rate_without_its_n_and_the_picture_is_there(
    evaluated: tuple[dict[str, Any], Path],
) -> None:
    _, out = evaluated
    text = (out / "report.md").read_text(encoding="utf-8")
    assert "a bound only: 4 impostor pairs, 3,000 are needed" in text
    assert "(3/N; 0 of 2, 2 people)" in text
    assert "torn.jpg" in text
    drawn = cv2.imread(str(out / "det.png"))
    assert drawn is not None
    assert drawn.std() > 5, "a picture, and not an empty page"


def test_nothing_but_the_reports_is_written(evaluated: tuple[dict[str, Any], Path]) -> None:
    _, out = evaluated
    assert sorted(path.name for path in out.iterdir()) == ["det.png", "report.json", "report.md"]


def test_a_csv_of_pairs_is_evaluated_too(people: Path, tmp_path: Path, built_models: Path) -> None:
    one, other = NAMES
    pairs = people / "pairs.csv"
    pairs.write_text(f"{one}/1.png,{one}/2.png,1\n{one}/1.png,{other}/1.png,0\n{one}/1.png,{other}/gone.png,0\n")
    report = _evaluate(pairs, tmp_path, "--degrade", "print")
    assert (report["n_genuine"], report["n_impostor"], report["n_impostor_not_compared"]) == (1, 1, 1)
    assert report["not_acquired_pictures"] == [f"{other}/gone.png"]
    assert report["degradation"] == "print"


def test_what_was_broken_off_is_taken_up_again_and_then_deleted(
    people: Path,
    tmp_path: Path,
    built_models: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    work = tmp_path / "work"
    first = _evaluate(people, tmp_path / "one", "--work", str(work), "--keep")
    assert "personal data" in capsys.readouterr().err
    kept = work / evaluate_templates.WORK_FILE
    assert kept.stat().st_mode & 0o077 == 0
    kept.write_bytes(kept.read_bytes()[:-3])  # torn by a crash: the last one is made again
    made: list[str] = []
    make = evaluate_templates._make

    def counting(work: evaluate_templates.TemplateWork) -> evaluate_templates.TemplateResult:
        made.append(work.picture.name)
        return make(work)

    monkeypatch.setattr(evaluate_templates, "_make", counting)
    again = _evaluate(people, tmp_path / "two", "--work", str(work))
    assert made == ["torn.jpg"]
    assert again["operating_points"] == first["operating_points"]
    assert not kept.exists()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--model", "no-such"], "no template model"),
        (["--by", "B. Keeper"], "needs --calibrate"),
        (["--calibrate", "nowhere", "--by", " "], "answer is needed"),
        (["--calibrate", "nowhere", "--by", "B. Keeper"], "There are no settings"),
        (["--keep"], "belongs to --work"),
    ],
)
def test_what_cannot_be_done_is_said_before_any_picture(
    words: list[str], says: str, people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "matching", str(people), "--out", str(tmp_path / "out"), *words]) == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_written_is_said_before_any_picture(
    people: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "report.json").mkdir()
    assert main(["evaluate", "matching", str(people), "--out", str(tmp_path)]) == 2
    assert "name another folder with --out" in capsys.readouterr().err
    work = tmp_path / "report.json" / "work"
    work.write_text("a file")
    assert main(["evaluate", "matching", str(people), "--out", str(tmp_path / "out"), "--work", str(work)]) == 2
    assert "name another folder with --work" in capsys.readouterr().err
    assert work.read_text() == "a file"


def test_templates_are_not_written_through_a_link(people: Path, tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "work" / evaluate_templates.WORK_FILE).symlink_to(tmp_path / "elsewhere")
    words = ["--out", str(tmp_path / "out"), "--work", str(tmp_path / "work")]
    assert main(["evaluate", "matching", str(people), *words]) == 2
    assert not (tmp_path / "elsewhere").exists()


def test_where_nothing_can_be_compared_the_reasons_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        (tmp_path / "root" / name).mkdir(parents=True)
        (tmp_path / "root" / name / "1.jpg").write_bytes(b"junk")
    words = [str(tmp_path / "root"), "--out", str(tmp_path / "out"), "--jobs", "1"]
    assert main(["evaluate", "matching", *words]) == 2
    assert "(NotAPhotographError 2)" in capsys.readouterr().err


def test_a_report_holds_nothing_that_is_no_json(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_report(tmp_path, {"fmr": float("nan")}, iter(()))
    assert list(tmp_path.iterdir()) == []


def test_reports_do_not_go_where_their_pictures_would_be_evaluated(
    people: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "matching", str(people), "--out", str(people / "report")]) == 2
    assert "name another with --out" in capsys.readouterr().err
    assert not (people / "report").exists()


# --- what a document would hold ---


def test_a_printed_reference_is_small_and_still_the_same_face() -> None:
    printed = degraded(portrait("grace_hopper"), Degradation.PRINT)
    face = find_faces(printed)[0]
    assert 70 < inter_eye_px(face.landmarks) < 88
    assert np.array_equal(printed, degraded(portrait("grace_hopper"), Degradation.PRINT)), "the same at every run"


def test_a_chips_portrait_is_compressed_to_a_chips_size() -> None:
    cut = portrait_cut(portrait("grace_hopper"), 90)
    chip = as_on_chip(cut)
    assert chip.shape == cut.shape
    error = np.abs(chip.astype(int) - cut).mean()
    assert 0.5 < error < 12
    assert len(find_faces(chip)) == 1


# --- thresholds of the site's own ---


@dataclass(frozen=True)
class Site:
    folder: Path
    papers: Papers

    def pending(self) -> PendingCalibration:
        model = load_models().template_model_in_use
        return prepare_calibration(self.folder, "B. Keeper", self.papers.passphrase, model)

    def check(self) -> int:
        return main(["run", "--folder", str(self.folder), "--passphrase-file", str(self.papers.passphrase), "--check"])


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Site:
    papers = Papers(tmp_path_factory.mktemp("papers"))
    return Site(papers.set_up(papers.folder / "kiosk"), papers)


@pytest.fixture
def site(pristine: Site, tmp_path: Path) -> Site:
    return Site(Path(shutil.copytree(pristine.folder, tmp_path / "kiosk")), pristine.papers)


def _measured(score: float | None, people: int = 300, pairs: int = 40_000) -> Calibration:
    return Calibration("branch pictures", people, pairs, {1e-3: score, 1e-4: score, 1e-5: None})


def test_a_calibration_tightens_and_the_kiosk_uses_it(
    site: Site, built_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = site.folder / SETTINGS_FILE
    settings.write_text("# IT's own words\n" + settings.read_text(encoding="utf-8"), encoding="utf-8")
    said = site.pending().apply(_measured(0.9771))
    assert "0.9771" in said
    assert "# IT's own words" in settings.read_text(encoding="utf-8")
    kept = load_settings(site.folder).site_threshold
    assert (kept.by, kept.people, kept.impostor_pairs, kept.set_name) == ("B. Keeper", 300, 40_000, "branch pictures")
    assert '"score":0.9771' in _models_in_force(site.folder)
    assert site.check() == 0
    assert "0.9771 is in force, set by B. Keeper" in capsys.readouterr().out
    assert site.pending().apply(_measured(0.98))
    assert load_settings(site.folder).site_threshold.score == 0.98, "the second takes the place of the first"


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (_measured(0.5), "may only tighten"),
        (_measured(None), "30,000 are needed"),
        (_measured(0.98, pairs=29_999), "30,000 are needed"),
        (_measured(0.98, people=2), "at least 20 are needed"),
        (_measured(1.0), "nobody reaches"),
    ],
)
def test_what_does_not_allow_a_threshold_changes_nothing(site: Site, made: Calibration, says: str) -> None:
    before = (site.folder / SETTINGS_FILE).read_bytes()
    with pytest.raises(CalibrationRefusedError, match=says):
        site.pending().apply(made)
    assert (site.folder / SETTINGS_FILE).read_bytes() == before


@pytest.mark.parametrize("field", ["score = 0.9771", 'by = "B. Keeper"'])
def test_a_threshold_that_was_changed_by_hand_stops_the_start(
    site: Site, field: str, built_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    site.pending().apply(_measured(0.9771))
    settings = site.folder / SETTINGS_FILE
    text = settings.read_text(encoding="utf-8")
    assert field in text
    settings.write_text(text.replace(field, field.replace("7", "8").replace("Keeper", "Other")))
    assert site.check() == 2
    assert "site_threshold was changed" in capsys.readouterr().err


def test_a_threshold_of_another_model_counts_for_nothing(site: Site) -> None:
    before = _models_in_force(site.folder)
    site.pending().apply(_measured(0.9771))
    settings = site.folder / SETTINGS_FILE
    model = load_models().template_model_in_use.id
    settings.write_text(settings.read_text(encoding="utf-8").replace(f'model = "{model}"', 'model = "another"'))
    assert _models_in_force(site.folder) == before


def test_doctor_looks_at_the_folders_files_and_cameras(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--folder", str(site.folder)]) == 1
    said = capsys.readouterr().out
    assert f"  ok  settings of {site.folder}" in said
    assert "  ok  files that the settings name" in said
    assert "  ok  models that this kiosk uses; faces are compared by dlib-resnet-v1-mirror" in said
    assert "  --  The template model dlib-resnet-v1-mirror has no threshold validated" in said
    assert "  !!  face camera /dev/no-face-camera (no identity): this machine has no such device" in said


def test_too_small_a_set_is_refused_by_the_command_with_the_number_needed(
    site: Site, people: Path, tmp_path: Path, built_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["evaluate", "matching", str(people), "--out", str(tmp_path / "out"), "--jobs", "1", "--by", "B. Keeper"]
    words += ["--calibrate", str(site.folder), "--passphrase-file", str(site.papers.passphrase)]
    assert main(words) == 2
    assert "4 impostor pairs; 30,000 are needed" in capsys.readouterr().err
