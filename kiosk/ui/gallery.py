"""Renders posed screens to pictures through the real window. No session runs behind them, and no time passes."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QObject, QSize, QTimer, Signal
from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget

from kiosk.errors import KioskError
from kiosk.privacy.notice import Notice
from kiosk.runtime.surface import SessionView, TellerView, TerminalNotice
from kiosk.session.events import ApplicationRecord, Event, Language, RefusalReason, TellerCheck
from kiosk.ui.customer.details_page import DetailsPage
from kiosk.ui.customer.window import CustomerWindow
from kiosk.ui.poses import POSED_AT_S, RECORD, Pose, poses
from kiosk.verification.quality import CaptureGuidance

Pixels = NDArray[np.uint8]
_PATIENCE_S = 20.0
_Widget = TypeVar("_Widget", bound=QWidget)


class PictureError(KioskError):
    """A picture could not be written."""


class PosedCustomer(QObject):
    """A `CustomerSurface` that stands still."""

    view_changed = Signal(object)

    def __init__(self, view: SessionView, face: Pixels | None = None, page: Pixels | None = None) -> None:
        super().__init__()
        self.view = view
        self._face, self._page = face, page

    def send(self, event: Event) -> None:
        """A picture has nobody to tell."""

    def touched(self) -> None:
        """A picture does not time out."""

    def record(self) -> ApplicationRecord | None:
        return RECORD

    def preview_pixels(self) -> Pixels | None:
        return self._face

    def document_pixels(self) -> Pixels | None:
        return self._page


class PosedTeller(QObject):
    """A `TellerSurface` that stands still."""

    changed = Signal(object)

    def __init__(self, view: TellerView) -> None:
        super().__init__()
        self.view = view

    def sign_in(self, _teller_id: str, _pin: str) -> None:
        """Answer with the view as it is posed."""
        self.changed.emit(self.view)

    def sign_off(self) -> None: ...
    def confirm(self, checks: frozenset[TellerCheck]) -> None: ...
    def refuse(self, reason: RefusalReason) -> None: ...
    def close_visit(self) -> None: ...
    def close_day(self) -> None: ...
    def confirm_clock(self) -> None: ...
    def mark_opened(self, application_id: str) -> None: ...
    def erase_record(self, application_id: str) -> None: ...
    def copy_for_customer(self, application_id: str) -> None: ...
    def hand_over_done(self) -> None: ...
    def notice_seen(self, notice: TerminalNotice) -> None: ...


class Gallery:
    """All poses in one language and size."""

    def __init__(
        self,
        language: Language,
        size: QSize,
        face: Pixels | None,
        page: Pixels | None,
        notices: Mapping[Language, Notice],
        distant_face: Pixels | None = None,
    ) -> None:
        self._language, self._size = language, size
        self._face, self._page = face, page
        self._distant_face = face if distant_face is None else distant_face
        self._notices = notices

    def render(self, folder: Path, only: str = "") -> list[Path]:
        """Write one PNG for each pose whose name contains `only`; return the paths."""
        written = []
        for number, pose in enumerate(poses(self._language), start=1):
            if only in pose.name:
                path = folder / f"{number:02d}-{pose.name}.png"
                save_picture(self.picture(pose), path)
                written.append(path)
        return written

    def picture(self, pose: Pose) -> QPixmap:
        """Show a pose in a window of its own and grab it."""
        window = self.stage(pose)
        picture = window.grab()
        window.close()
        window.deleteLater()
        # No event loop runs here that would do it; a window left over would look at every event of the later ones.
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        return picture

    def stage(self, pose: Pose) -> CustomerWindow:
        """Return a window that shows a pose."""
        distant = pose.view.guidance is CaptureGuidance.COME_CLOSER
        customer = PosedCustomer(pose.view, self._distant_face if distant else self._face, self._page)
        teller = PosedTeller(pose.teller or TellerView())
        window = CustomerWindow(
            customer, teller, self._notices, "Bank of Utopia", self._language, self._size, lambda: POSED_AT_S
        )
        customer.setParent(window)
        teller.setParent(window)
        window.show_on(self._size)
        if pose.teller is not None:
            window.open_console()
        for name in pose.press:
            _press(window, name)
        if pose.type_into is not None and isinstance(window.page, DetailsPage):
            field = _find(window, QLineEdit, pose.type_into)
            field.setFocus()
            window.page.begin_typing(field)
        if pose.usable is not None:
            _wait(_find(window, QAbstractButton, pose.usable).isEnabled)
        _settle(window)
        return window


def save_picture(picture: QPixmap, path: Path) -> None:
    """Write a PNG, making its folder; raise `PictureError`."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        written = picture.save(str(path))
    except OSError:
        written = False
    if not written:
        raise PictureError(f"{path} cannot be written; choose another folder.")


def _press(window: QWidget, name: str) -> None:
    if name == "sign-in":
        _find(window, QLineEdit, "teller-id").setText("1042")
        _find(window, QLineEdit, "pin").setText("000000")
    button = _find(window, QAbstractButton, name)
    _wait(button.isEnabled)
    button.click()


def _find(window: QWidget, kind: type[_Widget], name: str) -> _Widget:
    found = window.findChild(kind, name)
    if found is None:
        raise PictureError(f"A pose names {name!r}, which is not on its screen.")
    return found


def _settle(window: CustomerWindow) -> None:
    """Let the layout happen, with the field in use shown as such, and nothing move."""
    for timer in window.findChildren(QTimer):
        timer.stop()
    window.activateWindow()
    _wait(lambda: window.isActiveWindow() and (window.page is None or window.page.settled))
    for _ in range(5):
        QApplication.processEvents()


def _wait(until: Callable[[], bool]) -> None:
    """Let events happen until it is so; where it never comes, the picture shows how far it went."""
    ends_at_s = time.monotonic() + _PATIENCE_S
    while not until() and time.monotonic() < ends_at_s:
        QApplication.processEvents()
