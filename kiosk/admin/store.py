"""`kiosk store`: backs the store up to the bank's key, puts a backup in a lost store's place, and checks the store."""

import argparse
from pathlib import Path

_EPILOG = """\
examples:
  kiosk store backup --to /media/usb/main-street-1.age      while the kiosk runs, or at rest
  kiosk store check                                         what is in order and what is not
  kiosk store restore main-street-1.age --identity bank.key --teller 1042 --teller-name "A. Teller"

A backup holds consents, answers to the bank, the audit trail, erasures and the settings, encrypted to the bank's age
key ([backup] recipient). It holds no application record, no PIN and no key: nobody can be brought back from it.
"""
_BACKUP_EPILOG = """\
The bank makes its key once, with age-keygen, keeps the private half, and puts the public one (age1…) into the settings,
[backup] recipient, or gives it to `kiosk setup --backup-recipient`. The file is never written over another one.
"""
_CHECK_EPILOG = """\
exit code:
  0  all is in order
  1  something is wrong: the sentence says what
  2  it could not be checked
  3  nothing is wrong, but somebody should look: the sentence says at what
"""
_RESTORE_EPILOG = """\
The kiosk must not run, and its vault must be there: the keys are in no backup. A store that is whole and as new as the
backup is never replaced; a damaged one is kept beside it, without application records.

Messages are numbered on from far above the backup's last one, for the bank may have received more since; ask the bank
for the last number it has, and give it with --last-sequence, if it matters. Messages that the bank had not confirmed
are sent again, and the bank counts each once. All tellers but the one named here must be added again.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "store",
        help="back the store up, put a backup back, and check the store",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    _add_backup(acts)
    _add_restore(acts)
    _add_check(acts)


def _add_backup(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    backup = _act(
        acts, "backup", "write an encrypted backup, also while the kiosk runs",
        "Write a backup of this moment, encrypted to the bank's key and signed by the kiosk.", _BACKUP_EPILOG,
    )  # fmt: skip
    backup.add_argument("--to", type=Path, required=True, metavar="FILE", help="the file to write; never overwritten")
    backup.set_defaults(run=_backup)


def _add_restore(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    from kiosk.admin.setup import add_teller_arguments

    restore = _act(
        acts, "restore", "put a backup in the place of a lost or damaged store",
        "Put a backup in the place of a store that is lost or damaged.", _RESTORE_EPILOG,
    )  # fmt: skip
    restore.add_argument("file", type=Path, metavar="FILE", help="what `kiosk store backup` wrote")
    restore.add_argument(
        "--identity", type=Path, required=True, metavar="KEYFILE", help="the bank's private age key for backups"
    )
    restore.add_argument(
        "--last-sequence", type=_sequence, metavar="N", help="the highest message number that the bank has received"
    )
    restore.add_argument(
        "--public-key", type=Path, action="append", default=[], metavar="PEM",
        help="an earlier public key of this kiosk, if the backup was signed with it; may be repeated",
    )  # fmt: skip
    add_teller_arguments(restore)
    restore.set_defaults(run=_restore)


def _add_check(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    check = _act(
        acts, "check", "say what is in order in the store and what is not",
        "Check settings, pages, anchors, the whole audit trail, orphans, what is overdue, the clock, and how many"
        " people something is held about.", _CHECK_EPILOG,
    )  # fmt: skip
    check.add_argument("--json", action="store_true", help="print one JSON object for programs")
    check.set_defaults(run=_check)


def _act(
    acts: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, summary: str, description: str, epilog: str
) -> argparse.ArgumentParser:
    from kiosk.admin.folder_argument import add_folder_argument

    parser = acts.add_parser(
        name,
        help=summary,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_folder_argument(parser)
    parser.add_argument("--passphrase-file", type=Path, help="read the vault's passphrase from this file")
    return parser


def _sequence(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise argparse.ArgumentTypeError(f"{text!r} is no number of a message")
    return int(text)


def _backup(arguments: argparse.Namespace) -> int:
    from kiosk.admin.store_backup import backup

    return backup(arguments)


def _restore(arguments: argparse.Namespace) -> int:
    from kiosk.admin.store_restore import restore

    return restore(arguments)


def _check(arguments: argparse.Namespace) -> int:
    from kiosk.admin.store_check import check

    return check(arguments)
