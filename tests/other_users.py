"""Lets a test that root runs start processes as other users, with this very interpreter.

An interpreter below a home that only its owner may enter is of no use to anybody else; in a mount namespace of its own
the way to it is open, and nothing outside changes.
"""

import os
import sys
from pathlib import Path

DESK, VISION, COURIER = 5001, 5002, 5003
USERS = {"desk": f"{DESK}:{DESK}", "vision": f"{VISION}:{VISION}", "courier": f"{COURIER}:{COURIER}"}

_OPEN_THE_WAY = """
set -e
closed=$1 rest=$2; shift 2
if [ -n "$closed" ]; then
    aside=$(mktemp -d)
    mount --bind "$closed" "$aside"
    mount -t tmpfs -o mode=755 none "$closed"
    mkdir -p "$closed/$rest"
    mount --bind "$aside/$rest" "$closed/$rest"
    umount "$aside"
    rmdir "$aside"
fi
exec "$@"
"""


def reachable(*also: str) -> list[str]:
    """What to put before a command, so that any user may start this interpreter; `also` are options of unshare."""
    prefix = Path(sys.base_prefix).resolve()
    closed = next((path for path in reversed(prefix.parents) if not path.stat().st_mode & 0o001), None)
    rest = "" if closed is None else str(prefix.relative_to(closed))
    way = ["sh", "-c", _OPEN_THE_WAY, "sh", str(closed or ""), rest]
    return ["unshare", "-m", "--propagation", "private", *also, *way]


def is_root() -> bool:
    """Nobody else may start processes as other users."""
    return os.geteuid() == 0
