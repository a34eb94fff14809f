"""Damage, another vault's key, an older copy put back, a missing file: each has its own name and cure."""

import hashlib
import re
import secrets
import shutil
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlcipher3 import dbapi2 as sqlcipher

from kiosk.errors import StoreError
from kiosk.privacy.list_reading import parse_data_list
from kiosk.store import database
from kiosk.store.anchor import (
    AnchorDamagedError,
    AnchorFile,
    AnchorMissingError,
    DatabaseMissingError,
    RolledBackError,
    WrongStoreKeyError,
)
from kiosk.store.audit_trail import AuditBrokenError, AuditKind
from kiosk.store.data_list_file import DATA_LIST_PATH, read_data_list
from kiosk.store.database_errors import (
    CipherSettingError,
    DiskFullError,
    DiskNotWritableError,
    StoreDamagedError,
    StoreInUseError,
)
from kiosk.store.key_vault import KeyFileVault, create_vault, new_secrets
from kiosk.store.merkle_tree import Frontier
from kiosk.store.missing_records import MissingRecord
from kiosk.store.schema import ColumnNotListedError, DatabaseNewerError, ListedColumnMissingError, migrations_of
from kiosk.store.store import Store, create_store, open_store
from kiosk.store.store_errors import ApplicationsMissingError, StoreExistsError, StoreMissingError
from kiosk.store.visit_records import CommittedVerdict, SignedVerdict
from kiosk.verification.verdict import Verdict
from tests.stores import APPLICATION_KEY, KEYS, MONDAY, RECORD, STORE_KEY, answer_visit, open_test_store

BOTH = ("kiosk", "applications")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A store with three answered visits, closed in good order."""
    folder = tmp_path / "store"
    with open_test_store(folder) as store:
        for _ in range(3):
            answer_visit(store)
    return folder


def crashed(folder: Path, target: Path, store: Store) -> Path:
    """The files as they stand at this instant, the write-ahead log included: what a power cut would leave."""
    store.tree_head()
    shutil.copytree(folder, target)
    return target


def open_and_close(folder: Path) -> None:
    open_test_store(folder).close()


def answer_no(store: Store) -> CommittedVerdict:
    """A verdict that touches `kiosk.db` alone."""
    return store.commit_verdict(
        secrets.token_hex(8),
        build=lambda sequence, head: SignedVerdict(f"{sequence}"),
        verdict=Verdict(secrets.token_bytes(32), False, 0),
        actor="t1",
        detail="refused: not_eligible",
    )


def fill(store: Store) -> None:
    for _ in range(200):
        answer_no(store)


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)


# --- damage and keys ---


@pytest.mark.parametrize("name", BOTH)
def test_a_flipped_byte_on_any_page_is_damage(folder: Path, name: str) -> None:
    path = folder / f"{name}.db"
    whole = path.read_bytes()
    for page in range(len(whole) // 4096):
        flip(path, page * 4096 + 2000)
        with pytest.raises(StoreDamagedError, match="damaged"):
            open_and_close(folder)
        path.write_bytes(whole)
    open_and_close(folder)


@pytest.mark.parametrize("name", BOTH)
def test_a_database_cut_short_is_noticed(folder: Path, name: str) -> None:
    path = folder / f"{name}.db"
    whole = path.read_bytes()
    for length in (4096, len(whole) - 4096, len(whole) - 1, 100):
        path.write_bytes(whole[:length])
        with pytest.raises(StoreDamagedError):
            open_and_close(folder)
    path.write_bytes(b"")
    with pytest.raises(RolledBackError):
        open_and_close(folder)


def test_another_vaults_key_is_not_called_damage(folder: Path) -> None:
    with pytest.raises(WrongStoreKeyError, match="another vault"):
        open_test_store(folder, keys=replace(KEYS, store=b"\x09" * 32))
    with pytest.raises(WrongStoreKeyError), Store(folder, KEYS, read_data_list()) as store:
        store.unlock_applications(b"\x09" * 32)
    open_and_close(folder)


@pytest.mark.parametrize("name", BOTH)
def test_a_missing_file_is_named_and_nothing_new_is_made_in_its_place(folder: Path, name: str) -> None:
    (folder / f"{name}.db").rename(folder / "away")
    with pytest.raises(DatabaseMissingError, match=f"{name}.db is gone"):
        open_and_close(folder)
    assert not (folder / f"{name}.db").exists()
    (folder / "away").rename(folder / f"{name}.db")
    (folder / f"{name}.anchor").unlink()
    with pytest.raises(AnchorMissingError):
        open_and_close(folder)


@pytest.mark.parametrize("name", BOTH)
def test_every_changed_byte_of_an_anchor_is_noticed(folder: Path, name: str) -> None:
    path = folder / f"{name}.anchor"
    whole = path.read_bytes()
    for at in range(0, len(whole) - 1, 23):
        flip(path, at)
        with pytest.raises(AnchorDamagedError):
            open_and_close(folder)
        path.write_bytes(whole)
    for length in (0, 40, len(whole) - 5):
        path.write_bytes(whole[:length])
        with pytest.raises(AnchorDamagedError):
            open_and_close(folder)


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"generation": Infinity}', b"[]", b"\xff"])
def test_what_is_no_anchor_is_one_sentence(folder: Path, body: bytes) -> None:
    digest = hashlib.sha256(body).hexdigest().encode()
    (folder / "kiosk.anchor").write_bytes(b"\n".join((body, b"seal", digest, b"")))
    with pytest.raises(AnchorDamagedError):
        open_and_close(folder)


def test_an_anchor_rewritten_without_its_key_is_noticed(folder: Path) -> None:
    genuine = AnchorFile(folder / "kiosk.anchor", KEYS.anchor, STORE_KEY).read(folder / "kiosk.db")
    assert genuine is not None
    forger = AnchorFile(folder / "kiosk.anchor", b"\x08" * 32, STORE_KEY)
    forger.write(replace(genuine, generation=genuine.generation - 1))
    with pytest.raises(AnchorDamagedError):
        open_and_close(folder)


# --- rollback ---


def test_the_last_frame_of_the_log_flipped_is_noticed(folder: Path, tmp_path: Path) -> None:
    """SQLite drops that commit in silence and both integrity checks stay clean: only the anchor knows."""
    with open_test_store(folder) as store:
        answer_visit(store)
        copy = crashed(folder, tmp_path / "copy", store)
    log = copy / "kiosk.db-wal"
    flip(log, log.stat().st_size - 1000)
    with pytest.raises(RolledBackError, match="1 transactions are missing"):
        open_and_close(copy)


def test_a_lost_log_is_noticed(folder: Path, tmp_path: Path) -> None:
    with open_test_store(folder) as store:
        answer_visit(store)
        copy = crashed(folder, tmp_path / "copy", store)
    for name in BOTH:
        (copy / f"{name}.db-wal").unlink()
    with pytest.raises(RolledBackError):
        open_and_close(copy)


@pytest.mark.parametrize("name", BOTH)
def test_an_older_database_put_back_is_noticed(folder: Path, tmp_path: Path, name: str) -> None:
    shutil.copytree(folder, tmp_path / "old")
    with open_test_store(folder) as store:
        answer_visit(store)
    shutil.copy(tmp_path / "old" / f"{name}.db", folder / f"{name}.db")
    with pytest.raises(RolledBackError, match="transactions are missing"):
        open_and_close(folder)


def test_an_older_anchor_put_back_is_noticed(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "old")
    with open_test_store(folder) as store:
        answer_visit(store)
    shutil.copy(tmp_path / "old" / "kiosk.anchor", folder / "kiosk.anchor")
    with pytest.raises(RolledBackError, match="transactions behind"):
        open_and_close(folder)


def test_exactly_one_step_behind_is_recovery(folder: Path) -> None:
    with open_test_store(folder) as store:
        before = (folder / "kiosk.anchor").read_bytes()
        answered = answer_visit(store, yes=False, detail="refused: not_eligible")
        one_behind = (folder / "kiosk.anchor").read_bytes()
        store.record_attempt(answered.sequence, MONDAY)
        assert before != one_behind
    (folder / "kiosk.anchor").write_bytes(one_behind)
    with open_test_store(folder) as store:
        assert store.undelivered_summary().count == 4
    (folder / "kiosk.anchor").write_bytes(one_behind)  # the start was a step too
    with pytest.raises(RolledBackError):
        open_and_close(folder)


def test_a_record_that_an_old_copy_brings_back_goes_again(folder: Path, tmp_path: Path) -> None:
    """Database and anchor of the same older moment fit each other; the order to erase stands in the other file."""
    shutil.copytree(folder, tmp_path / "old")
    with open_test_store(folder) as store:
        erased = store.open_applications()[0].application_id
        store.mark_opened(erased, "t1")
    for file in ("applications.db", "applications.anchor"):
        shutil.copy(tmp_path / "old" / file, folder / file)
    with open_test_store(folder) as store:
        left = {kept.application_id for kept in store.open_applications()}
        assert len(left) == 2
        assert erased not in left


def test_a_yes_whose_record_an_old_copy_took_away_is_named_until_its_time_is_over(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder, tmp_path / "old")
    with open_test_store(folder) as store:
        opened = store.open_applications()[0].application_id
        lost = answer_visit(store, detail="confirmed after class_i_face_to_face")
        answer_no(store)
        store.mark_opened(opened, "1042")
        assert store.note_missing_records(MONDAY) == []
    for file in ("applications.db", "applications.anchor"):
        shutil.copy(tmp_path / "old" / file, folder / file)
    for _ in range(2):
        with open_test_store(folder) as store:
            assert store.note_missing_records(MONDAY) == [MissingRecord(lost.sequence, MONDAY)]
            audited = [entry.detail for entry in store.audit_entries() if entry.kind == AuditKind.RECORD_MISSING]
            assert audited == [str(lost.sequence)]
            assert store.note_missing_records(MONDAY + timedelta(days=7)) == []


def test_a_whole_older_folder_put_back_opens_and_uses_a_sequence_again(folder: Path, tmp_path: Path) -> None:
    """What docs/threat-model.md leaves to the bank: nothing inside the folder knows better."""
    shutil.copytree(folder, tmp_path / "old")
    with open_test_store(folder) as store:
        sent = answer_no(store)
    with open_test_store(tmp_path / "old") as store:
        assert answer_no(store).sequence == sent.sequence


def test_a_row_erased_just_before_a_crash_is_not_left_in_the_log(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_test_store(folder) as store:
        answer_visit(store, "goes")
        monkeypatch.setattr(database.Database, "forget_deleted", lambda self: None)
        store.mark_opened("goes", "1042")
        monkeypatch.undo()
        copy = crashed(folder, tmp_path / "copy", store)
    log = copy / "applications.db-wal"
    assert log.stat().st_size > 0
    with open_test_store(copy):
        assert log.stat().st_size == 0


def test_an_anchor_that_cannot_be_written_loses_no_verdict(folder: Path) -> None:
    """The commit stands; the next one begins by writing the anchor, and is refused while that fails."""
    with open_test_store(folder) as store:
        obstacle = folder / ".kiosk.anchor.new"
        obstacle.mkdir()
        answered = answer_no(store)
        with pytest.raises(DiskNotWritableError):
            answer_no(store)
        obstacle.rmdir()
        assert answer_no(store).sequence == answered.sequence + 1
    with open_test_store(folder) as store:
        assert store.undelivered_summary().count == 5


# --- the audit trail ---


def edited(folder: Path, *statements: str) -> None:
    """Edit the books as somebody would who has the store's key but not the anchor's."""
    connection = sqlcipher.connect(str(folder / "kiosk.db"), isolation_level=None)
    connection.execute(f"PRAGMA key = \"x'{STORE_KEY.hex()}'\"")
    for statement in statements:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor = 't9' WHERE sequence = 2",
        "UPDATE audit SET recorded_at = replace(recorded_at, '2026', '2025') WHERE sequence = 1",
        "DELETE FROM audit WHERE sequence = 2",
        "DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)",
        "UPDATE audit SET detail = NULL, recorded_at = NULL WHERE sequence = 3",
        "INSERT INTO audit SELECT sequence + 1, recorded_at, boot_id, uptime_ns, actor, kind, detail, leaf_hash"
        " FROM audit ORDER BY sequence DESC LIMIT 1",
        "UPDATE audit SET leaf_hash = zeroblob(32) WHERE sequence = 2",
        "UPDATE store_state SET audit_head = zeroblob(32)",
    ],
)
def test_an_edited_audit_trail_is_noticed(folder: Path, statement: str) -> None:
    """At the latest when the whole trail is checked: a start reads what came after its anchor only."""
    edited(folder, statement)
    with pytest.raises(AuditBrokenError, match="changed from outside"), open_test_store(folder) as store:
        store.check_audit()


def test_a_trail_cut_and_made_to_fit_is_noticed_by_the_anchor(folder: Path) -> None:
    with open_test_store(folder) as store:
        frontier = Frontier()
        for entry in store.audit_entries()[:2]:
            frontier = frontier.appended(entry.leaf())
    edited(
        folder,
        "DELETE FROM audit WHERE sequence > 2",
        f"UPDATE store_state SET audit_size = 2, audit_head = x'{frontier.head().hex()}'",
    )
    with pytest.raises(RolledBackError, match="audit trail is another one"):
        open_and_close(folder)


# --- form ---


def test_a_column_that_nobody_was_told_of_stops_the_store(folder: Path) -> None:
    edited(folder, "ALTER TABLE consent ADD COLUMN smile TEXT")
    with pytest.raises(ColumnNotListedError, match=r"kiosk\.db:consent\.smile"):
        open_and_close(folder)


def test_a_table_and_a_view_that_nobody_was_told_of_stop_the_store(folder: Path) -> None:
    edited(folder, "CREATE TABLE visitor (face BLOB)")
    with pytest.raises(ColumnNotListedError, match=r"visitor\.face"):
        open_and_close(folder)
    edited(folder, "DROP TABLE visitor", "CREATE VIEW seen AS SELECT visit_id AS who FROM consent")
    with pytest.raises(ColumnNotListedError, match=r"seen\.who"):
        open_and_close(folder)


def test_a_column_that_sqlite_computes_must_be_listed_too(folder: Path) -> None:
    edited(folder, "ALTER TABLE consent ADD COLUMN agreed_on TEXT GENERATED ALWAYS AS (substr(given_at, 1, 10))")
    with pytest.raises(ColumnNotListedError, match=r"consent\.agreed_on"):
        open_and_close(folder)


def test_a_listed_column_in_no_file_of_the_store_stops_it(folder: Path) -> None:
    text = DATA_LIST_PATH.read_text(encoding="utf-8")
    text = text.replace('"kiosk.db:teller.staff_key",', '"kiosk.db:teller.staff_key", "other.db:teller.staff_key",')
    with pytest.raises(ListedColumnMissingError, match=r"other\.db"):
        open_test_store(folder, parse_data_list(text))


@pytest.mark.parametrize("column", ["kiosk.db:teller.name", "applications.db:application.secondary_name"])
def test_a_column_taken_off_the_list_stops_the_store(folder: Path, column: str) -> None:
    text = DATA_LIST_PATH.read_text(encoding="utf-8")
    text = re.sub(f'(, )?"{re.escape(column)}"(?(1)|,? ?)', "", text)
    with pytest.raises(ColumnNotListedError, match=re.escape(column)):
        open_test_store(folder, parse_data_list(text))


@pytest.mark.parametrize("listed", ["kiosk.db:teller.name", "applications.db:application.phone"])
def test_a_listed_column_that_does_not_exist_stops_the_store(folder: Path, listed: str) -> None:
    text = DATA_LIST_PATH.read_text(encoding="utf-8")
    text = text.replace(f'"{listed}"', f'"{listed}", "{listed.rpartition(".")[0]}.fax"')
    with pytest.raises(ListedColumnMissingError, match=r"\.fax"):
        open_test_store(folder, parse_data_list(text))


def test_a_newer_database_is_refused(folder: Path) -> None:
    later = len(migrations_of("kiosk")) + 1
    edited(folder, f"INSERT INTO schema_migration VALUES ({later}, 'later', '2027-01-01T00:00:00.000000Z')")
    with pytest.raises(DatabaseNewerError, match="install the newer program"):
        open_and_close(folder)


def test_a_store_of_the_first_version_is_brought_up_to_date_and_loses_nothing(folder: Path) -> None:
    with open_test_store(folder) as store:
        before = store.audit_entries()
    edited(
        folder,
        "DROP TABLE failed_attempt",
        *(f"DROP TABLE {table}" for table in ("signing_key", "audit_checkpoint", "clock_state")),
        *(f"DROP INDEX {index}" for index in ("consent_given", "outbox_answered", "erasure_erased")),
        "ALTER TABLE consent DROP COLUMN act",
        "ALTER TABLE teller DROP COLUMN staff_key",
        "DELETE FROM schema_migration WHERE number > 1",
    )
    with open_test_store(folder) as store:
        assert store.audit_entries()[: len(before)] == before
        store.record_failed_attempt()
        assert len(store.failed_attempts()) == 1


def test_no_column_could_hold_a_face(folder: Path) -> None:
    for name, key in (("kiosk", STORE_KEY), ("applications", APPLICATION_KEY)):
        connection = sqlcipher.connect(str(folder / f"{name}.db"))
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
        columns = connection.execute(
            "SELECT m.name, c.name, c.type FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table'"
        ).fetchall()
        connection.close()
        assert columns
        words = {word for _, column, _ in columns for word in column.lower().split("_")}
        assert not words & {"frame", "face", "template", "portrait", "image", "picture", "photo", "score", "landmarks"}
        blobs = {f"{table}.{column}" for table, column, kind in columns if kind == "BLOB"}
        assert blobs <= {
            *("outbox.reference", "application.reference", "application.code_check", "signing_key.public_key"),
            *("audit.leaf_hash", "store_state.audit_head", "audit_checkpoint.tree_head", "audit_checkpoint.signature"),
        }


def test_weaker_encryption_stops_the_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(database._ASSERTED, "cipher_page_size", "1024")
    with pytest.raises(CipherSettingError, match="cipher_page_size"):
        open_and_close(folder)


# --- the disk and other processes ---


def test_a_second_process_is_told_to_wait(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_BUSY_S", 0.1)
    with open_test_store(folder), pytest.raises(StoreInUseError, match="end the running kiosk"):
        open_and_close(folder)
    open_and_close(folder)


def test_a_full_disk_is_named_and_loses_nothing(folder: Path) -> None:
    with open_test_store(folder) as store:
        store._executor.submit(store._books.database.execute, "PRAGMA max_page_count = 1").result()
        with pytest.raises(DiskFullError, match="make room"):
            fill(store)
        count = store.undelivered_summary().count
        store._executor.submit(store._books.database.execute, "PRAGMA max_page_count = 100000").result()
        answer_no(store)
    with open_test_store(folder) as store:
        assert store.undelivered_summary().count == count + 1


def test_files_are_their_owners_alone(folder: Path, tmp_path: Path) -> None:
    with open_test_store(folder):
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert set(modes) >= {"kiosk.db", "kiosk.db-wal", "kiosk.anchor", "applications.db", "applications.anchor"}
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


# --- the kiosk's folder ---


def test_a_store_is_made_once_and_opened_after(tmp_path: Path) -> None:
    vault = create_vault(tmp_path / "vault.json", KeyFileVault(tmp_path / "vault.key"), new_secrets())
    with pytest.raises(StoreMissingError, match="kiosk setup"):
        open_store(tmp_path, vault)
    with create_store(tmp_path, vault, APPLICATION_KEY) as store:
        answer_visit(store)
    with pytest.raises(StoreExistsError):
        create_store(tmp_path, vault, APPLICATION_KEY)
    with open_store(tmp_path, vault) as store:
        assert store.undelivered_summary().count == 1
    for path in (tmp_path / "store").glob("applications.*"):
        path.unlink()
    with pytest.raises(ApplicationsMissingError, match="kiosk teller reset"):
        open_store(tmp_path, vault)
    for path in (tmp_path / "store").iterdir():
        path.unlink()
    with pytest.raises(StoreMissingError):
        open_store(tmp_path, vault)


def test_errors_name_no_key_and_no_person(folder: Path) -> None:
    flip(folder / "kiosk.db", 5000)
    with pytest.raises(StoreError) as damaged:
        open_and_close(folder)
    assert STORE_KEY.hex() not in str(damaged.value)
    assert RECORD.primary_name not in str(damaged.value)
