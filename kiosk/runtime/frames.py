"""Frames between processes: anonymous shared memory with one writer, where the newest frame wins.

The memory has no name (`memfd`), so nothing can be left behind by a kill; it is sealed against resizing, so a child
that was taken over cannot make a reader fault. A slow reader never slows the writer: three slots are written in
turn, each under a sequence lock. What the header says is checked against the memory's size before use.
"""

import mmap
import os
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kiosk.errors import RuntimeKioskError
from kiosk.runtime.shared_memory import HEADER_BYTES, SLOTS

# lock, frame sequence, width, height, captured at (monotonic s), camera id
_SLOT = struct.Struct("<QQIIdI")
_SLOT_STRIDE = 64
_NEWEST = struct.Struct("<Q")
_SLOTS_AT = 64


class FrameTooLargeError(RuntimeKioskError):
    """A frame does not fit the shared memory that was laid out for it."""


@dataclass(frozen=True, slots=True)
class SharedFrame:
    """A private copy of one frame."""

    pixels: NDArray[np.uint8]
    """(height, width, 3) uint8, RGB."""
    sequence: int
    captured_at_s: float
    camera_id: int


class FrameMemory:
    """One end of a shared frame memory; either only writes or only reads."""

    def __init__(self, descriptor: int) -> None:
        size = os.fstat(descriptor).st_size
        self._map = mmap.mmap(descriptor, size)
        os.close(descriptor)
        self._bytes = np.frombuffer(self._map, dtype=np.uint8)
        self._capacity = (size - HEADER_BYTES) // SLOTS
        self._writes = 0

    def write(self, pixels: NDArray[np.uint8], sequence: int, captured_at_s: float, camera_id: int = 0) -> None:
        """Publish a (height, width, 3) uint8 frame as the newest."""
        height, width = pixels.shape[:2]
        if pixels.size > self._capacity:
            raise FrameTooLargeError(f"A frame of {width}×{height} does not fit the shared memory.")
        self._writes += 1
        slot = self._writes % SLOTS
        at = _SLOTS_AT + slot * _SLOT_STRIDE
        _SLOT.pack_into(self._map, at, 2 * self._writes - 1, sequence, width, height, captured_at_s, camera_id)
        start = HEADER_BYTES + slot * self._capacity
        np.copyto(self._bytes[start : start + pixels.size].reshape(pixels.shape), pixels)
        _SLOT.pack_into(self._map, at, 2 * self._writes, sequence, width, height, captured_at_s, camera_id)
        _NEWEST.pack_into(self._map, 0, self._writes)

    def read_newest(self, after_sequence: int = -1) -> SharedFrame | None:
        """Copy the newest frame if its sequence is above `after_sequence`; None otherwise or while torn."""
        (newest,) = _NEWEST.unpack_from(self._map, 0)
        if newest == 0:
            return None
        slot = newest % SLOTS
        at = _SLOTS_AT + slot * _SLOT_STRIDE
        lock, sequence, width, height, captured_at_s, camera_id = _SLOT.unpack_from(self._map, at)
        size = width * height * 3
        if lock % 2 or sequence <= after_sequence or not 0 < size <= self._capacity:
            return None
        start = HEADER_BYTES + slot * self._capacity
        pixels = self._bytes[start : start + size].reshape(height, width, 3).copy()
        if _SLOT.unpack_from(self._map, at)[0] != lock:
            return None
        return SharedFrame(pixels, sequence, captured_at_s, camera_id)

    def wipe(self) -> None:
        """Overwrite everything with zeros."""
        self._bytes[:] = 0
        self._writes = 0

    def close(self) -> None:
        """Unmap; nothing may be read or written afterwards."""
        self._bytes = np.empty(0, dtype=np.uint8)
        self._map.close()
