"""`kiosk setup`: asks for what a terminal needs, or takes it as options, and makes the kiosk's folder."""

import argparse
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kiosk.admin.folder_argument import add_folder_argument, default_folder
from kiosk.admin.questions import (
    answer,
    demand_name,
    demand_text,
    file_at,
    new_secret,
    optional_answer,
)
from kiosk.admin.vault_questions import add_vault_arguments, choose_vault, closing_words, refuse_contradictions
from kiosk.errors import SettingsError

if TYPE_CHECKING:
    from kiosk.admin.new_kiosk import FirstTeller, NewKiosk
    from kiosk.settings import CameraSettings, PrivacySettings

_EPILOG = """\
Without options it asks for everything, in order. As one command (asks for the passphrase and the teller's PIN):
  kiosk setup --terminal-name "Main street 1" --bank-name "Bank of Utopia" \\
      --controller "Bank of Utopia, 1 Bank Street, Utopia" --officer "privacy@bank.example" \\
      --authority "Data Protection Authority of Utopia" \\
      --bank-url https://kiosk.bank.example/v1/verdicts --ca bank-ca.pem --receipt-key bank-receipt.pem \\
      --face-camera /dev/video0 --document-camera /dev/video2 --teller 1042 --teller-name "A. Teller"

Without --client-certificate a key is made in the vault and a certificate request is left for the bank to sign;
install the answer with `kiosk setup --install-client-certificate FILE`. Further tellers: `kiosk teller add`.
"""
_ENDINGS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_SAMPLE: dict[str, dict[str, Any]] = {
    "kiosk": {"id": "0" * 32, "bank_name": "-", "terminal_name": "-"},
    "bank": {"url": "https://bank.example", "ca": "-", "client_certificate": "-", "receipt_key": "-"},
    "face_camera": {"kind": "usb", "address": "the face camera"},
    "document_camera": {"kind": "usb", "address": "the document camera"},
    "vault": {"kind": "passphrase"},
    "privacy": {"controller": "-", "officer": "-", "authority": "-"},
}
"""Settings nobody has, to try one answer at a time on the rules of `settings`."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "setup",
        help="set this terminal up",
        description="Make the kiosk's folder: settings, key vault, keys, certificates, store and the first teller.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_folder_argument(parser)
    parser.add_argument("--bank-name", help="shown at the top of every screen")
    parser.add_argument("--terminal-name", help="printed on slips, for example the branch and a number")
    parser.add_argument("--controller", help="the bank in its legal name, with an address: who answers for the data")
    parser.add_argument("--officer", help="its data protection officer and how to reach them")
    parser.add_argument("--authority", help="the authority that a customer may complain to")
    parser.add_argument("--bank-url", help="where verdicts go: https://host[:port][/path]")
    parser.add_argument("--ca", type=Path, help="PEM file of the authority that signed the bank's server certificate")
    parser.add_argument("--receipt-key", type=Path, help="PEM file with the bank's Ed25519 public key for receipts")
    parser.add_argument("--client-certificate", type=Path, help="PEM file; otherwise a request is made")
    parser.add_argument("--client-key", type=Path, help="PEM file of its key, P-256; a copy goes into the vault")
    parser.add_argument("--face-camera", help="device of the camera that sees the customer, for example /dev/video0")
    parser.add_argument("--document-camera", help="device of the camera above the document tray")
    parser.add_argument(
        "--language", choices=["en", "zh"], default="en", help="the branch's own language (%(default)s)"
    )
    parser.add_argument(
        "--printer", default="", help="cups:QUEUE for slips, as `lpstat -e` lists it (default: on the screen only)"
    )
    parser.add_argument(
        "--backup-recipient", default="", metavar="AGE1…", help="the bank's age key for backups (default: none yet)"
    )
    add_vault_arguments(parser)
    add_teller_arguments(parser)
    other = parser.add_mutually_exclusive_group()
    other.add_argument("--list-cameras", action="store_true", help="print the cameras at this machine, then end")
    other.add_argument(
        "--record-cameras",
        action="store_true",
        help="write down which USB cameras are plugged in now, as the only ones allowed, then end",
    )
    other.add_argument(
        "--install-client-certificate", type=Path, metavar="FILE", help="install what the bank signed, then end"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    if arguments.list_cameras:
        return _list_cameras()
    if arguments.record_cameras:
        from kiosk.admin.camera_menu import record_cameras

        print(record_cameras(arguments.folder))
        return 0
    if arguments.install_client_certificate is not None:
        return _install_certificate(arguments)
    from kiosk.admin.new_kiosk import make_kiosk, refuse_old_folder

    refuse_old_folder(arguments.folder)
    plan = _plan(arguments)
    with _ended_in_good_order():
        make_kiosk(arguments.folder, plan)
    _print_next_steps(arguments.folder, plan)
    return 0


@contextmanager
def _ended_in_good_order() -> Iterator[None]:
    """Let every signal to end tidy up as Ctrl-C does, and let no second one disturb that."""

    def end(number: int, _: object) -> None:
        for ending in _ENDINGS:
            signal.signal(ending, signal.SIG_IGN)
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)

    before = {number: signal.signal(number, end) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def add_teller_arguments(parser: argparse.ArgumentParser) -> None:
    """What describes one teller."""
    parser.add_argument("--teller", help="the teller's number, 1 to 12 digits, typed at the console's pad")
    parser.add_argument("--teller-name", help="the teller's name as the console shows it")
    parser.add_argument("--pin-file", type=Path, help="read the teller's PIN from this file instead of asking")


def ask_teller(arguments: argparse.Namespace, which: str) -> "FirstTeller":
    """One teller's number, name and PIN; raise a `KioskError`."""
    from kiosk.admin.new_kiosk import FirstTeller
    from kiosk.store.tellers import MAX_TELLER_DIGITS, check_teller_id
    from kiosk.supervision.authorisation import MAX_PIN_DIGITS, MIN_PIN_DIGITS, check_pin

    digits = f"{MIN_PIN_DIGITS} to {MAX_PIN_DIGITS} digits"
    return FirstTeller(
        answer(arguments.teller, "--teller", f"Number of {which} (1 to {MAX_TELLER_DIGITS} digits)", check_teller_id),
        answer(arguments.teller_name, "--teller-name", f"Name of {which}", demand_name),
        new_secret(arguments.pin_file, "--pin-file", f"PIN of {which} ({digits})", check_pin),
    )


def _plan(arguments: argparse.Namespace) -> "NewKiosk":
    """Ask in the order in which IT has the answers at hand; every one is checked before anything is made."""
    from kiosk.admin.new_kiosk import NewKiosk
    from kiosk.admin.pem_files import read_authority, read_receipt_key

    _refuse_contradictions(arguments)
    bank_name = answer(arguments.bank_name, "--bank-name", "Name of the bank", _rule("kiosk", "bank_name"))
    terminal_name = answer(
        arguments.terminal_name, "--terminal-name", "Name of this terminal", _rule("kiosk", "terminal_name")
    )
    privacy = _ask_responsible(arguments)
    bank_url = answer(arguments.bank_url, "--bank-url", "Address for verdicts (https://…)", _rule("bank", "url"))
    ca = answer(arguments.ca, "--ca", "PEM file of the bank's authority (CA)", _reads(read_authority))
    receipt_key = answer(
        arguments.receipt_key, "--receipt-key", "PEM file of the bank's key for receipts", _reads(read_receipt_key)
    )
    certificate, key = _ask_client_certificate(arguments)
    face_camera, document_camera = _ask_cameras(arguments)
    vault = choose_vault(arguments)
    return NewKiosk(
        terminal_name=terminal_name,
        bank_name=bank_name,
        bank_url=bank_url,
        ca=file_at(ca),
        receipt_public_key=file_at(receipt_key),
        face_camera=face_camera,
        document_camera=document_camera,
        teller=ask_teller(arguments, "the first teller"),
        privacy=privacy,
        vault=vault,
        client_certificate=certificate,
        client_key=key,
        language=arguments.language,
        printer=arguments.printer,
        backup_recipient=arguments.backup_recipient,
    )


def _ask_responsible(arguments: argparse.Namespace) -> "PrivacySettings":
    """Whom the notice and every slip name; a text for each language can be put into settings.toml later."""
    from kiosk.settings import PrivacySettings

    questions = {
        "controller": "Who answers for the data (the bank's legal name and address)",
        "officer": "The bank's data protection officer, and how to reach them",
        "authority": "The authority that a customer may complain to",
    }
    return PrivacySettings(
        **{
            name: answer(getattr(arguments, name), f"--{name}", question, _rule("privacy", name))
            for name, question in questions.items()
        }
    )


def _refuse_contradictions(arguments: argparse.Namespace) -> None:
    refuse_contradictions(arguments)
    _rule("kiosk", "printer")(arguments.printer)
    _check_recipient(arguments.backup_recipient)
    if arguments.client_key is not None and arguments.client_certificate is None:
        raise SettingsError("--client-key goes with --client-certificate; give both, or neither for a request.")


def _check_recipient(recipient: str) -> None:
    """Now and not at the first backup."""
    if recipient:
        from kiosk.store.backup_writing import recipient_key

        recipient_key(recipient)


def _ask_client_certificate(arguments: argparse.Namespace) -> tuple[Path | None, Path | None]:
    from kiosk.admin.pem_files import read_client_certificate, read_client_key

    question = "PEM file of this terminal's client certificate (Enter: make a request for the bank to sign)"
    given = arguments.client_certificate
    certificate = optional_answer(given, question, _is_file)
    if certificate is None:
        return None, None

    def check(key: str) -> None:
        read_client_certificate(file_at(certificate), read_client_key(file_at(key)), f"does not belong to {key}")

    return file_at(certificate), file_at(answer(arguments.client_key, "--client-key", "PEM file of its key", check))


def _ask_cameras(arguments: argparse.Namespace) -> "tuple[CameraSettings, CameraSettings]":
    from kiosk.admin.camera_menu import CameraAtHand, cameras_at_hand, choose_camera, menu, recorded
    from kiosk.settings import CameraSettings

    cameras: list[CameraAtHand] = []
    if arguments.face_camera is None or arguments.document_camera is None:
        cameras = cameras_at_hand()
        print(menu(cameras))
    face = choose_camera(
        arguments.face_camera,
        "--face-camera",
        "Camera that sees the customer, a number or a device",
        cameras,
        "/dev/video0",
        _rule("face_camera", "address"),
    )
    document = choose_camera(
        arguments.document_camera,
        "--document-camera",
        "Camera above the document tray, a number or a device",
        cameras,
        "/dev/video2",
        _rule("document_camera", "address", face_camera=face),
    )
    return recorded(CameraSettings("usb", face)), recorded(CameraSettings("usb", document, 1920, 1080))


def _rule(table: str, name: str, face_camera: str = "the face camera") -> Callable[[str], None]:
    """The rule of `settings` for one answer."""

    def check(text: str) -> None:
        from kiosk.settings import check_settings

        face = _SAMPLE["face_camera"] | {"address": face_camera}
        data = _SAMPLE | {"face_camera": face}
        check_settings(data | {table: data[table] | {name: text}}, "This cannot be used")

    return check


def _reads(read: Callable[[Path], str]) -> Callable[[str], None]:
    def check(text: str) -> None:
        demand_text(text)
        read(file_at(text))

    return check


def _is_file(text: str) -> None:
    if not file_at(text).is_file():
        raise SettingsError(f"There is no file {text}; name another.")


def _list_cameras() -> int:
    from kiosk.admin.camera_menu import cameras_at_hand, menu

    print(menu(cameras_at_hand()))
    return 0


def _print_next_steps(folder: Path, plan: "NewKiosk") -> None:
    from kiosk.admin.camera_menu import absent
    from kiosk.admin.new_kiosk import PUBLIC_KEY_FILE, REQUEST_FILE

    option = "" if folder == default_folder() else f" --folder {folder}"
    steps = [f"Give the bank this terminal's public key to register: {folder / PUBLIC_KEY_FILE}"]
    if plan.client_certificate is None:
        steps.append(
            f"Have the bank sign {folder / REQUEST_FILE}, then\n"
            f"     kiosk setup{option} --install-client-certificate SIGNED.pem"
        )
    missing = [c.address for c in (plan.face_camera, plan.document_camera) if absent(c.address)]
    if missing:
        steps.append(f"Plug in what is not at this machine yet: {', '.join(missing)}")
    if not plan.face_camera.vendor:
        steps.append(f"Record the face camera, which is refused until then: kiosk setup{option} --record-cameras")
    steps.append(f"Add further tellers: kiosk teller add{option}")
    steps.append(f"Check, then start: kiosk run{option} --check && kiosk run{option}")
    print(f"The kiosk is set up in {folder}. Next:")
    for number, step in enumerate(steps, 1):
        print(f"  {number}. {step}")
    for words in closing_words(plan.vault):
        print(words)


def _install_certificate(arguments: argparse.Namespace) -> int:
    from kiosk.admin.new_kiosk import install_client_certificate
    from kiosk.admin.unlocking import unlock_kiosk
    from kiosk.settings import load_settings
    from kiosk.store.key_vault import TLS_CLIENT_KEY

    settings = load_settings(arguments.folder)
    vault = unlock_kiosk(arguments.folder, settings, arguments.passphrase_file)
    signed = arguments.install_client_certificate
    install_client_certificate(arguments.folder, settings, signed, vault.secret(TLS_CLIENT_KEY))
    print("The client certificate is installed; start the kiosk with `kiosk run`.")
    return 0
