"""Everything the other end of the line can do wrong, in one table, from the wire to the outbox.

Real TLS on loopback, the real line, delivery service and store. Whatever happens: one named sentence for teller and IT,
the message waits and is closed once, by the bank's receipt for this very message, as soon as the bank behaves.
"""

import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.admin.certificates import Credential, make_authority, private_key_pem
from kiosk.runtime.courier_process import deliver
from kiosk.runtime.delivery_service import DeliveryService
from kiosk.runtime.messages import CourierReady, Deliver
from kiosk.runtime.store_bridge import StoreBridge
from kiosk.store.audit_trail import AuditKind
from kiosk.store.store import Store
from kiosk.store.visit_records import SignedVerdict
from kiosk.upstream.delivery import LONGEST_RETRY_S
from kiosk.upstream.https_upstream import HttpsUpstream, make_tls_context
from kiosk.verification.verdict import RECEIPT_JWS_CHARS, ReceiptRecord, Verdict, message_hash, sign_receipt
from tests.bank import (
    KIOSK_ID,
    MisbehavingBank,
    TlsParties,
    http_answer,
    only_tls_1_1,
    server_context,
    signed_verdict,
)
from tests.desk_parts import RememberingChildren, SetClock
from tests.stores import CONSENT, open_test_store

BANK_KEY, KIOSK_KEY = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
TIMEOUT_S = 0.4

Tls = ssl.SSLSocket
Faulty = Callable[["Line", Tls], None]


@dataclass
class Line:
    """A store with one verdict, what delivers it, and a bank that does as the test says."""

    bank: MisbehavingBank
    store: Store
    clock: SetClock
    service: DeliveryService
    children: RememberingChildren
    troubles: list[str]
    delivered: list[int]
    shown: list[int]
    """When the server's certificate ends, in seconds since 1970."""
    over: threading.Event
    sequence: int
    message: str

    def receipt(self, key: Ed25519PrivateKey = BANK_KEY, **changed: Any) -> bytes:
        """The bank's for this message, but for what is changed."""
        parts = {"kiosk_id": KIOSK_ID, "sequence": self.sequence, "message_sha256": message_hash(self.message)}
        return sign_receipt(ReceiptRecord(**(parts | changed), received_at_s=1_800_000_000), key).encode("ascii")

    @property
    def attempts(self) -> int:
        return next(kept.attempts for kept in self.store.all_messages() if kept.sequence == self.sequence)


class ThreadedCourier(RememberingChildren):
    """The courier's own code in a thread: what it is sent goes over the wire."""

    def __init__(self, upstream: HttpsUpstream) -> None:
        super().__init__()
        self._upstream = upstream
        self._thread = ThreadPoolExecutor(1)

    def send_courier(self, message: Any) -> None:
        self.sent.append(message)
        self._thread.submit(lambda: self.courier_said.emit(deliver(self._upstream, message)))

    def renew_courier(self) -> None:
        raise AssertionError("it was given up, and it answers everything in time")

    def stop(self) -> None:
        self._thread.shutdown()
        self._upstream.close()


@pytest.fixture(scope="module")
def parties() -> TlsParties:
    return TlsParties()


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One for all faults: each leaves an outbox that is empty again."""
    with open_test_store(tmp_path_factory.mktemp("store")) as store:
        yield store


@contextmanager
def line_to(store: Store, parties: TlsParties, context: ssl.SSLContext, fault: Faulty) -> Iterator[Line]:
    """A verdict waits; the fault stands until the test lets the bank behave."""
    over = threading.Event()
    held: list[Line] = []

    def answer(tls: Tls) -> None:
        if over.is_set():
            tls.sendall(http_answer("200 OK", held[0].receipt()))
        else:
            fault(held[0], tls)

    with MisbehavingBank(context, answer) as bank:
        children, clock, bridge = ThreadedCourier(parties.upstream(bank.url, TIMEOUT_S)), SetClock(), StoreBridge()
        service = DeliveryService(children, store, bridge, BANK_KEY.public_key(), KIOSK_ID, clock)  # type: ignore[arg-type]
        visit_id = secrets.token_hex(16)
        store.record_consent(visit_id, CONSENT)
        committed = store.commit_verdict(
            visit_id,
            build=lambda sequence, _head: SignedVerdict(signed_verdict(KIOSK_KEY, sequence, answer=False)),
            verdict=Verdict(secrets.token_bytes(32), False, int(clock.now().timestamp())),
            actor="machine",
            detail="accepted by the policy",
        )
        line = Line(bank, store, clock, service, children, [], [], [], over, committed.sequence, committed.jws)
        held.append(line)
        service.trouble.connect(line.troubles.append)
        service.delivered.connect(line.delivered.append)
        service.server_shown.connect(line.shown.append)
        children.courier_said.emit(CourierReady())
        try:
            yield line
        finally:
            children.stop()


def say(answer: bytes) -> Faulty:
    return lambda _line, tls: tls.sendall(answer)


def say_receipt(make: Callable[["Line"], bytes], content_type: str = "application/jose") -> Faulty:
    return lambda line, tls: tls.sendall(http_answer("200 OK", make(line), content_type))


def say_and_leave(answer: bytes) -> Faulty:
    def act(_line: Line, tls: Tls) -> None:
        tls.sendall(answer)
        tls.close()

    return act


def dribble(answer: bytes, at_once: int) -> Faulty:
    def act(line: Line, tls: Tls) -> None:
        tls.sendall(answer[:at_once])
        for byte in answer[at_once:]:
            tls.sendall(bytes([byte]))
            if line.bank.finished.wait(0.05):
                return

    return act


def pour(head: bytes, part: bytes) -> Faulty:
    def act(_line: Line, tls: Tls) -> None:
        tls.sendall(head)
        while True:
            tls.sendall(part)

    return act


GOOD = http_answer("200 OK", b"a" * RECEIPT_JWS_CHARS)
BODY_AT = GOOD.index(b"\r\n\r\n") + 4
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/jose\r\nTransfer-Encoding: chunked\r\n\r\n"
FOR_ANOTHER = "receipt is not valid"
NO_RECEIPT = "something that is no receipt"
PACKED = "Content-Encoding: gzip\r\n"
PROBLEM = "application/problem+json"
ANSWERS: dict[str, tuple[Faulty, str]] = {
    "a sign-on page": (say(http_answer("200 OK", b"<html>Welcome</html>", "text/html")), NO_RECEIPT),
    "a receipt under another type": (say_receipt(Line.receipt, "text/plain"), NO_RECEIPT),
    "bytes that are no text": (say(http_answer("200 OK", b"\xff" * 300)), NO_RECEIPT),
    "nothing at all, politely": (say(http_answer("200 OK")), NO_RECEIPT),
    "a packed answer": (say(http_answer("200 OK", b"\x1f\x8b" + bytes(60), more=PACKED)), NO_RECEIPT),
    "a body as large as it says": (say(http_answer("200 OK", b"a" * 100_000)), "more than 4096 bytes"),
    "a body without an end": (pour(CHUNKED, b"400\r\n" + b"a" * 1024 + b"\r\n"), "more than 4096 bytes"),
    "headers without an end": (pour(b"HTTP/1.1 200 OK\r\n", b"X: " + b"a" * 8192 + b"\r\n"), "headers that do not end"),
    "headers a byte at a time": (dribble(GOOD, 0), "did not answer within 0.4 s"),
    "a body a byte at a time": (dribble(GOOD, BODY_AT), "did not answer within 0.4 s"),
    "silence": (lambda line, _tls: line.over.wait(9) and None, "did not answer within 0.4 s"),
    "an error of its own": (say(http_answer("500 Oh dear", b"<html>", "text/html")), "answered with status 500"),
    "too busy": (say(http_answer("503 Busy", more="Retry-After: 60\r\n")), "answered with status 503"),
    "an unknown kiosk": (say(http_answer("403 No", b'{"title":"Not registered"}', PROBLEM)), "403 (Not registered)"),
    "elsewhere": (say(http_answer("307 There", more="Location: https://other.example/\r\n")), "to another address"),
    "half of a receipt": (say_and_leave(GOOD[: BODY_AT + 40]), "broke before a receipt came"),
    "a hang-up": (say_and_leave(b""), "broke before a receipt came"),
    "another language": (say_and_leave(b"\x00\x01\x02 220 smtp ready\r\n\r\n"), "broke before a receipt came"),
    "a refusal for good": (say(http_answer("409 No", b'{"title":"Taken"}', PROBLEM)), "IT and the bank must look"),
    "an earlier receipt": (say_receipt(lambda line: line.receipt(sequence=line.sequence - 1)), FOR_ANOTHER),
    "a receipt for other bytes": (say_receipt(lambda line: line.receipt(message_sha256=bytes(32))), FOR_ANOTHER),
    "another kiosk's receipt": (say_receipt(lambda line: line.receipt(kiosk_id=bytes(16))), FOR_ANOTHER),
    "another bank's receipt": (say_receipt(lambda line: line.receipt(Ed25519PrivateKey.generate())), FOR_ANOTHER),
    "our own key's receipt": (say_receipt(lambda line: line.receipt(KIOSK_KEY)), FOR_ANOTHER),
    "a receipt with other letters": (
        say_receipt(lambda line: line.receipt().swapcase()),
        FOR_ANOTHER,
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", ANSWERS)
def test_whatever_the_bank_answers_is_named_and_the_message_waits_until_it_behaves(
    qtbot: Any, store: Store, parties: TlsParties, fault: str
) -> None:
    act, sentence = ANSWERS[fault]
    with line_to(store, parties, server_context(parties), act) as line:
        it_fails_and_recovers(line, sentence, qtbot)


class Servers:
    """TLS ends that are not the bank's, by what is wrong with them."""

    def __init__(self, parties: TlsParties) -> None:
        other = TlsParties(make_authority("another"))
        elsewhere = TlsParties(parties.authority, ("bank.example", "127.0.0.2"))
        expired = TlsParties(parties.authority, valid_for=timedelta(days=-1))
        alone, signed_by_itself = make_authority("127.0.0.1"), TlsParties(parties.authority)
        signed_by_itself.server = Credential(alone.pem, private_key_pem(alone.key))
        self.trusted_by_the_machine = other.authority.pem
        self.contexts: dict[str, tuple[ssl.SSLContext, str]] = {
            "another authority": (server_context(other, parties.authority), "not signed by the configured CA"),
            "another host": (server_context(elsewhere), "shows a certificate for another host"),
            "its own authority": (
                server_context(signed_by_itself, parties.authority),
                "not signed by the configured CA",
            ),
            "expired": (server_context(expired), "has expired or is not valid yet"),
            "TLS 1.1": (only_tls_1_1(server_context(parties)), "speaks no TLS 1.2 or later"),
            "refuses this kiosk": (server_context(parties, make_authority("third")), "client certificate"),
        }


@pytest.mark.parametrize(
    "fault", ["another authority", "another host", "its own authority", "expired", "TLS 1.1", "refuses this kiosk"]
)
def test_whoever_is_not_the_bank_learns_nothing_and_is_named(
    tmp_path: Path, qtbot: Any, store: Store, parties: TlsParties, fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers = Servers(parties)
    trusted = tmp_path / "trusted.pem"
    trusted.write_text(servers.trusted_by_the_machine)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))  # as a public authority that every machine believes
    context, sentence = servers.contexts[fault]
    with line_to(store, parties, context, say(GOOD)) as line:
        it_fails_and_recovers(line, sentence, qtbot, mended=server_context(parties), heard_before=0)


def it_fails_and_recovers(
    line: Line, sentence: str, qtbot: Any, mended: ssl.SSLContext | None = None, heard_before: int = 1
) -> None:
    """Named, counted, kept; then delivered, once."""
    qtbot.waitUntil(lambda: line.attempts == 1, timeout=10_000)
    assert len(line.troubles) == 1
    assert sentence in line.troubles[0]
    assert line.delivered == []
    assert line.store.undelivered_summary().count == 1
    assert line.store.delivered_message(line.sequence) is None
    assert len(line.bank.requests) == heard_before
    noted_before = noted(line.store)
    if mended is not None:
        line.bank._context = mended
    line.over.set()
    line.clock.pass_by(LONGEST_RETRY_S + 60)
    qtbot.waitUntil(lambda: line.service.look() or line.delivered == [line.sequence], timeout=10_000)
    assert line.shown[-1] > time.time()
    kept = line.store.delivered_message(line.sequence)
    assert kept is not None
    assert kept.receipt == line.receipt().decode()
    assert {request.partition(b"\r\n\r\n")[2] for request in line.bank.requests} == {line.message.encode()}
    assert [message.sequence for message in line.children.sent_of(Deliver)] == [line.sequence] * 2
    assert noted(line.store) == noted_before + 1


def noted(store: Store) -> int:
    """How many deliveries the audit trail holds."""
    return [entry.kind for entry in store.audit_entries()].count(AuditKind.VERDICT_DELIVERED)


def test_nobody_takes_the_banks_place_in_the_middle_of_a_connection(parties: TlsParties) -> None:
    client = parties.client
    context = make_tls_context(parties.authority.pem, client.certificate_pem, client.key_pem)
    assert context.options & ssl.OP_NO_RENEGOTIATION
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname
    assert len(context.get_ca_certs()) == 1
