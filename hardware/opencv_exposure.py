"""A camera's exposure through OpenCV, where the driver lets it be set: steps away from what the camera chose itself.

While nothing is asked, the camera's own control is at work. Turned in the thread that reads, between two pictures: a
driver must not be spoken to from two threads.
"""

import math
import sys
from typing import Any, Protocol

import cv2

_BY_HAND, _BY_ITSELF = 1.0, 3.0  # V4L2_EXPOSURE_MANUAL, V4L2_EXPOSURE_APERTURE_PRIORITY
_TOLERANCE_STOPS = 0.25


class CaptureDevice(Protocol):
    """The part of `cv2.VideoCapture` that is used."""

    def isOpened(self) -> bool: ...
    def set(self, prop: int, value: float) -> bool: ...
    def get(self, prop: int) -> float: ...
    def grab(self) -> bool: ...
    def read(self) -> tuple[bool, Any]: ...
    def release(self) -> None: ...


class ExposureKnob:
    """Tries the device once at the beginning; what does not do as it says is left alone for good."""

    def __init__(self, device: CaptureDevice) -> None:
        self._device = device
        self._usual = math.nan
        self._asked = self._set = 0.0
        self._works = self._try()

    def ask(self, stops: float) -> bool:
        """Ask for an exposure this far from the usual; 0 lets the camera choose again. False where it cannot."""
        if not self._works or not math.isfinite(stops):
            return False
        self._asked = stops
        return True

    def turn(self) -> None:
        """Do what was asked; call it in the thread that reads."""
        asked = self._asked
        if asked == self._set:
            return
        if asked == 0.0:
            self._device.set(cv2.CAP_PROP_AUTO_EXPOSURE, _BY_ITSELF)
        else:
            if self._set == 0.0:
                self._usual = self._device.get(cv2.CAP_PROP_EXPOSURE)
                self._device.set(cv2.CAP_PROP_AUTO_EXPOSURE, _BY_HAND)
            self._device.set(cv2.CAP_PROP_EXPOSURE, self._usual * 2.0**asked)
        self._set = asked

    def put_back(self) -> None:
        """Let the camera choose again, at once."""
        self._asked = 0.0
        self.turn()

    def _try(self) -> bool:
        """Halve the exposure and look whether the driver says so; no picture is read for it."""
        if sys.platform == "win32":
            return False  # DirectShow counts exposure in other units; the kiosk does not run there
        device = self._device
        if device.get(cv2.CAP_PROP_AUTO_EXPOSURE) == _BY_HAND:
            # A kiosk that was killed in the middle of a step could not put it back, and a camera remembers.
            device.set(cv2.CAP_PROP_AUTO_EXPOSURE, _BY_ITSELF)
        before = device.get(cv2.CAP_PROP_EXPOSURE)
        if not (math.isfinite(before) and before >= 2 and device.get(cv2.CAP_PROP_AUTO_EXPOSURE) == _BY_ITSELF):
            return False
        took = device.set(cv2.CAP_PROP_AUTO_EXPOSURE, _BY_HAND) and device.set(cv2.CAP_PROP_EXPOSURE, before / 2)
        after = device.get(cv2.CAP_PROP_EXPOSURE)
        device.set(cv2.CAP_PROP_EXPOSURE, before)
        restored = device.set(cv2.CAP_PROP_AUTO_EXPOSURE, _BY_ITSELF)
        return took and restored and after > 0 and abs(math.log2(after / before) + 1) <= _TOLERANCE_STOPS
