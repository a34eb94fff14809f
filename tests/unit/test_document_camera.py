"""The document camera's field of view: cut and turned, never more than the glass."""

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.camera import CameraError, CameraInfo, Frame
from hardware.document_camera import DocumentCamera, FieldOfView, QuarterTurns, seen


class OneFrame:
    """A camera of one frame that knows whether it was closed."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.closed = False
        self._pixels = pixels

    @property
    def info(self) -> CameraInfo:
        height, width = self._pixels.shape[:2]
        return CameraInfo("one", "usb", "0", width, height, 1.0)

    def frames(self) -> Iterator[Frame]:
        yield Frame(self._pixels, 5.0, 0)

    def close(self) -> None:
        self.closed = True


def test_only_the_field_is_seen_upright() -> None:
    pixels = np.zeros((40, 80, 3), np.uint8)
    pixels[0:20, 40:80] = 9  # the upper right quarter
    pixels[0, 40] = 200
    picture = seen(pixels, FieldOfView(0.5, 0, 1, 0.5, QuarterTurns.ONCE))
    assert picture.shape == (40, 20, 3)
    assert picture.min() == 9
    assert picture[0, -1, 0] == 200  # its upper left corner has come to the upper right


@given(st.integers(1, 50), st.integers(1, 50), st.floats(0, 0.9), st.floats(0, 0.9), st.sampled_from(QuarterTurns))
def test_info_and_frames_agree_for_every_field(
    width: int, height: int, left: float, top: float, turns: QuarterTurns
) -> None:
    camera = DocumentCamera(
        OneFrame(np.zeros((height, width, 3), np.uint8)), FieldOfView(left, top, 1.0, top + 0.05, turns)
    )
    frame = next(iter(camera.frames()))
    assert frame.pixels.shape == (camera.info.height, camera.info.width, 3)
    assert min(frame.pixels.shape) >= 1
    assert (frame.captured_at_s, frame.sequence) == (5.0, 0)


@pytest.mark.parametrize("edges", [(0.5, 0, 0.5, 1), (-0.1, 0, 1, 1), (0, 0, 1, 1.2), (0, float("nan"), 1, 1)])
def test_a_field_outside_the_picture_is_refused(edges: tuple[float, float, float, float]) -> None:
    with pytest.raises(CameraError, match="fractions"):
        FieldOfView(*edges)


def test_closing_closes_the_camera_itself() -> None:
    camera = OneFrame(np.zeros((4, 4, 3), np.uint8))
    DocumentCamera(camera, FieldOfView()).close()
    assert camera.closed
