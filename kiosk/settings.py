"""The settings of one terminal: a TOML file in the kiosk's folder, read strictly.

An unknown name, a wrong type or an impossible value stops the program with one sentence; nothing is guessed. Secrets
are not settings: they live in the key vault. `docs/settings.md` is drawn from this module.
"""

import codecs
import difflib
import os
import re
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import tomli_w

from kiosk.errors import SettingsError
from kiosk.privacy.data_list import DataProtectionList, Responsible, Wording
from kiosk.privacy.list_policy import ListPolicy, PolicyNotAllowedError, in_force
from kiosk.privacy.retention import StoredRecord
from kiosk.store.data_list_file import read_data_list
from kiosk.store.durable_file import replace_durably
from kiosk.supervision.queue_limits import QueueLimits
from kiosk.upstream.bank_address import address_problem

SETTINGS_FILE = "settings.toml"
FMR_TARGETS = (1e-3, 1e-4, 1e-5)
LANGUAGES = ("en", "zh")
CAMERA_KINDS = ("usb", "recorded", "looped", "page", "simulated")
VAULT_KINDS = ("tpm", "passphrase", "dpapi", "key_file")
LONGEST_NAME = 60
BACKUP_RECIPIENT = re.compile(r"age1[02-9ac-hj-np-z]{58}")
"""An X25519 key of age, in Bech32."""
LONGEST_RESPONSIBLE = 160
_NETWORK_ADDRESS = re.compile(r"(?i)\s*(rtsps?|rtmps?|https?|udp|tcp|rtp|srt|ftp|file|gst)\s*:")
_TYPE_WORDS = {
    "str": "a text in quotes",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "object": "a table of settings",
    "array": "a list",
    "null": "nothing",
    "str | object": "a text in quotes",
}


class KioskSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who this terminal is."""

    id: str
    """16 bytes as 32 hexadecimal digits; part of every message. Made by `kiosk setup`; never change it."""
    bank_name: str
    """At the top of every screen and on slips; 1 to 60 characters."""
    terminal_name: str
    """On slips and at the teller console, for example the branch and a number; 1 to 60 characters."""
    language: str = "en"
    """`en` or `zh`: the branch's own language, first on the welcome screen and that of the teller's console."""
    printer: str = ""
    """Empty for a slip on the screen only, or `cups:QUEUE` to print it. `file:FOLDER` exists in the demo only."""
    demo: bool = False
    """True in folders that `kiosk demo` makes; `kiosk run` refuses them."""


class BankSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where verdicts go and whom to believe. Paths are relative to the kiosk's folder."""

    url: str
    """`https://host[:port][/path]`, without user name, query or fragment; without a path `/v1/verdicts` is used."""
    ca: str
    """PEM file of the authority that signed the bank's server certificate; no other is believed."""
    client_certificate: str
    """PEM file of this terminal's TLS client certificate; its key lies in the vault."""
    receipt_key: str
    """PEM file with the Ed25519 public key with which the bank signs receipts."""


class CameraSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One camera, at this machine. Network cameras are refused."""

    kind: str
    """`usb`, any camera of this machine; `recorded`, `looped`, `page` and `simulated` exist in the demo only."""
    address: str
    """Device, for example `/dev/video0`, or better the name below `/dev/v4l/by-id/` that survives replugging."""
    width: int = 1280
    """Pixels that the camera is asked for, 320 to 7680; it may choose the nearest size that it has."""
    height: int = 720
    """Pixels, 240 to 4320."""
    frames_per_s: float = 30.0
    """1 to 120."""
    left: float = 0.0
    """The part of the picture that counts, as fractions of its width and height: for a document camera, the glass."""
    top: float = 0.0
    """See `left`."""
    right: float = 1.0
    """See `left`."""
    bottom: float = 1.0
    """See `left`."""
    turns: int = 0
    """Quarter turns clockwise until the picture stands upright, 0 to 3."""
    vendor: str = ""
    """Which USB camera is allowed there; `kiosk setup` records it. The customer's camera is refused without it."""
    product: str = ""
    """See `vendor`: both are four hexadecimal digits."""
    serial: str = ""
    """See `vendor`; empty where the camera has none."""
    bus_path: str = ""
    """See `vendor`: host controller and socket, for example `0000:00:14.0-2`. Empty allows any socket."""
    exposure_steps: bool = True
    """False where the camera says that its exposure can be set and then does not follow; the evidence is weaker."""


class PolicySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The bank's policy."""

    false_match_rate: float = 1e-4
    """0.001, 0.0001 or 0.00001: which comparison threshold is used (`docs/thresholds.md`)."""
    minimum_age_years: int = 18
    """0 to 30; a younger document holder is referred to the teller."""
    patience: float = 1.0
    """Multiplies every time-out, 1 to 10: a kiosk may lengthen them, never shorten."""
    guardian_below_years: int = 14
    """0 to 18; for a younger document holder a guardian consents before the teller, and no face check is made."""
    require_camera_controls: bool = False
    """True refers every customer to the teller whose frames did not follow the steps of the camera's exposure."""


class PrivacySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who answers for the data. In the notice, on every slip, and in `kiosk data-list --folder`.

    One text for all languages, or a table with one for each: `controller = {en = "…", zh = "…"}`.
    """

    controller: str | dict[str, str]
    """The bank in its legal name, with an address; 1 to 160 characters."""
    officer: str | dict[str, str]
    """Its data protection officer and how to reach them; 1 to 160 characters."""
    authority: str | dict[str, str]
    """The authority that a customer may complain to; 1 to 160 characters."""


class RetentionSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Shorter periods than the data protection list grants (`kiosk data-list`), never longer; 0: as in the list."""

    application_working_days: int = 0
    """Application records, at most; they go earlier as soon as the account is open."""
    consent_years: int = 0
    """Consents; no longer than the answers."""
    answer_years: int = 0
    """Answers to the bank and its receipts."""
    audit_years: int = 0
    """What audit entries say; their place in the trail stays."""
    erasure_years: int = 0
    """That a record was erased, when and why."""


class CollectSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Less than the data protection list collects; never more."""

    without: list[str] = msgspec.field(default_factory=list)
    """Optional elements that are neither asked for nor kept, by their id in the list: `["phone"]`."""


class VaultSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What unlocks the key vault; chosen at setup, so a change here alone opens nothing."""

    kind: str
    """`tpm`, `passphrase` or, on Windows, `dpapi`; `key_file` is for trials and marked on every screen."""
    key_file: str = ""
    """Path of the key file, only with the kind `key_file`."""
    tpm: str = ""
    """Which TPM, only with the kind `tpm`: empty for `device:/dev/tpmrm0`; `swtpm:path=SOCKET` is a simulated one."""


class ScreenSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Size of the customer's window in pixels; both 0 for the full screen."""

    width: int = 0
    """0, or 480 to 7680."""
    height: int = 0
    """0, or 480 to 7680."""


class SiteThresholdSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A comparison threshold of this site's own, stricter than the model's.

    `kiosk evaluate matching --calibrate` writes this table and signs it with the kiosk's key; a changed one stops the
    start. To be without it, remove the whole table.
    """

    model: str = ""
    """The template model that it belongs to; under another model it counts for nothing."""
    false_match_rate: float = 0.0
    """The target that it was set for."""
    score: float = 0.0
    """The threshold."""
    set_name: str = ""
    """The pictures it was set on."""
    people: int = 0
    """In that set."""
    impostor_pairs: int = 0
    """Compared in that set."""
    by: str = ""
    """Who answers for it."""
    made_on: str = ""
    """The date, in UTC."""
    signature: str = ""
    """Ed25519 by the kiosk's signing key over all of the above and the kiosk's id, in hexadecimal digits."""


class BackupSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom a backup of the store is for (`kiosk store backup`)."""

    recipient: str = ""
    """The bank's age key, `age1…`, as `age-keygen` prints it; its private half lies with the bank. Empty: no backup."""


class ModelsSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What speaks for installed models (`docs/models.md`)."""

    signing_key: str = ""
    """PEM file in the kiosk's folder, the bank's Ed25519 public key for model descriptions; empty: none is used."""


class DeliverySettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """How much may wait for the bank: first teller and IT are warned, then no new visit begins."""

    warn_count: int = 20
    """Answers, 1 to `refuse_count`."""
    warn_hours: int = 24
    """Hours that the oldest may wait, 1 to `refuse_days`."""
    refuse_count: int = 100
    """Answers, at most 10000."""
    refuse_days: int = 5
    """Days that the oldest may wait, 1 to 30."""

    @property
    def limits(self) -> QueueLimits:
        return QueueLimits(
            warn_count=self.warn_count,
            warn_after=timedelta(hours=self.warn_hours),
            refuse_count=self.refuse_count,
            refuse_after=timedelta(days=self.refuse_days),
        )


class UsersSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """System users of the processes: names, or `UID:GID`. All three or none; then `kiosk run` must be started as root,
    and `settings.toml` belong to root.

    Empty: all processes are one user, and files and other hosts are refused to nobody by the system (`kiosk doctor`).
    """

    desk: str = ""
    """Owns the kiosk's folder; in the groups that the display and the printer ask for."""
    vision: str = ""
    """Eyes and reader; in the group `video`."""
    courier: str = ""
    """In no other group: it owns nothing and reads nothing of the kiosk's folder."""


_RETENTION = {
    StoredRecord.APPLICATION: "application_working_days",
    StoredRecord.CONSENT: "consent_years",
    StoredRecord.OUTBOX: "answer_years",
    StoredRecord.AUDIT: "audit_years",
    StoredRecord.ERASURE: "erasure_years",
}


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Everything in `settings.toml`."""

    kiosk: KioskSettings
    bank: BankSettings
    face_camera: CameraSettings
    """The camera that sees the customer."""
    document_camera: CameraSettings
    """The camera above the document tray."""
    vault: VaultSettings
    privacy: PrivacySettings
    policy: PolicySettings = PolicySettings()
    retention: RetentionSettings = RetentionSettings()
    collect: CollectSettings = CollectSettings()
    screen: ScreenSettings = ScreenSettings()
    models: ModelsSettings = ModelsSettings()
    backup: BackupSettings = BackupSettings()
    site_threshold: SiteThresholdSettings = SiteThresholdSettings()
    delivery: DeliverySettings = DeliverySettings()
    users: UsersSettings = UsersSettings()

    @property
    def kiosk_id(self) -> bytes:
        return bytes.fromhex(self.kiosk.id)

    @property
    def list_policy(self) -> ListPolicy:
        """What of this changes the data protection list."""
        named = self.privacy
        numbers: dict[StoredRecord, int] = {
            record: getattr(self.retention, name) for record, name in _RETENTION.items()
        }
        return ListPolicy(
            {record: number for record, number in numbers.items() if number != 0},
            frozenset(self.collect.without),
            Responsible(_in_languages(named.controller), _in_languages(named.officer), _in_languages(named.authority)),
        )


def list_in_force(settings: Settings) -> DataProtectionList:
    """The data protection list as it holds at this terminal; raise `PolicyNotAllowedError`."""
    return in_force(read_data_list(), settings.list_policy)


def load_settings(folder: Path) -> Settings:
    """Read and check `settings.toml` of the kiosk's folder; raise `SettingsError`."""
    path = folder / SETTINGS_FILE
    try:
        content = path.read_bytes().removeprefix(codecs.BOM_UTF8)
        data = tomllib.loads(content.decode("utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        raise SettingsError(f"There are no settings in {folder}; run `kiosk setup`, or name the --folder.") from None
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}; mend its permissions or its disk.") from error
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise SettingsError(f"{path} is no TOML: line {line} is not in UTF-8; save the file in UTF-8.") from error
    except (ValueError, RecursionError) as error:  # of the TOML, integers of 5,000 digits included
        raise SettingsError(f"{path} is no TOML: {_one_line(error)}; correct it, or put back a copy.") from error
    return check_settings(data, str(path))


def check_settings(data: dict[str, Any], where: str) -> Settings:
    """Return the settings if every value can be meant; raise `SettingsError` naming the first that cannot."""
    try:
        settings = msgspec.convert(data, Settings)
    except msgspec.ValidationError as error:
        raise SettingsError(f"{where}: {_readable(str(error))}.") from error
    if (problem := next(_problems(settings), None)) is not None:
        raise SettingsError(f"{where}: {problem}.")
    return settings


def save_settings(folder: Path, settings: Settings) -> None:
    """Write `settings.toml`, for the owner only; after a crash the old or the new one stands."""
    tables = {name: table for name, table in msgspec.to_builtins(settings).items() if table}
    replace_durably(folder / SETTINGS_FILE, tomli_w.dumps(tables).encode())


def demand_files(folder: Path, settings: Settings) -> None:
    """Raise `SettingsError` naming the first setting whose file is not there."""
    bank = settings.bank
    cures = {
        ("bank.ca", bank.ca): "put the bank's CA certificate there",
        ("bank.client_certificate", bank.client_certificate): "have the bank sign the request in the kiosk's folder "
        "and install the answer with `kiosk setup --install-client-certificate FILE`",
        ("bank.receipt_key", bank.receipt_key): "put the bank's public key for receipts there",
    }
    for (name, file), cure in cures.items():
        if not (folder / file).is_file():
            raise SettingsError(f"{name} names {folder / file}, which is not there; {cure}.")


def _problems(settings: Settings) -> Iterator[str]:
    """What cannot be meant, each with its cure."""
    kiosk, policy, vault, screen = settings.kiosk, settings.policy, settings.vault, settings.screen
    if not re.fullmatch(r"[0-9a-fA-F]{32}", kiosk.id):
        yield "kiosk.id must be the 32 hexadecimal digits that `kiosk setup` wrote"
    for name, text in (("kiosk.bank_name", kiosk.bank_name), ("kiosk.terminal_name", kiosk.terminal_name)):
        if not (0 < len(text.strip()) <= LONGEST_NAME and text.isprintable()):
            yield f"{name} must have 1 to {LONGEST_NAME} characters on one line"
    yield from _bank_problems(settings.bank)
    yield from _camera_problems(settings)
    yield from _site_threshold_problems(settings.site_threshold)
    yield from _privacy_problems(settings)
    yield from _delivery_problems(settings.delivery)
    yield from _users_problems(settings.users)
    yield from _vault_problems(vault)
    if policy.false_match_rate not in FMR_TARGETS:
        yield "policy.false_match_rate must be 0.001, 0.0001 or 0.00001"
    if not 0 <= policy.minimum_age_years <= 30:
        yield "policy.minimum_age_years must lie between 0 and 30"
    if not 0 <= policy.guardian_below_years <= 18:
        yield "policy.guardian_below_years must lie between 0 and 18"
    if not 1 <= policy.patience <= 10:
        yield "policy.patience must lie between 1 and 10: a time-out may be lengthened, not shortened"
    if (screen.width, screen.height) != (0, 0) and not (480 <= screen.width <= 7680 and 480 <= screen.height <= 7680):
        yield "screen.width and screen.height must both be 0 for the full screen, or lie between 480 and 7680"
    if "\0" in vault.key_file + kiosk.printer + settings.models.signing_key:
        yield "a path must not hold a null character"
    if settings.backup.recipient and not BACKUP_RECIPIENT.fullmatch(settings.backup.recipient):
        yield "backup.recipient must be empty or an age key, which begins with age1, as `age-keygen` prints it"
    if kiosk.language not in LANGUAGES:
        yield "kiosk.language must be en or zh"
    slips_in_files = "|file:/.+" if kiosk.demo else ""  # a slip holds the salt, which no disk of a real kiosk may keep
    if not re.fullmatch(rf"(cups:[^-/#\s][^/#\s]*{slips_in_files})?", kiosk.printer):
        yield "kiosk.printer must be empty or cups:QUEUE as `lpstat -e` lists it; file:FOLDER exists in the demo only"


def _vault_problems(vault: VaultSettings) -> Iterator[str]:
    if vault.kind not in VAULT_KINDS:
        yield f"vault.kind must be one of {', '.join(VAULT_KINDS)}"
    if (vault.kind == "key_file") != bool(vault.key_file):
        yield "vault.key_file must name the key file with the kind key_file, and be left out otherwise"
    if vault.tpm and vault.kind != "tpm":
        yield "vault.tpm belongs to the kind tpm; leave it out otherwise"
    # The library would load any other word as a program library of that name.
    if not re.fullmatch(r"(device:/dev/[\w.-]{1,40}|swtpm:path=/[^,=\s]{1,100})?", vault.tpm):
        yield "vault.tpm must be empty, device:/dev/NAME or swtpm:path=/SOCKET"


def _bank_problems(bank: BankSettings) -> Iterator[str]:
    if (problem := address_problem(bank.url)) is not None:
        yield f"bank.url {problem}"
    for name in ("ca", "client_certificate", "receipt_key"):
        file = getattr(bank, name)
        if not file.strip() or "\0" in file:
            yield f"bank.{name} must name a file"


def _privacy_problems(settings: Settings) -> Iterator[str]:
    named = settings.privacy
    for name, words in (("controller", named.controller), ("officer", named.officer), ("authority", named.authority)):
        if isinstance(words, dict) and set(words) != set(LANGUAGES):
            yield f"privacy.{name} must be one text, or a table with a text for each of {' and '.join(LANGUAGES)}"
        texts = words.values() if isinstance(words, dict) else (words,)
        if not all(0 < len(text.strip()) <= LONGEST_RESPONSIBLE and text.isprintable() for text in texts):
            yield f"privacy.{name} must have 1 to {LONGEST_RESPONSIBLE} characters on one line"
    try:
        list_in_force(settings)
    except PolicyNotAllowedError as error:
        name = "collect.without" if error.record is None else f"retention.{_RETENTION[error.record]}"
        yield f"{name}: {error}"


def _in_languages(words: str | dict[str, str]) -> Wording:
    return Wording(words if isinstance(words, dict) else dict.fromkeys(LANGUAGES, words))


def _site_threshold_problems(site: SiteThresholdSettings) -> Iterator[str]:
    if site == SiteThresholdSettings():
        return
    if not (site.model and -1 < site.score < 1 and site.false_match_rate in FMR_TARGETS):
        yield "site_threshold is not as `kiosk evaluate matching --calibrate` wrote it; calibrate again, or remove it"
    elif not re.fullmatch(r"[0-9a-f]{128}", site.signature):
        yield "site_threshold.signature must be there; calibrate again, or remove the table"


def _delivery_problems(delivery: DeliverySettings) -> Iterator[str]:
    if not 1 <= delivery.warn_count <= delivery.refuse_count <= 10_000:
        yield "delivery.warn_count must lie between 1 and delivery.refuse_count, which is at most 10000"
    if not 1 <= delivery.refuse_days <= 30:
        yield "delivery.refuse_days must lie between 1 and 30"
    if not 1 <= delivery.warn_hours <= 24 * delivery.refuse_days:
        yield "delivery.warn_hours must lie between 1 and the hours of delivery.refuse_days"


def _users_problems(users: UsersSettings) -> Iterator[str]:
    named = {"desk": users.desk, "vision": users.vision, "courier": users.courier}
    if not any(named.values()):
        return
    for role, name in named.items():
        if not re.fullmatch(r"[a-z_][a-z0-9_.-]{0,31}|[0-9]{1,9}:[0-9]{1,9}", name):
            yield f"users.{role} must be the name of a system user, or UID:GID, once one of the three is set"
    if len(set(named.values())) < len(named):
        yield "users.desk, users.vision and users.courier must be three different users"


def _camera_problems(settings: Settings) -> Iterator[str]:
    cameras = {"face_camera": settings.face_camera, "document_camera": settings.document_camera}
    for name, camera in cameras.items():
        if camera.kind not in CAMERA_KINDS:
            yield f"{name}.kind must be usb"
        if camera.kind != "usb" and not settings.kiosk.demo:
            yield f"{name}.kind must be usb; other cameras exist in the demo only"
        if not camera.address.strip() or "\0" in camera.address:
            yield f"{name}.address must name a device such as /dev/video0"
        if "://" in camera.address or _NETWORK_ADDRESS.match(camera.address):
            yield f"{name}.address must be a device of this machine; network cameras are refused"
        if not (0 <= camera.left < camera.right <= 1 and 0 <= camera.top < camera.bottom <= 1):
            yield f"{name}.left, top, right and bottom must be fractions from 0 to 1 that enclose a part"
        if camera.turns not in range(4):
            yield f"{name}.turns must be 0, 1, 2 or 3 quarter turns"
        if (camera.vendor or camera.product) and not all(
            re.fullmatch(r"[0-9a-f]{4}", digits) for digits in (camera.vendor, camera.product)
        ):
            yield f"{name}.vendor and {name}.product must be what `kiosk setup --record-cameras` writes"
        if not (320 <= camera.width <= 7680 and 240 <= camera.height <= 4320):
            yield f"{name}.width and {name}.height must lie between 320×240 and 7680×4320"
        if not 1 <= camera.frames_per_s <= 120:
            yield f"{name}.frames_per_s must lie between 1 and 120"
    # A device has many names: with a slash more, or below /dev/v4l/by-id/.
    if len({(camera.kind, os.path.realpath(camera.address)) for camera in cameras.values()}) == 1:
        yield "document_camera.address must be another camera than face_camera.address"


def _readable(said: str) -> str:
    """Turn msgspec's words into ours: "Expected `str`, got `int` - at `$.bank.url`"."""
    what, _, place = said.partition(" - at `$")
    key = place.rstrip("`").lstrip(".")
    if found := re.fullmatch(r"Object missing required field `(.+)`", what):
        return f"{_join(key, found[1])} is missing; add it (docs/settings.md lists every setting)"
    if found := re.fullmatch(r"Object contains unknown field `(.+)`", what, re.DOTALL):
        return f"{_join(key, _one_line(found[1]))} is no setting; {_suggestion(key, found[1])}"
    if found := re.fullmatch(r"Expected `(.+)`, got `(.+)`", what):
        wanted, given = (_TYPE_WORDS.get(word, word) for word in found.groups())
        return f"{key or 'the file'} must be {wanted}, not {given}"
    return f"{key or 'the file'} cannot be used: {_one_line(what)}"


def _suggestion(table: str, unknown: str) -> str:
    """Name the setting that was probably meant."""
    records = {field.name: field.type for field in msgspec.structs.fields(Settings)}
    record = records.get(table) if table else Settings
    names = [field.name for field in msgspec.structs.fields(record)] if record in _RECORDS else []
    near = difflib.get_close_matches(unknown, names, n=1)
    return f"{_join(table, near[0])} may be meant" if near else "remove it (docs/settings.md lists every setting)"


def _join(table: str, name: str) -> str:
    return f"{table}.{name}" if table else name


def _one_line(text: object) -> str:
    return " ".join(str(text).split())[:200]


_RECORDS = (
    Settings,
    KioskSettings,
    BankSettings,
    CameraSettings,
    PolicySettings,
    PrivacySettings,
    RetentionSettings,
    CollectSettings,
    VaultSettings,
    ScreenSettings,
    SiteThresholdSettings,
    ModelsSettings,
    DeliverySettings,
    UsersSettings,
)
