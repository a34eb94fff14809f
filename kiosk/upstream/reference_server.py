"""The HTTPS side of the reference receiver: TLS with a client certificate, one resource, bounded in every way.

What it answers is written in `docs/openapi.yaml`. On the standard library; knows nothing of verdicts but the errors
that a message can meet.
"""

import json
import socket
import sqlite3
import ssl
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email.message import Message as Headers
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from kiosk.errors import KioskError
from kiosk.upstream.reference_ledger import (
    ReceiverError,
    ReceiverFolder,
    SequenceTakenError,
    UnknownKeyError,
    WrongKioskError,
)
from kiosk.verification.verdict import MessageFormatError, SignatureError

VERDICTS_PATH = "/v1/verdicts"
HEALTH_PATH = "/v1/health"
JOSE = "application/jose"
PROBLEM = "application/problem+json"
MAX_BODY_BYTES = 4096
HANDSHAKE_S = 10.0
LINGER_S = 1.0
REQUEST_S = 30.0
"""How long a connection may go without completing a request, however it dribbles."""
MAX_CONNECTIONS = 64

_STATUS_OF = {
    MessageFormatError: HTTPStatus.BAD_REQUEST,
    SignatureError: HTTPStatus.FORBIDDEN,
    UnknownKeyError: HTTPStatus.FORBIDDEN,
    WrongKioskError: HTTPStatus.FORBIDDEN,
    SequenceTakenError: HTTPStatus.CONFLICT,
}


class ReceiverServer(ThreadingHTTPServer):
    """TLS in the connection's own thread, so that nobody who stalls a handshake stalls the others."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], files: ReceiverFolder, receive: Callable[[str], str]) -> None:
        """Listen; `receive` turns a message into its receipt or raises an error of ledger or message."""
        self.receive = receive
        self._tls = _server_tls(files)
        self._deadlines: dict[socket.socket, float] = {}
        self._connections = 0
        self._lock = threading.Lock()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        try:
            super().__init__(address, _Handler)
        except (OSError, OverflowError) as error:
            raise ReceiverError(f"The receiver cannot listen on {address[0]} port {address[1]}: {error}.") from error

    def server_bind(self) -> None:
        """Bind without asking a name server who we are."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands and serve one connection."""
        request.settimeout(HANDSHAKE_S)
        with self._tls.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as connection:
            self.allow(connection, HANDSHAKE_S)
            try:
                if self._shake_hands(connection):
                    self.allow(connection, REQUEST_S)
                    _Handler(connection, client_address, self)
                self._part_politely(connection)
            finally:
                with self._lock:
                    self._deadlines.pop(connection, None)

    def allow(self, connection: socket.socket, seconds: float) -> None:
        """Give a connection so long from now on."""
        with self._lock:
            self._deadlines[connection] = time.monotonic() + seconds

    def process_request(self, request: Any, client_address: Any) -> None:
        """Turn away more connections than a branch has kiosks."""
        with self._lock:
            full = self._connections >= MAX_CONNECTIONS
            self._connections += not full
        if full:
            self.shutdown_request(request)
        else:
            super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Count the connection out when it ends, however it ends."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._connections -= 1

    def service_actions(self) -> None:
        """Cut connections whose time is up."""
        now = time.monotonic()
        with self._lock:
            late = [connection for connection, deadline in self._deadlines.items() if deadline < now]
        self._cut(late)

    def close_all(self) -> None:
        """Stop listening and cut every connection."""
        self.server_close()
        with self._lock:
            connections = list(self._deadlines)
        self._cut(connections)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A peer that breaks off, or cannot prove who it is, is no news."""

    def _shake_hands(self, connection: ssl.SSLSocket) -> bool:
        try:
            connection.do_handshake()
        except ssl.SSLError:
            return False
        return True

    def _part_politely(self, connection: ssl.SSLSocket) -> None:
        """Read what still comes: closing on unread bytes resets the connection, and the last answer may be lost."""
        self.allow(connection, LINGER_S)
        connection.settimeout(LINGER_S)
        with suppress(OSError):
            socket.socket.shutdown(connection, socket.SHUT_WR)
            while socket.socket.recv(connection, MAX_BODY_BYTES):
                pass

    def _cut(self, connections: list[socket.socket]) -> None:
        for connection in connections:
            with suppress(OSError):
                # Of the plain socket: the TLS object belongs to the thread that reads from it.
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    """One request after the other on one connection; every refusal is a problem document (RFC 9457)."""

    protocol_version = "HTTP/1.1"
    server_version = "kiosk-reference-receiver"
    sys_version = ""
    disable_nagle_algorithm = True  # headers and body are two writes; waiting for an acknowledgement costs 40 ms
    timeout = REQUEST_S
    server: ReceiverServer

    def handle_one_request(self) -> None:
        super().handle_one_request()
        self.server.allow(self.connection, REQUEST_S)

    def do_POST(self) -> None:
        """Answer a message with its receipt."""
        body = self._body()
        if body is None:
            return
        if self.path != VERDICTS_PATH:
            self.send_error(HTTPStatus.NOT_FOUND, f"Messages are posted to {VERDICTS_PATH}.")
        elif self.headers.get_content_type() != JOSE or _media_type(self.headers) != JOSE:
            self.send_error(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"A message has the content type {JOSE}.")
        else:
            self._receive(body)

    def do_GET(self) -> None:
        """Say that the receiver is there."""
        if self.path == HEALTH_PATH:
            self._answer(HTTPStatus.OK, "application/json", b'{"status":"ok"}')
        elif self.path == VERDICTS_PATH:
            self.send_error(HTTPStatus.METHOD_NOT_ALLOWED, "Messages are posted.")
        else:
            self.send_error(HTTPStatus.NOT_FOUND, "There is nothing here.")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002 - the base class calls it so
        """Answer with a problem document and end the connection."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        problem = {"title": message or status.phrase, "status": int(status)}
        self.close_connection = True
        self._answer(status, PROBLEM, json.dumps(problem).encode("ascii"))

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are no news; verdicts are."""

    def _receive(self, body: bytes) -> None:
        try:
            receipt = self.server.receive(body.decode("ascii"))
        except UnicodeDecodeError:
            self.send_error(HTTPStatus.BAD_REQUEST, "A message is a compact JWS, which is plain ASCII.")
        except tuple(_STATUS_OF) as error:
            self.send_error(_STATUS_OF[type(error)], str(error))
        except (sqlite3.Error, KioskError):
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "The message could not be kept; send it again.")
        else:
            self._answer(HTTPStatus.OK, JOSE, receipt.encode("ascii"))

    def _body(self) -> bytes | None:
        """Return the whole body, or answer why not and return None."""
        if "Transfer-Encoding" in self.headers or "Content-Length" not in self.headers:
            self.send_error(HTTPStatus.LENGTH_REQUIRED, "A message comes with its Content-Length.")
            return None
        stated = self.headers.get_all("Content-Length", [])
        if len(stated) != 1 or not (stated[0].isascii() and stated[0].isdigit()) or len(stated[0]) > 18:
            self.send_error(HTTPStatus.BAD_REQUEST, "The Content-Length is no number.")
            return None
        length = int(stated[0])
        if length > MAX_BODY_BYTES:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"A message has less than {MAX_BODY_BYTES} bytes.")
            return None
        body = self.rfile.read(length)
        if len(body) < length:
            self.close_connection = True
            return None
        return body

    def _answer(self, status: HTTPStatus, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.send_header("Retry-After", "5")
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            self.send_header("Allow", "POST")
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _media_type(headers: Headers) -> str:
    """Return the content type as sent, without parameters: the parser guesses where it is malformed."""
    return str(headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def _server_tls(files: ReceiverFolder) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_cert_chain(files.server, files.server_key)
        context.load_verify_locations(files.ca)
    except (OSError, ValueError) as error:
        raise ReceiverError(
            f"{files.folder} holds no usable certificates; make a receiver with `kiosk receiver init`."
        ) from error
    return context
