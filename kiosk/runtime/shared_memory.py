"""Anonymous shared memory (standard library only: the launcher lays it out, `frames` gives it meaning)."""

import errno
import fcntl
import mmap
import os
from collections.abc import Iterator

PREVIEW_FRAME_BYTES = 1920 * 1080 * 3
PORTRAIT_FRAME_BYTES = 2400 * 2400 * 3
SLOTS = 3
HEADER_BYTES = 4096
_CHUNK = 1 << 20


def memory_size(frame_bytes: int) -> int:
    """Size in bytes of a memory that holds frames of up to `frame_bytes`."""
    return HEADER_BYTES + SLOTS * frame_bytes


def create_memory(name: str, frame_bytes: int) -> int:
    """Return a descriptor of zeroed memory sealed against resizing; `name` shows in /proc only."""
    descriptor = os.memfd_create(f"kiosk-{name}", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    try:
        os.ftruncate(descriptor, memory_size(frame_bytes))
        fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def wipe_memory(descriptor: int) -> None:
    """Overwrite with zeros and close; the pages return to the system with the last process that maps them."""
    try:
        with mmap.mmap(descriptor, os.fstat(descriptor).st_size) as memory:
            for begin, end in _written_parts(descriptor):
                for start in range(begin, end, _CHUNK):
                    length = min(_CHUNK, end - start)
                    memory[start : start + length] = bytes(length)
    finally:
        os.close(descriptor)


def _written_parts(descriptor: int) -> Iterator[tuple[int, int]]:
    """Where there are pages; one that was never touched is zero, and zeroing it would only make it exist."""
    end = 0
    while True:
        try:
            begin = os.lseek(descriptor, end, os.SEEK_DATA)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but untouched pages follow
                return
            raise
        end = os.lseek(descriptor, begin, os.SEEK_HOLE)
        yield begin, end
