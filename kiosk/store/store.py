"""The store as the rest of the kiosk sees it: one object, one thread of its own, named errors.

`submit("name", …)` answers with a future and never blocks; calling a method directly waits for the store's thread.
Both run every statement on that one thread. Decides nothing about customers or tellers, and logs no content.
"""

import functools
import threading
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import Self

from kiosk.privacy.data_list import DataProtectionList
from kiosk.store.application_records import ApplicationRecords
from kiosk.store.audit_records import AuditRecords
from kiosk.store.audit_trail import MACHINE, AuditKind
from kiosk.store.books import Books, Recorder
from kiosk.store.data_list_file import read_data_list
from kiosk.store.delivery_records import DeliveryRecords
from kiosk.store.erasures import Erasures
from kiosk.store.key_vault import (
    ANCHOR_KEY,
    APPLICATION_KEY,
    STORE_KEY,
    KeyFileVault,
    OpenVault,
    PassphraseVault,
    open_vault,
)
from kiosk.store.store_errors import StoreExistsError, StoreMissingError
from kiosk.store.store_thread import APPLICATIONS_FILE, StoreKeys, in_store_thread
from kiosk.store.teller_records import TellerRecords
from kiosk.store.timestamps import SYSTEM_ZONE, Moment, system_moment
from kiosk.store.vault_errors import PassphraseMissingError
from kiosk.store.visit_records import VisitRecords

STORE_FOLDER = "store"
BOOKS_FILE = "kiosk.db"
VAULT_FILE = "vault.json"


class Store(VisitRecords, DeliveryRecords, ApplicationRecords, TellerRecords, AuditRecords):
    """Consent, applications, outbox, audit, tellers. A context manager; open it with `open_store`."""

    def __init__(
        self,
        folder: Path,
        keys: StoreKeys,
        data_list: DataProtectionList,
        moment: Callable[[], Moment] = system_moment,
        branch_time_zone: tzinfo = SYSTEM_ZONE,
    ) -> None:
        """Open and check `kiosk.db`; raise a named `StoreError`. Application records stay locked."""
        super().__init__()
        self._schedule = data_list.schedule(branch_time_zone)
        self._folder, self._keys, self._data_list = folder, keys, data_list
        self._applications = None
        try:
            self._enqueue(functools.partial(self._open, moment)).result()
        except BaseException:
            self._executor.shutdown()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Finish what was submitted and close the files; a second call does nothing."""
        if self._thread_id == 0:
            return
        self._close_files()
        self._thread_id = 0
        self._executor.shutdown()

    # --- the thread ---

    def _open(self, moment: Callable[[], Moment]) -> None:
        books = Books(self._folder / BOOKS_FILE, self._keys.store, self._keys.anchor, self._data_list)
        try:
            self._books = books
            self._recorder = Recorder(books, moment)
            self._erasures = Erasures(books, self._recorder, self._data_list, self._schedule)
            self._erasures.sweep_consents()
            with books.transaction():
                self._recorder.record(MACHINE, AuditKind.STORE_OPENED)
        except BaseException:
            books.close()
            raise
        self._thread_id = threading.get_ident()

    @in_store_thread
    def _close_files(self) -> None:
        self.lock_applications()
        self._books.close()


def unlock(folder: Path, kind: str, key_file: str, passphrase: str | None) -> OpenVault:
    """Open the vault of a kiosk's folder; raise a `VaultError`."""
    path = folder / VAULT_FILE
    if kind != "passphrase":
        return open_vault(path, KeyFileVault(folder / key_file))
    if passphrase is None:
        raise PassphraseMissingError(path)
    return open_vault(path, PassphraseVault(passphrase))


def create_store(folder: Path, vault: OpenVault) -> Store:
    """Make the store of a new kiosk and open it; raise `StoreExistsError`."""
    store_folder = folder / STORE_FOLDER
    if store_folder.exists() and any(store_folder.iterdir()):
        raise StoreExistsError(folder)
    return _open_both(store_folder, vault)


def open_store(folder: Path, vault: OpenVault) -> Store:
    """Open a kiosk's store, application records included; raise a named `StoreError`."""
    store_folder = folder / STORE_FOLDER
    for file in (BOOKS_FILE, APPLICATIONS_FILE):
        path = store_folder / file
        if not path.exists() and not path.with_suffix(".anchor").exists():
            raise StoreMissingError(folder)
    return _open_both(store_folder, vault)


def _open_both(store_folder: Path, vault: OpenVault) -> Store:
    store = Store(store_folder, StoreKeys(vault.secret(STORE_KEY), vault.secret(ANCHOR_KEY)), read_data_list())
    try:
        store.unlock_applications(vault.secret(APPLICATION_KEY))
    except BaseException:
        store.close()
        raise
    return store
