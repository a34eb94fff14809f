"""`kiosk.db` as a whole: its tables, its audit trail, and transactions that cover both. Knows no application."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from kiosk.privacy.data_list import DataProtectionList
from kiosk.privacy.signed_slip import AuditPlace
from kiosk.store.anchor import Anchor
from kiosk.store.audit_trail import AuditDetail, AuditKind, AuditTrail
from kiosk.store.checkpoints import Checkpoints
from kiosk.store.consent_ledger import ConsentLedger
from kiosk.store.database import Database, open_database
from kiosk.store.failure_ledger import FailureLedger
from kiosk.store.outbox import Outbox
from kiosk.store.retention_ledger import RetentionLedger
from kiosk.store.tellers import Tellers
from kiosk.store.timestamps import Moment


class Books:
    """What opens with the machine. Every write stands inside `transaction()`."""

    def __init__(self, path: Path, key: bytes, anchor_key: bytes, data_list: DataProtectionList) -> None:
        """Open and check `kiosk.db`, its audit trail included; raise a named `StoreError`."""
        trail: AuditTrail | None = None

        def load(database: Database, anchor: Anchor) -> bytes:
            nonlocal trail
            trail = AuditTrail(database)
            return trail.load(anchor)

        self.database = open_database(path, key, anchor_key, data_list, load)
        self.trail = trail or AuditTrail(self.database)
        self.consents = ConsentLedger(self.database)
        self.outbox = Outbox(self.database)
        self.tellers = Tellers(self.database)
        self.erasures = RetentionLedger(self.database)
        self.failures = FailureLedger(self.database)
        self.checkpoints = Checkpoints(self.database)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, the tree of the audit trail included."""
        with self.trail.settling(), self.database.transaction():
            yield

    def close(self) -> None:
        self.database.close()


class Recorder:
    """Appends audit entries with the moment they happen at."""

    def __init__(self, books: Books, moment: Callable[[], Moment]) -> None:
        self._books = books
        self.moment = moment

    def record(self, actor: str, kind: AuditKind, detail: AuditDetail | None = None) -> AuditPlace:
        """Append an entry inside the caller's transaction; return its place in the tree."""
        return self._books.trail.append(self.moment(), actor, kind, detail)
