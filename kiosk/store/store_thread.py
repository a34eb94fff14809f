"""One thread that owns both databases: whoever calls, every statement runs there. Knows no row."""

import contextlib
import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from kiosk.errors import StoreError
from kiosk.privacy.data_list import DataProtectionList
from kiosk.privacy.retention import RetentionSchedule
from kiosk.store.applications import Applications
from kiosk.store.books import Books, Recorder
from kiosk.store.clock_book import ClockBook
from kiosk.store.erasures import Erasures
from kiosk.store.machine_counter import MachineCounter
from kiosk.store.signed_head import HeadSigner
from kiosk.store.store_errors import ApplicationsLockedError, StoreClosedError

BOOKS_FILE = "kiosk.db"
APPLICATIONS_FILE = "applications.db"

_P = ParamSpec("_P")
_R = TypeVar("_R")
_Part = TypeVar("_Part", bound="StoreThread")


@dataclass(frozen=True, slots=True, repr=False)
class StoreKeys:
    """32 bytes each; never shown."""

    store: bytes
    anchor: bytes
    application_salt: bytes = b""
    """Empty until the application records are re-keyed for the first time."""

    def application_key(self, staff_key: bytes) -> bytes:
        """The key of `applications.db`: what the tellers hold stays the same when this terminal's share is replaced."""
        if not self.application_salt:
            return staff_key
        info = b"kiosk applications key 1"
        return HKDF(SHA256(), len(staff_key), salt=self.application_salt, info=info).derive(staff_key)


def in_store_thread(method: Callable[Concatenate[_Part, _P], _R]) -> Callable[Concatenate[_Part, _P], _R]:
    """Run a method on the store's thread, whoever calls it."""

    @functools.wraps(method)
    def call(self: _Part, /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        if threading.get_ident() == self._thread_id:
            return method(self, *args, **kwargs)
        return self._enqueue(functools.partial(method, self, *args, **kwargs)).result()

    return call


class StoreThread:
    """What the parts of the store share; `Store` fills it."""

    _folder: Path
    _keys: StoreKeys
    _data_list: DataProtectionList
    _schedule: RetentionSchedule
    _books: Books
    _recorder: Recorder
    _erasures: Erasures
    _clock: ClockBook
    _applications: Applications | None
    _machine_counter: MachineCounter | None
    _head_signer: HeadSigner | None

    def __init__(self) -> None:
        self._thread_id = 0
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")

    def submit(self, method: str, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Run a public method on the store's thread, after all that was submitted before; answer with a future."""
        if method.startswith("_"):
            raise AttributeError(method)
        return self._enqueue(functools.partial(getattr(self, method), *args, **kwargs))

    def _enqueue(self, call: Callable[[], _R]) -> "Future[_R]":
        try:
            return self._executor.submit(self._call, call)
        except RuntimeError:
            raise StoreClosedError from None

    def _call(self, call: Callable[[], _R]) -> _R:
        """Once it is done, nothing of a record stays in this process's memory but what the caller was given."""
        try:
            return call()
        finally:
            if self._applications is not None:
                with contextlib.suppress(StoreError):  # what the call did stands; tried again after the next one
                    self._applications.database.forget_rows()

    def _open_applications(self) -> Applications:
        if self._applications is None:
            raise ApplicationsLockedError
        return self._applications
