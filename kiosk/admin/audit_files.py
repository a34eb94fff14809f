"""Files that `kiosk audit verify` and `prove` read: exports, keys, messages and slips. Loads no store and no screen."""

import contextlib
import itertools
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from kiosk.errors import KioskError, SettingsError
from kiosk.privacy.erasure_statement import PREFIX as ERASURE_PREFIX
from kiosk.privacy.visit_statement import MAX_TEXT_CHARS, PREFIX
from kiosk.store.audit_export import (
    LONGEST_LINE_BYTES,
    ExportHeader,
    ExportLine,
    ExportLineError,
    read_first_line,
    read_lines,
)
from kiosk.store.audit_verification import HeldByTheBank, Outside, TrailReport, verify_trail
from kiosk.store.signed_head import SignedHead
from kiosk.verification.verdict import (
    MESSAGE_JWS_CHARS,
    KeyAnnouncement,
    VerdictMessage,
    key_id_of,
    key_thumbprint,
    message_hash,
    verify_message,
)

_LARGEST_MESSAGES = 256 * 1024 * 1024
_LARGEST_KEY = 64 * 1024
_LARGEST_SLIP = 64 * 1024 * 1024
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"BM", b"RIFF")
_HELD = re.compile(r"([0-9a-f]{64})@([1-9][0-9]{0,18})")
_SAY_EVERY_S = 0.2
_LOOK_EVERY_LINES = 2000


@dataclass(frozen=True, slots=True)
class BankMessages:
    """What a file holds of one kiosk; each signed by a key that the bank registered, or that such a key announced."""

    kiosk_id: bytes
    verdicts: dict[int, tuple[VerdictMessage, str]]
    """By sequence, with the JWS."""
    keys: frozenset[bytes]
    left_out: int
    """Messages that none of the keys has signed: other kiosks'."""

    def held(self) -> dict[int, HeldByTheBank]:
        return {
            sequence: HeldByTheBank(message.tree_head, message_hash(jws))
            for sequence, (message, jws) in self.verdicts.items()
        }


def load_public_keys(paths: list[Path]) -> frozenset[bytes]:
    """Raw Ed25519 keys; raise `SettingsError`."""
    return frozenset(_public_key(path) for path in paths)


def load_bank_messages(path: Path, keys: frozenset[bytes]) -> BankMessages:
    """Messages as the bank received them, in any order: one JWS a line, or the log of `kiosk receiver run`."""
    if not keys:
        raise SettingsError("--bank-messages needs --public-key: what nobody signed vouches for nothing.")
    left = list(_jws_of(path))
    known, verdicts, kiosks = dict(map(_with_thumbprint, keys)), {}, set()
    while signed := [jws for jws in left if key_id_of(jws) in known]:
        left = [jws for jws in left if key_id_of(jws) not in known]
        for jws in signed:
            message = verify_message(jws, known[key_id_of(jws)])
            kiosks.add(message.kiosk_id)
            if isinstance(message, KeyAnnouncement):
                known |= dict([_with_thumbprint(message.next_public_key)])
            else:
                verdicts[message.sequence] = (message, jws)
    if len(kiosks) != 1:
        fault = "none of these keys" if not kiosks else "keys that sign for more than one kiosk"
        raise SettingsError(f"{path} holds messages signed by {fault}: give the keys of one kiosk (--public-key).")
    return BankMessages(kiosks.pop(), verdicts, frozenset(key.public_bytes_raw() for key in known.values()), len(left))


def held_of(texts: list[str]) -> dict[int, HeldByTheBank]:
    """What `--bank-checkpoint HEX@SEQ` says; raise `SettingsError`."""
    held = {}
    for text in texts:
        found = _HELD.fullmatch("".join(text.split()).lower())
        if found is None:
            raise SettingsError("--bank-checkpoint takes 64 hex digits, @, and the sequence of the message with them.")
        held[int(found[2])] = HeldByTheBank(bytes.fromhex(found[1]))
    return held


def head_of_export(path: Path) -> tuple[int, bytes]:
    """Size and head of the last line of an export; raise `ExportLineError` or `SettingsError`."""
    try:
        with path.open("rb") as file:
            kiosk_id = read_first_line(file.readline(LONGEST_LINE_BYTES).decode("utf-8", "replace")).kiosk_id
            file.seek(max(0, path.stat().st_size - LONGEST_LINE_BYTES))
            *_, last = file.read().decode("utf-8", "replace").splitlines()
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    (signed,) = read_lines(kiosk_id, iter([last]))
    if not isinstance(signed, SignedHead) or not signed.is_good():
        raise SettingsError(f"{path} is no whole export: no signed head closes it.")
    return signed.tree_head.size, signed.tree_head.head


def verify_file(
    path: Path, outside: Outside, *, say: Callable[[float], None], wanted: frozenset[int] = frozenset()
) -> tuple[bytes, TrailReport]:
    """Check an exported trail; return whose it is and what it shows.

    Raise `TrailBrokenError`, `ExportLineError` or `SettingsError`.
    """
    with open_export(path, say) as (header, lines):
        report = verify_trail(header, lines, outside, wanted)
    say(1.0)
    return header.kiosk_id, report


@contextlib.contextmanager
def open_export(
    path: Path, say: Callable[[float], None] = lambda _: None
) -> Iterator[tuple[ExportHeader, Iterator[ExportLine]]]:
    """The first line and all others; raise `ExportLineError` or `SettingsError`."""
    try:
        with path.open("rb") as file:
            lines = _lines(file, max(1, path.stat().st_size), say)
            header = read_first_line(next(lines, ""))
            yield header, read_lines(header.kiosk_id, lines)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error


def read_text(path: Path, most_bytes: int) -> str:
    """A small text file; raise `SettingsError`."""
    return _content(path, most_bytes).decode("utf-8-sig", "replace")


def slip_text(slip: str) -> str:
    """The code of a slip: given as text, in a text file, or to be read from a picture; raise `SettingsError`."""
    if slip.strip().upper().startswith((PREFIX, ERASURE_PREFIX)):
        return slip
    path = Path(slip)
    content = _content(path, _LARGEST_SLIP)
    if content.startswith(_PICTURES):
        from kiosk.admin.slip_picture import read_code  # OpenCV, which nothing else here needs

        return read_code(path)
    text = "".join(content.decode("utf-8-sig", "replace").split()).upper()
    found = re.search(rf"({PREFIX}|{ERASURE_PREFIX})([A-Z2-7]*)", text)
    if found is None:
        raise SettingsError(f"{path} holds no code of a slip; it begins with {PREFIX} or {ERASURE_PREFIX}.")
    return found[1] + found[2][:MAX_TEXT_CHARS]


def _lines(file: IO[bytes], size: int, say: Callable[[float], None]) -> Iterator[str]:
    """Lines one after the other, none longer than one can be; says now and then how far it is."""
    said_at, read = time.monotonic(), 0
    for number in itertools.count(1):
        line = file.readline(LONGEST_LINE_BYTES)
        if not line:
            return
        read += len(line)
        if number % _LOOK_EVERY_LINES == 0 and time.monotonic() - said_at > _SAY_EVERY_S:
            said_at = time.monotonic()
            say(min(0.99, read / size))
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError:
            raise ExportLineError(number) from None


def _jws_of(path: Path) -> Iterator[str]:
    for number, line in enumerate(_content(path, _LARGEST_MESSAGES).splitlines(), 1):
        text = line.decode("ascii", "replace").strip()
        if not text:
            continue
        try:
            jws = json.loads(text)["jws"] if text.startswith("{") else text
            if len(jws) != MESSAGE_JWS_CHARS:
                raise ValueError
            key_id_of(jws)
        except (ValueError, KeyError, TypeError, RecursionError, KioskError):
            raise SettingsError(f"Line {number} of {path} is no message of a kiosk: give one JWS a line.") from None
        yield jws


def _with_thumbprint(raw: bytes) -> tuple[str, Ed25519PublicKey]:
    key = Ed25519PublicKey.from_public_bytes(raw)
    return key_thumbprint(key), key


def _public_key(path: Path) -> bytes:
    try:
        key = load_pem_public_key(_content(path, _LARGEST_KEY))
    except (ValueError, UnsupportedAlgorithm):
        raise SettingsError(f"{path} holds no public key in PEM; the kiosk's folder has one.") from None
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(f"{path} must hold an Ed25519 public key, as `kiosk setup` writes it.")
    return key.public_bytes_raw()


def _content(path: Path, most: int) -> bytes:
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError:  # a zero byte in a name
        raise SettingsError("This is neither the code of a slip nor the name of a file.") from None
    if len(content) > most:
        raise SettingsError(f"{path} is larger than {most >> 10} KiB: name another file.")
    return content
