"""`kiosk keys reseal`: locks the vault by other means than before, or again by a TPM that was cleared."""

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from kiosk.admin.folder_argument import add_folder_argument
from kiosk.admin.key_status import LOCKS
from kiosk.admin.questions import check_passphrase, known_secret, new_secret
from kiosk.admin.run import lock_folder
from kiosk.admin.unlocking import unlock_kiosk
from kiosk.admin.vault_questions import KEY_FILE, KINDS, recovery_words
from kiosk.errors import SettingsError

if TYPE_CHECKING:
    from kiosk.settings import Settings, VaultSettings
    from kiosk.store.key_vault import OpenVault
    from kiosk.store.machine_counter import MachineCounter
    from kiosk.store.vault_kinds import KeyVault

_EPILOG = """\
examples:
  kiosk keys reseal --to tpm                 from a passphrase or a key file to this machine's TPM
  kiosk keys reseal --to passphrase          back again, or another passphrase than before
  kiosk keys reseal --with-recovery-code     the TPM was cleared or the board exchanged; asks for the code
  kiosk keys reseal --new-recovery-code      show a new recovery code; the old one is worth nothing then

The kiosk must not be running. May be interrupted at any instant: run it again. Secrets stay the same, so who has a
copy of the old vault file and what unlocked it still has them: `kiosk keys rotate` makes new ones.
"""


def add_reseal(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `reseal` to the acts of `kiosk keys`."""
    parser = acts.add_parser(
        "reseal",
        help="lock the vault by other means than before, or by a TPM that was cleared",
        description="Choose anew what locks this kiosk's key vault.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_folder_argument(parser)
    parser.add_argument("--to", choices=tuple(KINDS), help="what locks it from now on (default: as before)")
    parser.add_argument("--tpm", default=None, metavar="TCTI", help="another TPM than /dev/tpmrm0 (docs/settings.md)")
    parser.add_argument(
        "--with-recovery-code", action="store_true", help="unlock by the code that setup showed; it is asked for"
    )
    parser.add_argument("--recovery-code-file", type=Path, help="read that code from this file instead of asking")
    parser.add_argument("--new-recovery-code", action="store_true", help="make and show a new recovery code")
    parser.add_argument("--passphrase-file", type=Path, help="read the present passphrase from this file")
    parser.add_argument("--new-passphrase-file", type=Path, help="read the new passphrase from this file")
    parser.set_defaults(run=reseal)


def reseal(arguments: argparse.Namespace) -> int:
    """Choose anew what locks the vault; raise a `KioskError`."""
    from kiosk.settings import load_settings

    folder: Path = arguments.folder
    settings = load_settings(folder)
    with _at_rest(folder):
        settings = _as_locked(folder, settings)
        vault = _opened(arguments, settings)
        if arguments.new_recovery_code and arguments.to is None and not _by_code(arguments):
            show_recovery_code(vault)
            _note(folder, settings, vault)
            return 0
        counted = vault.machine_counter
        _lock_by(arguments, vault, settings, _chosen(arguments, settings))
        if arguments.new_recovery_code:
            show_recovery_code(vault)
        _note(folder, settings, vault)
        _drop(counted, vault)
    print("Check, then start: kiosk run --check && kiosk run")
    return 0


def show_recovery_code(vault: "OpenVault") -> None:
    """Make a new one, keep what checks it, and show it this once."""
    from kiosk.store.recovery_code import new_code
    from kiosk.store.vault_kinds import RecoveryCodeVault

    code = new_code()
    vault.set_recovery(RecoveryCodeVault(code))
    for words in recovery_words(code):
        print(words)


@contextmanager
def _at_rest(folder: Path) -> Iterator[None]:
    lock = lock_folder(folder)
    try:
        yield
    finally:
        os.close(lock)


def _by_code(arguments: argparse.Namespace) -> bool:
    return bool(arguments.with_recovery_code or arguments.recovery_code_file is not None)


def _as_locked(folder: Path, settings: "Settings") -> "Settings":
    """Settings as the vault's file is locked: an interrupted run has changed the one and not yet the other."""
    from kiosk.settings import VaultSettings, save_settings
    from kiosk.store.key_vault import vault_status
    from kiosk.store.store import VAULT_FILE

    kind = vault_status(folder / VAULT_FILE).kind.replace(" ", "_")
    if kind == settings.vault.kind:
        return settings
    vault = VaultSettings(kind, KEY_FILE if kind == "key_file" else "", settings.vault.tpm if kind == "tpm" else "")
    settings = msgspec.structs.replace(settings, vault=vault)
    save_settings(folder, settings)
    print(f"The settings said otherwise than the vault: vault.kind is {kind} again.")
    return settings


def _opened(arguments: argparse.Namespace, settings: "Settings") -> "OpenVault":
    from kiosk.runtime.vault_unlocking import unlock_by_recovery_code

    if not _by_code(arguments):
        return unlock_kiosk(arguments.folder, settings, arguments.passphrase_file)
    code = known_secret(arguments.recovery_code_file, "--recovery-code-file", "Recovery code")
    return unlock_by_recovery_code(arguments.folder, code)


def _chosen(arguments: argparse.Namespace, settings: "Settings") -> "VaultSettings":
    from kiosk.settings import VaultSettings, check_settings

    before = settings.vault
    kind = before.kind if arguments.to is None else KINDS[arguments.to]
    if arguments.tpm is not None and kind != "tpm":
        raise SettingsError("--tpm goes with a vault that a TPM locks; add --to tpm, or leave it out.")
    tpm = before.tpm if arguments.tpm is None else arguments.tpm
    chosen = VaultSettings(kind, KEY_FILE if kind == "key_file" else "", tpm if kind == "tpm" else "")
    check_settings(msgspec.to_builtins(msgspec.structs.replace(settings, vault=chosen)), "--tpm")
    return chosen


def _lock_by(arguments: argparse.Namespace, vault: "OpenVault", settings: "Settings", chosen: "VaultSettings") -> None:
    """Vault first, then settings. After a kill between the two the next run makes the settings follow."""
    from kiosk.runtime.tpm_vault import TpmVault
    from kiosk.runtime.vault_unlocking import take_counter
    from kiosk.settings import save_settings
    from kiosk.store.key_vault import COUNTER_IS_NEW

    unlocking = _unlocking(arguments, vault, chosen)
    keeps_counter = isinstance(unlocking, TpmVault) and unlocking.counter_handle is not None
    never_counted = vault.machine_counter is None and chosen.kind != "tpm" and not _by_code(arguments)
    vault.reseal(unlocking, {} if keeps_counter or never_counted else {COUNTER_IS_NEW: b"yes"})
    save_settings(arguments.folder, msgspec.structs.replace(settings, vault=chosen))
    take_counter(vault, unlocking)
    print(f"The key vault is locked by {LOCKS[unlocking.kind]} now.")
    if settings.vault.kind == "key_file" and chosen.kind != "key_file":
        (arguments.folder / settings.vault.key_file).unlink(missing_ok=True)
        print("The key file is gone, but a disk may keep what was in it: make new keys with `kiosk keys rotate`.")


def _drop(counted: "MachineCounter | None", vault: "OpenVault") -> None:
    """Give a counter's room in its TPM back, now that the store counts without it."""
    from kiosk.runtime.tpm_vault import TpmCounter

    now = vault.machine_counter
    kept = isinstance(counted, TpmCounter) and isinstance(now, TpmCounter) and counted.is_same_as(now)
    if isinstance(counted, TpmCounter) and not kept:
        counted.drop()


def _unlocking(arguments: argparse.Namespace, vault: "OpenVault", chosen: "VaultSettings") -> "KeyVault":
    """What locks it from now on; a TPM that is still the same keeps its counter."""
    from hardware.tpm import Tpm
    from kiosk.runtime.tpm_vault import TpmCounter, TpmVault
    from kiosk.runtime.vault_unlocking import unlocking_by

    if chosen.kind == "tpm":
        tpm, counter = Tpm(chosen.tpm), vault.machine_counter
        kept = isinstance(counter, TpmCounter) and counter.tpm.tcti == tpm.tcti and counter.answers()
        return TpmVault(vault.path, tpm, counter.handle if kept and isinstance(counter, TpmCounter) else None)
    passphrase = None
    if chosen.kind == "passphrase":
        question = "New passphrase of the key vault (at least 12 characters)"
        passphrase = new_secret(arguments.new_passphrase_file, "--new-passphrase-file", question, check_passphrase)
    return unlocking_by(arguments.folder, chosen, passphrase)


def _note(folder: Path, settings: "Settings", vault: "OpenVault") -> None:
    """The audit says that it was done, and the store counts with what locks the vault now."""
    from kiosk.settings import list_in_force
    from kiosk.store.key_vault import COUNTER_IS_NEW
    from kiosk.store.store import open_store

    counts_anew = vault.holds(COUNTER_IS_NEW)
    with open_store(folder, vault, list_in_force(settings)) as store:
        store.note_vault_locked_anew()
    if counts_anew and vault.machine_counter is None:
        print("No TPM counts for the store any more: only the bank notices if an older state is put back.")
    elif counts_anew:
        print("The store counts with this TPM from now on; the audit says so.")
