"""What every camera promises, whatever it is: tried on the OpenCV, the recorded, the document and the simulated one."""

import threading
import time
from collections.abc import Callable, Iterator
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from hardware.camera import Camera
from hardware.document_camera import DocumentCamera, FieldOfView, QuarterTurns
from hardware.opencv_camera import open_opencv_camera
from hardware.recorded_camera import open_recorded_camera
from hardware.simulated.cues import FixedCue
from hardware.simulated.subject import SimulatedSubjectCamera
from tests.capture_devices import FakeCaptureDevice, noise
from tests.portraits import portrait, portrait_landmarks


class EndlessDevice(FakeCaptureDevice):
    """A camera that always has another picture."""

    def read(self):  # type: ignore[no-untyped-def]
        if self._gone.wait(0.005):
            return False, None
        self.reads += 1
        return True, noise(self.reads)


def opencv(folder: Path) -> Camera:
    return open_opencv_camera("7", 64, 48, open_device=lambda _: EndlessDevice())


def clip(folder: Path) -> Camera:
    path = folder / "clip.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 60, (64, 48))
    for number in range(12):
        writer.write(noise(number))
    writer.release()
    return open_recorded_camera(path, loop=True)


def pictures(folder: Path) -> Camera:
    for number in range(3):
        cv2.imwrite(str(folder / f"{number}.png"), noise(number))
    return open_recorded_camera(folder, frames_per_s=100, width=80, height=60, loop=True)


def still_picture(folder: Path) -> Camera:
    cv2.imwrite(str(folder / "still.jpg"), noise(1))
    return open_recorded_camera(folder / "still.jpg", frames_per_s=100)


def document(folder: Path) -> Camera:
    return DocumentCamera(opencv(folder), FieldOfView(0.25, 0, 1, 0.5, QuarterTurns.ONCE))


def simulated(folder: Path) -> Camera:
    smaller = cv2.resize(portrait("astronaut"), None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    landmarks = portrait_landmarks("astronaut") * np.float32(0.4)
    return SimulatedSubjectCamera(smaller, landmarks, FixedCue(), width=320, height=240, frames_per_s=60, seed=1)


@pytest.fixture(params=[opencv, clip, pictures, still_picture, document, simulated], ids=lambda make: make.__name__)
def camera(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Camera]:
    make: Callable[[Path], Camera] = request.param
    opened = make(tmp_path)
    yield opened
    opened.close()


def test_frames_are_rgb_of_the_size_that_info_tells(camera: Camera) -> None:
    for frame in islice(camera.frames(), 3):
        assert frame.pixels.dtype == np.uint8
        assert frame.pixels.shape == (camera.info.height, camera.info.width, 3)


def test_info_names_the_camera_and_its_pace(camera: Camera) -> None:
    assert camera.info.name
    assert camera.info.kind in ("usb", "recorded", "simulated")
    assert camera.info.frames_per_s > 0


def test_the_sequence_has_no_gap_and_time_goes_forward(camera: Camera) -> None:
    before_s = time.monotonic()
    frames = list(islice(camera.frames(), 5))
    assert [frame.sequence for frame in frames] == [0, 1, 2, 3, 4]
    assert all(first.captured_at_s < second.captured_at_s for first, second in pairwise(frames))
    assert before_s <= frames[0].captured_at_s
    assert frames[-1].captured_at_s <= time.monotonic()


def test_a_frame_is_never_changed_after_it_was_handed_over(camera: Camera) -> None:
    frames = camera.frames()
    first = next(frames)
    copy = first.pixels.copy()
    list(islice(frames, 3))
    assert np.array_equal(first.pixels, copy)


def test_reading_can_stop_and_begin_anew(camera: Camera) -> None:
    assert next(camera.frames()).sequence == 0
    assert next(camera.frames()).sequence == 0


def test_nobody_reads_on_once_the_iterator_is_dropped(camera: Camera) -> None:
    frames = camera.frames()
    next(frames)
    assert reading_threads(camera)
    frames.close()  # type: ignore[attr-defined]
    assert not reading_threads(camera)


def test_closing_ends_the_frames_and_may_be_done_twice(camera: Camera) -> None:
    frames = camera.frames()
    next(frames)
    camera.close()
    camera.close()
    assert len(list(islice(frames, 3))) == 0
    assert list(islice(camera.frames(), 1)) == []


def test_another_thread_may_close_the_camera_while_one_waits_for_a_frame(camera: Camera) -> None:
    frames = camera.frames()
    next(frames)
    closing = threading.Thread(target=camera.close)
    closing.start()
    for _ in frames:
        pass
    closing.join(5)
    assert not closing.is_alive()


def reading_threads(camera: Camera) -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name == f"camera {camera.info.name}"]
