"""What can be wrong with the key vault, each with its own cure: missing, damaged, locked with another key, exposed."""

from pathlib import Path

from kiosk.errors import StoreError

_WITH = {"passphrase": "a passphrase", "key file": "a key file", "tpm": "a TPM", "dpapi": "Windows' protection"}
_NAMES = {"tpm": "TPM", "dpapi": "Windows account"}


class VaultError(StoreError):
    """Root of what can be wrong with the key vault; carries its path."""

    def __init__(self, path: Path, sentence: str) -> None:
        self.path = path
        super().__init__(sentence)


class VaultMissingError(VaultError):
    """There is no vault file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"There is no key vault at {path}: run `kiosk setup`, or put its file back.")


class VaultDamagedError(VaultError):
    """Bytes of the vault file have changed or are missing."""

    def __init__(self, path: Path, fault: str) -> None:
        self.fault = fault
        super().__init__(path, f"The key vault {path} is damaged ({fault}): put back a copy of that file.")


class VaultNotWritableError(VaultError):
    """The disk refuses the vault's new content."""

    def __init__(self, path: Path, fault: str) -> None:
        self.fault = fault
        super().__init__(path, f"The key vault {path} cannot be written ({fault}): make room, mend the disk or folder.")


class VaultExistsError(VaultError):
    """A vault is never made over an old one."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"A key vault stands at {path} already: remove it first if its store may be lost.")


class WrongKeyError(VaultError):
    """The passphrase or key file is another vault's."""

    def __init__(self, path: Path, unlocked_by: str) -> None:
        self.unlocked_by = unlocked_by
        name = _NAMES.get(unlocked_by, unlocked_by)
        super().__init__(path, f"This is not the {name} of the key vault {path}: use the right one.")


class NoRecoveryCodeError(VaultError):
    """The vault was made without a recovery code, or it was taken away."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"The key vault {path} has no recovery code: unlock it by what locks it.")


class VaultKindError(VaultError):
    """The settings name another kind of vault than the one that was made."""

    def __init__(self, path: Path, unlocked_by: str) -> None:
        self.unlocked_by = unlocked_by
        kind = unlocked_by.replace(" ", "_")
        super().__init__(
            path,
            f"The key vault {path} was made with {_WITH.get(unlocked_by, unlocked_by)}: set vault.kind back to"
            f' "{kind}" in settings.toml.',
        )


class PassphraseMissingError(VaultError):
    """The vault is locked with a passphrase and none was given."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"The key vault {path} is locked with a passphrase: give it at the start.")


class KeyFileMissingError(VaultError):
    """The key file is not where it should be."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"There is no key file at {path}: put the file back that was made with the vault.")


class KeyFileDamagedError(VaultError):
    """The key file has lost or gained bytes."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"The key file {path} is not 32 bytes long: put back a whole copy of it.")


class KeyFileExposedError(VaultError):
    """The key file can be read or replaced by others."""

    def __init__(self, path: Path, exposed: Path) -> None:
        self.exposed = exposed
        cure = "700" if exposed.is_dir() else "600"
        super().__init__(path, f"Other users can reach the key file through {exposed}: `chmod {cure} {exposed}`.")


class SecretMissingError(VaultError):
    """The vault does not hold this secret."""

    def __init__(self, path: Path, name: str) -> None:
        self.name = name
        super().__init__(path, f"The key vault {path} holds no {name}: put back this kiosk's own, or set up anew.")


class TpmMissingForVaultError(VaultError):
    """The vault is locked by a TPM, and there is none to be spoken to."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(path, f"The key vault {path} is locked by a TPM. {fault}")


class TpmClearedForVaultError(VaultError):
    """The TPM that locked the vault was cleared."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            f"The TPM was cleared, so it cannot open the key vault {path} any more: run `kiosk keys reseal"
            " --with-recovery-code` with the code that setup showed; without it, set the kiosk up anew.",
        )


class TpmReplacedForVaultError(VaultError):
    """Another TPM locked the vault: the disk or the board was exchanged."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            f"Another machine's TPM locked the key vault {path}: put the disk back into its machine, or run `kiosk keys"
            " reseal --with-recovery-code` with the code that setup showed.",
        )


class TpmFailedForVaultError(VaultError):
    """The TPM is there and does not do what it is asked."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(path, f"The TPM does not open the key vault {path}. {fault}")


class TpmCounterError(VaultError):
    """The counter in the TPM does not answer, or is gone."""

    def __init__(self, path: Path, fault: str) -> None:
        super().__init__(
            path,
            f"The TPM's counter for the key vault {path} cannot be used. {fault} If the chip was serviced, `kiosk keys"
            " reseal` makes a new one.",
        )


class WindowsAccountError(VaultError):
    """Windows does not give the key to this account."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            path,
            f"Windows does not open the key vault {path} for this account: log on as the account that made it, or run"
            " `kiosk keys reseal --with-recovery-code`.",
        )


class WindowsMissingError(VaultError):
    """The vault belongs to a Windows machine."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"The key vault {path} can be opened by Windows only: choose another vault.kind here.")
