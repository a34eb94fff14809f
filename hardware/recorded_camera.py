"""Plays a clip, a folder of pictures or a single picture as if it were a camera, at its own pace in real time.

A single picture is held for ever. A clip or folder that is not looped ends after its last picture: the iterator of
`frames()` is exhausted, which whoever reads a camera treats as the camera being gone. Every `frames()` starts anew.
"""

import re
import threading
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from hardware.camera import Camera, CameraError, CameraInfo, CameraNotFoundError, Frame
from hardware.newest import Shot, newest_frames
from hardware.picture_file import PICTURE_ENDINGS, printable, read_picture, read_regular_file

Pixels = NDArray[np.uint8]

DEFAULT_FRAMES_PER_S = 25.0
MAX_CLIP_SIDE_PX = 8192
_LEAST_OF_STATED = 0.8
"""A clip that gives less of the frames it states is cut short; what containers state is not exact."""
_SLOWEST_DISK_S = 10.0


class Recording(Protocol):
    """Pictures in order; `skip` and `read` go forward only."""

    frames_per_s: float | None
    """The pace it was recorded at; None where it states none."""

    def rewind(self) -> None:
        """Begin at the first picture."""

    def skip(self) -> bool:
        """Pass over one picture; False at the end."""

    def read(self) -> Pixels | None:
        """Return the next picture, (height, width, 3) RGB; None at the end."""


def open_recorded_camera(
    path: Path | str,
    frames_per_s: float | None = None,
    width: int | None = None,
    height: int | None = None,
    *,
    loop: bool = False,
) -> Camera:
    """Open a clip (mp4, mov, avi, mkv, webm), a folder of pictures in natural order, or one picture.

    `frames_per_s` is the pace of pictures; a clip keeps its own. With `width` and `height` every picture is scaled to
    fit, black at the borders. Raises `CameraNotFoundError` or `CameraError`.
    """
    path = Path(path)
    if frames_per_s is not None and not 0.1 <= frames_per_s <= 240:
        raise CameraError(f"{frames_per_s:g} frames a second cannot be played; give 0.1 to 240.")
    if width is not None and height is not None and not (16 <= width <= 8192 and 16 <= height <= 8192):
        raise CameraError(f"{width}×{height} is no size for a camera; give 16 to 8192 pixels a side.")
    size = None if width is None or height is None else (width, height)
    recording = _open_recording(path)
    pace = recording.frames_per_s or frames_per_s or DEFAULT_FRAMES_PER_S
    return RecordedCamera(path, recording, pace, size, loop=loop)


def recorded_frames(path: Path, frames_per_s: float = DEFAULT_FRAMES_PER_S) -> Generator[Frame, None, None]:
    """Yield every picture of a recording at the time it stands for, as fast as it is asked for; one picture once.

    `frames_per_s` is the pace of pictures; a clip keeps its own. Raises a `CameraError` for what cannot be read whole.
    """
    recording = _open_recording(path)
    pace = recording.frames_per_s or frames_per_s
    sequence = 0
    while (pixels := recording.read()) is not None:
        yield Frame(pixels, sequence / pace, sequence)
        sequence += 1
        if isinstance(recording, _StillPicture):
            return
    stated = recording.stated_frames if isinstance(recording, _Clip) else 0
    if sequence < max(1.0, _LEAST_OF_STATED * stated):
        raise CameraError(f"{printable(path)} is a damaged clip, or cut short; record it again.")


class RecordedCamera:
    """Made by `open_recorded_camera`, which says what it does."""

    def __init__(
        self, path: Path, recording: Recording, frames_per_s: float, size: tuple[int, int] | None, *, loop: bool
    ) -> None:
        self._recording = recording
        self._size = size
        self._loop = loop
        self._closed = threading.Event()
        first = recording.read()
        if first is None:
            raise CameraError(f"{printable(path)} holds no picture that can be decoded; it is damaged or cut short.")
        height, width = first.shape[:2] if size is None else (size[1], size[0])
        self._info = CameraInfo(path.name, "recorded", str(path), width, height, frames_per_s)

    @property
    def info(self) -> CameraInfo:
        return self._info

    def frames(self) -> Iterator[Frame]:
        """Play from the beginning; a picture that would be late is left out."""
        playing = _Playing(self._recording, self._info.frames_per_s, self._size, self._closed, loop=self._loop)
        heartbeat_s = _SLOWEST_DISK_S + 1 / self._info.frames_per_s
        yield from newest_frames(playing.next_shot, self._closed, camera_name=self._info.name, heartbeat_s=heartbeat_s)

    def close(self) -> None:
        self._closed.set()


class _Playing:
    """One run through a recording."""

    def __init__(
        self,
        recording: Recording,
        frames_per_s: float,
        size: tuple[int, int] | None,
        closed: threading.Event,
        *,
        loop: bool,
    ) -> None:
        self._recording = recording
        self._period_s = 1 / frames_per_s
        self._size = size
        self._closed = closed
        self._loop = loop
        self._started_s = time.monotonic()
        self._next = 0
        recording.rewind()

    def next_shot(self) -> Shot | None:
        """Wait until the next picture is due; None at the end or once closed."""
        self._leave_out_late_ones()
        pixels = self._read()
        due_s = self._started_s + self._next * self._period_s
        self._next += 1
        if self._closed.wait(max(0.0, due_s - time.monotonic())) or pixels is None:
            return None  # the last picture too is held until the next one would have come
        return (pixels if self._size is None else fitted(pixels, *self._size)), due_s

    def _leave_out_late_ones(self) -> None:
        late = int((time.monotonic() - self._started_s) / self._period_s) - self._next
        for _ in range(late):
            if not self._recording.skip():
                return
            self._next += 1

    def _read(self) -> Pixels | None:
        pixels = self._recording.read()
        if pixels is None and self._loop:
            self._recording.rewind()
            pixels = self._recording.read()
        return pixels


def fitted(pixels: Pixels, width: int, height: int) -> Pixels:
    """Return the picture scaled up or down to fit width × height, in the middle of black borders."""
    scale = min(width / pixels.shape[1], height / pixels.shape[0])
    inner = max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale))
    if inner == (width, height) and scale == 1:
        return pixels
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(pixels, inner, interpolation=way)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas = np.zeros((height, width, 3), np.uint8)
    canvas[top : top + inner[1], left : left + inner[0]] = scaled
    return canvas


def _open_recording(path: Path) -> Recording:
    if not path.exists():
        raise CameraNotFoundError(f"There is no clip, folder or picture {printable(path)}.")
    if path.is_dir():
        return _PictureFolder(path)
    if _is_clip(path):
        return _Clip(path)
    return _StillPicture(path)


def _is_clip(path: Path) -> bool:
    """Tell by the first bytes: a name says nothing, and a playlist in disguise could name an address."""
    head = read_regular_file(path, 12)
    iso = head[4:8] in (b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip")
    return iso or head[:4] == b"\x1a\x45\xdf\xa3" or (head[:4] == b"RIFF" and head[8:12] == b"AVI ")


class _Clip:
    """A video file through OpenCV's FFmpeg."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._capture = self._opened()
        pace = float(self._capture.get(cv2.CAP_PROP_FPS))
        self.frames_per_s = pace if np.isfinite(pace) and 0.5 <= pace <= 240 else None
        count = float(self._capture.get(cv2.CAP_PROP_FRAME_COUNT))
        self.stated_frames = count if 0 < count < 1e9 else 0.0
        sides = self._capture.get(cv2.CAP_PROP_FRAME_WIDTH), self._capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
        if max(sides) > MAX_CLIP_SIDE_PX:
            raise CameraError(
                f"{printable(path)} has {sides[0]:.0f}×{sides[1]:.0f} pixels; give a clip of at most 8192 a side."
            )

    def rewind(self) -> None:
        self._capture.release()  # seeking to 0 is not exact in every container; opening again is
        self._capture = self._opened()

    def skip(self) -> bool:
        return bool(self._capture.grab())

    def read(self) -> Pixels | None:
        found, pixels = self._capture.read()
        if not found or pixels is None:
            return None
        rgb: Pixels = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
        return rgb

    def _opened(self) -> cv2.VideoCapture:
        capture = cv2.VideoCapture(str(self._path.resolve()), cv2.CAP_FFMPEG)
        if not capture.isOpened():
            raise CameraError(f"{printable(self._path)} is a damaged clip, or cut short; record it again.")
        return capture


class _PictureFolder:
    """The pictures of a folder, 2 before 10."""

    frames_per_s: float | None = None

    def __init__(self, folder: Path) -> None:
        found = (path for path in folder.iterdir() if path.suffix.lower() in PICTURE_ENDINGS and path.is_file())
        self._paths = sorted(found, key=_natural)
        self._next = 0
        if not self._paths:
            raise CameraNotFoundError(f"The folder {printable(folder)} holds no picture (JPEG, PNG, BMP or WebP).")

    def rewind(self) -> None:
        self._next = 0

    def skip(self) -> bool:
        self._next += 1
        return self._next <= len(self._paths)

    def read(self) -> Pixels | None:
        if self._next >= len(self._paths):
            return None
        self._next += 1
        return read_picture(self._paths[self._next - 1])


class _StillPicture:
    """One picture, for ever."""

    frames_per_s: float | None = None

    def __init__(self, path: Path) -> None:
        self._pixels = read_picture(path)

    def rewind(self) -> None:
        pass

    def skip(self) -> bool:
        return True

    def read(self) -> Pixels | None:
        return self._pixels


def _natural(path: Path) -> list[tuple[int, str]]:
    """Sort key under which digits count as numbers."""
    return [(int(part), "") if part.isdecimal() else (-1, part.lower()) for part in re.findall(r"\d+|\D+", path.name)]
