"""The RFC 6962 Merkle tree: appending and the head take O(log n), whatever the tree's size, and proofs are short. Pure.

An audit path shows that a leaf is in a tree, a consistency path that a later tree begins with an earlier one. Leaves
are hashed with prefix 0x00 and nodes with 0x01 (section 2.1), so no node can pass for a leaf.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

EMPTY_HEAD = hashlib.sha256().digest()
HASH_BYTES = 32
MAX_SIZE = 2**63 - 1


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


def frontier_of(size: int, peaks: Sequence[bytes]) -> Frontier | None:
    """The frontier that somebody wrote down; None where a tree of this size cannot have it."""
    whole = 0 <= size <= MAX_SIZE and len(peaks) == size.bit_count() and all(len(peak) == HASH_BYTES for peak in peaks)
    return Frontier(size, tuple(peaks)) if whole else None


def audit_path(leaves: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """The path from a leaf to the head (RFC 6962, section 2.1.1); `index` counts from 0. Takes time with the tree."""
    if len(leaves) == 1:
        return ()
    split = _split(len(leaves))
    if index < split:
        return (*audit_path(leaves[:split], index), head_of(leaves[split:]))
    return (*audit_path(leaves[split:], index - split), head_of(leaves[:split]))


def consistency_path(leaves: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """That the tree of these leaves begins with that of the `first` ones, 1 or more (RFC 6962, section 2.1.2)."""
    return _subproof(leaves, first, known=True)


def extends(first: int, first_head: bytes, second: int, second_head: bytes, path: Sequence[bytes]) -> bool:
    """True if a consistency path leads from the head of `first` leaves to that of `second`: nothing before was changed.

    The algorithm is that of RFC 9162, section 2.1.4.2.
    """
    if not 0 < first <= second:
        return False
    if first == second:
        return first_head == second_head and not path
    hashes = [first_head, *path] if first.bit_count() == 1 else list(path)
    node, last = first - 1, second - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    if not hashes:
        return False
    earlier = later = hashes[0]
    for sibling in hashes[1:]:
        if last == 0:
            return False
        if node & 1 or node == last:
            earlier, later = node_hash(sibling, earlier), node_hash(sibling, later)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            later = node_hash(later, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and earlier == first_head and later == second_head


def head_of(leaves: Sequence[bytes]) -> bytes:
    """The head of a tree of leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier = frontier.appended(leaf)
    return frontier.head()


def path_of_next(frontier: Frontier) -> tuple[bytes, ...]:
    """The audit path of the leaf that is appended next, in the tree that ends with it (RFC 6962, section 2.1.1)."""
    return tuple(reversed(frontier.peaks))


def head_by_path(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """The head that follows from a leaf and its audit path; None where the path has another length than it must.

    `index` counts from 0. The algorithm is that of RFC 9162, section 2.1.3.2.
    """
    if not 0 <= index < size:
        return None
    node, last, head = index, size - 1, leaf
    for sibling in path:
        if last == 0:
            return None
        if node & 1 or node == last:
            head = node_hash(sibling, head)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            head = node_hash(head, sibling)
        node, last = node >> 1, last >> 1
    return head if last == 0 else None


def _split(size: int) -> int:
    """The largest power of two below a size of 2 or more: where the standard divides a tree."""
    return 1 << (size - 1).bit_length() - 1


def _subproof(leaves: Sequence[bytes], first: int, *, known: bool) -> tuple[bytes, ...]:
    if first == len(leaves):
        return () if known else (head_of(leaves),)
    split = _split(len(leaves))
    if first <= split:
        return (*_subproof(leaves[:split], first, known=known), head_of(leaves[split:]))
    return (*_subproof(leaves[split:], first - split, known=False), head_of(leaves[:split]))
