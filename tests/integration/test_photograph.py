"""Every kind of picture comes out upright, eight bits deep, in colour; all else is refused in one sentence."""

import os
import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from kiosk.vision.photograph import (
    MAX_SIDE_PX,
    DamagedPhotographError,
    NotAPhotographError,
    PhotographError,
    PhotographNotFoundError,
    PhotographTooLargeError,
    load_photograph,
    printable,
    read_photograph,
    save_png,
)
from tests.portraits import portrait


@pytest.fixture(scope="module")
def picture() -> Image.Image:
    """Colours and shapes that no turn or flip leaves alone."""
    return Image.fromarray(portrait("astronaut")[0:240, 100:420])


def pixels_of(picture: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(picture.convert("RGB"))


def difference(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    assert one.shape == other.shape
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.bmp", "a.tif", "a.gif", "a.ppm", "a.jp2"])
def test_each_format_is_read(tmp_path: Path, picture: Image.Image, name: str) -> None:
    picture.save(tmp_path / name)
    loaded = load_photograph(tmp_path / name)
    assert loaded.dtype == np.uint8
    assert loaded.flags.c_contiguous
    assert difference(loaded, pixels_of(picture)) < 8


@pytest.mark.parametrize("name", ["a.jpg", "a.tif"])
def test_cmyk_is_read_as_colour(tmp_path: Path, picture: Image.Image, name: str) -> None:
    picture.convert("CMYK").save(tmp_path / name)
    assert difference(load_photograph(tmp_path / name), pixels_of(picture)) < 5


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_sixteen_bit_colour_is_read(tmp_path: Path, picture: Image.Image, name: str) -> None:
    cv2.imwrite(str(tmp_path / name), pixels_of(picture)[:, :, ::-1].astype(np.uint16) * 257)
    assert difference(load_photograph(tmp_path / name), pixels_of(picture)) < 1


@pytest.mark.parametrize(
    ("name", "factor"), [("a.png", 257), ("a.tif", 257), ("10_bits.png", 4), ("12_bits.png", 16), ("14_bits.png", 64)]
)
def test_deep_grey_is_scaled_to_eight_bits(tmp_path: Path, picture: Image.Image, name: str, factor: int) -> None:
    grey = np.asarray(picture.convert("L"))
    cv2.imwrite(str(tmp_path / name), grey.astype(np.uint16) * factor)
    assert difference(load_photograph(tmp_path / name), np.stack([grey] * 3, axis=2)) < 2


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "I", "F", "1"])
def test_each_mode_is_read(tmp_path: Path, picture: Image.Image, mode: str) -> None:
    path = tmp_path / ("a.tif" if mode in "IF" else "a.png")
    picture.convert(mode).save(path)
    expected = pixels_of(picture.convert("L") if mode in "IF" else picture.convert(mode))
    assert difference(load_photograph(path), expected) < 2


def test_what_is_transparent_becomes_white(tmp_path: Path, picture: Image.Image) -> None:
    ghost = picture.convert("RGBA")
    ghost.putalpha(0)
    ghost.save(tmp_path / "a.png")
    assert (load_photograph(tmp_path / "a.png") == 255).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright_as_its_exif_says(tmp_path: Path, picture: Image.Image, orientation: int) -> None:
    turn = Image.Transpose
    # What a camera held that way would have stored.
    stored = {
        1: None, 2: turn.FLIP_LEFT_RIGHT, 3: turn.ROTATE_180, 4: turn.FLIP_TOP_BOTTOM,
        5: turn.TRANSPOSE, 6: turn.ROTATE_90, 7: turn.TRANSVERSE, 8: turn.ROTATE_270,
    }[orientation]  # fmt: skip
    exif = Image.Exif()
    exif[0x0112] = orientation
    (picture if stored is None else picture.transpose(stored)).save(tmp_path / "a.png", exif=exif)
    assert difference(load_photograph(tmp_path / "a.png"), pixels_of(picture)) == 0


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_makes_no_sense_is_ignored(tmp_path: Path, picture: Image.Image, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "a.png", exif=exif)
    assert difference(load_photograph(tmp_path / "a.png"), pixels_of(picture)) == 0


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
def test_a_hundred_megapixels_are_read_and_shrunk(tmp_path: Path, name: str) -> None:
    Image.new("RGB", (10_000, 10_000), (200, 120, 40)).save(tmp_path / name, compress_level=1)
    loaded = load_photograph(tmp_path / name)
    assert max(loaded.shape) <= MAX_SIDE_PX
    assert np.abs(loaded[100, 100].astype(int) - (200, 120, 40)).max() <= 3


def cut(name: str) -> Callable[[Path, Image.Image], Path]:
    def make(folder: Path, picture: Image.Image) -> Path:
        options = {"progressive": True} if name == "progressive.jpg" else {}
        picture.save(folder / name, **options)
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[: len(whole) // 2])
        return folder / name

    return make


@pytest.mark.parametrize("name", ["a.jpg", "progressive.jpg", "a.png", "a.webp", "a.bmp", "a.tif", "a.gif", "a.jp2"])
def test_a_picture_that_breaks_off_is_refused_never_half_shown(tmp_path: Path, picture: Image.Image, name: str) -> None:
    with pytest.raises(DamagedPhotographError, match="breaks off"):
        load_photograph(cut(name)(tmp_path, picture))


@pytest.mark.parametrize("share", [0.001, 0.5, 0.99])
def test_a_compressed_tiff_that_breaks_off_is_called_damaged(
    tmp_path: Path, picture: Image.Image, share: float
) -> None:
    picture.save(tmp_path / "a.tif", compression="tiff_lzw")
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "a.tif").write_bytes(whole[: max(8, int(share * len(whole)))])
    with pytest.raises(DamagedPhotographError, match="breaks off"):
        load_photograph(tmp_path / "a.tif")


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
@pytest.mark.parametrize("width", [4096, 4097, 4160, 6000])
def test_a_large_picture_keeps_all_the_pixels_it_may(tmp_path: Path, name: str, width: int) -> None:
    Image.new("RGB", (width, 30), (200, 120, 40)).save(tmp_path / name)
    photograph = read_photograph(tmp_path / name)
    assert photograph.pixels.shape[1] == MAX_SIDE_PX
    assert photograph.reduction == pytest.approx(width / MAX_SIDE_PX)


def png(width: int, height: int) -> bytes:
    """A PNG of these dimensions with nearly nothing in it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (2**31 - 1, 2**31 - 1), (13_000, 12_000)])
def test_absurd_dimensions_are_refused_before_decoding(tmp_path: Path, width: int, height: int) -> None:
    (tmp_path / "bomb.png").write_bytes(png(width, height))
    with pytest.raises(PhotographTooLargeError, match="more than 150 million pixels"):
        load_photograph(tmp_path / "bomb.png")


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("empty.jpg", b"", "is empty"),
        ("a.heic", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "not a picture of a kind that can be read; give JPEG, PNG"),
        ("document.pdf", b"%PDF-1.4\n1 0 obj<<>>endobj\n%%EOF", "is not a picture"),
        ("document.jpg", b"%PDF-1.4\n", "is not a picture"),
        ("text.png", b"hello", "is not a picture"),
        ("vector.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "is not a picture"),
        ("page.eps", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "is not a picture"),
    ],
)
def test_a_file_that_is_no_picture_is_refused(tmp_path: Path, name: str, content: bytes, says: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(NotAPhotographError, match=says):
        load_photograph(tmp_path / name)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(PhotographNotFoundError, match=r"The probe .*missing\.jpg does not exist"):
        load_photograph(tmp_path / "missing.jpg", "probe")
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(PhotographNotFoundError):
        load_photograph(tmp_path / "file" / "a.jpg")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotAPhotographError, match="is a folder"):
        load_photograph(tmp_path)


@pytest.mark.skipif(sys.platform == "win32", reason="FIFOs and device files are a matter of POSIX systems")
def test_a_pipe_or_a_device_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    for path in (tmp_path / "pipe.jpg", Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(NotAPhotographError, match="a device or a pipe"):
            load_photograph(path)


def test_a_name_that_leads_in_a_circle_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop.jpg").symlink_to("loop.jpg")
    with pytest.raises(PhotographError, match="cannot be opened"):
        load_photograph(tmp_path / "loop.jpg")


def test_a_file_that_may_not_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", forbidden)  # root may read anything
    with pytest.raises(PhotographError, match="may not be read"):
        load_photograph(tmp_path / "a.jpg")


def test_odd_letters_in_a_name_stay_one_line_of_plain_text() -> None:
    assert printable(Path("a\nb\x1b[31m.jpg")) == "a\\nb\\x1b[31m.jpg"
    assert printable(Path(os.fsdecode(b"\xff.jpg"))) == "\\udcff.jpg"
    assert printable(Path("张伟.jpg")) == "张伟.jpg"


def test_a_written_png_reads_back_the_same(tmp_path: Path, picture: Image.Image) -> None:
    save_png(tmp_path / "a.png", pixels_of(picture))
    assert difference(load_photograph(tmp_path / "a.png"), pixels_of(picture)) == 0
    with pytest.raises(PhotographError, match="cannot be written"):
        save_png(tmp_path / "no" / "such" / "folder.png", pixels_of(picture))
