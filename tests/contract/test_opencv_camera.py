"""What OpenCV's cameras do wrong, and what is made of it; on a capture device that the test drives."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import cv2
import numpy as np
import pytest

from hardware.camera import (
    Camera,
    CameraBusyError,
    CameraError,
    CameraLostError,
    CameraNotFoundError,
    CameraRefusedError,
)
from hardware.opencv_camera import find_cameras, holder_of, open_opencv_camera
from tests.capture_devices import FakeCaptureDevice, noise


def opened(device: FakeCaptureDevice, heartbeat_s: float = 5.0, address: str = os.devnull) -> Camera:
    """A camera on the device, at a node that exists."""
    return open_opencv_camera(address, 64, 48, open_device=lambda _: device, heartbeat_s=heartbeat_s)


@pytest.mark.parametrize(
    "address",
    ["rtsp://10.0.0.1/stream", "http://camera.local/video", "RTSP:10.0.0.1", "udp://@:1234", "https://a/b.m3u8",
     "file:///etc/passwd", " rtsp://x"],
)  # fmt: skip
def test_a_network_camera_is_refused(address: str) -> None:
    with pytest.raises(CameraRefusedError, match="refused"):
        open_opencv_camera(address, open_device=lambda _: pytest.fail("a network address was opened"))


def test_opening_reads_nothing_and_asks_for_the_size() -> None:
    device = FakeCaptureDevice()
    opened(device)
    assert (device.reads, device.grabs) == (0, 0)
    assert device.wishes[cv2.CAP_PROP_FRAME_WIDTH] == 64
    assert device.wishes[cv2.CAP_PROP_FRAME_HEIGHT] == 48


def test_the_size_is_what_the_camera_says_not_what_was_asked() -> None:
    camera = opened(FakeCaptureDevice(width=640, height=360))
    assert (camera.info.width, camera.info.height) == (640, 360)


def test_blue_and_red_are_put_in_their_places() -> None:
    device = FakeCaptureDevice().put(noise(1))
    frame = next(opened(device).frames())
    assert np.array_equal(frame.pixels, noise(1)[..., ::-1])


def test_what_was_buffered_before_is_thrown_away() -> None:
    class Buffering(FakeCaptureDevice):
        def grab(self) -> bool:
            self.grabs += 1
            return True

    device = Buffering().put(noise(1))
    next(opened(device).frames())
    assert 1 <= device.grabs <= 8


def test_a_reader_that_paused_gets_the_newest_picture() -> None:
    device = FakeCaptureDevice().put(noise(1))
    frames = opened(device).frames()
    next(frames)
    device.put(noise(2), noise(3), noise(4))
    assert device.waiting_for_more.wait(5)
    assert np.array_equal(next(frames).pixels, noise(4)[..., ::-1])


def test_a_camera_that_repeats_its_last_picture_is_lost(tmp_path: Path) -> None:
    node = tmp_path / "video0"
    node.touch()
    frames = opened(FakeCaptureDevice().put(noise(1)).stick(), heartbeat_s=0.1, address=str(node)).frames()
    next(frames)
    with pytest.raises(CameraLostError, match="repeats its last picture"):
        next(frames)


def test_a_repeated_picture_does_not_count_as_a_new_one() -> None:
    device = FakeCaptureDevice().put(noise(1))
    frames = opened(device).frames()
    next(frames)
    device.put(noise(1), noise(2))
    assert np.array_equal(next(frames).pixels, noise(2)[..., ::-1])


def test_a_camera_that_falls_silent_is_lost() -> None:
    frames = opened(FakeCaptureDevice().put(noise(1)), heartbeat_s=0.1).frames()
    next(frames)
    with pytest.raises(CameraLostError, match="no new picture"):
        next(frames)


def test_a_failed_read_is_a_lost_camera() -> None:
    frames = opened(FakeCaptureDevice().put(noise(1), None)).frames()
    with pytest.raises(CameraLostError, match="gives no more pictures"):
        list(frames)


def test_a_picture_of_another_size_is_a_lost_camera() -> None:
    frames = opened(FakeCaptureDevice().put(noise(1), noise(2, width=32))).frames()
    with pytest.raises(CameraLostError, match="resolution"):
        list(frames)


def test_an_unplugged_camera_is_named_as_such(tmp_path: Path) -> None:
    node = tmp_path / "video0"
    node.touch()
    frames = opened(FakeCaptureDevice().put(noise(1)).stick(), address=str(node)).frames()
    next(frames)
    node.unlink()
    with pytest.raises(CameraLostError, match="unplugged"):
        next(frames)


def test_the_device_is_released_by_the_thread_that_reads_it() -> None:
    class Watching(FakeCaptureDevice):
        def release(self) -> None:
            self.released_in = threading.current_thread().name
            super().release()

    device = Watching().put(noise(1))
    camera = opened(device)
    frames = camera.frames()
    next(frames)
    camera.close()
    assert device.releases == 0
    device.put(noise(2))
    assert list(frames) == []
    assert (device.releases, device.released_in) == (1, f"camera {camera.info.name}")


def test_a_camera_that_nobody_reads_is_released_at_once() -> None:
    device = FakeCaptureDevice()
    opened(device).close()
    assert device.releases == 1


def test_reading_a_camera_twice_at_the_same_time_is_an_error() -> None:
    camera = opened(FakeCaptureDevice().put(noise(1)))
    frames = camera.frames()
    next(frames)
    with pytest.raises(CameraError, match="being read already"):
        next(camera.frames())
    frames.close()  # type: ignore[attr-defined]


def test_a_missing_camera_is_not_found() -> None:
    with pytest.raises(CameraNotFoundError, match="There is no camera"):
        open_opencv_camera("/dev/video-that-is-not-there")


def test_a_file_is_no_camera(tmp_path: Path) -> None:
    file = tmp_path / "clip.mp4"
    file.write_bytes(b"x")
    with pytest.raises(CameraNotFoundError, match="recorded camera"):
        open_opencv_camera(str(file))


def test_a_camera_that_does_not_open_says_so(tmp_path: Path) -> None:
    device = FakeCaptureDevice(opens=False)
    with pytest.raises(CameraError, match="does not open"):
        opened(device, address=str(tmp_path / "video0"))
    assert device.releases == 1


def processes_holding(node: Path, folder: Path) -> Path:
    """A folder like /proc in which process 4242, `cheese`, has the node open."""
    descriptors = folder / "4242" / "fd"
    descriptors.mkdir(parents=True)
    (descriptors.parent / "comm").write_text("cheese\n")
    (descriptors / "3").symlink_to("/dev/null")
    (descriptors / "7").symlink_to(node)
    return folder


def test_the_program_that_holds_a_camera_is_named(tmp_path: Path) -> None:
    node = tmp_path / "video0"
    assert holder_of(node, processes_holding(node, tmp_path / "proc")) == "cheese (process 4242)"
    assert holder_of(tmp_path / "video1", tmp_path / "proc") is None


def test_a_busy_camera_names_its_holder(tmp_path: Path) -> None:
    node = tmp_path / "video0"
    node.touch()
    hold = "import sys; file = open(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(node)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(CameraBusyError, match=f"process {holder.pid}"):
            opened(FakeCaptureDevice(opens=False), address=str(node))


def test_cameras_are_listed_with_their_names_and_without_metadata_nodes(tmp_path: Path) -> None:
    devices, sysfs = tmp_path / "dev", tmp_path / "sysfs"
    devices.mkdir()
    for number, name, index in ((10, "Document camera", 0), (2, "Face camera", 0), (3, "Face camera", 1)):
        (devices / f"video{number}").touch()
        (sysfs / f"video{number}").mkdir(parents=True)
        (sysfs / f"video{number}" / "name").write_text(name + "\n")
        (sysfs / f"video{number}" / "index").write_text(f"{index}\n")
    assert [(info.name, Path(info.address).name) for info in find_cameras(devices, sysfs)] == [
        ("Face camera", "video2"),
        ("Document camera", "video10"),
    ]


def test_no_camera_is_an_empty_list(tmp_path: Path) -> None:
    assert find_cameras(tmp_path, tmp_path) == []
    assert isinstance(find_cameras(), list)
