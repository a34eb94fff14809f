"""`kiosk screens` renders the real screens to pictures."""

import argparse
import random

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLineEdit

from kiosk.admin import screens
from kiosk.session.events import Language
from kiosk.session.machine import Phase
from kiosk.ui.customer.window import CustomerWindow
from kiosk.ui.gallery import Gallery, PictureError
from kiosk.ui.poses import posed_notices, poses
from kiosk.verification.liveness import Gesture, draw_challenge


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


@pytest.fixture
def gallery(qapp):
    qapp.setCursorFlashTime(0)
    pixels = np.arange(90 * 160 * 3, dtype=np.uint8).reshape(90, 160, 3)
    return Gallery(Language.ENGLISH, QSize(960, 540), pixels, pixels, posed_notices())


def test_no_window_outlives_its_picture(gallery, qapp, tmp_path):
    assert len(gallery.render(tmp_path, "welcome")) > 2
    assert not [widget for widget in qapp.topLevelWidgets() if isinstance(widget, CustomerWindow)]


@pytest.mark.parametrize(
    "name", ["positioning-fit", "liveness-blink", "still-here", "comparing", "verdict-yes", "typing"]
)
def test_the_same_pictures_come_out_every_time(gallery, tmp_path, name):
    first, second = (gallery.render(tmp_path / folder, name) for folder in ("first", "second"))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_a_field_that_is_typed_into_looks_like_one(gallery):
    (pose,) = (pose for pose in poses(Language.ENGLISH) if pose.name == "details-typing")
    window = gallery.stage(pose)
    assert window.findChild(QLineEdit, pose.type_into).hasFocus()
    window.close()
    window.deleteLater()


def test_no_more_gestures_are_posed_than_a_challenge_has():
    count = len(draw_challenge(random.Random(1)).gestures)
    views = [pose.view for pose in poses(Language.ENGLISH) if pose.view.session.phase is Phase.CHECKING_LIVENESS]
    assert {view.gesture for view in views} >= set(Gesture)
    assert all(1 <= view.gesture_number <= view.gesture_count == count for view in views)


def test_every_phase_is_posed():
    assert {pose.view.session.phase for pose in poses(Language.ENGLISH)} == set(Phase)


def test_a_folder_that_cannot_be_written_is_named(qapp, tmp_path):
    (tmp_path / "file").write_text("in the way")
    chosen = arguments("--out", str(tmp_path / "file"), "--only", "welcome-demo", "--language", "en")
    with pytest.raises(PictureError, match="choose another folder"):
        chosen.run(chosen)
