"""Shared frame memory: the newest frame wins, and no header can make a reader read outside it."""

import os
import struct
import threading

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.runtime.frames import FrameMemory, FrameTooLargeError
from kiosk.runtime.shared_memory import create_memory, memory_size, wipe_memory

FRAME_BYTES = 64 * 48 * 3


@pytest.fixture
def ends():
    descriptor = create_memory("test", FRAME_BYTES)
    writer, reader = FrameMemory(os.dup(descriptor)), FrameMemory(os.dup(descriptor))
    yield writer, reader
    writer.close()
    reader.close()
    os.close(descriptor)


def frame(value: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


def test_a_reader_sees_nothing_before_the_first_frame(ends):
    assert ends[1].read_newest() is None


def test_the_newest_frame_wins(ends):
    writer, reader = ends
    for sequence in range(5):
        writer.write(frame(sequence * 10), sequence, captured_at_s=float(sequence))
    shared = reader.read_newest()
    assert (shared.sequence, shared.captured_at_s) == (4, 4.0)
    assert (shared.pixels == 40).all()
    assert reader.read_newest(after_sequence=4) is None


def test_frames_of_different_sizes_keep_their_shape(ends):
    writer, reader = ends
    writer.write(frame(7, 20, 30), 1, 0.0)
    assert reader.read_newest().pixels.shape == (30, 20, 3)


def test_a_frame_too_large_is_refused(ends):
    with pytest.raises(FrameTooLargeError):
        ends[0].write(frame(1, 65, 48), 1, 0.0)


def test_a_reader_never_sees_a_torn_frame(ends):
    writer, reader = ends
    stop = threading.Event()

    def write_for_ever() -> None:
        sequence = 0
        while not stop.is_set():
            sequence += 1
            writer.write(frame(sequence % 251), sequence, 0.0)

    thread = threading.Thread(target=write_for_ever)
    thread.start()
    seen = 0
    try:
        while seen < 500:
            shared = reader.read_newest()
            if shared is not None:
                seen += 1
                assert (shared.pixels == shared.sequence % 251).all()
    finally:
        stop.set()
        thread.join()


@given(
    newest=st.integers(1, 2**64 - 1),
    lock=st.integers(0, 2**64 - 1),
    width=st.integers(0, 2**32 - 1),
    height=st.integers(0, 2**32 - 1) | st.integers(0, 60),
)
def test_a_hostile_header_never_leads_outside_the_memory(newest, lock, width, height):
    descriptor = create_memory("test", FRAME_BYTES)
    reader = FrameMemory(os.dup(descriptor))
    os.pwrite(descriptor, struct.pack("<Q", newest), 0)
    for slot in range(3):
        os.pwrite(descriptor, struct.pack("<QQIIdI", lock, 5, width, height, 0.0, 0), 64 + slot * 64)
    shared = reader.read_newest()
    assert shared is None or shared.pixels.size <= FRAME_BYTES
    reader.close()
    os.close(descriptor)


def test_the_memory_cannot_be_resized_by_a_child_that_was_taken_over():
    descriptor = create_memory("test", FRAME_BYTES)
    with pytest.raises(PermissionError):
        os.ftruncate(descriptor, 0)
    os.close(descriptor)


def test_wiping_leaves_zeros_for_whoever_still_maps_it():
    descriptor = create_memory("test", FRAME_BYTES)
    witness = os.dup(descriptor)
    memory = FrameMemory(os.dup(descriptor))
    memory.write(frame(99), 1, 0.0)
    wipe_memory(descriptor)
    assert not any(os.pread(witness, memory_size(FRAME_BYTES), 0))
    memory.close()
    os.close(witness)
