"""The face part of a visit, judged in desk from numbers: positioning, the gesture challenge, the decision.

Pure apart from the messages it asks to be sent; the session controller feeds it and turns its answers into events.
"""

import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import replace

from kiosk.document.evidence import DocumentEvidence
from kiosk.runtime.messages import BeginWindow, Compare, Compared, EyesReady, Message, Observed, SetExposure
from kiosk.session.events import Accepted, AttemptFailed, Event, LivenessPassed, Positioned, Referred
from kiosk.verification.attempt import AttemptCheck, draw_attempt
from kiosk.verification.comparison import ComparisonScore, TemplateModel
from kiosk.verification.decision import ComparisonEvidence, DecisionPolicy, ReferralReason, decide, is_one_face
from kiosk.verification.exposure import draw_exposure_challenge
from kiosk.verification.gestures import Gesture
from kiosk.verification.layers import ChallengeVariant, Finding
from kiosk.verification.liveness import LivenessProgress, PadDecision, PadOutcome
from kiosk.verification.quality import CaptureGuidance, SteadyGuidance

FIT_FOR_S = 1.0

_log = logging.getLogger(__name__)


Aside = Callable[[Callable[[], PadDecision], Callable[[PadDecision], Event | None]], Event | None]
"""Does the work and hands the decision on: at once, returning the event, or later, sending it."""


def _at_once(work: Callable[[], PadDecision], then: Callable[[PadDecision], Event | None]) -> Event | None:
    return then(work())


class FaceCheck:
    """One visit's positioning, challenge and decision; a new one is made for every visit."""

    def __init__(
        self,
        send_to_eyes: Callable[[Message], None],
        policy: DecisionPolicy,
        template_model: TemplateModel,
        chance: random.Random | None = None,
        aside: Aside | None = None,
    ) -> None:
        self._send_to_eyes = send_to_eyes
        self._policy = policy
        self._template_model = template_model
        self._chance = chance or secrets.SystemRandom()
        self._aside = aside or _at_once
        self._steady = SteadyGuidance()
        self._has_reference = False
        self._fit_since_s: float | None = None
        self._track_id = -1
        self._window_id = 0
        self._unanswered: set[Gesture] = set()
        """Not asked again: many people's smile is not wide enough, and a second attempt should not fail by it too."""
        self._variant = ChallengeVariant.FULL
        self._has_exposure = False
        self._exposure_stops = 0.0
        self._check: AttemptCheck | None = None
        self._decision: PadDecision | None = None
        self.guidance = CaptureGuidance.COME_INTO_VIEW
        self.progress: LivenessProgress | None = None

    def choose(self, variant: ChallengeVariant) -> None:
        """The customer said which challenge suits them; counts from the next attempt on."""
        self._variant = variant

    def camera_ready(self, message: EyesReady) -> None:
        """Eyes said what its camera can."""
        self._has_exposure = message.has_exposure

    def reference_taken(self) -> None:
        """Eyes has a reference: positioning may end."""
        self._has_reference = True

    def position(self, observed: Observed, now_s: float) -> Event | None:
        """Steady the guidance; `Positioned` once one face has been fit for a while and a reference is there.

        The while begins when desk hears of it: frames that piled up meanwhile do not shorten it.
        """
        at_s = observed.observation.captured_at_s
        self.guidance = self._steady.show(observed.guidance, at_s)
        face = observed.observation.face
        if observed.guidance is not CaptureGuidance.FIT or face is None or face.track_id != self._track_id:
            self._fit_since_s = now_s if observed.guidance is CaptureGuidance.FIT else None
            self._track_id = face.track_id if face is not None else -1
            return None
        if self._fit_since_s is None:
            self._fit_since_s = now_s
        ready = self._has_reference and at_s - self._fit_since_s >= FIT_FOR_S
        return Positioned() if ready else None

    @property
    def decision(self) -> PadDecision | None:
        """How the last attempt ended, or None while one is under way."""
        return self._decision

    @property
    def challenge_is_over(self) -> bool:
        """Nothing more is asked, and what it came to not yet said."""
        return self._check is not None and self._check.is_over

    def start_challenge(self) -> None:
        """Draw a challenge and open a new window of frames."""
        self._window_id += 1
        self._send_to_eyes(BeginWindow(self._window_id))
        self._decision = None
        challenge = draw_attempt(self._chance, self._variant, self._unanswered)
        if self._has_exposure:
            challenge = replace(challenge, exposure=draw_exposure_challenge(self._chance))
        self._check = AttemptCheck(challenge, classifier_threshold=self._policy.classifier_threshold)

    def stop_challenge(self) -> None:
        self._expose(0.0)
        self._check = None
        self.progress = None
        self._fit_since_s = None

    def answer(self, observed: Observed, now_s: float) -> Event | None:
        """Feed the challenge; say when it is passed or the attempt is used up."""
        if self._check is None or self._check.is_over:
            return None
        self._check.observe(observed.observation, now_s)
        return self._follow(self._check)

    def tick(self, now_s: float) -> Event | None:
        """Let time pass, so that an attempt also ends when the camera gives no frame."""
        if self._check is None or self._check.is_over:
            return None
        self._check.tick(now_s)
        return self._follow(self._check)

    def _follow(self, check: AttemptCheck) -> Event | None:
        asked = None if self.progress is None else self.progress.gesture
        self.progress = check.progress
        self._expose(self.progress.exposure_stops)
        if not check.is_over:
            return None
        return self._aside(check.conclude, lambda decision: self._concluded(check, decision, asked))

    def _concluded(self, check: AttemptCheck, decision: PadDecision, asked: Gesture | None) -> Event | None:
        """Say what an attempt came to, unless the visit has gone on without it."""
        if check is not self._check:
            return None
        self._decision = decision
        if decision.outcome is PadOutcome.NON_RESPONSE and asked is not None:
            self._unanswered.add(asked)
        _log.info("The attempt ended with %s after %d answers.", decision.outcome, len(decision.answers))
        return LivenessPassed() if decision.outcome is PadOutcome.BONA_FIDE else AttemptFailed(decision.noticed)

    def _expose(self, stops: float) -> None:
        if stops != self._exposure_stops:
            self._exposure_stops = stops
            self._send_to_eyes(SetExposure(stops))

    def compare(self) -> None:
        """Ask eyes to compare over the very window and track that passed the challenge."""
        assert self._decision is not None
        decision = self._decision
        self._send_to_eyes(Compare(self._window_id, decision.track_id, decision.window_from_s, decision.window_until_s))

    def judge(self, compared: Compared, evidence_of_document: DocumentEvidence | None) -> Event | None:
        """Decide by the policy; a score of another window is ignored, one of another model decides nothing.

        Where the face that answered is not the one compared, that uses the attempt up like any change of face.
        """
        if compared.window_id != self._window_id:
            return None
        if compared.model_id != self._template_model.id:
            return Referred(ReferralReason.COMPARISON_FAILED)
        evidence = ComparisonEvidence(
            score=ComparisonScore(compared.score, compared.model_id),
            threshold=self._template_model.threshold,
            track_id=compared.track_id,
            frame_times_s=compared.frame_times_s,
            agreement=compared.agreement,
            witness_times_s=compared.witness_times_s,
            refuse_below=self._template_model.refuse_below,
        )
        if self._decision is not None and not is_one_face(self._decision, evidence):
            _log.info("The attempt ended because its frames do not show one face from beginning to end.")
            return AttemptFailed(frozenset({Finding.FACE_CHANGED}))
        acceptable = evidence_of_document is not None and evidence_of_document.acceptable
        decision = decide(acceptable, self._decision, evidence, self._policy)
        if decision.referral is None:
            return Accepted()
        if self._decision is None or decision.referral is not ReferralReason.LIVENESS_INCOMPLETE:
            return Referred(decision.referral)
        return Referred(decision.referral, self._decision.unmeasured)

    def comparison_failed(self, window_id: int) -> Event | None:
        """No fit frame in the window: the attempt is used up; without an attempt to lose, the teller."""
        if window_id != self._window_id:
            return None
        return AttemptFailed() if self._decision is not None else Referred(ReferralReason.COMPARISON_FAILED)
