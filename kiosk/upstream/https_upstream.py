"""One persistent HTTPS connection to one configured host, with a client certificate.

It trusts the configured CA only, follows no redirect, keeps no cookie, reads no proxy setting from the environment,
accepts only what can be a receipt, and gives each delivery one time budget over everything: name look-up, connecting,
TLS, and a server that answers a byte at a time. It does not verify receipts (desk does) and does not retry (desk does).

It sits on httpx's transport, below its client: redirects, cookies, credentials and proxies are the client's, and what
is not there cannot be led astray by an answer.
"""

import asyncio
import logging
import os
import re
import ssl
from contextlib import suppress
from datetime import UTC, datetime

import httpx
import msgspec

from kiosk.errors import UpstreamError
from kiosk.upstream.bank_address import parse_address
from kiosk.upstream.delivery import (
    BANK_REFUSALS,
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
    ServerCertificateError,
    ServerCertificateExpiredError,
    ServerNameError,
    ServerNotTrustedError,
    TlsVersionError,
    UnexpectedStatusError,
    UnforeseenError,
    parse_retry_after,
)
from kiosk.verification.verdict import MESSAGE_JWS_CHARS, RECEIPT_JWS_CHARS

_log = logging.getLogger(__name__)

JOSE = "application/jose"
PROBLEM = "application/problem+json"
MAX_ANSWER_BYTES = 4096
IDLE_CONNECTION_S = 25.0

_RECEIPT_FORM = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_NAME_MISMATCH = {62, 64}  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
_NOT_VALID_NOW = {9, 10}  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED
_HEADERS_TOO_LARGE = 431  # what h11 would answer a client with who does that
_CLIENT_CERTIFICATE_ALERTS = ("CERTIFICATE", "UNKNOWN_CA", "ACCESS_DENIED", "HANDSHAKE_FAILURE")


class HttpsUpstream:
    """Delivers messages, one at a time, over a connection that stays open between them."""

    def __init__(
        self, url: str, ca_pem: str, client_certificate_pem: str, client_key_pem: str, timeout_s: float = 10.0
    ) -> None:
        """Build the TLS context; raise `AddressError` or `CertificateSettingsError`. Sends nothing yet."""
        self.address = parse_address(url)
        self._timeout_s = timeout_s
        self.server_ends_at_s: int | None = None
        self._runner = asyncio.Runner()
        self._url = httpx.URL(self.address.verdicts_url)
        self._transport = httpx.AsyncHTTPTransport(
            verify=make_tls_context(ca_pem, client_certificate_pem, client_key_pem),
            trust_env=False,
            limits=httpx.Limits(max_connections=1, max_keepalive_connections=1, keepalive_expiry=IDLE_CONNECTION_S),
        )
        self._headers = {
            "Host": self._url.netloc.decode("ascii"),
            "Accept": f"{JOSE}, {PROBLEM}",
            "Accept-Encoding": "identity",
            "Connection": "keep-alive",
            "Content-Type": JOSE,
            "User-Agent": "branch-kiosk",
        }

    def deliver(self, sequence: int, jws: str) -> str:
        """Post one message and return what has the form of a receipt; raise a leaf of `DeliveryError`.

        A text of any other length than every message has is not sent, whoever asks for it.
        """
        if len(jws) != MESSAGE_JWS_CHARS:
            raise NotAMessageError(f"Message {sequence} does not have the one length of all messages; it was not sent.")
        try:
            return self._runner.run(self._deliver(jws))
        except TimeoutError as error:
            raise BankTimeoutError(
                f"The bank's server {self.address.host} did not answer within {self._timeout_s:g} s."
            ) from error
        except (httpx.HTTPError, ssl.SSLError, OSError) as error:
            raise self._named(error) from error
        except UpstreamError:
            raise
        except Exception as error:  # no answer, however odd, may end the process that has to bring the next message
            _log.exception("A delivery met what nobody foresaw.")
            raise UnforeseenError(
                f"The delivery failed in a way that nobody foresaw ({type(error).__name__}); the message stays in the"
                " outbox. Give logs/courier.log to those who look after the kiosk."
            ) from error

    def close(self) -> None:
        """Close the connection."""
        with suppress(httpx.HTTPError, OSError):
            self._runner.run(self._transport.aclose())
        self._runner.close()

    async def _deliver(self, jws: str) -> str:
        request = httpx.Request("POST", self._url, content=jws.encode("ascii"), headers=self._headers)
        async with asyncio.timeout(self._timeout_s):
            response = await self._transport.handle_async_request(request)
            try:
                self.server_ends_at_s = _certificate_end(response)
                return self._receipt_of(response, await _read_bounded(response))
            finally:
                await response.aclose()

    def _receipt_of(self, response: httpx.Response, body: bytes) -> str:
        """Return the receipt in an answer; name anything else."""
        media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        status = response.status_code
        if 300 <= status < 400:
            raise RedirectRefusedError(
                f"The bank's server sent the kiosk to another address (status {status}); it never follows."
            )
        if status in BANK_REFUSALS and media_type == PROBLEM:
            raise MessageRefusedError(status, _problem_title(body))
        if status != 200:
            retry_after_s = parse_retry_after(response.headers.get("Retry-After"), datetime.now(UTC))
            reason = _problem_title(body) if media_type == PROBLEM else None
            raise UnexpectedStatusError(status, retry_after_s, reason)
        text = body.decode("ascii", "replace")
        if media_type != JOSE or len(text) != RECEIPT_JWS_CHARS or _RECEIPT_FORM.fullmatch(text) is None:
            raise GarbageAnswerError(
                "The bank's server answered with something that is no receipt; the message stays in the outbox."
            )
        return text

    def _named(self, error: Exception) -> DeliveryError:
        """Return the leaf whose sentence says what failed."""
        host = self.address.host
        for cause in _causes(error):
            if isinstance(cause, ssl.SSLCertVerificationError):
                return _certificate_error(cause, host)
        for cause in _causes(error):
            if isinstance(cause, ssl.SSLError) and (named := _tls_error(cause, host)) is not None:
                return named
        if any(getattr(cause, "error_status_hint", None) == _HEADERS_TOO_LARGE for cause in _causes(error)):
            return AnswerTooLongError("The bank's server answered with headers that do not end.")
        if isinstance(error, httpx.ConnectError | OSError):
            return BankUnreachableError(
                f"No connection to the bank's server {host}, port {self.address.port}: it refuses, or there is no"
                " such host or no network; check the address and the network."
            )
        return ConnectionLostError(
            f"The connection to the bank's server {host} broke before a receipt came; if it always does, ask the bank"
            " whether it accepts this kiosk's client certificate."
        )


def make_tls_context(ca_pem: str, client_certificate_pem: str, client_key_pem: str) -> ssl.SSLContext:
    """Return a context that trusts `ca_pem` only and shows the client certificate, TLS 1.2 or later."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION  # who was believed at the beginning is who answers
    # The configured authority is believed as it is: a bank may give one that another, unknown one has signed.
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    try:
        # Remarks between the certificates may hold any letter; OpenSSL is given what it can read.
        context.load_verify_locations(cadata=ca_pem.encode("ascii", "ignore").decode("ascii"))
    except (ssl.SSLError, ValueError) as error:
        raise CertificateSettingsError(
            "The bank's CA certificate does not read as PEM; export it again from the bank."
        ) from error
    try:
        _load_from_memory(context, client_certificate_pem, client_key_pem)
    except (ssl.SSLError, ValueError) as error:
        raise CertificateSettingsError(
            "The kiosk's client certificate and key do not read as PEM or do not belong together."
        ) from error
    return context


def _load_from_memory(context: ssl.SSLContext, certificate_pem: str, key_pem: str) -> None:
    """Load certificate and key without a file: `load_cert_chain` takes paths only, and a memfd has one."""
    if not hasattr(os, "memfd_create"):
        raise CertificateSettingsError("A client key can be loaded from memory on Linux only.")
    memory = os.memfd_create("kiosk-client-key", os.MFD_CLOEXEC)
    try:
        with os.fdopen(memory, "wb", closefd=False) as file:
            file.write(f"{certificate_pem}\n{key_pem}\n".encode())
        # An encrypted key would make OpenSSL ask at the terminal for ever.
        context.load_cert_chain(f"/proc/self/fd/{memory}", password=_no_password)
    finally:
        os.close(memory)


def _no_password() -> str:
    raise CertificateSettingsError("The kiosk's client key is encrypted; give it in clear, the vault encrypts it.")


async def _read_bounded(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > MAX_ANSWER_BYTES:
            raise AnswerTooLongError(f"The bank's server answered with more than {MAX_ANSWER_BYTES} bytes.")
    return bytes(body)


def _problem_title(body: bytes) -> str:
    """Return the title of a problem document as one short printable line: it goes into a log."""
    try:
        problem = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "no reason given"
    title = problem.get("title") if isinstance(problem, dict) else None
    if not isinstance(title, str):
        return "no reason given"
    return "".join(character for character in title if character.isprintable())[:120].rstrip(". ")


def _certificate_end(response: httpx.Response) -> int | None:
    """When the certificate of the connection that was used ends."""
    stream = response.extensions.get("network_stream")
    connection = None if stream is None else stream.get_extra_info("ssl_object")
    ends_at = (connection.getpeercert() or {}).get("notAfter") if connection is not None else None
    return None if ends_at is None else int(ssl.cert_time_to_seconds(ends_at))


def _causes(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    at: BaseException | None = error
    while at is not None and at not in found:
        found.append(at)
        at = at.__cause__ or at.__context__
    return found


def _certificate_error(error: ssl.SSLCertVerificationError, host: str) -> ServerCertificateError:
    if error.verify_code in _NAME_MISMATCH:
        return ServerNameError(f"The server at {host} shows a certificate for another host; check the address.")
    if error.verify_code in _NOT_VALID_NOW:
        return ServerCertificateExpiredError(
            f"The certificate of {host} has expired or is not valid yet; renew it, or set this terminal's clock."
        )
    return ServerNotTrustedError(
        f"The certificate of {host} is not signed by the configured CA; check the CA certificate in the settings."
    )


def _tls_error(error: ssl.SSLError, host: str) -> DeliveryError | None:
    reason = error.reason or ""
    if "PROTOCOL" in reason or "VERSION" in reason:
        return TlsVersionError(f"The server {host} speaks no TLS 1.2 or later; it must be upgraded.")
    if "ALERT" in reason and any(word in reason for word in _CLIENT_CERTIFICATE_ALERTS):
        return ClientCertificateRefusedError(
            f"The bank's server {host} does not accept this kiosk's client certificate; ask the bank to register it."
        )
    return None
