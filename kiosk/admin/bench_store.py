"""Store figures for `kiosk bench`: durable commits, what the encryption costs, how long opening takes.

What is compared with plain SQLite is the store's own code on both sides: the same tables, anchors and settings, opened
once as the product opens them and once without a key. The ratio is about SQLCipher alone: cipher, HMAC and wiping.
"""

import contextlib
import os
import secrets
import sqlite3
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.admin.specimen import demo_data
from kiosk.document.evidence import DocumentKind
from kiosk.privacy.consent import ASKED_FOR_AN_ACCOUNT, Consent
from kiosk.privacy.notice import consent_to, notice
from kiosk.runtime.clock import SystemClock
from kiosk.runtime.store_bridge import StoreBridge
from kiosk.runtime.surface import VisitSlip
from kiosk.runtime.verdict_desk import VerdictDesk
from kiosk.session.events import AccountClass, ApplicationRecord
from kiosk.session.machine import Session
from kiosk.store import database
from kiosk.store.anchor import AnchorFile
from kiosk.store.data_list_file import read_data_list
from kiosk.store.database import Database
from kiosk.store.key_vault import KeyFileVault, OpenVault, create_vault, new_secrets
from kiosk.store.staff_keys import new_application_key
from kiosk.store.store import Store, create_store, open_store
from kiosk.verification.verdict import KIOSK_ID_BYTES, RECEIPT_JWS_CHARS

PLAIN_SETTINGS = (
    "locking_mode = EXCLUSIVE",
    "temp_store = MEMORY",
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    "trusted_schema = OFF",
    "cache_size = -8000",  # what SQLCipher is built with
)
"""What the store's connections have, as far as plain SQLite knows it."""
_ROW_BYTES = 2000


class StoreBench:
    """Stores of its own in a folder that the caller removes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._vault: OpenVault = create_vault(folder / "vault.json", KeyFileVault(folder / "vault.key"), new_secrets())

        self._application_key = new_application_key()

    def yes_times_s(self, count: int) -> list[float]:
        """Seconds for each of `count` yeses: the record kept, the message really signed, verdict and audit entry."""
        with create_store(self._folder, self._vault, self._application_key) as store:
            visits = BenchVisits(store)
            visit_ids = [visits.begin() for _ in range(count)]
            return [_timed(partial(visits.answer, visit_id)) for visit_id in visit_ids]

    def open_time_s(self) -> float:
        """Seconds to open and check the store that was just filled; its vault is open."""
        times = []
        for _ in range(5):
            began = time.perf_counter()
            store = open_store(self._folder, self._vault)
            store.unlock_applications(self._application_key)
            times.append(time.perf_counter() - began)
            store.close()
        return statistics.median(times)

    def row_ratio(self, count: int) -> float:
        """Durable one-row transactions of 2 kB: encrypted over plain, taken in turns."""
        with contextlib.ExitStack() as stack:
            insert: list[Callable[[], object]] = []
            for name, opening in (("plain", plain_sqlite()), ("encrypted", contextlib.nullcontext())):
                with opening:
                    opened = stack.enter_context(contextlib.closing(_rows_database(self._folder / f"{name}.db")))
                insert.append(partial(_insert, opened))
            plain_s, encrypted_s = _median_in_turns_s(insert[0], insert[1], count)
        return encrypted_s / plain_s

    def visit_surplus(self, count: int) -> float:
        """How much longer the store takes over a whole visit than plain SQLite would, in percent, taken in turns."""
        with contextlib.ExitStack() as stack:
            visit: list[Callable[[], object]] = []
            for name, opening in (("plain", plain_sqlite()), ("encrypted", contextlib.nullcontext())):
                with opening:
                    store = stack.enter_context(create_store(self._folder / name, self._vault, self._application_key))
                visit.append(BenchVisits(store).whole)
            plain_s, encrypted_s = _median_in_turns_s(visit[0], visit[1], count)
        return 100 * (encrypted_s / plain_s - 1)


class BenchVisits:
    """Visits of nobody, answered with yes as desk does it, and waited for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._committed: list[int] = []
        signing_key = Ed25519PrivateKey.generate()
        self.public_key = signing_key.public_key()
        kiosk_id = secrets.token_bytes(KIOSK_ID_BYTES)
        self._desk = VerdictDesk(
            store, _Waiting(), signing_key, kiosk_id, "bench", SystemClock(), self._committed.append
        )
        printed = demo_data("astronaut", datetime.now(UTC).date())
        self._record = ApplicationRecord(
            primary_name=printed.primary_name,
            secondary_name=printed.secondary_name,
            birth_date=printed.birth_date,
            nationality=printed.nationality,
            document_kind=DocumentKind.PASSPORT,
            document_number=printed.number,
            address="1 Example Street, Utopia",
            phone=None,
            account_class=AccountClass.CLASS_II,
        )

    def whole(self) -> None:
        """Everything a visit asks of the store: consent, record, verdict, what is due, the bank's receipt."""
        self.answer(self.begin())
        self._store.due_messages(datetime.now(UTC))
        # Signing a receipt is the bank's time; the store takes what was verified, and looks at none of it.
        self._store.close_message(self._committed[-1], "r" * RECEIPT_JWS_CHARS, datetime.now(UTC))

    def begin(self) -> str:
        """Record a consent; return the visit's id."""
        visit_id = secrets.token_hex(16)
        self._desk.record_consent(visit_id, _consent()).result()
        return visit_id

    def answer(self, visit_id: str) -> None:
        """Keep the record and commit the signed yes; back when both are durable."""
        session = Session(consent=_consent(), account_class=AccountClass.CLASS_II, answer=True)
        self._desk.commit(visit_id, session, self._record, _slip_ready, _raise)


@contextlib.contextmanager
def plain_sqlite() -> Iterator[None]:
    """What the store opens meanwhile, it opens without encryption and otherwise alike."""
    encrypted = database._connect
    database._connect = _connect_plain
    try:
        yield
    finally:
        database._connect = encrypted


class _Waiting(StoreBridge):
    """Waits for the store where desk would go on painting."""

    def when_done(
        self, future: "Future[Any]", then: Callable[[Any], None], otherwise: Callable[[BaseException], None]
    ) -> None:
        error = future.exception()
        if error is None:
            then(future.result())
        else:
            otherwise(error)


def _connect_plain(path: Path, key: bytes, kept_statements: int = 128) -> Any:  # noqa: ARG001 - in the place of what needs one
    connection = sqlite3.connect(str(path), isolation_level=None, cached_statements=kept_statements)
    for setting in PLAIN_SETTINGS:
        connection.execute(f"PRAGMA {setting}").fetchall()
    return connection


def _rows_database(path: Path) -> Database:
    opened = Database(path, os.urandom(32), AnchorFile(path.with_suffix(".anchor"), b"", b""))
    opened.execute("CREATE TABLE row (content BLOB)")
    return opened


def _insert(opened: Database) -> None:
    opened.execute("INSERT INTO row VALUES (?)", (os.urandom(_ROW_BYTES),))


def _consent() -> Consent:
    return consent_to(notice(read_data_list(), "en"), frozenset(ASKED_FOR_AN_ACCOUNT), datetime.now(UTC))


def _slip_ready(_slip: VisitSlip) -> None:
    """Printing is not the store's."""


def _raise(error: BaseException) -> None:
    raise error


def _median_in_turns_s(one: Callable[[], object], other: Callable[[], object], count: int) -> tuple[float, float]:
    """Median seconds of either, so that whatever else the machine does meanwhile meets both."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(count):
        for act, taken in zip((one, other), times, strict=True):
            taken.append(_timed(act))
    return statistics.median(times[0]), statistics.median(times[1])


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
