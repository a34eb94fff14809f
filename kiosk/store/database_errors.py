"""What SQLite, SQLCipher and the disk can refuse, named, each with its cure. Carries no row and no key."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlcipher3 import dbapi2 as sqlcipher

from kiosk.errors import StoreError


class CipherSettingError(StoreError):
    """SQLCipher does not work as demanded."""

    def __init__(self, setting: str, found: str, demanded: str) -> None:
        self.setting, self.found, self.demanded = setting, found, demanded
        super().__init__(f"SQLCipher's {setting} is {found!r} instead of {demanded!r}: install the locked version.")


class StoreDamagedError(StoreError):
    """Bytes of a database have changed or are missing."""

    def __init__(self, database: Path, fault: str) -> None:
        self.database, self.fault = database, fault
        super().__init__(
            f"{database} is damaged ({fault}): put back a whole copy of the kiosk's folder, or set up anew."
        )


class StoreInUseError(StoreError):
    """Another process has the store open."""

    def __init__(self, database: Path) -> None:
        self.database = database
        super().__init__(f"Another process has {database} open: end the running kiosk first.")


class DiskFullError(StoreError):
    """The disk has no room for another row."""

    def __init__(self, database: Path) -> None:
        self.database = database
        super().__init__(f"The disk of {database} is full: make room, the kiosk goes on by itself.")


class DiskNotWritableError(StoreError):
    """The disk refuses to be written or read."""

    def __init__(self, database: Path, fault: str) -> None:
        self.database, self.fault = database, fault
        super().__init__(f"{database} cannot be written ({fault}): check the disk and the folder's permissions.")


class StoreRefusedError(StoreError):
    """The database refused a statement: a mistake of ours, or a row that stands already."""

    def __init__(self, database: Path, fault: str) -> None:
        self.database, self.fault = database, fault
        super().__init__(f"{database} refused a change ({fault}); nothing of it was kept.")


@contextlib.contextmanager
def naming_errors(path: Path) -> Iterator[None]:
    """Turn what SQLite and the system say into an error with a cure."""
    try:
        yield
    except sqlcipher.Error as error:
        raise _named(path, error) from error
    except OSError as error:
        raise DiskNotWritableError(path, error.strerror or str(error)) from error


def _named(path: Path, error: Any) -> StoreError:
    code = str(getattr(error, "sqlite_errorname", "") or "")
    match code.removeprefix("SQLITE_").split("_")[0]:
        case "NOTADB" | "CORRUPT":
            return StoreDamagedError(path, str(error))
        case "BUSY" | "LOCKED":
            return StoreInUseError(path)
        case "FULL":
            return DiskFullError(path)
        case "READONLY" | "CANTOPEN" | "IOERR" | "PERM":
            return DiskNotWritableError(path, str(error))
        case _:
            return StoreRefusedError(path, str(error))
