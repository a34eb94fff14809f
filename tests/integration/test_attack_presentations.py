"""The attack presentations that the simulated camera can show, picture by picture: what each can and cannot do."""

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from hardware.camera import CameraRefusedError, ExposureControl
from hardware.simulated.casting import attack_take, bona_fide_take
from hardware.simulated.cues import Cue, FixedCue, LightColour
from hardware.simulated.living import Portrait
from hardware.simulated.look import SubjectLook, random_look
from hardware.simulated.species import AttackSpecies
from hardware.simulated.subject import SimulatedSubjectCamera
from hardware.simulated.take import SimulatedTake
from kiosk.runtime.camera_choice import open_camera
from kiosk.runtime.messages import CameraChoice
from tests.portraits import face_landmarks, portrait, portrait_landmarks

SIZE = (640, 360)
WHITE, DARK = (255, 255, 255), (16, 16, 16)
UPPER_LIDS, LOWER_LIDS = [159, 160, 158, 386, 387, 385], [145, 144, 153, 374, 373, 380]


@cache
def person(name: str) -> Portrait:
    return Portrait(portrait(name), portrait_landmarks(name))


def take_of(species: AttackSpecies | None, seed: int = 4) -> SimulatedTake:
    """None is the bona fide subject."""
    subject, other = person("astronaut"), person("grace_hopper")
    if species is None:
        return bona_fide_take(subject, SubjectLook(), seed, SIZE)
    return attack_take(species, subject, other, seed, size=SIZE)


def film(
    take: SimulatedTake, seconds: float, cue: Cue = Cue.PRESENT, light: LightColour | None = None, from_s: float = 0.0
) -> Iterator[NDArray[np.uint8]]:
    for number in range(round(seconds * 12)):
        yield take.picture_at(from_s + number / 12, cue, light)


def last_of(take: SimulatedTake, seconds: float, **how: object) -> NDArray[np.uint8]:
    *_, picture = film(take, seconds, **how)  # type: ignore[arg-type]
    return picture


def linear_mean(picture: NDArray[np.uint8]) -> float:
    middle = picture[100:240, 260:380] / 255
    return float((middle**2.2).mean())


@pytest.mark.parametrize("species", AttackSpecies)
def test_each_attack_shows_one_face_at_the_start_and_the_same_seed_shows_the_same(species):
    first, again = last_of(take_of(species), 0.75), last_of(take_of(species), 0.75)
    assert np.array_equal(first, again)
    larger = cv2.resize(first, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    assert face_landmarks(larger) is not None


@pytest.mark.parametrize("species", [AttackSpecies.PRINT, AttackSpecies.SCREEN_REPLAY, AttackSpecies.INJECTION])
def test_another_seed_is_another_attack(species):
    assert not np.array_equal(last_of(take_of(species, 4), 0.2), last_of(take_of(species, 5), 0.2))


@pytest.mark.parametrize("species", [AttackSpecies.PRINT, AttackSpecies.BENT_PRINT, AttackSpecies.MASK])
def test_what_has_no_living_mouth_does_not_open_it(species):
    at_rest, asked = (list(film(take_of(species), 1.5, cue))[-1] for cue in (Cue.PRESENT, Cue.OPEN_MOUTH))
    assert np.array_equal(at_rest, asked)


@pytest.mark.parametrize("species", [None, AttackSpecies.INJECTION, AttackSpecies.PUPPET, AttackSpecies.SECOND_PERSON])
def test_what_answers_live_opens_its_mouth_when_asked(species):
    take = take_of(species)
    at_rest = last_of(take, 0.5)
    widest = max(
        float(np.abs(at_rest[225:265, 290:350].astype(int) - picture[225:265, 290:350]).mean())
        for picture in film(take, 2.0, Cue.OPEN_MOUTH, from_s=0.5)
    )
    assert widest > 12


@pytest.mark.parametrize("species", AttackSpecies)
def test_only_what_stands_before_the_camera_follows_its_exposure(species):
    take = take_of(species)
    usual = linear_mean(last_of(take, 2.5, cue=Cue.PRESENT))
    assert take.set_exposure(-1.0)
    darker = linear_mean(last_of(take, 0.5, from_s=2.5))
    if species.replaces_camera:
        assert darker > 0.85 * usual
    else:
        assert 0.4 * usual < darker < 0.62 * usual


@pytest.mark.parametrize("stops", [float("nan"), float("inf"), 9.0, -9.0])
def test_an_exposure_that_no_camera_has_is_refused(stops):
    assert not take_of(None).set_exposure(stops)


def test_a_face_before_the_camera_answers_the_screen_and_a_face_put_in_its_place_does_not():
    for species, least, most in (
        (None, 1.08, 1.35),
        (AttackSpecies.MASK, 1.08, 1.35),
        (AttackSpecies.PRINT, 1.08, 1.35),
        (AttackSpecies.PUPPET, 0.97, 1.03),
    ):
        bright, dark = (linear_mean(last_of(take_of(species), 2.5, light=light)) for light in (WHITE, DARK))
        assert least < bright / dark < most, species


def test_a_face_answers_the_screen_by_its_shape_and_a_sheet_all_alike():
    def answers(species: AttackSpecies | None) -> list[float]:
        bright, dark = (last_of(take_of(species), 2.5, light=light) / 255.0 for light in (WHITE, DARK))
        places = [(120, 320), (180, 278), (180, 362)]  # forehead, sides of the face
        patches = [(slice(y - 8, y + 8), slice(x - 6, x + 6)) for y, x in places]
        return [float((bright[p] ** 2.2).mean() / (dark[p] ** 2.2).mean()) - 1 for p in patches]

    face, sheet = answers(None), answers(AttackSpecies.PRINT)
    assert max(face) > 1.35 * min(face)
    assert max(sheet) < 1.25 * min(sheet)


def test_the_camera_sees_the_light_late_and_the_background_little_of_it():
    take = take_of(None)
    usual = last_of(take, 2.5).astype(int)
    at_once = take.picture_at(2.5, Cue.PRESENT, WHITE).astype(int)
    later = take.picture_at(2.7, Cue.PRESENT, WHITE).astype(int)
    face, behind = (slice(100, 200), slice(290, 350)), (slice(100, 200), slice(20, 80))
    assert abs((at_once - usual)[face].mean()) < 1.5
    assert (later - usual)[face].mean() > 4
    assert abs((later - usual)[behind].mean()) < 0.5 * (later - usual)[face].mean()


def test_an_exchange_shows_another_face_after_the_first_gesture():
    take = take_of(AttackSpecies.EXCHANGE)
    first = last_of(take, 1.0)
    later = list(film(take, 8.0, Cue.BLINK, from_s=1.0))
    changes = [float(np.abs(picture.astype(int) - first).mean()) for picture in later]
    assert min(changes) < 12 < 25 < max(changes)


def test_random_looks_are_drawn_from_their_seed_and_keep_a_face():
    for seed in (1, 2, 3):
        look = random_look(np.random.default_rng(seed))
        assert look == random_look(np.random.default_rng(seed))
        picture = last_of(bona_fide_take(person("astronaut"), look, seed, SIZE), 1.0)
        assert face_landmarks(cv2.resize(picture, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)) is not None


def test_an_attack_as_a_camera_offers_its_exposure_and_gives_frames():
    subject = person("astronaut")
    camera = SimulatedSubjectCamera(
        subject.pixels, subject.landmarks, FixedCue(), width=640, height=360, seed=1, attack=AttackSpecies.PRINT
    )
    assert isinstance(camera, ExposureControl)
    assert camera.set_exposure(-1.0)
    frame = next(iter(camera.frames()))
    camera.close()
    assert frame.pixels.shape == (360, 640, 3)


def test_an_attack_that_nobody_knows_is_refused_by_name(tmp_path):
    with pytest.raises(CameraRefusedError, match=r"'hologram'.*screen_replay"):
        open_camera(CameraChoice("simulated", f"hologram:{tmp_path / 'subject.png'}"), cue_fd=0)
