"""Pictures that take the camera's place: a recorded visit, an injected clip, a face drawn over another in real time.

No sensor sees these; what noise they have is their own.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.simulated.cues import Cue
from hardware.simulated.dressing import OVAL, area
from hardware.simulated.living import Bearing
from hardware.simulated.look import SubjectLook
from hardware.simulated.motion import settling
from hardware.simulated.portrait import Sitter
from hardware.simulated.renderer import SubjectRenderer
from hardware.simulated.sensor import Sensor, SensorState
from hardware.simulated.visit import EarlierVisit, random_colour

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]


class InjectedLight(StrEnum):
    """In what light the injected face stands while the screen shines in colours."""

    NONE = "none"
    GUESSED = "guessed"
    """Colours of its own, one after the other."""
    LATE = "late"
    """The right colours, as late as it takes to see and to draw them."""


@dataclass(frozen=True, slots=True)
class InjectedStream:
    """How the clip is made."""

    light: InjectedLight = InjectedLight.NONE
    late_s: float = 0.6
    repeats: int = 1
    """How often each picture is given; more than 1 where the clip is slower than the camera."""


def random_stream(rng: np.random.Generator) -> InjectedStream:
    kinds = tuple(InjectedLight)
    return InjectedStream(
        light=kinds[int(rng.integers(len(kinds)))],
        late_s=float(rng.uniform(0.45, 1.2)),
        repeats=int(rng.choice([1, 1, 2, 3])),
    )


class RecordedVisit:
    """All pictures of an earlier visit, with the noise of the camera then, over and over."""

    def __init__(self, subject: SubjectRenderer, look: SubjectLook, seed: int) -> None:
        self._subject = subject
        self._bearing = Bearing(look, seed, subject.size)
        self._visit = EarlierVisit(seed)
        self._sensor = Sensor(*subject.size)
        self._level = look.room.level
        self._seed = seed
        self._number = 0
        self._began_s: float | None = None

    def at(self, at_s: float, cue: Cue, light: FloatArray | None) -> PixelArray:  # noqa: ARG002 - a recording asks nobody
        self._began_s = at_s if self._began_s is None else self._began_s
        self._number += 1
        then_cue, then_light = self._visit.at(at_s)
        scene = self._subject.scene(self._bearing.pose_at(at_s, then_cue), then_light)
        state = settling(5.0 + at_s - self._began_s)
        return self._sensor.expose(scene, replace(state, gain=state.gain * self._level), self._seed + self._number)


class Injection:
    """Drawn faces without a flaw, that answer gestures live."""

    def __init__(self, subject: SubjectRenderer, look: SubjectLook, seed: int, stream: InjectedStream) -> None:
        self._subject = subject
        self._bearing = Bearing(look, seed, subject.size)
        self._stream = stream
        self._seed = seed
        self._given = 0
        self._picture: PixelArray | None = None
        self._seen: list[tuple[float, FloatArray | None]] = []

    def at(self, at_s: float, cue: Cue, light: FloatArray | None) -> PixelArray:
        pose = self._bearing.pose_at(at_s, Cue.PRESENT if cue is Cue.ABSENT else cue)
        shown = self._light(at_s, light)
        if self._picture is None or self._given % self._stream.repeats == 0:
            self._picture = self._subject.scene(pose, shown)
        self._given += 1
        return self._picture

    def _light(self, at_s: float, light: FloatArray | None) -> FloatArray | None:
        match self._stream.light:
            case InjectedLight.NONE:
                return None
            case InjectedLight.GUESSED:
                return None if light is None else random_colour((self._seed, int(at_s / 0.4)))
            case InjectedLight.LATE:
                self._seen.append((at_s, light))
                while len(self._seen) > 1 and self._seen[1][0] <= at_s - self._stream.late_s:
                    del self._seen[0]
                return self._seen[0][1]
            case unknown:
                assert_never(unknown)


class Puppet:
    """Somebody sits before their own camera, and the subject's face is drawn over theirs: no light of this screen."""

    def __init__(self, puppet: SubjectRenderer, look: SubjectLook, seed: int, delay_s: float) -> None:
        """`puppet` is the renderer of the subject whose canvas went through `redrawn`."""
        self._puppet = puppet
        self._bearing = Bearing(replace(look, reaction_s=look.reaction_s + delay_s), seed, puppet.size)
        self._sensor = Sensor(*puppet.size, noise=1.6)
        self._level = look.room.level
        self._seed = seed
        self._number = 0

    def at(self, at_s: float, cue: Cue, light: FloatArray | None) -> PixelArray:  # noqa: ARG002 - the light of another room
        self._number += 1
        pose = self._bearing.pose_at(at_s, Cue.PRESENT if cue is Cue.ABSENT else cue)
        # The drawn face never sits quite still on the tracked one.
        shake = np.random.default_rng((self._seed, self._number)).normal(0, 1, 3)
        shaken = replace(
            pose,
            head_x_px=pose.head_x_px + 0.5 * float(shake[0]),
            head_y_px=pose.head_y_px + 0.5 * float(shake[1]),
            yaw_deg=pose.yaw_deg + 0.15 * float(shake[2]),
        )
        state = SensorState(gain=self._level)
        return self._sensor.expose(self._puppet.scene(shaken), state, self._seed + self._number)


def redrawn(sitter: Sitter) -> Sitter:
    """Return the person with the face that a network draws: soft, and with a seam where it ends."""
    layer = sitter.layer.copy()
    colour = np.ascontiguousarray(layer[..., :3])
    soft = cv2.GaussianBlur(cv2.bilateralFilter(colour, -1, 18, 4), (0, 0), 1.3).astype(np.float32)
    share = cv2.GaussianBlur(area(sitter.landmarks, OVAL, layer.shape), (0, 0), 3.0)[..., None]
    seam = 4 * share * (1 - share)
    layer[..., :3] = np.clip(colour + share * (1.03 * soft - colour) - 5 * seam, 0, 255).astype(np.uint8)
    return replace(sitter, layer=layer)
