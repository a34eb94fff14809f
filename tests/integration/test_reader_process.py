"""The reader as a real, confined process over real pipes and shared memory."""

from datetime import date

import pytest

from kiosk.admin.specimen import demo_data, demo_portrait, render_specimen
from kiosk.document.evidence import DocumentKind, DocumentRemark
from kiosk.runtime.messages import (
    CameraChoice,
    CameraFailed,
    DocumentSeen,
    DocumentWasRead,
    Fault,
    ReadDocument,
    ReaderReady,
    SetUpReader,
    StopReading,
)
from kiosk.vision.photograph import save_png
from tests.children import ChildUnderTest

TODAY = date(2026, 6, 1)


def page_camera(path) -> SetUpReader:
    return SetUpReader(CameraChoice("page", str(path), 1920, 1080, 10.0))


@pytest.fixture
def specimen(tmp_path):
    path = tmp_path / "page.png"
    save_png(path, render_specimen("td3", demo_data("astronaut", TODAY), demo_portrait("astronaut"), seed=1))
    return path


def test_a_document_is_read_and_its_portrait_handed_on_as_pixels(specimen):
    with ChildUnderTest("reader") as reader:
        reader.channel.send(page_camera(specimen))
        reader.expect(ReaderReady)
        reader.channel.send(ReadDocument(portrait_wanted=True, today=TODAY, minimum_age_years=18))
        read = reader.expect(DocumentWasRead)
        assert read.evidence.acceptable
        assert read.evidence.kind is DocumentKind.PASSPORT
        assert read.evidence.issuing_state == "UTO"
        portrait = reader.memories["portrait"].read_newest()
        assert min(portrait.pixels.shape[:2]) > 100
        reader.channel.send(StopReading())
        assert reader.end_in_good_order() == 0


def test_the_portrait_is_not_handed_on_where_the_face_was_declined(specimen):
    with ChildUnderTest("reader") as reader:
        reader.channel.send(page_camera(specimen))
        reader.channel.send(ReadDocument(portrait_wanted=False, today=TODAY, minimum_age_years=18))
        assert not reader.expect(DocumentWasRead).has_portrait
        assert reader.memories["portrait"].read_newest() is None


@pytest.fixture
def back_of_a_card(tmp_path):
    import numpy as np

    from kiosk.admin.specimen import SpecimenKind
    from kiosk.admin.specimen_pages import draw_sides

    side = draw_sides(SpecimenKind.TD1, demo_data("astronaut", TODAY), demo_portrait("astronaut"), 1)[1]
    desk = np.full((1080, 1920, 3), 60, np.uint8)
    desk[200 : 200 + side.shape[0], 400 : 400 + side.shape[1]] = side
    path = tmp_path / "back.png"
    save_png(path, desk)
    return path


def test_a_card_that_shows_its_back_only_is_enough_where_the_face_was_declined(back_of_a_card):
    with ChildUnderTest("reader") as reader:
        reader.channel.send(page_camera(back_of_a_card))
        reader.channel.send(ReadDocument(portrait_wanted=False, today=TODAY, minimum_age_years=18))
        assert reader.expect(DocumentWasRead).evidence.acceptable


def test_a_card_that_shows_its_back_only_is_handed_on_without_a_portrait(back_of_a_card):
    with ChildUnderTest("reader") as reader:
        reader.channel.send(page_camera(back_of_a_card))
        reader.channel.send(ReadDocument(portrait_wanted=True, today=TODAY, minimum_age_years=18))
        assert reader.expect(DocumentSeen).remarks == (DocumentRemark.NO_PORTRAIT,)
        read = reader.expect(DocumentWasRead)
        assert read.evidence.remarks == (DocumentRemark.NO_PORTRAIT,)
        assert not read.has_portrait
        assert reader.memories["portrait"].read_newest() is None


def test_no_frame_is_read_before_desk_asks(specimen):
    with ChildUnderTest("reader") as reader:
        reader.channel.send(page_camera(specimen))
        reader.expect(ReaderReady)
        assert reader.memories["document"].read_newest() is None


def test_a_document_camera_mounted_on_its_side_is_turned_and_cut_to_the_glass(specimen, tmp_path):
    import numpy as np

    from kiosk.vision.photograph import load_photograph

    upright = load_photograph(specimen)
    on_its_side = np.rot90(upright)  # anticlockwise; the setting turns it back
    beside = np.full((on_its_side.shape[0], on_its_side.shape[1] // 2, 3), 80, np.uint8)
    path = tmp_path / "turned.png"
    save_png(path, np.ascontiguousarray(np.hstack([on_its_side, beside])))
    camera = CameraChoice("page", str(path), 1920, 1080, 10.0, right=2 / 3, turns=1)
    with ChildUnderTest("reader") as reader:
        reader.channel.send(SetUpReader(camera))
        reader.channel.send(ReadDocument(portrait_wanted=False, today=TODAY, minimum_age_years=18))
        assert reader.expect(DocumentWasRead).evidence.acceptable
        shown = reader.memories["document"].read_newest().pixels
        assert shown.shape[1] > shown.shape[0]


def test_an_empty_desk_is_named_and_reading_goes_on(tmp_path):
    import numpy as np

    path = tmp_path / "empty.png"
    save_png(path, np.full((1080, 1920, 3), 90, np.uint8))
    with ChildUnderTest("reader") as reader:
        reader.channel.send(page_camera(path))
        reader.channel.send(ReadDocument(portrait_wanted=True, today=TODAY, minimum_age_years=18))
        assert DocumentRemark.NO_MRZ in reader.expect(DocumentSeen).remarks
        assert reader.expect(DocumentSeen).preview_sequence > 0


def test_a_camera_that_is_not_there_is_named_and_ends_the_process(tmp_path):
    with ChildUnderTest("reader") as reader:
        reader.channel.send(page_camera(tmp_path / "missing.png"))
        assert "missing.png" in reader.expect(CameraFailed).sentence
        assert reader.expect(Fault).sentence
        assert reader.process.wait(20) == 1
