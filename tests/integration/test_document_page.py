"""Whole pages: shipped specimens, tortured in the ways a document camera can, and input that is no page at all."""

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.admin.specimen import SpecimenData, SpecimenKind, demo_data, demo_portrait, render_specimen
from kiosk.admin.specimen_drawing import ID_3_MM, Card
from kiosk.admin.specimen_pages import draw_sides
from kiosk.document.evidence import DocumentKind, DocumentRemark
from kiosk.document.mrz import MrzRecord
from kiosk.document.mrz_composing import compose_mrz
from kiosk.document.mrz_layout import MrzFormat
from kiosk.vision.document_page import DocumentPageReader, PageReading
from kiosk.vision.page_portrait import LARGEST_CROP_PX, PortraitFinder

Pixels = NDArray[np.uint8]
TODAY = date(2026, 7, 1)
DATA = SpecimenData("UTOPIA", "SPECIMEN ANNA", "XB0001961", date(1992, 8, 12), date(2032, 4, 15))
SHARED = Path(__file__).resolve().parents[3] / "shared" / "data" / "documents"


@pytest.fixture(scope="module")
def reader() -> Iterator[DocumentPageReader]:
    made = DocumentPageReader()
    made.warm_up()
    yield made
    made.close()


@cache
def specimen(kind: str, data: SpecimenData = DATA, seed: int = 5) -> Pixels:
    return render_specimen(kind, data, demo_portrait("astronaut"), seed)


def warped(pixels: Pixels, degrees: float = 0.0, tilt: float = 0.0, scale: float = 1.0) -> Pixels:
    height, width = pixels.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    moved = corners + np.array([[tilt, tilt], [-tilt, 0], [0, -tilt], [tilt, 0]], np.float32) * (width, height)
    view = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    turn = np.vstack([cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 0.8 if degrees else 1.0), [0, 0, 1]])
    whole = np.diag([scale, scale, 1.0]) @ turn @ view
    size = (round(width * scale), round(height * scale))
    return cv2.warpPerspective(pixels, whole, size, flags=cv2.INTER_AREA, borderValue=(60, 58, 58))


def compressed(pixels: Pixels, quality: int) -> Pixels:
    _, packed = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)


def with_glare(pixels: Pixels, x: float, y: float, radius: float) -> Pixels:
    height, width = pixels.shape[:2]
    spot = np.zeros((height, width), np.float32)
    cv2.circle(spot, (round(x * width), round(y * height)), round(radius * width), 1.0, -1)
    spot = cv2.GaussianBlur(spot, (0, 0), radius * width * 0.3)[..., None]
    return (pixels * (1 - spot) + 255 * spot).astype(np.uint8)


def blurred(pixels: Pixels, sigma: float) -> Pixels:
    return cv2.GaussianBlur(pixels, (0, 0), sigma)


def noisy(pixels: Pixels) -> Pixels:
    return np.clip(pixels + np.random.default_rng(1).normal(0, 20, pixels.shape), 0, 255).astype(np.uint8)


def assert_true_or_refused(reading: PageReading, data: SpecimenData = DATA) -> None:
    if reading.evidence is None:
        assert reading.remarks
        return
    evidence = reading.evidence
    assert (evidence.number, evidence.birth_date, evidence.expiry_date) == (
        data.number,
        data.birth_date,
        data.expiry_date,
    )
    assert (evidence.primary_name, evidence.secondary_name) == (data.primary_name, data.secondary_name)
    assert (evidence.issuing_state, evidence.nationality) == ("UTO", data.nationality)


def assert_read(reading: PageReading, data: SpecimenData = DATA) -> None:
    assert reading.evidence is not None, reading.remarks
    assert_true_or_refused(reading, data)
    assert reading.portrait is not None
    assert min(reading.portrait.shape[:2]) > 60


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("td1", DocumentKind.IDENTITY_CARD), ("td2", DocumentKind.IDENTITY_CARD), ("td3", DocumentKind.PASSPORT)],
)
def test_a_specimen_of_every_format_is_read(reader: DocumentPageReader, kind: str, expected: DocumentKind) -> None:
    reading = reader.read(specimen(kind), TODAY, 18)

    assert_read(reading)
    assert reading.evidence is not None
    assert reading.evidence.kind is expected
    assert reading.remarks == ()


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_page_may_lie_in_any_direction(reader: DocumentPageReader, quarters: int) -> None:
    assert_read(reader.read(np.rot90(specimen("td3"), quarters), TODAY, 18))


READABLE: dict[str, Callable[[Pixels], Pixels]] = {
    "skewed by 8 degrees": lambda pixels: warped(pixels, degrees=8),
    "turned by 20 degrees": lambda pixels: warped(pixels, degrees=20),
    "turned by -35 degrees": lambda pixels: warped(pixels, degrees=-35),
    "turned by 60 degrees": lambda pixels: warped(pixels, degrees=60),
    "skewed by -14 degrees": lambda pixels: warped(pixels, degrees=-14),
    "seen at an angle": lambda pixels: warped(pixels, tilt=0.06),
    "half as large": lambda pixels: warped(pixels, scale=0.5),
    "a third as large": lambda pixels: warped(pixels, scale=0.36),
    "compressed to quality 40": lambda pixels: compressed(pixels, 40),
    "small and compressed": lambda pixels: compressed(warped(pixels, degrees=2, scale=0.6), 40),
    "a little out of focus": lambda pixels: blurred(pixels, 1.6),
    "noisy": noisy,
    "dark": lambda pixels: (pixels * 0.3).astype(np.uint8),
    "glare beside the code lines": lambda pixels: with_glare(pixels, 0.62, 0.3, 0.04),
}


@pytest.mark.parametrize("kind", ["td1", "td3"])
@pytest.mark.parametrize("how", READABLE)
def test_a_page_is_read_although_it_is(reader: DocumentPageReader, how: str, kind: str) -> None:
    assert_read(reader.read(READABLE[how](specimen(kind)), TODAY, 18))


HOPELESS: dict[str, Callable[[Pixels], Pixels]] = {
    "out of focus": lambda pixels: blurred(pixels, 7),
    "far too small": lambda pixels: warped(pixels, scale=0.12),
    "hidden by glare": lambda pixels: with_glare(pixels, 0.45, 0.78, 0.25),
    "cut through": lambda pixels: pixels[:, : pixels.shape[1] // 2],
    "a hand over the code lines": lambda pixels: np.vstack([pixels[:850], np.full((446, 2304, 3), 150, np.uint8)]),
}


@pytest.mark.parametrize("how", HOPELESS)
def test_a_page_is_refused_with_a_remark_when_it_is(reader: DocumentPageReader, how: str) -> None:
    reading = reader.read(np.ascontiguousarray(HOPELESS[how](specimen("td3"))), TODAY, 18)

    assert reading.evidence is None
    assert set(reading.remarks) <= {DocumentRemark.NO_MRZ, DocumentRemark.CHECK_DIGIT_WRONG}
    assert reading.remarks


@pytest.mark.parametrize("sigma", [2.5, 3.0, 3.5, 4.0, 5.0])
def test_growing_blur_never_gives_a_wrong_record(reader: DocumentPageReader, sigma: float) -> None:
    treacherous = SpecimenData("DBQO", "SIZ GOBLIN", "0DZ0B3S03", date(1961, 3, 2), date(2028, 5, 6))

    assert_true_or_refused(reader.read(blurred(specimen("td3", treacherous), sigma), TODAY, 18), treacherous)


def test_the_portrait_is_the_large_one_not_its_ghost(reader: DocumentPageReader) -> None:
    reading = reader.read(specimen("td3"), TODAY, 18)

    assert reading.portrait is not None
    # The printed portrait is 385 px wide at this scale, the ghost 171.
    assert 300 < reading.portrait.shape[1] < 620


def test_the_portrait_of_a_turned_page_stands_upright(reader: DocumentPageReader) -> None:
    upright = reader.read(specimen("td3"), TODAY, 18).portrait
    turned = reader.read(np.rot90(specimen("td3")), TODAY, 18).portrait

    assert upright is not None
    assert turned is not None
    size = (64, 64)
    likeness = np.corrcoef(cv2.resize(upright, size).ravel(), cv2.resize(turned, size).ravel())[0, 1]
    assert likeness > 0.9


def on_desk(*things: tuple[Pixels, int, int], size: tuple[int, int] = (2304, 2100)) -> Pixels:
    """Lay pictures on a plain desk, each with its left top corner; the last lies on top."""
    desk = np.full((size[1], size[0], 3), 60, np.uint8)
    for pixels, left, top in things:
        height, width = min(pixels.shape[0], size[1] - top), min(pixels.shape[1], size[0] - left)
        desk[top : top + height, left : left + width] = pixels[:height, :width]
    return desk


def sides(kind: str, holder: str = "astronaut") -> list[Pixels]:
    return draw_sides(SpecimenKind(kind), demo_data(holder, TODAY), demo_portrait(holder), 3)


def loose_print(height: int) -> Pixels:
    """A photograph of somebody else, as anybody can have it printed."""
    return cv2.resize(demo_portrait("hopper"), (round(height * 35 / 45), height))


def is_astronaut(portrait: Pixels | None) -> bool:
    """Tell the two public-domain portraits apart by where they look alike."""
    assert portrait is not None
    likeness = {}
    for name in ("astronaut", "hopper"):
        known = cv2.resize(demo_portrait(name), (70, 90))[10:70, 10:60]
        tries = [cv2.resize(portrait, (side, side)) for side in range(60, 131, 5)]
        likeness[name] = max(cv2.matchTemplate(one, known, cv2.TM_CCOEFF_NORMED).max() for one in tries)
    return bool(likeness["astronaut"] > likeness["hopper"])


@pytest.mark.parametrize("kind", ["td2", "td3"])
@pytest.mark.parametrize("height", [500, 900])
def test_a_photograph_lying_above_a_document_is_not_its_portrait(
    reader: DocumentPageReader, kind: str, height: int
) -> None:
    [page] = sides(kind)
    reading = reader.read(on_desk((loose_print(height), 600, 920 - height), (page, 460, 930)), TODAY, 18)

    assert reading.remarks == ()
    assert is_astronaut(reading.portrait)


def test_a_photograph_lying_beside_a_document_is_not_its_portrait(reader: DocumentPageReader) -> None:
    [page] = sides("td3")
    reading = reader.read(on_desk((page, 100, 500), (loose_print(720), 110 + page.shape[1], 600)), TODAY, 18)

    assert is_astronaut(reading.portrait)


def test_where_a_second_face_on_the_page_is_as_large_no_portrait_is_chosen(reader: DocumentPageReader) -> None:
    [page] = sides("td3")
    reading = reader.read(on_desk((page, 400, 500), (loose_print(500), 1000, 620)), TODAY, 18)

    assert reading.portrait is None
    assert reading.remarks == (DocumentRemark.NO_PORTRAIT,)


def test_a_photograph_on_the_page_that_is_larger_than_any_portrait_is_none(reader: DocumentPageReader) -> None:
    [page] = sides("td3")
    reading = reader.read(on_desk((page, 400, 900), (loose_print(1100), 900, 470), (page[720:], 400, 1620)), TODAY, 18)

    assert reading.evidence is not None
    assert reading.portrait is None


@pytest.mark.parametrize("order", [("astronaut", "hopper"), ("hopper", "astronaut")])
@pytest.mark.parametrize("kind", ["td2", "td3"])
def test_two_documents_in_one_picture_are_refused(
    reader: DocumentPageReader, kind: str, order: tuple[str, str]
) -> None:
    upper, lower = (sides(kind, holder)[0] for holder in order)
    reading = reader.read(on_desk((upper, 400, 40), (lower, 400, 1060)), TODAY, 18)

    assert reading == PageReading(None, None, (DocumentRemark.SEVERAL_DOCUMENTS,))


def test_a_card_between_two_faces_has_no_portrait(reader: DocumentPageReader) -> None:
    front, back = sides("td1")
    cards = (front, 500, 300), (back, 500, 940)
    assert is_astronaut(reader.read(on_desk(*cards), TODAY, 18).portrait)

    reading = reader.read(on_desk(*cards, (loose_print(420), 1050, 430)), TODAY, 18)

    assert reading.remarks == (DocumentRemark.NO_PORTRAIT,)


def test_the_back_of_a_card_is_read_and_lacks_its_portrait_only_where_one_is_wanted(
    reader: DocumentPageReader,
) -> None:
    back = on_desk((sides("td1")[1], 500, 700))
    wanted, declined = reader.read(back, TODAY, 18), reader.read(back, TODAY, 18, portrait_wanted=False)

    assert wanted.remarks == (DocumentRemark.NO_PORTRAIT,)
    assert declined.remarks == ()
    assert declined.evidence == wanted.evidence
    assert declined.evidence is not None


def test_no_portrait_is_cut_out_where_none_is_wanted(reader: DocumentPageReader) -> None:
    assert reader.read(specimen("td3"), TODAY, 18, portrait_wanted=False).portrait is None


def test_the_front_of_a_card_is_to_be_turned_over_not_wiped(reader: DocumentPageReader) -> None:
    assert reader.read(on_desk((sides("td1")[0], 500, 700)), TODAY, 18).remarks == (DocumentRemark.NO_MRZ,)


def test_a_visa_is_no_identity_document(reader: DocumentPageReader) -> None:
    visa = Card(ID_3_MM, 3)
    visa.heading(45, 10, "UTOPIA VISA", 4.2)
    visa.portrait(7, 14, 45, demo_portrait("astronaut"))
    record = MrzRecord(
        MrzFormat.MRV_A, "V", "UTO", "V12345678", "UTOPIA", "ANNA", "UTO", date(1992, 8, 12), date(2032, 4, 15)
    )
    visa.zone(compose_mrz(record))
    reading = reader.read(on_desk((visa.pixels, 500, 500)), TODAY, 18)

    assert reading.remarks == (DocumentRemark.NOT_AN_IDENTITY_DOCUMENT,)


def test_a_huge_portrait_is_made_to_fit_the_memory_that_hands_it_on() -> None:
    finder = PortraitFinder()
    portrait = finder.find(loose_print(5000))
    finder.close()

    assert portrait is not None
    assert max(portrait.shape[:2]) == LARGEST_CROP_PX


def test_a_missing_photo_is_named_before_what_the_customer_cannot_mend(reader: DocumentPageReader) -> None:
    data = SpecimenData("UTOPIA", "SPECIMEN ANNA", "X00001961", date(1992, 8, 12), date(2025, 4, 15))
    reading = reader.read(render_specimen("td3", data, np.full((225, 175, 3), 180, np.uint8), 2), TODAY, 18)

    assert reading.remarks == (DocumentRemark.NO_PORTRAIT, DocumentRemark.EXPIRED)


def test_a_page_without_a_face_has_no_portrait(reader: DocumentPageReader) -> None:
    wall = np.full((225, 175, 3), 180, np.uint8)
    reading = reader.read(render_specimen("td3", DATA, wall, 2), TODAY, 18)

    assert reading.portrait is None
    assert reading.evidence is not None
    assert reading.remarks == (DocumentRemark.NO_PORTRAIT,)


def test_expired_and_under_age_are_named(reader: DocumentPageReader) -> None:
    data = SpecimenData("UTOPIA", "SPECIMEN ANNA", "X00001961", date(2014, 8, 12), date(2025, 4, 15))
    reading = reader.read(specimen("td2", data), TODAY, 18)

    assert reading.remarks == (DocumentRemark.EXPIRED, DocumentRemark.UNDER_AGE)
    assert_read(reading, data)


NO_PAGES: dict[str, Pixels] = {
    "one pixel": np.zeros((1, 1, 3), np.uint8),
    "nothing": np.zeros((0, 0, 3), np.uint8),
    "a thread": np.zeros((64, 20000, 3), np.uint8),
    "black": np.zeros((1080, 1920, 3), np.uint8),
    "white": np.full((1080, 1920, 3), 255, np.uint8),
    "grey": np.full((700, 900), 128, np.uint8),
    "two channels": np.zeros((700, 900, 2), np.uint8),
    "one dimension": np.zeros(10_000, np.uint8),
    "noise": np.random.default_rng(3).integers(0, 256, (1080, 1920, 3)).astype(np.uint8),
    "stripes": np.repeat(np.tile(np.array([0, 0, 255, 255], np.uint8), 200)[:, None, None], 1000, 1).repeat(3, 2),
    "other numbers": np.full((700, 900, 3), np.nan, np.float32),  # type: ignore[dict-item]
}


@pytest.mark.parametrize("what", NO_PAGES)
def test_what_is_no_page_gives_a_remark(reader: DocumentPageReader, what: str) -> None:
    assert reader.read(NO_PAGES[what], TODAY, 18) == PageReading(None, None, (DocumentRemark.NO_MRZ,))


def test_grey_and_transparent_pictures_are_read_too(reader: DocumentPageReader) -> None:
    colour = specimen("td2")

    assert_read(reader.read(cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY), TODAY, 18))
    assert_read(reader.read(cv2.cvtColor(colour, cv2.COLOR_RGB2RGBA), TODAY, 18))


def test_a_huge_picture_is_read(reader: DocumentPageReader) -> None:
    huge = cv2.resize(specimen("td3"), None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)

    assert_read(reader.read(huge, TODAY, 18))


def test_a_warm_reader_opens_no_file(reader: DocumentPageReader) -> None:
    page = specimen("td3")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        reading = reader.read(page, TODAY, 18)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    assert_read(reading)


def test_the_reader_loads_no_downloader() -> None:
    lines = "import sys, kiosk.vision.document_page; print({'rapidocr', 'requests', 'httpx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "set()"


ERIKSSON = ("ERIKSSON", "ANNA MARIA", "UTO", date(1974, 8, 12), date(2012, 4, 15))


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("td1", "D23145890"),
        ("td2", "D23145890"),
        ("td3", "L898902C3"),
        ("td3_utopia_photo", "L898902C3"),
    ],
)
@pytest.mark.parametrize("quarters", [0, 3])
def test_the_public_specimens_are_read(reader: DocumentPageReader, name: str, number: str, quarters: int) -> None:
    reading = reader.read(np.rot90(shared_picture(name), quarters), TODAY, 18)

    assert reading.evidence is not None
    found = reading.evidence
    holder = (found.primary_name, found.secondary_name, found.nationality, found.birth_date, found.expiry_date)
    assert (found.number, holder) == (number, ERIKSSON)
    unsure = (DocumentRemark.NUMBER_UNSURE,) if number == "L898902C3" else ()
    assert reading.remarks == (DocumentRemark.EXPIRED, *unsure)
    assert reading.portrait is not None


@pytest.mark.shared
def test_a_payment_card_has_no_machine_readable_zone(reader: DocumentPageReader) -> None:
    assert reader.read(shared_picture("nomrz"), TODAY, 18).remarks == (DocumentRemark.NO_MRZ,)


def shared_picture(name: str) -> Pixels:
    path = SHARED / f"{name}.jpg"
    if not path.is_file():
        pytest.skip("the development data do not lie beside this checkout")
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
