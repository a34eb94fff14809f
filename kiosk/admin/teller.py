"""`kiosk teller`: adds and lists who may sign in at the teller console. Needs the vault, and the kiosk at rest."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.admin.questions import read_passphrase
from kiosk.admin.setup import add_folder_argument, add_teller_arguments, ask_teller

if TYPE_CHECKING:
    from kiosk.store.store import Store

_EPILOG = """\
example (asks for the passphrase and the PIN):
  kiosk teller add --teller 1043 --teller-name "B. Teller"
  kiosk teller list

The kiosk must not be running: its store belongs to one process at a time.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "teller",
        help="add and list tellers",
        description="Add or list those who may sign in at the teller console.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    add = acts.add_parser("add", help="add a teller", description="Add a teller; there is no default PIN.")
    add_teller_arguments(add)
    add.set_defaults(run=_add)
    every = acts.add_parser("list", help="print every teller", description="Print teller numbers and names.")
    every.set_defaults(run=_list)
    for act in (add, every):
        add_folder_argument(act)
        act.add_argument("--passphrase-file", type=Path, help="read the vault's passphrase from this file")


def _add(arguments: argparse.Namespace) -> int:
    from kiosk.supervision.authorisation import hash_pin

    with _store(arguments) as store:
        teller = ask_teller(arguments, "the new teller")
        store.add_teller(teller.teller_id, teller.name, hash_pin(teller.pin))
    print(f"{teller.teller_id} ({teller.name}) may sign in at the teller console.")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with _store(arguments) as store:
        tellers = store.tellers()
    for teller in tellers:
        print(f"{teller.teller_id}  {teller.name}")
    return 0


def _store(arguments: argparse.Namespace) -> "Store":
    from kiosk.settings import load_settings
    from kiosk.store.store import open_store, unlock

    settings = load_settings(arguments.folder)
    passphrase = read_passphrase(arguments.passphrase_file) if settings.vault.kind == "passphrase" else None
    vault = unlock(arguments.folder, settings.vault.kind, settings.vault.key_file, passphrase)
    return open_store(arguments.folder, vault)
