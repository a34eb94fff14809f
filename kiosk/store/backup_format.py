"""What a backup holds and how it is written down: JSON lines, hashed by section, signed as a whole. Pure.

Never in it: application records, tellers with their PINs, keys. So no backup can bring back what a person was promised
to be gone, and none opens anything.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.errors import StoreError

LONGEST_LINE_BYTES = 64 * 1024
_FORMAT = "kiosk store backup 1"
_DOMAIN = b"kiosk store backup 1\0"
"""So that a signature over a backup can never be one over anything else that this key signs."""


class BackupBrokenError(StoreError):
    """Not a whole backup; carries why."""

    def __init__(self, fault: str) -> None:
        self.fault = fault
        super().__init__(f"The backup is damaged or no backup of a kiosk ({fault}): take another copy of it.")


@dataclass(frozen=True, slots=True)
class Section:
    """One table of `kiosk.db`, read in the order of its first column."""

    name: str
    columns: tuple[str, ...]
    blobs: frozenset[str] = frozenset()
    rows_at_once: int = 500
    """Few enough that nobody at the terminal waits for them."""


SECTIONS = (
    Section("signing_key", ("thumbprint", "public_key", "since", "announced_in"), frozenset({"public_key"})),
    Section(
        "outbox",
        ("sequence", "kind", "visit_id", "reference", "answered_at", "message", "attempts", "next_attempt_at",
         "delivered_at", "receipt"),
        frozenset({"reference"}),
    ),
    Section("consent", ("visit_id", "list_version", "text_sha256", "language", "purposes", "given_at", "act")),
    Section("erasure", ("application_id", "reason", "ordered_at", "erased_at")),
    Section(
        "audit",
        ("sequence", "recorded_at", "boot_id", "uptime_ns", "actor", "kind", "detail", "leaf_hash"),
        frozenset({"leaf_hash"}),
    ),
    Section(
        "audit_checkpoint",
        ("tree_size", "tree_head", "signed_at", "machine_counter", "thumbprint", "signature"),
        frozenset({"tree_head", "signature"}),
    ),
)  # fmt: skip
_BY_NAME = {section.name: section for section in SECTIONS}


@dataclass(frozen=True, slots=True)
class BackupHead:
    """Which kiosk, and at what moment: the backup is as the store was then."""

    kiosk_id: str
    """32 hex digits."""
    made_at: str
    """UTC text, as the store keeps times."""
    generation: int
    """Transactions that `kiosk.db` has seen."""
    sequence: int
    """The last message's; it is never used again."""
    audit_size: int
    audit_head: str
    """64 hex digits."""
    settings: str
    """`settings.toml` as it stands; it holds no secret."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a section."""

    section: Section
    values: tuple[Any, ...]

    def line(self) -> bytes:
        """As it stands in the file."""
        named = zip(self.section.columns, self.values, strict=True)
        written = [value.hex() if name in self.section.blobs and value is not None else value for name, value in named]
        return json.dumps([self.section.name, *written], separators=(",", ":")).encode() + b"\n"


@dataclass(slots=True)
class Digest:
    """Counts and hashes what is written or read, line after line."""

    _whole: Any = field(default_factory=hashlib.sha256)
    _sections: dict[str, Any] = field(default_factory=lambda: {name: hashlib.sha256() for name in _BY_NAME})
    _rows: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_BY_NAME, 0))

    def add(self, line: bytes, section: str | None = None) -> None:
        self._whole.update(line)
        if section is not None:
            self._sections[section].update(line)
            self._rows[section] += 1

    def manifest(self) -> dict[str, Any]:
        """How many rows of what, with their hashes, and the hash of everything before."""
        sections = {name: {"rows": self._rows[name], "sha256": self._sections[name].hexdigest()} for name in _BY_NAME}
        return {"sections": sections, "sha256": self._whole.hexdigest()}


def head_line(head: BackupHead) -> bytes:
    """The first line."""
    return json.dumps({"format": _FORMAT, **asdict(head)}, separators=(",", ":")).encode() + b"\n"


def signed_bytes(manifest: dict[str, Any]) -> bytes:
    """What the kiosk signs of a backup."""
    return _DOMAIN + json.dumps(manifest, sort_keys=True, separators=(",", ":")).encode()


def tail_line(manifest: dict[str, Any], public_key: bytes, signature: bytes) -> bytes:
    """The last line."""
    said = {"manifest": manifest, "public_key": public_key.hex(), "signature": signature.hex()}
    return json.dumps(said, separators=(",", ":")).encode() + b"\n"


class BackupReader:
    """Takes a backup's bytes as they come, and gives head and rows; whole and signed only once `finish` says so."""

    def __init__(self) -> None:
        self.head: BackupHead | None = None
        self._digest = Digest()
        self._rest = b""
        self._section = 0
        self._tail: dict[str, Any] | None = None

    def take(self, part: bytes) -> Iterator[Row]:
        """The rows that these bytes complete; raise `BackupBrokenError`."""
        *lines, self._rest = (self._rest + part).split(b"\n")
        if len(self._rest) > LONGEST_LINE_BYTES:
            raise BackupBrokenError("a line is too long")
        for line in lines:
            if (row := self._line(line + b"\n")) is not None:
                yield row

    def finish(self) -> bytes:
        """Return the public key that signed it all, 32 bytes; whose it is, others must say."""
        if self.head is None or self._tail is None or self._rest:
            raise BackupBrokenError("its end is missing")
        try:
            manifest, key = self._tail["manifest"], bytes.fromhex(self._tail["public_key"])
            if manifest != self._digest.manifest():
                raise BackupBrokenError("its manifest does not fit what it holds")
            signature = bytes.fromhex(self._tail["signature"])
            Ed25519PublicKey.from_public_bytes(key).verify(signature, signed_bytes(manifest))
        except (KeyError, TypeError, ValueError, InvalidSignature):
            raise BackupBrokenError("its signature does not fit") from None
        return key

    def _line(self, line: bytes) -> Row | None:
        if self._tail is not None:
            raise BackupBrokenError("something follows its end")
        try:
            said = json.loads(line)
            if self.head is None:
                self.head = _head_of(said)
                self._digest.add(line)
                return None
            if isinstance(said, dict):
                self._tail = said
                return None
            name, *written = said
            section = _BY_NAME[name]
            row = Row(section, _values_of(section, written))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise BackupBrokenError("a line is none of a backup") from None
        if (place := SECTIONS.index(section)) < self._section:
            raise BackupBrokenError("its parts are out of order")
        self._section = place
        self._digest.add(line, name)
        return row


def _head_of(said: Any) -> BackupHead:
    if said.pop("format") != _FORMAT:
        raise ValueError
    head = BackupHead(**said)
    numbers = (head.generation, head.sequence, head.audit_size)
    if not all(isinstance(number, int) and 0 <= number < 2**62 for number in numbers):
        raise ValueError
    if not all(isinstance(text, str) for text in (head.made_at, head.settings)):
        raise TypeError
    if len(bytes.fromhex(head.kiosk_id)) != 16 or len(bytes.fromhex(head.audit_head)) != 32:
        raise ValueError
    return head


def _values_of(section: Section, written: list[Any]) -> tuple[Any, ...]:
    named = zip(section.columns, written, strict=True)
    values = tuple(bytes.fromhex(said) if said is not None and name in section.blobs else said for name, said in named)
    if not all(value is None or isinstance(value, (str, int, bytes)) for value in values):
        raise TypeError
    return values
