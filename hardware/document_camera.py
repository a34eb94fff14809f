"""The document camera: any camera whose picture is cut to the glass and turned upright.

It looks at a fixed field, so this is set once by IT. It finds no document in the picture.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hardware.camera import Camera, CameraError, CameraInfo, ExposureControl, Frame


class QuarterTurns(IntEnum):
    """How often the picture is turned by 90° clockwise to stand upright."""

    NONE = 0
    ONCE = 1
    TWICE = 2
    THRICE = 3


@dataclass(frozen=True, slots=True)
class FieldOfView:
    """The part of the picture that shows the glass, as fractions of its width and height."""

    left: float = 0.0
    top: float = 0.0
    right: float = 1.0
    bottom: float = 1.0
    turns: QuarterTurns = QuarterTurns.NONE

    def __post_init__(self) -> None:
        if not (0 <= self.left < self.right <= 1 and 0 <= self.top < self.bottom <= 1):
            raise CameraError("The document camera's field lies outside its picture; give fractions from 0 to 1.")


class DocumentCamera:
    """A `Camera` that shows only its field of view."""

    def __init__(self, camera: Camera, field: FieldOfView) -> None:
        """Take over the camera: closing this one closes it."""
        self._camera = camera
        self._field = field

    @property
    def info(self) -> CameraInfo:
        whole = self._camera.info
        rows, columns = _cut(whole.height, whole.width, self._field)
        height, width = rows.stop - rows.start, columns.stop - columns.start
        if self._field.turns % 2:
            height, width = width, height
        return CameraInfo(whole.name, whole.kind, whole.address, width, height, whole.frames_per_s)

    def frames(self) -> Iterator[Frame]:
        for frame in self._camera.frames():
            yield Frame(seen(frame.pixels, self._field), frame.captured_at_s, frame.sequence)

    def close(self) -> None:
        self._camera.close()

    def set_exposure(self, stops: float) -> bool:
        return isinstance(self._camera, ExposureControl) and self._camera.set_exposure(stops)


def seen(pixels: NDArray[np.uint8], field: FieldOfView) -> NDArray[np.uint8]:
    """Return the (height, width, 3) part of the picture within the field, upright."""
    rows, columns = _cut(pixels.shape[0], pixels.shape[1], field)
    return np.ascontiguousarray(np.rot90(pixels[rows, columns], -int(field.turns)))


def _cut(height: int, width: int, field: FieldOfView) -> tuple[slice, slice]:
    """At least one pixel of each."""
    top, left = min(int(field.top * height), height - 1), min(int(field.left * width), width - 1)
    bottom, right = max(round(field.bottom * height), top + 1), max(round(field.right * width), left + 1)
    return slice(top, bottom), slice(left, right)
