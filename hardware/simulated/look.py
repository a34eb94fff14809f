"""How one visit of a capture subject differs from another: light, place, start, and what they wear. Drawn at random."""

from dataclasses import dataclass, field

import numpy as np

from hardware.simulated.dressing import Colour, Dress
from hardware.simulated.light import Room
from hardware.simulated.portrait import INTER_EYE_PX
from hardware.simulated.pose import FacePose

_CLOTHS: tuple[Colour, ...] = ((58, 66, 110), (136, 52, 60), (40, 92, 84), (92, 88, 84), (170, 150, 120))


@dataclass(frozen=True, slots=True)
class SubjectLook:
    """At its defaults the portrait as it is, in an ordinary office."""

    room: Room = field(default_factory=Room)
    inter_eye_px: float = INTER_EYE_PX
    """How near they stand, for a picture of 1280 × 720."""
    start: FacePose = field(default_factory=FacePose)
    """Off the usual place and pose at first; most of it is gone after `settles_s`."""
    stays: float = 0.0
    """The share of `start` that stays."""
    settles_s: float = 1.5
    dress: Dress = field(default_factory=Dress)
    reaction_s: float = 0.5


def random_look(rng: np.random.Generator) -> SubjectLook:
    """Draw a bona fide subject as they come to an ordinary branch.

    One in four wears spectacles, half of them with glare; one in five a beard, one in six a headscarf. All have come
    near enough: who has not is asked to, and nobody here can read that.
    """
    spectacles, beard, headscarf = rng.random() < 0.25, rng.random() < 0.2, rng.random() < 1 / 6
    room = Room(
        screen_share=float(rng.uniform(0.15, 0.28)),
        side=float(rng.uniform(-0.3, 0.3)),
        from_above=float(rng.uniform(0, 0.2)),
        level=float(rng.uniform(0.72, 1.0)),
    )
    start = FacePose(
        yaw_deg=float(rng.uniform(-12, 12)),
        pitch_deg=float(rng.uniform(-6, 6)),
        roll_deg=float(rng.uniform(-5, 5)),
        body_x_px=float(rng.uniform(-60, 60)),
        body_y_px=float(rng.uniform(-15, 25)),
    )
    dress = Dress(
        skin=float(rng.uniform(0.4, 1.0)),
        spectacles=spectacles,
        glare=float(rng.uniform(0.2, 0.6)) if spectacles and rng.random() < 0.5 else 0.0,
        beard=beard and not headscarf,
        headscarf=_CLOTHS[int(rng.integers(len(_CLOTHS)))] if headscarf else None,
    )
    return SubjectLook(
        room=room,
        inter_eye_px=float(rng.uniform(124, 160)),
        start=start,
        stays=float(rng.uniform(0, 0.4)),
        settles_s=float(rng.uniform(0.8, 2.0)),
        dress=dress,
        reaction_s=float(rng.uniform(0.35, 0.8)),
    )
