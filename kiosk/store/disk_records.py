"""Whether the disk takes what a visit will have to write, tried before one begins."""

import shutil

from kiosk.store.database_errors import DiskFullError, naming_errors
from kiosk.store.store_thread import StoreThread, in_store_thread

LEAST_ROOM_BYTES = 4 << 20
"""More than one visit and its write-ahead log take; below it a visit may end without its verdict."""


class DiskRecords(StoreThread):
    """Part of `Store`."""

    @in_store_thread
    def try_writing(self) -> None:
        """Commit nothing, durably, to whatever is open; raise `DiskFullError`, `DiskNotWritableError` and their like.

        A write-ahead log that was emptied takes some writes on a full disk, so that the room is looked at as well.
        """
        with naming_errors(self._books.database.path):
            room_bytes = shutil.disk_usage(self._folder).free
        if room_bytes < LEAST_ROOM_BYTES:
            raise DiskFullError(self._books.database.path)
        with self._books.transaction():
            pass
        if self._applications is not None:
            with self._applications.database.transaction():
                pass
