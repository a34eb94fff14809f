"""What the data protection list in force forbids to keep, whoever asks for it. Writes nothing."""

from kiosk.errors import StoreError
from kiosk.privacy.consent import Consent
from kiosk.privacy.data_list import DataProtectionList
from kiosk.privacy.notice import notice_hashes
from kiosk.session.events import ApplicationRecord
from kiosk.store.schema import ListedColumnMissingError
from kiosk.store.store_thread import APPLICATIONS_FILE, BOOKS_FILE


class NoticeNotInForceError(StoreError):
    """Somebody agreed to words that are not those in force: they must be asked anew."""

    def __init__(self, asked: int, in_force: int) -> None:
        self.asked, self.in_force = asked, in_force
        super().__init__(
            f"A consent to version {asked} of the data protection list, or to other words than it draws, is not kept:"
            f" version {in_force} is in force, so the customer must be asked anew."
        )


class NotCollectedError(StoreError):
    """The record holds a field that this bank has switched off."""

    def __init__(self, element_id: str) -> None:
        self.element_id = element_id
        super().__init__(f"{element_id} is not collected at this terminal (collect.without), so no record may hold it.")


def demand_known_files(data_list: DataProtectionList) -> None:
    """Raise if the list names a file that is none of the store's: nobody would ever look whether it is there."""
    elsewhere = sorted(column for column in data_list.columns if column.file not in (BOOKS_FILE, APPLICATIONS_FILE))
    if elsewhere:
        raise ListedColumnMissingError(elsewhere)


def demand_notice_in_force(consent: Consent, data_list: DataProtectionList) -> None:
    """Raise `NoticeNotInForceError` unless the consent is to a text that the list in force draws."""
    if consent.list_version != data_list.version or consent.text_sha256 not in notice_hashes(data_list):
        raise NoticeNotInForceError(consent.list_version, data_list.version)


def demand_collected(record: ApplicationRecord, data_list: DataProtectionList) -> None:
    """Raise `NotCollectedError` for the first field that holds what is switched off."""
    for element in data_list.switched_off:
        fields = [column.column for column in element.columns if column.file == APPLICATIONS_FILE]
        if any(getattr(record, field, None) for field in fields):
            raise NotCollectedError(element.id)
