"""The store under fire: processes that work on it are killed with SIGKILL at random instants, and it is looked at after
each kill. No screen and no camera: thousands of kills take minutes.

What a worker says that it has done, once the store has said so, must be there afterwards; what it was in the middle
of may be there or not, but whole.
"""

import json
import os
import random
import secrets
import select
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any

from kiosk.admin.backup_kills import back_up_and_answer, fault_of_backups
from kiosk.document.evidence import DocumentKind
from kiosk.errors import KioskError
from kiosk.privacy.consent import ASKED_FOR_AN_ACCOUNT, Consent
from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.notice import consent_to, notice
from kiosk.session.events import AccountClass, ApplicationRecord
from kiosk.store import verdict_words
from kiosk.store.data_list_file import read_data_list
from kiosk.store.key_vault import KeyFileVault, OpenVault, create_vault, new_secrets, open_vault
from kiosk.store.rotation import rotate_store
from kiosk.store.staff_keys import new_application_key
from kiosk.store.store import STORE_FOLDER, Store, create_store, open_books, open_store
from kiosk.store.visit_records import SignedVerdict
from kiosk.verification.layers import ChallengeVariant
from kiosk.verification.verdict import Verdict

_SHORTEST_LIFE_S, _LONGEST_LIFE_S = 0.005, 0.5
_PATIENCE_S = 20.0
_MOST_IN_ONE_STORE = 400
"""Then a new one is begun, so that opening it stays quick."""


class Work(StrEnum):
    """What a worker does over and over until it is killed."""

    VISITS = "visits, deliveries and erasures"
    ROTATION = "re-keying"
    BACKUP = "backups and visits"
    MAKING = "making the store, form by form"


@dataclass
class StoreCrashReport:
    """What the kills did, and what they proved."""

    kills: Counter[str] = field(default_factory=Counter)
    committed: int = 0
    erased: int = 0
    rotations: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass
class _Said:
    """What workers have said of one store so far."""

    committed: set[int] = field(default_factory=set)
    delivered: set[int] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    rotations: int = 0

    def take(self, said: dict[str, Any]) -> None:
        match said:
            case {"committed": int(sequence)}:
                self.committed.add(sequence)
            case {"delivered": int(sequence)}:
                self.delivered.add(sequence)
            case {"erased": str(application_id)}:
                self.erased.add(application_id)
            case {"rotated": _}:
                self.rotations += 1


class StoreCrashRun:
    """Stores in a folder that the caller removes."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._folder = folder
        self._chance = random.Random(seed)  # noqa: S311 (repeatable on purpose; nothing is guarded by it)
        self._report = StoreCrashReport()

    def run(self, kills: int, say: Callable[[str], None]) -> StoreCrashReport:
        """Kill so many workers, looking at the store after each."""
        while (done := sum(self._report.kills.values())) < kills and not self._report.faults:
            if done:
                say(f"{done} kills, {self._report.committed} verdicts committed, {self._report.rotations} re-keyings")
            with tempfile.TemporaryDirectory(dir=self._folder) as folder:
                self._one_store(Path(folder), min(kills - done, self._chance.randint(20, 60)))
        return self._report

    def _one_store(self, folder: Path, kills: int) -> None:
        create_vault(folder / "vault.json", _unlocking(folder), new_secrets())
        key = new_application_key()
        said = _Said()
        others = [Work.VISITS, Work.ROTATION, Work.BACKUP]
        kinds = [Work.MAKING, *self._chance.choices(others, [0.6, 0.25, 0.15], k=kills - 1)]
        for work in kinds:
            life_s = self._chance.uniform(_SHORTEST_LIFE_S, _LONGEST_LIFE_S)
            seed = self._chance.randrange(2**31)
            chance = random.Random(seed)  # noqa: S311
            _let_work_and_kill(partial(_WORK[work], folder, key, chance), life_s, said)
            self._report.kills[work] += 1
            if fault := _look_at(folder, key, said):
                self._report.faults.append(f"after a kill during {work} (seed {seed}, {life_s:.4f} s): {fault}")
                break
            if len(said.committed) > _MOST_IN_ONE_STORE:
                break
        self._report.committed += len(said.committed)
        self._report.erased += len(said.erased)
        self._report.rotations += said.rotations


def _let_work_and_kill(work: Callable[[Callable[..., None]], None], life_s: float, said: _Said) -> None:
    """Run the work in a process of its own until its time is over, then kill it; take in what it said."""
    read_end, write_end = os.pipe()
    worker = os.fork()
    if worker == 0:
        try:
            os.close(read_end)
            work(partial(_tell, write_end))
        finally:
            os._exit(0)
    os.close(write_end)
    try:
        _await_first_word(read_end, said)
        time.sleep(life_s)
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
        for line in _lines(read_end):
            said.take(line)
    finally:
        os.close(read_end)


def _tell(write_end: int, **what: Any) -> None:
    os.write(write_end, json.dumps(what).encode() + b"\n")


def _await_first_word(read_end: int, said: _Said) -> None:
    """Its life counts from the moment at which it begins to change something."""
    if select.select([read_end], [], [], _PATIENCE_S)[0]:
        first = b""
        while not first.endswith(b"\n") and (byte := os.read(read_end, 1)):
            first += byte
        if first:
            said.take(json.loads(first))


def _lines(read_end: int) -> Iterator[dict[str, Any]]:
    content = b""
    while chunk := os.read(read_end, 65536):
        content += chunk
    for line in content.splitlines(keepends=True):
        if line.endswith(b"\n"):  # a word that was cut off was not said
            yield json.loads(line)


def _vault(folder: Path) -> OpenVault:
    return open_vault(folder / "vault.json", _unlocking(folder))


def _unlocking(folder: Path) -> KeyFileVault:
    return KeyFileVault(folder / "vault.key")


def _opened(folder: Path, key: bytes) -> Store:
    if not any((folder / STORE_FOLDER).glob("kiosk.*")):
        return create_store(folder, _vault(folder), key)
    store = _open_or_go_on_making(folder)
    store.unlock_applications(key)
    return store


def _open_or_go_on_making(folder: Path) -> Store:
    """A store whose making was interrupted may lack the second file; no row can be lost with what never was."""
    made = (folder / STORE_FOLDER / "applications.anchor").exists()
    return open_store(folder, _vault(folder)) if made else open_books(folder, _vault(folder))


def _make(folder: Path, key: bytes, _chance: random.Random, tell: Callable[..., None]) -> None:
    tell(begun=True)
    _opened(folder, key).close()
    time.sleep(_PATIENCE_S)


def _visit(folder: Path, key: bytes, chance: random.Random, tell: Callable[..., None]) -> None:
    with _opened(folder, key) as store:
        tell(begun=True)
        while True:
            chance.choices([_answer, _deliver, _erase, _walk_away], [5, 4, 2, 1])[0](store, chance, tell)


def _answer(store: Store, chance: random.Random, tell: Callable[..., None]) -> None:
    visit_id, reference, now = secrets.token_hex(16), secrets.token_bytes(32), datetime.now(UTC)
    yes = chance.random() < 0.8
    store.record_consent(visit_id, _consent(now))
    if yes:
        store.keep_application(visit_id, _RECORD, reference, now)
    committed = store.commit_verdict(
        visit_id,
        build=lambda sequence, head: SignedVerdict(f"{sequence}.{head.hex()}"),
        verdict=Verdict(reference, yes, int(now.timestamp())),
        actor="machine",
        detail=verdict_words.accepted(ChallengeVariant.FULL),
    )
    tell(committed=committed.sequence)


def _deliver(store: Store, _chance: random.Random, tell: Callable[..., None]) -> None:
    now = datetime.now(UTC)
    for message in store.due_messages(now)[:2]:
        store.close_message(message.sequence, "receipt", now)
        tell(delivered=message.sequence)


def _erase(store: Store, chance: random.Random, tell: Callable[..., None]) -> None:
    kept = store.open_applications()
    if kept:
        application_id = chance.choice(kept).application_id
        store.erase_application(application_id, ErasureReason.CUSTOMER_WISH, "1042")
        tell(erased=application_id)


def _walk_away(store: Store, _chance: random.Random, _tell: Callable[..., None]) -> None:
    visit_id = secrets.token_hex(16)
    store.record_consent(visit_id, _consent(datetime.now(UTC)))
    store.discard_visit(visit_id)


def _rotate(folder: Path, key: bytes, _chance: random.Random, tell: Callable[..., None]) -> None:
    vault = _vault(folder)
    tell(begun=True)
    while True:
        rotate_store(folder / STORE_FOLDER, vault, read_data_list(), key)
        tell(rotated=True)


def _back_up(folder: Path, key: bytes, chance: random.Random, tell: Callable[..., None]) -> None:
    with _opened(folder, key) as store:
        tell(begun=True)
        back_up_and_answer(folder, store, partial(_answer, store, chance, tell))


_WORK: dict[Work, Callable[[Path, bytes, random.Random, Callable[..., None]], None]] = {
    Work.VISITS: _visit,
    Work.ROTATION: _rotate,
    Work.BACKUP: _back_up,
    Work.MAKING: _make,
}
_RECORD = ApplicationRecord(
    "NOBODY", "CRASH", date(1980, 1, 1), "UTO", DocumentKind.PASSPORT, "C0000001", "1 Example Street, Utopia", None,
    AccountClass.CLASS_II,
)  # fmt: skip


def _consent(now: datetime) -> Consent:
    return consent_to(notice(read_data_list(), "en"), frozenset(ASKED_FOR_AN_ACCOUNT), now)


def _look_at(folder: Path, key: bytes, said: _Said) -> str | None:
    """Open the store as the next start would, and name what is wrong."""
    try:
        with _opened(folder, key) as store:
            return _what_is_wrong(store, said) or fault_of_backups(folder, said.committed)
    except KioskError as error:
        return f"the store does not open: {error}"


def _what_is_wrong(store: Store, said: _Said) -> str | None:
    kept = {message.sequence for message in store.all_messages()}
    if lost := said.committed - kept:
        return f"committed verdict {min(lost)} is lost"
    if kept and sorted(kept) != list(range(1, len(kept) + 1)):
        return "the sequence has a gap"
    undelivered = {message.sequence for message in store.due_messages(datetime.now(UTC))}
    if again := said.delivered & undelivered:
        return f"delivered message {min(again)} would be sent again"
    if back := said.erased & {record.application_id for record in store.open_applications()}:
        return f"erased record {min(back)} is back"
    for database in (store._books.database, store._open_applications().database):
        if faults := store._enqueue(database.structure_faults).result():
            return f"{database.path.name}: {faults[0]}"
    said.committed |= kept  # what was in the middle of it and made it stays from here on
    return None
