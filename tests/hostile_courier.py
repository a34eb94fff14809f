"""A courier that was taken over: confined as the real one, then it carries out whatever would hurt.

Run by the real launcher in the courier's place. On its pipe it is given, as JSON, what there is to steal, and answers
with what came of each attempt: `refused` with the system's word for it, or `got` with what it holds.
"""

import argparse
import ctypes
import errno
import json
import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kiosk.runtime.confinement import confine_courier
from kiosk.runtime.system_calls import call


def attempts(loot: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """Each by its name; what returns has succeeded."""
    found: dict[str, Callable[[], object]] = {}
    room = ctypes.create_string_buffer(64)
    for who in ("launcher", "desk", "eyes", "reader"):
        pid = loot["pids"][who]
        proc = Path("/proc") / str(pid)
        found |= {
            f"memory of {who}": lambda proc=proc: read(proc / "mem"),
            f"map of {who}": lambda proc=proc: read(proc / "maps"),
            f"environment of {who}": lambda proc=proc: read(proc / "environ"),
            f"descriptors of {who}": lambda proc=proc: [path.readlink() for path in (proc / "fd").iterdir()],
            f"descriptor 3 of {who}": lambda proc=proc: read(proc / "fd" / "3"),
            f"mapped frames of {who}": lambda proc=proc: [path.readlink() for path in (proc / "map_files").iterdir()],
            f"process_vm_readv of {who}": lambda pid=pid: call("process_vm_readv", pid, room, 0, room, 0, 0),
            f"ptrace of {who}": lambda pid=pid: call("ptrace", 16, pid, 0, 0),
            f"seize of {who}": lambda pid=pid: call("ptrace", 0x4206, pid, 0, 0),
            f"hold of {who}": lambda pid=pid: os.pidfd_open(pid),
            f"signal to {who}": lambda pid=pid: os.kill(pid, 0),
        }
    for name in loot["files"]:
        found[f"read {Path(name).name}"] = lambda name=name: read(Path(name))
        found[f"write {Path(name).name}"] = lambda name=name: os.open(name, os.O_WRONLY)
        found[f"remove {Path(name).name}"] = lambda name=name: Path(name).unlink()
        found[f"replace {Path(name).name}"] = lambda name=name: Path(name).rename(f"{name}.gone")
    found |= {
        "make a file": lambda: os.open(f"{loot['folder']}/left", os.O_CREAT | os.O_WRONLY, 0o600),
        "list the folder": lambda: list(Path(loot["folder"]).iterdir()),
        "fork": os.fork,
        "start a program": lambda: os.execv("/bin/true", ["true"]),
        "local socket": lambda: socket.socket(socket.AF_UNIX).connect(loot["local_socket"]),
        "loopback service": lambda: socket.create_connection(("127.0.0.1", loot["port"]), 5).close(),
        "be called": lambda: socket.socket().listen(),
        "be called at a port": lambda: socket.socket().bind(("127.0.0.1", 0)),
    }
    return found


def read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(1)


def outcome(attempt: Callable[[], object]) -> str:
    """One word each."""
    try:
        attempt()
    except OSError as error:
        return f"refused {errno.errorcode.get(error.errno or 0, '?')}"
    return "got"


def main() -> None:
    """Confined first, as the real one; what follows is the attacker's."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--launcher-pid", type=int, required=True)
    parser.add_argument("--pipe-fd", type=int, required=True)
    options = parser.parse_args()
    confine_courier(options.launcher_pid)
    pipe = socket.socket(fileno=options.pipe_fd)
    loot = json.loads(pipe.recv(65536))
    said = {name: outcome(attempt) for name, attempt in attempts(loot).items()}
    said["user"] = str(os.getuid())
    pipe.sendall(json.dumps(said).encode() + b"\n")
    pipe.recv(1)


if __name__ == "__main__":
    sys.exit(main())
