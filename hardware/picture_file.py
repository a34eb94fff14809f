"""Reads picture files whole and upright, within limits; says in one sentence why one cannot be read.

Only formats with a size in their header are taken, so that a small file cannot unpack into more than memory holds.
"""

import os
import stat
import struct
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.camera import CameraError, CameraNotFoundError

PICTURE_ENDINGS = (".jpg", ".jpeg", ".png", ".bmp", ".webp")
MAX_BYTES = 200 << 20
MAX_PIXELS = 150_000_000
MAX_SIDE_PX = 4096
"""Larger pictures are reduced: no camera of a kiosk gives more."""

_OPEN_FLAGS = os.O_RDONLY
for _flag in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
    _OPEN_FLAGS |= getattr(os, _flag, 0)  # each exists on some systems only


def read_picture(path: Path) -> NDArray[np.uint8]:
    """Return (height, width, 3) uint8 RGB, turned as EXIF says, at most `MAX_SIDE_PX` a side.

    Raises `CameraNotFoundError` where there is no file and `CameraError` for anything that is no whole picture.
    """
    data = _read_bytes(path)
    size = picture_size(data)
    if size is None:
        raise CameraError(f"{printable(path)} is no picture that is read here; give a JPEG, PNG, BMP or WebP file.")
    if not 0 < size[0] * size[1] <= MAX_PIXELS:
        raise CameraError(
            f"{printable(path)} has {size[0]}×{size[1]} pixels; give a picture of at most "
            f"{MAX_PIXELS // 10**6} megapixels."
        )
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise CameraError(f"{printable(path)} is a damaged picture; save it again.")
    return _reduced(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB))


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Return width and height from the header of a JPEG, PNG, BMP or WebP file, None for anything else."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return width, height
    if data[:2] == b"BM" and len(data) >= 26:
        width, height = struct.unpack("<ii", data[18:26])
        return abs(width), abs(height)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp_size(data)
    if data[:3] == b"\xff\xd8\xff":
        return next(_jpeg_frame_sizes(data), None)
    return None


def printable(path: Path) -> str:
    """The name as one line of safe text: control characters and broken encoding are escaped."""
    text = os.fsdecode(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def read_regular_file(path: Path, at_most_bytes: int) -> bytes:
    """Return the first bytes of a file, without ever waiting (a pipe) or acting (a device); raise `CameraError`."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
        try:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise CameraError(f"{printable(path)} is a folder, a device or a pipe; name a file.")
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(at_most_bytes)
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        raise CameraNotFoundError(f"There is no file {printable(path)}.") from error
    except OSError as error:
        raise CameraError(f"{printable(path)} cannot be read: {error.strerror}.") from error


def _read_bytes(path: Path) -> bytes:
    data = read_regular_file(path, MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise CameraError(f"{printable(path)} is larger than {MAX_BYTES >> 20} MB; give a smaller picture.")
    if not data:
        raise CameraError(f"{printable(path)} is empty; save the picture again.")
    return data


def _webp_size(data: bytes) -> tuple[int, int] | None:
    kind, body = data[12:16], data[20:30]
    if len(body) < 10:
        return None
    if kind == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if kind == b"VP8L":
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", body[6:10])
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg_frame_sizes(data: bytes) -> Iterator[tuple[int, int]]:
    """Walk the segments of a JPEG file to its start-of-frame markers."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker == 0xFF:  # fill byte
            at += 1
            continue
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            yield width, height
        if marker == 0xDA:
            return
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")


def _reduced(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    scale = MAX_SIDE_PX / max(pixels.shape[:2])
    if scale >= 1:
        return pixels
    smaller: NDArray[np.uint8] = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    return smaller
