"""The simulated capture subject as a camera: answers cues in real time, like a person before a terminal.

An attack presentation is the same camera with something else before it, or in its place. Landmarks come from the
caller, since `hardware` knows no face models.
"""

import threading
import time
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from hardware.camera import CameraError, CameraInfo, Frame
from hardware.newest import Shot, newest_frames
from hardware.simulated.casting import attack_take
from hardware.simulated.cues import CuePort
from hardware.simulated.living import LivingSubject, Portrait
from hardware.simulated.look import SubjectLook
from hardware.simulated.renderer import SubjectRenderer
from hardware.simulated.species import AttackSpecies
from hardware.simulated.take import SimulatedTake


class SimulatedSubjectCamera:
    """A `Camera` that sees one portrait as a moving person, or an attack in that person's name.

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
        light_lag_s: float = 0.08,
        attack: AttackSpecies | None = None,
        other: Portrait | None = None,
    ) -> None:
        """Take an (h, w, 3) RGB portrait and its (478, 3) landmarks in pixels; raise `CameraError` for others.

        `other` is the second person of an attack that needs one; without, the subject stands in.
        """
        if not 1 <= frames_per_s <= 120 or not 320 <= width <= 3840 or not 240 <= height <= 2160:
            raise CameraError(f"A simulated camera cannot give {width}×{height} at {frames_per_s:g} frames a second.")
        self._info = CameraInfo(name, "simulated", name, width, height, frames_per_s)
        self._cues = cues
        self._seed = int(np.random.default_rng().integers(1 << 31)) if seed is None else seed
        self._look = SubjectLook(reaction_s=reaction_s)
        self._lag_s = light_lag_s
        self._closed = threading.Event()
        subject, size = Portrait(portrait_rgb, landmarks), (width, height)
        try:
            if attack is None:
                self._renderer: SubjectRenderer | None = subject.renderer(self._look, size)
                self._take = self._bona_fide()
            else:
                self._renderer = None
                self._take = attack_take(attack, subject, other or subject, self._seed, self._look, size, light_lag_s)
        except ValueError as error:
            raise CameraError(str(error)) from error

    @property
    def info(self) -> CameraInfo:
        return self._info

    def frames(self) -> Iterator[Frame]:
        """Yield frames from now on; the camera finds exposure and focus first."""
        if self._renderer is not None:
            self._take = self._bona_fide()
        shoot = _Shooting(self._take, self._cues, self._info, self._closed)
        yield from newest_frames(shoot.next_shot, self._closed, camera_name=self._info.name, heartbeat_s=10.0)

    def set_exposure(self, stops: float) -> bool:
        """Expose so many stops more than usual from the next frames on; what replaces a camera does not follow."""
        return self._take.set_exposure(stops)

    def close(self) -> None:
        self._closed.set()

    def _bona_fide(self) -> SimulatedTake:
        """Return the subject as they stand when the camera is switched on."""
        assert self._renderer is not None
        living = LivingSubject(self._renderer, self._look, self._seed)
        return SimulatedTake(living, self._renderer.size, self._seed, light_lag_s=self._lag_s)


class _Shooting:
    """One run of the camera, from switching on to closing."""

    def __init__(self, take: SimulatedTake, cues: CuePort, info: CameraInfo, closed: threading.Event) -> None:
        self._take = take
        self._cues = cues
        self._period_s = 1 / info.frames_per_s
        self._closed = closed
        self._started_s = time.monotonic()
        self._number = 0

    def next_shot(self) -> Shot | None:
        """Wait until the next frame is due and draw what is to be seen then; None once closed."""
        passed = int((time.monotonic() - self._started_s) / self._period_s)
        self._number = max(self._number + 1, passed)
        due_s = self._started_s + self._number * self._period_s
        if self._closed.wait(max(0.0, due_s - time.monotonic())):
            return None
        return self._take.picture_at(due_s, self._cues.current(), self._cues.light()), due_s
