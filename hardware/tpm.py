"""A TPM 2.0: seals a short secret to this machine, and counts where nobody can count back. Linux, by tpm2-pytss.

Every act opens the device and closes it again. What travels to the chip and back is encrypted and authenticated for
the storage key whose name was recorded at sealing, so that a listener on the wires learns nothing. Owner and
endorsement hierarchy are expected to have no password, as Linux and Windows leave them.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from hardware.errors import HardwareError

DEFAULT_TCTI = "device:/dev/tpmrm0"
_COUNTER_HANDLES = range(0x01500B10, 0x01500B20)
"""In the part of the TPM's memory that belongs to the machine's owner."""
_COUNTER_BYTES = 8
_STORAGE_KEY = "ecc256:aes128cfb"
_STORAGE_ATTRIBUTES = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt"
_SEALED_ATTRIBUTES = "fixedtpm|fixedparent|userwithauth|noda"
_TCTI_LAYER = 0x000A0000
_LAYER_MASK = 0x00FF0000
_INTEGRITY, _BAD_HANDLE, _ALREADY_DEFINED, _NO_SPACE = 0x9F, 0x8B, 0x14C, 0x14B
_OWNER_PASSWORD = (0x8E, 0xA2)
"""TPM_RC_AUTH_FAIL and TPM_RC_BAD_AUTH."""


class TpmError(HardwareError):
    """Root of what can be wrong with a TPM."""


class TpmMissingError(TpmError):
    """There is no TPM, or this user may not speak to it, or the library is missing."""


class TpmClearedError(TpmError):
    """It is the chip of the sealing, and it was cleared since: what it sealed is gone."""


class TpmReplacedError(TpmError):
    """It is another chip than the one of the sealing."""


class TpmCounterLostError(TpmError):
    """The counter is not in this TPM any more, or something else stands in its place."""


class TpmFailedError(TpmError):
    """The TPM refused an act."""


@dataclass(frozen=True, slots=True)
class SealedSecret:
    """What only the TPM that made it can open; no secret by itself."""

    public: bytes
    private: bytes
    storage_name: bytes
    """Of the key it lies under; another one after the TPM was cleared."""
    chip_name: bytes
    """Of a key that belongs to the chip and outlives clearing; empty where the TPM keeps it back."""


class Tpm:
    """One TPM by its TCTI text: `device:/dev/tpmrm0`, or `swtpm:path=SOCKET` for a simulated one."""

    def __init__(self, tcti: str = DEFAULT_TCTI) -> None:
        self.tcti = tcti or DEFAULT_TCTI

    def seal(self, secret: bytes) -> SealedSecret:
        """Seal at most 128 bytes to this TPM; raise a `TpmError`."""
        library = _library()
        with self._session() as opened:
            sensitive = library.types.TPM2B_SENSITIVE_CREATE(
                library.types.TPMS_SENSITIVE_CREATE(data=library.types.TPM2B_SENSITIVE_DATA(secret))
            )
            template = library.types.TPM2B_PUBLIC.parse("keyedhash", objectAttributes=_SEALED_ATTRIBUTES)
            private, public, *_ = opened.esapi.create(opened.storage_key, sensitive, template, session1=opened.session)
            return SealedSecret(public.marshal(), private.marshal(), opened.storage_name, _chip_name(opened.esapi))

    def unseal(self, sealed: SealedSecret) -> bytes:
        """Return the secret; raise `TpmClearedError`, `TpmReplacedError` or another `TpmError`; `ValueError` for noise.

        A storage key of the same name is the same key: under it nothing can be wrong but the sealed bytes.
        """
        library = _library()
        try:
            public, read = library.types.TPM2B_PUBLIC.unmarshal(sealed.public)
            private, read_private = library.types.TPM2B_PRIVATE.unmarshal(sealed.private)
        except Exception as error:  # the library says it with several kinds
            raise ValueError("its sealed key cannot be read") from error
        if (read, read_private) != (len(sealed.public), len(sealed.private)):
            raise ValueError("its sealed key cannot be read")
        with self._session(sealed) as opened:
            handle = opened.esapi.load(opened.storage_key, private, public, session1=opened.session)
            opened.undo.callback(opened.esapi.flush_context, handle)
            return bytes(opened.esapi.unseal(handle, session1=opened.session))

    def new_counter(self) -> int:
        """Make a counter and count once; return its handle. Its first number is above all that was ever counted."""
        library = _library()
        attributes = library.constants.TPMA_NV
        kind = library.constants.TPM2_NT.COUNTER << attributes.TPM2_NT_SHIFT
        with self._session() as opened:
            for handle in _COUNTER_HANDLES:
                public = library.types.TPM2B_NV_PUBLIC(
                    library.types.TPMS_NV_PUBLIC(
                        nvIndex=handle,
                        nameAlg=library.constants.TPM2_ALG.SHA256,
                        attributes=attributes.AUTHREAD | attributes.AUTHWRITE | attributes.NO_DA | kind,
                        dataSize=_COUNTER_BYTES,
                    )
                )
                try:
                    index = opened.esapi.nv_define_space(b"", public, session1=opened.session)
                except library.TSS2_Exception as error:
                    if error.error == _ALREADY_DEFINED:  # another kiosk's, or one of an earlier life
                        continue
                    if error.error == _NO_SPACE:
                        break
                    raise
                opened.esapi.nv_increment(index, auth_handle=index, session1=opened.session)
                return handle
        raise TpmFailedError(
            "The TPM has no room for a counter: clear it in the machine's firmware, if nothing needs it."
        )

    def drop_counter(self, handle: int) -> None:
        """Give a counter's room back; raise a `TpmError`."""
        with self._session() as opened:
            index = _counter(opened.esapi, handle)
            opened.esapi.nv_undefine_space(index, session1=opened.session)

    def counted(self, handle: int, under: SealedSecret | None = None) -> int:
        """Where a counter stands; raise a `TpmError`. `under` names the storage key that vouches for the answer."""
        with self._session(under) as opened:
            return _read(opened, _counter(opened.esapi, handle))

    def count(self, handle: int, under: SealedSecret | None = None) -> int:
        """Count one further and return where the counter stands then; raise a `TpmError`."""
        with self._session(under) as opened:
            index = _counter(opened.esapi, handle)
            opened.esapi.nv_increment(index, auth_handle=index, session1=opened.session)
            return _read(opened, index)

    @contextmanager
    def _session(self, sealed: SealedSecret | None = None) -> Iterator["_Opened"]:
        """An opened TPM with its storage key and a session salted to it; the one of the sealing, or an error."""
        library = _library()
        with ExitStack() as undo:
            try:
                esapi = undo.enter_context(library.ESAPI(self.tcti))
                key, name = _primary(esapi, undo, "OWNER")
                if sealed is not None and name != sealed.storage_name:
                    raise self._foreign(_chip_name(esapi) == sealed.chip_name)
                yield _Opened(esapi, key, name, _salted_session(esapi, undo, key), undo)
            except library.TSS2_Exception as error:
                raise self._named(error) from error
            finally:
                undo.pop_all().close()

    def _foreign(self, is_same_chip: bool) -> TpmError:
        if is_same_chip:
            return TpmClearedError("The TPM of this machine was cleared: what it had sealed is gone.")
        return TpmReplacedError("The TPM of this machine is another one than that of the sealing.")

    def _named(self, error: Any) -> TpmError:
        if error.rc & _LAYER_MASK == _TCTI_LAYER:
            return TpmMissingError(
                f"There is no TPM at {self.tcti}, or this user may not use it: switch it on in the machine's firmware,"
                " or add the user to the group tss."
            )
        if error.error in _OWNER_PASSWORD:
            return TpmFailedError("The TPM's owner hierarchy has a password: take it away, or use another vault.")
        if error.error == _INTEGRITY:
            return TpmReplacedError("The TPM of this machine did not seal this.")
        return TpmFailedError(f"The TPM refused ({error}): start the machine anew, then try again.")


@dataclass(frozen=True, slots=True)
class _Opened:
    esapi: Any
    storage_key: Any
    storage_name: bytes
    session: Any
    undo: ExitStack


def is_there(tcti: str = DEFAULT_TCTI) -> bool:
    """Whether a TPM answers; never raises."""
    try:
        with Tpm(tcti)._session():
            return True
    except TpmError:
        return False


def _library() -> Any:
    """The binding, with the chatter of the library below it off."""
    os.environ.setdefault("TSS2_LOG", "all+NONE")
    try:
        import tpm2_pytss
    except (ImportError, OSError, RuntimeError) as error:
        raise TpmMissingError(
            "This installation cannot speak to a TPM: install its extra `tpm`, and Debian's libtss2-tcti-device0."
        ) from error
    return tpm2_pytss


def _primary(esapi: Any, undo: ExitStack, hierarchy: str) -> tuple[Any, bytes]:
    """A key that a hierarchy's seed always makes alike, and its name."""
    library = _library()
    template = library.types.TPM2B_PUBLIC.parse(_STORAGE_KEY, objectAttributes=_STORAGE_ATTRIBUTES)
    handle, public, *_ = esapi.create_primary(
        library.types.TPM2B_SENSITIVE_CREATE(), template, getattr(library.constants.ESYS_TR, hierarchy)
    )
    undo.callback(esapi.flush_context, handle)
    return handle, bytes(public.get_name())


def _chip_name(esapi: Any) -> bytes:
    """Of a key under the endorsement seed, which clearing leaves alone."""
    library = _library()
    try:
        with ExitStack() as undo:
            return _primary(esapi, undo, "ENDORSEMENT")[1]
    except library.TSS2_Exception:
        return b""


def _salted_session(esapi: Any, undo: ExitStack, key: Any) -> Any:
    library = _library()
    cipher = library.types.TPMT_SYM_DEF(
        algorithm=library.constants.TPM2_ALG.AES,
        keyBits=library.types.TPMU_SYM_KEY_BITS(sym=128),
        mode=library.types.TPMU_SYM_MODE(sym=library.constants.TPM2_ALG.CFB),
    )
    session = esapi.start_auth_session(
        tpm_key=key,
        bind=library.constants.ESYS_TR.NONE,
        session_type=library.constants.TPM2_SE.HMAC,
        symmetric=cipher,
        auth_hash=library.constants.TPM2_ALG.SHA256,
    )
    undo.callback(esapi.flush_context, session)
    attributes = library.constants.TPMA_SESSION
    esapi.trsess_set_attributes(session, attributes.DECRYPT | attributes.ENCRYPT | attributes.CONTINUESESSION)
    return session


def _counter(esapi: Any, handle: int) -> Any:
    """The counter of this handle; something that can be written to would be none."""
    library = _library()
    try:
        index = esapi.tr_from_tpmpublic(handle)
    except library.TSS2_Exception as error:
        if error.error == _BAD_HANDLE:
            raise TpmCounterLostError("The counter is not in this machine's TPM any more.") from error
        raise
    public, _ = esapi.nv_read_public(index)
    if public.nvPublic.attributes.nt != library.constants.TPM2_NT.COUNTER:
        raise TpmCounterLostError("What stands in the counter's place in the TPM is no counter.")
    return index


def _read(opened: _Opened, index: Any) -> int:
    counted = opened.esapi.nv_read(index, _COUNTER_BYTES, 0, auth_handle=index, session1=opened.session)
    return int.from_bytes(bytes(counted), "big")
