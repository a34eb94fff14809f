"""What `kiosk demo` refuses before it starts anything."""

from pathlib import Path

import pytest

from kiosk.cli import main

UNPLAYABLE = {
    "missing": lambda path: None,
    "empty": lambda path: path.write_bytes(b""),
    "pdf": lambda path: path.write_text("%PDF-1.7"),
    "empty-folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("option", ["--capture", "--document"])
@pytest.mark.parametrize("make", UNPLAYABLE.values(), ids=UNPLAYABLE.keys())
def test_what_cannot_be_played_is_one_sentence_before_anything_starts(tmp_path: Path, capsys, option, make):
    given = tmp_path / "given.png"
    make(given)
    assert main(["demo", "--headless", "--out", str(tmp_path / "out"), option, str(given)]) == 2
    said = capsys.readouterr().err
    assert "given.png" in said
    assert said.count("\n") == 1
    assert not (tmp_path / "out" / "logs").exists()


def test_an_out_that_is_a_file_is_refused_with_the_cure(tmp_path: Path, capsys):
    out = tmp_path / "out"
    out.write_text("mine")
    assert main(["demo", "--headless", "--out", str(out)]) == 2
    assert "choose another --out" in capsys.readouterr().err
    assert out.read_text() == "mine"
