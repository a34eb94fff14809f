"""Desk without its screens: settings, vault, store, session, delivery and the teller's acts, wired together."""

import hashlib
import os
import socket
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from PySide6.QtCore import QObject, Signal

from kiosk.errors import KioskError, SettingsError
from kiosk.privacy.notice import Notice, notice
from kiosk.runtime.admin_socket import AdminSocket
from kiosk.runtime.admin_verbs import handlers
from kiosk.runtime.attempt_limits import AttemptLimits
from kiosk.runtime.certificate_watch import CertificateWatch
from kiosk.runtime.checkpoint_runs import CheckpointRuns
from kiosk.runtime.children import Children
from kiosk.runtime.clock import Clock, SystemClock
from kiosk.runtime.clock_watch import ClockWatch
from kiosk.runtime.delivery_service import DeliveryService
from kiosk.runtime.disk_watch import DiskWatch
from kiosk.runtime.erasure_desk import ErasureDesk
from kiosk.runtime.keys_status import keys_status
from kiosk.runtime.messages import CameraChoice, SetUpCourier, SetUpEyes, SetUpReader
from kiosk.runtime.own_record import OwnRecordDesk
from kiosk.runtime.queue_watch import QueueWatch
from kiosk.runtime.retention_runs import RetentionRuns
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.signing_key_switch import SigningKeySwitch
from kiosk.runtime.store_bridge import StoreBridge
from kiosk.runtime.teller_desk import TellerDesk
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.runtime.verdict_desk import RulesInForce, VerdictDesk
from kiosk.settings import CameraSettings, Settings, list_in_force, load_settings
from kiosk.store.key_vault import STAFF_PEPPER, TLS_CLIENT_KEY, OpenVault
from kiosk.store.signing_keys import present_signing_key
from kiosk.store.store import Store, open_store
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
        self.data_list = list_in_force(settings)
        self.store: Store = open_store(folder, vault, self.data_list)
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
        verdicts = VerdictDesk(
            self.store,
            bridge,
            present_signing_key(vault),
            settings.kiosk_id,
            settings.kiosk.terminal_name,
            clock,
            self._verdict_committed,
            rules_in_force(settings, models, self.data_list.version),
        )
        self.signing = SigningKeySwitch(vault, self.store, bridge, settings.kiosk_id, verdicts.sign_with, self)
        self.delivery.delivered.connect(self.signing.look)
        terminal_name = settings.kiosk.terminal_name
        erasures = ErasureDesk(
            self.store, bridge, lambda: verdicts.signing_key, settings.kiosk_id, terminal_name, self.data_list
        )
        own_records = OwnRecordDesk(self.store, bridge, clock, erasures, self.data_list, terminal_name, self)
        self.controller = SessionController(
            self.crew,
            verdicts,
            decision_policy(settings, models.classifier_threshold),
            models.template,
            clock,
            AttemptLimits(self.store, bridge, clock),
            own_records,
            data_list=self.data_list,
            minimum_age_years=settings.policy.minimum_age_years,
            guardian_below_years=settings.policy.guardian_below_years,
            patience=settings.policy.patience,
            demo=settings.kiosk.demo,
            trial_key=settings.vault.kind == "key_file",
            parent=self,
        )
        self.teller = TellerDesk(self.controller, self.store, bridge, clock, vault.secret(STAFF_PEPPER), self)
        own_records.trouble.connect(self.controller.trouble)
        self.delivery.trouble.connect(self.teller.notice)
        self.delivery.delivered.connect(lambda _: self.teller.refresh())
        self.signing.trouble.connect(self.teller.notice)
        self.retention = RetentionRuns(self.store, bridge, clock, self)
        self.retention.trouble.connect(self.teller.notice)
        self.checkpoints = CheckpointRuns(self.store, bridge, self)
        self.checkpoints.trouble.connect(self.teller.notice)
        self.teller.day.opened.connect(self.retention.say_opened)
        self.queue = QueueWatch(self.controller, self.store, bridge, clock, settings.delivery.limits, self)
        self.queue.trouble.connect(self.teller.notice)
        self.delivery.delivered.connect(lambda _: self.queue.look())
        self.disk = DiskWatch(self.controller, self.store, bridge, self)
        self.disk.trouble.connect(self.teller.notice)
        self.retention.trouble.connect(lambda _: self.disk.look())
        bank = settings.bank
        self.clock = ClockWatch(self.controller, self.store, bridge, self)
        self.clock.trouble.connect(self.teller.notice)
        self.clock.confirmed.connect(self.retention.run)
        self.teller.clock_confirmed.connect(self.clock.confirm)
        self.controller.session_changed.connect(self.retention.after_visit)
        self.admin = AdminSocket(
            folder,
            handlers(
                folder,
                settings,
                self.store,
                at_rest=False,
                keys_status=partial(keys_status, folder, settings, vault, self.store),
            ),
        )
        self.certificates = CertificateWatch(folder / bank.ca, folder / bank.client_certificate, clock, self)
        self.certificates.trouble.connect(self.teller.notice)
        self.delivery.server_shown.connect(self.certificates.server_shown)

    def start(self) -> None:
        """Make up for what retention missed, start the children, begin to deliver."""
        self.clock.start()
        self.retention.start()
        self.checkpoints.start()
        self.crew.start()
        self.delivery.start()
        self.teller.start()
        self.queue.start()
        self.disk.start()
        self.certificates.start()
        try:
            self.admin.start()
        except KioskError as error:
            self.controller.trouble.emit(str(error))

    def stop(self) -> None:
        """End the children and close the store; what is committed stays committed."""
        self.crew.stop()
        self.admin.stop()
        self.teller.stop()
        self.signing.stop()
        self.store.close()

    def notice(self, language: str) -> Notice:
        """What the consent screen shows, drawn from the data protection list."""
        return notice(self.data_list, language)

    def _verdict_committed(self, sequence: int) -> None:
        self.verdict_committed.emit(sequence)
        self.delivery.look()
        self.queue.look()


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
    vault = unlock_vault(folder, settings.vault, passphrase)
    return Desk(folder, settings, vault, launcher, models_dir, models)


def decision_policy(settings: Settings, classifier_threshold: float | None = None) -> DecisionPolicy:
    """The bank's policy; only the demo, which says so on every screen, does without a validated threshold."""
    return DecisionPolicy(
        false_match_rate=settings.policy.false_match_rate,
        require_validated_threshold=not settings.kiosk.demo,
        classifier_threshold=classifier_threshold,
        require_camera_controls=settings.policy.require_camera_controls,
    )


def rules_in_force(settings: Settings, models: ModelsInForce, list_version: int) -> RulesInForce:
    """What decides, as hashes: who has the same files can say by which rules a slip came about."""
    policy = {
        "policy": msgspec.to_builtins(settings.policy),
        "retention": msgspec.to_builtins(settings.retention),
        "collect": msgspec.to_builtins(settings.collect),
        "demo": settings.kiosk.demo,
        "data_list": list_version,
    }
    return RulesInForce(_sha256_of(models), _sha256_of(policy))


def _sha256_of(what: Any) -> bytes:
    return hashlib.sha256(msgspec.json.encode(what, order="sorted")).digest()


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
