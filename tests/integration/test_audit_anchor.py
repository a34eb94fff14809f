"""What a start checks of the audit trail, what the machine's counter shows, and the checkpoints that are signed."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlcipher3 import dbapi2 as sqlcipher

from kiosk.errors import StoreError
from kiosk.store.anchor import AnchorFile, FolderPutBackError, OtherMachineError
from kiosk.store.audit_trail import CHECKED_AT_ONCE, AuditBrokenError, AuditKind
from kiosk.store.data_list_file import read_data_list
from kiosk.store.signed_head import HeadSigner, SignedHead
from kiosk.store.store import Store
from kiosk.store.store_errors import NoHeadSignerError
from tests.stores import KEYS, STORE_KEY

KEY = Ed25519PrivateKey.generate()
SIGNER = HeadSigner(bytes(range(16)), KEY.public_key().public_bytes_raw(), KEY.sign)


class CounterFailedError(StoreError):
    """The device does not answer."""


@dataclass
class Counter:
    """A `MachineCounter` in memory."""

    at: int = 41
    fails: bool = field(default=False)

    def value(self) -> int:
        if self.fails:
            raise CounterFailedError
        return self.at

    def advance(self) -> int:
        if self.fails:
            raise CounterFailedError
        self.at += 1
        return self.at


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def opened(folder: Path, counter: Counter | None = None, *, counter_is_new: bool = False) -> Store:
    """Applications stay locked, as at a start."""
    return Store(folder, KEYS, read_data_list(), machine_counter=counter, counter_is_new=counter_is_new)


def start(folder: Path, counter: Counter | None = None, entries: int = 0, *, counter_is_new: bool = False) -> None:
    with opened(folder, counter, counter_is_new=counter_is_new) as store:
        for _ in range(entries):
            store.record_sign_off("1042")


def edited(folder: Path, *statements: str) -> None:
    """By somebody who has the store's key but not the anchor's."""
    connection = sqlcipher.connect(str(folder / "kiosk.db"), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{STORE_KEY.hex()}'\"")
    for statement in statements:
        connection.execute(statement)
    connection.close()


def heads(store: Store) -> list[SignedHead]:
    size = len(store.audit_entries())
    return [line for line in store.export_lines(0, size) if isinstance(line, SignedHead)]


# --- what a start reads ---


def test_a_start_reads_what_came_after_its_anchor_and_the_check_reads_all(folder: Path) -> None:
    start(folder, entries=5)
    edited(folder, "UPDATE audit SET actor = 't9' WHERE sequence = 2")
    with opened(folder) as store, pytest.raises(AuditBrokenError, match="entry 2"):
        store.check_audit()


def test_an_entry_after_the_anchor_is_checked_at_the_start(folder: Path) -> None:
    with opened(folder) as store:
        one_behind = (folder / "kiosk.anchor").read_bytes()
        store.record_sign_off("1042")
    (folder / "kiosk.anchor").write_bytes(one_behind)
    edited(folder, "UPDATE audit SET actor = 't9' WHERE sequence = 2")
    with pytest.raises(AuditBrokenError, match="entry 2"):
        start(folder)


def test_a_start_after_a_crash_goes_on_with_the_same_tree(folder: Path) -> None:
    start(folder, entries=6)
    with opened(folder) as store:
        one_behind = (folder / "kiosk.anchor").read_bytes()
        store.record_sign_off("1042")
        head = store.tree_head()
    (folder / "kiosk.anchor").write_bytes(one_behind)
    with opened(folder) as store:
        assert store.check_audit() == 10
        assert store.tree_head() != head


def test_an_anchor_of_the_first_version_has_all_checked_once(folder: Path) -> None:
    start(folder, entries=5)
    file = AnchorFile(folder / "kiosk.anchor", KEYS.anchor, STORE_KEY)
    _write_without_peaks(file)
    start(folder)
    assert json.loads((folder / "kiosk.anchor").read_bytes().splitlines()[0])["audit_peaks"]
    edited(folder, "UPDATE audit SET actor = 't9' WHERE sequence = 2")
    start(folder)
    _write_without_peaks(file)
    with pytest.raises(AuditBrokenError, match="entry 2"):
        start(folder)


def _write_without_peaks(file: AnchorFile) -> None:
    anchor = file.read(file.path)
    assert anchor is not None
    file.write(type(anchor)(anchor.generation, anchor.audit_size, anchor.audit_head))


def test_a_trail_of_several_slices_is_checked_whole(folder: Path) -> None:
    start(folder)
    with opened(folder) as store:
        future = store._executor.submit(_append_many, store, CHECKED_AT_ONCE + 7)
        future.result()
        assert store.check_audit() == CHECKED_AT_ONCE + 9
    edited(folder, f"UPDATE audit SET detail = 'x' WHERE sequence = {CHECKED_AT_ONCE + 3}")
    with opened(folder) as store, pytest.raises(AuditBrokenError, match=f"entry {CHECKED_AT_ONCE + 3}"):
        store.check_audit()


def _append_many(store: Store, count: int) -> None:
    with store._books.transaction():
        for _ in range(count):
            store._recorder.record("1042", AuditKind.SIGNED_OFF)


# --- the machine's counter ---


def test_a_whole_folder_put_back_is_named_where_the_machine_counts(folder: Path, tmp_path: Path) -> None:
    counter = Counter()
    start(folder, counter)
    shutil.copytree(folder, tmp_path / "old")
    start(folder, counter)
    with pytest.raises(FolderPutBackError, match="copy of an earlier moment"):
        start(tmp_path / "old", counter)
    start(folder, counter)


def test_without_a_counter_a_whole_folder_put_back_is_not_noticed_here(folder: Path, tmp_path: Path) -> None:
    """What docs/threat-model.md leaves to the bank."""
    start(folder)
    shutil.copytree(folder, tmp_path / "old")
    start(folder)
    start(tmp_path / "old")
    assert (tmp_path / "old" / "kiosk.anchor").exists()


def test_a_state_since_the_last_count_is_the_span_that_stays_unprotected(folder: Path, tmp_path: Path) -> None:
    counter = Counter()
    with opened(folder, counter) as store:
        store.sign_heads_with(SIGNER)
        store.tree_head()
        shutil.copytree(folder, tmp_path / "early")
        store.record_sign_off("1042")
        store.tree_head()
        shutil.copytree(folder, tmp_path / "late")
        before = counter.at
    shutil.copytree(folder, tmp_path / "closed")
    assert counter.at == before + 1
    with pytest.raises(FolderPutBackError):
        start(tmp_path / "late", counter)
    start(tmp_path / "closed", counter)
    counter.at = before
    start(tmp_path / "early", counter)


def test_a_crash_between_anchor_and_counter_is_no_rollback(folder: Path) -> None:
    counter = Counter()
    start(folder, counter)
    counter.at -= 1  # the anchor was written, the counter not yet advanced
    start(folder, counter)
    start(folder, counter)
    counter.at -= 2
    with pytest.raises(OtherMachineError, match="counts with another machine"):
        start(folder, counter)


@pytest.mark.parametrize("other", [None, Counter(3)])
def test_another_machine_is_not_called_a_rollback_and_can_be_taken_on_purpose(
    folder: Path, other: Counter | None
) -> None:
    start(folder, Counter())
    with pytest.raises(OtherMachineError, match="kiosk audit new-counter"):
        start(folder, other)
    start(folder, other, counter_is_new=True)
    with opened(folder, other) as store:
        begun = [entry.detail for entry in store.audit_entries() if entry.kind == AuditKind.COUNTER_BEGUN]
    assert begun == ["42", "0" if other is None else "4"]


def test_a_counter_that_is_ahead_on_purpose_is_taken_too(folder: Path) -> None:
    start(folder, Counter())
    start(folder, Counter(100), counter_is_new=True)
    start(folder, Counter(101))


def test_a_counter_that_does_not_answer_stops_the_store_by_its_name(folder: Path) -> None:
    counter = Counter()
    start(folder, counter)
    counter.fails = True
    with pytest.raises(CounterFailedError):
        start(folder, counter)
    counter.fails = False
    start(folder, counter)


# --- checkpoints ---


def test_a_checkpoint_is_signed_at_the_start_at_the_end_and_where_something_came(folder: Path) -> None:
    with opened(folder) as store:
        store.sign_heads_with(SIGNER)
        store.write_checkpoint()
        store.record_sign_off("1042")
        store.write_checkpoint()
        store.record_sign_off("1042")
    with opened(folder) as store:
        store.sign_heads_with(SIGNER)
        assert [head.tree_head.size for head in heads(store)] == [1, 2, 3, 4]


def test_a_checkpoint_says_where_the_counter_stands_and_is_signed_for_this_kiosk(folder: Path) -> None:
    counter = Counter()
    with opened(folder, counter) as store:
        store.sign_heads_with(SIGNER)
        (head,) = heads(store)
        assert head.tree_head.machine_counter == counter.at
        assert head.tree_head.head == store.tree_head()
    own = SignedHead(
        type(head.tree_head)(
            SIGNER.kiosk_id,
            head.tree_head.size,
            head.tree_head.head,
            head.tree_head.signed_at_s,
            head.tree_head.machine_counter,
        ),
        head.public_key,
        head.signature,
    )
    assert own.is_good()
    assert not head.is_good()


def test_without_a_signing_key_no_checkpoint_is_written(folder: Path) -> None:
    with opened(folder) as store:
        with pytest.raises(NoHeadSignerError):
            store.write_checkpoint()
        assert heads(store) == []


def test_a_counter_that_fails_at_the_end_does_not_keep_the_store_open(folder: Path) -> None:
    counter = Counter()
    with opened(folder, counter) as store:
        store.sign_heads_with(SIGNER)
        store.record_sign_off("1042")
        counter.fails = True
    counter.fails = False
    with opened(folder, counter) as store:
        store.sign_heads_with(SIGNER)
        assert [head.tree_head.size for head in heads(store)] == [2, 4]
