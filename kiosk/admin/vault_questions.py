"""What `kiosk setup` asks and says about the key vault: which kind, its passphrase, its recovery code."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kiosk.admin.questions import check_passphrase, new_secret
from kiosk.errors import SettingsError
from kiosk.settings import VaultSettings

KINDS = {"tpm": "tpm", "passphrase": "passphrase", "dpapi": "dpapi", "key-file": "key_file"}
"""As options say it, and as settings do."""
KEY_FILE = "vault.key"
_NEEDS_RECOVERY = ("tpm", "dpapi")
"""What can be lost without anybody's fault."""


@dataclass(frozen=True, slots=True, repr=False)
class VaultChoice:
    """What will lock the vault of a new kiosk."""

    settings: VaultSettings
    passphrase: str | None = None
    recovery_code: str | None = None


def add_vault_arguments(parser: argparse.ArgumentParser) -> None:
    """What describes the vault of a new kiosk."""
    parser.add_argument(
        "--vault",
        choices=tuple(KINDS),
        help="what locks the keys (default: the TPM where there is one, else a passphrase); a key file lies beside what"
        " it protects, is for trials only, and is marked on every screen",
    )
    parser.add_argument("--tpm", default=None, metavar="TCTI", help="another TPM than /dev/tpmrm0 (docs/settings.md)")
    parser.add_argument("--passphrase-file", type=Path, help="read the passphrase from this file instead of asking")
    parser.add_argument(
        "--recovery-code",
        action=argparse.BooleanOptionalAction,
        help="show, once, a code that opens the vault when its TPM was cleared or its passphrase is lost (default: with"
        " a TPM and with Windows)",
    )


def refuse_contradictions(arguments: argparse.Namespace) -> None:
    """Raise `SettingsError` for options that cannot go together."""
    if arguments.vault not in (None, "passphrase") and arguments.passphrase_file is not None:
        raise SettingsError(f"A vault of the kind {arguments.vault} has no passphrase; leave out --passphrase-file.")
    if arguments.tpm is not None and arguments.vault != "tpm":
        raise SettingsError("--tpm goes with --vault tpm; give both, or neither.")


def choose_vault(arguments: argparse.Namespace) -> VaultChoice:
    """Ask what the options leave open; raise a `KioskError`."""
    from kiosk.store.recovery_code import new_code

    settings = _vault_settings(arguments)
    passphrase = None
    if settings.kind == "passphrase":
        question = "Passphrase of the key vault (at least 12 characters)"
        passphrase = new_secret(arguments.passphrase_file, "--passphrase-file", question, check_passphrase)
    wanted = settings.kind in _NEEDS_RECOVERY if arguments.recovery_code is None else arguments.recovery_code
    return VaultChoice(settings, passphrase, new_code() if wanted else None)


def closing_words(choice: VaultChoice) -> Iterator[str]:
    """What whoever installs must take along."""
    match choice.settings.kind:
        case "key_file":
            yield "The key file lies beside what it protects: this kiosk is for trials only, and every screen says so."
        case "passphrase":
            yield "Keep the passphrase safe: without it nobody can open this kiosk's store again."
        case _ if choice.recovery_code is None:
            yield "There is no recovery code: if the TPM is cleared or Windows set up anew, the store is lost."
    if choice.recovery_code is not None:
        yield from recovery_words(choice.recovery_code)


def recovery_words(code: str) -> Iterator[str]:
    """The code, and how to keep it."""
    yield f"\n  Recovery code:  {code}\n"
    yield "It is shown this once. Write it down and lock it away, not at this terminal: it opens the key vault when its"
    yield "TPM was cleared or replaced, and it would for a thief. A new one: kiosk keys reseal --new-recovery-code"


def _vault_settings(arguments: argparse.Namespace) -> VaultSettings:
    from hardware.tpm import is_there

    if arguments.vault is None and arguments.passphrase_file is None and is_there():
        print("This machine has a TPM: it will lock the keys (--vault passphrase for a passphrase instead).")
        return VaultSettings("tpm")
    kind = KINDS[arguments.vault or "passphrase"]
    return VaultSettings(kind, KEY_FILE if kind == "key_file" else "", arguments.tpm or "")
