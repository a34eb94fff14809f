"""`kiosk audit verify`: checks an exported trail on any machine. Loads no store and no screen."""

import argparse
import base64
import sys
from collections.abc import Iterable

from kiosk.admin.audit_files import head_of_export, held_of, load_bank_messages, load_public_keys, verify_file
from kiosk.errors import SettingsError
from kiosk.store.audit_export import ExportLineError
from kiosk.store.audit_verification import Outside, TrailBrokenError, TrailReport

WHOLE, BROKEN, NOBODY_VOUCHES = 0, 1, 3


def verify(arguments: argparse.Namespace) -> int:
    """Print what was found; return the exit code that the command's help explains."""
    keys, held = load_public_keys(arguments.public_key), held_of(arguments.bank_checkpoint)
    kiosk_id = None
    if arguments.bank_messages is not None:
        messages = load_bank_messages(arguments.bank_messages, keys)
        keys, kiosk_id = messages.keys, messages.kiosk_id
        held |= messages.held()
        if messages.left_out:
            print(f"{messages.left_out} messages signed by other keys are left out.")
    heads = dict(head_of_export(path) for path in arguments.earlier)
    outside = Outside(keys, held, arguments.machine_counter, heads)
    try:
        found_id, report = verify_file(arguments.file, outside, say=Progress())
    except (TrailBrokenError, ExportLineError) as error:
        print(f"Broken: {error}")
        return BROKEN
    if kiosk_id not in (None, found_id):
        raise SettingsError(f"{arguments.file} is of kiosk {found_id.hex()}, the bank's messages are of another one.")
    print(f"Kiosk {found_id.hex()}")
    for line in _findings(report, outside):
        print(line)
    return WHOLE if keys and outside.vouches else NOBODY_VOUCHES


def _findings(report: TrailReport, outside: Outside) -> Iterable[str]:
    forgotten = f", {report.forgotten} of them without content, whose time is over" if report.forgotten else ""
    first = f" (entries {report.first} to {report.last})" if report.first > 1 else ""
    yield (
        f"Whole: {report.entries} entries{first}{forgotten}; {report.verdicts} verdicts,"
        f" {report.checkpoints} signed checkpoints."
    )
    yield f"Tree head over {report.last} entries: {report.head.hex()}"
    if report.machine_counter:
        yield f"The machine's counter stood at {report.machine_counter} at the last checkpoint."
    if report.clock_set_back_at:
        where = ", ".join(map(str, report.clock_set_back_at))
        yield f"Dated before what stands before them, so the clock had been set back: entries {where}."
    if not outside.keys:
        keys = ", ".join(sorted(key_text(key) for key in report.keys))
        yield f"Signed by {keys}: whether that is this kiosk the bank knows; give --public-key."
    yield _unprotected(report, outside)


def _unprotected(report: TrailReport, outside: Outside) -> str:
    """Where something may be missing without anybody having noticed."""
    if report.confirmed_up_to >= report.last:
        return "Something outside the terminal vouches for every entry."
    # Entries in front of a later start are vouched for by whoever kept the tree from then; the rest is said here.
    span = f"entries {report.confirmed_up_to + 1} to {report.last}"
    if not outside.vouches:
        return (
            f"Not protected against a cut end or an older state put back: {span}, and what may have come after them,"
            " for nothing from outside was given. Give --bank-messages, --bank-checkpoint, --machine-counter or"
            " --earlier."
        )
    return (
        f"Not protected against a cut end: {span}, and what may have come after them. They are younger than the newest"
        " thing from outside that was given."
    )


def key_text(raw: bytes) -> str:
    """A public key as a JWK's x has it, which `kiosk receiver register` takes."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


class Progress:
    """Says on a terminal how far a long check is."""

    def __init__(self) -> None:
        self._shown = False

    def __call__(self, done_share: float) -> None:
        if not sys.stderr.isatty() or (done_share >= 1 and not self._shown):
            return
        self._shown = True
        print(f"\r{done_share:4.0%} checked", end="\n" if done_share >= 1 else "", file=sys.stderr, flush=True)
