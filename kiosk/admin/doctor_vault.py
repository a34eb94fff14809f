"""What `kiosk doctor` says of the key vault. Asks for no passphrase: `kiosk run --check` does."""

from collections.abc import Iterator
from pathlib import Path

from kiosk.admin.doctor import Check
from kiosk.errors import KioskError
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.settings import Settings
from kiosk.store.key_vault import VaultStatus, vault_status
from kiosk.store.store import VAULT_FILE
from kiosk.store.vault_errors import VaultKindError


def vault_checks(folder: Path, settings: Settings) -> Iterator[Check]:
    """Whether it opens, where nothing is to be typed for it, and how it is locked."""
    kind = settings.vault.kind
    what = f"key vault, locked by {kind.replace('_', ' ')}"
    try:
        status = vault_status(folder / VAULT_FILE)
        if status.kind.replace(" ", "_") != kind:
            raise VaultKindError(folder / VAULT_FILE, status.kind)
        if kind != "passphrase":
            counter = unlock_vault(folder, settings.vault, None).machine_counter
            what += "" if counter is None else f", whose counter stands at {counter.value()}"
    except KioskError as error:
        yield Check(what, str(error))
        return
    yield Check(what)
    yield from _remarks(settings, status)


def _remarks(settings: Settings, status: VaultStatus) -> Iterator[Check]:
    kind = settings.vault.kind
    if kind == "key_file" and not settings.kiosk.demo:
        yield Check("the key file is no protection, so every screen says that this is a trial", is_remark=True)
    if kind in ("tpm", "dpapi") and not status.has_recovery_code:
        yield Check(
            "there is no recovery code, so a cleared TPM would lose the store: `kiosk keys reseal --new-recovery-code`",
            is_remark=True,
        )
    if kind == "tpm" and not settings.users.desk:
        yield Check(
            "all processes are one user, so each may ask the TPM for the keys: set [users], with desk's alone in the"
            " group tss",
            is_remark=True,
        )
    if settings.vault.tpm.startswith("swtpm"):
        yield Check("this TPM is a simulated one: whoever has its files has the keys", is_remark=True)
