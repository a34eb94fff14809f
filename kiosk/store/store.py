"""The store as the rest of the kiosk sees it: one object, one thread of its own, named errors.

`submit("name", …)` answers with a future and never blocks; calling a method directly waits for the store's thread.
Both run every statement on that one thread. Decides nothing about customers or tellers, and logs no content.
"""

import contextlib
import functools
import threading
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import Self

from kiosk.errors import KioskError
from kiosk.privacy.data_list import DataProtectionList
from kiosk.store.audit_records import AuditRecords
from kiosk.store.audit_trail import MACHINE, AuditDetail, AuditKind
from kiosk.store.backup_records import BackupRecords
from kiosk.store.books import Books, Recorder
from kiosk.store.check_records import CheckRecords
from kiosk.store.clock_book import ClockBook
from kiosk.store.clock_records import ClockRecords
from kiosk.store.collection import demand_known_files
from kiosk.store.data_list_file import read_data_list
from kiosk.store.database_errors import naming_errors
from kiosk.store.delivery_records import DeliveryRecords
from kiosk.store.disk_records import DiskRecords
from kiosk.store.erasures import Erasures
from kiosk.store.folder_lock import FolderLock
from kiosk.store.key_records import KeyRecords
from kiosk.store.key_vault import (
    COUNTER_IS_NEW,
    OpenVault,
)
from kiosk.store.machine_counter import MachineCounter
from kiosk.store.own_records import OwnRecords
from kiosk.store.rotation import recover_rotation, store_keys
from kiosk.store.signing_keys import settle_signing_key
from kiosk.store.staff_records import StaffRecords
from kiosk.store.store_errors import ApplicationsMissingError, StoreExistsError, StoreMissingError
from kiosk.store.store_thread import APPLICATIONS_FILE, BOOKS_FILE, StoreKeys, in_store_thread
from kiosk.store.teller_records import TellerRecords
from kiosk.store.timestamps import SYSTEM_ZONE, Moment, system_moment
from kiosk.store.visit_records import VisitRecords

STORE_FOLDER = "store"
VAULT_FILE = "vault.json"


class Store(
    VisitRecords,
    OwnRecords,
    DeliveryRecords,
    StaffRecords,
    TellerRecords,
    AuditRecords,
    KeyRecords,
    DiskRecords,
    BackupRecords,
    ClockRecords,
    CheckRecords,
):
    """Consent, applications, outbox, audit, tellers. A context manager; open it with `open_store`."""

    def __init__(
        self,
        folder: Path,
        keys: StoreKeys,
        data_list: DataProtectionList,
        moment: Callable[[], Moment] = system_moment,
        branch_time_zone: tzinfo = SYSTEM_ZONE,
        machine_counter: MachineCounter | None = None,
        *,
        counter_is_new: bool = False,
        lock: FolderLock | None = None,
    ) -> None:
        """Open and check `kiosk.db`; raise a named `StoreError`. Application records stay locked.

        `counter_is_new` takes the machine's counter as it stands: somebody said that the machine or its TPM is another.
        The `lock` is given back once the store is closed.
        """
        super().__init__()
        self._lock = lock
        self._schedule = data_list.schedule(branch_time_zone)
        self._folder, self._keys, self._data_list = folder, keys, data_list
        self._applications = None
        self._machine_counter = machine_counter
        self._head_signer = None
        try:
            self._enqueue(functools.partial(self._open, moment, counter_is_new)).result()
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
        if self._lock is not None:
            self._lock.release()

    # --- the thread ---

    def _open(self, moment: Callable[[], Moment], counter_is_new: bool) -> None:
        demand_known_files(self._data_list)
        books = Books(self._folder / BOOKS_FILE, self._keys.store, self._keys.anchor, self._data_list)
        try:
            counts_anew = books.database.count_with(self._machine_counter, counter_is_new=counter_is_new)
            self._books = books
            self._recorder = Recorder(books, moment)
            self._erasures = Erasures(books, self._recorder, self._data_list, self._schedule)
            self._erasures.sweep_consents()
            self._clock = ClockBook(books, self._recorder)
            self._clock.look()  # before anything new is dated
            with books.transaction():
                self._recorder.record(MACHINE, AuditKind.STORE_OPENED)
                if counts_anew is not None:
                    self._recorder.record(MACHINE, AuditKind.COUNTER_BEGUN, AuditDetail(number=counts_anew))
        except BaseException:
            books.close()
            raise
        self._thread_id = threading.get_ident()

    @in_store_thread
    def _close_files(self) -> None:
        with contextlib.suppress(KioskError):  # the next start signs what this end could not
            self.write_checkpoint()
        self.lock_applications()
        self._books.close()


def create_store(
    folder: Path, vault: OpenVault, application_key: bytes, data_list: DataProtectionList | None = None
) -> Store:
    """Make the store of a new kiosk and open it, application records included; raise `StoreExistsError`."""
    store_folder = folder / STORE_FOLDER
    if store_folder.exists() and any(store_folder.iterdir()):
        raise StoreExistsError(folder)
    store = _open(store_folder, vault, data_list)
    try:
        store.unlock_applications(application_key)
    except BaseException:
        store.close()
        raise
    return store


def open_store(folder: Path, vault: OpenVault, data_list: DataProtectionList | None = None) -> Store:
    """Open a kiosk's store; raise a named `StoreError`. Records stay locked: the vault has no key to them.

    `data_list` is the one in force (`settings.list_in_force`); the one as shipped if none is given.
    """
    store = open_books(folder, vault, data_list)
    if not _is_there(folder / STORE_FOLDER / APPLICATIONS_FILE):
        store.close()
        raise ApplicationsMissingError(folder)
    return store


def open_books(folder: Path, vault: OpenVault, data_list: DataProtectionList | None = None) -> Store:
    """Open a kiosk's store where `applications.db` may be missing: to begin it anew, and for nothing else."""
    store_folder = folder / STORE_FOLDER
    if not _is_there(store_folder / BOOKS_FILE):
        raise StoreMissingError(folder)
    return _open(store_folder, vault, data_list)


def _is_there(path: Path) -> bool:
    """Itself or its anchor: one without the other is an error of its own."""
    return path.exists() or path.with_suffix(".anchor").exists()


def take_new_counter(folder: Path, vault: OpenVault) -> None:
    """The machine or its TPM is another one now: count with its counter from here on, and note so in the audit."""
    with _open(folder / STORE_FOLDER, vault, counter_is_new=True):
        pass


def _open(
    store_folder: Path, vault: OpenVault, data_list: DataProtectionList | None = None, *, counter_is_new: bool = False
) -> Store:
    """Finish or undo what a kill interrupted, then open; the folder is locked until the store is closed."""
    with naming_errors(store_folder):
        store_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with contextlib.ExitStack() as opening:
        lock = opening.enter_context(FolderLock(store_folder))
        recover_rotation(store_folder, vault)
        store = Store(
            store_folder,
            store_keys(vault),
            data_list or read_data_list(),
            machine_counter=vault.machine_counter,
            counter_is_new=counter_is_new or vault.holds(COUNTER_IS_NEW),
            lock=lock,
        )
        opening.callback(store.close)
        if vault.holds(COUNTER_IS_NEW):
            vault.replace({COUNTER_IS_NEW: None})
        settle_signing_key(vault, store)
        opening.pop_all()
        return store
