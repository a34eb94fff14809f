"""What is measured on rendered people, prints and screens, and on pictures that are no such thing."""

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.admin.pad_specimen import KnownPresentation, known_presentations, on_screen, printed
from kiosk.verification import texture
from kiosk.verification.observation import TextureSample
from kiosk.vision.periodic_structure import WINDOW_PX, periodicity
from kiosk.vision.straight_edges import frame_of_lines
from kiosk.vision.texture_measurement import measure_texture

Pixels = NDArray[np.uint8]


@pytest.fixture(scope="module")
def known() -> dict[str, KnownPresentation]:
    return {presentation.name: presentation for presentation in known_presentations()}


def measured(presentation: KnownPresentation) -> TextureSample:
    sample = measure_texture(presentation.pixels, presentation.landmarks)
    assert sample is not None
    return sample


def smaller(presentation: KnownPresentation, scale: float = 0.5) -> KnownPresentation:
    """As a camera of fewer pixels sees it: about 65 px between the eyes."""
    pixels = np.asarray(cv2.resize(presentation.pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA))
    return KnownPresentation(presentation.name, pixels, presentation.landmarks * np.float32(scale), False)


@pytest.mark.parametrize("person", ["astronaut", "hopper"])
def test_people_stay_below_every_line_and_prints_and_screens_do_not(
    known: dict[str, KnownPresentation], person: str
) -> None:
    for living in (measured(known[f"{person}, person"]), measured(smaller(known[f"{person}, person"]))):
        assert living.periodicity < 0.8 * texture.GRID_FROM
        assert living.straight_edges < texture.SHEET_WITH_GLARE_FROM
        assert living.fine_detail > 2 * texture.BLURRED_BELOW
        assert living.glare == 0
    for species in ("print", "screen_replay"):
        attack = measured(known[f"{person}, {species}"])
        assert attack.periodicity > 1.5 * texture.GRID_FROM
        assert attack.straight_edges > texture.SHEET_FROM
        assert measured(smaller(known[f"{person}, {species}"])).straight_edges > texture.SHEET_FROM


def test_a_door_behind_the_head_is_around_it_and_not_in_front(known: dict[str, KnownPresentation]) -> None:
    person = known["hopper, person"]
    oval = person.landmarks[:, :2]
    low, high = oval.min(axis=0), oval.max(axis=0)
    width = float(high[0] - low[0])
    middle, chin = float((low[0] + high[0]) / 2), int(high[1])
    door = person.pixels.copy()
    left, right = int(middle - 1.2 * width), int(middle + 1.2 * width)
    shoulders = int(chin + 0.35 * width)
    door[:shoulders, left : left + 12] = door[:shoulders, right : right + 12] = (60, 40, 30)
    frame = frame_of_lines(cv2.cvtColor(door, cv2.COLOR_RGB2GRAY), person.landmarks)
    assert frame.around > 0.45
    assert frame.in_front < 0.3
    assert abs(frame.x_px - middle) < 0.2 * width


def test_a_white_patch_on_the_face_is_glare_and_one_on_spectacles_is_not(
    known: dict[str, KnownPresentation],
) -> None:
    person = known["hopper, person"]
    cheek, eye = person.landmarks[50, :2].astype(int), person.landmarks[[33, 133], :2].mean(axis=0).astype(int)
    for place, shines in ((cheek, True), (eye, False)):
        pixels = person.pixels.copy()
        cv2.circle(pixels, (int(place[0]), int(place[1])), 24, (255, 255, 255), -1)
        sample = measure_texture(pixels, person.landmarks)
        assert sample is not None
        assert (sample.glare > 0.01) is shines


@pytest.mark.parametrize(("period_px", "strength"), [(2.4, 0.03), (3.3, 0.03), (5.0, 0.03), (7.1, 0.08)])
def test_a_faint_grid_stands_out_of_skin_and_grain(
    known: dict[str, KnownPresentation], period_px: float, strength: float
) -> None:
    person = known["astronaut, person"]
    rows, columns = (slice(int(low), int(high)) for low, high in ((170, 440), (540, 740)))
    face = cv2.cvtColor(person.pixels, cv2.COLOR_RGB2GRAY)[rows, columns]
    y, x = np.mgrid[0 : face.shape[0], 0 : face.shape[1]] * (2 * np.pi / period_px)
    grid = 1 + strength * (np.cos(x + 0.03 * y) + np.cos(y - 0.03 * x))
    assert periodicity(np.ascontiguousarray(face)) < texture.GRID_FROM
    assert periodicity(np.clip(face * grid, 0, 255).astype(np.uint8)) > texture.GRID_FROM


def test_noise_blocks_of_jpeg_and_even_surfaces_are_no_grid() -> None:
    rng = np.random.default_rng(4)
    for sigma in (0.0, 1.0, 6.0, 25.0):
        grain = np.clip(rng.normal(128, sigma, (200, 160)), 0, 255).astype(np.uint8)
        assert periodicity(grain) < texture.GRID_FROM
    soft = cv2.GaussianBlur(rng.normal(128, 60, (240, 200)).clip(0, 255).astype(np.uint8), (0, 0), 4)
    _, coded = cv2.imencode(".jpg", soft, [cv2.IMWRITE_JPEG_QUALITY, 30])
    assert periodicity(cv2.imdecode(coded, cv2.IMREAD_GRAYSCALE)) < texture.GRID_FROM
    assert periodicity(np.full((WINDOW_PX - 1, 300), 9, np.uint8)) == 0


def faces_that_are_none(landmarks: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    yield np.zeros_like(landmarks)
    yield np.full_like(landmarks, np.nan)
    yield np.where(np.arange(478)[:, None] == 33, np.float32(np.inf), landmarks)
    yield np.where(np.arange(478)[:, None] == 33, np.float32(1e18), landmarks)
    yield landmarks + np.float32(1e6)
    yield landmarks * np.float32(1e5)
    yield landmarks * np.float32(0.01)
    yield -landmarks


def test_a_face_that_is_none_gives_no_sample_or_plain_numbers(known: dict[str, KnownPresentation]) -> None:
    person = known["hopper, person"]
    for pixels in (person.pixels, np.zeros((90, 120, 3), np.uint8), person.pixels[:1, :1]):
        for landmarks in faces_that_are_none(person.landmarks):
            sample = measure_texture(np.ascontiguousarray(pixels), landmarks)
            if sample is not None:
                numbers = (sample.periodicity, sample.fine_detail, sample.straight_edges, sample.glare)
                assert np.isfinite(numbers).all()


def test_the_specimens_keep_the_size_they_say() -> None:
    picture = np.full((100, 80, 3), 128, np.uint8)
    assert printed(picture).shape == (110, 90, 3)
    assert on_screen(picture).shape == (112, 92, 3)
