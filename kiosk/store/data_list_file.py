"""Where the data protection list lies, and reading it. Everything about its content is `privacy.data_list`'s."""

from functools import cache
from pathlib import Path

from kiosk.errors import StoreError
from kiosk.privacy.data_list import DataProtectionList
from kiosk.privacy.list_reading import parse_data_list

DATA_LIST_PATH = Path(__file__).resolve().parents[2] / "assets" / "data_protection_list.toml"


class DataListMissingError(StoreError):
    """The list is not installed."""

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(f"The data protection list {path} cannot be read: install the program again.")


@cache
def read_data_list(path: Path = DATA_LIST_PATH) -> DataProtectionList:
    """Read and check the list; raise `DataListMissingError` or `DataListError`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise DataListMissingError(path) from None
    return parse_data_list(text)
