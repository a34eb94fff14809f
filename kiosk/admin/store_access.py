"""What IT asks of a store: of the running kiosk through its socket, or of the store itself while the kiosk rests.

The caller sees no difference. The passphrase is asked for only where the store is opened here.
"""

import contextlib
import json
import socket
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, Any

from kiosk.admin.unlocking import unlock_kiosk
from kiosk.errors import RuntimeKioskError
from kiosk.runtime.admin_socket import LONGEST_LINE_BYTES, AdminVerb, Say, address_of
from kiosk.runtime.admin_verbs import handlers
from kiosk.runtime.keys_status import keys_status
from kiosk.settings import Settings, list_in_force, load_settings
from kiosk.store.key_vault import OpenVault
from kiosk.store.signed_head import HeadSigner
from kiosk.store.signing_keys import present_signing_key
from kiosk.store.store import Store, open_store

_ANSWER_WITHIN_S = 120.0
"""Longer than any step between two lines of a kiosk that works; it may serve another command first."""


class KioskSilentError(RuntimeKioskError):
    """The running kiosk gave no answer that can be used."""

    def __init__(self) -> None:
        super().__init__("The running kiosk does not answer; try again, or end it first: the store can be asked then.")


class RefusedByKioskError(RuntimeKioskError):
    """The running kiosk could not do it; carries its own sentence."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, and of which kiosk."""

    folder: Path
    verb: AdminVerb
    arguments: Mapping[str, Any]
    passphrase_file: Path | None = None


def ask(asked: Asked, file: IO[bytes] | None = None, say: Say = lambda _: None) -> Mapping[str, Any]:
    """Have it done by whoever has the store; raise a `KioskError` of one sentence, or `OSError` of the file."""
    with _running_kiosk(asked.folder) as kiosk:
        if kiosk is not None:
            return _ask_kiosk(kiosk, asked, file, say)
    with opened_store(asked.folder, asked.passphrase_file) as (settings, vault, store):
        status = partial(keys_status, asked.folder, settings, vault, store)
        known = handlers(asked.folder, settings, store, at_rest=True, keys_status=status)
        return known[asked.verb](asked.arguments, file, say)


def is_running(folder: Path) -> bool:
    """Whether a kiosk runs there and takes commands."""
    with _running_kiosk(folder) as kiosk:
        return kiosk is not None


@contextlib.contextmanager
def opened_store(folder: Path, passphrase_file: Path | None) -> Iterator[tuple[Settings, OpenVault, Store]]:
    """The store of a kiosk at rest, told what signs its heads."""
    settings = load_settings(folder)
    vault = unlock_kiosk(folder, settings, passphrase_file)
    with open_store(folder, vault, list_in_force(settings)) as store:
        store.sign_heads_with(HeadSigner.of(settings.kiosk_id, present_signing_key(vault)))
        yield settings, vault, store


@contextlib.contextmanager
def _running_kiosk(folder: Path) -> Iterator[socket.socket | None]:
    """A connection to the kiosk that runs there; None where none does."""
    if not hasattr(socket, "AF_UNIX"):  # where no kiosk can run
        yield None
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        # Not a time-out of Python's: that would take a queue that is full for a connection.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", int(_ANSWER_WITHIN_S), 0))
        try:
            with address_of(folder) as address:
                connection.connect(address)
        except BlockingIOError:
            raise KioskSilentError from None
        except OSError:  # nobody there, or nobody listening any more
            yield None
            return
        connection.settimeout(_ANSWER_WITHIN_S)
        yield connection


def _ask_kiosk(kiosk: socket.socket, asked: Asked, file: IO[bytes] | None, say: Say) -> Mapping[str, Any]:
    request = json.dumps({"verb": asked.verb, "arguments": dict(asked.arguments)}).encode() + b"\n"
    try:
        if file is None:
            kiosk.sendall(request)
        else:
            file.flush()
            socket.send_fds(kiosk, [request], [file.fileno()])
        with kiosk.makefile("rb") as answers:
            while line := answers.readline(LONGEST_LINE_BYTES):
                said = json.loads(line)
                if "done" in said:
                    return dict(said["done"])
                if "error" in said:
                    raise RefusedByKioskError(str(said["error"]))
                say(float(said["progress"]))
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise KioskSilentError from None
    raise KioskSilentError
