"""`kiosk evaluate` on a little of the development data: real pictures and recordings end in reports that add up."""

import json
from pathlib import Path

import pytest

from kiosk.cli import main

pytestmark = pytest.mark.shared


def test_studio_people_match_their_own_portrait_on_a_chip(
    shared_data: Path, tmp_path: Path, built_models: Path
) -> None:
    people = sorted((shared_data / "faces" / "london").iterdir())[-4:]
    for person in people:
        (tmp_path / "people" / person.name).mkdir(parents=True)
        for picture in person.iterdir():
            (tmp_path / "people" / person.name / picture.name).symlink_to(picture)
    out = tmp_path / "out"
    words = ["evaluate", "matching", str(tmp_path / "people"), "--degrade", "chip", "--out", str(out), "--jobs", "2"]
    assert main(words) == 0
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert (report["n_people"], report["n_genuine"], report["n_impostor"]) == (4, 8, 48)
    assert report["n_not_acquired"] == 0
    assert report["operating_points"][0]["fnmr_errors"] == 0


def test_real_recordings_are_judged_by_what_they_show(shared_data: Path, tmp_path: Path) -> None:
    nuaa = shared_data / "pad" / "nuaa"
    for kind in ("bona_fide", "attack/print"):
        (tmp_path / "root" / kind).mkdir(parents=True)
        recording = sorted((nuaa / kind).glob("0006_*"))[0]
        (tmp_path / "root" / kind / recording.name).symlink_to(recording)
    out = tmp_path / "out"
    assert main(["evaluate", "pad", str(tmp_path / "root"), "--fps", "6", "--out", str(out), "--jobs", "2"]) == 0
    report = json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert (report["n_bona_fide"], report["species"]["print"]["n"]) == (1, 1)
    assert report["bona_fide"]["n_people"] == 1
    assert report["unreadable"] == {}
