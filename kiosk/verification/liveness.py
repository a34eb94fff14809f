"""Gesture challenge: is a living person answering, with one continuously tracked face? Numbers only, no clock.

A random sequence of at most three gestures is asked for one at a time; `LivenessCheck` folds the observed frames into
progress and, at the end, a `PadDecision`. A neutral face is required before each gesture and after the last one, each
answer has a window of its own, all of them together 12 s, and a gesture nobody asked for ends the attempt.

What counts against the capture subject, and what does not:

- a turn or an open mouth that was not asked for, at any time after the neutral face was learned; a smile that was
  not asked for while something else is; an answer too quick to be one (`MIN_REACTION_S`);
- never: a blink that was not asked for, a movement below the thresholds, doing the gesture just answered once more,
  a smile on the way back to neutral, or any movement while the neutral face is still being learned.

It deliberately judges no texture, no light and no depth, and gestures alone are worth only so much. Measured with
fixed seeds in `tests/unit/test_liveness_by_chance.py`, for one attempt at a challenge of three: a looped recording of
all five gestures passes about 2 times in 100, one with blinks between the other gestures about 5 times; one gesture
over and over never passed. A visit has three attempts. An attack that does as it is told passes every time.
"""

import itertools
import math
import random
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from kiosk.errors import VerificationError
from kiosk.verification.continuity import FaceContinuity
from kiosk.verification.gestures import (
    MIN_REACTION_S,
    ROUNDING_S,
    Gesture,
    GestureDetector,
    is_measurable,
    is_neutral,
    may_be_neutral,
    neutral_face,
)
from kiosk.verification.layers import ChallengeVariant, Finding, LayerEvidence, LayerVerdict, PadLayer
from kiosk.verification.light import ScreenColour
from kiosk.verification.observation import FaceObservation, FrameObservation

__all__ = [
    "ChallengeError",
    "Gesture",
    "GestureAnswer",
    "GestureChallenge",
    "LivenessCheck",
    "LivenessProgress",
    "PadDecision",
    "PadOutcome",
    "draw_challenge",
    "gesture_bits",
    "permitted_gestures",
]

LEARN_NEUTRAL_S = 0.5
LEARN_NEUTRAL_FRAMES = 5
HOLD_NEUTRAL_S = 0.25
HOLD_NEUTRAL_FRAMES = 3
NEUTRAL_LIMIT_S = 4.0
"""How long a neutral face may be awaited."""
MOST_GESTURES = 3
ANSWERS_WITHIN_S = 12.0
"""From the first gesture asked to the last one answered."""
MAX_TOTAL_S = 20.0
MAX_RESPONSE_WINDOW_S = 10.0

TURNS = frozenset({Gesture.TURN_LEFT, Gesture.TURN_RIGHT})
MOUTH = frozenset({Gesture.OPEN_MOUTH, Gesture.SMILE})
MAY_BE_LEFT_OUT = frozenset({Gesture.BLINK, Gesture.SMILE})
"""Many people's smile is not wide enough to count; an open mouth is always asked for in the end, so that a mask which
keeps silent about one gesture after the other is not left with those it can do."""
LEAST_CHOICE = 2
"""From fewer gestures nothing can be drawn that does not repeat itself."""


class ChallengeError(VerificationError):
    """A challenge nobody could be asked."""


class PadOutcome(StrEnum):
    """ISO/IEC 30107 words; NON_RESPONSE is a time-out, counted apart."""

    BONA_FIDE = "bona_fide"
    ATTACK_PRESENTATION = "attack_presentation"
    NON_RESPONSE = "non_response"
    FACE_CHANGED = "face_changed"


@dataclass(frozen=True, slots=True)
class GestureChallenge:
    """A drawn sequence; an empty one never passes."""

    gestures: tuple[Gesture, ...]
    response_window_s: float = 4.0


@dataclass(frozen=True, slots=True)
class GestureAnswer:
    """One gesture and when it was asked and answered (monotonic seconds)."""

    gesture: Gesture
    asked_at_s: float
    answered_at_s: float


@dataclass(frozen=True, slots=True)
class PadDecision:
    """Outcome with its evidence: the track and the window that comparison must share."""

    outcome: PadOutcome
    track_id: int
    window_from_s: float
    window_until_s: float
    answers: tuple[GestureAnswer, ...]
    layers: tuple[LayerEvidence, ...] = ()
    """What each layer of detection has to say, each once."""
    variant: ChallengeVariant = ChallengeVariant.FULL

    def verdict_of(self, layer: PadLayer) -> LayerVerdict:
        """What a layer said; one that said nothing measured nothing."""
        return next((said.verdict for said in self.layers if said.layer is layer), LayerVerdict.NOT_MEASURED)

    @property
    def suspicions(self) -> frozenset[Finding]:
        """What spoke against a living face."""
        return frozenset(said.finding for said in self.layers if said.verdict is LayerVerdict.FAILED)

    @property
    def noticed(self) -> frozenset[Finding]:
        """What the teller is told of an attempt that failed: suspicions, or what became of the challenge."""
        if self.outcome not in (PadOutcome.NON_RESPONSE, PadOutcome.FACE_CHANGED):
            return self.suspicions
        return self.suspicions | {said.finding for said in self.layers if said.layer is PadLayer.GESTURES}

    @property
    def unmeasured(self) -> frozenset[Finding]:
        """Why layers have no evidence, neither for a living face nor against one."""
        return frozenset(said.finding for said in self.layers if said.verdict is LayerVerdict.NOT_MEASURED)


@dataclass(frozen=True, slots=True)
class LivenessProgress:
    """What the screen shows after a frame; `decision` once the attempt is over."""

    gesture: Gesture | None
    """Asked right now; None while a neutral face is awaited and when over."""
    number: int
    """1-based number of the gesture asked or awaited; `count` once all are answered."""
    count: int
    window_ends_at_s: float | None
    """Monotonic time at which the response window closes."""
    decision: PadDecision | None = None
    colour: ScreenColour | None = None
    """What the screen should shine in right now; None for its usual picture."""
    exposure_stops: float = 0.0
    """How far the camera's exposure should be from its usual right now."""


def permitted_gestures(
    left_out: Collection[Gesture] = frozenset(), turns: Collection[Gesture] = TURNS
) -> frozenset[Gesture]:
    """Return what may be asked of a person; of the gestures left out, only those that `MAY_BE_LEFT_OUT`."""
    of_the_face = frozenset(Gesture) - TURNS
    permitted = frozenset(turns) | (of_the_face - (MAY_BE_LEFT_OUT & frozenset(left_out)))
    return permitted if len(permitted) >= LEAST_CHOICE else of_the_face


def draw_challenge(
    source: random.Random,
    count: int = MOST_GESTURES,
    left_out: Collection[Gesture] = frozenset(),
    turns: Collection[Gesture] = TURNS,
) -> GestureChallenge:
    """Draw `count` gestures, every permitted sequence equally likely; callers pass `secrets.SystemRandom()`.

    `left_out` are gestures that this person has shown no answer to, `turns` those that they can do. Raise
    `ChallengeError` for less than one gesture and for more than three.
    """
    if not 1 <= count <= MOST_GESTURES:
        raise ChallengeError(f"A challenge needs at least one gesture and has at most {MOST_GESTURES}, not {count}.")
    return GestureChallenge(source.choice(_sequences(permitted_gestures(left_out, turns), count)))


def gesture_bits(permitted: Collection[Gesture], count: int = MOST_GESTURES) -> float:
    """Return what an attacker must guess of `count` gestures drawn from those permitted, as `draw_challenge` draws."""
    return math.log2(max(1, len(_sequences(permitted, count))))


def _sequences(permitted: Collection[Gesture], count: int) -> list[tuple[Gesture, ...]]:
    """Every sequence that may be asked: no gesture twice in a row, a turn of the head, and a movement of the mouth.

    The turn, as far as there are turns, is for depth; the mouth, as far as there is more than one gesture, since a
    stiff mask with holes for the eyes can do all else.
    """
    every = [gesture for gesture in Gesture if gesture in permitted]
    needed = [TURNS, MOUTH] if count > 1 else [TURNS]
    return [
        asked
        for asked in itertools.product(every, repeat=count)
        if all(one is not other for one, other in itertools.pairwise(asked))
        and all(part.intersection(asked) for part in needed if part.intersection(every))
    ]


class _Stage(StrEnum):
    LEARNING = "learning"
    ASKING = "asking"
    AWAITING_NEUTRAL = "awaiting_neutral"


class LivenessCheck:
    """One attempt: feed it every frame of the window in order; it ends with a decision and then stays so."""

    def __init__(self, challenge: GestureChallenge, continuity: FaceContinuity | None = None) -> None:
        if not 0 < challenge.response_window_s <= MAX_RESPONSE_WINDOW_S:
            raise ChallengeError(
                f"A response window lasts up to {MAX_RESPONSE_WINDOW_S} s, not {challenge.response_window_s} s."
            )
        if len(challenge.gestures) > MOST_GESTURES:
            raise ChallengeError(f"A challenge has at most {MOST_GESTURES} gestures, not {len(challenge.gestures)}.")
        self._challenge = challenge
        self._answers_due_s = math.inf
        self._stage = _Stage.LEARNING
        self._stage_since_s = 0.0
        self._answers: list[GestureAnswer] = []
        self._continuity = FaceContinuity() if continuity is None else continuity
        self._heard_at_s = 0.0
        self._at_rest: list[tuple[float, FaceObservation]] = []
        self._detector: GestureDetector | None = None
        self._outcome: PadOutcome | None = None

    @property
    def progress(self) -> LivenessProgress:
        """Where the attempt stands."""
        count = len(self._challenge.gestures)
        number = min(len(self._answers) + 1, count)
        if self._outcome is not None:
            return LivenessProgress(None, number, count, None, self._decision(self._outcome))
        if self._stage is not _Stage.ASKING:
            return LivenessProgress(None, number, count, None)
        ends_at_s = min(self._stage_since_s + self._challenge.response_window_s, self._answers_due_s)
        return LivenessProgress(self._challenge.gestures[number - 1], number, count, ends_at_s)

    def observe(self, observation: FrameObservation, heard_at_s: float | None = None) -> LivenessProgress:
        """Take the next frame; one with the time of the last is the same frame again and says nothing new.

        `heard_at_s` is when desk looks at it, as far as that differs from its own time: what is asked because of it
        can be seen only then, and what the frames on their way meanwhile show is no answer yet.
        """
        now_s = observation.captured_at_s
        self._heard_at_s = now_s if heard_at_s is None else heard_at_s
        first = self._continuity.started_at_s is None
        if self._outcome is None and self._continuity.is_out_of_time(observation, self._heard_at_s):
            self._outcome = PadOutcome.FACE_CHANGED
        if self._outcome is None and self._continuity.is_new(observation):
            if first:
                self._stage_since_s = now_s
            broken = self._continuity.is_broken_by(observation)
            self._outcome = PadOutcome.FACE_CHANGED if broken else self._overdue(now_s)
            if self._outcome is None:
                self._continuity.take(observation)
                self._outcome = self._look_at(observation.face, now_s)
        return self.progress

    def tick(self, now_s: float) -> LivenessProgress:
        """Let time pass without a frame, so that an attempt also ends when the camera gives none."""
        if self._outcome is None:
            silent = self._continuity.is_silent(now_s)
            self._outcome = PadOutcome.FACE_CHANGED if silent else self._overdue(now_s)
        return self.progress

    def _decision(self, outcome: PadOutcome) -> PadDecision:
        until_s = self._continuity.last_frame_at_s
        from_s = until_s if self._continuity.started_at_s is None else self._continuity.started_at_s
        return PadDecision(outcome, self._continuity.track_id, from_s, until_s, tuple(self._answers))

    def _overdue(self, now_s: float) -> PadOutcome | None:
        """A window closed without what it was for, or there was never anything to ask."""
        if not self._challenge.gestures:
            return PadOutcome.NON_RESPONSE
        if self._continuity.started_at_s is None:
            return None
        limit_s = self._challenge.response_window_s if self._stage is _Stage.ASKING else NEUTRAL_LIMIT_S
        late = now_s - self._stage_since_s > limit_s or now_s - self._continuity.started_at_s > MAX_TOTAL_S
        unanswered = len(self._answers) < len(self._challenge.gestures)
        return PadOutcome.NON_RESPONSE if late or (unanswered and now_s > self._answers_due_s) else None

    def _look_at(self, face: FaceObservation | None, now_s: float) -> PadOutcome | None:
        if face is None or not is_measurable(face):
            return None
        if self._detector is None:
            self._learn_neutral(face, now_s)
            return None
        answering = self._stage is _Stage.ASKING
        return (self._await_answer if answering else self._await_neutral)(self._detector, face, now_s)

    def _learn_neutral(self, face: FaceObservation, now_s: float) -> None:
        if not may_be_neutral(face):
            self._at_rest.clear()
            return
        self._at_rest.append((now_s, face))
        while len(self._at_rest) > LEARN_NEUTRAL_FRAMES and self._lasts(self._at_rest[1:], now_s, LEARN_NEUTRAL_S):
            del self._at_rest[0]
        if len(self._at_rest) < LEARN_NEUTRAL_FRAMES or not self._lasts(self._at_rest, now_s, LEARN_NEUTRAL_S):
            return
        neutral = neutral_face([face for _, face in self._at_rest])
        if neutral is not None:
            self._enter(_Stage.ASKING, GestureDetector(neutral), now_s)

    def _await_answer(self, detector: GestureDetector, face: FaceObservation, now_s: float) -> PadOutcome | None:
        asked = self._challenge.gestures[len(self._answers)]
        seen = detector.update(face, now_s, asked)
        if seen.keys() - {asked, Gesture.BLINK}:
            return PadOutcome.ATTACK_PRESENTATION
        if asked not in seen:
            return None
        if seen[asked] - self._stage_since_s < MIN_REACTION_S - ROUNDING_S:
            return None if asked is Gesture.BLINK else PadOutcome.ATTACK_PRESENTATION
        self._answers.append(GestureAnswer(asked, self._stage_since_s, now_s))
        self._enter(_Stage.AWAITING_NEUTRAL, GestureDetector(detector.neutral), now_s)
        return None

    def _await_neutral(self, detector: GestureDetector, face: FaceObservation, now_s: float) -> PadOutcome | None:
        answered = self._answers[-1].gesture
        if detector.update(face, now_s, answered).keys() - {answered, Gesture.BLINK, Gesture.SMILE}:
            return PadOutcome.ATTACK_PRESENTATION
        if not is_neutral(face, detector.neutral):
            self._at_rest.clear()
            return None
        self._at_rest.append((now_s, face))
        if len(self._at_rest) < HOLD_NEUTRAL_FRAMES or not self._lasts(self._at_rest, now_s, HOLD_NEUTRAL_S):
            return None
        if len(self._answers) == len(self._challenge.gestures):
            return PadOutcome.BONA_FIDE
        self._enter(_Stage.ASKING, GestureDetector(detector.neutral), now_s)
        return None

    def _enter(self, stage: _Stage, detector: GestureDetector, now_s: float) -> None:
        since_s = max(now_s, self._heard_at_s) if stage is _Stage.ASKING else now_s
        self._stage, self._stage_since_s, self._detector = stage, since_s, detector
        if stage is _Stage.ASKING and not self._answers:
            self._answers_due_s = since_s + ANSWERS_WITHIN_S
        self._at_rest.clear()

    @staticmethod
    def _lasts(at_rest: list[tuple[float, FaceObservation]], now_s: float, duration_s: float) -> bool:
        return now_s - at_rest[0][0] >= duration_s - ROUNDING_S
