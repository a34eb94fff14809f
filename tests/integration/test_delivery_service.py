"""The delivery service with a real outbox: a message leaves it with the bank's receipt for it, and not before."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PySide6.QtCore import QEventLoop, QTimer

from kiosk.runtime.delivery_service import DeliveryService
from kiosk.runtime.messages import CourierFailed, CourierReady, Deliver, Delivered, NotDelivered
from kiosk.runtime.store_bridge import StoreBridge
from kiosk.store.store import Store
from kiosk.upstream.delivery import LONGEST_RETRY_S
from kiosk.verification.verdict import ReceiptRecord, message_hash, sign_receipt
from tests.desk_parts import KIOSK_ID, RememberingChildren, SetClock
from tests.stores import answer_visit, open_test_store

BANK_KEY = Ed25519PrivateKey.generate()
LONG_S = 3600.0
"""No courier of these tests is given up while the test runs, but for the one that hangs."""


class CourierWatch(RememberingChildren):
    """Remembers what the courier was said to have done."""

    def __init__(self) -> None:
        super().__init__()
        self.courier_answers = self.courier_renewals = 0

    def courier_worked(self) -> None:
        self.courier_answers += 1

    def renew_courier(self) -> None:
        self.courier_renewals += 1


@dataclass
class Delivery:
    """A service with all it needs."""

    children: CourierWatch
    store: Store
    clock: SetClock
    service: DeliveryService
    delivered: list[int] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)

    def say(self, message: Any) -> None:
        self.children.courier_said.emit(message)

    def sent(self) -> list[int]:
        return [message.sequence for message in self.children.sent_of(Deliver)]

    def answer(self, verdicts: int) -> None:
        for _ in range(verdicts):
            answer_visit(self.store, answered_at=self.clock.now())

    def under_way(self, times: int = 1) -> Deliver:
        """Look, and wait until so many messages were sent in all."""
        self.service.look()
        spin_until(lambda: len(self.sent()) >= times)
        return self.children.sent_of(Deliver)[-1]

    def settled(self) -> None:
        """Wait until the store has done what was asked of it and the answer has arrived."""
        heard: list[Any] = []
        self.service._bridge.when_done(self.store.submit("tree_head"), heard.append, heard.append)
        spin_until(lambda: bool(heard))

    def attempts(self) -> dict[int, int]:
        return {message.sequence: message.attempts for message in self.store.all_messages()}


def spin_until(condition: Callable[[], bool]) -> None:
    """Let Qt work until it is so; sleeps between events, for the store's thread needs the interpreter too."""
    loop = QEventLoop()
    heartbeat = QTimer(interval=50)
    heartbeat.timeout.connect(lambda: None)
    heartbeat.start()
    for _ in range(20_000):
        if condition():
            heartbeat.stop()
            return
        loop.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents)
    raise AssertionError("it never came")


def receipt_for(message: Deliver, key: Ed25519PrivateKey = BANK_KEY, **changed: Any) -> str:
    parts = {"kiosk_id": KIOSK_ID, "sequence": message.sequence, "message_sha256": message_hash(message.jws)}
    return sign_receipt(ReceiptRecord(**(parts | changed), received_at_s=1_800_000_000), key)


@contextmanager
def delivery(folder: Path, clock: SetClock | None = None, answer_within_s: float = LONG_S) -> Iterator[Delivery]:
    children, clock = CourierWatch(), clock or SetClock()
    with open_test_store(folder) as store:
        bridge = StoreBridge()
        service = DeliveryService(
            children,  # type: ignore[arg-type]
            store,
            bridge,
            BANK_KEY.public_key(),
            KIOSK_ID,
            clock,
            answer_within_s=answer_within_s,
        )
        parts = Delivery(children, store, clock, service)
        service.delivered.connect(parts.delivered.append)
        service.trouble.connect(parts.troubles.append)
        yield parts
        parts.settled()


@pytest.fixture
def bank(tmp_path: Path, qtbot: Any) -> Iterator[Delivery]:
    with delivery(tmp_path) as parts:
        yield parts


def test_messages_leave_in_order_one_at_a_time_each_with_its_receipt(bank: Delivery) -> None:
    bank.answer(3)
    bank.say(CourierReady())
    for number in (1, 2, 3):
        sent = bank.under_way(number)
        bank.service.look()
        bank.settled()
        assert bank.sent() == list(range(1, number + 1))
        bank.say(Delivered(sent.sequence, receipt_for(sent)))
        spin_until(lambda number=number: len(bank.delivered) == number)
    assert bank.delivered == [1, 2, 3]
    assert bank.store.undelivered_summary().count == 0
    kept = bank.store.delivered_message(2)
    assert kept is not None
    assert kept.receipt == receipt_for(bank.children.sent_of(Deliver)[1])


def test_nothing_is_sent_before_the_courier_is_ready(bank: Delivery) -> None:
    bank.answer(1)
    bank.service.look()
    bank.settled()
    bank.say(CourierFailed("The CA certificate cannot be read."))
    bank.service.look()
    bank.settled()
    assert bank.sent() == []
    assert bank.troubles == ["The CA certificate cannot be read."]


@pytest.mark.parametrize(
    "make",
    [
        lambda sent: receipt_for(sent, sequence=sent.sequence + 1),
        lambda sent: receipt_for(sent, key=Ed25519PrivateKey.generate()),
        lambda sent: receipt_for(sent, kiosk_id=bytes(16)),
        lambda sent: receipt_for(sent, message_sha256=bytes(32)),
        lambda sent: receipt_for(sent)[:-1],
        lambda sent: sent.jws,
        lambda sent: "",
        lambda sent: "é" * 300,
    ],
    ids=["sequence", "key", "kiosk", "message", "cut", "our own", "nothing", "garbage"],
)
def test_a_receipt_that_is_not_for_this_message_closes_nothing(bank: Delivery, make: Callable[[Deliver], str]) -> None:
    bank.answer(1)
    bank.say(CourierReady())
    sent = bank.under_way()
    bank.say(Delivered(sent.sequence, make(sent)))
    spin_until(lambda: bank.attempts() == {1: 1})
    assert bank.store.undelivered_summary().count == 1
    assert bank.delivered == []
    assert "receipt is not valid" in bank.troubles[0]
    bank.settled()
    bank.clock.pass_by(LONGEST_RETRY_S)
    again = bank.under_way(2)
    assert again == sent
    bank.say(Delivered(again.sequence, receipt_for(again)))
    spin_until(lambda: bank.delivered == [1])


def test_answers_for_a_message_that_is_not_under_way_change_nothing(bank: Delivery) -> None:
    bank.answer(2)
    bank.say(NotDelivered(1, "early"))
    bank.say(CourierReady())
    sent = bank.under_way()
    bank.say(NotDelivered(2, "not this one"))
    bank.say(Delivered(2, receipt_for(sent, sequence=2)))
    bank.settled()
    assert bank.attempts() == {1: 0, 2: 0}
    bank.say(Delivered(1, receipt_for(sent)))
    bank.say(Delivered(1, receipt_for(sent)))
    spin_until(lambda: bank.sent() == [1, 2])
    assert set(bank.delivered) == {1}


def test_a_failed_attempt_waits_longer_each_time_and_as_long_as_the_bank_asks(bank: Delivery) -> None:
    bank.answer(1)
    bank.say(CourierReady())
    bank.under_way()
    bank.say(NotDelivered(1, "busy", retry_after_s=120.0))
    bank.settled()
    assert (bank.store.all_messages()[0].next_attempt_at - bank.clock.now()).total_seconds() >= 120
    bank.clock.pass_by(119)
    bank.service.look()
    bank.settled()
    assert bank.sent() == [1]
    bank.clock.pass_by(LONGEST_RETRY_S)
    bank.under_way(2)


def test_a_message_that_waits_does_not_hold_up_those_behind_it(bank: Delivery) -> None:
    bank.answer(2)
    bank.say(CourierReady())
    bank.under_way()
    bank.say(NotDelivered(1, "the bank refuses", permanent=True))
    bank.settled()
    assert bank.under_way(2).sequence == 2
    assert any("IT and the bank must look" in sentence for sentence in bank.troubles)
    assert bank.store.undelivered_summary().count == 2


def test_a_courier_lost_on_the_way_means_sent_again(bank: Delivery) -> None:
    bank.answer(1)
    bank.say(CourierReady())
    first = bank.under_way()
    bank.children.child_lost.emit("courier", "it has gone")
    bank.service.look()
    bank.settled()
    assert bank.sent() == [1]
    assert bank.attempts() == {1: 1}
    assert bank.troubles == ["Not delivered: The courier ended before it had an answer."]
    bank.say(CourierReady())
    bank.clock.pass_by(LONGEST_RETRY_S)
    again = bank.under_way(2)
    assert again == first
    bank.say(Delivered(1, receipt_for(again)))
    spin_until(lambda: bank.delivered == [1])


def test_only_an_answer_for_a_message_makes_a_courier_one_that_works(bank: Delivery) -> None:
    bank.answer(1)
    for _ in range(3):
        bank.say(CourierReady())
        bank.children.child_lost.emit("courier", "it has gone")
    assert bank.children.courier_answers == 0
    bank.say(CourierReady())
    sent = bank.under_way()
    bank.say(Delivered(1, receipt_for(sent)))
    assert bank.children.courier_answers == 1


def test_a_courier_that_says_nothing_is_replaced_and_the_attempt_is_counted(tmp_path: Path, qtbot: Any) -> None:
    with delivery(tmp_path, answer_within_s=0.01) as bank:
        bank.answer(1)
        bank.say(CourierReady())
        bank.under_way()
        spin_until(lambda: bank.children.courier_renewals == 1)
        assert bank.troubles == ["The courier does not answer, so it is replaced by another."]
        bank.children.child_lost.emit("courier", "it was ended")
        bank.settled()
        assert bank.attempts() == {1: 1}


def test_a_bank_that_is_away_is_asked_ever_less_often_however_many_messages_wait(bank: Delivery) -> None:
    bank.answer(30)
    bank.say(CourierReady())
    hours, seconds = 2, 0
    while seconds < hours * 3600:
        bank.service.look()
        bank.settled()
        if bank.service._under_way is not None:
            bank.say(NotDelivered(bank.service._under_way.sequence, "No connection."))
            bank.settled()
        bank.clock.pass_by(10)
        seconds += 10
    asked = len(bank.sent())
    assert 10 <= asked <= 60
    assert set(bank.troubles) == {"Not delivered: No connection."}
    bank.clock.pass_by(LONGEST_RETRY_S)
    for number in range(1, 31):
        sent = bank.under_way(asked + number)
        bank.say(Delivered(sent.sequence, receipt_for(sent)))
        spin_until(lambda number=number: len(bank.delivered) == number)
    assert bank.store.undelivered_summary().count == 0


def test_losing_eyes_does_not_disturb_a_delivery(bank: Delivery) -> None:
    bank.answer(1)
    bank.say(CourierReady())
    sent = bank.under_way()
    bank.children.child_lost.emit("eyes", "it has gone")
    bank.say(Delivered(1, receipt_for(sent)))
    spin_until(lambda: bank.delivered == [1])


def test_a_bank_that_is_away_for_days_loses_nothing(bank: Delivery) -> None:
    bank.answer(2)
    bank.say(CourierReady())
    for attempt in range(1, 1001):
        sent = bank.under_way(attempt)
        bank.say(NotDelivered(sent.sequence, "No connection."))
        bank.settled()
        bank.clock.pass_by(LONGEST_RETRY_S)
    assert sum(bank.attempts().values()) == 1000
    assert bank.store.undelivered_summary().count == 2
    for number in (1, 2):
        sent = bank.under_way(1000 + number)
        assert sent.sequence == number
        bank.say(Delivered(sent.sequence, receipt_for(sent)))
        spin_until(lambda number=number: len(bank.delivered) == number)
    assert bank.store.undelivered_summary().count == 0


def test_a_restart_goes_on_where_the_last_run_ended(tmp_path: Path, qtbot: Any) -> None:
    clock = SetClock()
    with delivery(tmp_path, clock) as before:
        before.answer(3)
        before.say(CourierReady())
        first = before.under_way()
        before.say(Delivered(1, receipt_for(first)))
        spin_until(lambda: before.sent() == [1, 2])
    with delivery(tmp_path, clock) as after:
        after.say(CourierReady())
        second = after.under_way()
        assert second == before.children.sent_of(Deliver)[1]
        after.say(Delivered(2, receipt_for(second)))
        spin_until(lambda: after.sent() == [2, 3])


def test_a_store_in_trouble_is_told_and_tried_again(bank: Delivery) -> None:
    bank.answer(1)
    bank.say(CourierReady())
    sent = bank.under_way()
    database = bank.store._books.database
    bank.store._executor.submit(database.execute, "PRAGMA query_only = 1").result()
    bank.say(Delivered(1, receipt_for(sent)))
    spin_until(lambda: bool(bank.troubles))
    assert bank.delivered == []
    bank.store._executor.submit(database.execute, "PRAGMA query_only = 0").result()
    again = bank.under_way(2)
    bank.say(Delivered(1, receipt_for(again)))
    spin_until(lambda: bank.delivered == [1])
