"""Reads a camera in a thread of its own, so that whoever looks always gets the newest picture and never an old one.

It neither opens nor closes devices; what a picture is and when the stream is over, the camera says.
"""

import threading
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from hardware.camera import CameraLostError, Frame

Shot = tuple[NDArray[np.uint8], float]
"""(height, width, 3) RGB and the monotonic time of its capture in seconds."""

HEARTBEAT_S = 2.0
_JOIN_S = 1.0


def newest_frames(
    capture: Callable[[], Shot | None],
    closed: threading.Event,
    *,
    camera_name: str,
    heartbeat_s: float = HEARTBEAT_S,
    release: Callable[[], None] = lambda: None,
) -> Iterator[Frame]:
    """Yield the newest shot whenever there is one not yet seen.

    `capture` blocks for the next shot and returns None at the end. Ends when it does or when `closed` is set;
    raises what `capture` raises, or `CameraLostError` when it gives nothing for `heartbeat_s`. `release` is
    called by the reading thread once it no longer reads: a device must not be released under a pending read.
    """
    slot = _Slot(capture, closed, release)
    thread = threading.Thread(target=slot.fill, name=f"camera {camera_name}", daemon=True)
    thread.start()
    try:
        sequence = 0
        while (shot := slot.take(heartbeat_s, camera_name)) is not None:
            yield Frame(shot[0], shot[1], sequence)
            sequence += 1
    finally:
        slot.stop()
        thread.join(_JOIN_S)


class _Slot:
    """Holds one shot: the newest."""

    def __init__(self, capture: Callable[[], Shot | None], closed: threading.Event, release: Callable[[], None]):
        self._capture = capture
        self._closed = closed
        self._release = release
        self._changed = threading.Condition()
        self._shot: Shot | None = None
        self._error: BaseException | None = None
        self._over = False

    def fill(self) -> None:
        """Run in the reading thread until the end."""
        try:
            while not self._over and not self._closed.is_set():
                shot = self._capture()
                with self._changed:
                    if shot is None:
                        break
                    self._shot = shot
                    self._changed.notify()
        except BaseException as error:
            self._error = error
        finally:
            self._release()
            self.stop()

    def take(self, heartbeat_s: float, camera_name: str) -> Shot | None:
        """Wait for a shot not yet taken; None at the end."""
        with self._changed:
            alive = self._changed.wait_for(lambda: self._shot is not None or self._over, heartbeat_s)
            if not alive and not self._closed.is_set():
                raise CameraLostError(
                    f"The camera {camera_name} has given no new picture for {heartbeat_s:g} s; "
                    "check its cable, then restart the terminal."
                )
            if self._closed.is_set():
                return None
            shot, self._shot = self._shot, None
            if shot is None and self._error is not None:
                raise self._error
            return shot

    def stop(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
