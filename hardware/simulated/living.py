"""A living capture subject as a scene: somebody who reacts to the cues of the screen and stands in its light."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.simulated.cues import Cue
from hardware.simulated.dressing import Dress, dressed, in_a_document
from hardware.simulated.look import SubjectLook
from hardware.simulated.motion import SubjectMotion, added, ease, scaled
from hardware.simulated.portrait import MARGIN_PX, Sitter
from hardware.simulated.pose import FacePose
from hardware.simulated.renderer import SubjectRenderer

FloatArray = NDArray[np.float32]
PixelArray = NDArray[np.uint8]

GESTURES = frozenset(Cue) - {Cue.ABSENT, Cue.PRESENT}


@dataclass(frozen=True, slots=True)
class Portrait:
    """A person to be shown."""

    pixels: PixelArray
    """(height, width, 3) uint8 RGB."""
    landmarks: FloatArray
    """(478, 3) in its pixels."""

    def document(self, look: SubjectLook) -> PixelArray:
        """Return the (height, width, 3) portrait in this person's document: the same skin and dress, and no glare."""
        return in_a_document(self.pixels, self.landmarks, look.dress)

    def undressed(self, look: SubjectLook, size: tuple[int, int]) -> SubjectRenderer:
        """Make the person stand there with nothing of the look but its room and place."""
        return self.renderer(replace(look, dress=Dress()), size)

    def renderer(
        self, look: SubjectLook, size: tuple[int, int], retouch: Callable[[Sitter], Sitter] = lambda sitter: sitter
    ) -> SubjectRenderer:
        """Make the person stand before the camera; raise `ValueError` for arrays of another shape."""
        return SubjectRenderer(
            self.pixels,
            self.landmarks,
            width=size[0],
            height=size[1],
            room=look.room,
            inter_eye_px=look.inter_eye_px,
            retouch=lambda sitter: retouch(dressed(sitter, look.dress)),
        )


class Scene(Protocol):
    """What is before the camera. Asked at rising times; the same course of questions gets the same pictures."""

    def at(self, at_s: float, cue: Cue, light: FloatArray | None) -> PixelArray:
        """Return the (height, width, 3) RGB scene before the sensor; `light` is linear, None for the usual picture."""


class Bearing:
    """How a person of a look holds themselves, cue after cue, from the first time they are asked about."""

    def __init__(self, look: SubjectLook, seed: int, size: tuple[int, int]) -> None:
        self._look = look
        self._seed = seed
        self._gone_px = size[0] + 2.0 * MARGIN_PX
        self._motion: SubjectMotion | None = None

    def pose_at(self, at_s: float, cue: Cue) -> FacePose:
        """Return the pose at a time, having been told the cue that stands then."""
        look = self._look
        if self._motion is None:
            self._motion = SubjectMotion(self._seed, look.reaction_s, at_s, cue, gone_px=self._gone_px)
            self._came_s = at_s
        if cue is Cue.ABSENT:
            self._came_s = at_s
        settled = ease((at_s - self._came_s) / look.settles_s)
        return added(self._motion.pose_at(at_s, cue), scaled(look.start, 1 - (1 - look.stays) * settled))


class LivingSubject:
    """The bona fide scene."""

    def __init__(self, renderer: SubjectRenderer, look: SubjectLook, seed: int) -> None:
        self.renderer = renderer
        self._bearing = Bearing(look, seed, renderer.size)

    def at(self, at_s: float, cue: Cue, light: FloatArray | None) -> PixelArray:
        return self.renderer.scene(self._bearing.pose_at(at_s, cue), light)

    def follow(self, at_s: float, cue: Cue) -> None:
        """Hear the cue without being seen."""
        self._bearing.pose_at(at_s, cue)
