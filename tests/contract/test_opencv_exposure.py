"""Steps of exposure through OpenCV: only where the driver does as it says, and always put back."""

import os
from typing import Any

import cv2
import pytest

from hardware.camera import Camera, ExposureControl
from hardware.document_camera import DocumentCamera, FieldOfView
from hardware.opencv_camera import open_opencv_camera
from tests.capture_devices import FakeCaptureDevice, noise

BY_HAND, BY_ITSELF = 1.0, 3.0


class ControlledDevice(FakeCaptureDevice):
    """Its exposure is 160 units long while it chooses itself; remembers every order."""

    def __init__(self, **odd: Any) -> None:
        super().__init__()
        self.orders: list[tuple[int, float]] = []
        self._values |= {cv2.CAP_PROP_AUTO_EXPOSURE: BY_ITSELF, cv2.CAP_PROP_EXPOSURE: 160.0} | odd.pop("values", {})
        self._ignores = odd.pop("ignores", ())
        self._refuses = odd.pop("refuses", ())

    def set(self, prop: int, value: float) -> bool:
        self.orders.append((prop, value))
        if prop in self._refuses:
            return False
        if prop not in self._ignores:
            self._values[prop] = value
        if prop == cv2.CAP_PROP_AUTO_EXPOSURE and value == BY_ITSELF:
            self._values[cv2.CAP_PROP_EXPOSURE] = 160.0
        return True

    @property
    def state(self) -> tuple[float, float]:
        return self._values[cv2.CAP_PROP_AUTO_EXPOSURE], self._values[cv2.CAP_PROP_EXPOSURE]


def opened(device: FakeCaptureDevice) -> Camera:
    return open_opencv_camera(os.devnull, 64, 48, open_device=lambda _: device, heartbeat_s=5.0)


def steps_exposure(camera: Camera, stops: float) -> bool:
    return isinstance(camera, ExposureControl) and camera.set_exposure(stops)


def test_trying_the_camera_leaves_it_as_it_was_and_takes_no_picture() -> None:
    device = ControlledDevice()
    assert steps_exposure(opened(device), 0.0)
    assert device.state == (BY_ITSELF, 160.0)
    assert device.reads == 0


def test_what_a_killed_kiosk_left_dark_is_given_back_to_the_camera() -> None:
    device = ControlledDevice(values={cv2.CAP_PROP_AUTO_EXPOSURE: BY_HAND, cv2.CAP_PROP_EXPOSURE: 80.0})
    assert steps_exposure(opened(device), 0.0)
    assert device.state == (BY_ITSELF, 160.0)


def test_steps_count_from_what_the_camera_chose_and_are_put_back_with_the_last_frame() -> None:
    device = ControlledDevice().put(noise(1))
    camera = opened(device)
    frames = camera.frames()
    next(frames)
    for number, (stops, state) in enumerate(
        [(-1.0, (BY_HAND, 80.0)), (-0.5, (BY_HAND, 160 * 2**-0.5)), (0.0, (BY_ITSELF, 160.0)), (-1.0, (BY_HAND, 80.0))]
    ):
        assert steps_exposure(camera, stops)
        device.put(noise(10 * number + 2), noise(10 * number + 3))
        assert device.waiting_for_more.wait(5)
        assert device.state == state
    device.unblock()
    frames.close()  # type: ignore[attr-defined]
    assert device.state == (BY_ITSELF, 160.0)


@pytest.mark.parametrize(
    "device",
    [
        FakeCaptureDevice(),
        ControlledDevice(ignores=(cv2.CAP_PROP_EXPOSURE,)),
        ControlledDevice(refuses=(cv2.CAP_PROP_EXPOSURE,)),
        ControlledDevice(refuses=(cv2.CAP_PROP_AUTO_EXPOSURE,)),
        ControlledDevice(values={cv2.CAP_PROP_EXPOSURE: float("nan")}),
        ControlledDevice(values={cv2.CAP_PROP_EXPOSURE: -6.0}),
        ControlledDevice(values={cv2.CAP_PROP_AUTO_EXPOSURE: 0.0}),
    ],
    ids=["none", "ignored", "refused", "no manual", "no number", "other units", "no automatic"],
)
def test_a_camera_that_does_not_do_as_it_says_offers_nothing(device: FakeCaptureDevice) -> None:
    camera = opened(device)
    assert not steps_exposure(camera, 0.0)
    assert not steps_exposure(camera, -1.0)


def test_impossible_steps_and_closed_cameras_are_refused() -> None:
    camera = opened(ControlledDevice())
    assert not steps_exposure(camera, float("nan"))
    camera.close()
    assert not steps_exposure(camera, -1.0)


def test_a_camera_that_is_cut_and_turned_keeps_its_control() -> None:
    assert steps_exposure(DocumentCamera(opened(ControlledDevice()), FieldOfView(0.25)), -0.5)
    assert not steps_exposure(DocumentCamera(opened(FakeCaptureDevice()), FieldOfView(0.25)), -0.5)
