"""Unlocks the vault of a kiosk by what its settings name, and finds the counter of its machine."""

from pathlib import Path

from hardware.tpm import Tpm
from kiosk.runtime.tpm_vault import TpmCounter, TpmVault
from kiosk.settings import VaultSettings
from kiosk.store.dpapi_vault import DpapiVault
from kiosk.store.key_vault import KeyFileVault, KeyVault, OpenVault, PassphraseVault, open_vault
from kiosk.store.store import VAULT_FILE
from kiosk.store.vault_errors import PassphraseMissingError
from kiosk.store.vault_kinds import RecoveryCodeVault


def unlock_vault(folder: Path, settings: VaultSettings, passphrase: str | None) -> OpenVault:
    """Open the vault of a kiosk's folder; raise a `VaultError`."""
    unlocking = unlocking_by(folder, settings, passphrase)
    vault = open_vault(folder / VAULT_FILE, unlocking)
    take_counter(vault, unlocking)
    return vault


def unlock_by_recovery_code(folder: Path, code: str) -> OpenVault:
    """Open the vault by the code that setup showed; raise a `VaultError` or `MistypedCodeError`. It has no counter."""
    return open_vault(folder / VAULT_FILE, RecoveryCodeVault(code))


def unlocking_by(folder: Path, settings: VaultSettings, passphrase: str | None) -> KeyVault:
    """What unlocks, as the settings name it; raise `PassphraseMissingError`."""
    path = folder / VAULT_FILE
    match settings.kind:
        case "tpm":
            return TpmVault(path, Tpm(settings.tpm))
        case "dpapi":
            return DpapiVault(path)
        case "key_file":
            return KeyFileVault(folder / settings.key_file)
        case _:  # passphrase: settings know no other
            if passphrase is None:
                raise PassphraseMissingError(path)
            return PassphraseVault(passphrase)


def take_counter(vault: OpenVault, unlocking: KeyVault) -> None:
    """Have the store count with the machine that unlocks the vault, where that machine counts."""
    vault.machine_counter = unlocking.counter(vault.parameters) if isinstance(unlocking, TpmVault) else None


def drop_counter(vault: OpenVault) -> None:
    """Give the room of the machine's counter back: nothing counts with it any more."""
    if isinstance(vault.machine_counter, TpmCounter):
        vault.machine_counter.drop()
