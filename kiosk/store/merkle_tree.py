"""The RFC 6962 Merkle tree as a frontier: appending and the head take O(log n), whatever the tree's size. Pure.

Leaves are hashed with prefix 0x00 and nodes with 0x01 (section 2.1), so no node can pass for a leaf.
"""

import hashlib
from dataclasses import dataclass

EMPTY_HEAD = hashlib.sha256().digest()


def leaf_hash(content: bytes) -> bytes:
    """SHA-256 of a leaf, 32 bytes."""
    return hashlib.sha256(b"\x00" + content).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256 of an inner node, 32 bytes."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """The complete subtrees of a tree, largest first: one for each one-bit of its size."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def appended(self, leaf: bytes) -> "Frontier":
        """The frontier with one more leaf hash."""
        peaks, carry = list(self.peaks), self.size
        while carry & 1:
            leaf = node_hash(peaks.pop(), leaf)
            carry >>= 1
        return Frontier(self.size + 1, (*peaks, leaf))

    def head(self) -> bytes:
        """The tree head, 32 bytes; SHA-256 of nothing for the empty tree."""
        if not self.peaks:
            return EMPTY_HEAD
        head = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            head = node_hash(peak, head)
        return head
