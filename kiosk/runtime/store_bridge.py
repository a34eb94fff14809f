"""Brings answers of the store's thread back to the Qt thread, so that no screen ever waits for the disk."""

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from kiosk.errors import StoreError
from kiosk.store.store import Store


def submitted(store: Store, method: str, *args: Any, **kwargs: Any) -> "Future[Any]":
    """Submit to the store; one that is closed answers like any other trouble, through the future."""
    try:
        return store.submit(method, *args, **kwargs)
    except StoreError as error:
        refused: Future[Any] = Future()
        refused.set_exception(error)
        return refused


class StoreBridge(QObject):
    """`when_done(future, then, otherwise)` calls back in the thread this object lives in."""

    _finished = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._finished.connect(lambda call: call(), Qt.ConnectionType.QueuedConnection)

    def when_done(
        self,
        future: "Future[Any]",
        then: Callable[[Any], None],
        otherwise: Callable[[BaseException], None],
    ) -> None:
        """Call `then(result)` or `otherwise(error)` later, in the Qt thread."""

        def pass_on(done: "Future[Any]") -> None:
            error = done.exception()
            self._finished.emit((lambda: then(done.result())) if error is None else (lambda: otherwise(error)))

        future.add_done_callback(pass_on)
