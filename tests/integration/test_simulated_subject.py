"""The rendered subject as the shipped face mesh sees it: a solid head that turns, blinks, opens its mouth, smiles."""

from functools import cache
from itertools import islice

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware.camera import CameraError
from hardware.simulated.cues import Cue, FixedCue
from hardware.simulated.pose import FacePose
from hardware.simulated.renderer import SubjectRenderer
from hardware.simulated.sensor import SensorState
from hardware.simulated.subject import SimulatedSubjectCamera
from tests.portraits import NAMES, face_landmarks, portrait, portrait_landmarks

UPPER_LIDS, LOWER_LIDS = [159, 160, 158, 386, 387, 385], [145, 144, 153, 374, 373, 380]
angles = st.floats(-30, 30)
shares = st.floats(0, 1)


@cache
def renderer(name: str) -> SubjectRenderer:
    return SubjectRenderer(portrait(name), portrait_landmarks(name))


@cache
def small_renderer() -> SubjectRenderer:
    smaller = cv2.resize(portrait("astronaut"), None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    return SubjectRenderer(smaller, portrait_landmarks("astronaut") * np.float32(0.4), width=320, height=240)


def seen(name: str, pose: FacePose) -> np.ndarray:
    landmarks = face_landmarks(renderer(name).render(pose, 1))
    assert landmarks is not None, f"the mesh finds no face at {pose}"
    return landmarks[:, :2]


def distance(points: np.ndarray, one: int, other: int) -> float:
    return float(np.linalg.norm(points[one] - points[other]))


def inter_eye_px(points: np.ndarray) -> float:
    return float(np.linalg.norm(points[[33, 133]].mean(0) - points[[263, 362]].mean(0)))


def nose_place(points: np.ndarray) -> float:
    """Of the nose between the cheeks: 0.5 in the middle, 1 at the subject's left cheek."""
    return float((points[1, 0] - points[234, 0]) / (points[454, 0] - points[234, 0]))


def eye_openness(points: np.ndarray) -> float:
    gap = np.linalg.norm(points[UPPER_LIDS] - points[LOWER_LIDS], axis=1).mean()
    return float(gap / distance(points, 33, 133))


def flatness_residual(frontal: np.ndarray, turned: np.ndarray) -> float:
    """How badly a flat picture explains the turn, in inter-eye distances."""
    plane, _ = cv2.findHomography(frontal[:468], turned[:468])
    explained = cv2.perspectiveTransform(frontal[None, :468], plane)[0]
    return float(np.sqrt(((explained - turned[:468]) ** 2).sum(1).mean()) / inter_eye_px(frontal))


@pytest.mark.parametrize("name", NAMES)
def test_the_subject_stands_as_at_a_kiosk(name: str) -> None:
    face = seen(name, FacePose())
    assert inter_eye_px(face) >= 120
    centre = face[:468].mean(0)
    assert abs(centre[0] - 640) < 60
    assert 240 < centre[1] < 480


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "pose",
    [
        FacePose(yaw_deg=25),
        FacePose(yaw_deg=-25),
        FacePose(pitch_deg=15),
        FacePose(pitch_deg=-15),
        FacePose(roll_deg=20),
    ],
    ids=["left", "right", "up", "down", "tilted"],
)
def test_the_mesh_follows_the_head_everywhere(name: str, pose: FacePose) -> None:
    assert 95 < inter_eye_px(seen(name, pose)) < 150


@pytest.mark.parametrize("name", NAMES)
def test_a_turn_to_the_left_moves_the_nose_to_the_right_of_the_picture(name: str) -> None:
    places = [nose_place(seen(name, FacePose(yaw_deg=yaw))) for yaw in (-24, 0, 24)]
    assert places[0] < 0.32 < 0.44 < places[1] < 0.58 < 0.72 < places[2]


@pytest.mark.parametrize("name", NAMES)
def test_the_head_is_solid_and_no_flat_print(name: str) -> None:
    frontal = seen(name, FacePose())
    assert flatness_residual(frontal, seen(name, FacePose(yaw_deg=25))) > 0.05
    assert flatness_residual(frontal, seen(name, FacePose(yaw_deg=-25))) > 0.05


@pytest.mark.parametrize("name", NAMES)
def test_looking_up_raises_the_nose_towards_the_eyes(name: str) -> None:
    def nose_height(pitch_deg: float) -> float:
        face = seen(name, FacePose(pitch_deg=pitch_deg))
        return float((face[1, 1] - face[10, 1]) / (face[152, 1] - face[10, 1]))

    assert nose_height(12) < nose_height(0) < nose_height(-12)


@pytest.mark.parametrize("name", NAMES)
def test_shut_lids_are_seen_as_shut(name: str) -> None:
    assert eye_openness(seen(name, FacePose(blink=1))) < 0.55 * eye_openness(seen(name, FacePose()))


@pytest.mark.parametrize("name", NAMES)
def test_an_open_mouth_is_seen_as_open(name: str) -> None:
    neutral, opened = seen(name, FacePose()), seen(name, FacePose(mouth_open=1))
    assert distance(opened, 13, 14) / distance(opened, 61, 291) > 0.45
    assert distance(opened, 13, 14) > 2.5 * distance(neutral, 13, 14)


@pytest.mark.parametrize("name", NAMES)
def test_a_smile_widens_the_mouth(name: str) -> None:
    neutral, smiling = seen(name, FacePose()), seen(name, FacePose(smile=1))
    width, before = (distance(face, 61, 291) / distance(face, 33, 263) for face in (smiling, neutral))
    assert width > 1.14 * before


@settings(max_examples=25)
@given(
    yaw=angles, pitch=angles, roll=angles, blink=shares, mouth=shares, smile=shares,
    sway=st.floats(-30, 30), walk=st.floats(-2000, 2000), seed=st.integers(0, 2**40),
)  # fmt: skip
def test_every_pose_gives_a_picture_and_always_the_same_one(
    yaw: float, pitch: float, roll: float, blink: float, mouth: float, smile: float, sway: float, walk: float, seed: int
) -> None:
    pose = FacePose(yaw, pitch, roll, blink, mouth, smile, sway, sway, walk, sway)
    picture = small_renderer().render(pose, seed)
    assert picture.shape == (240, 320, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, small_renderer().render(pose, seed))


def test_noise_differs_from_frame_to_frame_and_stays_small() -> None:
    first, second = (small_renderer().render(FacePose(), seed).astype(int) for seed in (1, 2))
    assert 1 < np.abs(first - second).mean() < 6


def test_a_head_that_does_not_move_is_the_portrait_itself() -> None:
    still = renderer("astronaut").scene(FacePose())
    turned = renderer("astronaut").scene(FacePose(yaw_deg=1e-4))
    assert np.abs(still.astype(int) - turned.astype(int)).max() <= 2


def test_somebody_who_left_leaves_the_empty_room() -> None:
    gone = [small_renderer().scene(FacePose(body_x_px=shift)) for shift in (-600.0, 600.0, -1e6)]
    assert np.array_equal(gone[0], gone[1])
    assert np.array_equal(gone[0], gone[2])
    assert gone[0].std() > 5  # a room, not a black nothing


def test_exposure_and_focus_change_the_picture() -> None:
    right = small_renderer().render(FacePose(), 1)
    dark = small_renderer().render(FacePose(), 1, SensorState(gain=0.5))
    soft = small_renderer().render(FacePose(), 1, SensorState(blur_px=3))
    assert dark.mean() < 0.6 * right.mean()
    assert cv2.Laplacian(soft, cv2.CV_64F).var() < 0.5 * cv2.Laplacian(right, cv2.CV_64F).var()


def test_the_camera_shows_a_cue_being_answered() -> None:
    cues = FixedCue(Cue.PRESENT)
    camera = SimulatedSubjectCamera(
        portrait("astronaut"), portrait_landmarks("astronaut"), cues, frames_per_s=15, seed=4, reaction_s=0.1
    )
    places = []
    for frame in islice(camera.frames(), 60):
        if frame.sequence == 8:
            cues.cue = Cue.TURN_LEFT
        if (face := face_landmarks(frame.pixels)) is not None:
            places.append(nose_place(face))
        if places and places[-1] > 0.7:
            break
    camera.close()
    assert places[0] < 0.6
    assert places[-1] > 0.7


@pytest.mark.parametrize(
    ("picture", "landmarks"),
    [
        (np.zeros((50, 50), np.uint8), np.zeros((478, 3), np.float32)),
        (np.zeros((50, 50, 3), np.float32), np.zeros((478, 3), np.float32)),
        (np.zeros((50, 50, 3), np.uint8), np.zeros((468, 3), np.float32)),
        (np.zeros((50, 50, 3), np.uint8), np.full((478, 3), np.nan, np.float32)),
        (np.zeros((50, 50, 3), np.uint8), np.zeros((478, 3), np.float32)),
    ],
    ids=["grey", "float", "few points", "no numbers", "no face"],
)
def test_what_is_no_portrait_is_refused(picture: np.ndarray, landmarks: np.ndarray) -> None:
    with pytest.raises(CameraError, match="portrait"):
        SimulatedSubjectCamera(picture, landmarks, FixedCue())


def test_an_impossible_camera_is_refused() -> None:
    with pytest.raises(CameraError, match="cannot give"):
        SimulatedSubjectCamera(portrait("astronaut"), portrait_landmarks("astronaut"), FixedCue(), width=10)
