"""What can be wrong with the key vault, each with its own cure: missing, damaged, locked with another key, exposed."""

from pathlib import Path

from kiosk.errors import StoreError


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


class VaultExistsError(VaultError):
    """A vault is never made over an old one."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, f"A key vault stands at {path} already: remove it first if its store may be lost.")


class WrongKeyError(VaultError):
    """The passphrase or key file is another vault's."""

    def __init__(self, path: Path, unlocked_by: str) -> None:
        self.unlocked_by = unlocked_by
        super().__init__(path, f"This is not the {unlocked_by} of the key vault {path}: use the right one.")


class VaultKindError(VaultError):
    """The settings name another kind of vault than the one that was made."""

    def __init__(self, path: Path, unlocked_by: str) -> None:
        self.unlocked_by = unlocked_by
        kind = unlocked_by.replace(" ", "_")
        super().__init__(
            path,
            f'The key vault {path} was made with a {unlocked_by}: set vault.kind back to "{kind}" in settings.toml.',
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
