"""The courier as the process it is: confined, over its pipe, talking to a bank on loopback."""

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.admin.certificates import make_receiver_folder
from kiosk.admin.pem_files import expiry_of
from kiosk.runtime.messages import (
    Channel,
    ChannelClosedError,
    CourierFailed,
    CourierReady,
    Deliver,
    Delivered,
    Fault,
    FromCourier,
    NotDelivered,
    Quit,
    SetUpCourier,
)
from kiosk.upstream.reference_ledger import ReceiverFolder, load_receipt_key
from kiosk.upstream.reference_receiver import ReferenceReceiver
from kiosk.verification.verdict import message_hash, verify_receipt
from tests.bank import KIOSK_ID, MisbehavingBank, TlsParties, http_answer, server_context, signed_verdict

KEY = Ed25519PrivateKey.generate()
PATIENCE_S = 30.0


class Courier:
    """Desk's end of one courier process."""

    def __init__(self, first: str = "") -> None:
        """`first` is a program that the process carries out before its own."""
        ours, theirs = socket.socketpair()
        ours.settimeout(PATIENCE_S)
        self.raw = ours
        self.channel: Channel[Any] = Channel(ours, FromCourier)
        module = "kiosk.runtime.courier_process"
        words = ["-c", f"{first}\nfrom {module} import main\nmain()"] if first else ["-m", module]
        command = [sys.executable, "-I", *words]
        command += ["--launcher-pid", str(os.getpid()), "--pipe-fd", str(theirs.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
        theirs.close()

    def ask(self, message: Any) -> Any:
        self.channel.send(message)
        return self.channel.receive()


@contextmanager
def running_courier(first: str = "") -> Iterator[Courier]:
    courier = Courier(first)
    try:
        yield courier
    finally:
        courier.channel.close()
        courier.process.kill()
        courier.process.wait()


@pytest.fixture
def files(tmp_path: Path) -> ReceiverFolder:
    return make_receiver_folder(tmp_path / "bank")


def set_up(files: ReceiverFolder, url: str, timeout_s: float = 10.0) -> SetUpCourier:
    ca, client, key = (path.read_text() for path in (files.ca, files.client, files.client_key))
    return SetUpCourier(url, ca, client, key, timeout_s)


def test_messages_are_delivered_and_receipts_come_back(files: ReceiverFolder) -> None:
    said: list[str] = []
    receiver = ReferenceReceiver(files.folder, say=said.append)
    receiver.ledger.register(KEY.public_key(), KIOSK_ID)
    receiver.start()
    bank_key = load_receipt_key(files.receipt_key).public_key()
    with running_courier() as courier:
        assert courier.ask(set_up(files, receiver.url)) == CourierReady()
        for sequence in (1, 2, 3):
            jws = signed_verdict(KEY, sequence)
            answer = courier.ask(Deliver(sequence, jws))
            assert isinstance(answer, Delivered)
            verify_receipt(answer.receipt, bank_key, KIOSK_ID, sequence, message_hash(jws))
            assert answer.server_ends_at_s == int(expiry_of(files.server.read_text()).timestamp())
        conflict = courier.ask(Deliver(3, signed_verdict(KEY, 3, answer=False)))
        assert isinstance(conflict, NotDelivered)
        assert conflict.permanent
        courier.channel.send(Quit())
        assert courier.process.wait(PATIENCE_S) == 0
    receiver.stop()
    assert len(said) == 3


def test_settings_that_cannot_work_are_named_and_better_ones_are_taken(files: ReceiverFolder) -> None:
    receiver = ReferenceReceiver(files.folder, say=lambda line: None)
    receiver.ledger.register(KEY.public_key(), KIOSK_ID)
    receiver.start()
    good = set_up(files, receiver.url)
    with running_courier() as courier:
        bad = SetUpCourier(receiver.url, "no PEM", good.client_certificate_pem, good.client_key_pem)
        failed = courier.ask(bad)
        assert isinstance(failed, CourierFailed)
        assert "CA certificate" in failed.sentence
        assert courier.ask(Deliver(1, signed_verdict(KEY, 1))) == NotDelivered(
            1, "The courier has no working settings, so nothing was sent."
        )
        assert courier.ask(good) == CourierReady()
        assert isinstance(courier.ask(Deliver(1, signed_verdict(KEY, 1))), Delivered)
    receiver.stop()


def test_a_bank_that_is_away_is_said_and_the_courier_goes_on(files: ReceiverFolder) -> None:
    receiver = ReferenceReceiver(files.folder, say=lambda line: None)
    receiver.stop()
    with running_courier() as courier:
        courier.ask(set_up(files, receiver.url))
        for _ in range(2):
            answer = courier.ask(Deliver(1, signed_verdict(KEY, 1)))
            assert isinstance(answer, NotDelivered)
            assert not answer.permanent
            assert "No connection" in answer.sentence


def test_the_time_that_a_bank_asks_for_reaches_desk() -> None:
    parties = TlsParties()
    busy = http_answer("503 Busy", more="Retry-After: 77\r\n")
    with MisbehavingBank(server_context(parties), lambda tls: tls.sendall(busy)) as bank, running_courier() as courier:
        courier.ask(
            SetUpCourier(bank.url, parties.authority.pem, parties.client.certificate_pem, parties.client.key_pem)
        )
        answer = courier.ask(Deliver(1, signed_verdict(KEY, 1)))
    assert answer.retry_after_s == 77


def test_it_ends_when_desk_has_gone_even_in_the_middle_of_a_delivery() -> None:
    parties = TlsParties()

    def say_nothing(tls: ssl.SSLSocket) -> None:
        bank.finished.wait(PATIENCE_S)

    with MisbehavingBank(server_context(parties), say_nothing) as bank, running_courier() as courier:
        ready = courier.ask(
            SetUpCourier(bank.url, parties.authority.pem, parties.client.certificate_pem, parties.client.key_pem, 60.0)
        )
        assert ready == CourierReady()
        courier.channel.send(Deliver(1, signed_verdict(KEY, 1)))
        while not bank.requests:
            assert courier.process.poll() is None
        courier.channel.close()
        assert courier.process.wait(PATIENCE_S) == 0
        bank.finished.set()


def test_bytes_that_are_no_message_end_it_with_a_fault() -> None:
    with running_courier() as courier:
        courier.raw.sendall(b"\x03\x00\x00\x00abc")
        fault = courier.channel.receive()
        assert isinstance(fault, Fault)
        with pytest.raises(ChannelClosedError):
            courier.channel.receive()
        assert courier.process.wait(PATIENCE_S) == 1


def test_a_killed_courier_leaves_nothing_that_the_next_one_misses(files: ReceiverFolder) -> None:
    receiver = ReferenceReceiver(files.folder, say=lambda line: None)
    receiver.ledger.register(KEY.public_key(), KIOSK_ID)
    receiver.start()
    jws = signed_verdict(KEY, 1)
    receipts = []
    for _ in range(2):
        with running_courier() as courier:
            courier.ask(set_up(files, receiver.url))
            receipts.append(courier.ask(Deliver(1, jws)).receipt)
            courier.process.send_signal(signal.SIGKILL)
            courier.process.wait()
    assert len(set(receipts)) == 1
    assert len(receiver.ledger.received()) == 1
    receiver.stop()


def test_one_that_cannot_be_confined_says_so_and_hears_nothing() -> None:
    hole = (
        "from kiosk.runtime import confinement as c\n"
        "refuse = c.Filter.refuse\n"
        "c.Filter.refuse = lambda self, *calls, **how: refuse(self, *(x for x in calls if x != 'ptrace'), **how)"
    )
    with running_courier(hole) as courier:
        fault = courier.channel.receive()
        assert isinstance(fault, Fault)
        assert "The filter of the courier is not in force (debug a process" in fault.sentence
        assert courier.process.wait(PATIENCE_S) == 1


def test_it_is_confined_before_it_is_told_anything() -> None:
    with running_courier() as courier:
        assert isinstance(courier.ask(SetUpCourier("http://bank", "", "", "")), CourierFailed)
        status = Path(f"/proc/{courier.process.pid}/status").read_text()
        assert "NoNewPrivs:\t1" in status
        assert "Seccomp:\t2" in status
