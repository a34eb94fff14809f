"""Which key signs: the present one until the bank's receipt for the next one's announcement is in, then that one.

Both lie in the vault meanwhile. The order of the durable steps: next key into the vault, announcement into the outbox,
receipt into the outbox, one write of the vault that makes the next key the present one and drops the old. A kill
between two of them is made up for by `settle_signing_key`, at each opening of the store.
"""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kiosk.errors import StoreError
from kiosk.store.database_errors import naming_errors
from kiosk.store.durable_file import replace_durably
from kiosk.store.key_vault import SIGNING_KEY, OpenVault
from kiosk.verification.verdict import KeyAnnouncement, sign_message

if TYPE_CHECKING:
    from kiosk.store.store import Store

NEXT_SIGNING_KEY = "next-signing-key"
FORMER_PUBLIC_KEYS = "former-signing-public-keys"
"""Raw public keys one after the other, so that what an earlier key signed for this kiosk still counts here."""
PUBLIC_KEY_FILE = "signing-public-key.pem"
FORMER_KEY_FILE = "signing-public-key.former-{}.pem"
"""Numbered from 1, the oldest first: slips and exports that were signed with them are checked with them."""
_RAW_BYTES = 32


class KeyAnnouncementPendingError(StoreError):
    """One key after the other: the bank has yet to confirm the one that was announced."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        super().__init__(
            f"The bank has not confirmed the signing key announced in message {sequence} yet, so the present one goes"
            " on signing: run the kiosk until that is delivered, then rotate again (or `--only store` now)."
        )


def settle_signing_key(vault: OpenVault, store: "Store") -> None:
    """Make the announced key the present one if the bank has it; drop one whose announcement never came about."""
    if not vault.holds(SIGNING_KEY):
        return
    store.note_signing_key(_public(present_signing_key(vault)))
    if vault.holds(NEXT_SIGNING_KEY):
        coming = _public(_key(vault, NEXT_SIGNING_KEY))
        if store.announcement_of(coming) is None:
            vault.replace({NEXT_SIGNING_KEY: None})
        elif store.is_announced_to_bank(coming):
            _use_next(vault)
    _write_public_keys(vault)


def announce_next_key(vault: OpenVault, store: "Store", kiosk_id: bytes, announced_at: datetime) -> int:
    """Make the next key and queue its announcement; return its sequence. Raise `KeyAnnouncementPendingError`."""
    demand_no_announcement(vault, store)
    present, coming = present_signing_key(vault), Ed25519PrivateKey.generate()
    vault.replace({NEXT_SIGNING_KEY: coming.private_bytes_raw()})

    def build(sequence: int) -> str:
        announcement = KeyAnnouncement(kiosk_id, sequence, int(announced_at.timestamp()), _public(coming))
        return sign_message(announcement, present)

    return store.commit_announcement(_public(coming), announced_at, build)


def demand_no_announcement(vault: OpenVault, store: "Store") -> None:
    """Raise `KeyAnnouncementPendingError` while the bank has yet to confirm a key."""
    settle_signing_key(vault, store)
    if vault.holds(NEXT_SIGNING_KEY):
        sequence = store.announcement_of(_public(_key(vault, NEXT_SIGNING_KEY)))
        assert sequence is not None
        raise KeyAnnouncementPendingError(sequence)


def present_signing_key(vault: OpenVault) -> Ed25519PrivateKey:
    """The key that signs now; raise a `VaultError`."""
    return _key(vault, SIGNING_KEY)


def former_public_keys(vault: OpenVault) -> list[bytes]:
    """Raw keys that signed for this kiosk before the present one, the oldest first."""
    raw = vault.secret(FORMER_PUBLIC_KEYS) if vault.holds(FORMER_PUBLIC_KEYS) else b""
    return [raw[at : at + _RAW_BYTES] for at in range(0, len(raw), _RAW_BYTES)]


def _use_next(vault: OpenVault) -> None:
    former = b"".join((*former_public_keys(vault), _public(present_signing_key(vault))))
    changes = {SIGNING_KEY: vault.secret(NEXT_SIGNING_KEY), NEXT_SIGNING_KEY: None, FORMER_PUBLIC_KEYS: former}
    vault.replace(changes)


def _write_public_keys(vault: OpenVault) -> None:
    """The files beside the vault follow the key that signs."""
    named = {FORMER_KEY_FILE.format(number): key for number, key in enumerate(former_public_keys(vault), 1)}
    named[PUBLIC_KEY_FILE] = _public(present_signing_key(vault))
    for name, key in named.items():
        path: Path = vault.path.with_name(name)
        public_key = Ed25519PublicKey.from_public_bytes(key)
        pem = public_key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        with naming_errors(path):
            if not path.exists() or path.read_bytes() != pem:
                replace_durably(path, pem)


def _key(vault: OpenVault, name: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(vault.secret(name))


def _public(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()
