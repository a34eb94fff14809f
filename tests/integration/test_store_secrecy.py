"""Nothing about a person can be read on the disk; what was erased is not even there in the decrypted store."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from tests.stores import APPLICATION_KEY, RECORD, answer_visit, open_test_store

MARKED = replace(
    RECORD,
    primary_name="MARKERONE" * 8,
    secondary_name="MARKERTWO",
    document_number="MARKER3NUMBER",
    address="MARKERFOUR " * 40,
    phone="+99MARKER5",
)
MARKERS = (b"MARKERONE", b"MARKERTWO", b"MARKER3NUMBER", b"MARKERFOUR", b"+99MARKER5", b"A. MARKERTELLER")


def all_bytes(folder: Path) -> bytes:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) >= 4
    return b"".join(path.read_bytes() for path in files)


def test_no_marker_can_be_read_in_any_file(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    with open_test_store(folder) as store:
        store.add_teller("1042", "A. MARKERTELLER", "hash", "key")
        for number in range(20):
            answer_visit(store, f"MARKERVISIT{number}", record=MARKED)
        running = all_bytes(folder)
        assert (folder / "applications.db-wal").stat().st_size > 0
    closed = all_bytes(folder)
    for marker in (*MARKERS, b"MARKERVISIT", b"message.1.", b"primary_name", b"SQLite format"):
        assert marker not in running
        assert marker not in closed
    with open_test_store(folder) as store:
        assert store.open_applications()[0].record == MARKED


@pytest.mark.parametrize("ending", ["opened", "discarded", "due"])
def test_what_was_erased_is_gone_from_the_decrypted_pages_too(tmp_path: Path, ending: str) -> None:
    folder = tmp_path / "store"
    with open_test_store(folder) as store:
        for number in range(12):
            answer_visit(store, f"stays{number}")
        if ending == "discarded":
            store.keep_application("goes", MARKED, b"\x07" * 32, store.open_applications()[0].answered_at)
            store.discard_visit("goes")
        else:
            answer_visit(store, "goes", record=MARKED)
            if ending == "opened":
                store.mark_opened("goes", "t1")
            else:
                store.erase_due(store.open_applications()[0].erased_at_latest)
        assert (folder / "applications.db-wal").stat().st_size == 0
    pages = pages_in_clear(folder / "applications.db")
    assert (b"ERIKSSON" in pages) is (ending != "due")
    for marker in MARKERS:
        assert marker not in pages


def pages_in_clear(path: Path) -> bytes:
    """Decrypt page by page as SQLCipher's format says: free pages and slack included."""
    page_bytes, reserved, salt_bytes = 4096, 80, 16
    content = path.read_bytes()
    clear = b""
    for number in range(len(content) // page_bytes):
        page = content[number * page_bytes : (number + 1) * page_bytes]
        start = salt_bytes if number == 0 else 0
        iv = page[page_bytes - reserved : page_bytes - reserved + 16]
        decryptor = Cipher(algorithms.AES(APPLICATION_KEY), modes.CBC(iv)).decryptor()
        clear += decryptor.update(page[start : page_bytes - reserved]) + decryptor.finalize()
    assert b"CREATE TABLE application" in clear
    return clear
