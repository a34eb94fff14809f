"""Reads a camera in one thread and looks at its newest frame in another, so that analysis never slows the preview."""

import threading
from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.camera import Camera, Frame, HardwareError
from kiosk.errors import KioskError
from kiosk.runtime.frames import FrameMemory

_PREVIEW_MAX_WIDTH, _PREVIEW_MAX_HEIGHT = 1920, 1080


class Capture:
    """Runs from `start()` to `stop()`; frames that came while the analysis was busy are skipped."""

    def __init__(
        self,
        camera: Camera,
        preview: FrameMemory,
        analyse: Callable[[Frame], None],
        on_lost: Callable[[str], None],
        before_preview: Callable[[NDArray[np.uint8], int], NDArray[np.uint8]] = lambda pixels, _: pixels,
    ) -> None:
        """`before_preview` gets each preview picture and the width of the whole frame, and may return another."""
        self._camera = camera
        self._preview = preview
        self._analyse = analyse
        self._on_lost = on_lost
        self._before_preview = before_preview
        self._newest: Frame | None = None
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin to read; nothing happens if it runs already."""
        if self._threads:
            return
        self._stopping.clear()
        self._threads = [
            threading.Thread(target=self._read, name="capture", daemon=True),
            threading.Thread(target=self._look, name="analysis", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Stop reading, wait for both threads, and forget every frame, the preview included."""
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()
        self._threads.clear()
        self._newest = None
        self._preview.wipe()

    def _read(self) -> None:
        try:
            for frame in self._camera.frames():
                if self._stopping.is_set():
                    return
                self._publish(frame)
            sentence = "The camera gives no more frames."
        except (HardwareError, KioskError) as error:
            sentence = str(error)
        if not self._stopping.is_set():
            self._on_lost(sentence)

    def _publish(self, frame: Frame) -> None:
        picture = self._before_preview(_preview_size(frame), frame.pixels.shape[1])
        self._preview.write(picture, frame.sequence, frame.captured_at_s)
        with self._changed:
            self._newest = frame
            self._changed.notify_all()

    def _look(self) -> None:
        while (frame := self._take_newest()) is not None:
            self._analyse(frame)

    def _take_newest(self) -> Frame | None:
        with self._changed:
            self._changed.wait_for(lambda: self._newest is not None or self._stopping.is_set())
            frame, self._newest = self._newest, None
        return None if self._stopping.is_set() else frame


def _preview_size(frame: Frame) -> NDArray[np.uint8]:
    height, width = frame.pixels.shape[:2]
    if width <= _PREVIEW_MAX_WIDTH and height <= _PREVIEW_MAX_HEIGHT:
        return frame.pixels
    scale = min(_PREVIEW_MAX_WIDTH / width, _PREVIEW_MAX_HEIGHT / height)
    smaller: NDArray[np.uint8] = cv2.resize(frame.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return smaller
