"""`kiosk keys`: what locks this kiosk's keys and what they are, other locks for them, and new ones."""

import argparse

_EPILOG = """\
examples:
  kiosk keys status                       what locks the keys, and how long certificates last; no secret is shown
  kiosk keys reseal --to tpm              lock a passphrase kiosk's keys by this machine's TPM from now on
  kiosk keys reseal --with-recovery-code  after a TPM was cleared or replaced: the code of the setup opens the vault
  kiosk keys rotate                       new keys for the store and a new signing key

Each explains itself: `kiosk keys reseal --help`.
"""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Register `kiosk keys`."""
    from kiosk.admin.key_rotation import add_rotate
    from kiosk.admin.key_sealing import add_reseal
    from kiosk.admin.key_status import add_status

    parser = commands.add_parser(
        "keys",
        help="say what locks this kiosk's keys, lock them otherwise, or replace them",
        description="The key vault of this kiosk and what is in it.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    acts = parser.add_subparsers(title="acts", metavar="ACT", required=True)
    add_status(acts)
    add_reseal(acts)
    add_rotate(acts)
