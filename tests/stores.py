"""Real stores for tests: fixed keys, records of nobody, and how a verdict is committed."""

import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, tzinfo
from pathlib import Path

from kiosk.document.evidence import DocumentKind
from kiosk.privacy.consent import ASKED_FOR_AN_ACCOUNT
from kiosk.privacy.data_list import DataProtectionList
from kiosk.privacy.notice import consent_to, notice
from kiosk.session.events import AccountClass, ApplicationRecord
from kiosk.store.data_list_file import read_data_list
from kiosk.store.database import Database
from kiosk.store.database_errors import DiskFullError
from kiosk.store.staff_keys import wrap_for_teller
from kiosk.store.store import Store
from kiosk.store.store_thread import StoreKeys
from kiosk.store.timestamps import Moment, system_moment
from kiosk.store.visit_records import CommittedVerdict, SignedVerdict
from kiosk.verification.verdict import Verdict

STORE_KEY, ANCHOR_KEY, APPLICATION_KEY = b"\x01" * 32, b"\x02" * 32, b"\x03" * 32
STAFF_PEPPER = b"\x04" * 32
KEYS = StoreKeys(STORE_KEY, ANCHOR_KEY)
MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
CONSENT = consent_to(notice(read_data_list(), "en"), frozenset(ASKED_FOR_AN_ACCOUNT), MONDAY)
RECORD = ApplicationRecord(
    "ERIKSSON",
    "ANNA MARIA",
    date(1974, 8, 12),
    "UTO",
    DocumentKind.PASSPORT,
    "L898902C3",
    "1 Example Street, Utopia",
    None,
    AccountClass.CLASS_II,
)


def open_test_store(
    folder: Path,
    data_list: DataProtectionList | None = None,
    moment: Callable[[], Moment] = system_moment,
    keys: StoreKeys = KEYS,
    branch_time_zone: tzinfo = UTC,
) -> Store:
    """Open or make a store, application records included."""
    store = Store(folder, keys, data_list or read_data_list(), moment, branch_time_zone)
    try:
        store.unlock_applications(APPLICATION_KEY)
    except BaseException:
        store.close()
        raise
    return store


def staff_key(teller_id: str, pin: str) -> str:
    """What opens the records of a test store for a teller."""
    return wrap_for_teller(APPLICATION_KEY, teller_id, pin, STAFF_PEPPER)


def moment_at(utc: datetime) -> Callable[[], Moment]:
    """A clock that stands still, and time with it."""
    moment = replace(system_moment(), utc=utc)
    return lambda: moment


def answer_visit(
    store: Store,
    visit_id: str | None = None,
    yes: bool = True,
    answered_at: datetime = MONDAY,
    record: ApplicationRecord = RECORD,
    actor: str = "machine",
    detail: str = "accepted by the policy",
) -> CommittedVerdict:
    """Walk one visit through the store as desk does."""
    visit_id = visit_id or secrets.token_hex(16)
    reference = secrets.token_bytes(32)
    store.record_consent(visit_id, replace(CONSENT, given_at=answered_at))
    if yes:
        store.keep_application(visit_id, record, reference, answered_at)
    return store.commit_verdict(
        visit_id,
        build=lambda sequence, head: SignedVerdict(f"message.{sequence}.{head.hex()}"),
        verdict=Verdict(reference, yes, int(answered_at.timestamp())),
        actor=actor,
        detail=detail,
    )


@contextmanager
def full_disk(store: Store) -> Iterator[None]:
    """No row goes into `kiosk.db` any more: the smallest one that the trail knows is refused."""
    with _no_more_pages(store, store._books.database):
        try:
            while True:
                store.record_sign_off("1")
        except DiskFullError:
            yield


@contextmanager
def full_applications_disk(store: Store) -> Iterator[None]:
    """No record goes into `applications.db` any more, as if it lay on a full disk of its own."""
    applications = store._applications
    assert applications is not None
    with _no_more_pages(store, applications.database):
        try:
            while True:
                store.keep_application(secrets.token_hex(16), RECORD, secrets.token_bytes(32), MONDAY)
        except DiskFullError:
            yield


@contextmanager
def _no_more_pages(store: Store, database: Database) -> Iterator[None]:
    def limit(pages: int) -> None:
        store._executor.submit(database.execute, f"PRAGMA max_page_count = {pages}").result()

    limit(1)
    try:
        yield
    finally:
        limit(100_000)
