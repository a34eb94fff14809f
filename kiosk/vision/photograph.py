"""Reads any picture file as upright 8-bit RGB, or says in one sentence why it cannot; and writes a PNG.

Bounded: only regular files, refused before decoding if too large, shrunk after decoding if larger than needed. A file
that breaks off is refused, never half shown. Knows nothing of faces.
"""

import contextlib
import os
import stat
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError

from kiosk.errors import VisionError

MAX_FILE_BYTES = 512 * 2**20
MAX_PIXELS = 150_000_000
MAX_SIDE_PX = 4096
"""A larger picture is shrunk to this side; a face that fills a hundredth of it still has enough pixels."""
_FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "TIFF", "GIF", "PPM", "JPEG2000")
_FORMATS_IN_WORDS = "JPEG, PNG, TIFF, WebP, BMP, GIF, PPM or JPEG 2000"
_FIRST_BYTES = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"GIF8", b"\0\0\0\x0cjP  ")
"""Of the formats above, as far as they cannot be mistaken: what begins so and is not recognised is damaged."""

_OPEN_FLAGS = os.O_RDONLY
for _flag in ("O_NONBLOCK", "O_NOCTTY", "O_BINARY"):
    _OPEN_FLAGS |= getattr(os, _flag, 0)  # each exists on some systems only


@dataclass(frozen=True, slots=True)
class Photograph:
    """A picture as it is looked at."""

    pixels: NDArray[np.uint8]
    """(height, width, 3) RGB, upright."""
    reduction: float
    """How many pixels of the file, side by side, one of these stands for; 1 unless it was larger than is needed."""


class PhotographError(VisionError):
    """Root: a file is no usable picture."""

    def __init__(self, path: Path, sentence: str) -> None:
        super().__init__(sentence)
        self.path = path


class PhotographNotFoundError(PhotographError):
    """No such file."""


class NotAPhotographError(PhotographError):
    """A folder, a device, a document or anything else that is no picture."""


class DamagedPhotographError(PhotographError):
    """A picture that breaks off or does not decode."""


class PhotographTooLargeError(PhotographError):
    """A picture of absurd dimensions."""


def printable(path: Path) -> str:
    """The file's name as one line of safe text: control characters and broken encoding are escaped."""
    text = os.fsdecode(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


def load_photograph(path: Path, called: str = "file") -> NDArray[np.uint8]:
    """Return (height, width, 3) uint8 RGB, turned upright as its EXIF says; raise a `PhotographError`.

    `called` is what the sentences call it: file, probe, reference, document.
    """
    return read_photograph(path, called).pixels


def read_photograph(path: Path, called: str = "file") -> Photograph:
    """Return the picture with how much it was reduced; raise a `PhotographError`."""
    name = f"The {called} {printable(path)}"
    with _opened(path, name) as file:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return _decoded(file, path, name)
        except UnidentifiedImageError as error:
            raise _unrecognised(file, path, name) from error
        except PhotographError:
            raise
        except Image.DecompressionBombError as error:
            raise _too_many_pixels(path, name) from error
        except MemoryError as error:
            raise PhotographTooLargeError(path, f"{name} does not fit into memory; give a smaller picture.") from error
        except Exception as error:  # decoders raise all sorts of things on damaged files
            raise _damaged(path, name) from error


def save_png(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write (height, width, 3) uint8 RGB, or (height, width) grey, as a PNG; raise `PhotographError`."""
    try:
        Image.fromarray(np.ascontiguousarray(pixels)).save(path, format="PNG")
    except OSError as error:
        name = printable(path)
        raise PhotographError(path, f"{name} cannot be written: {error.strerror or error}.") from error


@contextlib.contextmanager
def _opened(path: Path, name: str) -> Iterator[IO[bytes]]:
    """Open a regular file for reading without ever waiting (a FIFO) or acting (a device)."""
    try:
        descriptor = os.open(path, _OPEN_FLAGS)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise PhotographNotFoundError(path, f"{name} does not exist; check the name.") from error
    except PermissionError as error:
        raise PhotographError(path, f"{name} may not be read; give yourself permission to read it.") from error
    except IsADirectoryError as error:
        raise NotAPhotographError(path, f"{name} is a folder; name one picture in it.") from error
    except (OSError, ValueError) as error:
        raise PhotographError(path, f"{name} cannot be opened: {getattr(error, 'strerror', None) or error}.") from error
    try:
        _require_regular_file(os.fstat(descriptor), path, name)
    except PhotographError:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as file:
        yield file


def _require_regular_file(status: os.stat_result, path: Path, name: str) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise NotAPhotographError(path, f"{name} is a folder; name one picture in it.")
    if not stat.S_ISREG(status.st_mode):
        raise NotAPhotographError(path, f"{name} is a device or a pipe; name a picture file.")
    if status.st_size == 0:
        raise NotAPhotographError(path, f"{name} is empty (0 bytes); give the picture again, complete.")
    if status.st_size > MAX_FILE_BYTES:
        raise PhotographTooLargeError(path, f"{name} is larger than {MAX_FILE_BYTES >> 20} MB; give a smaller picture.")


def _unrecognised(file: IO[bytes], path: Path, name: str) -> PhotographError:
    file.seek(0)
    if file.read(12).startswith(_FIRST_BYTES):
        return _damaged(path, name)
    return NotAPhotographError(path, f"{name} is not a picture of a kind that can be read; give {_FORMATS_IN_WORDS}.")


def _damaged(path: Path, name: str) -> DamagedPhotographError:
    return DamagedPhotographError(path, f"{name} is damaged or breaks off; give the picture again, complete.")


def _too_many_pixels(path: Path, name: str) -> PhotographTooLargeError:
    millions = MAX_PIXELS // 10**6
    return PhotographTooLargeError(path, f"{name} has more than {millions} million pixels; give a smaller picture.")


def _decoded(file: IO[bytes], path: Path, name: str) -> Photograph:
    with Image.open(file, formats=_FORMATS) as image:
        width, height = image.size
        if width * height > MAX_PIXELS:
            raise _too_many_pixels(path, name)
        # JPEG can decode straight to a half, a quarter or an eighth, never below what is asked for.
        image.draft(None, (MAX_SIDE_PX, MAX_SIDE_PX))
        image.load()
        orientation = _orientation(image)
        pixels = np.array(_opaque_rgb(_reduced(_eight_bit(image))), dtype=np.uint8)
    reduction = max(1.0, max(width, height) / max(pixels.shape[:2]))
    return Photograph(np.ascontiguousarray(_turned(pixels, orientation)), reduction)


def _orientation(image: Image.Image) -> int:
    """The EXIF's word on how the camera was held; a picture whose EXIF makes no sense is taken as it lies."""
    try:
        return int(image.getexif().get(ExifTags.Base.Orientation, 1))
    except Exception:  # Pillow's EXIF reader raises all sorts of things on nonsense
        return 1


def _turned(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """Rows and columns as the EXIF's orientation, 1…8, asks for."""
    across = pixels.transpose(1, 0, 2) if orientation in (5, 6, 7, 8) else pixels
    flipped_rows = across[::-1] if orientation in (3, 4, 7, 8) else across
    return flipped_rows[:, ::-1] if orientation in (2, 3, 6, 7) else flipped_rows


def _eight_bit(image: Image.Image) -> Image.Image:
    """Deep grey scaled to eight bits, palettes and bitmaps as colours; other modes as they are."""
    if image.mode.startswith("I") or image.mode == "F":
        values = np.nan_to_num(np.asarray(image), posinf=0.0, neginf=0.0)
        top = float(values.max(initial=0))
        # A sensor of 10, 12 or 14 bits leaves the upper bits empty.
        full = 1.0 if image.mode == "F" and top <= 1 else float(2 ** max(8, int(top).bit_length()) - 1)
        return Image.fromarray(np.asarray(cv2.convertScaleAbs(values.clip(0), alpha=255 / full), dtype=np.uint8))
    if image.mode in ("P", "PA", "1"):
        return image.convert("RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB")
    return image


def _reduced(image: Image.Image) -> Image.Image:
    """Averaged down until no side is longer than `MAX_SIDE_PX`."""
    if max(image.size) > MAX_SIDE_PX:
        image.thumbnail((MAX_SIDE_PX, MAX_SIDE_PX), reducing_gap=3.0)
    return image


def _opaque_rgb(image: Image.Image) -> Image.Image:
    """RGB of any colour mode; what is transparent becomes white."""
    if image.mode in ("LA", "La", "RGBA", "RGBa") or "transparency" in image.info:
        layers = image.convert("RGBA")
        ground = Image.new("RGBA", layers.size, (255, 255, 255, 255))
        return Image.alpha_composite(ground, layers).convert("RGB")
    return image.convert("RGB")
