"""Unlocks the vault for a command that is not the running kiosk; asks for a passphrase where one locks it."""

from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.admin.questions import read_passphrase

if TYPE_CHECKING:
    from kiosk.settings import Settings
    from kiosk.store.key_vault import OpenVault


def unlock_kiosk(folder: Path, settings: "Settings", passphrase_file: Path | None) -> "OpenVault":
    """Open the vault of a kiosk's folder as its settings say; raise a `KioskError`."""
    from kiosk.runtime.vault_unlocking import unlock_vault

    passphrase = read_passphrase(passphrase_file) if settings.vault.kind == "passphrase" else None
    return unlock_vault(folder, settings.vault, passphrase)
