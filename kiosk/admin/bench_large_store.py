"""Figures of a store that has grown: opening it with 100,000 applications, and erasing 10,000 that are due."""

import secrets
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from kiosk.document.evidence import DocumentKind
from kiosk.privacy.consent import Consent, Purpose
from kiosk.session.events import AccountClass, ApplicationRecord
from kiosk.store.audit_trail import MACHINE, AuditDetail, AuditKind
from kiosk.store.key_vault import KeyFileVault, OpenVault, create_vault, new_secrets
from kiosk.store.staff_keys import new_application_key
from kiosk.store.store import Store, create_store, open_store
from kiosk.store.verdict_words import accepted
from kiosk.verification.layers import ChallengeVariant

APPLICATIONS, DUE = 100_000, 10_000
_AT_ONCE = 5000
_LONG_AGO = timedelta(days=60)


@dataclass(frozen=True, slots=True)
class ErasureTimes:
    """How long the due records took to go, and the longest that anybody else had to wait meanwhile."""

    whole_s: float
    longest_call_s: float


class LargeStoreBench:
    """One large store in a folder that the caller removes."""

    def __init__(self, folder: Path, applications: int = APPLICATIONS, due: int = DUE) -> None:
        self._folder, self._applications, self._due = folder, applications, due
        self._vault: OpenVault = create_vault(folder / "vault.json", KeyFileVault(folder / "vault.key"), new_secrets())
        self._application_key = new_application_key()

    def fill(self) -> None:
        """Keep the records, `due` of them as old as only a power cut can leave them."""
        now = datetime.now(UTC)
        with create_store(self._folder, self._vault, self._application_key) as store:
            for first in range(0, self._applications, _AT_ONCE):
                numbers = range(first, min(first + _AT_ONCE, self._applications))
                store._enqueue(partial(_keep_all, store, numbers, self._due, now)).result()

    def open_time_s(self) -> float:
        """Seconds to open the store and unlock its applications, its vault being open: median of five."""
        times = []
        for _ in range(5):
            began = time.perf_counter()
            store = open_store(self._folder, self._vault)
            store.unlock_applications(self._application_key)
            times.append(time.perf_counter() - began)
            store.close()
        return statistics.median(times)

    def erasure_times(self) -> ErasureTimes:
        """Erase what is due as the running kiosk does, call by call."""
        with open_store(self._folder, self._vault) as store:
            store.unlock_applications(self._application_key)
            began, longest = time.perf_counter(), 0.0
            for _ in range(self._due):
                call_began = time.perf_counter()
                orders = store.erase_some_due(datetime.now(UTC))
                longest = max(longest, time.perf_counter() - call_began)
                if not orders:
                    break
            return ErasureTimes(time.perf_counter() - began, longest)


def _keep_all(store: Store, numbers: range, due: int, now: datetime) -> None:
    """Many visits in one transaction of either file: what they are is the same as one by one."""
    applications = store._open_applications()
    kept = list(_visits(numbers, due, now))
    with store._books.transaction():
        for visit_id, reference, at in kept:
            store._books.consents.record(visit_id, Consent(1, "ab" * 32, "en", frozenset(Purpose), at))
            sequence = store._books.outbox.next_sequence()
            store._books.outbox.add(sequence, visit_id, reference, at, "m" * 348)
            said = AuditDetail(accepted(ChallengeVariant.FULL), sequence, reference.hex())
            store._recorder.record(MACHINE, AuditKind.VERDICT, said)
    with applications.database.transaction():
        for number, (visit_id, reference, at) in zip(numbers, kept, strict=True):
            applications.insert(visit_id, _record(number), reference, at)


def _visits(numbers: range, due: int, now: datetime) -> Iterator[tuple[str, bytes, datetime]]:
    for number in numbers:
        yield secrets.token_hex(16), secrets.token_bytes(32), now - (_LONG_AGO if number < due else timedelta())


def _record(number: int) -> ApplicationRecord:
    return ApplicationRecord(
        "BENCH", "NOBODY", datetime(1980, 1, 1, tzinfo=UTC).date(), "UTO", DocumentKind.PASSPORT, f"B{number:08}",
        "1 Example Street, Utopia", None, AccountClass.CLASS_II,
    )  # fmt: skip
