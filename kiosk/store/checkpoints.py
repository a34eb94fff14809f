"""Signed heads of the audit tree, as the store keeps them. Signs nothing."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.store.database import Database
from kiosk.store.signed_head import SignedHead, TreeHead
from kiosk.store.timestamps import from_text, second_to_text
from kiosk.verification.verdict import key_thumbprint


class Checkpoints:
    """The `audit_checkpoint` table. Writes stand inside the caller's transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, signed: SignedHead) -> None:
        """Keep a signed head; the first one over a size stands."""
        head = signed.tree_head
        key = key_thumbprint(Ed25519PublicKey.from_public_bytes(signed.public_key))
        self._database.execute(
            "INSERT OR IGNORE INTO signing_key (thumbprint, public_key, since) VALUES (?, ?, ?)",
            (key, signed.public_key, second_to_text(head.signed_at_s)),
        )
        self._database.execute(
            "INSERT OR IGNORE INTO audit_checkpoint VALUES (?, ?, ?, ?, ?, ?)",
            (head.size, head.head, second_to_text(head.signed_at_s), head.machine_counter or None, key,
             signed.signature),
        )  # fmt: skip

    def last_size(self) -> int:
        """How many entries the newest head is over; 0 where there is none."""
        ((size,),) = self._database.rows("SELECT coalesce(max(tree_size), 0) FROM audit_checkpoint")
        return int(size)

    def between(self, after: int, last: int) -> dict[int, SignedHead]:
        """Heads over more than `after` and at most `last` entries, by size. They name no kiosk: all are this one's."""
        rows = self._database.rows(
            "SELECT tree_size, tree_head, signed_at, machine_counter, public_key, signature FROM audit_checkpoint"
            " JOIN signing_key USING (thumbprint) WHERE tree_size > ? AND tree_size <= ?",
            (after, last),
        )
        return {
            size: SignedHead(
                TreeHead(bytes(16), size, head, int(from_text(at).timestamp()), counter or 0), key, signature
            )
            for size, head, at, counter, key, signature in rows
        }
