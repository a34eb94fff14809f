"""`kiosk keys status`: what locks the keys, and what they are; never a secret."""

import argparse
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from kiosk.admin.folder_argument import add_folder_argument

_EPILOG = """\
examples:
  kiosk keys status
  kiosk keys status --json | jq .counter.value    for `kiosk audit verify --machine-counter`

Asks the running kiosk where one runs, and opens the vault itself otherwise. Shows no secret.
exit code: 0 all is in order, 1 something needs IT (a certificate at its end, a counter that does not answer)
"""
_NEAR_END_DAYS = 30
LOCKS = {
    "tpm": "this machine's TPM",
    "passphrase": "a passphrase",
    "dpapi": "Windows, for the account that made it",
    "key file": "a key file, which is no protection: for trials only",
}


def add_status(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `status` to the acts of `kiosk keys`."""
    parser = acts.add_parser(
        "status",
        help="what locks the keys, and what they are",
        description="Say what locks this kiosk's keys, which one signs, and how long certificates last.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_folder_argument(parser)
    parser.add_argument("--passphrase-file", type=Path, help="read the vault's passphrase from this file")
    parser.add_argument("--json", action="store_true", help="for programs")
    parser.set_defaults(run=status)


def status(arguments: argparse.Namespace) -> int:
    """Print it; raise a `KioskError`."""
    from kiosk.admin.store_access import Asked, ask
    from kiosk.runtime.admin_socket import AdminVerb

    said = ask(Asked(arguments.folder, AdminVerb.KEYS_STATUS, {}, arguments.passphrase_file))
    if arguments.json:
        print(json.dumps(said, indent=1, sort_keys=True))
    else:
        print("\n".join(lines(said)))
    faults = list(_faults(said, datetime.now(UTC).date()))
    for fault in faults:
        print(f"!! {fault}")
    return 1 if faults else 0


def lines(said: Mapping[str, Any]) -> Iterator[str]:
    """What a person reads."""
    vault, signing, certificate = said["vault"], said["signing"], said["certificate"]
    numbers = vault["numbers"]
    yield f"Key vault          {vault['path']}"
    yield f"  locked by        {LOCKS.get(vault['kind'], vault['kind'])}"
    if "memory_kib" in numbers:
        yield f"  hardened by      Argon2id, {numbers['memory_kib'] // 1024} MiB, {numbers['passes']} passes"
    yield f"  made on          {vault['made_on']}, locked so since {vault['sealed_on']}"
    yield f"  recovery code    {'there is one' if vault['has_recovery_code'] else 'none'}"
    if "counter" in numbers:
        yield f"  TPM counter      {said['counter']['value']} (at {numbers['counter']:#x})"
    yield f"Signing key        {signing['key']}"
    if signing["announced"] is not None:
        yield f"  announced        {signing['announced']}, signs once the bank has confirmed it"
    if signing["former"]:
        yield f"  earlier keys     {signing['former']}, only their public halves are kept"
    yield f"Client certificate until {certificate['client_ends_on'] or 'not installed'}"
    yield f"Bank's authority   until {certificate['authority_ends_on'] or 'not readable'}"
    tellers = said["staff"]["tellers_with_key"]
    held_by = "1 teller, under that teller's PIN" if tellers == 1 else f"{tellers} tellers, under their PINs"
    yield f"Records' own key   not in the vault: with {held_by}"


def _faults(said: Mapping[str, Any], today: date) -> Iterator[str]:
    if said["counter"]["fault"] is not None:
        yield said["counter"]["fault"]
    ends_on = said["certificate"]["client_ends_on"]
    if ends_on is None:
        yield "Nothing is delivered without a client certificate: `kiosk setup --install-client-certificate FILE`."
    elif (date.fromisoformat(ends_on) - today).days < _NEAR_END_DAYS:
        yield f"The client certificate ends on {ends_on}: have the bank renew it (docs/it-handbook.md)."
    if not said["staff"]["tellers_with_key"]:
        yield "No teller can open the terminal: `kiosk teller reset`."
