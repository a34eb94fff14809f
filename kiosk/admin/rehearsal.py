"""A face check on a simulated clock: the shipped measuring, judging and comparing, without processes or waiting.

What stands before the camera is drawn, the screen's part is played, and time passes as fast as the machine computes.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hardware.camera import Frame
from hardware.simulated.cues import Cue
from kiosk.runtime.face_check import FaceCheck
from kiosk.runtime.face_vision import FaceVision
from kiosk.runtime.messages import (
    BeginWindow,
    Compare,
    Compared,
    EyesReady,
    Message,
    ReferenceRefused,
    SetExposure,
)
from kiosk.session.events import Accepted, AttemptFailed, Event, LivenessPassed, Positioned, Referred
from kiosk.ui.poses import EVIDENCE
from kiosk.verification.attempt import LIGHT_TAIL_S
from kiosk.verification.comparison import TemplateModel
from kiosk.verification.decision import DecisionPolicy, ReferralReason
from kiosk.verification.depth import DepthCheck
from kiosk.verification.exposure import draw_exposure_challenge
from kiosk.verification.layers import ChallengeVariant, LayerEvidence
from kiosk.verification.light import LightCheck, draw_light_challenge
from kiosk.verification.liveness import PadDecision
from kiosk.verification.stream import StreamCheck
from kiosk.verification.texture import TextureCheck

_STARTS_AT_S = 1000.0
_POSITIONING_S = 8.0
_ATTEMPT_S = 40.0
_TICKS_PER_FRAME = 4
_TURNS = ((1.5, Cue.PRESENT), (2.4, Cue.TURN_LEFT), (0.8, Cue.PRESENT), (2.4, Cue.TURN_RIGHT), (0.8, Cue.PRESENT))
"""What is asked, and for how many seconds, before the light."""


class Presentation(Protocol):
    """What stands before the camera, or is put in its place."""

    def picture_at(self, at_s: float, cue: Cue, light: tuple[int, int, int] | None) -> NDArray[np.uint8]:
        """Draw the camera's (height, width, 3) RGB picture at a rising time; `light` is sRGB of the whole screen."""

    def set_exposure(self, stops: float) -> bool:
        """Follow the camera's exposure control; False where there is none."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """How one visit ended."""

    accepted: bool
    referral: ReferralReason | None
    """None where it was accepted, or no decision was reached."""
    attempts: tuple[PadDecision, ...]
    """Each attempt's, in order; none where nobody was ever fit."""
    seconds: float
    """Of simulated time."""
    compared: Compared | None = None
    """The last comparison; none where no attempt came that far."""


class Rehearsal:
    """Plays visits of one presentation against one reference; use it from one thread."""

    def __init__(
        self,
        vision: FaceVision,
        template_model: TemplateModel,
        policy: DecisionPolicy,
        *,
        frames_per_s: float = 12.0,
        display_lag_s: float = 0.06,
    ) -> None:
        """`display_lag_s` is how long the screen takes to show what desk asked for."""
        self._vision = vision
        self._model = template_model
        self._policy = policy
        self._period_s = 1 / frames_per_s
        self._display_lag_s = display_lag_s

    def visit(
        self,
        presentation: Presentation,
        portrait: NDArray[np.uint8],
        seed: int,
        *,
        attempts: int = 1,
        variant: ChallengeVariant = ChallengeVariant.FULL,
    ) -> Rehearsed:
        """Position, answer a challenge, compare with the document's portrait; again while attempts are left."""
        self._begin(presentation)
        self._face = FaceCheck(self._hear, self._policy, self._model, random.Random(seed))  # noqa: S311
        self._face.choose(variant)
        self._face.camera_ready(EyesReady(self._model.id, "rehearsal", 0.0, presentation.set_exposure(0.0)))
        decisions: list[PadDecision] = []
        event = self._present(portrait)
        while event is None or isinstance(event, AttemptFailed):
            if len(decisions) == attempts or not self._position():
                break
            event = self._attempt()
            if self._face.decision is not None:
                decisions.append(self._face.decision)
            self._face.stop_challenge()
            self._show(self._now_s)
        return Rehearsed(
            accepted=isinstance(event, Accepted),
            referral=event.reason if isinstance(event, Referred) else None,
            attempts=tuple(decisions),
            seconds=self._now_s - _STARTS_AT_S,
            compared=self._compared,
        )

    def layers_alone(self, presentation: Presentation, seed: int) -> tuple[LayerEvidence, ...]:
        """Show a turn to each side and then the light, whatever is answered, and return what each layer makes of it.

        In a visit most attacks already fail at a gesture, and the other layers have nothing to look at.
        """
        self._begin(presentation)
        source = random.Random(seed)  # noqa: S311
        light_challenge = draw_light_challenge(source)
        exposure = draw_exposure_challenge(source) if presentation.set_exposure(0.0) else None
        depth, texture, stream, light = DepthCheck(), TextureCheck(), StreamCheck(exposure), LightCheck(light_challenge)
        lit_from_s = _STARTS_AT_S + sum(seconds for seconds, _ in _TURNS)
        stops, colour = 0.0, None
        for frame in self._frames:
            observation = self._vision.analyse(frame).observation
            for layer in (depth, texture, stream, light):
                layer.observe(observation)
            stream.heard(self._now_s)
            if (due := stream.exposure_due(self._now_s) if self._now_s < lit_from_s else 0.0) != stops:
                stops = due
                presentation.set_exposure(stops)
            if (now := light_challenge.colour_at(self._now_s - lit_from_s)) is not colour:
                colour = now
                light.shown(colour, self._now_s)
            self._screen.append((self._now_s, _turn_at(self._now_s), None if colour is None else colour.srgb))
            if self._now_s > lit_from_s + light_challenge.duration_s + LIGHT_TAIL_S:
                break
        return tuple(layer.evidence() for layer in (depth, texture, stream, light))

    def _begin(self, presentation: Presentation) -> None:
        self._presentation = presentation
        self._vision.reset()
        self._vision.forget()
        self._screen: list[tuple[float, Cue, tuple[int, int, int] | None]] = [(0.0, Cue.PRESENT, None)]
        self._compare: Compare | None = None
        self._compared: Compared | None = None
        self._now_s = _STARTS_AT_S
        self._frames = self._film()

    def _present(self, portrait: NDArray[np.uint8]) -> Event | None:
        if isinstance(self._vision.take_reference(portrait), ReferenceRefused):
            return Referred(ReferralReason.REFERENCE_UNUSABLE)
        self._face.reference_taken()
        return None

    def _attempt(self) -> Event | None:
        self._face.start_challenge()
        event = self._answer()
        if not isinstance(event, LivenessPassed):
            return event
        self._face.compare()
        assert self._compare is not None
        compared = self._vision.compare(self._compare)
        if isinstance(compared, Compared):
            self._compared = compared
        else:
            return self._face.comparison_failed(compared.window_id)
        return self._face.judge(compared, EVIDENCE)

    def _position(self) -> bool:
        until_s = self._now_s + _POSITIONING_S
        for frame in self._frames:
            if isinstance(self._face.position(self._vision.analyse(frame), self._now_s), Positioned):
                return True
            if self._now_s > until_s:
                return False
        return False

    def _answer(self) -> Event:
        until_s = self._now_s + _ATTEMPT_S
        for frame in self._frames:
            event = self._face.answer(self._vision.analyse(frame), self._now_s)
            for tick in range(1, _TICKS_PER_FRAME):
                event = event or self._face.tick(self._now_s + tick * self._period_s / _TICKS_PER_FRAME)
                self._show(self._now_s + tick * self._period_s / _TICKS_PER_FRAME)
            if event is not None:
                return event
            if self._now_s > until_s:
                break
        return AttemptFailed()

    def _film(self) -> Iterator[Frame]:
        number = 0
        while True:
            self._now_s = _STARTS_AT_S + number * self._period_s
            seen = [shown for shown in self._screen if shown[0] + self._display_lag_s <= self._now_s]
            _, cue, light = seen[-1]
            yield Frame(self._presentation.picture_at(self._now_s, cue, light), self._now_s, number)
            number += 1

    def _show(self, now_s: float) -> None:
        """Remember what the screen shows from now on."""
        progress = self._face.progress
        gesture = None if progress is None else progress.gesture
        colour = None if progress is None else progress.colour
        cue = Cue.PRESENT if gesture is None else Cue(gesture.value)
        self._screen.append((now_s, cue, None if colour is None else colour.srgb))

    def _hear(self, message: Message) -> None:
        match message:
            case BeginWindow():
                self._vision.begin_window(message.window_id)
            case Compare():
                self._compare = message
            case SetExposure():
                self._presentation.set_exposure(message.stops)
            case _:
                raise TypeError(f"eyes is not told {type(message).__name__}")


def _turn_at(now_s: float) -> Cue:
    """What `_TURNS` asks at a time."""
    since_s = now_s - _STARTS_AT_S
    for lasts_s, cue in _TURNS:
        if since_s < lasts_s:
            return cue
        since_s -= lasts_s
    return Cue.PRESENT
