"""Lets the running kiosk go on with its next signing key as soon as the bank's receipt for the announcement is in."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PySide6.QtCore import QObject, Signal

from kiosk.errors import KioskError, StoreError
from kiosk.runtime.store_bridge import StoreBridge
from kiosk.store.key_vault import OpenVault
from kiosk.store.signed_head import HeadSigner
from kiosk.store.signing_keys import NEXT_SIGNING_KEY, present_signing_key, settle_signing_key
from kiosk.store.store import Store

_log = logging.getLogger(__name__)


class SigningKeySwitch(QObject):
    """Writes the vault on a thread of its own, for a disk takes its time. What fails is tried with the next receipt."""

    trouble = Signal(str)
    """A sentence for teller and IT."""

    def __init__(
        self,
        vault: OpenVault,
        store: Store,
        bridge: StoreBridge,
        kiosk_id: bytes,
        sign_with: Callable[[Ed25519PrivateKey], None],
        parent: QObject | None = None,
    ) -> None:
        """`sign_with` is told the key to sign verdicts with, now and whenever it is another one."""
        super().__init__(parent)
        self._vault, self._store, self._bridge = vault, store, bridge
        self._kiosk_id = kiosk_id
        self._sign_with = sign_with
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="signing-key")
        self._used: bytes = b""
        self._use(present_signing_key(vault))

    def look(self, _sequence: int = 0) -> None:
        """A message has its receipt: perhaps it was the announcement."""
        if self._vault.holds(NEXT_SIGNING_KEY) or _raw(present_signing_key(self._vault)) != self._used:
            self._bridge.when_done(self._writer.submit(self._settled), self._use, self._failed)

    def stop(self) -> None:
        """Let what is being written be written."""
        self._writer.shutdown()

    def _settled(self) -> Ed25519PrivateKey:
        try:
            settle_signing_key(self._vault, self._store)
        except StoreError as error:
            if _raw(present_signing_key(self._vault)) == self._used:
                raise
            _log.warning("The key counts; its public half could not be written: %s", error)
        return present_signing_key(self._vault)

    def _use(self, key: Ed25519PrivateKey) -> None:
        public_key = _raw(key)
        if public_key == self._used:
            return
        self._used = public_key
        self._sign_with(key)
        signer = HeadSigner.of(self._kiosk_id, key)
        self._bridge.when_done(self._store.submit("sign_heads_with", signer), lambda _: None, self._failed)

    def _failed(self, error: BaseException) -> None:
        if not isinstance(error, KioskError):
            raise error
        self.trouble.emit(f"The next signing key cannot be used yet: {error}")


def _raw(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes_raw()
