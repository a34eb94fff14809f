"""Writes the audit trail of an open store as an export, in slices between which the store does its other work."""

from collections.abc import Callable
from typing import IO

from kiosk.errors import StoreError
from kiosk.store.audit_export import ExportHeader, as_line, first_line
from kiosk.store.audit_trail import CHECKED_AT_ONCE, TrailCheck
from kiosk.store.store import Store


class NothingToExportError(StoreError):
    """The trail has no entry behind the one that was named."""

    def __init__(self, after: int, size: int) -> None:
        self.after, self.size = after, size
        super().__init__(f"The audit trail has {size} entries, so none comes after entry {after}: name a smaller one.")


def write_export(store: Store, file: IO[bytes], after: int = 0, say: Callable[[float], None] = lambda _: None) -> int:
    """Write the entries after one and all checkpoints behind it; return the number of the last entry.

    The store must have been told what signs its heads: the last line is a checkpoint over all. Call it from another
    thread than the store's. Raise `NothingToExportError`, a named `StoreError`, or `OSError` of the file.
    """
    size = store.write_checkpoint()
    if after >= size:
        raise NothingToExportError(after, size)
    first = -1
    while first != (first := store.first_audit_content()):  # content that went meanwhile would look like a hole
        file.seek(0)
        file.truncate()
        _write_once(store, file, after, size, say)
    return size


def _write_once(store: Store, file: IO[bytes], after: int, size: int, say: Callable[[float], None]) -> None:
    left_out = TrailCheck()
    while left_out.frontier.size < after:
        left_out = store.check_audit_further(left_out, min(CHECKED_AT_ONCE, after - left_out.frontier.size))
    _write(file, [first_line(ExportHeader(store.kiosk_id(), left_out.frontier))])
    done = after
    while done < size:
        last = min(size, done + CHECKED_AT_ONCE)
        _write(file, [as_line(line) for line in store.export_lines(done, last)])
        done = last
        say((done - after) / (size - after))


def _write(file: IO[bytes], lines: list[str]) -> None:
    """All of it, to an unbuffered file too, which may take less at a time."""
    left = memoryview("".join(line + "\n" for line in lines).encode())
    while left:
        left = left[file.write(left) :]
