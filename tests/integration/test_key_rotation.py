"""`kiosk keys rotate`: new keys whatever happens meanwhile, and nobody who knows only the old ones reads anything."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kiosk.admin.rotation_kills import (
    KIOSK_ID,
    answer_visit,
    check_kiosk,
    make_kiosk_to_kill,
    rotate_all,
    rotation_kills,
)
from kiosk.admin.run import lock_folder
from kiosk.cli import main
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.settings import VaultSettings
from kiosk.store import rotation
from kiosk.store.anchor import WrongStoreKeyError
from kiosk.store.audit_trail import AuditKind
from kiosk.store.data_list_file import read_data_list
from kiosk.store.database import Database
from kiosk.store.database_errors import DiskFullError, StoreInUseError
from kiosk.store.folder_lock import FolderLock
from kiosk.store.key_vault import ANCHOR_KEY, APPLICATION_SALT, SIGNING_KEY, STORE_KEY, OpenVault
from kiosk.store.rotation import ROTATION_NOTE, CopyDiffersError, NoRoomForCopyError, rotate_store, store_keys
from kiosk.store.signing_keys import (
    FORMER_KEY_FILE,
    NEXT_SIGNING_KEY,
    PUBLIC_KEY_FILE,
    KeyAnnouncementPendingError,
    announce_next_key,
    former_public_keys,
    present_signing_key,
    settle_signing_key,
)
from kiosk.store.store import Store, open_store
from kiosk.store.vault_errors import VaultDamagedError
from kiosk.upstream.reference_ledger import Ledger
from kiosk.verification.verdict import KeyAnnouncement, message_hash, verify_message, verify_receipt
from tests.kiosk_folders import Papers

REPOSITORY = Path(__file__).resolve().parents[2]
STORE_NAMES = (STORE_KEY, ANCHOR_KEY)


class Kiosk:
    """One at rest, with three answered visits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_kiosk_to_kill(folder)
        with self.opened() as store:
            for _ in range(3):
                answer_visit(store, self.vault)

    @property
    def vault(self) -> OpenVault:
        return unlock_vault(self.folder, VaultSettings("key_file", "vault.key"), None)

    @property
    def staff_key(self) -> bytes:
        return (self.folder / "staff.key").read_bytes()

    def opened(self) -> Store:
        store = open_store(self.folder, self.vault)
        store.unlock_applications(self.staff_key)
        return store

    def secrets(self, *names: str) -> list[bytes]:
        vault = self.vault
        return [vault.secret(name) if vault.holds(name) else b"" for name in names]

    def rotate_store(self, staff_key: bytes | None = None) -> None:
        rotate_store(self.folder / "store", self.vault, read_data_list(), staff_key)

    def announce(self) -> int:
        vault = self.vault
        with open_store(self.folder, vault) as store:
            return announce_next_key(vault, store, KIOSK_ID, datetime.now(UTC))

    def answer(self) -> Ed25519PrivateKey:
        """One more visit; return the key that signed it."""
        vault = self.vault
        with open_store(self.folder, vault) as store:
            store.unlock_applications(self.staff_key)
            _, jws = answer_visit(store, vault)
        key = present_signing_key(vault)
        verify_message(jws, key.public_key())
        return key

    def deliver(self, *sequences: int) -> None:
        with open_store(self.folder, self.vault) as store:
            for sequence in sequences:
                store.close_message(sequence, "receipt", datetime.now(UTC))


@pytest.fixture
def kiosk(tmp_path: Path) -> Kiosk:
    (tmp_path / "kiosk").mkdir()
    return Kiosk(tmp_path / "kiosk")


@pytest.fixture
def in_memory(tmp_path: Path) -> Iterator[Path]:
    """A disk in memory where there is one: a process that ends needs no real one, and each step would wait for it."""
    memory = Path("/dev/shm")
    work = (memory if memory.is_dir() else tmp_path) / f"rotation-{os.getpid()}"
    work.mkdir()
    yield work
    shutil.rmtree(work)


# --- interrupted ---


def test_a_death_after_every_durable_step_leaves_the_old_state_or_the_new_one(in_memory: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.rotation_deaths", str(in_memory), "with-records"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 30


def test_nothing_is_lost_over_fifteen_kills_while_keys_are_rotated(in_memory: Path) -> None:
    make_kiosk_to_kill(in_memory)
    report = rotation_kills(in_memory, kills=15, seed=5)
    assert report.faults == []
    assert report.kills == 15
    assert report.committed > 15
    assert report.keys > 2


def test_a_full_disk_while_copying_leaves_the_kiosk_as_it_was(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kiosk.secrets(*STORE_NAMES)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "copy_to", _refuse_to_copy)
        with pytest.raises(DiskFullError):
            kiosk.rotate_store()
    assert kiosk.secrets(*STORE_NAMES, ROTATION_NOTE) == [*before, b""]
    assert check_kiosk(kiosk.folder) == []


def _refuse_to_copy(database: Database, path: Path, key: bytes, anchor_key: bytes) -> None:
    path.write_bytes(b"half a copy")
    raise DiskFullError(path)


def test_a_copy_that_differs_is_thrown_away(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kiosk.secrets(*STORE_NAMES)
    with monkeypatch.context() as patch:
        patch.setattr(Database, "fingerprint", lambda database: str(database.path).encode())
        with pytest.raises(CopyDiffersError):
            kiosk.rotate_store(kiosk.staff_key)
    assert kiosk.secrets(*STORE_NAMES) == before
    assert check_kiosk(kiosk.folder) == []


def test_a_disk_without_room_for_two_is_refused_before_anything_changes(
    kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (kiosk.folder / "vault.json").read_bytes()
    monkeypatch.setattr(rotation.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9, 10**6))
    with pytest.raises(NoRoomForCopyError, match="make room"):
        kiosk.rotate_store()
    assert (kiosk.folder / "vault.json").read_bytes() == before


def test_another_process_cannot_open_the_store_meanwhile(kiosk: Kiosk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kiosk.store.folder_lock._PATIENCE_S", 0.05)
    with FolderLock(kiosk.folder / "store"), pytest.raises(StoreInUseError):
        open_store(kiosk.folder, kiosk.vault)
    with kiosk.opened(), pytest.raises(StoreInUseError):
        kiosk.rotate_store()
    assert check_kiosk(kiosk.folder) == []


def test_a_planted_copy_without_a_note_in_the_vault_changes_nothing(kiosk: Kiosk) -> None:
    planted = kiosk.folder / "store" / "next"
    planted.mkdir()
    (planted / "kiosk.db").write_bytes(b"somebody else's")
    kiosk.rotate_store()
    assert check_kiosk(kiosk.folder) == []


def test_a_note_that_cannot_be_read_is_a_damaged_vault(kiosk: Kiosk) -> None:
    for note in (b"", b"{}", b'{"phase": "later", "keys": {}}', b'{"phase": "moving", "keys": {"a": 1}}', b"[1]"):
        kiosk.vault.replace({ROTATION_NOTE: note})
        with pytest.raises(VaultDamagedError):
            open_store(kiosk.folder, kiosk.vault)


# --- the old keys ---


def test_who_knows_the_old_keys_opens_nothing_and_is_told_why(kiosk: Kiosk) -> None:
    old_vault, old_keys = (kiosk.folder / "vault.json").read_bytes(), store_keys(kiosk.vault)
    kiosk.rotate_store()
    with pytest.raises(WrongStoreKeyError):
        Store(kiosk.folder / "store", old_keys, read_data_list())
    new_vault = (kiosk.folder / "vault.json").read_bytes()
    (kiosk.folder / "vault.json").write_bytes(old_vault)
    with pytest.raises(WrongStoreKeyError, match="another vault"):
        open_store(kiosk.folder, kiosk.vault)
    (kiosk.folder / "vault.json").write_bytes(new_vault)
    assert check_kiosk(kiosk.folder) == []


def test_no_file_under_an_old_key_is_left(kiosk: Kiosk) -> None:
    before = {path.stat().st_ino for path in (kiosk.folder / "store").iterdir()}
    kiosk.rotate_store(kiosk.staff_key)
    left = {path.name: path.stat().st_ino for path in (kiosk.folder / "store").iterdir()}
    assert left.keys() == {"kiosk.db", "kiosk.anchor", "applications.db", "applications.anchor"}
    assert not before & set(left.values())


def test_the_audit_goes_on_and_names_the_new_keys(kiosk: Kiosk) -> None:
    with kiosk.opened() as store:
        before = [entry.leaf() for entry in store.audit_entries()]
    kiosk.rotate_store()
    with kiosk.opened() as store:
        entries = store.audit_entries()
        store.check_audit()
    assert [entry.leaf() for entry in entries[: len(before)]] == before
    assert AuditKind.STORE_REKEYED in [entry.kind for entry in entries[len(before) :]]


def test_records_keep_their_key_without_a_teller_and_get_a_new_one_with(kiosk: Kiosk) -> None:
    records = kiosk.folder / "store" / "applications.db"
    before = records.read_bytes()
    kiosk.rotate_store()
    assert records.read_bytes() == before
    for _ in range(2):
        (salt,) = kiosk.secrets(APPLICATION_SALT)
        kiosk.rotate_store(kiosk.staff_key)
        assert kiosk.secrets(APPLICATION_SALT) != [salt]
        assert records.read_bytes()[:16] != before[:16]
        with kiosk.opened() as store:
            assert len(store.open_applications()) == 3
    kiosk.rotate_store()
    assert check_kiosk(kiosk.folder) == []


def test_another_staff_key_rekeys_nothing(kiosk: Kiosk) -> None:
    before = kiosk.secrets(*STORE_NAMES, APPLICATION_SALT)
    with pytest.raises(WrongStoreKeyError):
        kiosk.rotate_store(bytes(32))
    assert kiosk.secrets(*STORE_NAMES, APPLICATION_SALT) == before
    assert check_kiosk(kiosk.folder) == []


# --- the signing key ---


def test_the_present_key_signs_until_the_receipt_for_the_announcement_is_in(kiosk: Kiosk) -> None:
    first = present_signing_key(kiosk.vault)
    sequence = kiosk.announce()
    with kiosk.opened() as store:
        announcement = verify_message(store.all_messages()[-1].jws, first.public_key())
    assert isinstance(announcement, KeyAnnouncement)
    assert announcement.sequence == sequence == 4
    assert _raw(kiosk.answer()) == _raw(first)
    kiosk.deliver(1, 2, 3, 5)
    assert _raw(kiosk.answer()) == _raw(first)
    kiosk.deliver(sequence)
    second = kiosk.answer()
    assert _raw(second) == announcement.next_public_key
    vault = kiosk.vault
    assert not vault.holds(NEXT_SIGNING_KEY)
    assert former_public_keys(vault) == [_raw(first)]
    pem = load_pem_public_key((kiosk.folder / PUBLIC_KEY_FILE).read_bytes())
    assert pem == second.public_key()
    former = load_pem_public_key((kiosk.folder / FORMER_KEY_FILE.format(1)).read_bytes())
    assert former == first.public_key()
    with kiosk.opened() as store:
        assert [(key.public_key, key.announced_in) for key in store.signing_keys()] == [
            (_raw(first), None), (_raw(second), sequence),
        ]  # fmt: skip
        kinds = [entry.kind for entry in store.audit_entries()]
    assert kinds.count(AuditKind.KEY_ANNOUNCED) == kinds.count(AuditKind.KEY_ANNOUNCEMENT_DELIVERED) == 1
    assert check_kiosk(kiosk.folder) == []


def test_a_second_key_is_not_announced_while_one_waits(kiosk: Kiosk) -> None:
    kiosk.announce()
    with pytest.raises(KeyAnnouncementPendingError, match="message 4"):
        kiosk.announce()
    kiosk.rotate_store()
    kiosk.deliver(4)
    assert kiosk.announce() == 5


def test_a_next_key_whose_announcement_never_came_about_goes(kiosk: Kiosk) -> None:
    first = present_signing_key(kiosk.vault)
    kiosk.vault.replace({NEXT_SIGNING_KEY: Ed25519PrivateKey.generate().private_bytes_raw()})
    with kiosk.opened() as store:
        assert len(store.signing_keys()) == 1
    assert not kiosk.vault.holds(NEXT_SIGNING_KEY)
    assert _raw(kiosk.answer()) == _raw(first)


def test_an_announcement_whose_time_is_over_was_delivered(kiosk: Kiosk) -> None:
    sequence = kiosk.announce()
    with kiosk.opened() as store:
        store.close_message(sequence, "receipt", datetime(2026, 1, 1, tzinfo=UTC))
        store._executor.submit(store._books.database.execute, "DELETE FROM outbox WHERE kind = 2").result()
    first = former_public_keys(kiosk.vault)
    kiosk.answer()
    assert len(former_public_keys(kiosk.vault)) == len(first) + 1


def test_a_kiosk_of_the_last_version_learns_its_own_key(kiosk: Kiosk) -> None:
    with kiosk.opened() as store:
        store._executor.submit(store._books.database.execute, "DELETE FROM audit_checkpoint").result()
        store._executor.submit(store._books.database.execute, "DELETE FROM signing_key").result()
        assert store.signing_keys() == []
    (kiosk.folder / PUBLIC_KEY_FILE).unlink()
    with kiosk.opened() as store:
        assert [key.public_key for key in store.signing_keys()] == [_raw(present_signing_key(kiosk.vault))]
    assert (kiosk.folder / PUBLIC_KEY_FILE).exists()


def test_a_vault_without_a_signing_key_is_left_alone(kiosk: Kiosk) -> None:
    kiosk.vault.replace({SIGNING_KEY: None})
    vault = kiosk.vault
    with open_store(kiosk.folder, vault) as store:
        settle_signing_key(vault, store)
        assert len(store.signing_keys()) == 1


def test_both_are_rotated_many_times_over(kiosk: Kiosk) -> None:
    for number in range(5):
        rotate_all(kiosk.folder, kiosk.vault, kiosk.staff_key if number % 2 else None)
        kiosk.answer()
        with open_store(kiosk.folder, kiosk.vault) as store:
            for message in store.due_messages(datetime.now(UTC)):
                store.close_message(message.sequence, "receipt", datetime.now(UTC))
    assert check_kiosk(kiosk.folder) == []
    assert len(former_public_keys(kiosk.vault)) == 5


def test_a_bank_that_was_away_for_days_counts_what_both_keys_signed(kiosk: Kiosk) -> None:
    """The reference receiver's own ledger: in order, and with the announcement behind the verdicts that follow it."""
    receipt_key = Ed25519PrivateKey.generate()
    bank = Ledger(Path(":memory:"), receipt_key, lambda: 1_800_000_000)
    bank.register(present_signing_key(kiosk.vault).public_key(), KIOSK_ID)
    for round_number in range(2):
        rotate_all(kiosk.folder, kiosk.vault, None)
        for _ in range(3):
            kiosk.answer()
        with open_store(kiosk.folder, kiosk.vault) as store:
            due = store.due_messages(datetime.now(UTC))
            for message in due if round_number == 0 else reversed(due):
                receipt = bank.accept(message.jws).receipt
                sent = message_hash(message.jws)
                verify_receipt(receipt, receipt_key.public_key(), KIOSK_ID, message.sequence, sent)
                store.close_message(message.sequence, receipt, datetime.now(UTC))
    kiosk.answer()
    with kiosk.opened() as store:
        last = store.all_messages()[-1]
    bank.accept(last.jws)
    assert [received.message.sequence for received in bank.received()] == list(range(1, last.sequence + 1))
    assert len(bank.registered_keys()) == 3


def _raw(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()


# --- the command ---


@pytest.fixture(scope="module")
def set_up(tmp_path_factory: pytest.TempPathFactory) -> tuple[Papers, Path]:
    work = tmp_path_factory.mktemp("rotate")
    papers = Papers(work)
    return papers, papers.set_up(work / "kiosk", vault="key-file", passphrase_file=None)


def test_the_command_rotates_all_and_says_what_is_left_to_do(set_up: tuple[Papers, Path], capsys: Any) -> None:
    papers, folder = set_up
    vault = unlock_vault(folder, VaultSettings("key_file", "vault.key"), None)
    before = [vault.secret(name) for name in STORE_NAMES]
    words = ["keys", "rotate", "--folder", str(folder)]
    capsys.readouterr()
    assert main([*words, "--teller", "1042", "--pin-file", str(papers.pin)]) == 0
    said = capsys.readouterr().out
    assert "every teller's PIN stays good" in said
    assert "Message 1 announces the next signing key" in said
    assert "The bank has nothing to do" in said
    assert main(words) == 2
    assert "has not confirmed the signing key announced in message 1" in capsys.readouterr().err
    assert main([*words, "--only", "store"]) == 0
    assert "the records' own key stays" in capsys.readouterr().out
    vault.reread()
    assert not set(before) & {vault.secret(name) for name in STORE_NAMES}
    assert main(["teller", "list", "--folder", str(folder)]) == 0
    assert "1042" in capsys.readouterr().out


def test_the_command_refuses_what_cannot_be_done(set_up: tuple[Papers, Path], capsys: Any) -> None:
    papers, folder = set_up
    words = ["keys", "rotate", "--folder", str(folder)]
    before = (folder / "vault.json").read_bytes()
    assert main([*words, "--only", "signing", "--teller", "1042"]) == 2
    wrong = papers.write("wrong-pin", "999999\n")
    assert main([*words, "--only", "store", "--teller", "1042", "--pin-file", str(wrong)]) == 2
    assert "Number or PIN is wrong" in capsys.readouterr().err
    running = lock_folder(folder)
    try:
        assert main(words) == 2
    finally:
        os.close(running)
    assert "A kiosk is running" in capsys.readouterr().err
    assert (folder / "vault.json").read_bytes() == before
