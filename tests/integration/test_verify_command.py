"""`kiosk verify` as a person or a program meets it: outcome, exit code, one sentence."""

import contextlib
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

from kiosk.cli import main
from kiosk.vision.photograph import save_png
from tests.portraits import portrait

KEYS = {
    "decision", "score", "threshold", "fmr", "threshold_validated", "threshold_measured_on", "model", "probe",
    "reference",
}  # fmt: skip


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


@pytest.mark.parametrize(("rate", "threshold"), [("1e-3", 0.9285), ("1e-4", 0.9425), ("1e-5", 0.9536)])
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
