"""What the store refuses as a whole: closed, missing, locked, or a yes without its record."""

from pathlib import Path

from kiosk.errors import StoreError


class StoreClosedError(StoreError):
    """The store was closed before."""

    def __init__(self) -> None:
        super().__init__("The store is closed: start the kiosk again.")


class StoreMissingError(StoreError):
    """The kiosk's folder has no store; one is made at setup only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"There is no store in {folder}: put the kiosk's folder back whole, or run `kiosk setup`.")


class ApplicationsMissingError(StoreError):
    """The books are there and the application records are not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            f"applications.db and its anchor are missing from the store in {folder}: put both back, or give the"
            " application records up with `kiosk teller reset`."
        )


class StoreExistsError(StoreError):
    """A store is never made over an old one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        super().__init__(f"There is a store in {folder} already: choose another folder.")


class ApplicationsLockedError(StoreError):
    """Application records open with a key of their own."""

    def __init__(self) -> None:
        super().__init__("The application records are locked: a member of staff must sign in first.")


class NoHeadSignerError(StoreError):
    """A checkpoint without a signature would show nothing."""

    def __init__(self) -> None:
        super().__init__("The store was opened without the signing key, so no checkpoint of the audit can be signed.")


class RecordNotKeptError(StoreError):
    """A yes without a record would leave the teller nothing to open an account from."""

    def __init__(self) -> None:
        super().__init__("The application record of this visit was not kept, so its yes is not sent: begin anew.")
