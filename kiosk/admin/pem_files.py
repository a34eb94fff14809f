"""Reads the certificates and keys that a bank hands over, and says in one sentence what is wrong with one.

Signs nothing and trusts nobody: whether the bank's server is believed is decided at each connection. What it returns
is made anew from what was read: nothing else in a file, a private key least of all, reaches the kiosk's folder.
"""

import codecs
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key, load_pem_public_key
from cryptography.x509.oid import ExtendedKeyUsageOID

from kiosk.admin.certificates import public_key_pem
from kiosk.errors import SettingsError

_MAX_BYTES = 1_000_000


def read_authority(path: Path) -> str:
    """Return the PEM text of one or more CA certificates, of which one at least is valid; raise `SettingsError`."""
    certificates = _certificates(path)
    if not all(map(_is_authority, certificates)):
        raise SettingsError(f"{path} is no certificate of an authority; give the one that signed the bank's server.")
    if not any(map(_is_valid, certificates)):
        _demand_valid(path, certificates[0])
    return _pem(certificates)


def read_client_certificate(path: Path, key: ec.EllipticCurvePrivateKey, mismatch: str) -> str:
    """Return the PEM text of this terminal's certificate, its own first; raise `SettingsError`.

    `mismatch` is the sentence's end where the certificate belongs to another key.
    """
    certificates = _certificates(path)
    certificate = certificates[0]
    if certificate.public_key() != key.public_key():
        raise SettingsError(f"{path} {mismatch}.")
    _demand_valid(path, certificate)
    if not _may_be_a_clients(certificate):
        raise SettingsError(f"{path} may not be used as a client certificate; have the bank sign it for that purpose.")
    return _pem(certificates)


def expiry_of(certificate_pem: str) -> datetime:
    """Return when the first certificate of a PEM text ends."""
    return x509.load_pem_x509_certificates(certificate_pem.encode("ascii"))[0].not_valid_after_utc


def last_expiry_of(certificates_pem: str) -> datetime:
    """Return when the last of several certificates ends: an old authority may stand beside the new one."""
    found = x509.load_pem_x509_certificates(certificates_pem.encode("ascii", "ignore"))
    return max(certificate.not_valid_after_utc for certificate in found)


def read_receipt_key(path: Path) -> str:
    """Return the PEM text of the bank's Ed25519 public key; raise `SettingsError`."""
    try:
        key = load_pem_public_key(_content(path))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError(f"{path} is no PEM public key; ask the bank for its key for receipts.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(f"{path} must hold the bank's Ed25519 public key, with which it signs receipts.")
    return public_key_pem(key)


def read_client_key(path: Path) -> ec.EllipticCurvePrivateKey:
    """Return the key of a client certificate; raise `SettingsError`."""
    try:
        key = load_pem_private_key(_content(path), None)
    except TypeError as error:
        raise SettingsError(
            f"{path} is locked with a passphrase; give the key unlocked, the vault guards it."
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError(f"{path} is no PEM private key; give the key of the client certificate.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise SettingsError(f"{path} must hold an elliptic-curve key on P-256; have such a key certified.")
    return key


def _content(path: Path) -> bytes:
    """What the file holds; Windows may have put a byte order mark before it, which hides the first line of PEM."""
    try:
        if path.is_file() and path.stat().st_size > _MAX_BYTES:
            raise SettingsError(f"{path} is too large for a PEM file; name another file.")
        return path.read_bytes().removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; name another file.") from error
    except ValueError as error:
        raise SettingsError(f"{str(path)!r} can be no file; name another.") from error


def _certificates(path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(_content(path))
    except ValueError as error:
        raise SettingsError(f"{path} is no PEM certificate; convert it to PEM, or name another file.") from error


def _pem(certificates: list[x509.Certificate]) -> str:
    return b"".join(certificate.public_bytes(Encoding.PEM) for certificate in certificates).decode("ascii")


def _may_be_a_clients(certificate: x509.Certificate) -> bool:
    try:
        purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return True
    return ExtendedKeyUsageOID.CLIENT_AUTH in purposes


def _is_valid(certificate: x509.Certificate) -> bool:
    return certificate.not_valid_before_utc <= datetime.now(UTC) <= certificate.not_valid_after_utc


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
