"""What may be said of a kiosk's keys to IT: what locks them, which one signs, how long certificates last. No secret."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.errors import KioskError
from kiosk.settings import Settings
from kiosk.store.key_vault import OpenVault
from kiosk.store.signing_keys import NEXT_SIGNING_KEY, former_public_keys, present_signing_key
from kiosk.store.store import Store
from kiosk.verification.verdict import key_thumbprint


def keys_status(folder: Path, settings: Settings, vault: OpenVault, store: Store) -> Mapping[str, Any]:
    """As plain values, for the terminal or as JSON; raise a `KioskError`."""
    present = present_signing_key(vault)
    coming = vault.secret(NEXT_SIGNING_KEY) if vault.holds(NEXT_SIGNING_KEY) else None
    return {
        "vault": asdict(vault.status()) | {"path": str(vault.path)},
        "counter": _counter(vault),
        "signing": {
            "key": key_thumbprint(present.public_key()),
            "announced": None if coming is None else _thumbprint(coming),
            "former": len(former_public_keys(vault)),
        },
        "certificate": {
            "client_ends_on": _ends_on(folder / settings.bank.client_certificate),
            "authority_ends_on": _ends_on(folder / settings.bank.ca),
        },
        "staff": {"tellers_with_key": sum(bool(account.staff_key) for account in store.tellers())},
    }


def _counter(vault: OpenVault) -> Mapping[str, Any]:
    """Where the machine's counter stands, or why it does not say so."""
    if vault.machine_counter is None:
        return {"value": None, "fault": None}
    try:
        return {"value": vault.machine_counter.value(), "fault": None}
    except KioskError as error:
        return {"value": None, "fault": str(error)}


def _thumbprint(raw_private: bytes) -> str:
    return key_thumbprint(Ed25519PrivateKey.from_private_bytes(raw_private).public_key())


def _ends_on(path: Path) -> str | None:
    """The last day of the longest of the file's certificates; None where there is none to read."""
    try:
        ends = [each.not_valid_after_utc for each in x509.load_pem_x509_certificates(path.read_bytes())]
    except (OSError, ValueError):
        return None
    return max(ends).date().isoformat()
