"""What the store tells of itself: the audit trail, consents, counts."""

import contextlib
from dataclasses import replace

from kiosk.errors import KioskError
from kiosk.privacy.consent import Consent
from kiosk.privacy.data_list import Viewer
from kiosk.privacy.list_consistency import TABLE_OF
from kiosk.privacy.retention import StoredRecord
from kiosk.privacy.visibility import columns_visible_to
from kiosk.store.audit_entry import AuditEntry
from kiosk.store.audit_export import ExportLine
from kiosk.store.audit_trail import CHECKED_AT_ONCE, CONTENT_COLUMNS, TrailCheck
from kiosk.store.signed_head import HeadSigner
from kiosk.store.store_errors import NoHeadSignerError
from kiosk.store.store_thread import StoreThread, in_store_thread


class AuditRecords(StoreThread):
    """Part of `Store`."""

    @in_store_thread
    def audit_entries(self) -> list[AuditEntry]:
        """The audit trail, without entries whose time is over."""
        return list(self._books.trail.entries())

    @in_store_thread
    def tree_head(self) -> bytes:
        """The audit's tree head, 32 bytes."""
        return self._books.trail.tree_head()

    def check_audit(self) -> int:
        """Check the whole trail, entry after entry; return how many. Raise `AuditBrokenError`.

        In slices, between which the store does other work; call it from another thread than the store's.
        """
        check = TrailCheck()
        while (further := self.check_audit_further(check)) != check:
            check = further
        return check.frontier.size

    @in_store_thread
    def check_audit_further(self, check: TrailCheck, most: int = CHECKED_AT_ONCE) -> TrailCheck:
        """One slice of `check_audit`; where it answers with what it was given, all is checked."""
        return self._books.trail.checked_further(check, most)

    @in_store_thread
    def sign_heads_with(self, signer: HeadSigner) -> None:
        """Sign checkpoints with this key from now on: one at once, and one when the store is closed.

        What came before another key takes over is signed with the one that was in use.
        """
        if self._head_signer is not None and self._head_signer.public_key != signer.public_key:
            with contextlib.suppress(KioskError):  # it must not keep the new key out
                self.write_checkpoint()
        self._head_signer = signer
        self.write_checkpoint()

    @in_store_thread
    def write_checkpoint(self) -> int:
        """Sign the head of all entries so far, unless that was done; return how many entries there are.

        The machine's counter, where there is one, is advanced before, so that the checkpoint says where it stands.
        Raise `NoHeadSignerError`.
        """
        if self._head_signer is None:
            raise NoHeadSignerError
        trail, database = self._books.trail, self._books.database
        if self._books.checkpoints.last_size() < trail.size:
            counted = 0 if self._machine_counter is None else database.advance(self._machine_counter)
            at_s = int(self._recorder.moment().utc.timestamp())
            signed = self._head_signer.signed(trail.size, trail.tree_head(), at_s, counted)
            with self._books.transaction():
                self._books.checkpoints.keep(signed)
        return trail.size

    @in_store_thread
    def kiosk_id(self) -> bytes:
        """In whose name heads are signed, 16 bytes; raise `NoHeadSignerError`."""
        if self._head_signer is None:
            raise NoHeadSignerError
        return self._head_signer.kiosk_id

    @in_store_thread
    def first_audit_content(self) -> int:
        """The oldest entry whose content is kept; it rises as retention takes content from the front."""
        return self._books.trail.first_with_content()

    @in_store_thread
    def export_lines(self, after: int, last: int) -> list[ExportLine]:
        """Entries after one and up to another, each followed by the checkpoint over it and those before, if any.

        What an entry says goes along only where the data protection list lets an auditor see it: as a whole or not at
        all, for its leaf is the hash of the whole.
        """
        shown = columns_visible_to(self._data_list, Viewer.AUDITOR, *TABLE_OF[StoredRecord.AUDIT])
        checkpoints = self._books.checkpoints.between(after, last)
        lines: list[ExportLine] = []
        for line in self._books.trail.exported(after, last):
            lines.append(line if shown >= CONTENT_COLUMNS else replace(line, content=None))
            if line.number in checkpoints:
                lines.append(checkpoints[line.number])
        return lines

    @in_store_thread
    def consent_of(self, visit_id: str) -> Consent | None:
        """The consent of a visit."""
        return self._books.consents.consent_of(visit_id)

    @in_store_thread
    def count_rows(self) -> dict[str, int]:
        """How many consents and messages to the bank are kept, and application records where they are unlocked."""
        counts = {
            table: int(self._books.database.rows(f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608
            for table in ("consent", "outbox")
        }
        if self._applications is not None:
            counts["application"] = len(self._applications.ids_and_references())
        return counts
