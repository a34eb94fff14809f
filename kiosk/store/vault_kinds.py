"""What unlocks a vault by itself: a passphrase, a recovery code, or a key file for trials.

A TPM needs a device and is in `runtime.tpm_vault`; Windows' own protection is in `dpapi_vault`.
"""

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from argon2.exceptions import Argon2Error
from argon2.low_level import Type, hash_secret_raw

from kiosk.store.durable_file import replace_durably
from kiosk.store.recovery_code import canonical_code
from kiosk.store.vault_errors import KeyFileDamagedError, KeyFileExposedError, KeyFileMissingError

KEY_BYTES = 32
RECOVERY_KIND = "recovery code"
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


class RecoveryCodeVault:
    """The code that setup showed once, in whatever spelling it is typed; hardened like a passphrase."""

    kind = RECOVERY_KIND

    def __init__(self, code: str, memory_kib: int = 64 * 1024, passes: int = 3) -> None:
        """Raise `MistypedCodeError` for what no setup has shown."""
        self._hardened = PassphraseVault(canonical_code(code), memory_kib, passes)

    def new_key(self) -> tuple[bytes, Parameters]:
        return self._hardened.new_key()

    def key(self, parameters: Parameters) -> bytes:
        return self._hardened.key(parameters)


@dataclass(frozen=True, slots=True)
class KeyFileVault:
    """A random key in a file of its owner's: for the demo and for trials. Made when missing at setup."""

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


def _whole_number(parameters: Parameters, key: str) -> int:
    value = parameters.get(key)
    if not isinstance(value, int):
        raise ValueError(f"its parameter {key} is no number")
    return value
