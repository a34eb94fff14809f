"""What the reference receiver knows: registered keys, and every message once, durable before it is answered.

A plain SQLite file, as a bank's own end would use its own database. It shows what a bank must check and keep; it is
not meant for production.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kiosk.errors import UpstreamError
from kiosk.verification.verdict import (
    KIOSK_ID_BYTES,
    KeyAnnouncement,
    OutgoingMessage,
    ReceiptRecord,
    key_id_of,
    key_thumbprint,
    message_hash,
    sign_receipt,
    verify_message,
)

_BUSY_S = 10.0
_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
    thumbprint TEXT PRIMARY KEY,
    public_key BLOB NOT NULL,
    kiosk_id BLOB
) STRICT;
CREATE TABLE IF NOT EXISTS successions (
    predecessor TEXT PRIMARY KEY REFERENCES keys,
    successor TEXT NOT NULL UNIQUE REFERENCES keys
) STRICT;
CREATE TABLE IF NOT EXISTS messages (
    kiosk_id BLOB NOT NULL,
    sequence INTEGER NOT NULL,
    jws TEXT NOT NULL,
    receipt TEXT NOT NULL,
    thumbprint TEXT NOT NULL REFERENCES keys,
    received_at_s INTEGER NOT NULL,
    announced INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kiosk_id, sequence)
) STRICT;
CREATE INDEX IF NOT EXISTS messages_by_key ON messages (thumbprint, sequence);
"""


class ReceiverError(UpstreamError):
    """The receiver's folder cannot be used."""


class UnknownKeyError(UpstreamError):
    """Signed by a key that nobody registered, or outside the time it was good for."""


class WrongKioskError(UpstreamError):
    """A registered key, but it belongs to another kiosk."""


class SequenceTakenError(UpstreamError):
    """Another message came under this kiosk id and sequence before."""


@dataclass(frozen=True, slots=True)
class ReceiverFolder:
    """Where each file of a reference receiver lies."""

    folder: Path

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    @property
    def ca_key(self) -> Path:
        return self.folder / "ca-key.pem"

    @property
    def server(self) -> Path:
        return self.folder / "server.pem"

    @property
    def server_key(self) -> Path:
        return self.folder / "server-key.pem"

    @property
    def client(self) -> Path:
        return self.folder / "kiosk-client.pem"

    @property
    def client_key(self) -> Path:
        return self.folder / "kiosk-client-key.pem"

    @property
    def receipt_key(self) -> Path:
        return self.folder / "receipt-key.pem"

    @property
    def receipt_public_key(self) -> Path:
        return self.folder / "receipt-public-key.pem"

    @property
    def database(self) -> Path:
        return self.folder / "verdicts.sqlite3"


@dataclass(frozen=True, slots=True)
class Received:
    """One message that counts."""

    message: OutgoingMessage
    jws: str
    received_at_s: int
    """UTC seconds."""


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What to answer, and what is new about it."""

    receipt: str
    news: Received | None
    """None where this message had arrived before."""


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A kiosk's public key and the kiosk it belongs to."""

    thumbprint: str
    kiosk_id: bytes | None
    """None until the first message that it signed."""


class Ledger:
    """Verifies and counts messages. Safe to use from several threads, and while another process registers a key."""

    def __init__(self, database: Path, receipt_key: Ed25519PrivateKey, now_s: Callable[[], int]) -> None:
        """Open or make the file; `now_s` gives UTC seconds."""
        self._receipt_key = receipt_key
        self._now_s = now_s
        self._lock = threading.Lock()
        try:
            self._connection = sqlite3.connect(database, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = FULL")
            self._connection.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise ReceiverError(f"The receiver's file {database} cannot be used: {error}.") from error

    def register(self, public_key: Ed25519PublicKey, kiosk_id: bytes | None = None) -> str:
        """Believe this key from now on and return its thumbprint.

        Without a kiosk id the key is bound to the kiosk that its first message names.
        """
        thumbprint = key_thumbprint(public_key)
        with self._transaction() as rows:
            if kiosk_id is not None:
                self._require_unclaimed(rows, kiosk_id, thumbprint)
            rows.execute(
                "INSERT INTO keys (thumbprint, public_key, kiosk_id) VALUES (?, ?, ?)"
                " ON CONFLICT DO UPDATE SET kiosk_id = coalesce(kiosk_id, excluded.kiosk_id)",
                (thumbprint, public_key.public_bytes_raw(), kiosk_id),
            )
        return thumbprint

    def accept(self, jws: str) -> Acceptance:
        """Return the receipt for a message, the same one however often it comes.

        1. its key is registered; 2. signature and form are good; 3. the key belongs to the kiosk that the message
        names; 4. kiosk id and sequence are new, or the message is the very same; 5. the key was good for that sequence.
        Only then is it written, and only when it is on the disk does this return.
        """
        thumbprint = key_id_of(jws)
        with self._transaction() as rows:
            known = "SELECT public_key, kiosk_id FROM keys WHERE thumbprint = ?"
            row = rows.execute(known, (thumbprint,)).fetchone()
            if row is None:
                raise UnknownKeyError("No kiosk with this key is registered here.")
            message = verify_message(jws, Ed25519PublicKey.from_public_bytes(row[0]))
            self._require_kiosk(rows, thumbprint, row[1], message.kiosk_id)
            if (receipt := self._earlier_receipt(rows, message, jws)) is not None:
                return Acceptance(receipt, None)
            self._require_in_use(rows, thumbprint, message.sequence)
            return self._count(rows, message, jws, thumbprint)

    def received(self) -> list[Received]:
        """Return all messages, by kiosk and sequence."""
        return self._read("SELECT jws, received_at_s FROM messages ORDER BY kiosk_id, sequence")

    def unannounced(self) -> list[Received]:
        """Return what was counted but perhaps not told to anybody before the receiver ended."""
        return self._read(
            "SELECT jws, received_at_s FROM messages WHERE NOT announced ORDER BY received_at_s, sequence"
        )

    def mark_announced(self, message: OutgoingMessage) -> None:
        """Note that this message was told."""
        with self._transaction() as rows:
            key = (message.kiosk_id, message.sequence)
            rows.execute("UPDATE messages SET announced = 1 WHERE kiosk_id = ? AND sequence = ?", key)

    def missing_before(self, message: OutgoingMessage) -> int:
        """Return how many sequence numbers between this and the one before it, the first being 1, have not arrived."""
        with self._lock:
            (before,) = self._connection.execute(
                "SELECT max(sequence) FROM messages WHERE kiosk_id = ? AND sequence < ?",
                (message.kiosk_id, message.sequence),
            ).fetchone()
        return int(message.sequence - (before or 0) - 1)

    def registered_keys(self) -> list[RegisteredKey]:
        """Return the registered keys."""
        with self._lock:
            rows = self._connection.execute("SELECT thumbprint, kiosk_id FROM keys ORDER BY rowid").fetchall()
        return [RegisteredKey(thumbprint, kiosk_id) for thumbprint, kiosk_id in rows]

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _read(self, query: str) -> list[Received]:
        """Verify again what is read: the file is no more trusted than the line."""
        with self._lock:
            rows = self._connection.execute(query).fetchall()
            keys = dict(self._connection.execute("SELECT thumbprint, public_key FROM keys").fetchall())
        return [
            Received(verify_message(jws, Ed25519PublicKey.from_public_bytes(keys[key_id_of(jws)])), jws, received_at_s)
            for jws, received_at_s in rows
        ]

    def _require_kiosk(
        self, rows: sqlite3.Connection, thumbprint: str, bound_to: bytes | None, kiosk_id: bytes
    ) -> None:
        if bound_to is None:
            self._require_unclaimed(rows, kiosk_id, thumbprint)
            rows.execute("UPDATE keys SET kiosk_id = ? WHERE thumbprint = ?", (kiosk_id, thumbprint))
        elif bound_to != kiosk_id:
            raise WrongKioskError("This key is registered for another kiosk.")

    def _require_unclaimed(self, rows: sqlite3.Connection, kiosk_id: bytes, thumbprint: str) -> None:
        if len(kiosk_id) != KIOSK_ID_BYTES:
            raise WrongKioskError(f"A kiosk id has {KIOSK_ID_BYTES} bytes, written as 32 hex digits.")
        claimed = "SELECT 1 FROM keys WHERE kiosk_id = ? AND thumbprint <> ?"
        if rows.execute(claimed, (kiosk_id, thumbprint)).fetchone() is not None:
            raise WrongKioskError("Another key is registered for this kiosk; it must announce its successor itself.")

    def _earlier_receipt(self, rows: sqlite3.Connection, message: OutgoingMessage, jws: str) -> str | None:
        earlier: tuple[str, str] | None = rows.execute(
            "SELECT jws, receipt FROM messages WHERE kiosk_id = ? AND sequence = ?",
            (message.kiosk_id, message.sequence),
        ).fetchone()
        if earlier is not None and earlier[0] != jws:
            raise SequenceTakenError("Another message of this kiosk came under the same sequence number.")
        return None if earlier is None else earlier[1]

    def _require_in_use(self, rows: sqlite3.Connection, thumbprint: str, sequence: int) -> None:
        """By sequence, a kiosk's messages are signed by one key and then by its successor, and never go back.

        A kiosk signs with the announced key once it has the receipt for the announcement; what it signed until then
        may arrive later.
        """
        last_of_predecessor = rows.execute(
            "SELECT (SELECT max(sequence) FROM messages WHERE thumbprint = predecessor)"
            " FROM successions WHERE successor = ?",
            (thumbprint,),
        ).fetchone()
        if last_of_predecessor is not None and sequence <= last_of_predecessor[0]:
            raise UnknownKeyError("This key is not in use yet for this sequence number: its predecessor is.")
        first_of_successor = rows.execute(
            "SELECT (SELECT min(sequence) FROM messages WHERE thumbprint = successor)"
            " FROM successions WHERE predecessor = ?",
            (thumbprint,),
        ).fetchone()
        if first_of_successor not in (None, (None,)) and sequence >= first_of_successor[0]:
            raise UnknownKeyError("This key is out of use for this sequence number: the key it announced has signed.")

    def _count(self, rows: sqlite3.Connection, message: OutgoingMessage, jws: str, thumbprint: str) -> Acceptance:
        now_s = self._now_s()
        record = ReceiptRecord(message.kiosk_id, message.sequence, message_hash(jws), now_s)
        receipt = sign_receipt(record, self._receipt_key)
        rows.execute(
            "INSERT INTO messages (kiosk_id, sequence, jws, receipt, thumbprint, received_at_s)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (message.kiosk_id, message.sequence, jws, receipt, thumbprint, now_s),
        )
        if isinstance(message, KeyAnnouncement):
            self._follow(rows, message, thumbprint)
        return Acceptance(receipt, Received(message, jws, now_s))

    def _follow(self, rows: sqlite3.Connection, announcement: KeyAnnouncement, thumbprint: str) -> None:
        """Believe the announced key; from its first message on the announcing one is good for earlier ones only."""
        successor = key_thumbprint(Ed25519PublicKey.from_public_bytes(announcement.next_public_key))
        spoken_for = "SELECT 1 FROM keys WHERE thumbprint = ? UNION ALL SELECT 1 FROM successions WHERE predecessor = ?"
        if rows.execute(spoken_for, (successor, thumbprint)).fetchone() is not None:
            raise SequenceTakenError("This key has announced a successor before, or announces a key already in use.")
        rows.execute(
            "INSERT INTO keys (thumbprint, public_key, kiosk_id) VALUES (?, ?, ?)",
            (successor, announcement.next_public_key, announcement.kiosk_id),
        )
        rows.execute("INSERT INTO successions VALUES (?, ?)", (thumbprint, successor))


def load_receipt_key(path: Path) -> Ed25519PrivateKey:
    """Return the bank's receipt key; raise `ReceiverError`."""
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (OSError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise ReceiverError(
            f"There is no usable receipt key at {path}; make a receiver with `kiosk receiver init`."
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise ReceiverError(f"{path} must hold an Ed25519 key.")
    return key
