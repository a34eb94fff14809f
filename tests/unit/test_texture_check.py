"""What texture samples of an attempt come to: a grid, a sheet, lost detail; too few, or no numbers, never a pass."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.verification import texture
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict, PadLayer
from kiosk.verification.observation import FrameObservation, TextureSample
from kiosk.verification.texture import TextureCheck
from tests.rehearsed_face import RESTING, evidence_of, frame

SKIN = TextureSample(periodicity=3.8, fine_detail=0.14, straight_edges=0.15, glare=0.0, edges_around=0.3)
NUMBERS = st.one_of(st.floats(), st.floats(0, 1), st.floats(0, 20))
SAMPLES = st.builds(TextureSample, NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.none(), NUMBERS, NUMBERS)
WIDTH = 1280


def seen(samples: Sequence[TextureSample | None], centres_x: Sequence[float] | None = None) -> list[FrameObservation]:
    places = centres_x or [0.5] * len(samples)
    faces = [replace(RESTING, centre_x=x) for x in places]
    return [
        replace(frame(5 + n / 2, face), texture=sample)
        for n, (face, sample) in enumerate(zip(faces, samples, strict=True))
    ]


def said(samples: Sequence[TextureSample | None], centres_x: Sequence[float] | None = None) -> LayerEvidence:
    return evidence_of(TextureCheck(), seen(samples, centres_x))


def test_skin_before_an_ordinary_background_passes() -> None:
    evidence = said([SKIN] * 12)
    assert (evidence.layer, evidence.verdict, evidence.finding) == (
        PadLayer.TEXTURE,
        LayerVerdict.PASSED,
        Finding.IN_ORDER,
    )


@pytest.mark.parametrize("count", range(texture.FEWEST_SAMPLES))
def test_too_few_samples_are_no_evidence_whatever_they_show(count: int) -> None:
    for sample in (SKIN, replace(SKIN, periodicity=20.0)):
        evidence = said([None] * 9 + [sample] * count)
        assert (evidence.verdict, evidence.finding) == (LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN)


@pytest.mark.parametrize(
    ("sample", "finding"),
    [
        (replace(SKIN, periodicity=9.0), Finding.GRID),
        (replace(SKIN, straight_edges=0.8, edges_around=0.8), Finding.STRAIGHT_EDGES),
        (replace(SKIN, straight_edges=0.5, edges_around=0.5, glare=0.08), Finding.STRAIGHT_EDGES),
        (replace(SKIN, fine_detail=0.02), Finding.BLURRED),
    ],
)
def test_what_a_surface_shows_in_most_samples_fails(sample: TextureSample, finding: Finding) -> None:
    evidence = said([sample] * 9 + [SKIN] * 3)
    assert (evidence.verdict, evidence.finding) == (LayerVerdict.FAILED, finding)
    assert said([sample] + [SKIN] * 11).verdict is LayerVerdict.PASSED, "one sample does not"


def test_a_grid_that_shows_in_every_third_sample_fails() -> None:
    assert said([replace(SKIN, periodicity=9.0), SKIN, SKIN] * 4).finding is Finding.GRID


def test_half_a_frame_fails_where_it_moves_with_the_face_and_passes_where_the_face_moves_before_it() -> None:
    sides = [0.5, 0.5, 0.5, 0.45, 0.45, 0.45, 0.55, 0.55, 0.55]
    half = replace(SKIN, straight_edges=0.5, edges_around=0.55)
    carried = [replace(half, edges_x_px=x * WIDTH + 4) for x in sides]
    assert said(carried, sides).finding is Finding.STRAIGHT_EDGES
    assert said([replace(half, edges_x_px=644.0)] * 9, sides).verdict is LayerVerdict.PASSED
    unmoved = said([replace(half, edges_x_px=644.0)] * 9)
    assert (unmoved.verdict, unmoved.finding) == (LayerVerdict.NOT_MEASURED, Finding.STRAIGHT_EDGES)


def test_edges_that_stand_still_behind_a_moving_face_need_to_be_nearly_a_whole_frame() -> None:
    sides = [0.5, 0.5, 0.5, 0.45, 0.45, 0.45, 0.55, 0.55, 0.55]
    for edges, verdict in ((0.7, LayerVerdict.PASSED), (0.95, LayerVerdict.FAILED)):
        sample = replace(SKIN, straight_edges=edges, edges_around=edges, edges_x_px=650.0)
        assert said([sample] * 9, sides).verdict is verdict
        assert said([sample] * 9).verdict is LayerVerdict.FAILED, "a face that never moved proves no door"


def test_a_whole_frame_that_trembles_is_held_by_a_hand_and_one_that_stands_is_a_door() -> None:
    around = replace(SKIN, edges_around=0.95)
    trembling = [replace(around, edges_x_px=640 + tremble) for tremble in (-4, 3, 0, 5, -3, -5, 2, 4)]
    assert said(trembling).finding is Finding.STRAIGHT_EDGES
    standing = [replace(around, edges_x_px=640 + off) for off in (-0.3, 0.2, 0, 0.3, -0.2, 0, 0.1, 0.3)]
    assert said(standing).verdict is LayerVerdict.PASSED
    different = [replace(around, edges_x_px=640 + off) for off in (-200, 3, 0, 180, -3, -160, 2, 150)]
    assert said(different).verdict is LayerVerdict.PASSED, "now this edge, now that one: nothing trembles"


@given(st.lists(SAMPLES, max_size=12))
def test_no_number_whatever_raises_or_is_taken_for_skin(samples: list[TextureSample]) -> None:
    evidence = said(samples)
    plain = [
        one
        for one in samples
        if math.isfinite(one.periodicity) and one.periodicity >= 0 and all(
            0 <= share <= 1 for share in (one.fine_detail, one.straight_edges, one.glare, one.edges_around)
        )
    ]  # fmt: skip
    assert (evidence.finding is Finding.NOTHING_SEEN) == (len(plain) < texture.FEWEST_SAMPLES)
    assert all(math.isfinite(value) for value in evidence.measures.values())


@given(st.lists(SAMPLES, min_size=3, max_size=12), st.randoms())
def test_the_order_of_frames_does_not_matter(samples: list[TextureSample], source: random.Random) -> None:
    shuffled = list(samples)
    source.shuffle(shuffled)
    assert said(samples) == said(shuffled)


def test_a_face_that_is_nowhere_adds_nothing() -> None:
    check = TextureCheck()
    for number in range(6):
        nowhere = replace(RESTING, centre_x=math.nan, inter_eye_px=0.0)
        check.observe(replace(frame(5 + number / 2, nowhere), texture=SKIN))
        check.observe(replace(frame(5.2 + number / 2, None), texture=SKIN))
    assert check.evidence().verdict is LayerVerdict.NOT_MEASURED
