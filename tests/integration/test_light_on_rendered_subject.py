"""The light challenge on frames of the simulated camera, measured by the shipped face mesh, in rehearsed time."""

import random

import pytest

from hardware.camera import Frame
from hardware.simulated.casting import attack_take, bona_fide_take
from hardware.simulated.cues import Cue
from hardware.simulated.living import Portrait
from hardware.simulated.look import SubjectLook
from hardware.simulated.species import AttackSpecies
from hardware.simulated.take import SimulatedTake
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict
from kiosk.verification.light import LightCheck, draw_light_challenge
from kiosk.verification.observation import FrameObservation
from kiosk.vision.face_landmarker import FaceLandmarker
from kiosk.vision.light_measurement import measure_light
from tests.portraits import NAMES, portrait, portrait_landmarks

FRAMES_PER_S = 12.0
BEGINS_S = 102.5
TICK_S = 0.02


@pytest.fixture(scope="module")
def people() -> list[Portrait]:
    return [Portrait(portrait(name), portrait_landmarks(name)) for name in NAMES]


@pytest.fixture(scope="module")
def landmarker() -> FaceLandmarker:
    return FaceLandmarker()


def answered(take: SimulatedTake, landmarker: FaceLandmarker, seed: int) -> LayerEvidence:
    """Show a challenge to what stands before the camera."""
    challenge = draw_light_challenge(random.Random(seed), 6.0)
    check, colour, ticks = LightCheck(challenge), None, 0
    landmarker.reset_track()
    take.picture_at(100.0, Cue.PRESENT, None)
    for number in range(round((challenge.duration_s + 0.7) * FRAMES_PER_S)):
        now_s = BEGINS_S - 0.2 + number / FRAMES_PER_S
        while (at_s := BEGINS_S + ticks * TICK_S) <= now_s:
            if (due := challenge.colour_at(ticks * TICK_S)) is not colour:
                check.shown(due, at_s)
                colour = due
            ticks += 1
        pixels = take.picture_at(now_s, Cue.PRESENT, None if colour is None else colour.srgb)
        observed = landmarker.observe(Frame(pixels, now_s, number))
        light = None if observed.face is None else measure_light(pixels, observed.face.landmarks)
        check.observe(FrameObservation(number, now_s, 1280, 720, observed.face_count, observed.face, light))
    return check.evidence()


def test_a_rendered_person_answers_the_light(people, landmarker):
    evidence = answered(bona_fide_take(people[0], SubjectLook(), 3), landmarker, 3)
    assert (evidence.verdict, evidence.finding) == (LayerVerdict.PASSED, Finding.IN_ORDER)


def test_a_print_answers_like_a_sheet(people, landmarker):
    evidence = answered(attack_take(AttackSpecies.PRINT, people[1], people[0], 4), landmarker, 4)
    assert (evidence.verdict, evidence.finding) == (LayerVerdict.FAILED, Finding.LIGHT_EVEN)
