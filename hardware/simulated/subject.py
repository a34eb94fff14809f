"""The simulated capture subject as a camera: answers cues in real time, like a person before a terminal.

Landmarks come from the caller, since `hardware` knows no face models.
"""

import threading
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hardware.camera import CameraError, CameraInfo, Frame
from hardware.newest import Shot, newest_frames
from hardware.simulated.cues import CuePort
from hardware.simulated.motion import SubjectMotion, settling
from hardware.simulated.portrait import MARGIN_PX
from hardware.simulated.renderer import SubjectRenderer


class SimulatedSubjectCamera:
    """A `Camera` that sees one portrait as a moving person.

    Frames are drawn at the frame rate in a thread that runs only while `frames()` is iterated; a frame that would be
    late is left out. `frames()` may be iterated again later; it ends after `close()`.
    """

    def __init__(
        self,
        portrait_rgb: NDArray[np.uint8],
        landmarks: NDArray[np.float32],
        cues: CuePort,
        *,
        width: int = 1280,
        height: int = 720,
        frames_per_s: float = 30.0,
        seed: int | None = None,
        reaction_s: float = 0.5,
        name: str = "simulated subject",
    ) -> None:
        """Take an (h, w, 3) RGB portrait and its (478, 3) landmarks in pixels; raise `CameraError` for others."""
        if not 1 <= frames_per_s <= 120 or not 320 <= width <= 3840 or not 240 <= height <= 2160:
            raise CameraError(f"A simulated camera cannot give {width}×{height} at {frames_per_s:g} frames a second.")
        try:
            self._renderer = SubjectRenderer(portrait_rgb, landmarks, width=width, height=height)
        except ValueError as error:
            raise CameraError(str(error)) from error
        self._info = CameraInfo(name, "simulated", name, width, height, frames_per_s)
        self._cues = cues
        self._seed = int(np.random.default_rng().integers(1 << 31)) if seed is None else seed
        self._reaction_s = reaction_s
        self._closed = threading.Event()

    @property
    def info(self) -> CameraInfo:
        return self._info

    def frames(self) -> Iterator[Frame]:
        """Yield frames from now on; the camera finds exposure and focus first."""
        shoot = _Shooting(self._renderer, self._cues, self._seed, self._reaction_s, self._info, self._closed)
        yield from newest_frames(shoot.next_shot, self._closed, camera_name=self._info.name, heartbeat_s=10.0)

    def close(self) -> None:
        self._closed.set()


class _Shooting:
    """One run of the camera, from switching on to closing."""

    def __init__(
        self,
        renderer: SubjectRenderer,
        cues: CuePort,
        seed: int,
        reaction_s: float,
        info: CameraInfo,
        closed: threading.Event,
    ) -> None:
        self._renderer = renderer
        self._cues = cues
        self._seed = seed
        self._period_s = 1 / info.frames_per_s
        self._closed = closed
        self._started_s = time.monotonic()
        gone_px = info.width + 2.0 * MARGIN_PX
        self._motion = SubjectMotion(seed, reaction_s, self._started_s, cues.current(), gone_px=gone_px)
        self._number = 0

    def next_shot(self) -> Shot | None:
        """Wait until the next frame is due and draw what is to be seen then; None once closed."""
        passed = int((time.monotonic() - self._started_s) / self._period_s)
        self._number = max(self._number + 1, passed)
        due_s = self._started_s + self._number * self._period_s
        if self._closed.wait(max(0.0, due_s - time.monotonic())):
            return None
        pose = self._motion.pose_at(due_s, self._cues.current())
        sensor = settling(due_s - self._started_s)
        return self._renderer.render(pose, self._seed + self._number, sensor), due_s
