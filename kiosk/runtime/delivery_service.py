"""Empties the outbox: hands finished messages to the courier one at a time and closes each with the bank's receipt."""

import logging
import random
from datetime import timedelta
from typing import Any, assert_never

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.errors import KioskError, StoreError
from kiosk.runtime.children import Children
from kiosk.runtime.clock import Clock
from kiosk.runtime.messages import CourierFailed, CourierReady, Deliver, Delivered, Fault, FromCourier, NotDelivered
from kiosk.runtime.store_bridge import StoreBridge
from kiosk.store.outbox import OutboxMessage
from kiosk.store.store import Store
from kiosk.upstream.delivery import next_attempt_after
from kiosk.verification.verdict import message_hash, verify_receipt

_log = logging.getLogger(__name__)
_LOOK_EVERY_MS = 1000


class DeliveryService(QObject):
    """At-least-once: a message leaves the outbox only with a receipt that the bank signed over this very message."""

    delivered = Signal(int)
    trouble = Signal(str)

    def __init__(
        self,
        children: Children,
        store: Store,
        bridge: StoreBridge,
        bank_key: Ed25519PublicKey,
        kiosk_id: bytes,
        clock: Clock,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._children = children
        self._store = store
        self._bridge = bridge
        self._bank_key = bank_key
        self._kiosk_id = kiosk_id
        self._clock = clock
        self._chance = random.SystemRandom()
        self._ready = False
        self._asking = False
        self._under_way: OutboxMessage | None = None
        self._timer = QTimer(self, interval=_LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)
        children.courier_said.connect(self._hear)
        children.child_lost.connect(self._lose)

    def start(self) -> None:
        self._timer.start()

    def look(self) -> None:
        """Send the lowest message that is due, unless one is under way."""
        if not self._ready or self._asking or self._under_way is not None:
            return
        self._asking = True
        self._bridge.when_done(
            self._store.submit("due_messages", self._clock.now()), self._send_first, self._store_failed
        )

    def _send_first(self, due: Any) -> None:
        self._asking = False
        if due and self._ready:
            self._under_way = due[0]
            self._children.send_courier(Deliver(due[0].sequence, due[0].jws))

    def _hear(self, message: FromCourier) -> None:
        match message:
            case CourierReady():
                self._ready = True
                self._children.courier_worked()
                self.look()
            case CourierFailed() | Fault():
                self.trouble.emit(message.sentence)
            case Delivered() | NotDelivered() if not self._is_under_way(message.sequence):
                _log.warning("The courier answered for message %d, which it was not given.", message.sequence)
            case Delivered():
                self._check_receipt(message)
            case NotDelivered():
                self._put_off(_named(message), message.retry_after_s)
            case _:
                assert_never(message)

    def _is_under_way(self, sequence: int) -> bool:
        return self._under_way is not None and self._under_way.sequence == sequence

    def _check_receipt(self, answer: Delivered) -> None:
        sent = self._under_way
        assert sent is not None
        try:
            verify_receipt(answer.receipt, self._bank_key, self._kiosk_id, sent.sequence, message_hash(sent.jws))
        except KioskError as error:
            self._put_off(f"The bank's receipt is not valid: {error}", None)
            return
        future = self._store.submit("close_message", sent.sequence, answer.receipt, self._clock.now())
        self._bridge.when_done(future, lambda _: self._closed(sent.sequence), self._store_failed)

    def _closed(self, sequence: int) -> None:
        self._under_way = None
        self.delivered.emit(sequence)
        self.look()

    def _put_off(self, sentence: str, retry_after_s: float | None) -> None:
        sent = self._under_way
        assert sent is not None
        wait_s = next_attempt_after(sent.attempts + 1, self._chance.random, retry_after_s)
        next_at = self._clock.now() + timedelta(seconds=wait_s)
        _log.warning("Message %d was not delivered: %s Next attempt in %.0f s.", sent.sequence, sentence, wait_s)
        self.trouble.emit(f"Not delivered: {sentence}")
        future = self._store.submit("record_attempt", sent.sequence, next_at)
        self._bridge.when_done(future, lambda _: self._free(), self._store_failed)

    def _free(self) -> None:
        self._under_way = None

    def _lose(self, role: str, _sentence: str) -> None:
        if role == "courier":
            self._ready = False
            self._under_way = None

    def _store_failed(self, error: BaseException) -> None:
        self._asking = False
        self._under_way = None
        if not isinstance(error, StoreError):
            raise error
        self.trouble.emit(str(error))


def _named(answer: NotDelivered) -> str:
    """A refusal for good needs people: the message stays in the outbox and is tried on until they agree."""
    if answer.permanent:
        return f"The bank refuses message {answer.sequence} for good, so IT and the bank must look: {answer.sentence}"
    return answer.sentence
