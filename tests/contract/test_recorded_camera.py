"""Clips, folders and pictures played as a camera, and every bad one named in a sentence."""

import os
import struct
import sys
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from hardware.camera import CameraError, CameraNotFoundError
from hardware.picture_file import MAX_SIDE_PX, picture_size, read_picture
from hardware.recorded_camera import fitted, open_recorded_camera, recorded_frames


def flat(grey: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), grey, np.uint8)


def write_clip(path: Path, greys: range, fourcc: str = "MJPG", frames_per_s: float = 100) -> Path:
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*fourcc), frames_per_s, (64, 48))
    assert writer.isOpened()
    for grey in greys:
        writer.write(flat(grey))
    writer.release()
    return path


@pytest.mark.parametrize(("name", "fourcc"), [("clip.avi", "MJPG"), ("clip.mp4", "mp4v"), ("clip.mkv", "mp4v")])
def test_a_clip_plays_at_its_own_pace_and_ends(tmp_path: Path, name: str, fourcc: str) -> None:
    camera = open_recorded_camera(write_clip(tmp_path / name, range(0, 250, 25), fourcc, 20), frames_per_s=5)
    frames = list(camera.frames())
    assert camera.info.frames_per_s == pytest.approx(20)
    assert 2 <= len(frames) <= 10
    assert frames[-1].captured_at_s - frames[0].captured_at_s <= 9 / 20 + 0.01
    assert frames[-1].pixels.mean() > frames[0].pixels.mean()


def test_a_looped_clip_begins_again(tmp_path: Path) -> None:
    camera = open_recorded_camera(write_clip(tmp_path / "clip.avi", range(0, 250, 50)), loop=True)
    greys = [frame.pixels.mean() for frame in islice(camera.frames(), 12)]
    assert any(later < earlier for earlier, later in pairwise(greys))


def test_a_folder_is_played_in_natural_order(tmp_path: Path) -> None:
    for number, grey in ((10, 200), (2, 100), (1, 50)):
        cv2.imwrite(str(tmp_path / f"frame{number}.png"), flat(grey))
    (tmp_path / "notes.txt").write_text("no picture")
    camera = open_recorded_camera(tmp_path, frames_per_s=5)
    assert [int(frame.pixels.mean()) for frame in camera.frames()] == [50, 100, 200]


def test_digits_that_are_no_numbers_are_letters(tmp_path: Path) -> None:
    (tmp_path / "2²2.png").write_bytes(cv2.imencode(".png", flat(20))[1].tobytes())
    assert [int(frame.pixels.mean()) for frame in recorded_frames(tmp_path)] == [20]


def test_a_single_picture_is_held(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "page.png"), flat(80))
    frames = list(islice(open_recorded_camera(tmp_path / "page.png", frames_per_s=100).frames(), 4))
    assert [int(frame.pixels.mean()) for frame in frames] == [80, 80, 80, 80]


def test_pictures_are_fitted_into_the_asked_size(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "page.png"), flat(80, 20, 40))
    camera = open_recorded_camera(tmp_path / "page.png", width=160, height=80)
    picture = next(camera.frames()).pixels
    assert picture.shape == (80, 160, 3)
    assert picture[:, 60:100].min() == 80
    assert picture[:, :60].max() == picture[:, 100:].max() == 0


@pytest.mark.parametrize(("width", "height"), [(64, 48), (32, 48), (300, 16)])
def test_fitting_keeps_the_proportions(width: int, height: int) -> None:
    picture = fitted(flat(255), width, height)
    rows, columns = np.nonzero(picture[..., 0])
    seen = np.ptp(columns) + 1, np.ptp(rows) + 1
    assert picture.shape == (height, width, 3)
    assert abs(seen[0] * 48 - seen[1] * 64) <= 64


def test_a_picture_stands_as_exif_says(tmp_path: Path) -> None:
    upright = Image.new("RGB", (40, 20))
    upright.paste((255, 0, 0), (0, 0, 20, 20))
    exif = upright.getexif()
    exif[0x0112] = 6  # to be turned by 90° clockwise
    upright.save(tmp_path / "turned.jpg", exif=exif, quality=95)
    picture = read_picture(tmp_path / "turned.jpg")
    assert picture.shape == (40, 20, 3)
    assert picture[5, 10, 0] > 200
    assert picture[35, 10, 0] < 50


def test_grey_16_bit_and_cmyk_pictures_are_read_as_rgb(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "deep.png"), np.full((10, 12), 40_000, np.uint16))
    Image.new("CMYK", (12, 10), (0, 255, 255, 0)).save(tmp_path / "print.jpg")
    assert read_picture(tmp_path / "deep.png").shape == (10, 12, 3)
    assert abs(int(read_picture(tmp_path / "deep.png").mean()) - 156) <= 1
    red = read_picture(tmp_path / "print.jpg")[5, 5]
    assert red[0] > 200
    assert red[1:].max() < 60


def test_a_very_large_picture_is_reduced(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "large.png"), np.zeros((600, 2 * MAX_SIDE_PX), np.uint8))
    assert read_picture(tmp_path / "large.png").shape == (300, MAX_SIDE_PX, 3)


@pytest.mark.parametrize("ending", ["png", "jpg", "bmp", "webp"])
def test_the_size_stands_in_the_header_of_every_format(ending: str) -> None:
    written, data = cv2.imencode(f".{ending}", flat(90, 70, 30))
    assert written
    assert picture_size(data.tobytes()) == (70, 30)
    assert picture_size(data.tobytes()[:11]) is None


def bomb() -> bytes:
    """The header of a PNG of 40 gigapixels."""
    _, data = cv2.imencode(".png", flat(0))
    return data.tobytes()[:16] + struct.pack(">II", 200_000, 200_000) + data.tobytes()[24:]


def cut_short(folder: Path) -> bytes:
    return write_clip(folder / "whole.mp4", range(0, 250, 25), "mp4v").read_bytes()[:600]


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("empty.mp4", b"", "is empty"),
        ("text.mp4", b"this is a text file and no clip", "is no picture"),
        ("list.m3u8", b"#EXTM3U\nhttp://example.org/a.ts\n", "is no picture"),
        ("half.jpg", b"\xff\xd8\xff\xe0\x00\x10JFIF", "is no picture"),
        ("paper.pdf", b"%PDF-1.7 ...", "is no picture"),
        ("noise.mkv", b"\x1a\x45\xdf\xa3" + bytes(100), "is a damaged clip"),
        ("bomb.png", bomb(), "has 200000×200000 pixels"),
        ("torn.png", bytes(cv2.imencode(".png", flat(9))[1])[:60], "is a damaged picture"),
    ],
)
def test_a_bad_file_is_named_in_one_sentence(tmp_path: Path, name: str, content: bytes, sentence: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CameraError, match=sentence) as caught:
        open_recorded_camera(tmp_path / name)
    assert str(caught.value).count("\n") == 0


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs and device files are a matter of POSIX systems")
def test_a_pipe_or_a_device_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    for path in (tmp_path / "pipe.mp4", Path("/dev/zero")):
        for read in (open_recorded_camera, read_picture):
            with pytest.raises(CameraError, match="a device or a pipe"):
                read(path)


def test_odd_letters_in_a_name_stay_one_line_of_plain_text(tmp_path: Path) -> None:
    (tmp_path / "a\nb\x1b[31m.jpg").write_bytes(b"no picture")
    for name in ("a\nb\x1b[31m.jpg", "absent\n.jpg"):
        with pytest.raises(CameraError) as caught:
            open_recorded_camera(tmp_path / name)
        assert str(caught.value).isprintable()


def test_a_clip_cut_short_is_named(tmp_path: Path) -> None:
    (tmp_path / "torn.mp4").write_bytes(cut_short(tmp_path))
    with pytest.raises(CameraError, match=r"damaged|no picture"):
        open_recorded_camera(tmp_path / "torn.mp4")


def test_a_damaged_picture_in_a_folder_ends_the_playing_with_its_name(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), flat(10))
    (tmp_path / "2.png").write_bytes(b"no picture")
    with pytest.raises(CameraError, match=r"2\.png"):
        list(open_recorded_camera(tmp_path, frames_per_s=50).frames())


def test_what_is_not_there_is_not_found(tmp_path: Path) -> None:
    for path in (tmp_path / "none.mp4", tmp_path):
        with pytest.raises(CameraNotFoundError):
            open_recorded_camera(path)


@pytest.mark.parametrize(("frames_per_s", "width"), [(0, 64), (-1, 64), (float("nan"), 64), (10, 0), (10, 100_000)])
def test_an_impossible_pace_or_size_is_refused(tmp_path: Path, frames_per_s: float, width: int) -> None:
    cv2.imwrite(str(tmp_path / "1.png"), flat(10))
    with pytest.raises(CameraError):
        open_recorded_camera(tmp_path, frames_per_s, width, 48)
