"""A face before the camera becomes numbers, and keeps its track number only while it is surely the same face."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.camera import Frame
from kiosk.verification.observation import FaceObservation, FrameObservation
from kiosk.verification.quality import CaptureGuidance, assess
from kiosk.vision.face_geometry import eye_centres
from kiosk.vision.face_landmarker import FaceLandmarker
from kiosk.vision.still_faces import find_faces
from tests.scenes import EMPTY, HEIGHT, WIDTH, scene


class Film:
    """Feeds pictures to a landmarker at thirty a second."""

    def __init__(self) -> None:
        self.landmarker = FaceLandmarker()
        self.sequence = 0
        self.now_s = 100.0

    def show(self, picture: NDArray[np.uint8], frames: int = 3) -> FrameObservation:
        for _ in range(frames):
            self.sequence += 1
            self.now_s += 1 / 30
            observation = self.landmarker.observe(Frame(picture, self.now_s, self.sequence))
        return observation

    def face(self, picture: NDArray[np.uint8], frames: int = 3) -> FaceObservation:
        face = self.show(picture, frames).face
        assert face is not None
        return face


MIDDLE = ("astronaut", 125.0, 0.5, 0.45)


def test_a_person_before_the_camera_is_one_fit_face() -> None:
    observation = Film().show(scene(MIDDLE))
    assert (observation.width, observation.height, observation.face_count) == (WIDTH, HEIGHT, 1)
    face = observation.face
    assert face is not None
    assert face.inter_eye_px == pytest.approx(125, rel=0.04)
    assert face.landmarks.shape == (478, 3)
    assert face.centre_x == pytest.approx(0.5, abs=0.03)
    assert face.eye_openness > 0.2
    assert assess(observation).guidance is CaptureGuidance.FIT


@pytest.mark.parametrize("name", ["astronaut", "grace_hopper"])
def test_neither_portrait_seems_covered(name: str) -> None:
    face = Film().face(scene((name, 125.0, 0.5, 0.45)))
    assert face.eyes_covered < 0.2
    assert face.mouth_covered < 0.2


def test_nobody_is_no_face() -> None:
    observation = Film().show(EMPTY)
    assert (observation.face_count, observation.face) == (0, None)
    assert assess(observation).guidance is CaptureGuidance.COME_INTO_VIEW


@pytest.mark.parametrize("inter_eye_px", [34.0, 60.0, 80.0])
def test_a_distant_person_is_asked_to_come_closer(inter_eye_px: float) -> None:
    observation = Film().show(scene(("astronaut", inter_eye_px, 0.5, 0.45)))
    assert assess(observation).guidance is CaptureGuidance.COME_CLOSER


def test_a_face_that_moves_smoothly_keeps_its_track() -> None:
    film = Film()
    tracks = {film.face(scene(("astronaut", 125.0, 0.4 + 0.01 * step, 0.45)), frames=1).track_id for step in range(20)}
    assert len(tracks) == 1


def test_a_face_that_jumps_gets_a_new_track() -> None:
    film = Film()
    before = film.face(scene(("astronaut", 125.0, 0.3, 0.45))).track_id
    assert film.face(scene(("astronaut", 125.0, 0.7, 0.45))).track_id != before


def test_a_face_that_changes_its_size_abruptly_gets_a_new_track() -> None:
    film = Film()
    before = film.face(scene(MIDDLE)).track_id
    assert film.face(scene(("astronaut", 180.0, 0.5, 0.45))).track_id != before


def test_a_face_missing_for_a_frame_or_two_keeps_its_track_and_longer_gets_a_new_one() -> None:
    film = Film()
    first = film.face(scene(MIDDLE)).track_id
    assert film.show(EMPTY, frames=2).face is None
    assert film.face(scene(MIDDLE)).track_id == first
    film.show(EMPTY, frames=15)
    assert film.face(scene(MIDDLE)).track_id > first


def test_another_face_in_the_very_same_place_gets_a_new_track() -> None:
    film = Film()
    before = film.face(scene(MIDDLE)).track_id
    assert film.face(scene(("grace_hopper", 125.0, 0.5, 0.45))).track_id != before


def test_a_short_stall_of_the_machine_keeps_the_track() -> None:
    film = Film()
    before = film.face(scene(MIDDLE)).track_id
    film.now_s += 0.5
    assert film.face(scene(MIDDLE)).track_id == before


def test_a_pause_between_frames_ends_the_track() -> None:
    film = Film()
    before = film.face(scene(MIDDLE)).track_id
    film.now_s += 1.5
    assert film.face(scene(MIDDLE)).track_id != before


def test_after_a_reset_the_same_face_has_a_new_track() -> None:
    film = Film()
    before = film.face(scene(MIDDLE)).track_id
    film.landmarker.reset_track()
    assert film.face(scene(MIDDLE)).track_id == before + 1


def test_a_second_person_of_like_size_is_counted() -> None:
    both = scene(("astronaut", 110.0, 0.3, 0.45), ("grace_hopper", 100.0, 0.72, 0.45))
    observation = Film().show(both, frames=8)
    assert observation.face_count == 2
    assert assess(observation).guidance is CaptureGuidance.ONE_PERSON_ONLY


def test_a_small_face_in_the_background_is_not_counted() -> None:
    observation = Film().show(scene(("astronaut", 125.0, 0.4, 0.45), ("grace_hopper", 40.0, 0.85, 0.3)), frames=8)
    assert observation.face_count == 1


def test_the_subject_stays_the_subject_when_somebody_of_like_size_comes_in() -> None:
    film = Film()
    alone = film.face(scene(("astronaut", 110.0, 0.35, 0.45)))
    both = film.face(scene(("astronaut", 110.0, 0.35, 0.45), ("grace_hopper", 120.0, 0.75, 0.45)), frames=8)
    assert both.track_id == alone.track_id
    assert both.centre_x == pytest.approx(alone.centre_x, abs=0.02)


def test_a_much_larger_face_takes_over_as_a_new_track() -> None:
    film = Film()
    behind = film.face(scene(("astronaut", 60.0, 0.2, 0.4)), frames=4)
    before = film.face(scene(("astronaut", 60.0, 0.2, 0.4), ("grace_hopper", 130.0, 0.65, 0.45)), frames=8)
    assert before.track_id != behind.track_id
    assert before.centre_x > 0.5


def test_a_blurred_picture_is_less_sharp_and_a_dark_one_darker() -> None:
    sharp = Film().face(scene(MIDDLE))
    blurred = Film().face(np.asarray(cv2.GaussianBlur(scene(MIDDLE), (0, 0), 6), dtype=np.uint8))
    dark = Film().face((scene(MIDDLE) * 0.2).astype(np.uint8))
    assert blurred.sharpness < 5 < sharp.sharpness
    assert dark.sharpness == pytest.approx(sharp.sharpness, rel=0.25)
    assert dark.brightness == pytest.approx(0.2 * sharp.brightness, rel=0.1)
    assert assess(seen(blurred)).guidance is CaptureGuidance.HOLD_STILL
    assert assess(seen(dark)).guidance is CaptureGuidance.MORE_LIGHT


def test_light_from_one_side_is_measured() -> None:
    slope = np.linspace(0.1, 1.2, WIDTH)[None, :, None]
    steep = np.clip((slope - 0.5) * 5, 0.1, 1.2)
    lit = np.clip(scene(MIDDLE) * steep, 0, 255).astype(np.uint8)
    assert Film().face(lit).side_light > Film().face(scene(MIDDLE)).side_light + 0.1


@pytest.mark.parametrize("name", ["astronaut", "grace_hopper"])
def test_dark_glasses_hint_that_the_eyes_are_covered(name: str) -> None:
    picture = scene((name, 125.0, 0.5, 0.45))
    (face,) = find_faces(picture)
    for x, y in eye_centres(face.landmarks):
        cv2.ellipse(picture, (int(x), int(y)), (52, 42), 0, 0, 360, (18, 18, 20), -1)
    assert assess(Film().show(picture)).guidance is CaptureGuidance.UNCOVER_EYES


@pytest.mark.parametrize("name", ["astronaut", "grace_hopper"])
def test_glasses_that_reflect_in_places_are_dark_glasses(name: str) -> None:
    picture = scene((name, 125.0, 0.5, 0.45))
    (face,) = find_faces(picture)
    for x, y in eye_centres(face.landmarks):
        cv2.ellipse(picture, (int(x), int(y)), (52, 42), 0, 0, 360, (18, 18, 20), -1)
        cv2.ellipse(picture, (int(x) - 15, int(y) - 14), (20, 9), 0, 0, 360, (250, 250, 250), -1)
    assert assess(Film().show(picture)).guidance is CaptureGuidance.UNCOVER_EYES


@pytest.mark.parametrize("name", ["astronaut", "grace_hopper"])
@pytest.mark.parametrize("light", [0.25, 0.4])
def test_a_face_that_is_dark_is_not_therefore_covered(name: str, light: float) -> None:
    """Warm and dark below the eyes, lips of the colour of the skin: as brown skin in brown light."""
    picture = scene((name, 125.0, 0.5, 0.45))
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[:, :, None]
    (face,) = find_faces(picture)
    below = np.clip((np.arange(HEIGHT) - face.landmarks[197, 1]) / 100, 0, 1)[:, None, None]
    tone = light * (1 + below * np.array([0.35, -0.05, -0.35]))
    seen_face = Film().face(np.clip(grey * tone, 0, 255).astype(np.uint8))
    assert seen_face.mouth_covered < 0.5
    assert seen_face.eyes_covered < 0.5


@pytest.mark.parametrize("colour", [(235, 235, 235), (140, 180, 215), (35, 35, 40)])
def test_a_mask_hints_that_the_mouth_is_covered(colour: tuple[int, int, int]) -> None:
    picture = scene(MIDDLE)
    (face,) = find_faces(picture)
    edge = [93, 132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361, 323, 347, 195, 118]
    cv2.fillPoly(picture, [face.landmarks[edge, :2].astype(np.int32)], colour)
    assert assess(Film().show(picture)).guidance is CaptureGuidance.UNCOVER_MOUTH


def seen(face: FaceObservation) -> FrameObservation:
    """One frame with this face and nothing else wrong with its place."""
    return FrameObservation(1, 0.0, WIDTH, HEIGHT, 1, replace(face, inter_eye_px=130.0))
