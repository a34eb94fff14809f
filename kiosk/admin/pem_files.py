"""Reads the certificates and keys that a bank hands over, and says in one sentence what is wrong with one.

Signs nothing and trusts nobody: whether the bank's server is believed is decided at each connection.
"""

from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from kiosk.errors import SettingsError

_MAX_BYTES = 1_000_000


def read_authority(path: Path) -> str:
    """Return the PEM text of one or more CA certificates; raise `SettingsError`."""
    text = _text(path)
    for certificate in _certificates(path, text):
        if not _is_authority(certificate):
            raise SettingsError(
                f"{path} is no certificate of an authority; give the one that signed the bank's server."
            )
        _demand_valid(path, certificate)
    return text


def read_client_certificate(path: Path, key: ec.EllipticCurvePrivateKey, mismatch: str) -> str:
    """Return the PEM text of this terminal's certificate, its own first; raise `SettingsError`.

    `mismatch` is the sentence's end where the certificate belongs to another key.
    """
    text = _text(path)
    certificate = _certificates(path, text)[0]
    if certificate.public_key() != key.public_key():
        raise SettingsError(f"{path} {mismatch}.")
    _demand_valid(path, certificate)
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return text
    if ExtendedKeyUsageOID.CLIENT_AUTH not in purposes:
        raise SettingsError(f"{path} may not be used as a client certificate; have the bank sign it for that purpose.")
    return text


def read_receipt_key(path: Path) -> str:
    """Return the PEM text of the bank's Ed25519 public key; raise `SettingsError`."""
    text = _text(path)
    try:
        key = load_pem_public_key(text.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError(f"{path} is no PEM public key; ask the bank for its key for receipts.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(f"{path} must hold the bank's Ed25519 public key, with which it signs receipts.")
    return text


def read_client_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the key of a client certificate; raise `SettingsError`."""
    try:
        key = load_pem_private_key(_text(path).encode("ascii"), None)
    except TypeError as error:
        raise SettingsError(
            f"{path} is locked with a passphrase; give the key unlocked, the vault guards it."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError(f"{path} is no PEM private key; give the key of the client certificate.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SettingsError(f"{path} must hold an elliptic-curve key on P-256; have such a key certified.")
    return key


def _text(path: Path) -> str:
    try:
        if path.is_file() and path.stat().st_size > _MAX_BYTES:
            raise SettingsError(f"{path} is too large for a PEM file; name another file.")
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; name another file.") from error
    except ValueError as error:
        raise SettingsError(f"{path} is no PEM file; convert it to PEM, or name another file.") from error


def _certificates(path: Path, text: str) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(text.encode("ascii"))
    except ValueError as error:
        raise SettingsError(f"{path} is no PEM certificate; name another file.") from error


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _demand_valid(path: Path, certificate: x509.Certificate) -> None:
    now = datetime.now(UTC)
    if now > certificate.not_valid_after_utc:
        raise SettingsError(
            f"{path} expired on {certificate.not_valid_after_utc:%Y-%m-%d}; ask the bank for a new one."
        )
    if now < certificate.not_valid_before_utc:
        begin = certificate.not_valid_before_utc
        raise SettingsError(f"{path} is valid from {begin:%Y-%m-%d} on only; check this machine's clock.")
