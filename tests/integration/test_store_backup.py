"""Backing up and putting back a kiosk's store, with real encryption: what is in it, what is not, what is noticed."""

import io
import random
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.cli import main
from kiosk.errors import StoreError
from kiosk.runtime.admin_socket import AdminSocket
from kiosk.runtime.admin_verbs import handlers
from kiosk.settings import load_settings
from kiosk.store import backup_writing
from kiosk.store.backup_format import SECTIONS, BackupBrokenError, BackupReader, Row
from kiosk.store.backup_writing import BackupTornError, RecipientError, write_backup
from kiosk.store.key_vault import STAFF_PEPPER, KeyFileVault, OpenVault, open_vault
from kiosk.store.restoring import IdentityError, check_backup
from kiosk.store.signed_head import HeadSigner
from kiosk.store.signing_keys import present_signing_key
from kiosk.store.staff_keys import unwrap_for_teller
from kiosk.store.store import Store, open_store
from tests.kiosk_folders import PIN, Papers
from tests.stores import RECORD, answer_visit, open_test_store

IDENTITY = pyrage.x25519.Identity.generate()
RECIPIENT = str(IDENTITY.to_public())
FLIPS = 200
NOW = datetime.now(UTC)


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    papers = Papers(tmp_path_factory.mktemp("papers"))
    papers.write("bank.key", f"# created: today\n# public key: {RECIPIENT}\n{IDENTITY}\n")
    return papers


@pytest.fixture(scope="module")
def pristine(papers: Papers) -> Path:
    """A kiosk that has said yes once and no once, one of them delivered."""
    made = papers.folder / "kiosk"
    folder = papers.set_up(made, vault="key-file", passphrase_file=None, backup_recipient=RECIPIENT)
    with opened(folder) as store:
        answer_visit(store, "yes", answered_at=NOW)
        say_no(store, "no")
        store.close_message(2, "receipt", NOW)
    return folder


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    """A copy for one test."""
    return Path(shutil.copytree(pristine, tmp_path / "kiosk"))


def say_no(store: Store, visit_id: str | None = None) -> int:
    detail = "refused: not_eligible"
    return answer_visit(store, visit_id, yes=False, answered_at=NOW, actor="1042", detail=detail).sequence


def vault_of(folder: Path) -> OpenVault:
    return open_vault(folder / "vault.json", KeyFileVault(folder / "vault.key"))


@contextmanager
def opened(folder: Path) -> Iterator[Store]:
    """The kiosk's store with its records open, as after the day's first sign-in."""
    vault = vault_of(folder)
    with open_store(folder, vault) as store:
        (teller,) = store.tellers()
        key = unwrap_for_teller(teller.staff_key, teller.teller_id, PIN, vault.secret(STAFF_PEPPER))
        store.unlock_applications(key)
        sign(store, folder, present_signing_key(vault))
        yield store


def sign(store: Store, folder: Path, key: Ed25519PrivateKey) -> None:
    store.sign_heads_with(HeadSigner(load_settings(folder).kiosk_id, key.public_key().public_bytes_raw(), key.sign))


def backed_up(folder: Path) -> Path:
    file = folder.parent / "backup.age"
    assert main(["store", "backup", "--folder", str(folder), "--to", str(file)]) == 0
    return file


def restore(folder: Path, file: Path, papers: Papers, *more: str) -> int:
    words = ["store", "restore", str(file), "--folder", str(folder), "--identity", str(papers.folder / "bank.key")]
    return main([*words, "--teller", "7", "--teller-name", "N. Teller", "--pin-file", str(papers.pin), *more])


def plain(file: Path) -> bytes:
    return bytes(pyrage.decrypt(file.read_bytes(), [IDENTITY]))


def test_a_lost_store_comes_back_and_what_the_bank_had_not_confirmed_is_sent_again(
    folder: Path, papers: Papers, capsys: pytest.CaptureFixture[str]
) -> None:
    with opened(folder) as store:
        messages, head, size = store.all_messages(), store.tree_head(), store.audit_size()
    file = backed_up(folder)
    shutil.rmtree(folder / "store")
    assert restore(folder, file, papers) == 0
    assert "1 are sent to the bank again" in capsys.readouterr().out
    with opened(folder) as store:
        assert store.all_messages() == messages
        assert [message.sequence for message in store.due_messages(NOW)] == [1]
        assert store.delivered_message(2) is not None
        assert store.consent_of("yes") is not None
        entries = store.audit_entries()
        restored = next(entry for entry in entries if entry.kind == "restored")
        assert restored.sequence > size
        assert restored.detail == "10002"
        assert store.check_audit() == store.audit_size()
        assert head != store.tree_head()
        assert say_no(store) == 10_003
        assert store.count_rows()["application"] == 0
        # The yes has no record any more, and the teller is told which one that is.
        missing = store.note_missing_records(NOW)
        assert [record.sequence for record in missing] == [1]
    assert main(["store", "check", "--folder", str(folder)]) == 0


def test_a_backup_holds_nobody_and_opens_nothing(folder: Path) -> None:
    file = backed_up(folder)
    held = plain(file)
    with opened(folder) as store:
        (teller,) = store.tellers()
    vault = vault_of(folder)
    secrets = [vault.secret(name) for name in ("store-key", "anchor-key", "signing-key", STAFF_PEPPER)]
    for told in (RECORD.primary_name, RECORD.document_number, RECORD.address, teller.name, teller.pin_hash):
        assert told.encode() not in held
    assert teller.staff_key.encode() not in held
    for secret in secrets:
        assert secret not in held
        assert secret.hex().encode() not in held
    assert b"[kiosk]" in held  # the settings are in it
    assert held not in file.read_bytes()


def test_a_backup_is_made_while_the_kiosk_answers(
    folder: Path, papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backup_writing, "SECTIONS", tuple(replace(section, rows_at_once=5) for section in SECTIONS))
    with opened(folder) as store:
        for number in range(40):
            say_no(store, f"before {number}")
        settings = load_settings(folder)
        socket = AdminSocket(folder, handlers(folder, settings, store, at_rest=False))
        socket.start()
        stop = threading.Event()

        def answer() -> None:
            while not stop.is_set():
                say_no(store)

        answering = threading.Thread(target=answer)
        answering.start()
        try:
            file = backed_up(folder)
            assert main(["store", "check", "--folder", str(folder)]) == 0
        finally:
            stop.set()
            answering.join()
            socket.stop()
        answered = len(store.all_messages())
    backup = check_backup(io.BytesIO(file.read_bytes()), str(IDENTITY))
    assert 42 <= backup.head.sequence < answered
    shutil.rmtree(folder / "store")
    assert restore(folder, file, papers, "--last-sequence", str(answered)) == 0
    with opened(folder) as store:
        assert len(store.all_messages()) == backup.head.sequence
        assert say_no(store) == answered + 1


def test_a_backup_that_retention_tears_is_begun_anew(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_writing, "SECTIONS", tuple(replace(section, rows_at_once=2) for section in SECTIONS))
    with opened(folder) as store:
        read, torn = store.backup_slice, list[str]()

        def tear(section: object, head: object, after: object = None) -> object:
            rows = read(section, head, after)  # type: ignore[arg-type]
            if getattr(section, "name", "") == "audit" and after is None and not torn:
                torn.append("once")
                store.erase_due(NOW + timedelta(days=366 * 7))
            return rows

        monkeypatch.setattr(store, "backup_slice", tear)
        with tempfile.TemporaryFile() as file:
            written = write_backup(store, file, RECIPIENT, "")
            assert check_backup(file, str(IDENTITY)).head == written.head
    assert torn == ["once"]


def test_a_trail_that_does_not_fit_together_makes_no_backup(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(folder) as store:
        store._enqueue(
            lambda: store._books.database.execute("UPDATE audit SET actor = 'x' WHERE sequence = 2")
        ).result()
        with pytest.raises(BackupTornError):
            write_backup(store, io.BytesIO(), RECIPIENT, "")


def test_each_flipped_byte_of_a_backup_is_noticed(folder: Path) -> None:
    content, chance = backed_up(folder).read_bytes(), random.Random(4)
    for position in chance.sample(range(len(content)), FLIPS):
        flipped = bytearray(content)
        flipped[position] ^= 1 << chance.randrange(8)
        with pytest.raises((BackupBrokenError, IdentityError)):
            check_backup(io.BytesIO(flipped), str(IDENTITY))
    for end in (0, 1, 100, len(content) // 2, len(content) - 1):
        with pytest.raises((BackupBrokenError, IdentityError)):
            check_backup(io.BytesIO(content[:end]), str(IDENTITY))
    with pytest.raises(BackupBrokenError):
        check_backup(io.BytesIO(content + b"x"), str(IDENTITY))


def test_whoever_has_the_banks_public_key_alone_can_change_no_row(folder: Path) -> None:
    """The file decrypts then, and its hashes and signature do not fit."""
    lines = plain(backed_up(folder)).splitlines(keepends=True)
    for number in range(len(lines)):
        for changed in (lines[:number] + lines[number + 1 :], [*lines[: number + 1], *lines[number:]]):
            reader = BackupReader()
            with pytest.raises(BackupBrokenError):
                finish(reader, b"".join(changed))
    assert finish(BackupReader(), b"".join(lines))


def finish(reader: BackupReader, content: bytes) -> list[Row]:
    rows = list(reader.take(content))
    reader.finish()
    return rows


def test_a_store_that_is_whole_and_as_new_is_never_replaced(
    folder: Path, papers: Papers, capsys: pytest.CaptureFixture[str]
) -> None:
    file = backed_up(folder)
    assert restore(folder, file, papers) == 2
    assert "nothing was changed" in capsys.readouterr().err
    with opened(folder) as store:
        assert len(store.all_messages()) == 2


def test_a_damaged_store_is_kept_beside_without_its_records(folder: Path, papers: Papers) -> None:
    file = backed_up(folder)
    with opened(folder) as store:
        say_no(store)
    books = folder / "store" / "kiosk.db"
    content = bytearray(books.read_bytes())
    content[5000] ^= 1
    books.write_bytes(content)
    assert restore(folder, file, papers) == 0
    assert {path.name for path in (folder / "store.replaced.1").iterdir()} == {"kiosk.db", "kiosk.anchor"}
    with opened(folder) as store:
        assert len(store.all_messages()) == 2


def test_an_older_store_that_was_put_back_gives_way_to_a_newer_backup(folder: Path, papers: Papers) -> None:
    shutil.copytree(folder / "store", folder.parent / "old")
    with opened(folder) as store:
        say_no(store)
    file = backed_up(folder)
    shutil.rmtree(folder / "store")
    shutil.copytree(folder.parent / "old", folder / "store")
    assert restore(folder, file, papers) == 0
    with opened(folder) as store:
        assert len(store.all_messages()) == 3


def test_lost_settings_come_back_with_the_store_and_not_from_a_forged_backup(folder: Path, papers: Papers) -> None:
    file, settings = backed_up(folder), folder / "settings.toml"
    before = settings.read_text()
    with opened(folder) as store:
        sign(store, folder, Ed25519PrivateKey.generate())
        forged = folder.parent / "forged.age"
        with forged.open("w+b") as target:
            write_backup(store, target, RECIPIENT, before.replace("Main street 1", "Elsewhere"))
    shutil.rmtree(folder / "store")
    settings.unlink()
    assert restore(folder, forged, papers) == 2
    assert not settings.exists()
    assert restore(folder, file, papers) == 0
    assert settings.read_text() == before


def test_what_a_kill_left_of_an_earlier_try_is_in_nobodys_way(folder: Path, papers: Papers) -> None:
    """A half draft, the store already moved aside, and the half of another backup."""
    (folder.parent / ".backup.age.part").write_bytes(b"half")
    file = backed_up(folder)
    assert not (folder.parent / ".backup.age.part").exists()
    (folder / "store").rename(folder / "store.replaced.1")
    shutil.copytree(folder / "store.replaced.1", folder / ".restoring" / "store")
    (folder / ".restoring" / "store" / "kiosk.db").write_bytes(b"half")
    assert restore(folder, file, papers) == 0
    assert not (folder / ".restoring").exists()
    with opened(folder) as store:
        assert len(store.all_messages()) == 2


def test_a_disk_that_refuses_the_new_store_keeps_the_old_one(
    folder: Path, papers: Papers, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = backed_up(folder)
    books = folder / "store" / "kiosk.db"
    books.write_bytes(books.read_bytes()[:-100])
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if self.parent.name == ".restoring":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    assert restore(folder, file, papers) == 2
    assert books.exists()
    assert not (folder / "store.replaced.1").exists()


def test_backups_of_others_are_refused(
    folder: Path, papers: Papers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = backed_up(folder)
    other = papers.set_up(tmp_path / "other", vault="key-file", passphrase_file=None)
    shutil.rmtree(other / "store")
    assert restore(other, file, papers) == 2
    assert "not of this kiosk" in capsys.readouterr().err
    with opened(folder) as store:
        sign(store, folder, Ed25519PrivateKey.generate())
        forged = tmp_path / "forged.age"
        with forged.open("w+b") as target:
            write_backup(store, target, RECIPIENT, "")
    shutil.rmtree(folder / "store")
    assert restore(folder, forged, papers) == 2
    assert "none of its keys" in capsys.readouterr().err
    assert not (folder / "store").exists()


def test_what_cannot_be_is_said_in_one_sentence(
    folder: Path, papers: Papers, capsys: pytest.CaptureFixture[str]
) -> None:
    file = backed_up(folder)
    before = file.read_bytes()
    assert main(["store", "backup", "--folder", str(folder), "--to", str(file)]) == 2
    assert "there already" in capsys.readouterr().err
    assert file.read_bytes() == before
    nowhere = folder.parent / "nowhere" / "backup.age"
    assert main(["store", "backup", "--folder", str(folder), "--to", str(nowhere)]) == 2
    assert restore(folder, file, papers, "--last-sequence", "1") == 2
    shutil.rmtree(folder / "store")
    assert restore(folder, file, papers, "--last-sequence", "1") == 2
    assert "--last-sequence 1 cannot be" in capsys.readouterr().err
    (papers.folder / "other.key").write_text(str(pyrage.x25519.Identity.generate()))
    words = ["store", "restore", str(file), "--folder", str(folder), "--teller", "7", "--teller-name", "N."]
    for identity, said in (("other.key", "another key"), ("pin", "no private key")):
        code = main([*words, "--pin-file", str(papers.pin), "--identity", str(papers.folder / identity)])
        assert code == 2
        assert said in capsys.readouterr().err
    assert not (folder / "store").exists()


@pytest.mark.parametrize("recipient", ["", "age1", "age1" + "q" * 58, "ssh-ed25519 AAAA"])
def test_a_backup_needs_the_banks_key(folder: Path, recipient: str) -> None:
    with opened(folder) as store, pytest.raises(RecipientError):
        write_backup(store, io.BytesIO(), recipient, "")


def test_every_column_that_is_backed_up_is_the_tables_own(tmp_path: Path) -> None:
    """A column that comes with a migration must not be forgotten in backups."""
    with open_test_store(tmp_path / "store") as store:
        for section in SECTIONS:
            sql = f"SELECT name FROM pragma_table_info('{section.name}')"
            rows = store._enqueue(lambda sql=sql: store._books.database.rows(sql)).result()
            assert tuple(row[0] for row in rows) == section.columns


def test_a_store_without_signer_makes_no_backup(tmp_path: Path) -> None:
    with open_test_store(tmp_path / "store") as store, pytest.raises(StoreError):
        store.backup_head("")
