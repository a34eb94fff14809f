"""One attempt: gestures, then light, every layer watching; what is missing or against it never becomes a pass."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.verification.attempt import AttemptCheck, Challenge, draw_attempt
from kiosk.verification.decision import DecisionPolicy, ReferralReason, decide
from kiosk.verification.gestures import Gesture
from kiosk.verification.layers import ChallengeVariant, Finding, LayerEvidence, LayerVerdict, PadLayer, PadLayerCheck
from kiosk.verification.light import LightChallenge, ScreenColour
from kiosk.verification.liveness import GestureChallenge, PadDecision, PadOutcome
from kiosk.verification.observation import FrameObservation
from tests.rehearsed_face import RESTING, Performance, follow, frame
from tests.unit.test_decision import LIVE, MATCHING, POLICY

STEP_S = 0.04
TURNING = Challenge(
    GestureChallenge((Gesture.TURN_LEFT, Gesture.BLINK)), LightChallenge((ScreenColour.RED, ScreenColour.CYAN), 0.4)
)
SIX = frozenset(PadLayer)


@dataclass
class FixedLayer:
    """Says one thing, and remembers what it was shown."""

    says: LayerEvidence
    seen: list[FrameObservation] = field(default_factory=list)

    def observe(self, observation: FrameObservation) -> None:
        self.seen.append(observation)

    def evidence(self) -> LayerEvidence:
        return self.says


def passing(layer: PadLayer) -> FixedLayer:
    return FixedLayer(LayerEvidence(layer, LayerVerdict.PASSED, Finding.IN_ORDER))


def play(challenge: Challenge, layers: Sequence[PadLayerCheck], tracks: Sequence[int] = (7,)) -> PadDecision:
    """Follow a challenge to its end; the face's track number becomes the next one as soon as the screen shines."""
    check, performance, reply = AttemptCheck(challenge, layers), Performance(), follow()
    for number in range(1200):
        now_s = 100 + number * STEP_S
        lit = check.progress.colour is not None
        face = replace(performance.face_at(now_s), track_id=tracks[-1] if lit else tracks[0])
        progress = check.observe(frame(now_s, face))
        if check.is_over:
            return check.conclude()
        reply(progress, now_s, performance)
        check.tick(now_s + STEP_S / 2)
    raise AssertionError("an attempt must end")


def test_gestures_come_first_then_each_colour_in_its_turn() -> None:
    check, performance, reply = AttemptCheck(TURNING, ()), Performance(), follow()
    shown: list[ScreenColour | None] = []
    for number in range(600):
        now_s = 100 + number * STEP_S
        progress = check.observe(frame(now_s, performance.face_at(now_s)))
        if check.is_over:
            break
        assert progress.gesture is None or progress.colour is None
        if not shown or shown[-1] is not progress.colour:
            shown.append(progress.colour)
        reply(progress, now_s, performance)
    assert shown == [None, ScreenColour.RED, ScreenColour.CYAN, None]
    assert check.is_over
    assert check.conclude().outcome is PadOutcome.BONA_FIDE
    assert len(check.conclude().answers) == 2


def test_every_layer_watches_every_frame_of_the_window() -> None:
    layers = [passing(PadLayer.DEPTH), passing(PadLayer.TEXTURE)]
    decision = play(TURNING, layers)
    times = [[seen.captured_at_s for seen in layer.seen] for layer in layers]
    assert times[0] == times[1]
    assert times[0][0] == decision.window_from_s
    assert times[0][-1] >= decision.window_until_s > times[0][-1] - 2 * STEP_S


@pytest.mark.parametrize("layer", [PadLayer.DEPTH, PadLayer.TEXTURE, PadLayer.CLASSIFIER])
def test_a_layer_that_objects_ends_in_an_attack_presentation(layer: PadLayer) -> None:
    objecting = FixedLayer(LayerEvidence(layer, LayerVerdict.FAILED, Finding.FLAT))
    decision = play(TURNING, [passing(PadLayer.STREAM), objecting])
    assert decision.outcome is PadOutcome.ATTACK_PRESENTATION
    assert decision.suspicions == {Finding.FLAT}


def test_another_face_while_the_screen_shines_ends_the_attempt() -> None:
    assert play(TURNING, (), tracks=(7, 8)).outcome is PadOutcome.FACE_CHANGED


def test_no_frame_while_the_screen_shines_ends_the_attempt() -> None:
    shining = replace(TURNING, light=LightChallenge((ScreenColour.RED, ScreenColour.CYAN) * 4, 0.4))
    check, performance, reply = AttemptCheck(shining, ()), Performance(), follow()
    now_s = 100.0
    while check.progress.colour is None:
        now_s += STEP_S
        reply(check.observe(frame(now_s, performance.face_at(now_s))), now_s, performance)
    for passed in range(40):
        check.tick(now_s + passed * 0.1)
    assert check.conclude().outcome is PadOutcome.FACE_CHANGED


def test_a_variant_without_light_shows_no_colour_and_has_nothing_to_say_of_light() -> None:
    challenge = draw_attempt(random.Random(1), ChallengeVariant.WITHOUT_LIGHT)
    assert challenge.light is None
    decision = play(replace(TURNING, light=None, variant=ChallengeVariant.WITHOUT_LIGHT), ())
    assert decision.outcome is PadOutcome.BONA_FIDE
    assert decision.verdict_of(PadLayer.LIGHT) is LayerVerdict.NOT_MEASURED


def test_a_picture_that_is_waved_about_fails_also_where_nobody_asked_for_a_turn() -> None:
    asked = replace(
        TURNING,
        gestures=GestureChallenge((Gesture.BLINK, Gesture.OPEN_MOUTH)),
        variant=ChallengeVariant.WITHOUT_TURNS,
    )
    unmeasured = FixedLayer(LayerEvidence(PadLayer.DEPTH, LayerVerdict.NOT_MEASURED, Finding.NO_TURN))
    assert PadLayer.DEPTH not in {said.layer for said in play(asked, [unmeasured]).layers}
    flat = FixedLayer(LayerEvidence(PadLayer.DEPTH, LayerVerdict.FAILED, Finding.FLAT))
    assert play(asked, [flat]).suspicions == {Finding.FLAT}


@given(st.sets(st.sampled_from(PadLayer)), st.sampled_from(ChallengeVariant))
def test_a_yes_needs_every_layer_of_the_policy_and_the_full_challenge(
    passed: set[PadLayer], variant: ChallengeVariant
) -> None:
    said = tuple(
        LayerEvidence(
            layer, LayerVerdict.PASSED if layer in passed else LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN
        )
        for layer in PadLayer
    )
    live = replace(LIVE, layers=said, variant=variant)
    decision = decide(True, live, MATCHING, replace(POLICY, layers=SIX))
    assert decision.accepted is (passed == SIX and variant is ChallengeVariant.FULL)
    if passed | variant.left_out >= SIX and variant is not ChallengeVariant.FULL:
        assert decision.referral is ReferralReason.GENTLE_VARIANT
    elif not decision.accepted:
        assert decision.referral is ReferralReason.LIVENESS_INCOMPLETE


def test_a_policy_that_asks_for_no_layer_accepts_nobody() -> None:
    assert not decide(True, LIVE, MATCHING, DecisionPolicy(layers=frozenset())).accepted


def test_resting_faces_answer_nothing() -> None:
    check = AttemptCheck(TURNING, ())
    for number in range(400):
        check.observe(frame(100 + number * STEP_S, RESTING))
    assert check.conclude().outcome is PadOutcome.NON_RESPONSE
