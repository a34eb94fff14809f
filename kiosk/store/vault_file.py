"""The form of a vault file: JSON with a digest that shows lost bytes and a seal that shows edits. Unlocks nothing."""

import base64
import binascii
import hashlib
import hmac
import json
import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk.store.durable_file import replace_durably
from kiosk.store.vault_errors import VaultDamagedError, VaultMissingError

FORMAT = "kiosk key vault 1"
RECOVERY = "recovery"
"""The second slot, if there is one: the master key under a recovery code."""
SLOT_FIELDS = ("parameters", "key_check", "master")
_NONCE_BYTES = 12

Body = dict[str, Any]


def write_vault(path: Path, body: Body, master: bytes) -> None:
    """Write the file durably, sealed by the master key; raise `OSError`."""
    seal = seal_of(body, master)
    file = {"body": body, "seal": seal, "digest": digest_of(body, seal)}
    replace_durably(path, json.dumps(file, indent=1, sort_keys=True).encode())


def read_vault(path: Path) -> tuple[Body, str]:
    """Return body and seal, once the digest shows that no byte was lost: what is wrong after it is the key."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise VaultMissingError(path) from None
    except OSError as error:
        raise VaultDamagedError(path, f"it cannot be read: {error.strerror}") from None
    try:
        file = json.loads(text)
        body, seal, digest = file["body"], file["seal"], file["digest"]
        if body["format"] != FORMAT or not hmac.compare_digest(digest_of(body, str(seal)), digest):
            raise VaultDamagedError(path, "its digest does not fit")
        _demand_shape(body, seal)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise VaultDamagedError(path, "it is no vault file") from None
    return body, seal


def _demand_shape(body: Body, seal: Any) -> None:
    """Raise one of the errors `read_vault` names when a field is missing or of another type."""
    texts = [seal, *(body[name] for name in ("vault_id", "unlocked_by", "made_on", "sealed_on"))]
    texts += body["secrets"].values()
    for slot in (body, body.get(RECOVERY, body)):
        texts += [slot["key_check"], slot["master"]]
        if not isinstance(slot["parameters"], dict):
            raise TypeError
    if not all(isinstance(text, str) and text.isascii() for text in texts):
        raise TypeError


def label(vault_id: str, name: str) -> bytes:
    """Binds what is wrapped to its vault and its name."""
    return f"{vault_id} {name}".encode()


def digest_of(body: Body, seal: str) -> str:
    """Shows lost or changed bytes without any key; protects against nobody."""
    return hashlib.sha256(_canonical(body) + seal.encode()).hexdigest()


def seal_of(body: Body, master: bytes) -> str:
    """Nobody without the master key can take a secret away or exchange two vaults' parts."""
    return hmac.new(master, b"kiosk vault seal" + _canonical(body), hashlib.sha256).hexdigest()


def key_check(key: bytes, vault_id: str) -> str:
    """Tells a wrong key from damage."""
    return hmac.new(key, f"kiosk vault key check {vault_id}".encode(), hashlib.sha256).hexdigest()


def wrap(key: bytes, secret: bytes, bound_to: bytes) -> str:
    """Encrypt a secret, bound to a label."""
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, secret, bound_to)).decode()


def unwrap(path: Path, key: bytes, wrapped: str, bound_to: bytes) -> bytes:
    """Decrypt a secret; raise `VaultDamagedError`."""
    try:
        sealed = base64.b64decode(wrapped, validate=True)
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError, binascii.Error):
        raise VaultDamagedError(path, "a wrapped key does not open") from None


def _canonical(body: Body) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()
