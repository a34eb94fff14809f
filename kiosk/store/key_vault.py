"""The file that holds the kiosk's keys, wrapped, whatever unlocks it.

Every secret is wrapped with AES-256-GCM by a random master key, and the master key by the unlocking key; beside that
slot there may be a second one for a recovery code. A wrong unlocking key, a damaged vault file, a missing one and a
TPM that was cleared are errors of their own, each with its cure. Knows no database.
"""

import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kiosk.store.machine_counter import MachineCounter
from kiosk.store.vault_errors import (
    NoRecoveryCodeError,
    SecretMissingError,
    VaultDamagedError,
    VaultExistsError,
    VaultKindError,
    VaultNotWritableError,
    WrongKeyError,
)
from kiosk.store.vault_file import (
    FORMAT,
    RECOVERY,
    Body,
    key_check,
    label,
    read_vault,
    seal_of,
    unwrap,
    wrap,
    write_vault,
)
from kiosk.store.vault_kinds import KEY_BYTES as KEY_BYTES
from kiosk.store.vault_kinds import RECOVERY_KIND
from kiosk.store.vault_kinds import KeyFileVault as KeyFileVault
from kiosk.store.vault_kinds import KeyVault as KeyVault
from kiosk.store.vault_kinds import Parameters as Parameters
from kiosk.store.vault_kinds import PassphraseVault as PassphraseVault

STORE_KEY = "store-key"
STAFF_PEPPER = "staff-pepper"
"""With a teller's PIN it opens the key to the application records, which is not in the vault; see `staff_keys`."""
ANCHOR_KEY = "anchor-key"
APPLICATION_SALT = "application-salt"
"""This terminal's share of the key to the application records, once they were re-keyed; see `store_thread`."""
COUNTER_IS_NEW = "counter-is-new"
"""A note: what unlocks the vault was exchanged, and the store has yet to count with the counter that goes with it."""
SIGNING_KEY = "signing-key"
TLS_CLIENT_KEY = "tls-client-key"


@dataclass(frozen=True, slots=True)
class VaultStatus:
    """What may be said of a vault to anybody who may read its file; no secret."""

    kind: str
    made_on: str
    """The date, in UTC."""
    sealed_on: str
    """When what unlocks it was last chosen."""
    numbers: Mapping[str, int] = field(default_factory=dict)
    """What hardens a passphrase, or the handle of a TPM's counter."""
    has_recovery_code: bool = False
    secrets: tuple[str, ...] = ()
    """Their names."""


class OpenVault:
    """An unlocked vault: hands out secrets by name."""

    def __init__(self, path: Path, body: Body, master: bytes) -> None:
        self._path, self._body, self._master = path, body, master
        self.machine_counter: MachineCounter | None = None
        """What the store counts with; whoever unlocks by a machine that has a counter sets it."""

    def secret(self, name: str) -> bytes:
        """Unwrap one secret; raise `SecretMissingError` or `VaultDamagedError`."""
        wrapped = self._body["secrets"].get(name)
        if wrapped is None:
            raise SecretMissingError(self._path, name)
        return unwrap(self._path, self._master, wrapped, label(self._body["vault_id"], name))

    @property
    def path(self) -> Path:
        """Where its file lies."""
        return self._path

    @property
    def parameters(self) -> Parameters:
        """What is stored to find the unlocking key again; no secret."""
        return dict(self._body["parameters"])

    def holds(self, name: str) -> bool:
        """Whether there is a secret of this name."""
        return name in self._body["secrets"]

    def status(self) -> VaultStatus:
        """What may be said of it."""
        return _status(self._body)

    def replace(self, changes: Mapping[str, bytes | None]) -> None:
        """Set secrets, or drop those given as None, all in one durable step; raise `VaultNotWritableError`.

        After an error either state may stand on the disk, whole: `reread` says which.
        """
        self._write({**self._body, "secrets": self._changed(changes)})

    def reseal(self, unlocking: KeyVault, changes: Mapping[str, bytes | None]) -> None:
        """Have it unlocked by this from now on, with these changes, in one durable step; raise a `VaultError`.

        The recovery code stays. Who has an older copy of the file and what unlocked that still has the secrets.
        """
        slot = _main_slot(unlocking, self._body["vault_id"], self._master)
        self._write({**self._body, **slot, "secrets": self._changed(changes)})

    def set_recovery(self, code: KeyVault | None) -> None:
        """Have it unlocked by this recovery code too, and by no earlier one; raise a `VaultError`."""
        body = {name: part for name, part in self._body.items() if name != RECOVERY}
        if code is not None:
            body[RECOVERY] = _slot(code, body["vault_id"], self._master)
        self._write(body)

    def reread(self) -> None:
        """Take over what another process may have changed since; raise a `VaultError`."""
        body, seal = read_vault(self._path)
        if not hmac.compare_digest(seal_of(body, self._master), seal):
            raise VaultDamagedError(self._path, "it is another vault than the one that was opened")
        self._body = body

    def _changed(self, changes: Mapping[str, bytes | None]) -> dict[str, str]:
        secrets = dict(self._body["secrets"])
        for name, secret in changes.items():
            secrets.pop(name, None)
            if secret is not None:
                secrets[name] = wrap(self._master, secret, label(self._body["vault_id"], name))
        return secrets

    def _write(self, body: Body) -> None:
        try:
            write_vault(self._path, body, self._master)
        except OSError as error:
            raise VaultNotWritableError(self._path, error.strerror or str(error)) from error
        self._body = body


def new_secrets() -> dict[str, bytes]:
    """Fresh random keys for the store and its anchors, and the staff pepper."""
    return {name: os.urandom(KEY_BYTES) for name in (STORE_KEY, STAFF_PEPPER, ANCHOR_KEY)}


def create_vault(path: Path, unlocking: KeyVault, secrets: Mapping[str, bytes]) -> OpenVault:
    """Make a vault file with these secrets; raise `VaultExistsError` rather than replace one."""
    if path.exists():
        raise VaultExistsError(path)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    master = os.urandom(KEY_BYTES)
    vault_id = os.urandom(16).hex()
    body: Body = {
        "format": FORMAT,
        "vault_id": vault_id,
        "made_on": _today(),
        **_main_slot(unlocking, vault_id, master),
        "secrets": {name: wrap(master, secret, label(vault_id, name)) for name, secret in secrets.items()},
    }
    write_vault(path, body, master)
    return OpenVault(path, body, master)


def open_vault(path: Path, unlocking: KeyVault) -> OpenVault:
    """Unlock a vault file; raise a `VaultError` that names what is wrong with file, kind or key."""
    body, seal = read_vault(path)
    slot = _slot_for(path, body, unlocking.kind)
    try:
        key = unlocking.key(slot["parameters"])
    except ValueError as error:
        raise VaultDamagedError(path, str(error)) from None
    if not hmac.compare_digest(key_check(key, body["vault_id"]), slot["key_check"]):
        raise WrongKeyError(path, unlocking.kind)
    master = unwrap(path, key, slot["master"], label(body["vault_id"], "master"))
    if not hmac.compare_digest(seal_of(body, master), seal):
        raise VaultDamagedError(path, "its seal does not fit")
    return OpenVault(path, body, master)


def vault_status(path: Path) -> VaultStatus:
    """What a vault's file says of itself, without its key; raise a `VaultError`. Nobody vouches for it."""
    return _status(read_vault(path)[0])


def _slot_for(path: Path, body: Body, kind: str) -> Body:
    if kind == RECOVERY_KIND:
        if RECOVERY not in body:
            raise NoRecoveryCodeError(path)
        return dict(body[RECOVERY])
    if body["unlocked_by"] != kind:
        raise VaultKindError(path, body["unlocked_by"])
    return body


def _main_slot(unlocking: KeyVault, vault_id: str, master: bytes) -> Body:
    return {"unlocked_by": unlocking.kind, "sealed_on": _today(), **_slot(unlocking, vault_id, master)}


def _slot(unlocking: KeyVault, vault_id: str, master: bytes) -> Body:
    """The master key under one unlocking key."""
    key, parameters = unlocking.new_key()
    return {
        "parameters": dict(parameters),
        "key_check": key_check(key, vault_id),
        "master": wrap(key, master, label(vault_id, "master")),
    }


def _status(body: Body) -> VaultStatus:
    parameters: Mapping[str, Any] = body["parameters"]
    return VaultStatus(
        body["unlocked_by"],
        body["made_on"],
        body["sealed_on"],
        {name: value for name, value in parameters.items() if isinstance(value, int)},
        RECOVERY in body,
        tuple(sorted(body["secrets"])),
    )


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
