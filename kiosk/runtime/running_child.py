"""One process that the launcher has started: how it is started, and what has to be done when it ends.

Standard library only.
"""

import contextlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from kiosk.runtime.child_environment import child_environment, isolation
from kiosk.runtime.child_log import ChildLog, open_log_file
from kiosk.runtime.process_users import PARTS, Users, acting_as

NOT_STARTED = "no start"
"""How the word about the end of a child begins that could not even be started."""
NO_USERS: Users = MappingProxyType({})


@dataclass
class Child:
    """A running process and what has to be done when it ends."""

    role: str
    visit: int
    process: subprocess.Popen[bytes]
    exit_watch: int
    """A pidfd: becomes readable when the process ends."""
    log: ChildLog | None
    """Until it has said its last word; desk writes into its log itself."""
    kill_at: float | None = None
    alive_at: float | None = None
    """When it last said so, if it ever did."""


def start_child(
    role: str, visit: int, words: list[str], passed: tuple[int, ...], logs: Path, users: Users = NO_USERS
) -> Child:
    """Run Python with these words; raise `OSError`, with nothing left open or running, if the system refuses."""
    user = users.get(PARTS[role])
    with contextlib.ExitStack() as undone, contextlib.ExitStack() as handed_over:
        with acting_as(users.get("desk")):
            output = _open_log(logs, role)
        log = None
        if role != "desk":
            log = ChildLog(output)
            undone.callback(log.close)
            output = log.child_end
        handed_over.callback(os.close, output)
        process = subprocess.Popen(
            [sys.executable, isolation(role), *words],
            stdin=subprocess.DEVNULL,
            stdout=None if role == "desk" else output,
            stderr=output,
            pass_fds=passed,
            cwd="/",
            env=child_environment(role, os.environ, home=None if user is None else user.home),
            user=None if user is None else user.uid,
            group=None if user is None else user.gid,
            extra_groups=None if user is None else user.groups,
            # No terminal to type on; and Ctrl-C reaches the launcher alone, which ends the others in order.
            start_new_session=True,
        )
        undone.callback(process.wait)
        undone.callback(process.kill)
        child = Child(role, visit, process, os.pidfd_open(process.pid), log)
        undone.pop_all()
    return child


def reason(error: OSError) -> str:
    """What the system says of it, without the path."""
    return error.strerror or type(error).__name__


def say(sentence: str) -> None:
    """Tell whoever started the kiosk."""
    sys.stderr.write(f"kiosk launcher: {sentence}\n")


def _open_log(logs: Path, role: str) -> int:
    """The role's log file, or what the launcher itself writes to where there can be none."""
    try:
        return open_log_file(logs, role)
    except OSError as error:
        say(f"No log of {role} in {logs} ({reason(error)}); what it says follows here.")
        return os.dup(sys.stderr.fileno())
