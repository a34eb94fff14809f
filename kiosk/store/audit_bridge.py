"""Shows that one tree head grew out of an earlier one, without showing an entry: a consistency proof (RFC 6962, 2.1.2).

For a bank that holds two heads of a terminal and is to learn nothing of who did what there. Standard library only.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass

from kiosk.errors import StoreError
from kiosk.store.audit_export import ExportedEntry, ExportLine
from kiosk.store.audit_verification import VERDICT, sequence_in
from kiosk.store.merkle_tree import HASH_BYTES, consistency_path, extends

_FORMAT = "kiosk audit bridge 1"
LONGEST_BRIDGE_BYTES = 64 * 1024


class NoBridgeError(StoreError):
    """There is no such proof, or this is none."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """From the head in one message to the head in a later one."""

    first_sequence: int
    first_size: int
    """Entries under the head that the message carried."""
    second_sequence: int
    second_size: int
    path: tuple[bytes, ...]

    def holds(self, first_head: bytes, second_head: bytes) -> bool:
        """Whether the second tree begins with the first, unchanged."""
        return extends(self.first_size, first_head, self.second_size, second_head, self.path)

    def as_json(self) -> str:
        return json.dumps(
            {
                "format": _FORMAT,
                "from": [self.first_sequence, self.first_size],
                "to": [self.second_sequence, self.second_size],
                "path": [step.hex() for step in self.path],
            }
        )


def read_bridge(text: str) -> Bridge:
    """Raise `NoBridgeError`."""
    try:
        match json.loads(text):
            case {
                "format": str(form),
                "from": [int(first_sequence), int(first_size)],
                "to": [int(second_sequence), int(second_size)],
                "path": list(path),
            } if form == _FORMAT:
                steps = tuple(map(bytes.fromhex, path))
                if all(len(step) == HASH_BYTES for step in steps):
                    return Bridge(first_sequence, first_size, second_sequence, second_size, steps)
    except (ValueError, TypeError, RecursionError):
        pass
    raise NoBridgeError("This is no proof that `kiosk audit bridge` has written.") from None


def build_bridge(lines: Iterable[ExportLine], first: int, second: int) -> Bridge:
    """The proof between the heads in two messages, from a whole trail; raise `NoBridgeError`."""
    sizes, leaves = dict[int, int](), list[bytes]()
    for line in lines:
        if isinstance(line, ExportedEntry):
            if line.content is not None and line.content.kind == VERDICT:
                sizes[sequence_in(line.content)] = len(leaves)
            leaves.append(line.leaf)
    missing = [sequence for sequence in (first, second) if sequence not in sizes]
    if missing:
        raise NoBridgeError(f"The trail names no message {missing[0]}: it is not in it, or its entry's time is over.")
    first_size, second_size = sizes[first], sizes[second]
    if not 0 < first_size < second_size:
        raise NoBridgeError("The first message must be sent before the second, and not as the terminal's first entry.")
    return Bridge(first, first_size, second, second_size, consistency_path(leaves[:second_size], first_size))
