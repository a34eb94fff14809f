"""What the light layer makes of faces, sheets, recordings and faults; every scene is numbers from a model of light."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.verification import light_answer
from kiosk.verification.layers import Finding, LayerVerdict
from kiosk.verification.light import LightChallenge, LightCheck, ScreenColour, draw_light_challenge
from kiosk.verification.observation import LightSample
from tests.lit_face import BENT, FLAT, HEAD, Scene, play

PASSED = (LayerVerdict.PASSED, Finding.IN_ORDER)
TOO_WEAK = (LayerVerdict.NOT_MEASURED, Finding.LIGHT_TOO_WEAK)


def drawn(seed: int) -> LightChallenge:
    return draw_light_challenge(random.Random(seed), 6.0)


def said(check: LightCheck) -> tuple[LayerVerdict, Finding]:
    evidence = check.evidence()
    return evidence.verdict, evidence.finding


@settings(max_examples=10)
@given(
    seed=st.integers(0, 10**6),
    screen=st.floats(0.12, 0.6),
    behind=st.floats(0, 0.4),
    lag_s=st.floats(0.03, 0.25),
    frames_per_s=st.floats(10, 30),
    adjusts_per_s=st.floats(0, 2),
    sway=st.floats(0, 0.02),
)
def test_a_head_in_ordinary_light_passes(seed: int, **conditions: float) -> None:
    assert said(play(drawn(seed), Scene(**conditions), seed)) == PASSED


@pytest.mark.parametrize("seed", range(4))
def test_eight_frames_a_second_are_enough(seed: int) -> None:
    assert said(play(drawn(seed), Scene(frames_per_s=8.1, lag_s=0.12), seed)) == PASSED


@pytest.mark.parametrize("skin", [0.12, 0.4, 1.1])
def test_what_skin_reflects_does_not_matter(skin: float) -> None:
    surface = tuple((*place, skin * reflectance) for *place, reflectance in HEAD)
    assert said(play(drawn(3), Scene(surface=surface), 3)) == PASSED


@settings(max_examples=10)
@given(
    seed=st.integers(0, 10**6),
    screen=st.floats(0.02, 0.6),
    lag_s=st.floats(0, 0.3),
    sheet=st.sampled_from([FLAT, BENT]),
)
def test_a_sheet_never_passes(seed: int, screen: float, lag_s: float, sheet: tuple) -> None:
    check = play(drawn(seed), Scene(surface=sheet, screen=screen, lag_s=lag_s), seed)
    assert check.evidence().verdict is not LayerVerdict.PASSED


@pytest.mark.parametrize("sheet", [FLAT, BENT])
def test_a_print_in_clear_light_is_found_even(sheet: tuple) -> None:
    assert said(play(drawn(5), Scene(surface=sheet), 5)) == (LayerVerdict.FAILED, Finding.LIGHT_EVEN)


@pytest.mark.parametrize("surface", [HEAD, FLAT])
def test_a_clip_coloured_as_a_whole_answers_like_its_background(surface: tuple) -> None:
    check = play(drawn(6), Scene(surface=surface, behind=0.8), 6)
    assert said(check) == (LayerVerdict.FAILED, Finding.LIGHT_EVEN)


@pytest.mark.parametrize("lag_s", [0.42, 0.5, 0.7])
def test_an_answer_that_needed_computing_is_late(lag_s: float) -> None:
    assert said(play(drawn(7), Scene(lag_s=lag_s), 7)) == (LayerVerdict.FAILED, Finding.LIGHT_LATE)


@pytest.mark.parametrize("seed", range(6))
def test_a_recording_of_another_visit_shows_other_colours(seed: int) -> None:
    check = play(drawn(seed), Scene(instead=drawn(seed + 100)), seed)
    assert said(check) == (LayerVerdict.FAILED, Finding.LIGHT_WRONG)


@settings(max_examples=10)
@given(seed=st.integers(0, 10**6), other=st.integers(0, 10**6), delay_s=st.floats(-0.4, 0.4))
def test_another_sequence_never_passes(seed: int, other: int, delay_s: float) -> None:
    challenge = drawn(seed)
    guessed = drawn(other + 10**7)
    if sum(one is not two for one, two in zip(challenge.colours, guessed.colours, strict=True)) < 2:
        return
    check = play(challenge, Scene(instead=guessed, lag_s=delay_s), seed)
    assert check.evidence().verdict is not LayerVerdict.PASSED


def test_two_steps_guessed_wrongly_are_two_too_many() -> None:
    colours = list(drawn(8).colours)
    swapped = {ScreenColour.WHITE: ScreenColour.DARK, ScreenColour.RED: ScreenColour.CYAN}
    for step in (2, 5):
        colours[step] = swapped.get(colours[step], ScreenColour.WHITE)
    check = play(drawn(8), Scene(instead=LightChallenge(tuple(colours))), 8)
    assert check.evidence().verdict is not LayerVerdict.PASSED


@pytest.mark.parametrize("screen", [0.0, 0.004, 0.012])
def test_a_room_in_the_sun_is_said_to_be_too_bright(screen: float) -> None:
    assert said(play(drawn(9), Scene(screen=screen), 9)) == TOO_WEAK


def test_a_face_that_clips_cannot_be_measured() -> None:
    assert said(play(drawn(9), Scene(clipped=0.6), 9)) == TOO_WEAK


@pytest.mark.parametrize("background", [0.0005, 1.7])
def test_without_a_background_to_compare_with_there_is_no_pass(background: float) -> None:
    scene = Scene(background=background)
    assert said(play(drawn(10), scene, 10)) == (LayerVerdict.NOT_MEASURED, Finding.NO_BACKGROUND)


def test_nothing_shown_is_nothing_measured() -> None:
    assert said(LightCheck(drawn(1))) == (LayerVerdict.NOT_MEASURED, Finding.NO_LIGHT_SHOWN)
    assert said(LightCheck()) == (LayerVerdict.NOT_MEASURED, Finding.NO_LIGHT_SHOWN)


@pytest.mark.parametrize(
    "challenge",
    [
        LightChallenge(()),
        LightChallenge((ScreenColour.RED,)),
        LightChallenge((ScreenColour.WHITE, ScreenColour.DARK)),
        LightChallenge((ScreenColour.WHITE,) * 8),
        LightChallenge((ScreenColour.WHITE, ScreenColour.CYAN) * 4),
    ],
)
def test_a_challenge_that_asks_too_little_never_passes(challenge: LightChallenge) -> None:
    assert said(play(challenge)) == (LayerVerdict.NOT_MEASURED, Finding.NO_LIGHT_SHOWN)


def test_colours_shown_that_were_not_drawn_never_pass() -> None:
    check = play(drawn(11))
    other = LightCheck(drawn(12))
    other._shown, other._frames = check._shown, check._frames
    assert said(other) == (LayerVerdict.NOT_MEASURED, Finding.NO_LIGHT_SHOWN)


def test_a_colour_that_a_busy_desk_swallowed_never_passes() -> None:
    assert said(play(drawn(12), tick_s=0.55)) == (LayerVerdict.NOT_MEASURED, Finding.NO_LIGHT_SHOWN)


NAN = math.nan


def _with_holes(number: int, sample: LightSample) -> LightSample | None:
    return None if 12 <= number < 24 else sample


def _not_numbers(_number: int, sample: LightSample) -> LightSample:
    return replace(sample, regions=((NAN, NAN, NAN), *sample.regions[1:]))


def _background_not_numbers(_number: int, sample: LightSample) -> LightSample:
    return replace(sample, background=(NAN, 0.2, math.inf))


def _other_regions(number: int, sample: LightSample) -> LightSample:
    return replace(sample, regions=sample.regions[: number % 5 + 3])


def _no_regions(_number: int, sample: LightSample) -> LightSample:
    return replace(sample, regions=(), places=())


def _few_regions(_number: int, sample: LightSample) -> LightSample:
    return replace(sample, regions=sample.regions[:5], places=sample.places[:5])


def _nothing(_number: int, _sample: LightSample) -> None:
    return None


def _black(_number: int, sample: LightSample) -> LightSample:
    return replace(sample, regions=tuple((0.0, 0.0, 0.0) for _ in sample.regions))


@pytest.mark.parametrize(
    "fault",
    [
        _with_holes,
        _not_numbers,
        _background_not_numbers,
        _other_regions,
        _no_regions,
        _few_regions,
        _nothing,
        _black,
    ],
)
def test_frames_that_say_nothing_are_never_a_pass(fault) -> None:  # type: ignore[no-untyped-def]
    evidence = play(drawn(13), alter=fault).evidence()
    assert evidence.verdict is LayerVerdict.NOT_MEASURED
    assert evidence.finding in {Finding.NOTHING_SEEN, Finding.LIGHT_TOO_WEAK}


def test_single_frames_without_numbers_do_no_harm() -> None:
    def some(number: int, sample: LightSample) -> LightSample | None:
        return None if number % 7 == 0 else _not_numbers(number, sample) if number % 11 == 0 else sample

    assert said(play(drawn(14), alter=some)) == PASSED


def test_four_frames_a_second_are_too_few() -> None:
    check = play(drawn(15), Scene(frames_per_s=4))
    assert said(check) == (LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN)


def test_an_answer_before_the_question_is_no_answer() -> None:
    check = play(drawn(16), Scene(lag_s=-0.15))
    assert check.evidence().verdict is not LayerVerdict.PASSED


def test_the_numbers_behind_the_evidence_are_finite() -> None:
    measures = play(drawn(17)).evidence().measures
    assert measures["strength"] > light_answer.LEAST_ANSWER
    assert all(map(math.isfinite, measures.values()))
