"""`kiosk verify` as a person or a program meets it: outcome, exit code, one sentence."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.cli import main
from kiosk.vision.photograph import save_png
from tests.portraits import portrait

KEYS = {
    "decision", "score", "threshold", "fmr", "threshold_validated", "threshold_measured_on", "model", "probe",
    "reference",
}  # fmt: skip


def on_wall(picture: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """A picture in the middle of a plain ground."""
    ground = np.full((height, width, 3), (90, 110, 130), dtype=np.uint8)
    top, left = (height - picture.shape[0]) // 2, (width - picture.shape[1]) // 2
    ground[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
    return ground


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, built_models: Path) -> Path:
    """Pictures to compare."""
    folder = tmp_path_factory.mktemp("photographs")
    astronaut, hopper = portrait("astronaut"), portrait("grace_hopper")
    save_png(folder / "astronaut.png", astronaut)
    save_png(folder / "hopper.png", hopper)
    matrix = cv2.getRotationMatrix2D((256, 256), 8, 0.9)
    other = cv2.warpAffine(np.clip(astronaut * 1.2 + 10, 0, 255).astype(np.uint8), matrix, (512, 512))
    cv2.imwrite(str(folder / "other.jpg"), other[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 40])
    save_png(folder / "two.png", np.hstack([astronaut, hopper[:512]]))
    save_png(folder / "nobody.png", np.full((400, 400, 3), 120, dtype=np.uint8))
    save_png(folder / "small.png", np.asarray(cv2.resize(astronaut, (220, 220), interpolation=cv2.INTER_AREA)))
    save_png(folder / "large.png", on_wall(astronaut, 4160, 3120))
    save_png(folder / "huge.png", on_wall(astronaut, 8192, 2000))
    save_png(folder / "upside_down.png", astronaut[::-1, ::-1])
    save_png(folder / "-dash.png", astronaut)
    save_png(folder / "cut_off.png", astronaut[:, 202:])
    save_png(folder / "half.png", np.asarray(cv2.resize(astronaut[:, 224:], None, fx=2, fy=2)))
    (folder / "empty.jpg").touch()
    (folder / "broken\nname.jpg").write_bytes((folder / "other.jpg").read_bytes()[:5000])
    return folder


Verify = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def verify(folder: Path) -> Verify:
    """Run the command in this process; return exit code, standard output and standard error."""

    def run(probe: str, reference: str, *options: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main(["verify", str(folder / probe), str(folder / reference), *options])
        return code, out.getvalue(), err.getvalue()

    return run


def test_two_pictures_of_one_person_match(verify: Verify) -> None:
    code, out, err = verify("other.jpg", "astronaut.png")
    assert (code, err) == (0, "")
    assert out.startswith("match\n")
    assert "0.9425" in out
    assert "dlib-resnet-v1-mirror" in out
    assert "few pixels between the eyes" in out


def test_two_people_do_not_match(verify: Verify) -> None:
    code, out, err = verify("astronaut.png", "hopper.png")
    assert (code, err) == (1, "")
    assert out.startswith("non-match\n")


def test_json_has_stable_keys(verify: Verify) -> None:
    code, out, _ = verify("other.jpg", "astronaut.png", "--json")
    record = json.loads(out)
    assert code == 0
    assert set(record) == KEYS
    assert record["decision"] == "match"
    assert record["threshold"] <= record["score"] <= 1
    assert (record["fmr"], record["model"], record["threshold_validated"]) == (1e-4, "dlib-resnet-v1-mirror", False)
    assert set(record["probe"]) == set(record["reference"]) == {"inter_eye_px", "remarks"}
    assert record["reference"]["remarks"] == ["INTER_EYE_DISTANCE"]


@pytest.mark.parametrize(("rate", "threshold"), [("1e-3", 0.9301), ("1e-4", 0.9425), ("1e-5", 0.961)])
def test_the_false_match_rate_chooses_the_threshold(verify: Verify, rate: str, threshold: float) -> None:
    _, out, _ = verify("other.jpg", "astronaut.png", "--json", "--fmr", rate)
    assert json.loads(out)["threshold"] == threshold


@pytest.mark.parametrize(
    ("probe", "reference", "says"),
    [
        ("nobody.png", "astronaut.png", "No face was found in the probe"),
        ("astronaut.png", "nobody.png", "No face was found in the reference"),
        ("two.png", "astronaut.png", "Two faces were found in the probe"),
        ("small.png", "astronaut.png", "The face in the probe is too small"),
        ("astronaut.png", "small.png", "The face in the reference is too small"),
        ("cut_off.png", "astronaut.png", "The edge of the probe cuts the face off"),
        ("half.png", "astronaut.png", "No face was found in the probe"),
        ("astronaut.png", "empty.jpg", "is empty"),
        ("astronaut.png", "missing.jpg", "does not exist"),
        ("astronaut.png", ".", "is a folder"),
        ("broken\nname.jpg", "astronaut.png", "breaks off"),
    ],
)
def test_anything_else_is_one_sentence_and_exit_code_two(verify: Verify, probe: str, reference: str, says: str) -> None:
    code, out, err = verify(probe, reference)
    assert (code, out) == (2, "")
    assert says in err
    assert err.count("\n") == 1
    code, out, err = verify(probe, reference, "--json")
    assert code == 2
    assert json.loads(out) == {"error": err.removeprefix("kiosk: ").rstrip("\n")}


def test_a_rate_without_a_threshold_names_those_there_are(verify: Verify) -> None:
    code, _, err = verify("other.jpg", "astronaut.png", "--fmr", "1e-9")
    assert code == 2
    assert "choose one of: 0.001, 0.0001, 1e-05" in err


@pytest.mark.parametrize("rate", ["1", "5", "inf", "nan", "0", "-0.1"])
def test_what_is_no_rate_is_refused_with_those_there_are(verify: Verify, rate: str) -> None:
    code, _, err = verify("other.jpg", "astronaut.png", f"--fmr={rate}")
    assert code == 2
    assert "choose one of: 0.001, 0.0001, 1e-05" in err


def test_a_face_in_a_picture_too_large_is_measured_in_pixels_of_the_file(verify: Verify) -> None:
    code, out, _ = verify("large.png", "astronaut.png", "--json")
    assert code == 0
    assert json.loads(out)["probe"]["inter_eye_px"] == pytest.approx(42, abs=1)
    code, _, err = verify("huge.png", "astronaut.png")
    assert code == 2
    assert "(42 pixels between the eyes, at least 48 are needed in so large a picture); cut the photograph down" in err


def test_a_photograph_upside_down_is_compared_and_remarked_on(verify: Verify) -> None:
    code, out, _ = verify("upside_down.png", "astronaut.png")
    assert code == 0
    assert "the head is turned or tilted" in out


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["", "astronaut.png"], "an empty name; name a picture file"),
        (["astronaut.png"], "the following arguments are required: REFERENCE"),
        (["-dash.png", "astronaut.png"], "to name a file that begins with a dash, write ./-dash.png"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_an_object_too(
    folder: Path, words: list[str], says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as ended:
        main(["verify", *words, "--json"])
    said = capsys.readouterr()
    assert ended.value.code == 2
    assert says in said.err
    assert says in json.loads(said.out)["error"]


def test_without_models_it_says_how_to_get_them(verify: Verify, tmp_path: Path) -> None:
    code, _, err = verify("other.jpg", "astronaut.png", "--models", str(tmp_path))
    assert code == 2
    assert "run `kiosk models build`" in err


def test_the_command_itself_prints_nothing_but_its_outcome(folder: Path) -> None:
    """In a process of its own, where the libraries' own greetings would show."""
    command = [sys.executable, "-m", "kiosk", "verify", "other.jpg", "astronaut.png", "--json"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    assert set(json.loads(done.stdout)) == KEYS


def in_a_shell(folder: Path, redirections: str, *words: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output and standard error of the command with redirections of a shell."""
    command = f'exec "$0" -m kiosk verify "$@" {redirections}'
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, *words],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("option", [[], ["--json"]])
def test_an_outcome_that_cannot_be_written_is_no_outcome(folder: Path, option: list[str]) -> None:
    code, _, err = in_a_shell(folder, ">/dev/full", "other.jpg", "astronaut.png", *option)
    assert (code, err) == (2, "kiosk: What there is to say cannot be written: No space left on device.\n")
    assert in_a_shell(folder, ">/dev/full 2>/dev/full", "other.jpg", "missing.jpg", *option)[0] == 2


def test_without_a_standard_output_the_exit_code_still_tells(folder: Path) -> None:
    assert in_a_shell(folder, ">&-", "other.jpg", "astronaut.png") == (0, "", "")
    assert in_a_shell(folder, ">&-", "astronaut.png", "hopper.png") == (1, "", "")
    assert in_a_shell(folder, ">&- 2>&-", "astronaut.png", "missing.jpg") == (2, "", "")


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_without_the_letters_of_a_name_changes_no_outcome(folder: Path, encoding: str) -> None:
    code, out, _ = in_a_shell(folder, "", "other.jpg", "张伟.jpg", "--json", PYTHONIOENCODING=encoding)
    assert code == 2
    assert "张伟.jpg does not exist" in json.loads(out)["error"]
