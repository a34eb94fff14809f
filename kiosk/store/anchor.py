"""The small authenticated file beside a database that says how far it had got: whole-file rollback and a lost last
write show here and nowhere in SQLite.

It also carries the database key's check value, so that another vault's key and a damaged database are told apart.

Both anchors lie in the folder `store/` with their databases. Who puts back a database with the anchor of the same
moment, or the whole older folder, is noticed by a counter outside the folder only: the machine's own, where it has one
(`machine_counter`), else the bank's view of the sequence. (An older `applications.db` shows in the books, see
`missing_records`.)
"""

import hashlib
import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kiosk.errors import StoreError
from kiosk.store.durable_file import replace_durably
from kiosk.store.merkle_tree import EMPTY_HEAD, Frontier, frontier_of

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


class FolderPutBackError(AnchorError):
    """Database and anchor fit each other and not the machine's counter."""

    def __init__(self, path: Path, counted: int, found: int) -> None:
        self.counted, self.found = counted, found
        super().__init__(
            path,
            f"{path.parent} is a copy of an earlier moment (it says {counted}, this machine has counted to {found}):"
            " put back the newest copy.",
        )


class OtherMachineError(AnchorError):
    """The store counts with a machine that is not this one any more."""

    def __init__(self, path: Path, counted: int, found: int | None) -> None:
        self.counted, self.found = counted, found
        has = "has no such counter" if found is None else f"has counted to {found}"
        super().__init__(
            path,
            f"{path.parent} counts with another machine (it says {counted}, this one {has}): put the store on its own"
            " machine; if vault and store differ on purpose, `kiosk audit new-counter`.",
        )


class DatabaseMissingError(AnchorError):
    """The anchor stands without its database."""

    def __init__(self, path: Path, database: Path) -> None:
        self.database = database
        super().__init__(path, f"{database} is gone, but its anchor {path} is there: put the database back.")


@dataclass(frozen=True, slots=True)
class Anchor:
    """How far a database had got: transactions, audit entries and the audit's tree head (32 bytes)."""

    generation: int = 0
    audit_size: int = 0
    audit_head: bytes = EMPTY_HEAD
    audit_peaks: tuple[bytes, ...] | None = None
    """From these the tree can be gone on with; None in an anchor of the first version."""
    machine_counter: int | None = None
    """Where the machine's counter stands, or will once it is advanced; None where it has none."""

    @property
    def frontier(self) -> Frontier | None:
        """The audit tree that this anchor vouches for; None if all its entries must be read for it."""
        frontier = None if self.audit_peaks is None else frontier_of(self.audit_size, self.audit_peaks)
        return frontier if frontier is not None and frontier.head() == self.audit_head else None


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
            anchor = _anchor_of(body)
            same_key = body["format"] == _FORMAT and body["key_check"] == self._key_check
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
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
                "audit_peaks": None if anchor.audit_peaks is None else [peak.hex() for peak in anchor.audit_peaks],
                "machine_counter": anchor.machine_counter,
            }
        ).encode()
        replace_durably(self.path, _content(body, self._seal(body)))

    def _seal(self, body: bytes) -> bytes:
        return _sealed(self._anchor_key, body)


def sealed_anew(path: Path, anchor_key: bytes, next_key: bytes) -> bytes:
    """The content of an anchor under another anchor key, its database's key unchanged; raise `AnchorDamagedError`."""
    try:
        body, seal, _ = path.read_bytes().splitlines()
    except (OSError, ValueError):
        raise AnchorDamagedError(path) from None
    if not hmac.compare_digest(_sealed(anchor_key, body), seal):
        raise AnchorDamagedError(path)
    return _content(body, _sealed(next_key, body))


def _content(body: bytes, seal: bytes) -> bytes:
    return b"\n".join((body, seal, hashlib.sha256(body).hexdigest().encode(), b""))


def _sealed(anchor_key: bytes, body: bytes) -> bytes:
    return hmac.new(anchor_key, body, hashlib.sha256).hexdigest().encode()


def _anchor_of(body: Any) -> Anchor:
    peaks, counter = body.get("audit_peaks"), body.get("machine_counter")
    return Anchor(
        int(body["generation"]),
        int(body["audit_size"]),
        bytes.fromhex(body["audit_head"]),
        None if peaks is None else tuple(map(bytes.fromhex, peaks)),
        None if counter is None else int(counter),
    )
