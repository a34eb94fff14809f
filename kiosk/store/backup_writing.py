"""Writes a backup of an open store, encrypted to the bank's key, in slices between which the store does other work.

Each slice is read as of one moment, the backup's head. Two things may change earlier rows meanwhile: a receipt that
comes in, which is only better news, and retention taking content out of the audit. The entries written are therefore
held against the head, and a backup that was torn is begun anew.
"""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from kiosk.errors import KioskError, StoreError
from kiosk.store.audit_trail import AuditBrokenError, TrailCheck
from kiosk.store.backup_format import SECTIONS, BackupHead, Digest, Row, head_line, tail_line
from kiosk.store.store import Store

_TRIES = 3
_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")


class RecipientError(StoreError):
    """The bank's key for backups cannot be used."""

    def __init__(self, recipient: str) -> None:
        self.recipient = recipient
        if recipient:
            sentence = "The key for backups ([backup] recipient) is no age key (age1…), as age-keygen prints them."
        else:
            sentence = "No key for backups is set: put the bank's age key into the settings, [backup] recipient."
        super().__init__(sentence)


class BackupTornError(StoreError):
    """Entries went while they were read, again and again."""

    def __init__(self) -> None:
        super().__init__(
            "The audit trail changed under the backup each time: try again in some minutes, and if that does not help"
            " look at it with `kiosk store check`."
        )


@dataclass(frozen=True, slots=True)
class WrittenBackup:
    """What a finished backup is of."""

    head: BackupHead
    rows: dict[str, int]


def recipient_key(recipient: str) -> Any:
    """The bank's key as the library takes it; raise `RecipientError`."""
    import pyrage

    if not _RECIPIENT.fullmatch(recipient):
        raise RecipientError(recipient)
    try:
        return pyrage.x25519.Recipient.from_str(recipient)
    except pyrage.RecipientError:
        raise RecipientError(recipient) from None


def write_backup(
    store: Store, file: IO[bytes], recipient: str, settings: str, say: Callable[[float], None] = lambda _: None
) -> WrittenBackup:
    """Write and flush it to the disk; raise a named `StoreError`, or `OSError` of the file.

    The store must have been told what signs its heads. Call it from another thread than the store's.
    """
    import pyrage

    key = recipient_key(recipient)
    for _ in range(_TRIES):
        plain, out = _Plain(store, settings, say), _Out(file)
        file.seek(0)
        file.truncate()
        try:
            pyrage.encrypt_io(plain, out, [key])
        except (OSError, pyrage.EncryptError):
            if plain.error is None and out.error is None:
                raise
        if out.error is not None:
            raise out.error
        if isinstance(plain.error, AuditBrokenError):
            continue
        if plain.error is not None:
            raise plain.error
        file.flush()
        os.fsync(file.fileno())
        return WrittenBackup(plain.head, plain.rows)
    raise BackupTornError


class _Out:
    """A file that remembers what was wrong with it: the encrypting library may call it something else."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.error: OSError | None = None

    def write(self, part: bytes) -> int:
        left = memoryview(part)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self.error = error
            raise
        return len(part)

    def flush(self) -> None:
        self._file.flush()


class _Plain:
    """The lines of one backup, as a file that can be read once."""

    def __init__(self, store: Store, settings: str, say: Callable[[float], None]) -> None:
        self._store, self._say = store, say
        self.head = store.backup_head(settings)
        self.rows: dict[str, int] = {}
        self.error: KioskError | None = None
        """What stopped it: the encrypting library passes on no error of ours."""
        self._digest = Digest()
        self._trail = TrailCheck()
        self._lines = self._all_lines()
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        try:
            while size < 0 or len(self._rest) < size:
                part = next(self._lines, None)
                if part is None:
                    break
                self._rest += part
        except KioskError as error:
            self.error = error
            raise OSError from error
        size = len(self._rest) if size < 0 else size
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    def _all_lines(self) -> Iterator[bytes]:
        line = head_line(self.head)
        self._digest.add(line)
        yield line
        for number, section in enumerate(SECTIONS):
            after, self.rows[section.name] = None, 0
            while True:
                rows, after = self._store.backup_slice(section, self.head, after)
                if not rows:
                    break
                self.rows[section.name] += len(rows)
                self._say((number + self._share(rows)) / len(SECTIONS))
                yield b"".join(self._line(row) for row in rows)
        frontier, head = self._trail.frontier, self.head
        if (frontier.size, frontier.head().hex()) != (head.audit_size, head.audit_head):
            raise AuditBrokenError(None)
        manifest = self._digest.manifest()
        yield tail_line(manifest, *self._store.sign_backup(manifest))
        self._say(1.0)

    def _line(self, row: Row) -> bytes:
        if row.section.name == "audit":
            self._trail = self._trail.with_row(row.values)
        line = row.line()
        self._digest.add(line, row.section.name)
        return line

    def _share(self, rows: list[Row]) -> float:
        """How far through the section, where its first column counts."""
        reached = rows[-1].values[0]
        return reached / max(1, self.head.sequence, self.head.audit_size, reached) if isinstance(reached, int) else 0.5
