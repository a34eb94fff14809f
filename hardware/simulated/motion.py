"""How a person moves in answer to a cue, as functions of time; nothing is drawn and no clock is read here."""

from dataclasses import dataclass, fields
from typing import assert_never

import numpy as np

from hardware.simulated.cues import Cue
from hardware.simulated.pose import FacePose
from hardware.simulated.sensor import SensorState

TURN_DEG = 24.0
REPEAT_AFTER_S = 2.6
"""A person whose gesture was not noticed tries again."""
_WALK_S = 1.1
_LET_GO_S = 0.35
_SPONTANEOUS_BLINK_S = 0.18
_BLINK_EVERY_S = 5.0


@dataclass(frozen=True, slots=True)
class Envelope:
    """Rise, hold and fall of a gesture, in seconds."""

    rise_s: float
    hold_s: float
    fall_s: float

    @property
    def duration_s(self) -> float:
        return self.rise_s + self.hold_s + self.fall_s

    def at(self, since_s: float) -> float:
        """Return 0…1, smooth at every corner and 0 outside."""
        if since_s <= 0 or since_s >= self.duration_s:
            return 0.0
        rising = since_s / self.rise_s
        falling = (self.duration_s - since_s) / self.fall_s
        return ease(min(rising, falling, 1.0))


_TURN = Envelope(0.45, 0.6, 0.45)
_BLINK = Envelope(0.09, 0.14, 0.11)
_MOUTH = Envelope(0.25, 0.4, 0.25)
_SMILE = Envelope(0.3, 0.6, 0.35)


@dataclass(frozen=True, slots=True)
class GestureMotion:
    """One performance of a cue, from the moment the person begins; done again every `REPEAT_AFTER_S`."""

    cue: Cue

    def pose(self, since_s: float) -> FacePose:
        """Return the pose `since_s` after the beginning."""
        if since_s < 0:
            return FacePose()
        again_s = since_s % REPEAT_AFTER_S
        match self.cue:
            case Cue.ABSENT | Cue.PRESENT:
                return FacePose()
            case Cue.TURN_LEFT:
                return _turn(_TURN.at(again_s))
            case Cue.TURN_RIGHT:
                return _turn(-_TURN.at(again_s))
            case Cue.BLINK:
                return FacePose(blink=_BLINK.at(again_s))
            case Cue.OPEN_MOUTH:
                return FacePose(mouth_open=_MOUTH.at(again_s), pitch_deg=1.5 * _MOUTH.at(again_s))
            case Cue.SMILE:
                return FacePose(smile=_SMILE.at(again_s))
            case unknown:
                assert_never(unknown)


@dataclass(frozen=True, slots=True)
class IdleMotion:
    """What nobody can help: breathing, sway, small turns of the head and a blink now and then."""

    seed: int

    def pose(self, at_s: float) -> FacePose:
        """Return the small motion at a time; the same seed moves in the same way."""
        phase = np.random.default_rng(self.seed).uniform(0, 2 * np.pi, 8)

        def swing(index: int, period_s: float) -> float:
            slow, quick = 2 * np.pi * at_s / period_s, 2 * np.pi * at_s / (0.38 * period_s)
            return float(0.75 * np.sin(slow + phase[index]) + 0.25 * np.sin(quick + 2 * phase[index]))

        breath = swing(6, 3.8)
        return FacePose(
            yaw_deg=1.3 * swing(0, 5.3),
            pitch_deg=0.9 * swing(1, 4.1),
            roll_deg=0.7 * swing(2, 6.7),
            blink=self._spontaneous_blink(at_s),
            head_x_px=2.5 * swing(3, 4.9),
            head_y_px=1.5 * swing(4, 3.7),
            body_x_px=3.0 * swing(5, 7.3),
            body_y_px=1.4 * breath + 1.0,
        )

    def _spontaneous_blink(self, at_s: float) -> float:
        spell = int(at_s // _BLINK_EVERY_S)
        starts_s = spell * _BLINK_EVERY_S + np.random.default_rng((self.seed, spell)).uniform(0.8, 4.0)
        third = _SPONTANEOUS_BLINK_S / 3
        return 0.9 * Envelope(third, third, third).at(at_s - starts_s)


class SubjectMotion:
    """A person in front of the camera: reacts to each new cue after a moment, then does it.

    Tell it the cue at rising times; it keeps what it is doing and since when.
    """

    def __init__(self, seed: int, reaction_s: float, at_s: float, first: Cue, *, gone_px: float = 1500.0) -> None:
        """Start with a cue at a time in seconds; `gone_px` is how far aside the subject is out of sight."""
        self._gone_px = gone_px
        self._idle = IdleMotion(seed)
        self._reaction_s = reaction_s
        self._asked = first
        self._doing = GestureMotion(first)
        self._since_s = at_s
        self._before = GestureMotion(Cue.PRESENT)
        self._before_since_s = at_s
        self._due: tuple[float, Cue] | None = None
        self._out = 1.0 if first is Cue.ABSENT else 0.0
        self._out_from = self._out
        self._walked_from_s = at_s

    def pose_at(self, at_s: float, cue: Cue) -> FacePose:
        """Return the pose at a time, having been told the cue that stands then."""
        if cue is not self._asked:
            self._asked = cue
            self._due = (at_s + self._reaction_s, cue)
        if self._due is not None and at_s >= self._due[0]:
            self._begin(*self._due)
            self._due = None
        fading = 1 - ease((at_s - self._since_s) / _LET_GO_S)
        gesture = self._doing.pose(at_s - self._since_s)
        letting_go = scaled(self._before.pose(at_s - self._before_since_s), fading)
        return added(self._idle.pose(at_s), gesture, letting_go, self._walk(at_s))

    def _begin(self, at_s: float, cue: Cue) -> None:
        leaving, was_leaving = cue is Cue.ABSENT, self._doing.cue is Cue.ABSENT
        if leaving is not was_leaving:
            self._out_from, self._walked_from_s = self._out, at_s
        self._before, self._before_since_s = self._doing, self._since_s
        self._doing, self._since_s = GestureMotion(cue), at_s

    def _walk(self, at_s: float) -> FacePose:
        """Slide out to the left of the picture, or back in, with a step's rise and fall."""
        goal = 1.0 if self._doing.cue is Cue.ABSENT else 0.0
        share = ease((at_s - self._walked_from_s) / _WALK_S)
        self._out = self._out_from + (goal - self._out_from) * share
        step = abs(np.sin(2.5 * np.pi * self._out))
        return FacePose(body_x_px=-self._gone_px * self._out, body_y_px=float(7 * step))


def settling(since_s: float) -> SensorState:
    """Return how exposure and focus find their place after the camera is switched on, and drift later."""
    waking = float(np.exp(-max(since_s, 0.0) / 0.18))
    hunting = float(np.exp(-max(since_s, 0.0) / 0.3))
    drift = 0.012 * float(np.sin(2 * np.pi * since_s / 6.1))
    blur = 3.0 * hunting * abs(float(np.cos(2 * np.pi * since_s / 0.9)))
    return SensorState(gain=1 - 0.45 * waking + drift, blur_px=blur)


def added(*poses: FacePose) -> FacePose:
    """Return the sum of poses, expressions kept within 0…1."""
    total = {field.name: sum(getattr(pose, field.name) for pose in poses) for field in fields(FacePose)}
    for name in ("blink", "mouth_open", "smile"):
        total[name] = min(max(total[name], 0.0), 1.0)
    return FacePose(**total)


def scaled(pose: FacePose, share: float) -> FacePose:
    """Return a part of a pose."""
    return FacePose(**{field.name: share * getattr(pose, field.name) for field in fields(FacePose)})


def ease(share: float) -> float:
    """Return 0…1 with rest at both ends."""
    share = min(max(share, 0.0), 1.0)
    return share * share * (3 - 2 * share)


def _turn(share: float) -> FacePose:
    """A head that turns also leans a little and comes forward on that side."""
    return FacePose(yaw_deg=TURN_DEG * share, roll_deg=-1.5 * share, head_x_px=9.0 * share)
