"""`kiosk receiver`: the reference receiver on the command line, for demo, trial and as an example to bank IT."""

import argparse
import base64
import binascii
import re
import signal
import sys
from datetime import date
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from kiosk.errors import KioskError, SettingsError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

_EPILOG = """
A trial line on one machine:
  kiosk receiver init --folder bank
  kiosk receiver register --folder bank --key KIOSK_FOLDER/signing-public-key.pem
  kiosk receiver run --folder bank --port 8443

Does this customer's slip belong to this document?
  kiosk receiver check-reference --salt 00112233445566778899AABBCCDDEEFF --kind passport \\
      --number L898902C3 --birth-date 1974-08-12 --reference 4f0d…
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `kiosk receiver` and what it can do."""
    parser = commands.add_parser(
        "receiver",
        help="the reference receiver: what a bank's end must do",
        description="Receives verdicts over HTTPS, checks them, counts each once, answers with signed receipts."
        " What it does is written for a bank's own IT in docs/openapi.yaml.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    _add_init(acts)
    _add_register(acts)
    _add_run(acts)
    _add_list(acts)
    _add_check_reference(acts)


def _add_init(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    init = acts.add_parser("init", help="make a folder with certificates and the receipt key")
    _add_folder(init)
    init.add_argument(
        "--host", action="append", help="a name or address kiosks call it by; may be repeated (default: this machine)"
    )
    init.set_defaults(run=_init)


def _add_register(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    register = acts.add_parser("register", help="believe a kiosk's signing key")
    _add_folder(register)
    register.add_argument(
        "--key", required=True, help="the public key: a PEM file, or its 43 characters as a JWK's x has them"
    )
    register.add_argument(
        "--kiosk-id", help="32 hex digits; without it the key is bound to the kiosk that its first message names"
    )
    register.set_defaults(run=_register)


def _add_run(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    run = acts.add_parser("run", help="receive until stopped; each new verdict is printed once")
    _add_folder(run)
    run.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    run.add_argument("--port", type=int, default=8443, help="port, 0 for any free one (default: %(default)s)")
    run.add_argument("--log", type=Path, help="append each new message to this file, one JSON object a line")
    run.set_defaults(run=_run)


def _add_list(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    listing = acts.add_parser("list", help="print registered keys and received messages")
    _add_folder(listing)
    listing.set_defaults(run=_list)


def _add_check_reference(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = acts.add_parser(
        "check-reference",
        help="recompute an application reference from slip and document",
        description="Exits 0 when the reference belongs to slip and document, 1 when it does not, 2 for bad input.",
    )
    check.add_argument("--salt", required=True, help="from the customer's slip: 32 hex digits, blanks allowed")
    check.add_argument("--kind", required=True, choices=("passport", "identity_card", "visa"))
    check.add_argument("--number", required=True, help="document number as printed")
    check.add_argument("--birth-date", required=True, help="YYYY-MM-DD")
    check.add_argument("--reference", required=True, help="from verdict or slip: 64 hex digits, blanks allowed")
    check.set_defaults(run=_check_reference)


def _add_folder(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--folder", type=Path, required=True, help="the receiver's folder")


def _init(arguments: argparse.Namespace) -> int:
    from kiosk.admin.certificates import LOCAL_HOSTS, make_receiver_folder

    files = make_receiver_folder(arguments.folder, tuple(arguments.host or LOCAL_HOSTS))
    print(f"A reference receiver is ready in {files.folder}. The kiosk needs from there, in `kiosk setup`:")
    print(f"  {files.ca}  (whom it believes)")
    print(f"  {files.client} and {files.client_key}  (who it is)")
    print(f"  {files.receipt_public_key}  (whose receipts it believes)")
    print("Then register the kiosk's signing key and start:")
    print(f"  kiosk receiver register --folder {files.folder} --key KIOSK_FOLDER/signing-public-key.pem")
    print(f"  kiosk receiver run --folder {files.folder}")
    return 0


def _register(arguments: argparse.Namespace) -> int:
    from kiosk.upstream.reference_receiver import open_ledger

    key = load_public_key(arguments.key)
    kiosk_id = None if arguments.kiosk_id is None else _hex(arguments.kiosk_id, 16, "The kiosk id")
    ledger = open_ledger(arguments.folder)
    try:
        thumbprint = ledger.register(key, kiosk_id)
    finally:
        ledger.close()
    print(f"Registered key {thumbprint}" + (f" for kiosk {kiosk_id.hex()}." if kiosk_id else "."))
    return 0


def _run(arguments: argparse.Namespace) -> int:
    from kiosk.upstream.reference_receiver import ReferenceReceiver

    receiver = ReferenceReceiver(arguments.folder, arguments.host, arguments.port, arguments.log)
    signal.signal(signal.SIGTERM, _stop)
    print(f"receiving on {receiver.url}", flush=True)
    try:
        receiver.serve()
    finally:
        receiver.stop()
    return 0


def _stop(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _list(arguments: argparse.Namespace) -> int:
    from kiosk.upstream.reference_receiver import describe, open_ledger

    ledger = open_ledger(arguments.folder)
    try:
        for key in ledger.registered_keys():
            print(f"key {key.thumbprint} of kiosk {key.kiosk_id.hex() if key.kiosk_id else '(no message yet)'}")
        for received in ledger.received():
            if missing := ledger.missing_before(received.message):
                print(f"  {missing} missing here")
            print(describe(received))
    finally:
        ledger.close()
    return 0


def _check_reference(arguments: argparse.Namespace) -> int:
    from kiosk.verification.verdict import application_reference

    salt = _hex(arguments.salt, 16, "The salt")
    stated = _hex(arguments.reference, 32, "The reference")
    birth_date = _date(arguments.birth_date.strip())
    equal = application_reference(salt, arguments.kind, arguments.number, birth_date) == stated
    print(
        "The reference belongs to this slip and document."
        if equal
        else "The reference does NOT belong to this slip and document; check what was typed, then ask the branch."
    )
    return 0 if equal else 1


def _date(text: str) -> date:
    """Return a date as the slip's rules spell it; `fromisoformat` alone takes weeks and other spellings too."""
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise SettingsError("The birth date is written YYYY-MM-DD, for example 1974-08-12.")


def load_public_key(text: str) -> "Ed25519PublicKey":
    """Return the key in a PEM file, or written as the 43 base64url characters of a JWK's x."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    if re.fullmatch(r"[A-Za-z0-9_-]{43}", text) and not Path(text).exists():
        return Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(text + "="))
    try:
        key = load_pem_public_key(Path(text).read_bytes())
    except FileNotFoundError as error:
        raise SettingsError(f"There is no file {text}; give the kiosk's public key as PEM.") from error
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise SettingsError(f"{text} holds no public key in PEM; the kiosk's folder has one.") from error
    if not isinstance(key, Ed25519PublicKey):
        raise SettingsError(f"{text} holds a key of another kind; the kiosk signs with Ed25519.")
    return key


def _hex(text: str, byte_count: int, what: str) -> bytes:
    """Return bytes from hex as people type it: any case, blanks and hyphens anywhere."""
    try:
        data = binascii.unhexlify(re.sub(r"[\s:-]", "", text))
    except ValueError as error:
        raise _hex_error(what, byte_count) from error
    if len(data) != byte_count:
        raise _hex_error(what, byte_count)
    return data


def _hex_error(what: str, byte_count: int) -> KioskError:
    return SettingsError(f"{what} has {byte_count * 2} hexadecimal digits (0–9, A–F); blanks do not matter.")
