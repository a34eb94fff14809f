"""What every camera is: something found, opened, and then read frame by frame.

Knows nothing of faces. A camera that stops giving new frames says so by an error, never by repeating itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from hardware.errors import HardwareError as HardwareError


class CameraError(HardwareError):
    """A camera could not be opened or stopped giving frames."""


class CameraNotFoundError(CameraError):
    """No such camera, file or folder."""


class CameraBusyError(CameraError):
    """Another program holds the camera."""


class CameraLostError(CameraError):
    """The camera was unplugged, froze, or repeats its last frame."""


class CameraRefusedError(CameraError):
    """This kind of camera is not allowed (network streams, virtual cameras)."""


class VirtualCameraError(CameraRefusedError):
    """A program gives the pictures, no lens."""


class ForeignCameraError(CameraRefusedError):
    """Another camera than the one that was recorded at setup, or one whose identity cannot be read."""


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """Identity of a camera as the system names it."""

    name: str
    kind: str
    """`usb`, `recorded` or `simulated`."""
    address: str
    """Device path, file path or a word; only for messages to IT."""
    width: int
    height: int
    frames_per_s: float


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture from a camera. Biometric sample only once it has been chosen (`FaceSample`)."""

    pixels: NDArray[np.uint8]
    """(height, width, 3) uint8, RGB."""
    captured_at_s: float
    """Monotonic clock, seconds."""
    sequence: int
    """Counts up from 0 without gaps as the camera delivers."""


class Camera(Protocol):
    """Open on construction by its `find`/`open_…` function; `frames()` blocks until the next frame."""

    @property
    def info(self) -> CameraInfo:
        """Identity and actual resolution."""

    def frames(self) -> Iterator[Frame]:
        """Yield frames at the camera's own pace, newest first after a pause; raise `CameraLostError`."""

    def close(self) -> None:
        """Release the device; safe to call twice, and from another thread while `frames()` waits."""


@runtime_checkable
class ExposureControl(Protocol):
    """What a camera offers besides where its exposure can be set."""

    def set_exposure(self, stops: float) -> bool:
        """Set the exposure this far from its usual from one of the next frames on; 0 puts it back to the usual.

        False where the camera cannot do it. Safe to call from another thread while `frames()` waits.
        """
