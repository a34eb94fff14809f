"""`kiosk teller`: who may sign in at the teller console. Needs the vault, and the kiosk at rest.

Whoever gets a PIN gets with it a key to the application records, which only a teller can hand on: so most of these
need one who is present. IT alone can take access away, and can begin anew without the records.
"""

import argparse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.admin.folder_argument import add_folder_argument
from kiosk.admin.questions import answer, known_secret, new_secret
from kiosk.admin.setup import add_teller_arguments, ask_teller
from kiosk.errors import SettingsError, SupervisionError

if TYPE_CHECKING:
    from kiosk.settings import Settings
    from kiosk.store.store import Store
    from kiosk.store.tellers import TellerAccount

_EPILOG = """\
examples (each asks for the passphrase and the PINs; --pin-file and --present-pin-file read them from files):
  kiosk teller add --teller 1043 --teller-name "B. Teller" --present 1042
  kiosk teller list
  kiosk teller change-pin --teller 1043             by the teller, who knows the old one
  kiosk teller reset-pin --teller 1043 --present 1042     1043 has forgotten it; 1042 is there and does not
  kiosk teller remove --teller 1043
  kiosk teller reset --teller 1042 --teller-name "A. Teller"     nobody knows a PIN any more: the records are lost

A PIN opens the application records, so a new one can only come from a teller who is present (--present) and types
theirs. Nobody else can make one, IT and the maker of this program included.
The kiosk must not be running: its store belongs to one process at a time.
"""


class PinRefusedError(SupervisionError):
    """The number or PIN of somebody who should vouch for what is done."""


@dataclass(frozen=True, slots=True, repr=False)
class Present:
    """A teller who has typed a right PIN, and the key that it released."""

    teller_id: str
    application_key: bytes


@dataclass(frozen=True, slots=True, repr=False)
class _Terminal:
    """One kiosk at rest."""

    settings: "Settings"
    store: "Store"
    pepper: bytes


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "teller",
        help="add, list and remove tellers, and give new PINs",
        description="Say who may sign in at the teller console.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    add = acts.add_parser("add", help="add a teller", description="Add a teller; there is no default PIN.")
    add_teller_arguments(add)
    _add_present_arguments(add)
    add.set_defaults(run=_add)
    every = acts.add_parser("list", help="print every teller", description="Print teller numbers and names.")
    every.set_defaults(run=_list)
    change = acts.add_parser("change-pin", help="change one's own PIN", description="Change a PIN that is known.")
    _add_number_and_pin(change)
    change.add_argument("--old-pin-file", type=Path, help="read the PIN so far from this file instead of asking")
    change.set_defaults(run=_change_pin)
    again = acts.add_parser(
        "reset-pin",
        help="give a new PIN where the old one is forgotten",
        description="Give a new PIN, which needs another teller who is present, and end a wait after wrong PINs.",
    )
    _add_number_and_pin(again)
    _add_present_arguments(again)
    again.set_defaults(run=_reset_pin)
    remove = acts.add_parser(
        "remove", help="remove a teller", description="Remove a teller; not the last one who can open the records."
    )
    remove.add_argument("--teller", help="the teller's number")
    remove.set_defaults(run=_remove)
    reset = acts.add_parser(
        "reset",
        help="begin anew where every PIN is lost; the kept records are lost",
        description="Destroy the application records, which nobody can open any more, and make one teller who opens"
        " new ones. Answers, consents and the audit stay. Every other teller needs `kiosk teller reset-pin`.",
    )
    add_teller_arguments(reset)
    reset.add_argument(
        "--confirm", metavar="TERMINAL", help="this terminal's name, typed out: yes, destroy the records"
    )
    reset.set_defaults(run=_reset)
    for act in (add, every, change, again, remove, reset):
        add_folder_argument(act)
        act.add_argument("--passphrase-file", type=Path, help="read the vault's passphrase from this file")


def _add_number_and_pin(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--teller", help="the teller's number")
    parser.add_argument("--pin-file", type=Path, help="read the new PIN from this file instead of asking")


def _add_present_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--present", metavar="NUMBER", help="number of a teller who is here and types their PIN")
    parser.add_argument("--present-pin-file", type=Path, help="read that PIN from this file instead of asking")


def _add(arguments: argparse.Namespace) -> int:
    from kiosk.store.staff_keys import wrap_for_teller
    from kiosk.store.tellers import TellerExistsError
    from kiosk.supervision.authorisation import hash_pin

    with _terminal(arguments) as terminal:
        if arguments.teller is not None and terminal.store.teller(arguments.teller) is not None:
            raise TellerExistsError(arguments.teller)
        present = _ask_present(arguments, terminal)
        new = ask_teller(arguments, "the new teller")
        staff_key = wrap_for_teller(present.application_key, new.teller_id, new.pin, terminal.pepper)
        terminal.store.add_teller(new.teller_id, new.name, hash_pin(new.pin), staff_key, present.teller_id)
    print(f"{new.teller_id} ({new.name}) may sign in at the teller console.")
    return 0


def _list(arguments: argparse.Namespace) -> int:
    with _terminal(arguments) as terminal:
        tellers = terminal.store.tellers()
    for teller in tellers:
        mark = "" if teller.staff_key else "  (cannot sign in: kiosk teller reset-pin)"
        print(f"{teller.teller_id}  {teller.name}{mark}")
    return 0


def _change_pin(arguments: argparse.Namespace) -> int:
    with _terminal(arguments) as terminal:
        account = _ask_account(arguments, terminal)
        old = known_secret(arguments.old_pin_file, "--old-pin-file", f"Old PIN of {account.teller_id}")
        own = _demand_right(terminal, account.teller_id, old)
        _set_pin(arguments, terminal, account, own, vouched_by=None)
    print(f"{account.teller_id} ({account.name}) has a new PIN.")
    return 0


def _reset_pin(arguments: argparse.Namespace) -> int:
    with _terminal(arguments) as terminal:
        account = _ask_account(arguments, terminal)
        present = _ask_present(arguments, terminal)
        _set_pin(arguments, terminal, account, present, vouched_by=present.teller_id)
    print(f"{account.teller_id} ({account.name}) has a new PIN.")
    return 0


def _remove(arguments: argparse.Namespace) -> int:
    with _terminal(arguments) as terminal:
        account = _ask_account(arguments, terminal)
        terminal.store.remove_teller(account.teller_id)
    print(f"{account.teller_id} may not sign in any more.")
    return 0


def _reset(arguments: argparse.Namespace) -> int:
    from kiosk.store.staff_keys import new_application_key, wrap_for_teller
    from kiosk.supervision.authorisation import hash_pin

    with _terminal(arguments, records_may_be_missing=True) as terminal:
        print(
            "This destroys every application record on this terminal, for good. Customers whose account is not open\n"
            "yet must give their data again from the document. Answers, consents and the audit stay. If one single\n"
            "teller still knows a PIN, use `kiosk teller reset-pin` instead."
        )
        name = terminal.settings.kiosk.terminal_name
        answer(arguments.confirm, "--confirm", f"Type this terminal's name ({name}) to go on", _demand_name(name))
        teller = ask_teller(arguments, "the teller who opens the terminal from now on")
        key = new_application_key()
        staff_key = wrap_for_teller(key, teller.teller_id, teller.pin, terminal.pepper)
        lost = terminal.store.start_records_anew(key, teller.teller_id, teller.name, hash_pin(teller.pin), staff_key)
    print(f"{lost} application records were given up. {teller.teller_id} opens the terminal from now on.")
    print("Give every other teller a new PIN: kiosk teller reset-pin")
    return 0


def _demand_name(name: str) -> Callable[[str], None]:
    def check(text: str) -> None:
        if text != name:
            raise SettingsError(f"That is not this terminal's name ({name}); nothing was changed.")

    return check


def _ask_account(arguments: argparse.Namespace, terminal: _Terminal) -> "TellerAccount":
    """The account that is to be changed."""
    from kiosk.store.tellers import TellerUnknownError

    def check(number: str) -> None:
        if terminal.store.teller(number) is None:
            raise TellerUnknownError(number)

    account = terminal.store.teller(answer(arguments.teller, "--teller", "Number of the teller", check))
    assert account is not None
    return account


def _ask_present(arguments: argparse.Namespace, terminal: _Terminal) -> Present:
    """A teller who is there; raise `PinRefusedError` for a wrong number or PIN, alike."""
    from kiosk.admin.questions import demand_text

    number = answer(arguments.present, "--present", "Number of a teller who is present", demand_text)
    pin = known_secret(arguments.present_pin_file, "--present-pin-file", "PIN of the teller who is present")
    return _demand_right(terminal, number, pin)


def _demand_right(terminal: _Terminal, teller_id: str, pin: str) -> Present:
    """Check a PIN by the rules of the console, wrong ones counted; raise `PinRefusedError` or `StaffKeyError`."""
    from kiosk.store.staff_keys import unwrap_for_teller
    from kiosk.supervision.authorisation import after_failure, after_success, may_try, verify_pin

    account, now = terminal.store.teller(teller_id), datetime.now(UTC)
    if account is None:
        raise PinRefusedError("Number or PIN is wrong; nothing was changed.")
    state = account.sign_in_state
    if not may_try(state, now):
        assert state.locked_until is not None
        until = f"{state.locked_until.astimezone():%H:%M:%S}"
        raise PinRefusedError(f"Too many wrong PINs for {teller_id}: wait until {until}; nothing was changed.")
    if not verify_pin(account.pin_hash, pin):
        terminal.store.record_sign_in(teller_id, after_failure(state, now), succeeded=False)
        raise PinRefusedError("Number or PIN is wrong; nothing was changed.")
    key = unwrap_for_teller(account.staff_key, teller_id, pin, terminal.pepper)
    terminal.store.record_sign_in(teller_id, after_success(), succeeded=True)
    return Present(teller_id, key)


def _set_pin(
    arguments: argparse.Namespace,
    terminal: _Terminal,
    account: "TellerAccount",
    present: Present,
    vouched_by: str | None,
) -> None:
    from kiosk.store.staff_keys import wrap_for_teller
    from kiosk.supervision.authorisation import MAX_PIN_DIGITS, MIN_PIN_DIGITS, check_pin, hash_pin

    question = f"New PIN of {account.teller_id} ({MIN_PIN_DIGITS} to {MAX_PIN_DIGITS} digits)"
    pin = new_secret(arguments.pin_file, "--pin-file", question, check_pin)
    staff_key = wrap_for_teller(present.application_key, account.teller_id, pin, terminal.pepper)
    terminal.store.set_pin(account.teller_id, hash_pin(pin), staff_key, vouched_by)


@contextmanager
def _terminal(arguments: argparse.Namespace, *, records_may_be_missing: bool = False) -> Iterator[_Terminal]:
    from kiosk.admin.unlocking import unlock_kiosk
    from kiosk.settings import list_in_force, load_settings
    from kiosk.store.key_vault import STAFF_PEPPER
    from kiosk.store.store import open_books, open_store

    settings = load_settings(arguments.folder)
    vault = unlock_kiosk(arguments.folder, settings, arguments.passphrase_file)
    opening = open_books if records_may_be_missing else open_store
    with opening(arguments.folder, vault, list_in_force(settings)) as store:
        yield _Terminal(settings, store, vault.secret(STAFF_PEPPER))
