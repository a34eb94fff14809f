"""`kiosk screens` renders the real screens to pictures."""

import argparse

import pytest
from PySide6.QtGui import QImage

from kiosk.admin import screens
from kiosk.session.events import Language
from kiosk.session.machine import Phase
from kiosk.ui.gallery import PictureError
from kiosk.ui.poses import poses


def arguments(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    screens.add_parser(parser.add_subparsers())
    return parser.parse_args(["screens", *words])


def test_pictures_are_written_by_language_and_size(qapp, tmp_path, capsys):
    chosen = arguments("--out", str(tmp_path), "--only", "liveness-turn-left")
    assert chosen.run(chosen) == 0
    sizes = {
        str(path.parent.relative_to(tmp_path)): (QImage(str(path)).width(), QImage(str(path)).height())
        for path in tmp_path.rglob("*.png")
    }
    assert sizes == {
        f"{language}/{width}x{height}": (width, height)
        for language in ("en", "zh")
        for width, height in ((1920, 1080), (1080, 1920))
    }
    assert "4 pictures" in capsys.readouterr().out


def test_every_phase_is_posed():
    assert {pose.view.session.phase for pose in poses(Language.ENGLISH)} == set(Phase)


def test_a_folder_that_cannot_be_written_is_named(qapp, tmp_path):
    (tmp_path / "file").write_text("in the way")
    chosen = arguments("--out", str(tmp_path / "file"), "--only", "welcome-demo", "--language", "en")
    with pytest.raises(PictureError, match="choose another folder"):
        chosen.run(chosen)
