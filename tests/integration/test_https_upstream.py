"""The line to the bank over real TLS on loopback, with a bank that does everything wrong in turn."""

import ssl
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from kiosk.admin.certificates import issue_client, make_authority
from kiosk.upstream.bank_address import parse_address
from kiosk.upstream.delivery import (
    AddressError,
    AnswerTooLongError,
    BankTimeoutError,
    BankUnreachableError,
    CertificateSettingsError,
    ClientCertificateRefusedError,
    ConnectionLostError,
    DeliveryError,
    GarbageAnswerError,
    MessageRefusedError,
    NotAMessageError,
    RedirectRefusedError,
    ServerCertificateExpiredError,
    ServerNameError,
    ServerNotTrustedError,
    TlsVersionError,
    UnexpectedStatusError,
    UnforeseenError,
)
from kiosk.upstream.https_upstream import HttpsUpstream
from kiosk.verification.verdict import RECEIPT_JWS_CHARS, ReceiptRecord, sign_receipt
from tests.bank import (
    KIOSK_ID,
    MisbehavingBank,
    TlsParties,
    http_answer,
    issuing_authority,
    only_tls_1_1,
    server_context,
    signed_verdict,
)

RECEIPT = sign_receipt(ReceiptRecord(KIOSK_ID, 1, bytes(32), 0), Ed25519PrivateKey.generate()).encode("ascii")
MESSAGE = signed_verdict(Ed25519PrivateKey.generate(), 1)


@pytest.fixture(scope="module")
def parties() -> TlsParties:
    return TlsParties()


def deliver(upstream: HttpsUpstream, message: str = MESSAGE) -> str:
    try:
        return upstream.deliver(1, message)
    finally:
        upstream.close()


def answer_of(parties: TlsParties, answer: bytes) -> str:
    """Deliver to a bank that answers these bytes."""
    with MisbehavingBank(server_context(parties), lambda tls: tls.sendall(answer)) as bank:
        return deliver(parties.upstream(bank.url))


@pytest.mark.parametrize("text", ["", MESSAGE[:-1], MESSAGE + "=", "name=Anna"])
def test_a_text_of_another_length_is_never_sent(parties: TlsParties, text: str) -> None:
    with MisbehavingBank(server_context(parties), lambda tls: tls.sendall(http_answer("200 OK", RECEIPT))) as bank:
        with pytest.raises(NotAMessageError):
            deliver(parties.upstream(bank.url), text)
        assert bank.requests == []


def test_a_message_is_posted_as_it_is_and_the_receipt_comes_back(parties: TlsParties) -> None:
    with MisbehavingBank(server_context(parties), lambda tls: tls.sendall(http_answer("200 OK", RECEIPT))) as bank:
        assert deliver(parties.upstream(bank.url)) == RECEIPT.decode()
    head, _, body = bank.requests[0].partition(b"\r\n\r\n")
    assert body == MESSAGE.encode()
    lines = head.decode().split("\r\n")
    assert lines[0] == "POST /v1/verdicts HTTP/1.1"
    assert {line.split(":")[0].lower() for line in lines[1:]} == {
        "host", "accept", "accept-encoding", "connection", "user-agent", "content-length", "content-type",
    }  # fmt: skip


def test_one_connection_serves_all_messages(parties: TlsParties) -> None:
    with MisbehavingBank(server_context(parties), lambda tls: tls.sendall(http_answer("200 OK", RECEIPT))) as bank:
        upstream = parties.upstream(bank.url)
        for sequence in range(5):
            upstream.deliver(sequence, MESSAGE)
        upstream.close()
    assert (len(bank.requests), bank.connections) == (5, 1)


def test_a_connection_that_the_bank_has_closed_is_made_anew(parties: TlsParties) -> None:
    def answer_and_close(tls: ssl.SSLSocket) -> None:
        tls.sendall(http_answer("200 OK", RECEIPT, more="Connection: close\r\n"))
        tls.close()

    with MisbehavingBank(server_context(parties), answer_and_close) as bank:
        upstream = parties.upstream(bank.url)
        assert [upstream.deliver(1, MESSAGE), upstream.deliver(2, MESSAGE)] == [RECEIPT.decode()] * 2
        upstream.close()
    assert bank.connections == 2


# --- who is at the other end ---


def test_a_server_of_another_ca_is_not_the_bank(parties: TlsParties) -> None:
    with (
        MisbehavingBank(server_context(TlsParties(), parties.authority), lambda tls: None) as bank,
        pytest.raises(ServerNotTrustedError, match="not signed by the configured CA"),
    ):
        deliver(parties.upstream(bank.url))
    assert bank.requests == []


def test_an_authority_that_another_has_signed_is_believed_as_it_is(parties: TlsParties) -> None:
    issuing = TlsParties(issuing_authority("Issuing CA", make_authority("Root CA")))
    context = server_context(issuing)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    with MisbehavingBank(context, lambda tls: tls.sendall(http_answer("200 OK", RECEIPT))) as bank:
        assert deliver(issuing.upstream(bank.url)) == RECEIPT.decode()
        with pytest.raises(ServerNotTrustedError):
            deliver(parties.upstream(bank.url))


def test_remarks_in_any_script_between_certificates_are_no_hindrance(parties: TlsParties) -> None:
    ca = "\ufeff# 银行根证书\n" + parties.authority.pem
    client = parties.client
    with MisbehavingBank(server_context(parties), lambda tls: tls.sendall(http_answer("200 OK", RECEIPT))) as bank:
        assert deliver(HttpsUpstream(bank.url, ca, client.certificate_pem, client.key_pem)) == RECEIPT.decode()


def test_a_server_with_another_name_is_not_the_bank(parties: TlsParties) -> None:
    elsewhere = TlsParties(parties.authority, ("bank.example", "127.0.0.2"))
    with MisbehavingBank(server_context(elsewhere), lambda tls: None) as bank:
        with pytest.raises(ServerNameError, match="for another host"):
            deliver(parties.upstream(bank.url))
        with pytest.raises(ServerNameError, match="for another host"):
            deliver(parties.upstream(bank.url.replace("127.0.0.1", "localhost")))
    assert bank.requests == []


def test_an_expired_server_certificate_is_named(parties: TlsParties) -> None:
    expired = TlsParties(parties.authority, valid_for=timedelta(days=-1))
    with (
        MisbehavingBank(server_context(expired), lambda tls: None) as bank,
        pytest.raises(ServerCertificateExpiredError, match="clock"),
    ):
        deliver(parties.upstream(bank.url))
    assert bank.requests == []


def test_a_server_that_speaks_tls_1_1_at_most_is_refused(parties: TlsParties) -> None:
    with (
        MisbehavingBank(only_tls_1_1(server_context(parties)), lambda tls: None) as bank,
        pytest.raises(TlsVersionError, match=r"TLS 1\.2"),
    ):
        deliver(parties.upstream(bank.url))
    assert bank.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_bank_that_refuses_the_client_certificate_is_named(parties: TlsParties, version: ssl.TLSVersion) -> None:
    context = server_context(parties, client_authority=make_authority("another"))
    context.minimum_version = context.maximum_version = version
    with (
        MisbehavingBank(context, lambda tls: None) as bank,
        pytest.raises(ClientCertificateRefusedError, match="register"),
    ):
        deliver(parties.upstream(bank.url))
    assert bank.requests == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_the_lowest_and_highest_tls_versions_work(parties: TlsParties, version: ssl.TLSVersion) -> None:
    context = server_context(parties)
    context.minimum_version = context.maximum_version = version
    with MisbehavingBank(context, lambda tls: tls.sendall(http_answer("200 OK", RECEIPT))) as bank:
        assert deliver(parties.upstream(bank.url)) == RECEIPT.decode()


# --- what it answers ---


@pytest.mark.parametrize(
    "answer",
    [
        http_answer("200 OK", b"<html>Welcome to the hotel's WLAN</html>", "text/html"),
        http_answer("200 OK", RECEIPT, "text/plain"),
        http_answer("200 OK", RECEIPT[:-1]),
        http_answer("200 OK", RECEIPT[:-1] + b"\xff"),
        http_answer("200 OK", b"x" * RECEIPT_JWS_CHARS),
        http_answer("200 OK"),
    ],
)
def test_what_is_no_receipt_is_garbage(parties: TlsParties, answer: bytes) -> None:
    with pytest.raises(GarbageAnswerError, match="no receipt"):
        answer_of(parties, answer)


@pytest.mark.parametrize("answer", [b"\x00\x01\x02 not HTTP at all\r\n\r\n", b"HTTP/1.1 999999 ?\r\n\r\n", b"\r\n" * 9])
def test_what_is_not_even_http_breaks_the_connection_and_nothing_else(parties: TlsParties, answer: bytes) -> None:
    def say_and_leave(tls: ssl.SSLSocket) -> None:
        tls.sendall(answer)
        tls.close()

    with MisbehavingBank(server_context(parties), say_and_leave) as bank, pytest.raises(ConnectionLostError):
        deliver(parties.upstream(bank.url))


@pytest.mark.parametrize("status", ["500 Oh dear", "503 Later", "403 Who?", "404 Where?", "201 Made", "204 Nothing"])
def test_any_other_status_leaves_the_message_in_the_outbox(parties: TlsParties, status: str) -> None:
    with pytest.raises(UnexpectedStatusError, match=f"status {status[:3]}") as caught:
        answer_of(parties, http_answer(status, RECEIPT if status[:3] != "204" else b""))
    assert caught.value.status == int(status[:3])
    assert caught.value.retry_after_s is None


def test_a_busy_bank_may_say_when_to_come_again(parties: TlsParties) -> None:
    with pytest.raises(UnexpectedStatusError) as caught:
        answer_of(parties, http_answer("503 Busy", more="Retry-After: 120\r\n"))
    assert caught.value.retry_after_s == 120


def test_the_reason_that_a_bank_gives_is_passed_on(parties: TlsParties) -> None:
    problem = b'{"title":"No kiosk with this key is registered here."}'
    with pytest.raises(UnexpectedStatusError, match="No kiosk with this key"):
        answer_of(parties, http_answer("403 No", problem, "application/problem+json"))


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (b'{"title":"Another message came first.","status":409}', "Another message came first"),
        (b'{"title":"two\\nlines\\u001b[2J"}', r"twolines\[2J"),
        (b'{"title":7}', "no reason given"),
        (b"[]", "no reason given"),
        (b"\xff", "no reason given"),
        (b"[" * 4000, "no reason given"),
    ],
)
def test_the_bank_itself_can_refuse_a_message_for_good(parties: TlsParties, problem: bytes, reason: str) -> None:
    with pytest.raises(MessageRefusedError, match=reason):
        answer_of(parties, http_answer("409 Conflict", problem, "application/problem+json"))


def test_a_middlebox_cannot_refuse_a_message_for_good(parties: TlsParties) -> None:
    with pytest.raises(UnexpectedStatusError):
        answer_of(parties, http_answer("400 Bad Request", b"<html>proxy</html>", "text/html"))


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"])
def test_a_redirect_to_another_host_is_never_followed(parties: TlsParties, status: str) -> None:
    with (
        MisbehavingBank(server_context(parties), lambda tls: tls.sendall(http_answer("200 OK", RECEIPT))) as other,
        pytest.raises(RedirectRefusedError, match="never follows"),
    ):
        answer_of(parties, http_answer(status, more=f"Location: {other.url}/v1/verdicts\r\n"))
    assert other.connections == 0


def test_an_oversized_answer_is_cut_off(parties: TlsParties) -> None:
    with pytest.raises(AnswerTooLongError, match="4096"):
        answer_of(parties, http_answer("200 OK", b"a" * 5000))


def test_an_endless_answer_is_cut_off(parties: TlsParties) -> None:
    def pour(tls: ssl.SSLSocket) -> None:
        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/jose\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            tls.sendall(b"400\r\n" + b"a" * 1024 + b"\r\n")

    with MisbehavingBank(server_context(parties), pour) as bank, pytest.raises(AnswerTooLongError):
        deliver(parties.upstream(bank.url))


def test_endless_headers_are_cut_off(parties: TlsParties) -> None:
    def pour(tls: ssl.SSLSocket) -> None:
        tls.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            tls.sendall(b"X-Padding: " + b"a" * 8192 + b"\r\n")

    with MisbehavingBank(server_context(parties), pour) as bank, pytest.raises(AnswerTooLongError, match="headers"):
        deliver(parties.upstream(bank.url))


@pytest.mark.parametrize(
    "location",
    [
        "https://xn--zz-9/",
        "https://999.1.1.1/",
        "https://b\xe4nk.example/",
        "https://[::1/",
        "//",
        "a" * 60_000,
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_wherever_a_redirect_points_it_is_a_redirect(parties: TlsParties, location: str) -> None:
    answer = b"HTTP/1.1 307 Temporary\r\nContent-Length: 0\r\nLocation: " + location.encode("latin-1") + b"\r\n\r\n"
    with pytest.raises(RedirectRefusedError):
        answer_of(parties, answer)


def test_no_cookie_that_the_bank_sets_is_sent_back(parties: TlsParties) -> None:
    answer = http_answer("200 OK", RECEIPT, more="Set-Cookie: who=you; Path=/; Secure\r\n")
    with MisbehavingBank(server_context(parties), lambda tls: tls.sendall(answer)) as bank:
        upstream = parties.upstream(bank.url)
        for sequence in (1, 2):
            upstream.deliver(sequence, MESSAGE)
        upstream.close()
    assert [b"cookie" in request.lower() for request in bank.requests] == [False, False]


def test_what_nobody_foresaw_is_a_sentence_and_the_next_message_is_delivered(parties: TlsParties) -> None:
    class Stumbling(HttpsUpstream):
        """Meets, with its first answer, an error that has no name here."""

        stumbled = False

        def _receipt_of(self, *answer: Any) -> str:
            if not self.stumbled:
                self.stumbled = True
                raise ZeroDivisionError("division by zero")
            return super()._receipt_of(*answer)

    client = parties.client
    with MisbehavingBank(server_context(parties), lambda tls: tls.sendall(http_answer("200 OK", RECEIPT))) as bank:
        upstream = Stumbling(bank.url, parties.authority.pem, client.certificate_pem, client.key_pem, 5.0)
        with pytest.raises(UnforeseenError, match=r"ZeroDivisionError.*stays in the outbox"):
            upstream.deliver(1, MESSAGE)
        assert upstream.deliver(1, MESSAGE) == RECEIPT.decode()
        upstream.close()


def test_a_message_under_a_number_that_is_taken_says_what_an_older_store_means(parties: TlsParties) -> None:
    taken = b'{"title":"Another message of this kiosk came under the same sequence number."}'
    with pytest.raises(MessageRefusedError, match=r"same sequence number\. .*older copy of its store.*new key"):
        answer_of(parties, http_answer("409 Conflict", taken, "application/problem+json"))


def test_compressed_answers_are_not_unpacked(parties: TlsParties) -> None:
    with pytest.raises(GarbageAnswerError):
        answer_of(parties, http_answer("200 OK", b"\x1f\x8b" + bytes(60), more="Content-Encoding: gzip\r\n"))


# --- how long it takes ---


@pytest.mark.parametrize("part", ["headers", "body"])
def test_a_bank_that_answers_a_byte_at_a_time_uses_up_its_time(parties: TlsParties, part: str) -> None:
    answer = http_answer("200 OK", RECEIPT)
    at_once = answer.index(b"\r\n\r\n") + 4 if part == "body" else 0

    def dribble(tls: ssl.SSLSocket) -> None:
        tls.sendall(answer[:at_once])
        for byte in answer[at_once:]:
            tls.sendall(bytes([byte]))
            if bank.finished.wait(0.05):
                return

    with MisbehavingBank(server_context(parties), dribble) as bank:
        began = time.monotonic()
        with pytest.raises(BankTimeoutError, match=r"within 0\.5 s"):
            deliver(parties.upstream(bank.url, timeout_s=0.5))
        assert time.monotonic() - began < 3  # the whole answer would take over 10 s


def test_a_bank_that_accepts_and_says_nothing_uses_up_its_time(parties: TlsParties) -> None:
    with MisbehavingBank(server_context(parties), lambda tls: None) as bank, pytest.raises(BankTimeoutError):
        deliver(parties.upstream(bank.url, timeout_s=0.3))


def test_after_a_time_out_the_next_message_gets_a_connection_of_its_own(parties: TlsParties) -> None:
    answers: Iterator[bytes] = iter([b"HTTP/1.1 200 OK\r\n", http_answer("200 OK", RECEIPT)])
    with MisbehavingBank(server_context(parties), lambda tls: tls.sendall(next(answers))) as bank:
        upstream = parties.upstream(bank.url, timeout_s=0.5)
        with pytest.raises(BankTimeoutError):
            upstream.deliver(1, MESSAGE)
        assert upstream.deliver(1, MESSAGE) == RECEIPT.decode()
        upstream.close()
    assert bank.connections == 2


def test_a_bank_that_is_not_there_is_named(parties: TlsParties) -> None:
    with MisbehavingBank(server_context(parties), lambda tls: None) as bank:
        pass
    with pytest.raises(BankUnreachableError, match="No connection"):
        deliver(parties.upstream(bank.url))


def test_a_connection_cut_before_the_answer_is_named(parties: TlsParties) -> None:
    with MisbehavingBank(server_context(parties), lambda tls: tls.close()) as bank, pytest.raises(ConnectionLostError):
        deliver(parties.upstream(bank.url))


# --- what it can be told ---


@pytest.mark.parametrize(
    "url",
    [
        "http://bank.example/",
        "https://",
        "https://user:secret@bank.example/",
        "https://user@bank.example/",
        "https://bank.example/?to=other",
        "https://bank.example/#part",
        "https://bank.example:99999/",
        "https://bank.example:port/",
        "https://bank.example:0/",
        "https://bank.example?",
        "https://bank.example/#",
        "https://bank.example/%zz",
        "https://bank.example/<a>",
        "https://bank<a>.example/",
        "https://bank^.example/",
        "https://192.168.1.256:9443",
        "https://127.1/",
        "https://bank..example/",
        "https://.bank.example/",
        "https://" + "b" * 64 + ".example/",
        "https://" + "bank." * 51 + "example/",
        "https://xn--zz-9/",
        "https://[::g]/",
        "https://[fe80::1%eth0]/",
        "https://bank.example/" + "a" * 70_000,
        "https://[::1/",
        "https://bank.example\\@other.example/",
        "https://bänk.example/",
        "https://bank.example/a b",
        "ftp://bank.example/",
        "bank.example",
        "",
    ],
)
def test_addresses_that_could_lead_elsewhere_are_refused(url: str) -> None:
    with pytest.raises(AddressError, match="address"):
        parse_address(url)


@pytest.mark.parametrize(
    ("url", "posts_to"),
    [
        ("https://bank.example", "https://bank.example:443/v1/verdicts"),
        ("https://bank.example:8443/", "https://bank.example:8443/v1/verdicts"),
        ("https://bank.example/kiosk/v1/verdicts", "https://bank.example:443/kiosk/v1/verdicts"),
        ("https://[::1]:8443", "https://[::1]:8443/v1/verdicts"),
        ("HTTPS://Bank.Example", "https://bank.example:443/v1/verdicts"),
        ("https://xn--bcher-kva.example", "https://xn--bcher-kva.example:443/v1/verdicts"),
        ("https://10.0.0.1/a%20b", "https://10.0.0.1:443/a%20b"),
    ],
)
def test_messages_are_posted_to_the_configured_path_or_the_usual_one(url: str, posts_to: str) -> None:
    assert parse_address(url).verdicts_url == posts_to


@given(st.text(alphabet="abxn-.:/0159[]%?#@ \\^<ä", max_size=30))
def test_what_is_an_address_here_is_the_same_one_for_the_library_that_connects(tail: str) -> None:
    try:
        address = parse_address(f"https://{tail}")
    except AddressError:
        return
    url = httpx.URL(address.verdicts_url)
    assert (url.host if "xn--" not in address.host else address.host) == address.host
    assert (url.port or 443, url.path) == (address.port, unquote(address.path))


def test_proxies_in_the_environment_are_ignored(parties: TlsParties, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "SSL_CERT_FILE", "SSLKEYLOGFILE"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    with MisbehavingBank(server_context(parties), lambda tls: tls.sendall(http_answer("200 OK", RECEIPT))) as bank:
        assert deliver(parties.upstream(bank.url)) == RECEIPT.decode()


def test_certificates_that_do_not_read_are_named_before_anything_is_sent(parties: TlsParties) -> None:
    ca, client = parties.authority.pem, parties.client
    with pytest.raises(CertificateSettingsError, match="CA certificate"):
        HttpsUpstream("https://bank.example", "no PEM", client.certificate_pem, client.key_pem)
    with pytest.raises(CertificateSettingsError, match="belong together"):
        HttpsUpstream("https://bank.example", ca, client.certificate_pem, issue_client(parties.authority).key_pem)
    with pytest.raises(CertificateSettingsError, match="belong together"):
        HttpsUpstream("https://bank.example", ca, "", "")


def test_an_encrypted_client_key_is_named_instead_of_asking_at_a_terminal(parties: TlsParties) -> None:
    key = load_pem_private_key(parties.client.key_pem.encode(), None)
    encrypted = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")).decode()
    with pytest.raises(CertificateSettingsError, match="encrypted"):
        HttpsUpstream("https://bank.example", parties.authority.pem, parties.client.certificate_pem, encrypted)


def test_every_delivery_error_is_one_sentence(parties: TlsParties) -> None:
    leaves = [leaf for root in DeliveryError.__subclasses__() for leaf in [root, *root.__subclasses__()]]
    assert len(leaves) > 10
    assert all(leaf.__doc__ for leaf in leaves)


def test_deliveries_leave_no_thread_behind(parties: TlsParties) -> None:
    with MisbehavingBank(server_context(parties), lambda tls: tls.sendall(http_answer("200 OK", RECEIPT))) as bank:
        deliver(parties.upstream(bank.url))
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("asyncio")]
