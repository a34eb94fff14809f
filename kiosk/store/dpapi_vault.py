"""A vault that Windows unlocks for the account that made it, on the machine that made it (DPAPI).

What protects is handed in, so that the same contract holds the rules everywhere; the real one exists on Windows only.
"""

import ctypes
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from kiosk.store.vault_errors import WindowsAccountError, WindowsMissingError
from kiosk.store.vault_kinds import KEY_BYTES, Parameters

_NO_DIALOGUE = 0x1
"""CRYPTPROTECT_UI_FORBIDDEN: a kiosk has nobody to ask."""
_PURPOSE = b"kiosk key vault"


class Protector(Protocol):
    """Protects bytes for one account on one machine; raises `OSError` when it cannot."""

    def protect(self, secret: bytes) -> bytes: ...

    def unprotect(self, protected: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class DpapiVault:
    """A random key that Windows protects; nothing is asked of anybody at the start."""

    path: Path
    """Of the vault, for errors."""
    protector: Protector | None = None
    """None for Windows' own."""

    kind = "dpapi"

    def new_key(self) -> tuple[bytes, Parameters]:
        key = os.urandom(KEY_BYTES)
        try:
            return key, {"protected": self._protector().protect(key).hex()}
        except OSError as error:
            raise WindowsAccountError(self.path) from error

    def key(self, parameters: Parameters) -> bytes:
        protected = bytes.fromhex(str(parameters.get("protected")))
        try:
            key = self._protector().unprotect(protected)
        except OSError as error:
            raise WindowsAccountError(self.path) from error
        if len(key) != KEY_BYTES:
            raise ValueError("its protected key has another length")
        return key

    def _protector(self) -> Protector:
        if self.protector is not None:
            return self.protector
        if sys.platform != "win32":
            raise WindowsMissingError(self.path)
        return WindowsProtector()


class _Blob(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint32), ("data", ctypes.POINTER(ctypes.c_char)))


class WindowsProtector:
    """`CryptProtectData` and `CryptUnprotectData`, bound to the account and to this purpose."""

    def __init__(self) -> None:
        libraries: Any = ctypes
        self._crypt = libraries.WinDLL("crypt32", use_last_error=True)
        self._kernel = libraries.WinDLL("kernel32", use_last_error=True)
        self._kernel.LocalFree.argtypes = (ctypes.c_void_p,)

    def protect(self, secret: bytes) -> bytes:
        return self._call(self._crypt.CryptProtectData, secret)

    def unprotect(self, protected: bytes) -> bytes:
        return self._call(self._crypt.CryptUnprotectData, protected)

    def _call(self, function: Any, content: bytes) -> bytes:
        given, purpose, result = _blob(content), _blob(_PURPOSE), _Blob()
        references = ctypes.byref(given), None, ctypes.byref(purpose), None, None, _NO_DIALOGUE, ctypes.byref(result)
        if not function(*references):
            raise OSError("Windows refused")
        try:
            return ctypes.string_at(result.data, result.length)
        finally:
            ctypes.memset(result.data, 0, result.length)
            self._kernel.LocalFree(result.data)


def _blob(content: bytes) -> _Blob:
    buffer = ctypes.create_string_buffer(content, len(content))
    return _Blob(len(content), ctypes.cast(buffer, ctypes.POINTER(ctypes.c_char)))
