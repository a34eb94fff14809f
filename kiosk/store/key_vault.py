"""The file that holds the kiosk's keys, wrapped, and what unlocks it: a passphrase, or a key file for the demo.

Every secret is wrapped with AES-256-GCM by a random master key, and the master key by the unlocking key. A wrong
unlocking key, a damaged vault file and a missing one are three errors with three cures. Knows no database.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from argon2.exceptions import Argon2Error
from argon2.low_level import Type, hash_secret_raw
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kiosk.store.durable_file import replace_durably
from kiosk.store.vault_errors import (
    KeyFileDamagedError,
    KeyFileExposedError,
    KeyFileMissingError,
    SecretMissingError,
    VaultDamagedError,
    VaultExistsError,
    VaultKindError,
    VaultMissingError,
    WrongKeyError,
)

STORE_KEY = "store-key"
APPLICATION_KEY = "application-key"
ANCHOR_KEY = "anchor-key"
SIGNING_KEY = "signing-key"
TLS_CLIENT_KEY = "tls-client-key"

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = "kiosk key vault 1"
_OPEN_TO_OTHERS = stat.S_IRWXG | stat.S_IRWXO

Parameters = Mapping[str, str | int]


class KeyVault(Protocol):
    """What unlocks a vault file. Tests hold every implementation to one contract."""

    @property
    def kind(self) -> str:
        """Written into the vault file; what unlocks it, in words."""

    def new_key(self) -> tuple[bytes, Parameters]:
        """Return a 32-byte unlocking key for a new vault, and what must be stored to find it again."""

    def key(self, parameters: Parameters) -> bytes:
        """Return the 32-byte unlocking key; raise `ValueError` when the parameters are out of bounds."""


@dataclass(frozen=True, slots=True, repr=False)
class PassphraseVault:
    """Argon2id over a passphrase, with OWASP's parameters or stronger ones beside the vault."""

    passphrase: str
    memory_kib: int = 64 * 1024
    passes: int = 3
    lanes: int = 1

    kind = "passphrase"

    def new_key(self) -> tuple[bytes, Parameters]:
        parameters: Parameters = {
            "salt": os.urandom(16).hex(),
            "memory_kib": self.memory_kib,
            "passes": self.passes,
            "lanes": self.lanes,
        }
        return self.key(parameters), parameters

    def key(self, parameters: Parameters) -> bytes:
        memory_kib, passes, lanes = (_whole_number(parameters, key) for key in ("memory_kib", "passes", "lanes"))
        if not (19 * 1024 <= memory_kib <= 2**20 and 2 <= passes <= 16 and 1 <= lanes <= 8):
            raise ValueError("its Argon2id parameters are out of bounds")
        salt = bytes.fromhex(str(parameters.get("salt")))
        secret = self.passphrase.encode()
        try:
            return hash_secret_raw(secret, salt, passes, memory_kib, lanes, KEY_BYTES, Type.ID)
        except Argon2Error as error:
            raise ValueError(f"Argon2id refused its parameters: {error}") from None


@dataclass(frozen=True, slots=True)
class KeyFileVault:
    """A random key in a file of its owner's: for the demo and for kiosks without a TPM. Made when missing at setup."""

    key_path: Path

    kind = "key file"

    def new_key(self) -> tuple[bytes, Parameters]:
        if not self.key_path.exists():
            self.key_path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_durably(self.key_path, os.urandom(KEY_BYTES))
        return self.key({}), {}

    def key(self, parameters: Parameters) -> bytes:  # noqa: ARG002 (the contract)
        try:
            key = self.key_path.read_bytes()
        except OSError:
            raise KeyFileMissingError(self.key_path) from None
        self._refuse_if_exposed()
        if len(key) != KEY_BYTES:
            raise KeyFileDamagedError(self.key_path)
        return key

    def _refuse_if_exposed(self) -> None:
        if os.name != "posix":
            return
        if stat.S_IMODE(self.key_path.stat().st_mode) & _OPEN_TO_OTHERS:
            raise KeyFileExposedError(self.key_path, self.key_path)
        # In a folder where others may write, they could put a key file of their own in its place.
        if stat.S_IMODE(self.key_path.parent.stat().st_mode) & (stat.S_IWGRP | stat.S_IWOTH):
            raise KeyFileExposedError(self.key_path, self.key_path.parent)


class OpenVault:
    """An unlocked vault: hands out secrets by name."""

    def __init__(self, path: Path, body: dict[str, Any], master: bytes) -> None:
        self._path, self._body, self._master = path, body, master

    def secret(self, name: str) -> bytes:
        """Unwrap one secret; raise `SecretMissingError` or `VaultDamagedError`."""
        wrapped = self._body["secrets"].get(name)
        if wrapped is None:
            raise SecretMissingError(self._path, name)
        return _unwrap(self._path, self._master, wrapped, _label(self._body["vault_id"], name))


def new_secrets() -> dict[str, bytes]:
    """Fresh random keys for the store, its applications and its anchors."""
    return {name: os.urandom(KEY_BYTES) for name in (STORE_KEY, APPLICATION_KEY, ANCHOR_KEY)}


def create_vault(path: Path, unlocking: KeyVault, secrets: Mapping[str, bytes]) -> OpenVault:
    """Make a vault file with these secrets; raise `VaultExistsError` rather than replace one."""
    if path.exists():
        raise VaultExistsError(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, parameters = unlocking.new_key()
    master = os.urandom(KEY_BYTES)
    vault_id = os.urandom(16).hex()
    body: dict[str, Any] = {
        "format": _FORMAT,
        "vault_id": vault_id,
        "unlocked_by": unlocking.kind,
        "parameters": dict(parameters),
        "key_check": _key_check(key, vault_id),
        "master": _wrap(key, master, _label(vault_id, "master")),
        "secrets": {name: _wrap(master, secret, _label(vault_id, name)) for name, secret in secrets.items()},
    }
    _write(path, body, master)
    return OpenVault(path, body, master)


def open_vault(path: Path, unlocking: KeyVault) -> OpenVault:
    """Unlock a vault file; raise a `VaultError` that names what is wrong with file, kind or key."""
    body, seal = _read(path)
    if body["unlocked_by"] != unlocking.kind:
        raise VaultKindError(path, body["unlocked_by"])
    try:
        key = unlocking.key(body["parameters"])
    except ValueError as error:
        raise VaultDamagedError(path, str(error)) from None
    if not hmac.compare_digest(_key_check(key, body["vault_id"]), body["key_check"]):
        raise WrongKeyError(path, body["unlocked_by"])
    master = _unwrap(path, key, body["master"], _label(body["vault_id"], "master"))
    if not hmac.compare_digest(_seal(body, master), seal):
        raise VaultDamagedError(path, "its seal does not fit")
    return OpenVault(path, body, master)


def _write(path: Path, body: dict[str, Any], master: bytes) -> None:
    seal = _seal(body, master)
    file = {"body": body, "seal": seal, "digest": _digest(body, seal)}
    replace_durably(path, json.dumps(file, indent=1, sort_keys=True).encode())


def _read(path: Path) -> tuple[dict[str, Any], str]:
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
        if body["format"] != _FORMAT or not hmac.compare_digest(_digest(body, str(seal)), digest):
            raise VaultDamagedError(path, "its digest does not fit")
        _demand_shape(body, seal)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise VaultDamagedError(path, "it is no vault file") from None
    return body, seal


def _demand_shape(body: dict[str, Any], seal: Any) -> None:
    """Raise one of the errors `_read` names when a field is missing or of another type."""
    texts = (seal, body["vault_id"], body["unlocked_by"], body["key_check"], body["master"], *body["secrets"].values())
    if not all(isinstance(text, str) and text.isascii() for text in texts) or not isinstance(body["parameters"], dict):
        raise TypeError


def _label(vault_id: str, name: str) -> bytes:
    """Binds what is wrapped to its vault and its name."""
    return f"{vault_id} {name}".encode()


def _canonical(body: dict[str, Any]) -> bytes:
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


def _digest(body: dict[str, Any], seal: str) -> str:
    """Shows lost or changed bytes without any key; protects against nobody."""
    return hashlib.sha256(_canonical(body) + seal.encode()).hexdigest()


def _seal(body: dict[str, Any], master: bytes) -> str:
    """Nobody without the master key can take a secret away or exchange two vaults' parts."""
    return hmac.new(master, b"kiosk vault seal" + _canonical(body), hashlib.sha256).hexdigest()


def _key_check(key: bytes, vault_id: str) -> str:
    return hmac.new(key, f"kiosk vault key check {vault_id}".encode(), hashlib.sha256).hexdigest()


def _wrap(key: bytes, secret: bytes, label: bytes) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, secret, label)).decode()


def _unwrap(path: Path, key: bytes, wrapped: str, label: bytes) -> bytes:
    try:
        sealed = base64.b64decode(wrapped, validate=True)
        return AESGCM(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], label)
    except (InvalidTag, ValueError, binascii.Error):
        raise VaultDamagedError(path, "a wrapped key does not open") from None


def _whole_number(parameters: Parameters, key: str) -> int:
    value = parameters.get(key)
    if not isinstance(value, int):
        raise ValueError(f"its parameter {key} is no number")
    return value
