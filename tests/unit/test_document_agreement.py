"""When pictures of a document have told enough."""

from dataclasses import replace

from kiosk.document.agreement import Agreement
from tests.rehearsed_visit import evidence

READ = evidence()
OTHER = replace(READ, number="X00001961")
ENOUGH_S = Agreement.WITHOUT_PORTRAIT_AFTER_S


def test_one_picture_alone_is_not_believed() -> None:
    assert not Agreement().add(READ, portrait_missing=False, captured_at_s=0.0)


def test_two_pictures_in_a_row_that_say_the_same_are_believed() -> None:
    pictures = Agreement()
    pictures.add(READ, portrait_missing=False, captured_at_s=0.0)
    assert not pictures.add(OTHER, portrait_missing=False, captured_at_s=0.1)
    assert not pictures.add(None, portrait_missing=False, captured_at_s=0.2)
    assert not pictures.add(OTHER, portrait_missing=False, captured_at_s=0.3)
    assert pictures.add(OTHER, portrait_missing=False, captured_at_s=0.4)


def test_a_page_whose_photo_is_not_seen_is_believed_after_a_while() -> None:
    pictures = Agreement()
    assert not pictures.add(READ, portrait_missing=True, captured_at_s=5.0)
    assert not pictures.add(READ, portrait_missing=True, captured_at_s=4.9 + ENOUGH_S)
    assert pictures.add(READ, portrait_missing=True, captured_at_s=5.0 + ENOUGH_S)


def test_a_blurred_picture_between_does_not_start_the_wait_anew() -> None:
    pictures = Agreement()
    pictures.add(READ, portrait_missing=True, captured_at_s=0.0)
    pictures.add(None, portrait_missing=False, captured_at_s=1.0)
    pictures.add(READ, portrait_missing=True, captured_at_s=ENOUGH_S)
    assert pictures.add(READ, portrait_missing=True, captured_at_s=ENOUGH_S + 0.1)


def test_another_document_starts_the_wait_anew() -> None:
    pictures = Agreement()
    pictures.add(READ, portrait_missing=True, captured_at_s=0.0)
    pictures.add(OTHER, portrait_missing=True, captured_at_s=ENOUGH_S)
    assert not pictures.add(OTHER, portrait_missing=True, captured_at_s=ENOUGH_S + 0.1)
