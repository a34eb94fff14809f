"""Where a kiosk's folder is, as every command that works on one takes it. Standard library only."""

import argparse
import os
from pathlib import Path


def default_folder() -> Path:
    """`KIOSK_FOLDER`, or a folder of the person who runs the program."""
    named = os.environ.get("KIOSK_FOLDER")
    return Path(named) if named else Path.home() / ".local" / "share" / "branch-kiosk"


def add_folder_argument(parser: argparse.ArgumentParser) -> None:
    """Every command that works on a kiosk's folder names it in the same way."""
    parser.add_argument(
        "--folder",
        type=Path,
        default=default_folder(),
        help="the kiosk's folder (default: $KIOSK_FOLDER or %(default)s)",
    )
