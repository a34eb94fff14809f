"""One attempt: the gesture challenge, then the light challenge, on one face, with every layer watching all of it.

Combines nothing into yes or no: it gathers what each layer has to say; `decision` judges by the bank's policy.
"""

import random
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from kiosk.verification.classifier import ClassifierCheck
from kiosk.verification.continuity import FaceContinuity
from kiosk.verification.depth import DepthCheck
from kiosk.verification.exposure import ExposureChallenge
from kiosk.verification.gestures import Gesture
from kiosk.verification.layers import ChallengeVariant, Finding, LayerEvidence, LayerVerdict, PadLayer, PadLayerCheck
from kiosk.verification.light import LightChallenge, LightCheck, ScreenColour, draw_light_challenge
from kiosk.verification.liveness import (
    TURNS,
    GestureChallenge,
    LivenessCheck,
    LivenessProgress,
    PadDecision,
    PadOutcome,
    draw_challenge,
    gesture_bits,
    permitted_gestures,
)
from kiosk.verification.observation import FrameObservation
from kiosk.verification.stream import StreamCheck
from kiosk.verification.texture import TextureCheck

LIGHT_TAIL_S = 0.5
"""How long frames are awaited after the last colour: camera and screen are late by this much at most."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """What one attempt asks; drawn anew each time."""

    gestures: GestureChallenge
    light: LightChallenge | None
    variant: ChallengeVariant = ChallengeVariant.FULL
    exposure: ExposureChallenge | None = None
    """Only where the camera offers controls."""


def draw_attempt(
    source: random.Random,
    variant: ChallengeVariant = ChallengeVariant.FULL,
    left_out: Collection[Gesture] = frozenset(),
) -> Challenge:
    """Draw gestures and light for a variant, together worth `light.BITS_OF_ATTEMPT`.

    Callers pass `secrets.SystemRandom()`. Where few gestures may be asked, the light has more steps; without light,
    there is less to guess, which is why such a variant always ends with the teller.
    """
    turns = TURNS if variant.has_turns else frozenset()
    gestures = draw_challenge(source, left_out=left_out, turns=turns)
    bits = gesture_bits(permitted_gestures(left_out, turns), len(gestures.gestures))
    return Challenge(gestures, draw_light_challenge(source, bits) if variant.has_light else None, variant)


class AttemptCheck:
    """Feed it every frame and let time pass until it is over; then let it conclude."""

    def __init__(
        self,
        challenge: Challenge,
        layers: Sequence[PadLayerCheck] | None = None,
        classifier_threshold: float | None = None,
    ) -> None:
        """`layers` besides gestures and light; what is not given is not measured."""
        self._challenge = challenge
        self._continuity = FaceContinuity()
        self._gestures = LivenessCheck(challenge.gestures, self._continuity)
        self._light = LightCheck(challenge.light)
        classifier = [] if classifier_threshold is None else [ClassifierCheck(classifier_threshold)]
        every: tuple[PadLayerCheck, ...] = (DepthCheck(), TextureCheck(), StreamCheck(challenge.exposure), *classifier)
        self._layers = tuple(layers) if layers is not None else every
        self._streams = [layer for layer in self._layers if isinstance(layer, StreamCheck)]
        self._exposure_stops = 0.0
        self._lit_from_s: float | None = None
        self._colour: ScreenColour | None = None
        self._ended: tuple[PadOutcome, PadOutcome] | None = None

    @property
    def is_over(self) -> bool:
        """Nothing more is asked or heard; what it came to, `conclude` says."""
        return self._ended is not None

    @property
    def progress(self) -> LivenessProgress:
        """Where the attempt stands; without a decision."""
        progress = replace(self._gestures.progress, decision=None)
        if self.is_over:
            return replace(progress, gesture=None, window_ends_at_s=None)
        return replace(progress, colour=self._colour, exposure_stops=self._exposure_stops)

    def observe(self, observation: FrameObservation, heard_at_s: float | None = None) -> LivenessProgress:
        """Take the next frame; `heard_at_s` is desk's own time."""
        if self.is_over:
            return self.progress
        now_s = observation.captured_at_s if heard_at_s is None else heard_at_s
        if self._continuity.is_new(observation):
            for layer in (*self._layers, self._light):
                layer.observe(observation)
            for stream in self._streams:
                stream.heard(now_s)
        self._expose(now_s)
        if self._lit_from_s is None:
            self._follow_gestures(self._gestures.observe(observation, now_s), now_s)
        else:
            self._follow_light(observation, now_s)
        if not self.is_over and self._must_stop():
            self._end(PadOutcome.ATTACK_PRESENTATION, of_gestures=PadOutcome.NON_RESPONSE)
        return self.progress

    def tick(self, now_s: float) -> LivenessProgress:
        """Let time pass: an attempt also ends when no frame comes, and colours change between frames."""
        if self.is_over:
            return self.progress
        self._expose(now_s)
        if self._lit_from_s is None:
            self._follow_gestures(self._gestures.tick(now_s), now_s)
        elif self._continuity.is_silent(now_s):
            self._end(PadOutcome.FACE_CHANGED)
        else:
            self._shine(now_s)
        return self.progress

    def _follow_gestures(self, progress: LivenessProgress, now_s: float) -> None:
        if progress.decision is None:
            return
        for stream in self._streams:
            stream.release_exposure()
        self._expose(now_s)
        outcome = progress.decision.outcome
        if outcome is not PadOutcome.BONA_FIDE or self._challenge.light is None:
            self._end(outcome)
            return
        self._lit_from_s = now_s
        self._shine(now_s)

    def _follow_light(self, observation: FrameObservation, now_s: float) -> None:
        broken = self._continuity.is_new(observation) and self._continuity.is_broken_by(observation)
        if broken or self._continuity.is_out_of_time(observation, now_s):
            self._end(PadOutcome.FACE_CHANGED)
            return
        self._continuity.take(observation)
        self._shine(now_s)

    def _shine(self, now_s: float) -> None:
        assert self._lit_from_s is not None
        assert self._challenge.light is not None
        since_s = now_s - self._lit_from_s
        colour = self._challenge.light.colour_at(since_s)
        if colour is not self._colour:
            self._light.shown(colour, now_s)
            self._colour = colour
        if since_s >= self._challenge.light.duration_s + LIGHT_TAIL_S:
            self._end(PadOutcome.BONA_FIDE)

    def _expose(self, now_s: float) -> None:
        """Keep the exposure that is due; the usual one while the screen shines."""
        self._exposure_stops = next((stream.exposure_due(now_s) for stream in self._streams), 0.0)

    def _must_stop(self) -> bool:
        """A stream that is no camera's ends the attempt at once; the other layers speak at its end."""
        return any(stream.evidence().verdict is LayerVerdict.FAILED for stream in self._streams)

    def _end(self, outcome: PadOutcome, of_gestures: PadOutcome | None = None) -> None:
        """`of_gestures` where the gestures ended otherwise than the attempt."""
        self._colour = None
        self._ended = (outcome, of_gestures or outcome)

    def conclude(self) -> PadDecision:
        """Hear every layer once the attempt is over: some 60 ms, which may pass in another thread."""
        assert self._ended is not None
        outcome, of_gestures = self._ended
        progress = self._gestures.progress
        answers = () if progress.decision is None else progress.decision.answers
        said = [_of_gestures(of_gestures), *(layer.evidence() for layer in self._layers)]
        if self._challenge.variant.has_light:
            said.append(self._light.evidence())
        if not self._challenge.variant.has_turns:
            # Nobody asked for a turn, so that depth may have nothing to say; a picture waved about is one all the same.
            said = [one for one in said if one.layer is not PadLayer.DEPTH or one.verdict is LayerVerdict.FAILED]
        if outcome is PadOutcome.BONA_FIDE and any(evidence.verdict is LayerVerdict.FAILED for evidence in said):
            outcome = PadOutcome.ATTACK_PRESENTATION
        until_s = self._continuity.last_frame_at_s
        from_s = until_s if self._continuity.started_at_s is None else self._continuity.started_at_s
        track_id, variant = self._continuity.track_id, self._challenge.variant
        return PadDecision(outcome, track_id, from_s, until_s, answers, tuple(said), variant)


def _of_gestures(outcome: PadOutcome) -> LayerEvidence:
    match outcome:
        case PadOutcome.BONA_FIDE:
            return LayerEvidence(PadLayer.GESTURES, LayerVerdict.PASSED, Finding.IN_ORDER)
        case PadOutcome.ATTACK_PRESENTATION:
            return LayerEvidence(PadLayer.GESTURES, LayerVerdict.FAILED, Finding.WRONG_ANSWER)
        case PadOutcome.FACE_CHANGED:
            return LayerEvidence(PadLayer.GESTURES, LayerVerdict.NOT_MEASURED, Finding.FACE_CHANGED)
        case PadOutcome.NON_RESPONSE:
            return LayerEvidence(PadLayer.GESTURES, LayerVerdict.NOT_MEASURED, Finding.NO_ANSWER)
