"""`kiosk doctor`: says what is in order on this terminal, and with --pad tries its camera with attacks."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.admin.folder_argument import add_folder_argument
from kiosk.errors import KioskError, SettingsError

if TYPE_CHECKING:
    from kiosk.settings import CameraSettings, Settings

_EPILOG = """examples:
  kiosk doctor --folder /var/lib/kiosk
  sudo kiosk doctor --folder /var/lib/kiosk --nftables > /etc/nftables.d/branch-kiosk.nft
  kiosk doctor --folder /var/lib/kiosk --pad      yourself, a print, a phone, a tablet, three times each: 10 minutes

--pad needs the kiosk at rest: a camera belongs to one program at a time. It keeps no picture. So few presentations show
that something is wrong; they cannot show that all is right (docs/evaluation.md).

exit code: 0 in order, 1 something is not, 2 it could not be tried"""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of what was looked at."""

    what: str
    problem: str = ""
    is_remark: bool = False
    """Worth knowing, and not wrong."""

    @property
    def line(self) -> str:
        if self.problem:
            return f"  !!  {self.what}: {self.problem}"
        return f"  {'--' if self.is_remark else 'ok'}  {self.what}"


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register `kiosk doctor`."""
    parser = commands.add_parser(
        "doctor",
        help="say what is in order on this terminal; --pad tries its camera with attacks",
        description="Checks models, settings, files and cameras; with --pad, how the camera sees attacks.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_folder_argument(parser)
    parser.add_argument("--models", type=Path, metavar="DIR", help="folder of the built models")
    parser.add_argument("--pad", action="store_true", help="walk through a small acceptance test of the face camera")
    parser.add_argument(
        "--camera",
        type=Path,
        metavar="PATH",
        help="with --pad: instead of the camera a clip or picture folder, or a folder of such named living, print, "
        "phone and tablet",
    )
    parser.add_argument(
        "--nftables", action="store_true", help="print the firewall rules that hold the courier to the bank, and end"
    )
    parser.add_argument("--each", type=int, default=3, metavar="N", help="presentations of each kind (%(default)s)")
    parser.add_argument("--seconds", type=float, default=6.0, metavar="N", help="of each presentation (%(default)g)")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print every check, or walk through the acceptance test."""
    if arguments.camera is not None and not arguments.pad:
        raise SettingsError("--camera belongs to --pad; give both.")
    if arguments.pad:
        return _try_camera(arguments)
    if arguments.nftables:
        return _draw_rules(arguments.folder)
    checks = [
        *_models(arguments.models),
        *_settings(arguments.folder),
        *_cameras(),
        *_vault(arguments.folder),
        *_line(arguments.folder),
        *_isolation(arguments.folder),
    ]
    for check in checks:
        print(check.line)
    wrong = sum(bool(check.problem) for check in checks)
    print("All of this is in order." if not wrong else f"{wrong} of {len(checks)} are not in order.")
    return 1 if wrong else 0


def _draw_rules(folder: Path) -> int:
    from kiosk.admin.firewall import courier_rules, find_destination
    from kiosk.runtime.process_users import demand_three, find_user
    from kiosk.settings import load_settings
    from kiosk.upstream.bank_address import parse_address

    settings = load_settings(folder)
    named = settings.users
    if not named.desk:
        raise SettingsError("The rules know the courier by its user: set [users] first (docs/it-handbook.md).")
    users = {"desk": find_user(named.desk), "vision": find_user(named.vision), "courier": find_user(named.courier)}
    demand_three(users)
    print(courier_rules(users, find_destination(parse_address(settings.bank.url))), end="")
    return 0


def _vault(folder: Path) -> Iterator[Check]:
    from kiosk.admin.doctor_vault import vault_checks
    from kiosk.settings import load_settings

    try:
        settings = load_settings(folder)
    except KioskError:  # said before
        return
    yield from vault_checks(folder, settings)


def _line(folder: Path) -> Iterator[Check]:
    """Certificates, and what waits for the bank where a kiosk runs that can be asked; at rest the vault is locked."""
    from datetime import UTC, datetime

    from kiosk.admin.pem_files import expiry_of, last_expiry_of
    from kiosk.admin.store_access import Asked, ask, is_running
    from kiosk.runtime.admin_socket import AdminVerb
    from kiosk.settings import load_settings
    from kiosk.supervision.certificate_expiry import CertificateEnd, CertificateKind, expiry_words, is_due

    try:
        bank = load_settings(folder).bank
    except KioskError:  # said before
        return
    now = datetime.now(UTC)
    for kind, file, ends in (
        (CertificateKind.CLIENT, bank.client_certificate, expiry_of),
        (CertificateKind.AUTHORITY, bank.ca, last_expiry_of),
    ):
        try:
            end = CertificateEnd(kind, ends((folder / file).read_text(encoding="utf-8-sig")))
        except (OSError, ValueError) as error:
            yield Check(f"certificate {file}", f"it cannot be read ({error}); put the bank's file back")
            continue
        problem = expiry_words(end, now) if is_due(end, now) else ""
        yield Check(f"certificate {file} until {end.ends_at:%Y-%m-%d}", problem)
    try:
        if is_running(folder):
            waiting = ask(Asked(folder, AdminVerb.QUEUE_STATUS, {}))
            since = f", the oldest since {waiting['since'][:16]} UTC" if waiting["since"] else ""
            yield Check(f"{waiting['count']} messages wait for the bank{since}", str(waiting["sentence"]))
    except (KioskError, KeyError) as error:
        yield Check("what waits for the bank", str(error))


def _isolation(folder: Path) -> Iterator[Check]:
    from kiosk.admin.doctor_isolation import isolation
    from kiosk.settings import load_settings

    try:
        users = load_settings(folder).users
    except KioskError:  # said before
        return
    for finding in isolation(folder, users):
        yield Check(finding.what, finding.problem, finding.is_remark)


def _try_camera(arguments: argparse.Namespace) -> int:
    from kiosk.admin.doctor_pad import AcceptanceTest, configured_source, recorded_source
    from kiosk.settings import load_settings

    if not 1 <= arguments.each <= 100 or not 0.5 <= arguments.seconds <= 60:
        raise SettingsError("--each must lie between 1 and 100, --seconds between 0.5 and 60.")
    if arguments.camera is not None:
        source = recorded_source(arguments.camera)
    else:
        source = configured_source(load_settings(arguments.folder).face_camera)
    test = AcceptanceTest(source, arguments.each, arguments.seconds, arguments.models)
    test.walk_through()
    for line in test.table():
        print(line)
    print(test.verdict())
    return 0 if test.is_in_order else 1


def _models(folder: Path | None) -> Iterator[Check]:
    from kiosk.vision.installed_models import load_models
    from kiosk.vision.models import MODELS_DIR, check_model

    try:
        manifest = load_models()
    except KioskError as error:
        yield Check("models", str(error))
        return
    for model in (*manifest.models, *manifest.installed):
        try:
            check_model(model, folder or MODELS_DIR)
        except KioskError as error:
            yield Check(f"model {model.id}", str(error))
        else:
            yield Check(f"model {model.id}")


def _settings(folder: Path) -> Iterator[Check]:
    from kiosk.settings import demand_files, load_settings

    try:
        settings = load_settings(folder)
    except KioskError as error:
        yield Check(f"settings of {folder}", str(error))
        return
    yield Check(f"settings of {folder}")
    try:
        demand_files(folder, settings)
    except KioskError as error:
        yield Check("files that the settings name", str(error))
    else:
        yield Check("files that the settings name")
    yield from _models_in_force(folder, settings)
    yield Check(*_camera("face camera", settings.face_camera))
    yield Check(*_camera("document camera", settings.document_camera))


def _models_in_force(folder: Path, settings: "Settings") -> Iterator[Check]:
    """Which of the models this kiosk may use, as its start will say: an installed one needs the bank's signature."""
    from kiosk.admin.model_in_force import check_model_in_force, model_in_force

    try:
        model = model_in_force(folder, settings)
        remarks = list(check_model_in_force(folder, settings))
    except KioskError as error:
        yield Check("models that this kiosk uses", str(error))
        return
    yield Check(f"models that this kiosk uses; faces are compared by {model.id}")
    yield from (Check(remark, is_remark=True) for remark in remarks)


def _camera(name: str, camera: "CameraSettings") -> tuple[str, str]:
    """What was recorded of a camera, and what is wrong with it; opens none."""
    from hardware.camera import HardwareError
    from hardware.camera_identity import CameraIdentity, demand_identity, refuse_virtual
    from kiosk.admin.camera_menu import absent

    allowed = CameraIdentity(camera.vendor, camera.product, camera.serial, camera.bus_path) if camera.vendor else None
    what = f"{name} {camera.address} ({allowed or 'no identity'})"
    if camera.kind != "usb":
        return what, ""
    if absent(camera.address):
        return what, "this machine has no such device; plug it in"
    node = Path(camera.address).resolve()
    try:
        refuse_virtual(node)
        if allowed is not None:
            demand_identity(node, allowed)
    except HardwareError as error:
        return what, str(error)
    nobody = name == "face camera" and allowed is None
    return what, "no identity is recorded, so it is refused; run `kiosk setup --record-cameras`" if nobody else ""


def _cameras() -> Iterator[Check]:
    from kiosk.admin.camera_menu import NONE_FOUND, cameras_at_hand

    found = cameras_at_hand()
    if not found:
        yield Check("cameras at this machine", NONE_FOUND)
    for camera in found:
        stable = "" if camera.address != camera.device else ", no name of its own below /dev/v4l/by-id"
        yield Check(f"camera {camera.name} at {camera.device} ({camera.address}{stable})")
