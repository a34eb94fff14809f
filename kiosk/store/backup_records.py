"""What a backup reads of the store: a head, and rows in slices that belong to that head."""

from typing import Any

from kiosk.store.backup_format import BackupHead, Row, Section, signed_bytes
from kiosk.store.store_errors import NoHeadSignerError
from kiosk.store.store_thread import StoreThread, in_store_thread
from kiosk.store.timestamps import to_text

# `?` are where the last slice ended, and the head's last message or entry. What came after the head is left out.
_QUERIES = {
    "signing_key": ("signing_key WHERE thumbprint > ? AND ? >= 0 ORDER BY thumbprint", ""),
    "outbox": ("outbox WHERE sequence > ? AND sequence <= ? ORDER BY sequence", 0),
    "consent": ("consent JOIN outbox USING (visit_id) WHERE sequence > ? AND sequence <= ? ORDER BY sequence", 0),
    "erasure": ("erasure WHERE application_id > ? AND ? >= 0 ORDER BY application_id", ""),
    "audit": ("audit WHERE sequence > ? AND sequence <= ? ORDER BY sequence", 0),
    "audit_checkpoint": ("audit_checkpoint WHERE tree_size > ? AND tree_size <= ? ORDER BY tree_size", 0),
}
_KEYS = {"erasure": "application_id", "signing_key": "thumbprint", "audit_checkpoint": "tree_size"}
_OF_THE_TRAIL = frozenset({"audit", "audit_checkpoint"})


class BackupRecords(StoreThread):
    """Part of `Store`."""

    @in_store_thread
    def backup_head(self, settings: str) -> BackupHead:
        """This moment, which a backup will show; raise `NoHeadSignerError`."""
        if self._head_signer is None:
            raise NoHeadSignerError
        return BackupHead(
            kiosk_id=self._head_signer.kiosk_id.hex(),
            made_at=to_text(self._recorder.moment().utc),
            generation=self._books.database.generation,
            sequence=self._books.outbox.next_sequence() - 1,
            audit_size=self._books.trail.size,
            audit_head=self._books.trail.tree_head().hex(),
            settings=settings,
        )

    @in_store_thread
    def audit_size(self) -> int:
        """How many entries the audit trail has."""
        return self._books.trail.size

    @in_store_thread
    def backup_slice(self, section: Section, head: BackupHead, after: Any = None) -> tuple[list[Row], Any]:
        """Some rows behind a place in the section, and the place to go on from; None for both ends."""
        query, first = _QUERIES[section.name]
        last = head.audit_size if section.name in _OF_THE_TRAIL else head.sequence
        key = _KEYS.get(section.name, "sequence")
        rows = self._books.database.rows(
            f"SELECT {key}, {', '.join(f'{section.name}.{name}' for name in section.columns)}"  # noqa: S608
            f" FROM {query} LIMIT {section.rows_at_once}",
            (first if after is None else after, last),
        )
        return [Row(section, row[1:]) for row in rows], rows[-1][0] if rows else None

    @in_store_thread
    def sign_backup(self, manifest: dict[str, Any]) -> tuple[bytes, bytes]:
        """Public key and signature over a backup's manifest; raise `NoHeadSignerError`."""
        if self._head_signer is None:
            raise NoHeadSignerError
        return self._head_signer.public_key, self._head_signer.sign(signed_bytes(manifest))
