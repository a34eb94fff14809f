"""Gesture challenge: is a living person answering, with one continuously tracked face? Numbers only, no clock.

A random sequence of gestures is asked for one at a time; `LivenessCheck` folds the observed frames into progress
and, at the end, a `PadDecision`. A neutral face is required before each gesture and after the last one, each answer
has a window of its own, and a gesture nobody asked for ends the attempt.

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

import math
import random
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum

from kiosk.errors import VerificationError
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
]

NO_TRACK = -1
"""Track of a decision taken before any face was seen."""

LEARN_NEUTRAL_S = 0.5
LEARN_NEUTRAL_FRAMES = 5
HOLD_NEUTRAL_S = 0.25
HOLD_NEUTRAL_FRAMES = 3
NEUTRAL_LIMIT_S = 4.0
"""How long a neutral face may be awaited."""
MAX_TOTAL_S = 20.0
MAX_FACE_GAP_S = 0.5
"""Landmarks drop for a few frames in quick movements; longer than this, it may be another face."""
MAX_FRAME_GAP_S = 1.0
MAX_SILENCE_S = 2.0
"""How long no frame may arrive; more than the gap between frames, since a busy machine hands them on late."""
MAX_RESPONSE_WINDOW_S = 10.0
MAX_LAG_S, MAX_LEAD_S = 3.0, 0.1
"""How old a frame may be when desk hears of it, and how far ahead: who stamps the frames must not stop the clock."""

TURNS = frozenset({Gesture.TURN_LEFT, Gesture.TURN_RIGHT})


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


def draw_challenge(
    source: random.Random, count: int = 3, left_out: Collection[Gesture] = frozenset()
) -> GestureChallenge:
    """Draw `count` gestures, every permitted sequence equally likely; callers pass `secrets.SystemRandom()`.

    Permitted: no gesture twice in a row, and at least one turn of the head. `left_out` are gestures that this person
    has shown no answer to; turns are never left out. Raise `ChallengeError` below one gesture.
    """
    if count < 1:
        raise ChallengeError(f"A challenge needs at least one gesture, not {count}.")
    every = tuple(gesture for gesture in Gesture if gesture in TURNS or gesture not in left_out)
    while True:
        drawn = [source.choice(every)]
        while len(drawn) < count:
            drawn.append(source.choice([gesture for gesture in every if gesture is not drawn[-1]]))
        if TURNS.intersection(drawn):
            return GestureChallenge(tuple(drawn))


class _Stage(StrEnum):
    LEARNING = "learning"
    ASKING = "asking"
    AWAITING_NEUTRAL = "awaiting_neutral"


class LivenessCheck:
    """One attempt: feed it every frame of the window in order; it ends with a decision and then stays so."""

    def __init__(self, challenge: GestureChallenge) -> None:
        if not 0 < challenge.response_window_s <= MAX_RESPONSE_WINDOW_S:
            raise ChallengeError(
                f"A response window lasts up to {MAX_RESPONSE_WINDOW_S} s, not {challenge.response_window_s} s."
            )
        self._challenge = challenge
        self._stage = _Stage.LEARNING
        self._stage_since_s = 0.0
        self._answers: list[GestureAnswer] = []
        self._track_id = NO_TRACK
        self._heard_at_s = 0.0
        self._first_tick_s: float | None = None
        self._started_at_s: float | None = None
        self._last_frame_at_s = 0.0
        self._last_face_at_s = 0.0
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
        ends_at_s = self._stage_since_s + self._challenge.response_window_s
        return LivenessProgress(self._challenge.gestures[number - 1], number, count, ends_at_s)

    def observe(self, observation: FrameObservation, heard_at_s: float | None = None) -> LivenessProgress:
        """Take the next frame; one with the time of the last is the same frame again and says nothing new.

        `heard_at_s` is when desk looks at it, as far as that differs from its own time: what is asked because of it
        can be seen only then, and what the frames on their way meanwhile show is no answer yet.
        """
        now_s = observation.captured_at_s
        self._heard_at_s = now_s if heard_at_s is None else heard_at_s
        seen_before = self._started_at_s is not None and now_s == self._last_frame_at_s
        if self._outcome is None and not -MAX_LEAD_S <= self._heard_at_s - now_s <= MAX_LAG_S:
            self._outcome = PadOutcome.FACE_CHANGED
        if self._outcome is None and not seen_before:
            self._outcome = self._broken_continuity(observation) or self._overdue(now_s)
            if self._outcome is None:
                self._last_frame_at_s = now_s
                self._outcome = self._look_at(observation.face, now_s)
        return self.progress

    def tick(self, now_s: float) -> LivenessProgress:
        """Let time pass without a frame, so that an attempt also ends when the camera gives none."""
        if self._first_tick_s is None:
            self._first_tick_s = now_s
        last_sign_s = self._first_tick_s if self._started_at_s is None else self._last_frame_at_s
        if self._outcome is None:
            silent = not now_s - last_sign_s <= MAX_SILENCE_S
            self._outcome = PadOutcome.FACE_CHANGED if silent else self._overdue(now_s)
        return self.progress

    def _decision(self, outcome: PadOutcome) -> PadDecision:
        started_at_s = self._last_frame_at_s if self._started_at_s is None else self._started_at_s
        return PadDecision(outcome, self._track_id, started_at_s, self._last_frame_at_s, tuple(self._answers))

    def _broken_continuity(self, observation: FrameObservation) -> PadOutcome | None:
        """Time runs forward without holes, and it is one and the same face; anything else ends the attempt."""
        now_s = observation.captured_at_s
        if not math.isfinite(now_s):
            return PadOutcome.FACE_CHANGED
        if self._started_at_s is None:
            self._started_at_s = self._stage_since_s = self._last_frame_at_s = self._last_face_at_s = now_s
        if not 0 <= now_s - self._last_frame_at_s <= MAX_FRAME_GAP_S or observation.face_count > 1:
            return PadOutcome.FACE_CHANGED
        missing = self._last_face_at_s < self._last_frame_at_s  # frames without a face, not a pause between frames
        if missing and now_s - self._last_face_at_s > MAX_FACE_GAP_S + ROUNDING_S:
            return PadOutcome.FACE_CHANGED
        face = observation.face
        if face is None:
            return None
        if self._track_id == NO_TRACK:
            self._track_id = face.track_id
        if is_measurable(face):
            self._last_face_at_s = now_s
        return None if face.track_id == self._track_id else PadOutcome.FACE_CHANGED

    def _overdue(self, now_s: float) -> PadOutcome | None:
        """A window closed without what it was for, or there was never anything to ask."""
        if not self._challenge.gestures:
            return PadOutcome.NON_RESPONSE
        if self._started_at_s is None:
            return None
        limit_s = self._challenge.response_window_s if self._stage is _Stage.ASKING else NEUTRAL_LIMIT_S
        late = now_s - self._stage_since_s > limit_s or now_s - self._started_at_s > MAX_TOTAL_S
        return PadOutcome.NON_RESPONSE if late else None

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
        self._at_rest.clear()

    @staticmethod
    def _lasts(at_rest: list[tuple[float, FaceObservation]], now_s: float, duration_s: float) -> bool:
        return now_s - at_rest[0][0] >= duration_s - ROUNDING_S
