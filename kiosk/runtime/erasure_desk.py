"""Where a wish becomes an erasure with a signed receipt, be it the customer's at the screen or a teller's act."""

from collections.abc import Callable
from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.privacy.data_list import DataProtectionList
from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.erasure_statement import ErasureCore, sign_erasure, stated_reason
from kiosk.privacy.notice import sections_by_element
from kiosk.runtime.store_bridge import StoreBridge, submitted
from kiosk.runtime.surface import ErasureSlip
from kiosk.session.events import Language
from kiosk.store.erasures import StatedErasure
from kiosk.store.store import Store


class ErasureDesk:
    """Erases one record at a time; the receipt says what stays and why, in the customer's language."""

    def __init__(
        self,
        store: Store,
        bridge: StoreBridge,
        signing_key: Callable[[], Ed25519PrivateKey],
        kiosk_id: bytes,
        terminal_name: str,
        data_list: DataProtectionList,
    ) -> None:
        """`signing_key` gives the one in use: keys are exchanged while desk runs."""
        self._store = store
        self._bridge = bridge
        self._signing_key = signing_key
        self._kiosk_id = kiosk_id
        self._terminal_name = terminal_name
        self._data_list = data_list

    def erase(
        self,
        application_id: str,
        reason: ErasureReason,
        actor: str,
        language: Callable[[], Language],
        then: Callable[[ErasureSlip], None],
        otherwise: Callable[[BaseException], None],
    ) -> None:
        """Erase a record; the receipt of one that was ordered to go before carries no new signature.

        `language` is asked for once the record is gone.
        """

        def state(reference: bytes, ordered_at: datetime) -> bytes:
            return self._core(reference, ordered_at, reason).sha256

        future = submitted(self._store, "erase_with_receipt", application_id, reason, actor, state)
        self._bridge.when_done(future, lambda erased: then(self._slip(erased, language())), otherwise)

    def _core(self, reference: bytes, ordered_at: datetime, reason: ErasureReason) -> ErasureCore:
        return ErasureCore(self._kiosk_id, int(ordered_at.timestamp()), reference, stated_reason(reason))

    def _slip(self, erased: StatedErasure, language: Language) -> ErasureSlip:
        receipt, statement = erased.receipt, ""
        if erased.place is not None:
            core = self._core(erased.reference, receipt.ordered_at, receipt.reason)
            key = self._signing_key()
            statement = sign_erasure(core, erased.place, key.public_key().public_bytes_raw(), key.sign)
        sections = sections_by_element(self._data_list, language)
        return ErasureSlip(
            terminal=self._terminal_name,
            language=language,
            application_reference=erased.reference.hex(),
            erased_at=receipt.erased_at.astimezone(UTC),
            stays=tuple(sections[element] for element in receipt.stays),
            statement=statement,
        )
