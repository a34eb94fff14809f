"""The door for IT's commands on a kiosk that runs: a local socket in its folder. Desk alone may open the store, so
`kiosk store` and `kiosk audit` ask it.

One request line, lines back: progress, then one result or one sentence. Served by a thread of its own, one client after
the other, each bounded in size and time: a client that hangs costs nobody but itself. No key and no passphrase goes
through it, and a file is handed over as an open descriptor, so that desk opens no path that somebody names.
"""

import contextlib
import json
import logging
import os
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

from kiosk.errors import KioskError, RuntimeKioskError
from kiosk.runtime.confinement import readable_by_itself

_log = logging.getLogger(__name__)
SOCKET_FILE = "admin.sock"
LONGEST_LINE_BYTES = 64 * 1024
_LONGEST_REQUEST_BYTES = 4096
_REQUEST_WITHIN_S = 2.0
_TAKEN_WITHIN_S = 10.0
"""How long a client may leave an answer lying; one that never reads is left."""
_WAITING = 4
"""So many may wait for their turn; who comes then is told to try again by the system."""
_LONGEST_ADDRESS = 100
"""Linux takes 107 bytes; a folder may lie deeper."""
_ROOT = 0
_CREDENTIALS = struct.Struct("3i")


class AdminVerb(StrEnum):
    """All that can be asked."""

    STORE_BACKUP = "store-backup"
    STORE_CHECK = "store-check"
    AUDIT_EXPORT = "audit-export"
    KEYS_STATUS = "keys-status"
    QUEUE_STATUS = "queue-status"


Say = Callable[[float], None]
"""How far it is, 0 to 1."""
Handler = Callable[[Mapping[str, Any], IO[bytes] | None, Say], Mapping[str, Any]]
"""Arguments of the request, the file that came with it, progress; gives the result. Called in the socket's thread."""


class RequestError(RuntimeKioskError):
    """Whoever asked does not speak the kiosk's language; told to them and to nobody else."""


class _ClientGoneError(RuntimeKioskError):
    """Nobody takes the answer any more."""


@dataclass(frozen=True, slots=True)
class _Request:
    verb: AdminVerb
    arguments: Mapping[str, Any]
    file: IO[bytes] | None


class AdminSocket:
    """Open from `start` to `stop`."""

    def __init__(self, folder: Path, handlers: Mapping[AdminVerb, Handler]) -> None:
        self._folder = folder
        self._handlers = handlers
        self._listening: socket.socket | None = None

    def start(self) -> None:
        """Listen; raise `RuntimeKioskError` where that cannot be."""
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            with address_of(self._folder) as address, readable_by_itself():
                with contextlib.suppress(FileNotFoundError):
                    Path(address).unlink()  # of a desk that was killed
                listening.bind(address)
                Path(address).chmod(0o600)
            listening.listen(_WAITING)
        except OSError as error:
            listening.close()
            raise RuntimeKioskError(
                f"Commands for IT cannot reach the running kiosk ({self._folder / SOCKET_FILE}: {error.strerror});"
                " they work once it is ended."
            ) from error
        self._listening = listening
        threading.Thread(target=self._serve, args=(listening,), name="admin socket", daemon=True).start()

    def stop(self) -> None:
        """Take no further request; one that is under way ends with the store."""
        if self._listening is None:
            return
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._listening.close()
        self._listening = None
        with contextlib.suppress(OSError), address_of(self._folder) as address, readable_by_itself():
            Path(address).unlink()

    def _serve(self, listening: socket.socket) -> None:
        while True:
            try:
                client, _ = listening.accept()
            except ConnectionError:  # gone before its turn
                continue
            except OSError:
                return
            with client:
                self._serve_one(client)

    def _serve_one(self, client: socket.socket) -> None:
        """Whatever a client does, the thread goes on."""
        try:
            if not _is_ours(client):
                return
            _answer(client, self._answer_to(client))
        except (OSError, _ClientGoneError):
            _log.info("A command for IT went away before it had its answer.")

    def _answer_to(self, client: socket.socket) -> Mapping[str, Any]:
        try:
            request = _read(client)
            with contextlib.nullcontext() if request.file is None else request.file:
                handler = self._handlers.get(request.verb)
                if handler is None:
                    raise RequestError(f"This kiosk does not answer {request.verb}.")
                return {"done": handler(request.arguments, request.file, lambda part: _say(client, part))}
        except _ClientGoneError:
            raise
        except KioskError as error:
            return {"error": str(error)}
        except OSError as error:
            return {"error": f"The file cannot be written or read: {error.strerror}."}
        except Exception as error:  # a mistake of ours in a command for IT is no reason to end a visit
            _log.exception("A command for IT failed.")
            return {"error": f"A mistake in the kiosk itself ({type(error).__name__}); the log has more."}


@contextlib.contextmanager
def address_of(folder: Path) -> Iterator[str]:
    """The socket's address; through a descriptor of the folder where the path is too long for one."""
    plain = str(folder / SOCKET_FILE)
    if len(os.fsencode(plain)) <= _LONGEST_ADDRESS:
        yield plain
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_FILE}"
    finally:
        os.close(descriptor)


def _is_ours(client: socket.socket) -> bool:
    """The kiosk's own user, or root; the system says who it is."""
    _, uid, _ = _CREDENTIALS.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))
    return uid in (os.geteuid(), _ROOT)


def _read(client: socket.socket) -> _Request:
    """One line within a short time, with at most one descriptor; raise `RequestError`."""
    until, line, files = time.monotonic() + _REQUEST_WITHIN_S, b"", list[int]()
    try:
        while b"\n" not in line:
            left_s = until - time.monotonic()
            if left_s <= 0 or len(line) > _LONGEST_REQUEST_BYTES:
                raise RequestError("The request is too long, or came too slowly.")
            client.settimeout(left_s)
            part, received, _, _ = socket.recv_fds(client, _LONGEST_REQUEST_BYTES, 4, socket.MSG_CMSG_CLOEXEC)
            files += received
            if not part:
                raise _ClientGoneError
            line += part
        verb, arguments = _parsed(line.partition(b"\n")[0])
        file = os.fdopen(files[0], "r+b", buffering=0) if files else None
        del files[:1]
    except TimeoutError:
        raise RequestError("The request is too long, or came too slowly.") from None
    finally:
        for descriptor in files:
            os.close(descriptor)
    return _Request(verb, arguments, file)


def _parsed(line: bytes) -> tuple[AdminVerb, Mapping[str, Any]]:
    try:
        said = json.loads(line)
        verb, arguments = AdminVerb(said["verb"]), said["arguments"]
        if not isinstance(arguments, dict):
            raise TypeError
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RequestError("The kiosk knows no such request: command and kiosk must be of one version.") from None
    return verb, arguments


def _say(client: socket.socket, part: float) -> None:
    _answer(client, {"progress": part})


def _answer(client: socket.socket, said: Mapping[str, Any]) -> None:
    client.settimeout(_TAKEN_WITHIN_S)
    try:
        client.sendall(json.dumps(said).encode() + b"\n")
    except OSError:
        raise _ClientGoneError from None
