"""Makes a kiosk's folder: settings, key vault, keys, certificates and store. Used by `kiosk setup` and the demo.

All or nothing: everything is made in a draft beside the final folder, which takes its name at the end. Where an empty
folder is there already it may be one that cannot be replaced, such as a mount point or a folder in one that belongs to
root; the draft is then made inside it and its contents are moved up.
"""

import contextlib
import secrets
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from cryptography.x509.oid import NameOID

from kiosk.admin.certificates import private_key_pem, public_key_pem
from kiosk.admin.pem_files import read_authority, read_client_certificate, read_client_key, read_receipt_key
from kiosk.admin.vault_questions import KEY_FILE, VaultChoice
from kiosk.errors import SettingsError
from kiosk.runtime.vault_unlocking import drop_counter, take_counter, unlocking_by
from kiosk.settings import (
    BackupSettings,
    BankSettings,
    CameraSettings,
    KioskSettings,
    PolicySettings,
    PrivacySettings,
    ScreenSettings,
    Settings,
    VaultSettings,
    check_settings,
    list_in_force,
    save_settings,
)
from kiosk.store.durable_file import replace_durably
from kiosk.store.key_vault import (
    SIGNING_KEY,
    STAFF_PEPPER,
    TLS_CLIENT_KEY,
    OpenVault,
    create_vault,
    new_secrets,
)
from kiosk.store.signing_keys import PUBLIC_KEY_FILE as PUBLIC_KEY_FILE
from kiosk.store.staff_keys import new_application_key, wrap_for_teller
from kiosk.store.store import VAULT_FILE, create_store
from kiosk.store.vault_kinds import RecoveryCodeVault
from kiosk.supervision.authorisation import hash_pin

REQUEST_FILE = "client-certificate-request.pem"
_LOST_AND_FOUND = "lost+found"
"""What a file system of its own has at its root."""
CA_FILE, CLIENT_FILE, RECEIPT_FILE = "certificates/ca.pem", "certificates/client.pem", "certificates/receipt.pem"


@dataclass(frozen=True, slots=True)
class FirstTeller:
    """The one account a kiosk starts with; there is no default PIN."""

    teller_id: str
    name: str
    pin: str


@dataclass(frozen=True, slots=True)
class NewKiosk:
    """Everything `kiosk setup` asks for."""

    terminal_name: str
    bank_name: str
    bank_url: str
    ca: Path
    receipt_public_key: Path
    face_camera: CameraSettings
    document_camera: CameraSettings
    teller: FirstTeller
    privacy: PrivacySettings
    vault: VaultChoice = field(default_factory=lambda: VaultChoice(VaultSettings("key_file", KEY_FILE)))
    client_certificate: Path | None = None
    """None: a key is made and a certificate request is left for the bank to sign."""
    client_key: Path | None = None
    demo: bool = False
    policy: PolicySettings = field(default_factory=PolicySettings)
    screen: ScreenSettings = field(default_factory=ScreenSettings)
    language: str = "en"
    printer: str = ""
    backup_recipient: str = ""


def make_kiosk(folder: Path, plan: NewKiosk) -> Settings:
    """Make the folder and return its settings; raise a `KioskError` and leave nothing behind otherwise."""
    folder = folder.absolute()
    refuse_old_folder(folder)
    new_parents = _missing_parents(folder)
    there = folder.is_dir()
    draft_name = f".{folder.name}-{secrets.token_hex(4)}"
    draft = folder / draft_name if there else folder.with_name(draft_name)
    try:
        draft.mkdir(parents=True, mode=0o700)
        settings = _fill(draft, plan)
        _restrict(draft)
        if there:
            _move_up(draft)
        else:
            draft.rename(folder)
    except OSError as error:
        raise SettingsError(f"The folder {folder} cannot be made: {error.strerror}; choose another.") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
        for parent in new_parents:
            with contextlib.suppress(OSError):  # holds the new kiosk, or was never made
                parent.rmdir()
    return settings


def _move_up(draft: Path) -> None:
    """Move what the draft holds into the folder around it, all of it or nothing."""
    folder, moved = draft.parent, list[Path]()
    folder.chmod(0o700)
    try:
        for path in sorted(draft.iterdir()):
            moved.append(folder / path.name)
            path.rename(moved[-1])
        draft.rmdir()
    except BaseException:
        for path in moved:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        raise


def _fill(draft: Path, plan: NewKiosk) -> Settings:
    settings = _settings(plan)
    hashed_pin = hash_pin(plan.teller.pin)
    (draft / "certificates").mkdir(mode=0o700)
    (draft / CA_FILE).write_text(read_authority(plan.ca), encoding="ascii")
    (draft / RECEIPT_FILE).write_text(read_receipt_key(plan.receipt_public_key), encoding="ascii")
    signing_key = Ed25519PrivateKey.generate()
    client_key_pem = _client_credentials(draft, plan, settings.kiosk.id)
    vault = _vault(draft, plan, signing_key, client_key_pem)
    try:
        (draft / PUBLIC_KEY_FILE).write_text(public_key_pem(signing_key.public_key()), encoding="ascii")
        application_key, teller = new_application_key(), plan.teller
        staff_key = wrap_for_teller(application_key, teller.teller_id, teller.pin, vault.secret(STAFF_PEPPER))
        with create_store(draft, vault, application_key, list_in_force(settings)) as store:
            store.add_teller(teller.teller_id, teller.name, hashed_pin, staff_key)
        save_settings(draft, settings)
    except BaseException:
        drop_counter(vault)
        raise
    return settings


def _settings(plan: NewKiosk) -> Settings:
    settings = Settings(
        kiosk=KioskSettings(
            id=secrets.token_hex(16),
            bank_name=plan.bank_name,
            terminal_name=plan.terminal_name,
            language=plan.language,
            printer=plan.printer,
            demo=plan.demo,
        ),
        bank=BankSettings(plan.bank_url, CA_FILE, CLIENT_FILE, RECEIPT_FILE),
        face_camera=plan.face_camera,
        document_camera=plan.document_camera,
        vault=plan.vault.settings,
        privacy=plan.privacy,
        policy=plan.policy,
        screen=plan.screen,
        backup=BackupSettings(plan.backup_recipient),
    )
    return check_settings(msgspec.to_builtins(settings), "the answers given")


def _vault(draft: Path, plan: NewKiosk, signing_key: Ed25519PrivateKey, client_key_pem: str) -> OpenVault:
    unlocking = unlocking_by(draft, plan.vault.settings, plan.vault.passphrase)
    keys = {SIGNING_KEY: signing_key.private_bytes_raw(), TLS_CLIENT_KEY: client_key_pem.encode("ascii")}
    vault = create_vault(draft / VAULT_FILE, unlocking, new_secrets() | keys)
    take_counter(vault, unlocking)
    if plan.vault.recovery_code is not None:
        vault.set_recovery(RecoveryCodeVault(plan.vault.recovery_code))
    return vault


def _client_credentials(draft: Path, plan: NewKiosk, kiosk_id: str) -> str:
    """Return the TLS client key as PEM; leave its certificate, or a request for one, in the folder."""
    if (plan.client_certificate is None) != (plan.client_key is None):
        raise SettingsError("--client-certificate and --client-key go together; give both, or neither for a request.")
    if plan.client_certificate is not None and plan.client_key is not None:
        key = read_client_key(plan.client_key)
        certificate = read_client_certificate(plan.client_certificate, key, f"does not belong to {plan.client_key}")
        (draft / CLIENT_FILE).write_text(certificate, encoding="ascii")
        return private_key_pem(key)
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"kiosk {kiosk_id}")])
    request = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    (draft / REQUEST_FILE).write_bytes(request.public_bytes(Encoding.PEM))
    return private_key_pem(key)


def install_client_certificate(folder: Path, settings: Settings, certificate: Path, client_key_pem: bytes) -> None:
    """Put the certificate that the bank signed in its place, if it belongs to the key in the vault."""
    text = own_client_certificate(certificate, client_key_pem)
    replace_durably(folder / settings.bank.client_certificate, text.encode("ascii"))


def own_client_certificate(certificate: Path, client_key_pem: bytes) -> str:
    """Return the certificate as PEM if it belongs to the key in the vault; raise `SettingsError`."""
    key = load_pem_private_key(client_key_pem, None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise SettingsError("The TLS key in the vault is of another kind; set the kiosk up anew.")
    return read_client_certificate(
        certificate, key, f"was not signed for this kiosk's key; have the bank sign {REQUEST_FILE}"
    )


def refuse_old_folder(folder: Path) -> None:
    """Raise `SettingsError` unless the folder is empty or yet to be made."""
    try:
        if folder.exists() and not folder.is_dir():
            raise SettingsError(f"{folder} is a file, not a folder; choose another --folder.")
        taken = folder.exists() and any(path.name != _LOST_AND_FOUND for path in folder.iterdir())
    except OSError as error:
        raise SettingsError(f"{folder} cannot be looked into: {error.strerror}; choose another --folder.") from error
    if taken:
        raise SettingsError(f"{folder} is not empty; a kiosk is never set up over an old one. Choose another --folder.")


def _missing_parents(folder: Path) -> list[Path]:
    """Folders above that are yet to be made, the deepest first."""
    return [parent for parent in folder.parents if not parent.exists()]


def _restrict(draft: Path) -> None:
    """Only the owner may read anything; the draft's own mode has kept others out until now."""
    for path in draft.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
