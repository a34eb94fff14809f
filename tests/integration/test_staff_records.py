"""What a stolen terminal holds of the application records, and beginning anew where every PIN is lost."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kiosk.privacy.erasure import ErasureReason
from kiosk.store.anchor import WrongStoreKeyError
from kiosk.store.audit_trail import AuditKind
from kiosk.store.key_vault import STAFF_PEPPER, KeyFileVault, OpenVault, create_vault, new_secrets
from kiosk.store.staff_keys import StaffKeyError, new_application_key, unwrap_for_teller, wrap_for_teller
from kiosk.store.store import Store, create_store, open_books, open_store
from kiosk.store.store_errors import ApplicationsLockedError, ApplicationsMissingError
from kiosk.store.tellers import LastTellerError, TellerUnknownError
from tests.stores import MONDAY, answer_visit

KEY, NEW_KEY = new_application_key(), new_application_key()
TELLER, PIN = "1042", "264913"


def vault_in(folder: Path) -> OpenVault:
    return create_vault(folder / "vault.json", KeyFileVault(folder / "vault.key"), new_secrets())


def kiosk_in(folder: Path) -> OpenVault:
    """A kiosk with one teller and the record of one yes; its open vault."""
    vault = vault_in(folder)
    with create_store(folder, vault, KEY) as store:
        store.add_teller(TELLER, "A", "hash", wrap_for_teller(KEY, TELLER, PIN, vault.secret(STAFF_PEPPER)))
        answer_visit(store, "visit")
    return vault


def kinds(store: Store) -> list[tuple[str, str]]:
    return [(entry.kind, entry.actor) for entry in store.audit_entries()]


def test_who_has_the_disk_and_opens_the_vault_has_no_key_to_the_records(tmp_path: Path) -> None:
    """Neither the bytes on the disk, nor the vault's secrets, nor any row of the books holds it."""
    vault = kiosk_in(tmp_path)
    secrets = {name: vault.secret(name) for name in vault._body["secrets"]}
    assert "application-key" not in secrets
    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    with open_store(tmp_path, vault) as store:
        rows = store._executor.submit(_every_row, store).result()
        for hidden in (KEY, KEY.hex().encode(), KEY.hex().upper().encode(), base64.b64encode(KEY)):
            for place in (written, rows, *secrets.values()):
                assert hidden not in place
        for secret in secrets.values():
            with pytest.raises(WrongStoreKeyError):
                store.unlock_applications(secret)
        with pytest.raises(ApplicationsLockedError):
            store.open_applications()
        account = store.teller(TELLER)
        assert account is not None
        with pytest.raises(StaffKeyError):
            unwrap_for_teller(account.staff_key, TELLER, "264914", secrets[STAFF_PEPPER])
        store.unlock_applications(unwrap_for_teller(account.staff_key, TELLER, PIN, secrets[STAFF_PEPPER]))
        assert len(store.open_applications()) == 1


def _every_row(store: Store) -> bytes:
    """Of the books, as whoever opened the vault reads them."""
    database, found = store._books.database, b""
    for (table,) in database.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in database.rows(f"SELECT * FROM {table}"):
            found += b"|".join(value if isinstance(value, bytes) else str(value).encode() for value in row) + b"\n"
    assert b"kiosk-staff-key-1" in found
    return found


def test_the_key_is_dropped_when_the_day_is_closed(tmp_path: Path) -> None:
    with open_store(tmp_path, kiosk_in(tmp_path)) as store:
        store.open_day(KEY, TELLER, MONDAY)
        store.close_day(TELLER)
        store.close_day(TELLER)
        with pytest.raises(ApplicationsLockedError):
            store.open_applications()
        assert kinds(store)[-2:] == [(AuditKind.DAY_OPENED, TELLER), (AuditKind.DAY_CLOSED, TELLER)]


def test_a_changed_pin_leaves_nothing_that_the_old_one_opens(tmp_path: Path) -> None:
    vault = kiosk_in(tmp_path)
    pepper = vault.secret(STAFF_PEPPER)
    with open_store(tmp_path, vault) as store:
        store.set_pin(TELLER, "new hash", wrap_for_teller(KEY, TELLER, "731905", pepper), vouched_by="1043")
        account = store.teller(TELLER)
        assert account is not None
        with pytest.raises(StaffKeyError):
            unwrap_for_teller(account.staff_key, TELLER, PIN, pepper)
        assert unwrap_for_teller(account.staff_key, TELLER, "731905", pepper) == KEY
        assert kinds(store)[-2:] == [(AuditKind.TELLER_VOUCHED_FOR, "1043"), (AuditKind.PIN_CHANGED, TELLER)]
        with pytest.raises(TellerUnknownError):
            store.set_pin("1", "hash", "key")
        assert (tmp_path / "store" / "kiosk.db-wal").stat().st_size == 0


def test_the_last_teller_who_opens_the_records_stays(tmp_path: Path) -> None:
    with open_store(tmp_path, kiosk_in(tmp_path)) as store:
        store.add_teller("1043", "B", "hash", "")
        with pytest.raises(LastTellerError, match="kiosk teller add"):
            store.remove_teller(TELLER)
        store.remove_teller("1043")
        store.add_teller("1044", "C", "hash", "key")
        store.remove_teller(TELLER)
        assert [teller.teller_id for teller in store.tellers()] == ["1044"]
        assert kinds(store)[-1] == (AuditKind.TELLER_REMOVED, TELLER)
        with pytest.raises(TellerUnknownError):
            store.remove_teller(TELLER)


# --- every PIN is lost ---


def test_beginning_anew_gives_the_records_up_and_keeps_everything_else(tmp_path: Path) -> None:
    vault = kiosk_in(tmp_path)
    with open_store(tmp_path, vault) as store:
        store.add_teller("1043", "B", "hash", "key")
        before = {name: count for name, count in _counts(store).items() if name != "application"}
        assert store.start_records_anew(NEW_KEY, TELLER, "A", "new hash", "new key") == 1
        assert store.open_applications() == []
        assert _counts(store) == before | {"application": 0}
        assert [(teller.pin_hash, teller.staff_key) for teller in store.tellers()] == [
            ("new hash", "new key"), ("hash", "")
        ]  # fmt: skip
        assert store.audit_entries()[-2].detail == ErasureReason.KEY_LOST
        assert kinds(store)[-1] == (AuditKind.APPLICATION_KEY_REPLACED, TELLER)
        receipt = store.erase_application("visit", ErasureReason.CUSTOMER_WISH, TELLER)
        assert receipt.reason is ErasureReason.KEY_LOST
        assert store.note_missing_records(MONDAY) == [], "nobody put an old copy back"
        answer_visit(store, "after")
    with open_store(tmp_path, vault) as store:
        with pytest.raises(WrongStoreKeyError):
            store.unlock_applications(KEY)
        store.unlock_applications(NEW_KEY)
        assert [kept.application_id for kept in store.open_applications()] == ["after"]


def _counts(store: Store) -> dict[str, int]:
    counts: dict[str, int] = {}
    for table in ("consent", "outbox"):
        rows = store._executor.submit(store._books.database.rows, f"SELECT count(*) FROM {table}").result()
        counts[table] = rows[0][0]
    if store._applications is not None:
        counts["application"] = len(store.open_applications())
    return counts


@pytest.mark.parametrize("killed_at", ["flush_folder", "unlock_applications"])
def test_beginning_anew_can_be_done_again_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    vault = kiosk_in(tmp_path)
    place = "kiosk.store.staff_records.flush_folder" if killed_at == "flush_folder" else None
    with open_store(tmp_path, vault) as store, monkeypatch.context() as patched:
        if place:
            patched.setattr(place, _kill)
        else:
            patched.setattr(store, killed_at, _kill)
        with pytest.raises(KeyboardInterrupt):
            store.start_records_anew(NEW_KEY, TELLER, "A", "hash", "key")
    with pytest.raises(ApplicationsMissingError, match="kiosk teller reset"):
        open_store(tmp_path, vault)
    with open_books(tmp_path, vault) as store:
        assert store.start_records_anew(NEW_KEY, "1050", "C", "hash", "key") == 0
        assert store.open_applications() == []
        assert store.teller("1050") is not None
    with open_store(tmp_path, vault) as store:
        store.open_day(NEW_KEY, "1050", datetime.now(UTC) + timedelta(minutes=1))


def _kill(*_: object) -> None:
    raise KeyboardInterrupt
