"""Store figures for `kiosk bench`: durable commits, what the encryption costs, how long opening takes."""

import os
import sqlite3
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlcipher3

from kiosk.session.events import RefusalReason
from kiosk.store.key_vault import KeyFileVault, OpenVault, create_vault, new_secrets
from kiosk.store.store import Store, create_store, open_store
from kiosk.verification.verdict import MESSAGE_JWS_CHARS, REFERENCE_BYTES, Verdict

_ROW_BYTES = 2000


class StoreBench:
    """A store of its own in a folder that the caller removes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._vault: OpenVault = create_vault(folder / "vault.json", KeyFileVault(folder / "vault.key"), new_secrets())

    def commit_times_s(self, count: int) -> list[float]:
        """Seconds for each of `count` refusals, signed message and audit entry included."""
        with create_store(self._folder, self._vault) as store:
            return [_timed(lambda: _commit_refusal(store)) for _ in range(count)]

    def open_time_s(self) -> float:
        """Seconds to open and check the store that was just filled."""

        def open_and_close() -> None:
            open_store(self._folder, self._vault).close()

        return statistics.median(_timed(open_and_close) for _ in range(5))

    def cipher_ratio(self, count: int) -> float:
        """Durable one-row transactions of 2 kB, SQLCipher over plain SQLite, taken in turns."""
        plain = _connection(sqlite3.connect, self._folder / "plain.db")
        cipher = _connection(sqlcipher3.connect, self._folder / "cipher.db", key=os.urandom(32))
        times: tuple[list[float], list[float]] = ([], [])
        for _ in range(count):
            for connection, taken in zip((plain, cipher), times, strict=True):
                taken.append(_timed(lambda connection=connection: _insert(connection)))  # type: ignore[misc]
        plain.close()
        cipher.close()
        return statistics.median(times[1]) / statistics.median(times[0])


def _commit_refusal(store: Store) -> None:
    verdict = Verdict(os.urandom(REFERENCE_BYTES), False, int(datetime.now(UTC).timestamp()))
    store.commit_verdict(
        os.urandom(16).hex(),
        build=lambda _sequence, _head: "x" * MESSAGE_JWS_CHARS,
        verdict=verdict,
        actor="bench",
        detail=f"refused: {RefusalReason.NOT_ELIGIBLE}",
    )


def _connection(connect: Callable[..., Any], path: Path, key: bytes | None = None) -> Any:
    connection = connect(str(path), isolation_level=None)
    if key is not None:
        connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
    for pragma in ("journal_mode = WAL", "synchronous = FULL"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.execute("CREATE TABLE row (content BLOB)")
    return connection


def _insert(connection: Any) -> None:
    connection.execute("INSERT INTO row VALUES (?)", (os.urandom(_ROW_BYTES),))


def _timed(act: Callable[[], object]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began
