"""`kiosk audit bridge`: makes and checks a proof between two tree heads that the bank has. Loads no store."""

import argparse
from pathlib import Path

from kiosk.admin.audit_files import held_of, open_export, read_text
from kiosk.errors import SettingsError
from kiosk.store.audit_bridge import LONGEST_BRIDGE_BYTES, build_bridge, read_bridge

_HOLDS, _DOES_NOT_HOLD = 0, 1


def bridge(arguments: argparse.Namespace) -> int:
    """Make a proof from an export, or check one with the two heads that the bank has."""
    if arguments.check:
        return _check(arguments.file, arguments.bank_checkpoint)
    if arguments.first is None or arguments.second is None:
        raise SettingsError("Give the sequences of two messages: --from SEQ --to SEQ.")
    with open_export(arguments.file) as (header, lines):
        if header.frontier.size:
            raise SettingsError(f"{arguments.file} begins with entry {header.frontier.size + 1}: take a whole export.")
        print(build_bridge(lines, arguments.first, arguments.second).as_json())
    return _HOLDS


def _check(path: Path, checkpoints: list[str]) -> int:
    proof, held = read_bridge(read_text(path, LONGEST_BRIDGE_BYTES)), held_of(checkpoints)
    first, second = held.get(proof.first_sequence), held.get(proof.second_sequence)
    if first is None or second is None:
        raise SettingsError(
            f"This proof is about messages {proof.first_sequence} and {proof.second_sequence}: give the head of each"
            " with --bank-checkpoint HEX@SEQ."
        )
    if not proof.holds(first.tree_head, second.tree_head):
        print(f"Broken: the trail at message {proof.second_sequence} did not grow out of that at"
              f" {proof.first_sequence}, or this proof is wrong.")  # fmt: skip
        return _DOES_NOT_HOLD
    grown = proof.second_size - proof.first_size
    print(
        f"Whole: the trail at message {proof.second_sequence} begins with the {proof.first_size} entries at message"
        f" {proof.first_sequence}, unchanged, and goes on with {grown} more."
    )
    return _HOLDS
