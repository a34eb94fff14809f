"""A capture device without a camera: what `cv2.VideoCapture` shows of one, driven by the test."""

import queue
import threading
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def noise(seed: int, width: int = 64, height: int = 48) -> NDArray[np.uint8]:
    """Return a BGR picture unlike that of any other seed."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


class FakeCaptureDevice:
    """Gives the pictures put into it; `None` is a failed read. Blocks like a driver while there is nothing."""

    def __init__(self, width: int = 64, height: int = 48, *, opens: bool = True) -> None:
        self.reads = 0
        self.grabs = 0
        self.releases = 0
        self.waiting_for_more = threading.Event()
        self._opens = opens
        self._gone = threading.Event()
        self._pictures: queue.Queue[NDArray[np.uint8] | None] = queue.Queue()
        self._last: NDArray[np.uint8] | None = None
        self._sticks = False
        self._values: dict[int, float] = {
            cv2.CAP_PROP_FRAME_WIDTH: width,
            cv2.CAP_PROP_FRAME_HEIGHT: height,
            cv2.CAP_PROP_FPS: 30.0,
        }
        self.wishes: dict[int, float] = {}

    def put(self, *pictures: NDArray[np.uint8] | None) -> "FakeCaptureDevice":
        for picture in pictures:
            self.waiting_for_more.clear()
            self._pictures.put(picture)
        return self

    def stick(self) -> "FakeCaptureDevice":
        """From the end of what was put in, give the last picture for ever, as V4L2 does."""
        self._sticks = True
        return self

    def isOpened(self) -> bool:
        return self._opens

    def set(self, prop: int, value: float) -> bool:
        self.wishes[prop] = value
        return True

    def get(self, prop: int) -> float:
        return self._values.get(prop, 0.0)

    def grab(self) -> bool:
        self.grabs += 1
        return False  # nothing was buffered

    def read(self) -> tuple[bool, Any]:
        self.reads += 1
        while not self._gone.is_set():
            try:
                self._last = self._pictures.get(timeout=0.005)
            except queue.Empty:
                self.waiting_for_more.set()
                if not self._sticks:
                    continue
            return self._last is not None, self._last
        return False, None

    def release(self) -> None:
        self.releases += 1
        self._gone.set()

    def unblock(self) -> None:
        """End a read that waits, as a driver's own time-out would."""
        self._gone.set()
