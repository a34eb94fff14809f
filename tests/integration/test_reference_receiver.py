"""The reference receiver over real TLS: it counts each verdict once and nothing else."""

import json
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from kiosk.admin.certificates import issue_server, make_authority, make_receiver_folder
from kiosk.errors import SettingsError
from kiosk.upstream import reference_server
from kiosk.upstream.delivery import (
    ClientCertificateRefusedError,
    ConnectionLostError,
    MessageRefusedError,
    UnexpectedStatusError,
)
from kiosk.upstream.https_upstream import HttpsUpstream, make_tls_context
from kiosk.upstream.reference_ledger import ReceiverError, ReceiverFolder, WrongKioskError, load_receipt_key
from kiosk.upstream.reference_receiver import ReferenceReceiver, open_ledger
from kiosk.verification.verdict import (
    MESSAGE_JWS_CHARS,
    KeyAnnouncement,
    message_hash,
    sign_message,
    verify_receipt,
)
from tests.bank import KIOSK_ID, only_tls_1_1, signed_verdict
from tests.receiver import Bank, Connection

KEY = Ed25519PrivateKey.generate()
OTHER_KIOSK = bytes(range(100, 116))


@pytest.fixture(scope="module")
def made() -> Iterator[ReceiverFolder]:
    with TemporaryDirectory() as folder:
        yield make_receiver_folder(Path(folder) / "bank")


@pytest.fixture
def bank(made: ReceiverFolder, tmp_path: Path) -> Iterator[Bank]:
    for path in made.folder.glob("verdicts.sqlite3*"):
        path.unlink()
    running = Bank(tmp_path, made)
    running.receiver.ledger.register(KEY.public_key())
    yield running
    running.receiver.stop()


def test_a_verdict_is_counted_told_and_answered_with_a_receipt_for_it(bank: Bank) -> None:
    jws = signed_verdict(KEY, 1, reference=bytes(range(32)))
    receipt = bank.deliver(jws)
    bank.receipt_for(receipt, jws, 1)
    assert len(bank.said) == 1
    assert bank.said[0].endswith(f"{KIOSK_ID.hex()} #1 {bytes(range(32)).hex()} yes")
    [entry] = bank.logged()
    assert (entry["sequence"], entry["answer"], entry["jws"]) == (1, "yes", jws)


def test_a_no_is_told_as_a_no(bank: Bank) -> None:
    bank.deliver(signed_verdict(KEY, 1, answer=False))
    assert bank.logged()[0]["answer"] == "no"
    assert bank.said[0].endswith(" no")


def test_the_same_message_again_gets_the_same_receipt_and_counts_once(bank: Bank) -> None:
    jws = signed_verdict(KEY, 1)
    receipts = {bank.deliver(jws) for _ in range(4)}
    assert len(receipts) == 1
    assert bank.sequences() == [1]
    assert (len(bank.said), len(bank.logged())) == (1, 1)


def test_duplicates_at_the_same_moment_count_once(bank: Bank) -> None:
    jws = signed_verdict(KEY, 1)
    receipts: list[str] = []
    threads = [threading.Thread(target=lambda: receipts.append(bank.deliver(jws))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(receipts), len(set(receipts))) == (8, 1)
    assert (bank.sequences(), len(bank.logged())) == ([1], 1)


def test_another_message_under_a_taken_sequence_is_a_conflict(bank: Bank) -> None:
    bank.deliver(signed_verdict(KEY, 1, answer=False))
    with pytest.raises(MessageRefusedError, match="same sequence") as caught:
        bank.deliver(signed_verdict(KEY, 1, answer=True))
    assert caught.value.status == 409
    assert [entry["answer"] for entry in bank.logged()] == ["no"]


def test_a_gap_is_told_and_may_be_filled_later(bank: Bank) -> None:
    for sequence in (1, 4, 2):
        bank.deliver(signed_verdict(KEY, sequence))
    assert [line for line in bank.said if "not arrived" in line] == [
        f"{KIOSK_ID.hex()}: 2 earlier messages have not arrived yet"
    ]
    assert bank.sequences() == [1, 2, 4]


def test_a_gap_before_the_very_first_message_is_told(bank: Bank) -> None:
    bank.deliver(signed_verdict(KEY, 3))
    assert f"{KIOSK_ID.hex()}: 2 earlier messages have not arrived yet" in bank.said


def test_a_key_that_nobody_registered_is_refused_but_may_be_registered_later(bank: Bank) -> None:
    stranger = Ed25519PrivateKey.generate()
    with pytest.raises(UnexpectedStatusError, match=r"status 403 \(No kiosk with this key"):
        bank.deliver(signed_verdict(stranger, 1, kiosk_id=OTHER_KIOSK))
    bank.receiver.ledger.register(stranger.public_key(), OTHER_KIOSK)
    bank.deliver(signed_verdict(stranger, 1, kiosk_id=OTHER_KIOSK))
    assert len(bank.logged()) == 1


def test_a_registered_key_cannot_speak_for_another_kiosk(bank: Bank) -> None:
    other_key = Ed25519PrivateKey.generate()
    bank.receiver.ledger.register(other_key.public_key(), OTHER_KIOSK)
    bank.deliver(signed_verdict(KEY, 1))
    for key, kiosk_id in ((KEY, OTHER_KIOSK), (other_key, KIOSK_ID)):
        with pytest.raises(UnexpectedStatusError, match="status 403"):
            bank.deliver(signed_verdict(key, 2, kiosk_id=kiosk_id))
    with pytest.raises(WrongKioskError):
        bank.receiver.ledger.register(Ed25519PrivateKey.generate().public_key(), KIOSK_ID)
    assert bank.sequences() == [1]


def test_a_key_without_a_kiosk_cannot_take_over_one_that_has_a_key(bank: Bank) -> None:
    thief = Ed25519PrivateKey.generate()
    bank.deliver(signed_verdict(KEY, 1))
    bank.receiver.ledger.register(thief.public_key())
    with pytest.raises(UnexpectedStatusError, match="Another key is registered for this kiosk"):
        bank.deliver(signed_verdict(thief, 2))


def test_an_announced_key_takes_over_from_its_sequence_on(bank: Bank) -> None:
    successor = Ed25519PrivateKey.generate()
    announcement = KeyAnnouncement(KIOSK_ID, 5, 0, successor.public_key().public_bytes_raw())
    receipt = bank.deliver(sign_message(announcement, KEY))
    bank.receipt_for(receipt, sign_message(announcement, KEY), 5)
    bank.deliver(signed_verdict(KEY, 4))  # queued before the change, delivered after it
    bank.deliver(signed_verdict(successor, 6))
    for key, sequence in ((KEY, 7), (successor, 3)):
        with pytest.raises(UnexpectedStatusError, match="status 403"):
            bank.deliver(signed_verdict(key, sequence))
    assert bank.deliver(sign_message(announcement, KEY)) == receipt
    assert bank.sequences() == [4, 5, 6]
    assert any("announces its next key" in line for line in bank.said)
    again = KeyAnnouncement(KIOSK_ID, 3, 0, Ed25519PrivateKey.generate().public_key().public_bytes_raw())
    with pytest.raises(MessageRefusedError, match="announced a successor before"):
        bank.deliver(sign_message(again, KEY))


# --- who may talk to it ---


def test_a_client_without_a_certificate_gets_nothing(bank: Bank) -> None:
    context = ssl.create_default_context(cafile=bank.files.ca)
    with Connection("127.0.0.1", bank.receiver.port, timeout=5, context=context) as connection:
        connection.request("GET", "/v1/health")
        with pytest.raises(ssl.SSLError, match="CERTIFICATE_REQUIRED"):
            connection.getresponse()


def test_a_client_certificate_of_another_ca_gets_nothing(bank: Bank) -> None:
    stranger = issue_server(make_authority())
    upstream = HttpsUpstream(
        bank.receiver.url, bank.files.ca.read_text(), stranger.certificate_pem, stranger.key_pem, 5.0
    )
    with pytest.raises(ClientCertificateRefusedError):
        upstream.deliver(1, signed_verdict(KEY, 1))
    upstream.close()
    assert bank.logged() == []


def test_tls_1_1_is_refused(bank: Bank) -> None:
    files = bank.files
    context = only_tls_1_1(make_tls_context(*(p.read_text() for p in (files.ca, files.client, files.client_key))))
    with socket.create_connection(("127.0.0.1", bank.receiver.port), timeout=5) as plain, pytest.raises(ssl.SSLError):
        context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_clients_that_stall_do_not_keep_others_waiting(bank: Bank) -> None:
    with socket.create_connection(("127.0.0.1", bank.receiver.port)) as silent, bank.connected() as half:
        half.connect()
        half.send(b"POST /v1/verdicts HTTP/1.1\r\nContent-Length: 10\r\n\r\nhalf")
        bank.deliver(signed_verdict(KEY, 1))
        silent.sendall(b"\x16")
    assert bank.sequences() == [1]


def test_a_client_that_dribbles_for_ever_is_cut_off(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_server, "REQUEST_S", 0.5)
    with bank.connected() as connection:
        connection.connect()
        connection.sock.settimeout(0.05)
        connection.send(b"POST /v1/verdicts HTTP/1.1\r\n")
        for _ in range(200):
            with suppress(TimeoutError):
                connection.send(b"X")
                assert connection.sock.recv(100) == b""
                break
        else:
            pytest.fail("still connected after 10 s of one byte at a time")
    bank.deliver(signed_verdict(KEY, 1))


def test_more_connections_than_a_branch_has_kiosks_are_turned_away(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference_server, "MAX_CONNECTIONS", 2)
    with bank.connected() as one, bank.connected() as two, bank.connected() as three:
        for connection in (one, two):
            connection.request("GET", "/v1/health")
            assert connection.getresponse().read() == b'{"status":"ok"}'
        with pytest.raises(OSError, match=r"EOF|reset"):
            three.connect()
    monkeypatch.undo()
    bank.deliver(signed_verdict(KEY, 1))


# --- what it makes of requests ---


def test_health_is_answered(bank: Bank) -> None:
    assert bank.request("GET", "/v1/health") == (200, "application/json", b'{"status":"ok"}')


GOOD = signed_verdict(KEY, 1).encode()
FORGED = GOOD[:-20] + (b"B" if GOOD[-20:-19] == b"A" else b"A") + GOOD[-19:]


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "status"),
    [
        ("GET", "/v1/verdicts", b"", {}, 405),
        ("PUT", "/v1/verdicts", GOOD, {"Content_Type": "application/jose"}, 405),
        ("DELETE", "/v1/verdicts", b"", {}, 405),
        ("GET", "/", b"", {}, 404),
        ("POST", "/v1/verdict", GOOD, {"Content_Type": "application/jose"}, 404),
        ("POST", "/v1/verdicts?x=1", GOOD, {"Content_Type": "application/jose"}, 404),
        ("POST", "/v1/verdicts", GOOD, {"Content_Type": "application/json"}, 415),
        ("POST", "/v1/verdicts", GOOD, {}, 415),
        ("POST", "/v1/verdicts", GOOD, {"Content_Type": "application/jose", "Transfer_Encoding": "chunked"}, 411),
        ("POST", "/v1/verdicts", b"a" * 5000, {"Content_Type": "application/jose"}, 413),
        ("POST", "/v1/verdicts", GOOD, {"Content_Type": "application/jose", "Content_Length": "-1"}, 400),
        ("POST", "/v1/verdicts", GOOD, {"Content_Type": "application/jose", "Content_Length": "9" * 30}, 400),
        ("POST", "/v1/verdicts", b"", {"Content_Type": "application/jose"}, 400),
        ("POST", "/v1/verdicts", b"\xff" * MESSAGE_JWS_CHARS, {"Content_Type": "application/jose"}, 400),
        ("POST", "/v1/verdicts", GOOD + b"\n", {"Content_Type": "application/jose"}, 400),
        ("POST", "/v1/verdicts", b"x" + GOOD[1:], {"Content_Type": "application/jose"}, 400),
        ("POST", "/v1/verdicts", FORGED, {"Content_Type": "application/jose"}, 403),
    ],
)
def test_whatever_is_wrong_has_its_status_and_a_reason(
    bank: Bank, method: str, path: str, body: bytes, headers: dict[str, str], status: int
) -> None:
    found, content_type, answer = bank.request(method, path, body, **headers)
    assert (found, content_type) == (status, "application/problem+json")
    problem = json.loads(answer)
    assert problem["status"] == status
    assert problem["title"].endswith(".") or method in ("PUT", "DELETE")
    assert bank.sequences() == []


def test_a_request_that_is_no_http_is_answered_or_dropped_and_the_receiver_goes_on(bank: Bank) -> None:
    for request in (
        b"\x00\xff\r\n\r\n",
        b"POST\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n" + b"a" * 70000,
    ):
        with bank.connected() as connection:
            connection.connect()
            with suppress(OSError):
                connection.send(request)
                answer = connection.sock.recv(4096)
                assert not answer.startswith(b"HTTP/1.1 5") or b" 505 " in answer
    bank.deliver(signed_verdict(KEY, 1))


def test_a_ledger_that_cannot_be_written_asks_for_patience(bank: Bank) -> None:
    bank.receiver.ledger.close()
    upstream = bank.upstream()
    with pytest.raises(UnexpectedStatusError, match="503") as caught:
        upstream.deliver(1, signed_verdict(KEY, 1))
    upstream.close()
    assert caught.value.retry_after_s == 5


@pytest.fixture(scope="module")
def fuzzed() -> Iterator[Bank]:
    """One receiver for all examples."""
    with TemporaryDirectory() as folder:
        bank = Bank(Path(folder), make_receiver_folder(Path(folder) / "bank"))
        bank.receiver.ledger.register(KEY.public_key())
        yield bank
        bank.receiver.stop()


ALMOST = st.tuples(st.integers(0, len(GOOD) - 1), st.integers(1, 255)).map(
    lambda change: GOOD[: change[0]] + bytes([GOOD[change[0]] ^ change[1]]) + GOOD[change[0] + 1 :]
)


@given(body=st.binary(max_size=600) | ALMOST | st.integers(0, len(GOOD) - 1).map(lambda end: GOOD[:end]))
def test_no_body_makes_the_receiver_fail_or_count_a_verdict(fuzzed: Bank, body: bytes) -> None:
    status, content_type, _ = fuzzed.request("POST", "/v1/verdicts", body, Content_Type="application/jose")
    assert status in (400, 403)
    assert content_type == "application/problem+json"
    assert fuzzed.sequences() == []
    assert fuzzed.logged() == []


@given(
    content_type=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=40),
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40),
)
def test_no_path_or_content_type_makes_the_receiver_fail(fuzzed: Bank, content_type: str, path: str) -> None:
    status, _, _ = fuzzed.request("POST", "/" + path, GOOD, Content_Type=content_type)
    assert status in (400, 404, 415)
    assert fuzzed.sequences() == []


# --- killed and started again ---

_KILLED_AT = """
import os, signal, sys
from pathlib import Path
from kiosk.upstream import reference_receiver
from kiosk.upstream.reference_ledger import Ledger
from kiosk.upstream.reference_receiver import Announcer, ReferenceReceiver

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

folder, moment = Path(sys.argv[1]), sys.argv[2]
class Dying(Ledger):
    def _count(self, *arguments):
        counted = super()._count(*arguments)
        if moment == "before the commit":
            die()
        return counted
    def accept(self, jws):
        accepted = super().accept(jws)
        if moment == "after the commit":
            die()
        return accepted
    def mark_announced(self, message):
        if moment == "after telling":
            die()
        super().mark_announced(message)
    def missing_before(self, message):
        if moment == "between log and screen":
            die()
        return super().missing_before(message)

reference_receiver.Ledger = Dying
receiver = ReferenceReceiver(folder, log=folder / "log.jsonl")
if moment == "before the answer":
    receiver._server.receive = lambda jws: die(receiver._receive(jws))
print(receiver.port, flush=True)
receiver.serve()
"""


@pytest.mark.parametrize(
    "moment",
    ["before the commit", "after the commit", "between log and screen", "after telling", "before the answer"],
)
def test_a_receiver_killed_between_receiving_and_answering_counts_exactly_once(
    made: ReceiverFolder, tmp_path: Path, repository: Path, moment: str
) -> None:
    files = ReceiverFolder(tmp_path / "bank")
    files.folder.mkdir()
    for path in (made.ca, made.server, made.server_key, made.client, made.client_key, made.receipt_key):
        (files.folder / path.name).write_bytes(path.read_bytes())
    ledger = open_ledger(files.folder)
    ledger.register(KEY.public_key(), KIOSK_ID)
    ledger.close()
    jws = signed_verdict(KEY, 1)
    command = [sys.executable, "-c", _KILLED_AT, str(files.folder), moment]
    with subprocess.Popen(command, cwd=repository, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        ca, client, key = (path.read_text() for path in (files.ca, files.client, files.client_key))
        upstream = HttpsUpstream(f"https://127.0.0.1:{port}", ca, client, key)
        with pytest.raises(ConnectionLostError):
            upstream.deliver(1, jws)
        upstream.close()
        assert process.wait(10) == -signal.SIGKILL

    said: list[str] = []
    again = ReferenceReceiver(files.folder, log=files.folder / "log.jsonl", say=said.append)
    again.start()
    upstream = HttpsUpstream(again.url, ca, client, key)
    receipts = {upstream.deliver(1, jws), upstream.deliver(1, jws)}
    upstream.close()
    again.stop()
    assert len(receipts) == 1
    verify_receipt(receipts.pop(), load_receipt_key(files.receipt_key).public_key(), KIOSK_ID, 1, message_hash(jws))
    logged = [json.loads(line) for line in (files.folder / "log.jsonl").read_text().splitlines()]
    assert [entry["sequence"] for entry in logged] == [1]
    assert len(said) <= 1


def test_a_log_line_cut_in_two_is_mended(bank: Bank) -> None:
    bank.deliver(signed_verdict(KEY, 1))
    bank.receiver.stop()
    with sqlite3.connect(bank.files.database) as rows:
        rows.execute("UPDATE messages SET announced = 0")
    rows.close()
    whole = bank.log.read_bytes()
    bank.log.write_bytes(whole[:-40])
    bank.restarted()
    bank.deliver(signed_verdict(KEY, 2))
    assert [entry["sequence"] for entry in bank.logged()] == [1, 2]


def test_a_log_that_is_something_else_is_not_written_to(made: ReceiverFolder, tmp_path: Path) -> None:
    log = tmp_path / "letter.txt"
    log.write_text("Dear customer,\n")
    receiver = ReferenceReceiver(made.folder, log=log)
    with pytest.raises(ReceiverError, match="choose another --log"):
        receiver.serve()
    receiver.stop()
    assert log.read_text() == "Dear customer,\n"


def test_a_log_that_cannot_be_written_stops_the_start(made: ReceiverFolder, tmp_path: Path) -> None:
    for log in (tmp_path, tmp_path / "nowhere" / "log.jsonl"):
        receiver = ReferenceReceiver(made.folder, log=log)
        with pytest.raises(ReceiverError, match=r"cannot be written: .*; choose another --log"):
            receiver.serve()
        receiver.stop()


# --- its folder ---


def test_the_keys_of_a_folder_are_for_its_owner_only(made: ReceiverFolder) -> None:
    for path in (made.ca_key, made.server_key, made.client_key, made.receipt_key):
        assert path.stat().st_mode & 0o077 == 0


def test_a_folder_is_never_made_over_another(made: ReceiverFolder) -> None:
    with pytest.raises(SettingsError, match="already holds a receiver"):
        make_receiver_folder(made.folder)


def test_a_folder_without_certificates_or_key_is_named(made: ReceiverFolder, tmp_path: Path) -> None:
    with pytest.raises(ReceiverError, match="kiosk receiver init"):
        ReferenceReceiver(tmp_path)
    (tmp_path / made.receipt_key.name).write_bytes(made.server_key.read_bytes())
    with pytest.raises(ReceiverError, match="Ed25519"):
        ReferenceReceiver(tmp_path)
    (tmp_path / made.receipt_key.name).write_bytes(made.receipt_key.read_bytes())
    with pytest.raises(ReceiverError, match="no usable certificates"):
        ReferenceReceiver(tmp_path)


def test_a_port_that_is_taken_is_named(bank: Bank) -> None:
    with pytest.raises(ReceiverError, match="cannot listen"):
        ReferenceReceiver(bank.files.folder, port=bank.receiver.port)
