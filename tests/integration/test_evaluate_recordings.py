"""`kiosk evaluate pad` and `kiosk doctor --pad` on recordings of the two public-domain portraits."""

import json
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from hardware.camera import CameraLostError, Frame
from hardware.recorded_camera import recorded_frames
from kiosk.admin import evaluate_recordings
from kiosk.admin.doctor_pad import AcceptanceTest, NothingTriedError, Presentation, Tried, recorded_source
from kiosk.admin.evaluate_recordings import Judged, Recording, find_recordings
from kiosk.cli import main
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict, PadLayer
from kiosk.vision.photograph import save_png
from tests.portraits import portrait


def _film(folder: Path, frames: int = 4) -> Path:
    """A portrait that wanders through the picture."""
    folder.mkdir(parents=True)
    for number in range(frames):
        save_png(folder / f"{number}.png", np.roll(portrait("astronaut"), 4 * number, axis=1))
    return folder


def _clip(path: Path, frames: int) -> bytes:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (320, 240))
    for number in range(frames):
        writer.write(np.full((240, 320, 3), 60 + number, np.uint8))
    writer.release()
    return path.read_bytes()


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One film of a face, one of nobody, and everything that can be wrong with a recording."""
    root = tmp_path_factory.mktemp("recordings")
    _film(root / "bona_fide" / "1_a")
    (root / "attack" / "print" / "2_empty").mkdir(parents=True)
    (root / "attack" / "print" / "3_torn").mkdir()
    (root / "attack" / "print" / "3_torn" / "0.jpg").write_bytes(b"\xff\xd8\xff\xe0torn")
    data = _clip(root / "attack" / "print" / "4_nobody.avi", 6)
    (root / "attack" / "print" / "5_cut.avi").write_bytes(data[: len(data) // 2])
    (root / "attack" / "print" / "6_nothing.mp4").write_bytes(b"")
    return root


def test_recordings_are_judged_and_bad_ones_named(
    recordings: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "pad", str(recordings), "--out", str(tmp_path), "--jobs", "1"]) == 0
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert report["n_bona_fide"] == 1
    assert report["species"]["print"] | {"layers": 0, "words": 0} == {
        "n": 0, "apcer": None, "interval": [0.0, 1.0], "n_people": None, "words": 0, "n_recordings": 5,
        "n_non_response": 1, "n_unreadable": 4, "all_passed": 0, "not_all_passed": 0, "nothing_measured": 0,
        "layers": 0,
    }  # fmt: skip
    assert report["no_face"] == ["attack/print/4_nobody.avi"]
    assert set(report["unreadable"]) == {
        f"attack/print/{name}" for name in ("2_empty", "3_torn", "5_cut.avi", "6_nothing.mp4")
    }
    assert {"depth", "texture"} <= set(report["layers_judged"])
    assert "stream" in report["layers_not_judged"]
    assert cv2.imread(str(tmp_path / "pad.png")) is not None
    assert "4 unreadable" in capsys.readouterr().out


def test_what_was_broken_off_is_not_judged_again(
    recordings: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["evaluate", "pad", str(recordings), "--jobs", "1", "--work", str(tmp_path / "work")]
    assert main([*words, "--out", str(tmp_path / "one"), "--keep"]) == 0

    def never(_: object) -> Judged:
        raise AssertionError("judged again")

    monkeypatch.setattr(evaluate_recordings, "_judge", never)
    assert main([*words, "--out", str(tmp_path / "two")]) == 0
    assert (tmp_path / "one" / "report.json").read_bytes() == (tmp_path / "two" / "report.json").read_bytes()
    assert list((tmp_path / "work").iterdir()) == []


def test_a_species_without_recordings_is_named(tmp_path: Path) -> None:
    """Else a report of fewer species would read like one of all."""
    (tmp_path / "attack" / "mask").mkdir(parents=True)
    (recording,) = find_recordings(tmp_path)
    assert (recording.species, recording.name) == ("mask", "attack/mask")


def test_a_recording_is_read_whole_and_at_its_own_times(tmp_path: Path) -> None:
    frames = list(recorded_frames(_film(tmp_path / "film", 3), 10))
    assert [frame.sequence for frame in frames] == [0, 1, 2]
    assert [frame.captured_at_s for frame in frames] == pytest.approx([0, 0.1, 0.2])
    assert len(list(recorded_frames(tmp_path / "film" / "0.png"))) == 1


@pytest.mark.parametrize("words", [["--fps", "0"], ["--seconds", "nan"], ["--jobs", "0"]])
def test_impossible_options_are_refused(
    recordings: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["evaluate", "pad", str(recordings), "--out", str(tmp_path / "out"), *words])
    except SystemExit as stopped:
        code = int(str(stopped.code))
    assert code == 2
    assert len(capsys.readouterr().err.strip().splitlines()[-1]) > 20


# --- doctor ---


def test_doctor_walks_through_every_presentation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for kind in Presentation:
        _film(tmp_path / kind / "1", 2)
    asked: list[str] = []

    def ask(question: str) -> str:
        asked.append(question)
        return "s" if "tablet" in question else ""

    test = AcceptanceTest(recorded_source(tmp_path), 1, 5.0, None, ask)
    test.walk_through()
    said = capsys.readouterr().out
    assert [question.split()[0] for question in asked] == list(Presentation)
    assert all(word in said for word in ("YOURSELF", "A PRINT", "A PHONE", "A TABLET"))
    table = "\n".join(test.table())
    assert len([line for line in table.splitlines() if line.startswith(tuple(Presentation))]) == 4
    assert not test.is_in_order, "a film that stands still shows nothing, and the tablet is missing"
    assert test.verdict().startswith("NOT")
    assert not [path for path in tmp_path.rglob("*") if path.suffix not in ("", ".png")]


@pytest.mark.parametrize(
    ("attacks_called", "living_called", "says"),
    [
        ((True, True, True), False, "In order as far as so few can show: 0 of 3 attacks unnoticed (below 100 %)"),
        ((True, False, True), False, "NOT in order: 1 of 3 attacks were not noticed (phone 1)"),
        ((True, True, True), True, "NOT in order: 1 of 1 living presentations were taken for an attack"),
        ((True, True), False, "NOT complete: no face was seen of tablet"),
    ],
)
def test_doctors_verdict_says_no_more_than_was_seen(
    attacks_called: tuple[bool, ...], living_called: bool, says: str
) -> None:
    def judged(is_attack: bool) -> Judged:
        verdict = LayerVerdict.FAILED if is_attack else LayerVerdict.PASSED
        evidence = (LayerEvidence(PadLayer.DEPTH, verdict, Finding.FLAT),)
        return Judged(Recording(Path("x"), "x", ""), 10, 10, evidence)

    test = AcceptanceTest(recorded_source(Path()), 1, 1.0, None)
    attacks = [kind for kind in Presentation if kind.is_attack]
    test._tried = [Tried(Presentation.LIVING, judged(living_called))]
    test._tried += [Tried(kind, judged(called)) for kind, called in zip(attacks, attacks_called, strict=False)]
    assert says in test.verdict()
    assert test.is_in_order == says.startswith("In order")


def test_a_living_presentation_that_nothing_measured_proves_nothing() -> None:
    def judged(verdict: LayerVerdict) -> Judged:
        return Judged(Recording(Path("x"), "x", ""), 10, 10, (LayerEvidence(PadLayer.DEPTH, verdict, Finding.NO_TURN),))

    test = AcceptanceTest(recorded_source(Path()), 1, 1.0, None)
    test._tried = [
        Tried(kind, judged(LayerVerdict.FAILED if kind.is_attack else LayerVerdict.NOT_MEASURED))
        for kind in Presentation
    ]
    assert test.verdict().startswith("NOT complete: 1 of 1 living presentations")


def test_doctor_without_answers_ends_with_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(_: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    film = _film(tmp_path / "film", 1)
    assert main(["doctor", "--pad", "--camera", str(film), "--each", "1"]) == 2
    said = capsys.readouterr()
    assert "not walked through to its end" in said.err
    assert said.out.endswith("\n")


def test_doctor_names_a_camera_that_is_lost_and_goes_on(tmp_path: Path) -> None:
    def lost(_kind: Presentation, _number: int) -> Iterator[Frame]:
        raise CameraLostError("The camera is gone; check its cable.")

    test = AcceptanceTest(lost, 1, 1.0, None, lambda _: "")
    with pytest.raises(NothingTriedError):
        test.walk_through()


def test_doctor_says_what_is_in_order(tmp_path: Path, built_models: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--folder", str(tmp_path)]) == 1
    said = capsys.readouterr().out
    assert "  ok  model mediapipe-face-mesh-attention" in said
    assert "There are no settings" in said
    assert "are not in order." in said
