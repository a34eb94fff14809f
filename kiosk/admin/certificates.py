"""Makes a small authority with server and client certificates and the bank's receipt key, for demo and trial.

For a bank's own line these come from the bank. Nothing here signs verdicts or guards data.
"""

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from kiosk.errors import SettingsError
from kiosk.upstream.reference_ledger import ReceiverFolder

LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")
VALID_FOR = timedelta(days=365)
_CLOCKS_DIFFER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Authority:
    """A certificate authority of one's own."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> str:
        return self.certificate.public_bytes(Encoding.PEM).decode("ascii")


@dataclass(frozen=True, slots=True)
class Credential:
    """A certificate and its key, both PEM."""

    certificate_pem: str
    key_pem: str


def make_authority(name: str = "Kiosk trial CA", valid_for: timedelta = VALID_FOR) -> Authority:
    """Return a new self-signed authority (P-256); a negative `valid_for` gives an expired one."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name)
    usage = x509.KeyUsage(
        digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
        key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    certificate = (
        _builder(subject, subject, key.public_key(), valid_for)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return Authority(certificate, key)


def issue_server(
    authority: Authority, hosts: tuple[str, ...] = LOCAL_HOSTS, valid_for: timedelta = VALID_FOR
) -> Credential:
    """Return a server certificate for these names and addresses; a negative `valid_for` gives an expired one."""
    names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
    return _issue(authority, hosts[0], ExtendedKeyUsageOID.SERVER_AUTH, names, valid_for)


def issue_client(authority: Authority, name: str = "Kiosk", valid_for: timedelta = VALID_FOR) -> Credential:
    """Return a client certificate for one kiosk."""
    return _issue(authority, name, ExtendedKeyUsageOID.CLIENT_AUTH, None, valid_for)


def make_receiver_folder(folder: Path, hosts: tuple[str, ...] = LOCAL_HOSTS) -> ReceiverFolder:
    """Write CA, server, client and receipt key into a new or empty folder, keys readable by the owner only."""
    paths = ReceiverFolder(folder)
    if paths.ca.exists() or paths.receipt_key.exists():
        raise SettingsError(f"{folder} already holds a receiver; choose another folder or delete this one first.")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise SettingsError(f"The folder {folder} cannot be made: {error.strerror}.") from error
    authority = make_authority()
    server, client = issue_server(authority, hosts), issue_client(authority)
    receipt_key = Ed25519PrivateKey.generate()
    write_secret(paths.ca_key, private_key_pem(authority.key))
    write_secret(paths.server_key, server.key_pem)
    write_secret(paths.client_key, client.key_pem)
    write_secret(paths.receipt_key, private_key_pem(receipt_key))
    paths.server.write_text(server.certificate_pem, encoding="ascii")
    paths.client.write_text(client.certificate_pem, encoding="ascii")
    paths.receipt_public_key.write_text(public_key_pem(receipt_key.public_key()), encoding="ascii")
    paths.ca.write_text(authority.pem, encoding="ascii")
    return paths


def private_key_pem(key: Ed25519PrivateKey | ec.EllipticCurvePrivateKey) -> str:
    """Return PKCS #8 PEM, unencrypted."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii")


def public_key_pem(key: Ed25519PublicKey) -> str:
    """Return SubjectPublicKeyInfo PEM."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def write_secret(path: Path, text: str) -> None:
    """Write a new file that only its owner may read, from the first byte on; never over an existing one."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)


def _issue(
    authority: Authority,
    name: str,
    purpose: x509.ObjectIdentifier,
    names: x509.SubjectAlternativeName | None,
    valid_for: timedelta,
) -> Credential:
    key = ec.generate_private_key(ec.SECP256R1())
    authority_id = x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key())
    builder = (
        _builder(_name(name), authority.certificate.subject, key.public_key(), valid_for)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        .add_extension(authority_id, critical=False)
    )
    if names is not None:
        builder = builder.add_extension(names, critical=False)
    certificate = builder.sign(authority.key, hashes.SHA256())
    return Credential(certificate.public_bytes(Encoding.PEM).decode("ascii"), private_key_pem(key))


def _builder(
    subject: x509.Name, issuer: x509.Name, public_key: ec.EllipticCurvePublicKey, valid_for: timedelta
) -> x509.CertificateBuilder:
    until = datetime.now(UTC) + valid_for
    start = min(datetime.now(UTC), until) - _CLOCKS_DIFFER
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(until)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
