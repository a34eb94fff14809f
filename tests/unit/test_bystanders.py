"""Where other people's faces are hidden in the preview, and for how long."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.vision.bystanders import ENLARGED, HIDDEN_FOR_S, Area, Bystanders

WIDTH, HEIGHT = 320, 180
SUBJECT = Area(160, 90, 60)
OTHER = Area(40, 90, 30)


def noise() -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


def changed(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> tuple[int, int, int, int] | None:
    """Left, top, right, bottom of what is not the same, None where all is."""
    rows, columns = np.nonzero((before != after).any(axis=2))
    return (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1) if rows.size else None


def test_with_nobody_else_the_very_picture_is_handed_on() -> None:
    bystanders = Bystanders()
    bystanders.found((), SUBJECT, 0.0)
    picture = noise()
    assert bystanders.hide(picture, WIDTH) is picture


def test_more_than_the_face_is_hidden_and_the_frame_itself_is_not_touched() -> None:
    bystanders = Bystanders()
    bystanders.found((OTHER,), SUBJECT, 0.0)
    picture = noise()
    untouched = picture.copy()
    half = ENLARGED * OTHER.side / 2
    expected = (round(40 - half), round(90 - half), round(40 + half), round(90 + half))
    found = changed(picture, bystanders.hide(picture, WIDTH))
    assert found is not None
    assert np.abs(np.subtract(found, expected)).max() <= 1
    assert np.array_equal(picture, untouched)


def test_of_what_is_hidden_no_detail_is_left() -> None:
    bystanders = Bystanders()
    bystanders.found((OTHER,), SUBJECT, 0.0)
    hidden = bystanders.hide(noise(), WIDTH)[80:100, 30:50].astype(float)
    assert np.abs(np.diff(hidden, axis=1)).max() < 20


def test_a_smaller_preview_hides_the_same_place() -> None:
    bystanders = Bystanders()
    bystanders.found((OTHER,), SUBJECT, 0.0)
    small = np.ascontiguousarray(noise()[::2, ::2])
    found = changed(small, bystanders.hide(small, WIDTH))
    assert found is not None
    left, _, right, _ = found
    assert (left + right) / 2 == pytest.approx(20, abs=1)


def test_a_face_missed_for_a_moment_stays_hidden_and_one_that_has_gone_does_not() -> None:
    bystanders = Bystanders()
    picture = noise()
    bystanders.found((OTHER,), SUBJECT, 10.0)
    bystanders.found((), SUBJECT, 10.0 + HIDDEN_FOR_S)
    assert bystanders.hide(picture, WIDTH) is not picture
    bystanders.found((), SUBJECT, 10.01 + HIDDEN_FOR_S)
    assert bystanders.hide(picture, WIDTH) is picture


def test_a_face_is_hidden_where_it_is_and_not_where_it_was() -> None:
    bystanders = Bystanders()
    for step in range(10):
        bystanders.found((Area(40 + step, 90, 30),), SUBJECT, 0.03 * step)
    assert len(bystanders._seen) == 1


def test_the_subject_who_moves_to_where_another_stood_is_not_hidden() -> None:
    bystanders = Bystanders()
    bystanders.found((OTHER,), SUBJECT, 0.0)
    bystanders.found((), Area(45, 92, 60), 0.1)
    picture = noise()
    assert bystanders.hide(picture, WIDTH) is picture


@pytest.mark.parametrize(
    "area",
    [Area(-500, 90, 30), Area(40, 5000, 30), Area(40, 90, 0), Area(math.nan, 90, 30), Area(40, 90, math.inf)],
    ids=["left of it", "below it", "no size", "no place", "no end"],
)
def test_an_area_that_cannot_be_hides_nothing_and_stops_nothing(area: Area) -> None:
    bystanders = Bystanders()
    bystanders.found((area, OTHER), SUBJECT, 0.0)
    hidden = bystanders.hide(noise(), WIDTH)
    assert hidden.shape == (HEIGHT, WIDTH, 3)
    assert changed(noise(), hidden) is not None


def test_a_face_at_the_edge_is_hidden_up_to_it() -> None:
    bystanders = Bystanders()
    bystanders.found((Area(0, 0, 30),), SUBJECT, 0.0)
    found = changed(noise(), bystanders.hide(noise(), WIDTH))
    assert found is not None
    assert found[:2] == (0, 0)


def test_the_next_subject_finds_nobody_hidden() -> None:
    bystanders = Bystanders()
    bystanders.found((OTHER,), SUBJECT, 0.0)
    bystanders.forget()
    picture = noise()
    assert bystanders.hide(picture, WIDTH) is picture
