"""What desk does when a camera cannot be used: the screen says so, and the children come back after growing pauses."""

import socket
from collections.abc import Iterator
from typing import Any, cast

import pytest
from pytestqt.qtbot import QtBot

from kiosk.runtime.children import Children
from kiosk.runtime.clock import SystemClock
from kiosk.runtime.messages import CameraChoice, CameraFailed, SetUpCourier, SetUpEyes, SetUpReader
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.surface import Readiness, SessionView
from kiosk.store.data_list_file import read_data_list
from kiosk.verification.decision import DecisionPolicy
from tests.desk_parts import TEMPLATE_MODEL

NO_CAMERA = "There is no camera /dev/video0; plug it in."


@pytest.fixture
def children(qtbot: QtBot) -> Iterator[Children]:
    launcher, ours = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    camera = CameraChoice("usb", "/dev/video0", 1280, 720, 30.0)
    crew = Children(ours, SetUpEyes(camera, ""), SetUpReader(camera), SetUpCourier("", "", "", ""))
    yield crew
    crew.stop()
    launcher.close()
    ours.close()


def _controller(children: Children) -> SessionController:
    """No verdict is reached here, so nothing stands in the verdict desk's place."""
    nobody = cast(Any, None)
    policy, clock = DecisionPolicy(), SystemClock()
    return SessionController(
        children, nobody, policy, TEMPLATE_MODEL, clock, nobody, nobody, data_list=read_data_list(),
        minimum_age_years=18, guardian_below_years=14, patience=1.0, demo=False,
    )  # fmt: skip


def test_a_camera_that_fails_is_shown_as_out_of_service_and_said(children: Children) -> None:
    controller = _controller(children)
    shown: list[SessionView] = []
    said: list[str] = []
    controller.view_changed.connect(shown.append)
    controller.trouble.connect(said.append)
    children.eyes_said.emit(CameraFailed(NO_CAMERA))
    assert [view.readiness for view in shown] == [Readiness.OUT_OF_SERVICE]
    assert said == [f"eyes: {NO_CAMERA}"]


def test_every_failure_makes_the_pause_longer_until_both_have_worked(children: Children) -> None:
    controller = _controller(children)
    pauses = []
    for _ in range(8):
        children.eyes_said.emit(CameraFailed(NO_CAMERA))
        pauses.append(children._pause_s("vision"))
    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0]
    children.vision_worked()
    assert children._pause_s("vision") == 0.0
    assert controller.view.readiness is Readiness.OUT_OF_SERVICE
