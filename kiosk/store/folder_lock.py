"""One process at a time on a store's folder: whoever opens the store holds this, and whoever exchanges its files.

SQLite locks each file, but while files are exchanged a lock on one of them says nothing about the other.
"""

import os
import time
from pathlib import Path

from kiosk.store.database_errors import DiskNotWritableError, StoreInUseError

_PATIENCE_S = 2.0
"""A process that is just being ended may hold it for a moment."""


class FolderLock:
    """Held until it is released or its process is gone."""

    def __init__(self, folder: Path) -> None:
        """Take it; raise `StoreInUseError`."""
        self._descriptor: int | None = None
        if os.name != "posix":
            return  # no folder can be locked there; SQLite's own lock stands
        try:
            self._descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise DiskNotWritableError(folder, error.strerror or str(error)) from error
        try:
            self._take(folder)
        except BaseException:
            self.release()
            raise

    def __enter__(self) -> "FolderLock":
        return self

    def __exit__(self, *_: object) -> None:
        self.release()

    def release(self) -> None:
        """Give it back; a second call does nothing."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _take(self, folder: Path) -> None:
        import fcntl

        assert self._descriptor is not None
        until = time.monotonic() + _PATIENCE_S
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > until:
                    raise StoreInUseError(folder) from None
                time.sleep(0.05)
            else:
                return
