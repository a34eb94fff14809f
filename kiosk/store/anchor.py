"""The small authenticated file beside a database that says how far it had got: whole-file rollback and a lost last
write show here and nowhere in SQLite.

It also carries the database key's check value, so that another vault's key and a damaged database are told apart.

Both anchors lie in the folder `store/` with their databases. Who puts back a database with the anchor of the same
moment, or the whole older folder, is not noticed here: that takes a counter outside, which is the bank's view of the
sequence. (An older `applications.db` shows in the books, see `missing_records`.)
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path

from kiosk.errors import StoreError
from kiosk.store.durable_file import replace_durably

_FORMAT = "kiosk store anchor 1"


class AnchorError(StoreError):
    """Root of what the anchor shows; carries the anchor's path."""

    def __init__(self, path: Path, sentence: str) -> None:
        self.path = path
        super().__init__(sentence)


class AnchorMissingError(AnchorError):
    """The database stands without its anchor."""

    def __init__(self, path: Path, database: Path) -> None:
        super().__init__(path, f"The anchor {path} of {database} is missing: put both back from the same moment.")


class AnchorDamagedError(AnchorError):
    """Bytes of the anchor have changed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"The anchor {path} is damaged or was changed: put back its file of the last run.")


class WrongStoreKeyError(AnchorError):
    """Vault and store belong to two kiosks."""

    def __init__(self, path: Path, database: Path) -> None:
        self.database = database
        super().__init__(
            path, f"{database} was made with the keys of another vault: put vault and store of one kiosk together."
        )


class RolledBackError(AnchorError):
    """The database is not where the anchor says it was."""

    def __init__(self, path: Path, database: Path, fault: str) -> None:
        self.database, self.fault = database, fault
        super().__init__(path, f"{database} is not the store of the last run ({fault}): put back the newest copy.")


class DatabaseMissingError(AnchorError):
    """The anchor stands without its database."""

    def __init__(self, path: Path, database: Path) -> None:
        self.database = database
        super().__init__(path, f"{database} is gone, but its anchor {path} is there: put the database back.")


@dataclass(frozen=True, slots=True)
class Anchor:
    """How far a database had got: transactions, audit entries and the audit's tree head (32 bytes)."""

    generation: int
    audit_size: int
    audit_head: bytes


class AnchorFile:
    """Reads and atomically replaces one anchor."""

    def __init__(self, path: Path, anchor_key: bytes, database_key: bytes) -> None:
        self.path = path
        self._anchor_key = anchor_key
        self._key_check = hmac.new(database_key, b"kiosk store key check", hashlib.sha256).hexdigest()

    def read(self, database: Path) -> Anchor | None:
        """Return the anchor, None where there is none; raise `AnchorDamagedError` or `WrongStoreKeyError`."""
        try:
            lines = self.path.read_bytes().splitlines()
        except FileNotFoundError:
            return None
        except OSError:
            raise AnchorDamagedError(self.path) from None
        if len(lines) != 3 or hashlib.sha256(lines[0]).hexdigest().encode() != lines[2]:
            raise AnchorDamagedError(self.path)
        try:
            body = json.loads(lines[0])
            anchor = Anchor(int(body["generation"]), int(body["audit_size"]), bytes.fromhex(body["audit_head"]))
            same_key = body["format"] == _FORMAT and body["key_check"] == self._key_check
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise AnchorDamagedError(self.path) from None
        if not same_key:
            raise WrongStoreKeyError(self.path, database)
        if not hmac.compare_digest(self._seal(lines[0]), lines[1]):
            raise AnchorDamagedError(self.path)
        return anchor

    def write(self, anchor: Anchor) -> None:
        """Replace the anchor durably; raise `OSError`."""
        body = json.dumps(
            {
                "format": _FORMAT,
                "key_check": self._key_check,
                "generation": anchor.generation,
                "audit_size": anchor.audit_size,
                "audit_head": anchor.audit_head.hex(),
            }
        ).encode()
        digest = hashlib.sha256(body).hexdigest().encode()
        replace_durably(self.path, b"\n".join((body, self._seal(body), digest, b"")))

    def _seal(self, body: bytes) -> bytes:
        return hmac.new(self._anchor_key, body, hashlib.sha256).hexdigest().encode()
