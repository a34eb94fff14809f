"""What is said of judged recordings: the worst species leads, silence is no answer, what cannot be read is named."""

from pathlib import Path

import pytest

from kiosk.admin.evaluate_pad import pad_bars, pad_report
from kiosk.admin.evaluate_plots import draw_species
from kiosk.admin.evaluate_recordings import Judged, Recording, RecordingsError, find_recordings
from kiosk.admin.evaluate_report import pad_lines
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict, PadLayer

PASSED, FAILED, SILENT = LayerVerdict.PASSED, LayerVerdict.FAILED, LayerVerdict.NOT_MEASURED


def _judged(name: str, species: str, depth: LayerVerdict, texture: LayerVerdict, faces: int = 5) -> Judged:
    evidence = (
        LayerEvidence(PadLayer.DEPTH, depth, Finding.IN_ORDER),
        LayerEvidence(PadLayer.TEXTURE, texture, Finding.GRID),
    )
    return Judged(Recording(Path(name), name, species), 5, faces, evidence)


JUDGED = [
    *(_judged(f"bona_fide/{n}_a", "", PASSED, PASSED) for n in range(8)),
    _judged("bona_fide/8_a", "", PASSED, FAILED),
    _judged("bona_fide/9_a", "", SILENT, PASSED),
    _judged("bona_fide/9_b", "", SILENT, SILENT, faces=0),
    *(_judged(f"attack/print/{n}_a", "print", FAILED, PASSED) for n in range(6)),
    _judged("attack/print/6_a", "print", SILENT, SILENT),
    _judged("attack/screen/1_a", "screen", SILENT, PASSED),
    _judged("attack/screen/2_a", "screen", SILENT, FAILED),
    Judged(Recording(Path("x"), "attack/screen/3_a", "screen"), 0, 0, (), "a damaged clip"),
]


def test_the_report_has_the_keys_that_other_tools_rely_on() -> None:
    report = pad_report("recordings", JUDGED)
    assert {"n_bona_fide", "bpcer", "species", "threshold"} <= report.keys()
    assert (report["n_bona_fide"], report["bpcer"], report["threshold"]) == (10, 0.1, 1)
    for part in report["species"].values():
        assert {"n", "apcer", "interval"} <= part.keys()
        assert part["interval"][0] <= part["apcer"] <= part["interval"][1]


def test_the_worst_species_leads() -> None:
    report = pad_report("recordings", JUDGED)
    assert report["worst_species"] == "screen"
    assert report["species"]["screen"]["apcer"] == 0.5
    assert report["species"]["print"]["apcer"] == pytest.approx(1 / 7), (
        "what no layer measured was not called an attack"
    )


def test_a_recording_without_a_face_and_one_that_cannot_be_read_are_in_no_rate_but_counted() -> None:
    report = pad_report("recordings", JUDGED)
    assert (report["bona_fide"]["n_non_response"], report["bona_fide"]["n_recordings"]) == (1, 11)
    assert (report["species"]["screen"]["n_unreadable"], report["species"]["screen"]["n"]) == (1, 2)
    assert report["unreadable"] == {"attack/screen/3_a": "a damaged clip"}
    assert report["no_face"] == ["bona_fide/9_b"]


def test_the_stricter_reading_stands_beside_it() -> None:
    report = pad_report("recordings", JUDGED)
    assert report["bona_fide"]["all_passed"] == 8
    assert report["bona_fide"]["not_all_passed"] == 2
    assert report["species"]["print"]["nothing_measured"] == 1


def test_it_says_which_layers_were_judged_and_which_not() -> None:
    report = pad_report("recordings", JUDGED)
    assert report["layers_judged"] == ["depth", "texture"]
    assert report["layers_not_judged"] == ["gestures", "light", "classifier", "stream"]
    assert report["species"]["print"]["layers"]["depth"] == {
        "passed": 0, "failed": 6, "not_measured": 1, "findings": {"in_order": 7},
    }  # fmt: skip


def test_people_are_drawn_where_names_tell_them_and_else_each_recording_stands_alone() -> None:
    told = pad_report("recordings", JUDGED)["species"]["print"]
    untold = [_judged(f"attack/print/clip{n}.mp4", "print", FAILED, PASSED) for n in range(4)]
    assert told["n_people"] == 7
    part = pad_report("recordings", untold)["species"]["print"]
    assert (part["n_people"], part["interval"]) == (None, [0.0, 0.75])
    assert "people not told" in part["words"]


def test_without_any_bona_fide_recording_there_is_no_bpcer() -> None:
    report = pad_report("recordings", [one for one in JUDGED if one.recording.species])
    assert (report["n_bona_fide"], report["bpcer"], report["bpcer_words"]) == (0, None, "not measured (N = 0)")
    assert pad_bars(report)[0][3] == "0 of 0"


def test_the_markdown_names_the_headline_and_what_cannot_be_read() -> None:
    text = "\n".join(pad_lines(pad_report("recordings", JUDGED) | {"made_on": "2026-01-01", "plot": None}))
    assert "**Worst species: screen, APCER 50 %" in text
    assert "`attack/screen/3_a: a damaged clip`" in text


def test_a_name_is_drawn_as_it_is_written(tmp_path: Path) -> None:
    bars = [("a$b$ 屏幕", 0.5, (0.2, 0.8), "1 of 2")]
    draw_species(tmp_path / "pad.png", "on x$_y", "below", bars)
    assert (tmp_path / "pad.png").read_bytes()[:4] == b"\x89PNG"


def test_every_clip_and_every_folder_of_pictures_is_a_presentation(tmp_path: Path) -> None:
    for name in (
        "bona_fide/1_a/0.jpg",
        "bona_fide/1_a/1.jpg",
        "bona_fide/deep/2_a/0.png",
        "bona_fide/still.png",
        "bona_fide/notes.txt",
        "attack/print/3_a.MP4",
        "attack/screen replay/.hidden/0.jpg",
        "elsewhere/4_a/0.jpg",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "attack" / "print" / "empty").mkdir()
    found = {recording.name: recording.species for recording in find_recordings(tmp_path)}
    assert found == {
        "bona_fide/1_a": "",
        "bona_fide/deep/2_a": "",
        "bona_fide/still.png": "",
        "attack/print/3_a.MP4": "print",
        "attack/print/empty": "print",
        "attack/screen replay": "screen replay",
    }


@pytest.mark.parametrize("name", ["absent", "."])
def test_a_root_without_recordings_is_said(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordingsError, match="bona_fide"):
        find_recordings(tmp_path / name)
