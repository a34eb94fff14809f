"""A head of the audit tree, signed by the kiosk: a checkpoint. Pure; verifiers on other machines use it."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

_DOMAIN = b"kiosk audit head 1\0"
"""So that a signature over a head can never be one over anything else that this key signs."""
_RECORD = struct.Struct(">16sQ32sQQ")


@dataclass(frozen=True, slots=True)
class TreeHead:
    """What is signed."""

    kiosk_id: bytes
    """16 bytes."""
    size: int
    """Entries in the tree."""
    head: bytes
    """32 bytes."""
    signed_at_s: int
    """UTC seconds since 1970."""
    machine_counter: int = 0
    """Of the machine's own counter, which nothing sets back; 0 where it has none."""

    def encode(self) -> bytes:
        """The bytes that are signed."""
        return _DOMAIN + _RECORD.pack(self.kiosk_id, self.size, self.head, self.signed_at_s, self.machine_counter)


@dataclass(frozen=True, slots=True)
class SignedHead:
    """A head with its signature and the key that made it."""

    tree_head: TreeHead
    public_key: bytes
    """32 bytes, raw Ed25519."""
    signature: bytes
    """64 bytes."""

    def is_good(self) -> bool:
        """Whether the signature is this key's; whose key it is, others must say."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(self.signature, self.tree_head.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


@dataclass(frozen=True, slots=True)
class HeadSigner:
    """What signs heads for one kiosk."""

    kiosk_id: bytes
    public_key: bytes
    sign: Callable[[bytes], bytes]

    @classmethod
    def of(cls, kiosk_id: bytes, key: Ed25519PrivateKey) -> Self:
        """By a kiosk's signing key."""
        return cls(kiosk_id, key.public_key().public_bytes_raw(), key.sign)

    def signed(self, size: int, head: bytes, signed_at_s: int, machine_counter: int = 0) -> SignedHead:
        """Sign one head."""
        tree_head = TreeHead(self.kiosk_id, size, head, signed_at_s, machine_counter)
        return SignedHead(tree_head, self.public_key, self.sign(tree_head.encode()))
