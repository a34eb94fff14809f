"""Empties the outbox: hands finished messages to the courier one at a time and closes each with the bank's receipt.

Two pauses grow by themselves: that of a message, so that one the bank refuses does not hold up the others, and that of
the line, so that a bank that is away is not asked once a second because many wait.
"""

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
ANSWER_WITHIN_S = 30.0
"""The courier gives up on the bank after 10 s; one that says nothing for so long hangs."""


class DeliveryService(QObject):
    """At-least-once: a message leaves the outbox only with a receipt that the bank signed over this very message."""

    delivered = Signal(int)
    trouble = Signal(str)
    server_shown = Signal(object)
    """When the certificate ends that the bank's server showed, in seconds since 1970, as the courier says."""

    def __init__(
        self,
        children: Children,
        store: Store,
        bridge: StoreBridge,
        bank_key: Ed25519PublicKey,
        kiosk_id: bytes,
        clock: Clock,
        parent: QObject | None = None,
        *,
        answer_within_s: float = ANSWER_WITHIN_S,
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
        self._busy = False
        """The store is asked or told something about a message."""
        self._under_way: OutboxMessage | None = None
        """With the courier, which owes an answer."""
        self._line_failures = 0
        self._line_rests_until_s = 0.0
        self._timer = QTimer(self, interval=_LOOK_EVERY_MS)
        self._timer.timeout.connect(self.look)
        self._watchdog = QTimer(self, singleShot=True, interval=round(answer_within_s * 1000))
        self._watchdog.timeout.connect(self._replace_courier)
        children.courier_said.connect(self._hear)
        children.child_lost.connect(self._lose)

    def start(self) -> None:
        self._timer.start()

    def look(self) -> None:
        """Send the lowest message that is due, unless one is under way or the line rests."""
        if not self._ready or self._busy or self._under_way is not None:
            return
        if self._clock.monotonic_s() < self._line_rests_until_s:
            return
        self._busy = True
        self._bridge.when_done(
            self._store.submit("due_messages", self._clock.now()), self._send_first, self._store_failed
        )

    def _send_first(self, due: Any) -> None:
        self._busy = False
        if due and self._ready:
            self._under_way = due[0]
            self._watchdog.start()
            self._children.send_courier(Deliver(due[0].sequence, due[0].jws))

    def _hear(self, message: FromCourier) -> None:
        match message:
            case CourierReady():
                self._ready = True
                self.look()
            case CourierFailed() | Fault():
                self.trouble.emit(message.sentence)
            case Delivered() | NotDelivered():
                self._take_answer(message)
            case _:
                assert_never(message)

    def _take_answer(self, answer: Delivered | NotDelivered) -> None:
        sent = self._under_way
        if sent is None or sent.sequence != answer.sequence:
            _log.warning("The courier answered for message %d, which it was not given.", answer.sequence)
            return
        self._children.courier_worked()
        self._no_longer_under_way()
        if isinstance(answer, Delivered):
            if answer.server_ends_at_s is not None:
                self.server_shown.emit(answer.server_ends_at_s)
            self._check_receipt(sent, answer.receipt)
        elif answer.permanent:
            self._line_works()
            self._put_off(sent, _refusal(answer), None)
        else:
            self._rest_the_line(answer.retry_after_s)
            self._put_off(sent, answer.sentence, answer.retry_after_s)

    def _check_receipt(self, sent: OutboxMessage, receipt: str) -> None:
        try:
            verify_receipt(receipt, self._bank_key, self._kiosk_id, sent.sequence, message_hash(sent.jws))
        except KioskError as error:
            self._rest_the_line(None)
            self._put_off(sent, f"The bank's receipt is not valid: {error}", None)
            return
        self._line_works()
        self._busy = True
        future = self._store.submit("close_message", sent.sequence, receipt, self._clock.now())
        self._bridge.when_done(future, lambda _: self._closed(sent.sequence), self._store_failed)

    def _closed(self, sequence: int) -> None:
        self._busy = False
        self.delivered.emit(sequence)
        self.look()

    def _put_off(self, sent: OutboxMessage, sentence: str, retry_after_s: float | None) -> None:
        """Count the attempt and say why; whoever hears it says the same sentence in the log once an hour at most."""
        next_at = self._clock.now() + timedelta(seconds=self._pause_s(sent.attempts + 1, retry_after_s))
        self.trouble.emit(f"Not delivered: {sentence}")
        self._busy = True
        future = self._store.submit("record_attempt", sent.sequence, next_at)
        self._bridge.when_done(future, lambda _: self._free(), self._store_failed)

    def _free(self) -> None:
        self._busy = False

    def _rest_the_line(self, retry_after_s: float | None) -> None:
        """Whatever is no answer to this very message would meet the next one too."""
        self._line_failures += 1
        pause_s = self._pause_s(self._line_failures, retry_after_s)
        self._line_rests_until_s = self._clock.monotonic_s() + pause_s

    def _line_works(self) -> None:
        self._line_failures = 0

    def _pause_s(self, failures: int, retry_after_s: float | None) -> float:
        return next_attempt_after(failures, self._chance.random, retry_after_s)

    def _no_longer_under_way(self) -> None:
        self._watchdog.stop()
        self._under_way = None

    def _replace_courier(self) -> None:
        """A courier that hangs is no news to anybody else: its pipe stays open."""
        self.trouble.emit("The courier does not answer, so it is replaced by another.")
        self._children.renew_courier()

    def _lose(self, role: str, _sentence: str) -> None:
        if role != "courier":
            return
        self._ready = False
        if (sent := self._under_way) is not None:
            self._no_longer_under_way()
            self._rest_the_line(None)
            self._put_off(sent, "The courier ended before it had an answer.", None)

    def _store_failed(self, error: BaseException) -> None:
        self._busy = False
        if not isinstance(error, StoreError):
            raise error
        self.trouble.emit(str(error))


def _refusal(answer: NotDelivered) -> str:
    """A refusal for good needs people: the message stays in the outbox and is tried on until they agree."""
    return f"The bank refuses message {answer.sequence} for good, so IT and the bank must look: {answer.sentence}"
