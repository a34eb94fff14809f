"""A vault that this machine's TPM unlocks, and the counter that the TPM keeps for the store."""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from hardware.tpm import (
    SealedSecret,
    Tpm,
    TpmClearedError,
    TpmError,
    TpmMissingError,
    TpmReplacedError,
)
from kiosk.store.vault_errors import (
    TpmClearedForVaultError,
    TpmCounterError,
    TpmFailedForVaultError,
    TpmMissingForVaultError,
    TpmReplacedForVaultError,
)
from kiosk.store.vault_kinds import KEY_BYTES, Parameters

_SEALED_FIELDS = ("public", "private", "storage_name", "chip_name")
_COUNTER = "counter"


@dataclass(frozen=True, slots=True)
class TpmVault:
    """A random key, sealed to the TPM; nothing is asked of anybody at the start."""

    path: Path
    """Of the vault, for errors."""
    tpm: Tpm
    counter_handle: int | None = None
    """A counter of this TPM to go on with; None for a new one."""

    kind = "tpm"

    def new_key(self) -> tuple[bytes, Parameters]:
        key = os.urandom(KEY_BYTES)
        try:
            sealed = self.tpm.seal(key)
            handle = self.tpm.new_counter() if self.counter_handle is None else self.counter_handle
        except TpmError as error:
            _raise_for_vault(self.path, error)
        return key, {**{name: getattr(sealed, name).hex() for name in _SEALED_FIELDS}, _COUNTER: handle}

    def key(self, parameters: Parameters) -> bytes:
        try:
            return self.tpm.unseal(_sealed(parameters))
        except TpmError as error:
            _raise_for_vault(self.path, error)

    def counter(self, parameters: Parameters) -> "TpmCounter":
        """The counter that was made with this vault, or kept."""
        handle = parameters.get(_COUNTER)
        if not isinstance(handle, int):
            raise TpmCounterError(self.path, "The vault names none.")
        return TpmCounter(self.path, self.tpm, handle, _sealed(parameters))


@dataclass(frozen=True, slots=True)
class TpmCounter:
    """A `MachineCounter`: counts up in the TPM, over restarts and whatever happens to the disk."""

    path: Path
    tpm: Tpm
    handle: int
    under: SealedSecret | None
    """Whose storage key vouches for the answers."""

    def value(self) -> int:
        try:
            return self.tpm.counted(self.handle, self.under)
        except TpmError as error:
            raise TpmCounterError(self.path, str(error)) from error

    def answers(self) -> bool:
        """Whether it is there and can be read."""
        try:
            self.value()
        except TpmCounterError:
            return False
        return True

    def is_same_as(self, other: "TpmCounter") -> bool:
        """Whether both are one counter of one TPM."""
        return (self.tpm.tcti, self.handle) == (other.tpm.tcti, other.handle)

    def drop(self) -> None:
        """Give its room in the TPM back, if it is there; nothing counts with it any more."""
        with contextlib.suppress(TpmError):
            self.tpm.drop_counter(self.handle)

    def advance(self) -> int:
        try:
            return self.tpm.count(self.handle, self.under)
        except TpmError as error:
            raise TpmCounterError(self.path, str(error)) from error


def _sealed(parameters: Parameters) -> SealedSecret:
    """Raise `ValueError` for what is no hexadecimal text."""
    return SealedSecret(*(bytes.fromhex(str(parameters.get(name))) for name in _SEALED_FIELDS))


def _raise_for_vault(path: Path, error: TpmError) -> NoReturn:
    match error:
        case TpmMissingError():
            raise TpmMissingForVaultError(path, str(error)) from error
        case TpmClearedError():
            raise TpmClearedForVaultError(path) from error
        case TpmReplacedError():
            raise TpmReplacedForVaultError(path) from error
        case _:
            raise TpmFailedForVaultError(path, str(error)) from error
