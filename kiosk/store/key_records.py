"""The public halves of this kiosk's signing keys, and the message that announces the next one to the bank."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.store.audit_trail import MACHINE, AuditDetail, AuditKind
from kiosk.store.store_thread import StoreThread, in_store_thread
from kiosk.store.timestamps import from_text, to_text
from kiosk.verification.verdict import key_thumbprint, message_hash


@dataclass(frozen=True, slots=True)
class KnownSigningKey:
    """One that signs, has signed, or is announced."""

    thumbprint: str
    public_key: bytes
    """32 bytes, raw Ed25519."""
    since: datetime
    """When it was made."""
    announced_in: int | None
    """Sequence of its announcement; None for the first key, which people registered."""


class KeyRecords(StoreThread):
    """Part of `Store`."""

    @in_store_thread
    def note_signing_key(self, public_key: bytes) -> None:
        """Remember a key that was registered by people; one that is known stays as it is."""
        if self._known(public_key) is None:
            with self._books.transaction():
                self._add_signing_key(public_key, self._recorder.moment().utc, None)

    @in_store_thread
    def note_vault_locked_anew(self) -> None:
        """Enter that somebody with the vault's secrets chose anew what locks it."""
        with self._books.transaction():
            self._recorder.record(MACHINE, AuditKind.VAULT_LOCKED_ANEW)

    @in_store_thread
    def commit_announcement(self, public_key: bytes, announced_at: datetime, build: Callable[[int], str]) -> int:
        """Queue the announcement of a next key with its audit entry, durably; return its sequence.

        `build(sequence)` returns the message, signed by the present key. Announcing the same key again changes nothing.
        """
        known = self._known(public_key)
        if known is not None and known.announced_in is not None:
            return known.announced_in
        with self._books.transaction():
            sequence = self._books.outbox.next_sequence()
            jws = build(sequence)
            self._books.outbox.add_announcement(sequence, announced_at, jws)
            self._add_signing_key(public_key, announced_at, sequence)
            said = AuditDetail(number=sequence, sha256=message_hash(jws).hex())
            self._recorder.record(MACHINE, AuditKind.KEY_ANNOUNCED, said)
        return sequence

    @in_store_thread
    def announcement_of(self, public_key: bytes) -> int | None:
        """The sequence of the message that announces a key; None where there is none."""
        known = self._known(public_key)
        return None if known is None else known.announced_in

    @in_store_thread
    def is_announced_to_bank(self, public_key: bytes) -> bool:
        """Whether the bank's receipt for a key's announcement is in."""
        sequence = self.announcement_of(public_key)
        if sequence is None:
            return False
        undelivered = "SELECT 1 FROM outbox WHERE sequence = ? AND delivered_at IS NULL"
        # A row that is gone was delivered: no other is ever erased.
        return self._books.database.row(undelivered, (sequence,)) is None

    @in_store_thread
    def signing_keys(self) -> list[KnownSigningKey]:
        """Every key, in the order in which they were made."""
        rows = self._books.database.rows(
            "SELECT thumbprint, public_key, since, announced_in FROM signing_key ORDER BY coalesce(announced_in, 0)"
        )
        return [KnownSigningKey(row[0], row[1], from_text(row[2]), row[3]) for row in rows]

    def _known(self, public_key: bytes) -> KnownSigningKey | None:
        return next((key for key in self.signing_keys() if key.public_key == public_key), None)

    def _add_signing_key(self, public_key: bytes, since: datetime, announced_in: int | None) -> None:
        thumbprint = key_thumbprint(Ed25519PublicKey.from_public_bytes(public_key))
        self._books.database.execute(
            "INSERT OR REPLACE INTO signing_key (thumbprint, public_key, since, announced_in) VALUES (?, ?, ?, ?)",
            (thumbprint, public_key, to_text(since), announced_in),
        )
