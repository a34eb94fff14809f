"""Pictures of the screens as they are met: each once, numbered in the order of the visit."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QWidget

from kiosk.errors import KioskError

SETTLE_MS = 60
"""How long a page takes to be laid out."""


class AlbumError(KioskError):
    """A picture could not be saved."""


class Album(QObject):
    """Saves `NN-name.png`; without a folder it saves nothing."""

    def __init__(self, window: QWidget, folder: Path | None, parent: QObject) -> None:
        super().__init__(parent)
        self._window, self._folder = window, folder
        self._met: set[str] = set()
        self.pictures: list[Path] = []

    def take(self, name: str) -> None:
        """Save the window as it is now, unless it was already met under this name."""
        if self._folder is None or name in self._met:
            return
        self._met.add(name)
        path = self._folder / f"{len(self._met):02d}-{name.replace('_', '-')}.png"
        if not self._window.grab().save(str(path)):
            raise AlbumError(f"{path} cannot be written; choose another folder for the pictures.")
        self.pictures.append(path)

    def take_soon(self, name: str, while_true: Callable[[], bool], after_ms: int = SETTLE_MS) -> None:
        """Save after a moment, if what is to be seen is still there by then."""
        if self._folder is not None and name not in self._met:
            QTimer.singleShot(after_ms, self, lambda: self.take(name) if while_true() else None)
