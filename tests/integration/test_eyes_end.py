"""However eyes ends in order, its camera is put back first: it must not keep the exposure of a challenge."""

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from hardware.camera import CameraInfo, Frame
from kiosk.runtime.capture import Capture
from kiosk.runtime.eyes import Eyes
from kiosk.runtime.messages import (
    CameraChoice,
    Channel,
    ChannelClosedError,
    FromEyes,
    Observed,
    Quit,
    SetExposure,
    SetUpEyes,
    StartCapture,
    ToEyes,
)
from kiosk.runtime.shared_memory import create_memory
from kiosk.verification.observation import FrameObservation
from kiosk.verification.quality import CaptureGuidance


class SteppedCamera:
    """Its exposure is put back where a camera's is: when its frames are no longer read."""

    info = CameraInfo("camera", "usb", "camera", 32, 32, 50.0)

    def __init__(self) -> None:
        self.stops = 0.0

    def frames(self) -> Iterator[Frame]:
        try:
            for number in range(10_000):
                time.sleep(0.01)
                yield Frame(np.zeros((32, 32, 3), np.uint8), 1.0 + number, number)
        finally:
            self.stops = 0.0

    def set_exposure(self, stops: float) -> bool:
        self.stops = stops
        return True

    def close(self) -> None: ...


class BlindVision:
    """Sees nothing, and takes its time for it."""

    def __init__(self) -> None:
        self.forgot = False

    def reset(self) -> None: ...

    def analyse(self, frame: Frame) -> Observed:
        time.sleep(0.03)
        seen = FrameObservation(frame.sequence, frame.captured_at_s, 32, 32, 0, None)
        return Observed(seen, CaptureGuidance.COME_INTO_VIEW, 0.0, frame.sequence)

    def forget(self) -> None:
        self.forgot = True


@pytest.mark.parametrize("says_so", [True, False], ids=["told to quit", "desk is gone"])
def test_a_visit_that_ends_in_the_middle_of_a_step_puts_the_exposure_back(
    monkeypatch: pytest.MonkeyPatch, says_so: bool
) -> None:
    camera, vision = SteppedCamera(), BlindVision()

    def warm_up(eyes: Any, _: SetUpEyes) -> None:
        eyes._camera, eyes._vision = camera, vision
        eyes._capture = Capture(camera, eyes._preview, eyes._analyse, lambda _: None)

    monkeypatch.setattr(Eyes, "_warm_up", warm_up)
    failures: list[Any] = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    memories = [create_memory(f"test-{name}", 1 << 16) for name in ("face", "portrait")]
    ours, theirs = socket.socketpair()
    eyes = Eyes(Channel(theirs, ToEyes), *memories, None)
    ended: list[type[BaseException] | None] = []

    def run() -> None:
        try:
            eyes.run()
            ended.append(None)
        except ChannelClosedError as error:
            ended.append(type(error))

    serving = threading.Thread(target=run)
    serving.start()
    desk: Channel[Any] = Channel(ours, FromEyes)
    desk.send(SetUpEyes(CameraChoice("usb", "0"), "models"))
    desk.send(StartCapture())
    desk.send(SetExposure(-1.0))
    assert isinstance(desk.receive(), Observed)
    if says_so:
        desk.send(Quit())
    desk.close()  # with messages of eyes unread, as desk does
    serving.join(10)
    assert not serving.is_alive()
    assert camera.stops == 0.0
    assert vision.forgot
    assert failures == []
    assert ended[0] in (None, ChannelClosedError)
    theirs.close()
    for memory in (eyes._preview, eyes._portrait):
        memory.close()
