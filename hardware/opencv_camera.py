"""Cameras at this machine through OpenCV: USB and built-in ones. Network cameras are refused.

OpenCV's V4L2 layer goes on giving the last picture, or success without one, after some cameras are unplugged. So a
picture that equals the one before to the byte does not count, and a camera without a new one is lost.
"""

import os
import re
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.camera import (
    Camera,
    CameraBusyError,
    CameraError,
    CameraInfo,
    CameraLostError,
    CameraNotFoundError,
    CameraRefusedError,
    Frame,
)
from hardware.camera_identity import SYSTEM, CameraIdentity, demand_identity, refuse_virtual
from hardware.newest import HEARTBEAT_S, Shot, newest_frames
from hardware.opencv_exposure import CaptureDevice, ExposureKnob

_DEVICES, _SYSFS, _PROCESSES = Path("/dev"), Path("/sys/class/video4linux"), Path("/proc")
_MOST_STALE_FRAMES = 8
_WINDOWS_INDEXES = 5


def find_cameras(devices: Path = _DEVICES, sysfs: Path = _SYSFS) -> list[CameraInfo]:
    """List the cameras of this machine; sizes are 0 because asking for them would open the devices."""
    if sys.platform == "win32":
        return _find_windows_cameras()
    found = []
    for node in sorted(devices.glob("video[0-9]*"), key=lambda path: int(re.sub(r"\D", "", path.name) or 0)):
        if _first_line(sysfs / node.name / "index") not in ("", "0"):
            continue  # a second node of the same camera carries its metadata, no pictures
        name = _first_line(sysfs / node.name / "name") or node.name
        found.append(CameraInfo(name, "usb", str(node), 0, 0, 0.0))
    return found


def open_opencv_camera(
    address: str,
    width: int = 1280,
    height: int = 720,
    frames_per_s: float = 30.0,
    *,
    allowed: CameraIdentity | None = None,
    system: Path = SYSTEM,
    open_device: Callable[[str], CaptureDevice] | None = None,
    heartbeat_s: float = HEARTBEAT_S,
) -> Camera:
    """Open a camera by device path or number without reading a picture from it.

    The camera may choose another size; `info` tells. Raises `CameraRefusedError` for anything like an address in a
    network and for virtual cameras, and with `allowed` for any other than this one, `CameraNotFoundError`,
    `CameraBusyError`, or `CameraError`. `open_device` stands in for OpenCV in tests, `system` for `/sys`.
    """
    refuse_network(address)
    node = _node(address)
    if open_device is None:
        _check_node(node)
        open_device = _open_with_opencv
    _check_identity(node, allowed, system)
    device = open_device(str(node))
    if not device.isOpened():
        device.release()
        raise _why_not(node)
    try:
        _check_identity(node, allowed, system)  # held now: nothing can be put in its place any more
    except CameraError:
        device.release()
        raise
    for prop, value in _wishes(width, height, frames_per_s):
        device.set(prop, value)
    return OpenCvCamera(device, node, frames_per_s, heartbeat_s)


class OpenCvCamera:
    """Made by `open_opencv_camera`, which says what it does."""

    def __init__(self, device: CaptureDevice, node: Path, frames_per_s: float, heartbeat_s: float) -> None:
        self._device = device
        self._node = node
        self._heartbeat_s = heartbeat_s
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._reading = False
        self._released = False
        width, height = (int(device.get(prop)) for prop in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
        pace = float(device.get(cv2.CAP_PROP_FPS)) or frames_per_s
        name = _first_line(_SYSFS / node.name / "name") or node.name
        self._info = CameraInfo(name, "usb", str(node), width, height, pace)
        self._exposure = ExposureKnob(device)

    @property
    def info(self) -> CameraInfo:
        return self._info

    def frames(self) -> Iterator[Frame]:
        """Yield new pictures only, from now on: what the driver had buffered is thrown away first."""
        with self._lock:
            if self._closed.is_set():
                return
            if self._reading:
                raise CameraError(f"The camera {self._info.name} is being read already; stop that first.")
            self._reading = True
        reading = _Reading(self._device, self._node, self._info, self._heartbeat_s, self._closed, self._exposure)
        yield from newest_frames(
            reading.next_shot,
            self._closed,
            camera_name=self._info.name,
            heartbeat_s=1.5 * self._heartbeat_s,  # the reading thread knows more and speaks first
            release=self._stopped_reading,
        )

    def set_exposure(self, stops: float) -> bool:
        return not self._closed.is_set() and self._exposure.ask(stops)

    def close(self) -> None:
        self._closed.set()
        with self._lock:
            if not self._reading:
                self._release()

    def _stopped_reading(self) -> None:
        with self._lock:
            self._exposure.put_back()
            self._reading = False
            if self._closed.is_set():
                self._release()

    def _release(self) -> None:
        if not self._released:
            self._released = True
            self._device.release()


class _Reading:
    """One run of reading a device, in the reading thread."""

    def __init__(
        self,
        device: CaptureDevice,
        node: Path,
        info: CameraInfo,
        heartbeat_s: float,
        closed: threading.Event,
        exposure: ExposureKnob,
    ) -> None:
        self._device = device
        self._node = node
        self._info = info
        self._heartbeat_s = heartbeat_s
        self._closed = closed
        self._exposure = exposure
        self._before: NDArray[np.uint8] | None = None
        self._new_at_s = time.monotonic()

    def next_shot(self) -> Shot | None:
        """Block for a picture unlike the one before; None once closed."""
        if self._before is None:
            self._drop_stale()
        while not self._closed.is_set():
            self._exposure.turn()
            found, picture = self._device.read()
            at_s = time.monotonic()
            if not found or picture is None:
                raise self._lost("gives no more pictures")
            if self._before is None or not np.array_equal(picture, self._before):
                return self._accept(picture, at_s)
            if not self._node_is_there():
                raise self._lost("was unplugged")
            if at_s - self._new_at_s > self._heartbeat_s:
                raise self._lost("repeats its last picture")
        return None

    def _accept(self, picture: NDArray[np.uint8], at_s: float) -> Shot:
        if self._before is not None and picture.shape != self._before.shape:
            raise self._lost("has changed its resolution")
        self._before, self._new_at_s = picture.copy(), at_s
        way = cv2.COLOR_GRAY2RGB if picture.ndim == 2 else cv2.COLOR_BGR2RGB
        return cv2.cvtColor(picture, way), at_s

    def _drop_stale(self) -> None:
        """Throw away what was buffered before anybody looked: such pictures come without waiting."""
        at_once_s = 0.25 / max(self._info.frames_per_s, 1.0)
        for _ in range(_MOST_STALE_FRAMES):
            began_s = time.monotonic()
            if not self._device.grab() or time.monotonic() - began_s > at_once_s:
                return

    def _node_is_there(self) -> bool:
        return sys.platform == "win32" or not self._node.is_absolute() or self._node.exists()

    def _lost(self, what: str) -> CameraLostError:
        return CameraLostError(f"The camera {self._info.name} {what}; check its cable, then restart the terminal.")


def refuse_network(address: str) -> None:
    """Raise `CameraRefusedError` for whatever could make OpenCV open a connection."""
    if "://" in address or re.match(r"(?i)\s*(rtsps?|rtmps?|https?|udp|tcp|rtp|srt|ftp|file|gst)\s*:", address):
        raise CameraRefusedError(
            "Network cameras and addresses are refused; connect the camera to this terminal by USB."
        )


def holder_of(node: Path, processes: Path = _PROCESSES) -> str | None:
    """Return name and number of another process that has the device open, as far as this user may see."""
    for descriptors in processes.glob("[0-9]*/fd"):
        pid = descriptors.parent.name
        if pid == str(os.getpid()):
            continue
        try:
            if any(link.readlink() == node for link in descriptors.iterdir()):
                return f"{_first_line(descriptors.parent / 'comm') or 'a program'} (process {pid})"
        except OSError:
            continue  # ended meanwhile, or somebody else's
    return None


def _check_identity(node: Path, allowed: CameraIdentity | None, system: Path) -> None:
    refuse_virtual(node, system)
    if allowed is not None:
        demand_identity(node, allowed, system)


def _node(address: str) -> Path:
    """A number means the device of that number; a link is followed, for the kernel's name is the one in use."""
    if address.strip().isdigit():
        number = address.strip()
        return Path(number) if sys.platform == "win32" else _DEVICES / f"video{number}"
    return Path(address) if sys.platform == "win32" else Path(os.path.realpath(address))


def _check_node(node: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        is_device = stat.S_ISCHR(node.stat().st_mode)
    except OSError as error:
        raise CameraNotFoundError(
            f"There is no camera {node}; plug it in, or choose another with kiosk setup."
        ) from error
    if not is_device:
        raise CameraNotFoundError(f"{node} is no camera; a recording is opened as a recorded camera.")
    if not os.access(node, os.R_OK | os.W_OK):
        raise CameraError(f"This user may not use the camera {node}; add the user to the group video.")


def _open_with_opencv(node: str) -> CaptureDevice:
    if sys.platform != "win32":
        device: CaptureDevice = cv2.VideoCapture(node, cv2.CAP_V4L2)
        return device
    # Media Foundation can take tens of seconds to open a camera that DirectShow opens at once.
    direct: CaptureDevice = cv2.VideoCapture(int(node), cv2.CAP_DSHOW)
    if direct.isOpened():
        return direct
    foundation: CaptureDevice = cv2.VideoCapture(int(node), cv2.CAP_MSMF)
    return foundation


def _why_not(node: Path) -> CameraError:
    holder = holder_of(node)
    if holder is not None:
        return CameraBusyError(f"The camera {node} is used by {holder}; close that program.")
    return CameraError(f"The camera {node} does not open; unplug it and plug it in again.")


def _wishes(width: int, height: int, frames_per_s: float) -> Iterator[tuple[int, float]]:
    # Motion JPEG first: uncompressed, most USB cameras give 720 lines at 10 frames a second only.
    yield cv2.CAP_PROP_FOURCC, float(cv2.VideoWriter.fourcc(*"MJPG"))
    yield cv2.CAP_PROP_FRAME_WIDTH, width
    yield cv2.CAP_PROP_FRAME_HEIGHT, height
    yield cv2.CAP_PROP_FPS, frames_per_s
    yield cv2.CAP_PROP_BUFFERSIZE, 1


def _find_windows_cameras() -> list[CameraInfo]:
    found = []
    for index in range(_WINDOWS_INDEXES):
        device = _open_with_opencv(str(index))
        if device.isOpened():
            found.append(CameraInfo(f"camera {index}", "usb", str(index), 0, 0, 0.0))
        device.release()
    return found


def _first_line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
