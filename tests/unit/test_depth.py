"""Depth from motion, on heads and pictures made of numbers."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kiosk.verification.depth import DepthCheck
from kiosk.verification.layers import Finding, LayerEvidence, LayerVerdict
from kiosk.verification.observation import BackgroundMotion, FrameObservation, HeadPose
from kiosk.verification.relief import STABLE_POINTS, RestingFace, shape_of
from tests.rehearsed_face import RESTING, evidence_of, frame

Points = NDArray[np.float64]
FIXED = {33: (-0.71, 0), 133: (-0.27, 0), 263: (0.71, 0), 362: (0.27, 0), 117: (-0.85, 0.3), 346: (0.85, 0.3)}
NOSE = {1: (0, 0.6), 4: (0, 0.55), 5: (0, 0.4), 195: (0, 0.25), 197: (0, 0.13), 6: (0, 0.0), 2: (0, 0.72)}
seeds = st.integers(0, 2**32)
turns_deg = st.floats(20, 30).flatmap(lambda angle: st.sampled_from([angle, -angle]))


def head(seed: int) -> Points:
    """(478, 3) in inter-eye distances: points anywhere on a rounded face with a nose, every face another one."""
    source = np.random.default_rng(seed)
    points = np.zeros((478, 3))
    points[:, :2] = np.stack([source.uniform(-0.95, 0.95, 478), source.uniform(-0.75, 0.8, 478)], axis=1)
    for number, place in (FIXED | NOSE).items():
        points[number, :2] = place
    x, y = points[:, 0], points[:, 1]
    nose = np.exp(-((x / source.uniform(0.2, 0.28)) ** 2) - ((y - 0.5) / source.uniform(0.3, 0.4)) ** 2)
    hollows = np.exp(-(((np.abs(x) - 0.5) / 0.25) ** 2) - (y / 0.2) ** 2)
    roundness = source.uniform(0.35, 0.6) * x * x + source.uniform(0.05, 0.2) * y * y
    points[:, 2] = roundness - source.uniform(0.5, 0.75) * nose + source.uniform(0.02, 0.12) * hollows
    return points


def rotated(points: Points, yaw_deg: float, pitch_deg: float = 0.0) -> Points:
    yaw, pitch = math.radians(yaw_deg), math.radians(pitch_deg)
    about_y = np.array([[math.cos(yaw), 0, -math.sin(yaw)], [0, 1, 0], [math.sin(yaw), 0, math.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    turned: Points = points @ (about_x @ about_y).T
    return turned


def seen(points: Points, distance: float = 8.0) -> Points:
    """x and y as a camera at that distance has them; what is beneath, z, stays."""
    near = distance / (distance + points[:, 2:])
    return np.column_stack([points[:, :2] * near, points[:, 2]])


def bent(points: Points, radius: float, axis_deg: float) -> Points:
    """A flat picture of the points on a cylinder."""
    along = np.array([math.cos(math.radians(axis_deg)), math.sin(math.radians(axis_deg))])
    across = np.array([-along[1], along[0]])
    angle = points[:, :2] @ across / radius
    flat = np.outer(points[:, :2] @ along, along) + np.outer(radius * np.sin(angle), across)
    return np.column_stack([flat, radius * (1 - np.cos(angle))])


def with_z(flat: Points, z: Points) -> Points:
    """The mesh sees a face, and gives it depth whether it has any or not."""
    return np.column_stack([flat[:, :2], z])


def observed(
    points: Points, at_s: float, yaw_deg: float, background: BackgroundMotion | None = None, noise: float = 0.0
) -> FrameObservation:
    source = np.random.default_rng(round(at_s * 1000))
    pixels = (points + source.normal(0, noise, points.shape)) * 130 + (640, 360, 0)
    face = replace(
        RESTING,
        landmarks_f32=pixels.astype("<f4").tobytes(),
        head_pose=HeadPose(yaw_deg, 0, 0),
        inter_eye_px=130.0,
    )
    return replace(frame(at_s, face), background=background)


def clip(
    resting: Points, *turned: tuple[Points, float], background: BackgroundMotion | None = None, noise: float = 0.004
) -> list[FrameObservation]:
    """A second at rest, then each turn for half a second, with rest after it; with the yaw that is said of it."""
    course = [(resting, 0.0)] * 12
    for points, yaw_deg in turned:
        course += [(points, yaw_deg)] * 6 + [(resting, 0.0)] * 3
    return [observed(p, 100 + n / 12, yaw, background, noise) for n, (p, yaw) in enumerate(course)]


def moving(face: float, background: float, points: int = 20) -> BackgroundMotion:
    return BackgroundMotion(background, background / 2, face, face / 2, points)


def turned_head(seed: int, yaw_deg: float) -> tuple[Points, tuple[Points, float]]:
    solid = head(seed)
    return seen(solid), (seen(rotated(solid, yaw_deg, random.Random(seed).uniform(-5, 5))), yaw_deg)


# --- heads ---


@settings(max_examples=40)
@given(seeds, turns_deg)
def test_a_rigid_head_that_turns_passes(seed: int, yaw_deg: float) -> None:
    resting, turn = turned_head(seed, yaw_deg)
    evidence = evidence_of(DepthCheck(), clip(resting, turn, background=moving(6, 0)))
    assert evidence.verdict is LayerVerdict.PASSED, evidence
    assert evidence.measures["plane_residual"] > evidence.measures["sheet_residual"]


@settings(max_examples=30)
@given(seeds, turns_deg, st.floats(0.3, 8), st.floats(-500, 500), st.floats(-500, 500), st.floats(-30, 30))
def test_place_size_and_tilt_in_the_picture_do_not_matter(
    seed: int, yaw_deg: float, size: float, x_px: float, y_px: float, roll_deg: float
) -> None:
    resting, (turned, _) = turned_head(seed, yaw_deg)
    roll = math.radians(roll_deg)
    tilt = np.array([[math.cos(roll), math.sin(roll), 0], [-math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    elsewhere = (turned * 130 @ tilt * size + (x_px, y_px, 0)).astype("<f4")
    plain, moved = (
        shape_of(replace(RESTING, landmarks_f32=np.asarray(pixels, "<f4").tobytes()))
        for pixels in (turned * 130, elsewhere)
    )
    rest = shape_of(replace(RESTING, landmarks_f32=(resting * 130).astype("<f4").tobytes()))
    assert plain is not None
    assert moved is not None
    assert rest is not None
    one, other = RestingFace([rest]).turns([plain, moved])
    assert one.solidity == pytest.approx(other.solidity, abs=1e-3)
    assert one.extent == pytest.approx(other.extent, abs=1e-3)
    assert one.sheet_residual == pytest.approx(other.sheet_residual, abs=1e-3)


def test_a_face_that_never_turns_has_no_depth_to_measure() -> None:
    evidence = evidence_of(DepthCheck(), clip(seen(head(1)), background=moving(6, 0)))
    assert (evidence.verdict, evidence.finding) == (LayerVerdict.NOT_MEASURED, Finding.NO_TURN)


def test_a_turn_of_a_single_frame_is_none() -> None:
    resting, (turned, yaw_deg) = turned_head(1, 25)
    frames = [observed(turned if n == 10 else resting, 100 + n / 12, yaw_deg * (n == 10)) for n in range(20)]
    assert evidence_of(DepthCheck(), frames).finding is Finding.NO_TURN


# --- pictures of heads ---


def _never_passes(evidence: LayerEvidence) -> None:
    assert evidence.verdict is not LayerVerdict.PASSED, evidence


@settings(max_examples=40)
@given(seeds, st.floats(-60, 60), st.floats(-30, 30), st.floats(4, 12), st.floats(-90, 90))
def test_a_flat_picture_never_passes_however_it_is_held(
    seed: int, yaw_deg: float, pitch_deg: float, distance: float, said_deg: float
) -> None:
    solid = head(seed)
    flat = solid * (1, 1, 0)
    turned = with_z(seen(rotated(flat, yaw_deg, pitch_deg), distance), rotated(solid, said_deg)[:, 2])
    evidence = evidence_of(DepthCheck(), clip(solid, (turned, said_deg), background=moving(6, 0)))
    _never_passes(evidence)
    if abs(yaw_deg) >= 30 and abs(pitch_deg) < 10:
        assert (evidence.verdict, evidence.finding) == (LayerVerdict.FAILED, Finding.FLAT)


@settings(max_examples=40)
@given(seeds, st.lists(st.floats(-0.35, 0.35), min_size=8, max_size=8))
def test_a_picture_seen_through_any_homography_never_passes(seed: int, numbers: list[float]) -> None:
    solid = head(seed)
    warp = np.append(numbers, 0.0).reshape(3, 3) * [[1, 1, 1], [1, 1, 1], [0.4, 0.4, 0]] + np.eye(3)
    placed = np.column_stack([solid[:, :2], np.ones(478)]) @ warp.T
    turned = with_z(placed[:, :2] / placed[:, 2:], solid[:, 2])
    _never_passes(evidence_of(DepthCheck(), clip(solid, (turned, 20.0), background=moving(6, 0))))


@settings(max_examples=60)
@given(
    seeds, st.floats(1.2, 8), st.floats(0, 180), st.floats(-45, 45), st.floats(-15, 15), st.booleans(), st.booleans()
)
def test_a_picture_on_a_cylinder_never_passes(
    seed: int, radius: float, axis_deg: float, yaw_deg: float, pitch_deg: float, hollow: bool, bent_at_rest: bool
) -> None:
    solid = head(seed)
    sheet = bent(solid, radius, axis_deg) * (1, 1, -1 if hollow else 1)
    resting = with_z(seen(sheet if bent_at_rest else solid * (1, 1, 0)), solid[:, 2])
    turned = with_z(seen(rotated(sheet, yaw_deg, pitch_deg)), solid[:, 2])
    _never_passes(evidence_of(DepthCheck(), clip(resting, (turned, yaw_deg), background=moving(6, 0))))


@pytest.mark.parametrize("flat_first", [True, False])
def test_one_flat_turn_outweighs_a_solid_one(flat_first: bool) -> None:
    resting, turn = turned_head(3, 25)
    flat = (with_z(seen(rotated(head(3) * (1, 1, 0), 35)), head(3)[:, 2]), 20.0)
    course = (flat, turn) if flat_first else (turn, flat)
    evidence = evidence_of(DepthCheck(), clip(resting, *course, background=moving(6, 0)))
    assert (evidence.verdict, evidence.finding) == (LayerVerdict.FAILED, Finding.FLAT)


# --- face and background ---


def test_a_head_that_moves_as_one_with_its_background_fails() -> None:
    evidence = evidence_of(DepthCheck(), clip(*turned_head(4, 25), background=moving(6, 5.8)))
    assert (evidence.verdict, evidence.finding) == (LayerVerdict.FAILED, Finding.MOVES_WITH_BACKGROUND)


def test_a_print_that_sways_fails_without_any_turn() -> None:
    evidence = evidence_of(DepthCheck(), clip(seen(head(4)), background=moving(-6, -6)))
    assert evidence.finding is Finding.MOVES_WITH_BACKGROUND


@pytest.mark.parametrize("points", [0, 3])
def test_before_a_plain_wall_a_plainly_solid_turn_is_enough_and_it_says_so(points: int) -> None:
    evidence = evidence_of(DepthCheck(), clip(*turned_head(4, 25), background=moving(6, 6, points)))
    assert evidence.verdict is LayerVerdict.PASSED
    assert evidence.measures["background_followed"] == 0


def test_a_relief_that_is_shallow_must_be_seen_to_move_apart_from_its_background() -> None:
    resting, _ = turned_head(4, 25)
    shallow = (with_z(seen(rotated(head(4) * (1, 1, 0.53), 25)), resting[:, 2]), 25.0)
    apart, unclear, unseen = (
        evidence_of(DepthCheck(), clip(resting, shallow, background=motion, noise=0.001))
        for motion in (moving(6, 0), moving(6, 3), None)
    )
    assert apart.verdict is LayerVerdict.PASSED
    for evidence in (unclear, unseen):
        assert (evidence.verdict, evidence.finding) == (LayerVerdict.NOT_MEASURED, Finding.NO_BACKGROUND)


def test_a_recorded_head_on_a_screen_in_a_hand_moves_with_its_background_between_turns() -> None:
    frames = []
    for one in clip(*turned_head(4, 25)):
        assert one.face is not None
        is_turned = one.face.head_pose.yaw_deg != 0
        frames.append(replace(one, background=moving(30, 6) if is_turned else moving(6, 6)))
    assert evidence_of(DepthCheck(), frames).finding is Finding.MOVES_WITH_BACKGROUND


def test_people_walking_behind_are_no_company() -> None:
    source = random.Random(1)
    frames = [
        replace(one, background=BackgroundMotion(source.gauss(0, 9), source.gauss(0, 3), 6, 3, 20))
        for one in clip(*turned_head(4, 25))
    ]
    assert evidence_of(DepthCheck(), frames).verdict is LayerVerdict.PASSED


# --- what is no number ---


def test_nothing_seen_is_nothing_measured() -> None:
    for frames in ([], [frame(100.0, None)], [frame(100 + n / 12, RESTING) for n in range(30)]):
        evidence = evidence_of(DepthCheck(), frames)
        assert (evidence.verdict, evidence.finding) == (LayerVerdict.NOT_MEASURED, Finding.NOTHING_SEEN)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 1e30, 0.0])
@pytest.mark.parametrize("where", ["all", "one", "z"])
def test_landmarks_that_are_no_numbers_never_pass(value: float, where: str) -> None:
    index = {"all": slice(None), "one": STABLE_POINTS[7], "z": (slice(None), 2)}[where]
    frames = []
    for one in clip(*turned_head(5, 25), background=moving(6, 0)):
        assert one.face is not None
        spoilt = one.face.landmarks.copy()
        spoilt[index] = value
        frames.append(replace(one, face=replace(one.face, landmarks_f32=spoilt.tobytes())))
    evidence = evidence_of(DepthCheck(), frames)
    assert evidence.verdict is LayerVerdict.NOT_MEASURED or (where == "one" and value == 0.0)


wild = st.one_of(st.floats(), st.sampled_from([0.0, math.nan, math.inf, -1e300]))


@settings(max_examples=40)
@given(st.lists(st.tuples(wild, wild, wild, wild, st.integers(-5, 50)), max_size=40), seeds)
def test_wild_numbers_beside_the_landmarks_never_pass_and_never_raise(
    numbers: list[tuple[float, float, float, float, int]], seed: int
) -> None:
    check = DepthCheck()
    flat = head(seed) * (1, 1, 0)
    for number, (yaw, at_s, shift, inter_eye, points) in enumerate(numbers):
        one = observed(seen(rotated(flat, yaw if abs(yaw) < 60 else 0)), 100 + number / 12, 0)
        assert one.face is not None
        face = replace(one.face, head_pose=HeadPose(yaw, 0, 0), inter_eye_px=inter_eye)
        motion = BackgroundMotion(shift, 0, yaw, shift, points)
        check.observe(replace(one, face=face, captured_at_s=at_s, background=motion))
    evidence = check.evidence()
    _never_passes(evidence)
    assert evidence == check.evidence()
