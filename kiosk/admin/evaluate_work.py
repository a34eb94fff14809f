"""A file of half-done work that survives an interruption, for its owner only; deleted when all is done, unless kept.

Knows nothing of what it keeps. A torn end is left out, and what another version of the program made is not found.
"""

import contextlib
import functools
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import IO, TypeVar

import msgspec

import kiosk
from kiosk.errors import SettingsError

Result = TypeVar("Result")

_CODE = ("kiosk/verification", "kiosk/vision")
_OPEN_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
for _flag in ("O_NOFOLLOW", "O_BINARY"):
    _OPEN_FLAGS |= getattr(os, _flag, 0)  # each exists on some systems only


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    key: bytes
    result: bytes


class WorkFile(AbstractContextManager["WorkFile"]):
    """Results by key, as bytes; each is on its way to the disk when `keep` returns."""

    def __init__(self, folder: Path, name: str, *, keep: bool, option: str = "--work") -> None:
        """`option` is how the caller's command names the folder."""
        self.path = folder / name
        self._keep = keep
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._found = dict(_whole_records(self.path))
            self._file: IO[bytes] = os.fdopen(os.open(self.path, _OPEN_FLAGS, 0o600), "wb")
        except OSError as error:
            raise SettingsError(
                f"{self.path} cannot be written: {error.strerror}; name another folder with {option}."
            ) from error
        for key, result in self._found.items():
            self._write(key, result)
        self._file.flush()

    def found(self, key: bytes) -> bytes | None:
        return self._found.get(key)

    def keep(self, key: bytes, result: bytes) -> None:
        self._write(key, result)
        self._file.flush()

    def __exit__(
        self, kind: type[BaseException] | None, _error: BaseException | None, _where: TracebackType | None
    ) -> None:
        self._file.close()
        if kind is None and not self._keep:
            self.path.unlink(missing_ok=True)

    def _write(self, key: bytes, result: bytes) -> None:
        record = msgspec.msgpack.encode(_Kept(key, result))
        self._file.write(len(record).to_bytes(4, "big") + record)


def take_up(
    keys: Sequence[bytes],
    held: WorkFile | None,
    make: Callable[[list[int]], Iterator[Result]],
    encode: Callable[[Result], bytes],
    decode: Callable[[bytes], Result],
) -> list[Result]:
    """Return the result of each key: what is held is not made again; `make` gets the indices of the others."""
    found: dict[int, Result] = {}
    if held is not None:
        for index, key in enumerate(keys):
            if (kept := held.found(key)) is not None:
                with contextlib.suppress(msgspec.MsgspecError, ValueError):  # what cannot be read is made again
                    found[index] = decode(kept)
    missing = [index for index in range(len(keys)) if index not in found]
    for index, result in zip(missing, make(missing), strict=True):
        found[index] = result
        if held is not None:
            held.keep(keys[index], encode(result))
    return [found[index] for index in range(len(keys))]


def work_key(path: Path, *more: str) -> bytes:
    """Changes with the path, the sizes and times of what is there, this program's code, and whatever else is given."""
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    text = "\0".join((code_of(*_CODE), str(path.absolute()), *map(_state, files), *more))
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()


def _state(path: Path) -> str:
    try:
        state = path.stat()
    except OSError:
        return f"{path.name}:absent"
    return f"{path.name}:{state.st_size}:{state.st_mtime_ns}"


@functools.cache
def code_of(*parts: str) -> str:
    """A hash of these parts of the program, folders or files: what they make belongs to this very code."""
    top = Path(kiosk.__file__).parent.parent
    places = (top / part for part in parts)
    digest = hashlib.sha256()
    for source in sorted(path for place in places for path in ([place] if place.is_file() else place.rglob("*.py"))):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _whole_records(path: Path) -> Iterator[tuple[bytes, bytes]]:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    place = 0
    while place + 4 <= len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        try:
            record = msgspec.msgpack.decode(data[place + 4 : place + 4 + length], type=_Kept)
        except msgspec.MsgspecError:
            return
        yield record.key, record.result
        place += 4 + length
