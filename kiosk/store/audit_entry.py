"""One entry of the audit trail and its leaf in the tree. Standard library only: verifiers on other machines use it."""

from dataclasses import dataclass
from datetime import datetime

from kiosk.store.merkle_tree import leaf_hash


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One entry as it is kept."""

    sequence: int
    recorded_at: str
    boot_id: str
    uptime_ns: int
    actor: str
    kind: str
    detail: str

    def leaf(self) -> bytes:
        """The leaf hash: every field as UTF-8, each after its length in four bytes, big-endian, in this order."""
        fields = (
            str(self.sequence),
            self.recorded_at,
            self.boot_id,
            str(self.uptime_ns),
            self.actor,
            self.kind,
            self.detail,
        )
        encoded = [field.encode() for field in fields]
        return leaf_hash(b"".join([len(field).to_bytes(4, "big") + field for field in encoded]))

    @property
    def recorded_at_utc(self) -> datetime:
        return datetime.fromisoformat(self.recorded_at)
