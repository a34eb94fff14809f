"""The lines of an exported audit trail: written by the store, read again on any machine. JSON, one value a line.

The first line says whose it is and, where it does not begin with the first entry, from which tree it goes on. An entry
is a list: its seven fields and its leaf, or its number and its leaf once its content is over. A checkpoint is an object
and follows the entry up to which it signs. The last line is a checkpoint over all. Standard library and pure modules
only.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from kiosk.errors import StoreError
from kiosk.store.audit_entry import AuditEntry
from kiosk.store.merkle_tree import HASH_BYTES, Frontier, frontier_of
from kiosk.store.signed_head import SignedHead, TreeHead

FORMAT = "kiosk audit 1"
LONGEST_LINE_BYTES = 64 * 1024
_ENTRY = [int, str, str, int, str, str, str, str]
_KIOSK_ID_BYTES, _KEY_BYTES, _SIGNATURE_BYTES = 16, 32, 64


class ExportLineError(StoreError):
    """A line of an export is none."""

    def __init__(self, number: int) -> None:
        self.number = number
        super().__init__(f"Line {number} is no line of an exported audit trail: the file was changed or cut.")


@dataclass(frozen=True, slots=True)
class ExportHeader:
    """Whose trail it is, and the tree of the entries that are left out at the front."""

    kiosk_id: bytes
    """16 bytes."""
    frontier: Frontier = field(default_factory=Frontier)


@dataclass(frozen=True, slots=True)
class ExportedEntry:
    """One entry with its leaf; its content may be over."""

    number: int
    leaf: bytes
    content: AuditEntry | None = None

    @property
    def is_whole(self) -> bool:
        """Whether the content, where it is kept, is what the leaf was made from."""
        try:
            return self.content is None or self.content.leaf() == self.leaf
        except UnicodeEncodeError:  # half a character, which nobody could have hashed
            return False


ExportLine = ExportedEntry | SignedHead


def first_line(header: ExportHeader) -> str:
    """The first line without its end."""
    peaks = [peak.hex() for peak in header.frontier.peaks]
    return json.dumps({"format": FORMAT, "kiosk": header.kiosk_id.hex(), "after": header.frontier.size, "peaks": peaks})


def read_first_line(line: str) -> ExportHeader:
    """Whose trail it is; raise `ExportLineError`."""
    try:
        match json.loads(line):
            case {"format": str(form), "kiosk": str(kiosk), "after": int(after), "peaks": list(peaks)} if (
                form == FORMAT
            ):
                frontier = frontier_of(after, [_exactly(HASH_BYTES, peak) for peak in peaks])
                if frontier is not None:
                    return ExportHeader(_exactly(_KIOSK_ID_BYTES, kiosk), frontier)
    except (ValueError, TypeError, RecursionError):
        pass
    raise ExportLineError(1) from None


def as_line(what: ExportLine) -> str:
    """One line without its end."""
    match what:
        case ExportedEntry(content=AuditEntry() as entry):
            fields: Any = [
                entry.sequence, entry.recorded_at, entry.boot_id, entry.uptime_ns, entry.actor, entry.kind,
                entry.detail, what.leaf.hex(),
            ]  # fmt: skip
        case ExportedEntry():
            fields = [what.number, what.leaf.hex()]
        case SignedHead():
            fields = {
                "size": what.tree_head.size,
                "head": what.tree_head.head.hex(),
                "signed_at": what.tree_head.signed_at_s,
                "counter": what.tree_head.machine_counter,
                "key": what.public_key.hex(),
                "signature": what.signature.hex(),
            }
    return json.dumps(fields, separators=(",", ":"), ensure_ascii=False)


def read_lines(kiosk_id: bytes, lines: Iterator[str], start: int = 2) -> Iterator[ExportLine]:
    """What each line says; raise `ExportLineError` at the first that is none."""
    for number, line in enumerate(lines, start):
        try:
            yield _read(kiosk_id, json.loads(line))
        except (ValueError, TypeError, RecursionError):
            raise ExportLineError(number) from None


def _read(kiosk_id: bytes, fields: Any) -> ExportLine:
    if type(fields) is list and [*map(type, fields)] == _ENTRY:  # nearly every line: no pattern is as quick
        *said, leaf = fields
        _number(fields[3])
        return ExportedEntry(_number(fields[0]), _exactly(HASH_BYTES, leaf), AuditEntry(*said))
    match fields:
        case [int(number), str(leaf)]:
            return ExportedEntry(_number(number), _exactly(HASH_BYTES, leaf))
        case {
            "size": int(size),
            "head": str(head),
            "signed_at": int(at),
            "counter": int(counter),
            "key": str(key),
            "signature": str(signature),
            **others,
        } if not others:
            size, at, counter = map(_number, (size, at, counter))
            signed = TreeHead(kiosk_id, size, _exactly(HASH_BYTES, head), at, counter)
            return SignedHead(signed, _exactly(_KEY_BYTES, key), _exactly(_SIGNATURE_BYTES, signature))
        case _:
            raise ValueError


def _number(value: int) -> int:
    """A number as the store counts; `true` is none, though Python takes it for 1."""
    if type(value) is not int or not 0 <= value < 2**63:
        raise ValueError
    return value


def _exactly(count: int, digits: str) -> bytes:
    """Bytes from hex in its one spelling."""
    data = bytes.fromhex(digits)
    if len(data) != count or data.hex() != digits:
        raise ValueError
    return data
