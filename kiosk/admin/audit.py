"""`kiosk audit`: takes the audit trail out, checks one that was taken out, and checks a customer's slip.

`verify` and `prove` need no kiosk, no store and no key: they run on any machine, on files alone.
"""

import argparse
from pathlib import Path

from kiosk.admin.folder_argument import add_folder_argument

_EPILOG = """\
examples:
  kiosk audit export --folder /var/lib/kiosk --out audit.jsonl
  kiosk audit verify audit.jsonl --public-key signing-public-key.pem --bank-messages received.jsonl
  kiosk audit verify audit.jsonl --bank-checkpoint 5f0c…@1207
  kiosk audit prove slip.png --public-key signing-public-key.pem
  kiosk audit prove KIOSK1:AEBAGBAF… --export audit.jsonl

An export says who did what and when, and holds no name, number or picture of a customer.

What the terminal's own signatures cannot show is that the end of the trail was cut off, or that an older state of the
whole terminal was put back. That takes something from outside: the messages that the bank has received, or one tree
head out of them, or the number of the terminal's TPM counter, or an export that the auditor kept.
"""
_VERIFY_EPILOG = """\
exit code:
  0  whole, signed by a key that was given, and something outside the terminal vouches for it
  1  broken: edited, something put in, taken out, exchanged or cut off; the sentence says where
  2  it could not be tried
  3  whole in itself, but nobody outside vouches: no --public-key, or none of --bank-…, --machine-counter, --earlier
"""
_BRIDGE_EPILOG = """\
examples:
  kiosk audit bridge audit.jsonl --from 120 --to 1207 > proof.json
  kiosk audit bridge proof.json --check --bank-checkpoint 5f0c…@120 --bank-checkpoint 91ab…@1207

exit code: 0 written, or whole; 1 the later trail did not grow out of the earlier one; 2 it could not be tried
"""
_PROVE_EPILOG = """\
SLIP is the code as text, a file with that text, or a picture (PNG, JPEG, BMP, WebP) of the square code.

exit code:
  0  proven: the statement is whole and signed by a key that was given
  1  not proven: changed, of another kiosk, or not in the trail or among the messages that were given
  2  it could not be tried: no code of a slip can be read
  3  whole and signed, but whether by this kiosk only the bank knows: give --public-key
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "audit",
        help="take the audit trail out, check it, and check a customer's slip",
        description=__doc__,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    _add_export(acts)
    _add_verify(acts)
    _add_prove(acts)
    _add_bridge(acts)
    _add_new_counter(acts)


def _add_export(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    export = acts.add_parser(
        "export",
        help="write the trail to a file, signed",
        description="Write every entry and every signed checkpoint to a file, for whoever audits this terminal.",
    )
    add_folder_argument(export)
    export.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON lines; never overwritten")
    export.add_argument(
        "--since", type=_entry_number, default=0, metavar="ENTRY", help="leave out the entries up to this one"
    )
    export.add_argument("--passphrase-file", type=Path, help="read the vault's passphrase from this file")
    export.set_defaults(run=_export)


def _add_verify(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    verify = acts.add_parser(
        "verify",
        help="check an exported trail on any machine",
        description="Check every entry and every signature of an exported trail, and what the bank has against it.",
        epilog=_VERIFY_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verify.add_argument("file", type=Path, metavar="FILE", help="what `kiosk audit export` wrote")
    _add_outside(verify)
    verify.add_argument(
        "--bank-checkpoint",
        action="append",
        default=[],
        metavar="HEX@SEQ",
        help="the tree head that a message to the bank carried, and the message's sequence; may be repeated",
    )
    verify.add_argument(
        "--machine-counter",
        type=_entry_number,
        metavar="N",
        help="where the terminal's TPM counter stood when the trail was exported (`kiosk keys status`)",
    )
    verify.add_argument(
        "--earlier",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="an earlier export that the auditor kept: this one must begin with the same entries; may be repeated",
    )
    verify.set_defaults(run=_verify)


def _add_prove(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    prove = acts.add_parser(
        "prove",
        help="check a customer's slip on any machine",
        description="Check the signed statement on a customer's slip, or on the receipt for an erasure, also long after"
        " the record was erased.",
        epilog=_PROVE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    prove.add_argument("slip", metavar="SLIP", help="the code as text, a file with it, or a picture of the slip")
    _add_outside(prove)
    prove.add_argument("--export", type=Path, metavar="FILE", help="look for its entry in this exported trail too")
    prove.set_defaults(run=_prove)


def _add_bridge(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    bridge = acts.add_parser(
        "bridge",
        help="show the bank that one of its tree heads grew out of another, without showing an entry",
        description="Print a proof between the tree heads in two messages, or check one. It names nobody and no act.",
        epilog=_BRIDGE_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    bridge.add_argument("file", type=Path, metavar="FILE", help="a whole export; with --check a proof")
    bridge.add_argument("--from", dest="first", type=_entry_number, metavar="SEQ", help="sequence of a message")
    bridge.add_argument("--to", dest="second", type=_entry_number, metavar="SEQ", help="sequence of a later message")
    bridge.add_argument("--check", action="store_true", help="check a proof with the two heads that the bank has")
    bridge.add_argument("--bank-checkpoint", action="append", default=[], metavar="HEX@SEQ", help="see `verify`")
    bridge.set_defaults(run=_bridge)


def _add_new_counter(acts: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    new = acts.add_parser(
        "new-counter",
        help="go on where the machine or its TPM is another one now",
        description="Tell the store that the machine's counter is another one, or gone, on purpose. It is noted in the"
        " audit: whether an older state was put back before this moment, only the bank can tell.",
    )
    add_folder_argument(new)
    new.add_argument("--passphrase-file", type=Path, help="read the vault's passphrase from this file")
    new.set_defaults(run=_new_counter)


def _add_outside(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--public-key",
        type=Path,
        action="append",
        default=[],
        metavar="PEM",
        help="a public key that the bank registered for the kiosk; may be repeated",
    )
    parser.add_argument(
        "--bank-messages",
        type=Path,
        metavar="FILE",
        help="messages as the bank received them: one JWS a line, or the log of `kiosk receiver run --log`",
    )


def _entry_number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 on")
    return int(text)


def _export(arguments: argparse.Namespace) -> int:
    from kiosk.admin.audit_export import export

    return export(arguments)


def _bridge(arguments: argparse.Namespace) -> int:
    from kiosk.admin.audit_bridge import bridge

    return bridge(arguments)


def _new_counter(arguments: argparse.Namespace) -> int:
    from kiosk.admin.audit_export import new_counter

    return new_counter(arguments)


def _verify(arguments: argparse.Namespace) -> int:
    from kiosk.admin.audit_verify import verify

    return verify(arguments)


def _prove(arguments: argparse.Namespace) -> int:
    from kiosk.admin.audit_prove import prove

    return prove(arguments)
