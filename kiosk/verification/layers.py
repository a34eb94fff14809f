"""The layers of presentation attack detection, and what each has to say of an attempt. Judges nothing itself.

A layer looks at one kind of evidence and knows nothing of the others; `decision` combines them by the bank's policy.
What was not measured is not a pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from kiosk.verification.observation import FrameObservation


class PadLayer(StrEnum):
    """What can speak for or against a living face before this camera (`docs/thresholds.md`)."""

    GESTURES = "gestures"
    """The challenge was answered."""
    DEPTH = "depth"
    """A head turned and not a picture of one, and moved apart from what is behind it."""
    LIGHT = "light"
    """The face answered the light of this screen at this moment."""
    TEXTURE = "texture"
    """No grid, dots, paper edge or bezel."""
    CLASSIFIER = "classifier"
    """The optional learned classifier; there is such a layer only where one is installed."""
    STREAM = "stream"
    """The frames come from an allowed camera, fresh and without a break."""


class LayerVerdict(StrEnum):
    """Three answers: evidence for a living face, evidence against one, no evidence."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_MEASURED = "not_measured"


class Finding(StrEnum):
    """What a layer saw, one finding for each; the teller reads it in words, the customer never."""

    IN_ORDER = "in_order"
    NO_ANSWER = "no_answer"
    FACE_CHANGED = "face_changed"
    WRONG_ANSWER = "wrong_answer"
    NO_TURN = "no_turn"
    FLAT = "flat"
    MOVES_WITH_BACKGROUND = "moves_with_background"
    NO_BACKGROUND = "no_background"
    NO_LIGHT_SHOWN = "no_light_shown"
    LIGHT_TOO_WEAK = "light_too_weak"
    LIGHT_LATE = "light_late"
    LIGHT_WRONG = "light_wrong"
    LIGHT_EVEN = "light_even"
    """Answered like a plane, or like the background."""
    GRID = "grid"
    STRAIGHT_EDGES = "straight_edges"
    BLURRED = "blurred"
    CLASSIFIED_AS_ATTACK = "classified_as_attack"
    FRAMES_REPEATED = "frames_repeated"
    TIME_STAMPS_WRONG = "time_stamps_wrong"
    PICTURE_CHANGED = "picture_changed"
    """Another resolution, or another grain, in the middle of an attempt."""
    NO_GRAIN = "no_grain"
    """Pictures without the grain that every sensor has."""
    CONTROLS_IGNORED = "controls_ignored"
    CONTROLS_UNSEEN = "controls_unseen"
    """Exposure was stepped, but too few frames show whether it followed."""
    NOTHING_SEEN = "nothing_seen"
    """Not one sample of what this layer looks at."""


@dataclass(frozen=True, slots=True)
class LayerEvidence:
    """One layer's word on one attempt."""

    layer: PadLayer
    verdict: LayerVerdict
    finding: Finding
    measures: Mapping[str, float] = field(default_factory=dict)
    """The numbers behind it, for evaluation; they go no further than `verification`."""


class PadLayerCheck(Protocol):
    """Folds the frames of one attempt into evidence. Numbers only, no clock."""

    def observe(self, observation: FrameObservation) -> None:
        """Take the next frame of the attempt, in order."""

    def evidence(self) -> LayerEvidence:
        """Return what the frames so far come to; may be asked at any time."""


class ChallengeVariant(StrEnum):
    """Which challenge the customer chose; the gentle ones leave out a layer and always end with the teller."""

    FULL = "full"
    WITHOUT_TURNS = "without_turns"
    """For who cannot turn their head: gestures of the face only, so no depth."""
    WITHOUT_LIGHT = "without_light"
    """For who must not see flashing colours."""
    WITHOUT_TURNS_AND_LIGHT = "without_turns_and_light"

    @property
    def has_turns(self) -> bool:
        return self in (ChallengeVariant.FULL, ChallengeVariant.WITHOUT_LIGHT)

    @property
    def has_light(self) -> bool:
        return self in (ChallengeVariant.FULL, ChallengeVariant.WITHOUT_TURNS)

    @property
    def left_out(self) -> frozenset[PadLayer]:
        """The layers that cannot speak in this variant."""
        turns = frozenset() if self.has_turns else frozenset({PadLayer.DEPTH})
        return turns if self.has_light else turns | {PadLayer.LIGHT}
