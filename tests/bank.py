"""The bank's end of the line as tests need it: certificates made on the spot, and a server that misbehaves on order."""

import socket
import ssl
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.admin.certificates import (
    VALID_FOR,
    Authority,
    Credential,
    issue_client,
    issue_server,
    make_authority,
)
from kiosk.upstream.https_upstream import HttpsUpstream
from kiosk.verification.verdict import Verdict, VerdictMessage, sign_message

KIOSK_ID = bytes(range(16))

Answer = Callable[[ssl.SSLSocket], None]


@dataclass
class TlsParties:
    """A CA and what it signed; `host_names` and `valid_for` are the server's."""

    authority: Authority = field(default_factory=make_authority)
    host_names: tuple[str, ...] = ("localhost", "127.0.0.1")
    valid_for: timedelta = VALID_FOR
    server: Credential = field(init=False)
    client: Credential = field(init=False)

    def __post_init__(self) -> None:
        self.server = issue_server(self.authority, self.host_names, self.valid_for)
        self.client = issue_client(self.authority)

    def upstream(self, url: str, timeout_s: float = 5.0) -> HttpsUpstream:
        """The kiosk's side."""
        return HttpsUpstream(
            url, self.authority.pem, self.client.certificate_pem, self.client.key_pem, timeout_s=timeout_s
        )


def issuing_authority(name: str, root: Authority) -> Authority:
    """An authority that another one has signed, as a bank's issuing CA is."""
    own = make_authority(name)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(own.certificate.subject)
        .issuer_name(root.certificate.subject)
        .public_key(own.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(own.certificate.not_valid_before_utc)
        .not_valid_after(own.certificate.not_valid_after_utc)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(own.key.public_key()), critical=False)
        .sign(root.key, hashes.SHA256())
    )
    return Authority(certificate, own.key)


def signed_verdict(
    key: Ed25519PrivateKey, sequence: int, answer: bool = True, kiosk_id: bytes = KIOSK_ID, reference: bytes = bytes(32)
) -> str:
    """A message as desk would sign it."""
    verdict = Verdict(reference, answer, 1_800_000_000 + sequence)
    return sign_message(VerdictMessage(kiosk_id, sequence, verdict, bytes(32)), key)


def server_context(parties: TlsParties, client_authority: Authority | None = None) -> ssl.SSLContext:
    """A server's TLS context that asks for a client certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        for name, text in (("chain", parties.server.certificate_pem), ("key", parties.server.key_pem)):
            (Path(folder) / name).write_text(text, encoding="ascii")
        context.load_cert_chain(Path(folder) / "chain", Path(folder) / "key")
    context.load_verify_locations(cadata=(client_authority or parties.authority).pem)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def only_tls_1_1(context: ssl.SSLContext) -> ssl.SSLContext:
    """Make a context speak what nobody should speak any more."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return context


class MisbehavingBank:
    """Reads each request whole, then does with the connection what the test wants. Use as a context."""

    def __init__(self, context: ssl.SSLContext, answer: Answer) -> None:
        self._context = context
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.url = f"https://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self.connections = 0
        self.finished = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "MisbehavingBank":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finished.set()
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            connection.settimeout(5)
            with suppress(OSError), connection, self._wrapped(connection) as tls:
                self._shake_hands(tls)
                while self._read_request(tls):
                    self._answer(tls)

    def _wrapped(self, connection: socket.socket) -> ssl.SSLSocket:
        return self._context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)

    def _shake_hands(self, tls: ssl.SSLSocket) -> None:
        """Refuse politely: closing on unread bytes would reset the connection and could swallow the reason."""
        try:
            tls.do_handshake()
        except ssl.SSLError:
            while socket.socket.recv(tls, 4096):
                pass
            raise

    def _read_request(self, tls: ssl.SSLSocket) -> bool:
        request = b""
        while b"\r\n\r\n" not in request:
            if not (chunk := tls.recv(4096)):
                return False
            request += chunk
        head, _, body = request.partition(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        while len(body) < length:
            body += tls.recv(4096)
        self.requests.append(head + b"\r\n\r\n" + body)
        return True


def http_answer(status: str, body: bytes = b"", content_type: str = "application/jose", more: str = "") -> bytes:
    """The bytes of one HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{more}\r\n"
    return head.encode() + body
