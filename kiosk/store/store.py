"""The store as the rest of the kiosk sees it: one object, one thread of its own, named errors.

`submit("name", …)` answers with a future and never blocks; calling a method directly waits for the store's thread.
Both run every statement on that one thread. Decides nothing about customers or tellers, and logs no content.
"""

import functools
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Self, TypeVar

from kiosk.privacy.consent import Consent
from kiosk.privacy.data_list import DataProtectionList
from kiosk.privacy.erasure import ErasureReason, ErasureReceipt
from kiosk.privacy.retention import ErasureOrder
from kiosk.session.events import ApplicationRecord
from kiosk.store.applications import Applications, KeptApplication
from kiosk.store.audit_trail import MACHINE, AuditDetail, AuditEntry, AuditKind
from kiosk.store.books import Books, Recorder
from kiosk.store.data_list_file import read_data_list
from kiosk.store.database import open_database
from kiosk.store.erasures import Erasures
from kiosk.store.failure_ledger import KeptFailure
from kiosk.store.key_vault import (
    ANCHOR_KEY,
    APPLICATION_KEY,
    STORE_KEY,
    KeyFileVault,
    OpenVault,
    PassphraseVault,
    open_vault,
)
from kiosk.store.missing_records import MissingRecord, missing_records
from kiosk.store.outbox import DeliveredMessage, OutboxMessage, UndeliveredSummary
from kiosk.store.store_errors import (
    ApplicationsLockedError,
    RecordNotKeptError,
    StoreClosedError,
    StoreExistsError,
    StoreMissingError,
)
from kiosk.store.tellers import TellerAccount
from kiosk.store.timestamps import SYSTEM_ZONE, Moment, system_moment
from kiosk.store.vault_errors import PassphraseMissingError
from kiosk.supervision.authorisation import SignInState
from kiosk.verification.verdict import Verdict, message_hash

STORE_FOLDER = "store"
BOOKS_FILE = "kiosk.db"
APPLICATIONS_FILE = "applications.db"
VAULT_FILE = "vault.json"

_P = ParamSpec("_P")
_R = TypeVar("_R")


@dataclass(frozen=True, slots=True, repr=False)
class StoreKeys:
    """32 bytes each; never shown."""

    store: bytes
    anchor: bytes


@dataclass(frozen=True, slots=True)
class CommittedVerdict:
    """A verdict that is durable in the outbox."""

    sequence: int
    jws: str


def _in_store_thread(
    method: Callable[Concatenate["Store", _P], _R],
) -> Callable[Concatenate["Store", _P], _R]:
    """Run a method on the store's thread, whoever calls it."""

    @functools.wraps(method)
    def call(self: "Store", /, *args: _P.args, **kwargs: _P.kwargs) -> _R:
        if threading.get_ident() == self._thread_id:
            return method(self, *args, **kwargs)
        return self._enqueue(functools.partial(method, self, *args, **kwargs)).result()

    return call


class Store:
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
        self._schedule = data_list.schedule(branch_time_zone)
        self._folder, self._keys, self._data_list = folder, keys, data_list
        self._applications: Applications | None = None
        self._thread_id = 0
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        try:
            self._enqueue(functools.partial(self._open, moment)).result()
        except BaseException:
            self._executor.shutdown()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def submit(self, method: str, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Run a public method on the store's thread, after all that was submitted before; answer with a future."""
        if method.startswith("_"):
            raise AttributeError(method)
        return self._enqueue(functools.partial(getattr(self, method), *args, **kwargs))

    def close(self) -> None:
        """Finish what was submitted and close the files; a second call does nothing."""
        if self._thread_id == 0:
            return
        self._close_files()
        self._thread_id = 0
        self._executor.shutdown()

    # --- one visit ---

    @_in_store_thread
    def record_consent(self, visit_id: str, consent: Consent) -> None:
        """Keep the consent of a visit that begins."""
        with self._books.transaction():
            self._books.consents.record(visit_id, consent)

    @_in_store_thread
    def keep_application(
        self, visit_id: str, record: ApplicationRecord, reference: bytes, answered_at: datetime
    ) -> None:
        """Keep the record of a visit about to be answered with yes; the visit's id becomes the application's."""
        self._open_applications().keep(visit_id, record, reference, answered_at)

    @_in_store_thread
    def commit_verdict(
        self, visit_id: str, *, build: Callable[[int, bytes], str], verdict: Verdict, actor: str, detail: str
    ) -> CommittedVerdict:
        """Queue a verdict and its audit entry in one durable transaction.

        `build(sequence, tree_head)` returns the signed message; `tree_head` is the audit's head before this entry.
        A yes needs its application record. Raise `RecordNotKeptError`, `VisitAnsweredError`, `AuditDetailError`.
        """
        if verdict.answer and not self._open_applications().holds(visit_id):
            raise RecordNotKeptError
        answered_at = datetime.fromtimestamp(verdict.issued_at_s, UTC)
        with self._books.transaction():
            sequence = self._books.outbox.next_sequence()
            jws = build(sequence, self._books.trail.tree_head())
            self._books.outbox.add(sequence, visit_id, verdict.reference, answered_at, jws)
            said = AuditDetail(detail, sequence, message_hash(jws).hex())
            self._recorder.record(actor, AuditKind.VERDICT, said)
        return CommittedVerdict(sequence, jws)

    @_in_store_thread
    def discard_visit(self, visit_id: str) -> None:
        """Erase everything of a visit that ended without a verdict; one with a verdict keeps what the list says."""
        self._erasures.discard_visit(self._applications, visit_id)

    # --- failed face checks ---

    @_in_store_thread
    def record_failed_attempt(self) -> None:
        """An attempt of the present visit failed just now."""
        with self._books.transaction():
            self._books.failures.add(self._recorder.moment())

    @_in_store_thread
    def close_failed_visit(self) -> None:
        """The visit ended in order: its failed attempts are no other visit's."""
        with self._books.transaction():
            self._books.failures.close_visit()

    @_in_store_thread
    def forget_failed_attempts(self) -> None:
        """An attempt succeeded: the row of failures is over."""
        with self._books.transaction():
            self._books.failures.forget()

    @_in_store_thread
    def failed_attempts(self) -> tuple[KeptFailure, ...]:
        """The newest failed attempts, the oldest first, as old as they are now."""
        return self._books.failures.kept(self._recorder.moment())

    # --- delivery ---

    @_in_store_thread
    def due_messages(self, now: datetime) -> list[OutboxMessage]:
        """What to send now, the lowest sequence first."""
        return self._books.outbox.due(now)

    @_in_store_thread
    def record_attempt(self, sequence: int, next_attempt_at: datetime) -> None:
        """An attempt brought no receipt; raise `MessageUnknownError`."""
        with self._books.transaction():
            self._books.outbox.record_attempt(sequence, next_attempt_at)

    @_in_store_thread
    def close_message(self, sequence: int, receipt: str, delivered_at: datetime) -> None:
        """Keep the bank's receipt, which the caller has verified; closing again changes nothing."""
        if self._books.outbox.delivered(sequence) is not None:
            return
        with self._books.transaction():
            self._books.outbox.close(sequence, receipt, delivered_at)
            self._recorder.record(MACHINE, AuditKind.VERDICT_DELIVERED, AuditDetail(number=sequence))

    @_in_store_thread
    def delivered_message(self, sequence: int) -> DeliveredMessage | None:
        """A message with its receipt, None while it has none; raise `MessageUnknownError`."""
        return self._books.outbox.delivered(sequence)

    @_in_store_thread
    def undelivered_summary(self) -> UndeliveredSummary:
        """How many messages wait, and since when the oldest does."""
        return self._books.outbox.undelivered()

    @_in_store_thread
    def all_messages(self) -> list[OutboxMessage]:
        """Every message that is kept, delivered or not, in order."""
        return self._books.outbox.all()

    # --- applications ---

    @_in_store_thread
    def unlock_applications(self, application_key: bytes) -> None:
        """Open `applications.db` and finish what a crash left open there; raise a named `StoreError`."""
        if self._applications is not None:
            return
        path = self._folder / APPLICATIONS_FILE
        applications = Applications(open_database(path, application_key, self._keys.anchor, self._data_list))
        try:
            self._erasures.sweep_applications(applications)
        except BaseException:
            applications.database.close()
            raise
        self._applications = applications

    @_in_store_thread
    def lock_applications(self) -> None:
        """Close `applications.db`; its key is needed to open it again."""
        if self._applications is not None:
            self._applications.database.close()
            self._applications = None

    @_in_store_thread
    def open_applications(self) -> list[KeptApplication]:
        """Records whose account is yet to be opened, the oldest first; raise `ApplicationsLockedError`.

        A record whose yes could not be committed is none of them, even where it could not be erased yet.
        """
        kept = self._open_applications().kept(self._schedule)
        return [record for record in kept if self._books.outbox.sequence_of(record.application_id) is not None]

    @_in_store_thread
    def mark_opened(self, application_id: str, teller_id: str) -> ErasureReceipt:
        """The account is open in the bank's system: erase the record; raise `ApplicationUnknownError`."""
        return self.erase_application(application_id, ErasureReason.ACCOUNT_OPENED, teller_id)

    @_in_store_thread
    def erase_application(self, application_id: str, reason: ErasureReason, actor: str) -> ErasureReceipt:
        """Erase one record; the receipt of the first time where it is gone already."""
        return self._erasures.erase_application(self._open_applications(), application_id, reason, actor)

    @_in_store_thread
    def erase_due(self, now: datetime) -> list[ErasureOrder]:
        """Carry out what the retention schedule orders by now; return it."""
        return self._erasures.erase_due(self._applications, now)

    @_in_store_thread
    def note_missing_records(self, now: datetime) -> list[MissingRecord]:
        """Return each yes whose record an older copy of `applications.db` took away; the audit names it once."""
        missing = missing_records(self._books, self._open_applications(), self._schedule, now)
        noted = self._books.trail.numbers_of(AuditKind.RECORD_MISSING)
        new = [record.sequence for record in missing if record.sequence not in noted]
        if new:
            with self._books.transaction():
                for sequence in new:
                    self._recorder.record(MACHINE, AuditKind.RECORD_MISSING, AuditDetail(number=sequence))
        return missing

    # --- tellers ---

    @_in_store_thread
    def add_teller(self, teller_id: str, name: str, pin_hash: str) -> None:
        """Add a teller; raise `TellerIdError` or `TellerExistsError`."""
        with self._books.transaction():
            self._books.tellers.add(teller_id, name, pin_hash, self._recorder.moment().utc)
            self._recorder.record(teller_id, AuditKind.TELLER_ADDED)

    @_in_store_thread
    def teller(self, teller_id: str) -> TellerAccount | None:
        """A teller's account with failures and lock."""
        return self._books.tellers.find(teller_id)

    @_in_store_thread
    def tellers(self) -> list[TellerAccount]:
        """Every teller, in the order in which they were added."""
        found = (self._books.tellers.find(teller_id) for teller_id in self._books.tellers.all_ids())
        return [account for account in found if account is not None]

    @_in_store_thread
    def record_sign_in(self, teller_id: str, state: SignInState, succeeded: bool) -> None:
        """Keep what an attempt to sign in left behind; raise `TellerUnknownError`."""
        if succeeded:
            kind = AuditKind.SIGNED_IN
        else:
            kind = AuditKind.SIGN_IN_REFUSED if state.locked_until is None else AuditKind.TELLER_LOCKED
        with self._books.transaction():
            self._books.tellers.set_sign_in_state(teller_id, state)
            self._recorder.record(teller_id, kind, AuditDetail(number=state.failures))

    @_in_store_thread
    def record_sign_off(self, teller_id: str) -> None:
        """A teller signed off."""
        with self._books.transaction():
            self._recorder.record(teller_id, AuditKind.SIGNED_OFF)

    # --- what is there ---

    @_in_store_thread
    def audit_entries(self) -> list[AuditEntry]:
        """The audit trail, without entries whose time is over."""
        return list(self._books.trail.entries())

    @_in_store_thread
    def tree_head(self) -> bytes:
        """The audit's tree head, 32 bytes."""
        return self._books.trail.tree_head()

    @_in_store_thread
    def consent_of(self, visit_id: str) -> Consent | None:
        """The consent of a visit."""
        return self._books.consents.consent_of(visit_id)

    @_in_store_thread
    def count_rows(self) -> dict[str, int]:
        """How many consents, verdicts and application records are kept."""
        counts = {
            table: int(self._books.database.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608
            for table in ("consent", "outbox")
        }
        return counts | {"application": len(self._open_applications().ids_and_references())}

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

    @_in_store_thread
    def _close_files(self) -> None:
        self.lock_applications()
        self._books.close()

    def _enqueue(self, call: Callable[[], _R]) -> "Future[_R]":
        try:
            return self._executor.submit(call)
        except RuntimeError:
            raise StoreClosedError from None

    def _open_applications(self) -> Applications:
        if self._applications is None:
            raise ApplicationsLockedError
        return self._applications


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
