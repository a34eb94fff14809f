"""Desk without its screens: settings, vault, store, session, delivery and the teller's acts, wired together."""

import os
import socket
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from PySide6.QtCore import QObject, Signal

from kiosk.errors import SettingsError
from kiosk.privacy.notice import Notice, notice
from kiosk.runtime.attempt_limits import AttemptLimits
from kiosk.runtime.children import Children
from kiosk.runtime.clock import Clock, SystemClock
from kiosk.runtime.delivery_service import DeliveryService
from kiosk.runtime.messages import CameraChoice, SetUpCourier, SetUpEyes, SetUpReader
from kiosk.runtime.retention_runs import RetentionRuns
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.store_bridge import StoreBridge
from kiosk.runtime.teller_desk import TellerDesk
from kiosk.runtime.verdict_desk import VerdictDesk
from kiosk.settings import CameraSettings, Settings, load_settings
from kiosk.store.data_list_file import read_data_list
from kiosk.store.key_vault import SIGNING_KEY, TLS_CLIENT_KEY, OpenVault
from kiosk.store.store import Store, open_store, unlock
from kiosk.verification.comparison import ModelsInForce, TemplateModel
from kiosk.verification.decision import DecisionPolicy


class Desk(QObject):
    """The running kiosk as the screens need it: `controller` for customers, `teller` for tellers."""

    verdict_committed = Signal(int)
    """Its sequence; the verdict is durable."""

    def __init__(
        self,
        folder: Path,
        settings: Settings,
        vault: OpenVault,
        launcher: socket.socket,
        models_dir: Path,
        models: ModelsInForce,
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.settings = settings
        clock = clock or SystemClock()
        self.store: Store = open_store(folder, vault)
        bridge = StoreBridge(self)
        self.crew = Children(
            launcher,
            _set_up_eyes(settings, models_dir, models.template),
            SetUpReader(_camera(settings.document_camera)),
            _set_up_courier(folder, settings, vault),
            cue_roles=("eyes",) if settings.face_camera.kind == "simulated" else (),
            parent=self,
        )
        self.delivery = DeliveryService(
            self.crew, self.store, bridge, _bank_key(folder, settings), settings.kiosk_id, clock, self
        )
        signing_key = Ed25519PrivateKey.from_private_bytes(vault.secret(SIGNING_KEY))
        verdicts = VerdictDesk(
            self.store,
            bridge,
            signing_key,
            settings.kiosk_id,
            settings.kiosk.terminal_name,
            clock,
            self._verdict_committed,
        )
        self.controller = SessionController(
            self.crew,
            verdicts,
            decision_policy(settings, models.classifier_threshold),
            models.template,
            clock,
            AttemptLimits(self.store, bridge, clock),
            minimum_age_years=settings.policy.minimum_age_years,
            patience=settings.policy.patience,
            demo=settings.kiosk.demo,
            parent=self,
        )
        self.data_list = read_data_list()
        self.teller = TellerDesk(self.controller, self.store, bridge, clock, self)
        self.delivery.trouble.connect(self.teller.notice)
        self.delivery.delivered.connect(lambda _: self.teller.refresh())
        self.retention = RetentionRuns(self.store, bridge, clock, self)
        self.retention.trouble.connect(self.teller.notice)

    def start(self) -> None:
        """Make up for what retention missed, start the children, begin to deliver."""
        self.retention.start()
        self.crew.start()
        self.delivery.start()
        self.teller.start()

    def stop(self) -> None:
        """End the children and close the store; what is committed stays committed."""
        self.crew.stop()
        self.store.close()

    def notice(self, language: str) -> Notice:
        """What the consent screen shows, drawn from the data protection list."""
        return notice(self.data_list, language)

    def _verdict_committed(self, sequence: int) -> None:
        self.verdict_committed.emit(sequence)
        self.delivery.look()


def open_desk(
    folder: Path,
    launcher: socket.socket,
    passphrase_fd: int | None,
    models_dir: Path,
    models: ModelsInForce,
) -> Desk:
    """Read settings, unlock the vault and open the store; raise a `KioskError` of one sentence.

    Thresholds come from who started the kiosk and not from eyes: one that the scorer may choose is none.
    """
    settings = load_settings(folder)
    passphrase = _read_passphrase(passphrase_fd)
    vault = unlock(folder, settings.vault.kind, settings.vault.key_file, passphrase)
    return Desk(folder, settings, vault, launcher, models_dir, models)


def decision_policy(settings: Settings, classifier_threshold: float | None = None) -> DecisionPolicy:
    """The bank's policy; only the demo, which says so on every screen, does without a validated threshold."""
    return DecisionPolicy(
        false_match_rate=settings.policy.false_match_rate,
        require_validated_threshold=not settings.kiosk.demo,
        classifier_threshold=classifier_threshold,
        require_camera_controls=settings.policy.require_camera_controls,
    )


def _read_passphrase(descriptor: int | None) -> str | None:
    """Read from the start: the launcher keeps the memory for a desk that has to be started again."""
    if descriptor is None:
        return None
    return os.pread(descriptor, 4096, 0).decode()


def _camera(camera: CameraSettings) -> CameraChoice:
    return CameraChoice(**msgspec.structs.asdict(camera))


def _set_up_eyes(settings: Settings, models_dir: Path, template_model: TemplateModel) -> SetUpEyes:
    return SetUpEyes(_camera(settings.face_camera), str(models_dir), template_model.id)


def _set_up_courier(folder: Path, settings: Settings, vault: OpenVault) -> SetUpCourier:
    bank = settings.bank
    return SetUpCourier(
        url=bank.url,
        ca_pem=_text(folder / bank.ca),
        client_certificate_pem=_text(folder / bank.client_certificate),
        client_key_pem=vault.secret(TLS_CLIENT_KEY).decode("ascii"),
    )


def _bank_key(folder: Path, settings: Settings) -> Ed25519PublicKey:
    path = folder / settings.bank.receipt_key
    try:
        key = load_pem_public_key(_text(path).encode())
    except ValueError as error:
        raise SettingsError(f"{path} is no public key: {error}.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(f"{path} must hold the bank's Ed25519 key for receipts.")
    return key


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}.") from error
