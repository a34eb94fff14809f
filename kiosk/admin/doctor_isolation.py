"""Which isolation of this terminal's processes is in force, and what follows where it is not. Changes nothing.

What the kiosk refuses by itself (seccomp, hidden memory) it proves at every start; this looks at what the machine adds.
"""

import os
import resource
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kiosk.admin.firewall import TABLE
from kiosk.runtime.process_users import ProcessUserError, Users, demand_three, find_user, group_names

if TYPE_CHECKING:
    from kiosk.settings import UsersSettings

_PROC, _SYS = Path("/proc"), Path("/sys")
_ENTRIES = {
    "kiosk.app": "desk",
    "kiosk.runtime.eyes_process": "eyes",
    "kiosk.runtime.reader_process": "reader",
    "kiosk.runtime.courier_process": "courier",
}
_FILTERED = "2"
"""How /proc says that a process has a seccomp filter."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: what was looked at, what is wrong with it, or else whether it is only worth knowing."""

    what: str
    problem: str = ""
    is_remark: bool = False


def isolation(folder: Path, users: "UsersSettings") -> Iterator[Finding]:
    """Everything that can be seen from here."""
    yield from users_in_force(folder, users)
    yield from processes(folder)
    yield swap()
    yield locked_memory()
    yield ptrace_scope()
    yield core_pattern()


def users_in_force(folder: Path, named: "UsersSettings") -> Iterator[Finding]:
    """Users and, where there are some, the folder's owner and the firewall."""
    if not named.desk:
        yield Finding(
            "all processes are one system user: eyes, reader or courier, taken over, may read its files, and the"
            " courier may call any host; set [users] (docs/it-handbook.md, Users of their own)",
            is_remark=True,
        )
        return
    try:
        users = {
            part: find_user(name)
            for part, name in (("desk", named.desk), ("vision", named.vision), ("courier", named.courier))
        }
        demand_three(users)
    except ProcessUserError as error:
        yield Finding("users of the processes", str(error))
        return
    for part, user in users.items():
        yield Finding(f"{part} runs as user {user.uid}, in the groups {', '.join(group_names(user))}")
    yield _folder_closed(folder, users)
    yield firewall(users)


def _folder_closed(folder: Path, users: Users) -> Finding:
    what = f"{folder} is desk's alone"
    try:
        found = folder.stat()
    except OSError as error:
        return Finding(what, error.strerror or str(error))
    if found.st_uid != users["desk"].uid:
        return Finding(what, f"it belongs to user {found.st_uid}; chown -R it to {users['desk'].uid}")
    return Finding(what, "others may look into it; chmod 700 it" if found.st_mode & 0o077 else "")


def firewall(users: Users) -> Finding:
    """Only root may look at the rules."""
    what = "nftables lets the courier reach the bank alone"
    nft = shutil.which("nft", path="/usr/sbin:/sbin:/usr/bin")
    if nft is None:
        return Finding(what, "nft is not installed; install nftables and load what `kiosk doctor --nftables` draws")
    if os.geteuid() != 0:
        return Finding(f"{what}: only root can look; run `sudo kiosk doctor --folder …`", is_remark=True)
    listed = subprocess.run([nft, "-n", "list", "table", "inet", TABLE], capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        return Finding(what, "its table is not loaded; load what `kiosk doctor --nftables` draws")
    if f"skuid {users['courier'].uid} jump courier" not in listed.stdout:
        return Finding(what, "the rules are for another user; draw and load them anew")
    return Finding(what)


def processes(folder: Path, proc: Path = _PROC) -> Iterator[Finding]:
    """The kiosk that runs from this folder, process by process; nothing where none runs."""
    launcher = _running_launcher(folder)
    if launcher is None:
        yield Finding("no kiosk runs from this folder, so that its processes cannot be looked at", is_remark=True)
        return
    for pid, role in sorted(_children(launcher, proc), key=lambda child: child[1]):
        status = _status(proc / str(pid))
        uid = status.get("Uid", "?").split()[0]
        lacking = []
        if status.get("Seccomp") != _FILTERED:
            lacking.append("it has no seccomp filter")
        if status.get("NoNewPrivs") != "1":
            lacking.append("it could gain privileges by starting a program")
        if uid not in ("0", "?") and _owner(proc / str(pid) / "mem") == int(uid):
            lacking.append("its memory is open to other programs of its user")
        if int(status.get("CapEff", "0"), 16) and role == "courier" and uid != "0":
            lacking.append("it has capabilities")
        locked = "" if status.get("VmLck", "0 kB") == "0 kB" else ", its memory locked"
        yield Finding(f"{role} (process {pid}, user {uid}{locked}) is confined", "; ".join(lacking))


def swap(proc: Path = _PROC, sys: Path = _SYS) -> Finding:
    """What was in memory may be written there, and stays when the power goes."""
    try:
        lines = (proc / "swaps").read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        return Finding("swap: the system does not say", is_remark=True)
    areas = [Path(line.split()[0]) for line in lines if line.strip()]
    if not areas:
        return Finding("no swap area is in use")
    plain = [str(area) for area in areas if not _is_forgotten(area, sys)]
    cure = f"{', '.join(plain)} is not encrypted; turn it off (swapoff) or encrypt it with a key of each start"
    return Finding("swap is encrypted or in memory", cure if plain else "")


def locked_memory() -> Finding:
    """The limit of whoever asks, which is the kiosk's where both come from the same place."""
    what = "memory may be locked against being swapped out (RLIMIT_MEMLOCK)"
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        return Finding(what)
    return Finding(
        "memory is not locked with this user's limit; set LimitMEMLOCK=infinity in the kiosk's unit", is_remark=True
    )


def ptrace_scope(proc: Path = _PROC) -> Finding:
    """Every process of the kiosk refuses to be debugged by itself; this is a second lock."""
    path = proc / "sys" / "kernel" / "yama" / "ptrace_scope"
    try:
        scope = path.read_text(encoding="ascii").strip()
    except OSError:
        return Finding("this kernel has no ptrace_scope; each process refuses to be read by itself", is_remark=True)
    if scope == "0":
        return Finding("kernel.yama.ptrace_scope is 0; set it to 1 or more as a second lock", is_remark=True)
    return Finding(f"kernel.yama.ptrace_scope is {scope}")


def core_pattern(proc: Path = _PROC) -> Finding:
    """No process of the kiosk leaves a core dump; this says what the rest of the machine does."""
    try:
        pattern = (proc / "sys" / "kernel" / "core_pattern").read_text(encoding="utf-8").strip()
    except OSError:
        pattern = ""
    if pattern.startswith("|"):
        words = "core dumps of other programs are collected by a program; the kiosk's processes leave none"
        return Finding(words, is_remark=True)
    return Finding("the kiosk's processes leave no core dump")


def _is_forgotten(area: Path, sys: Path) -> bool:
    """zram is memory; a device of dm-crypt says so in its uuid."""
    name = area.resolve().name
    if name.startswith("zram"):
        return True
    try:
        return (sys / "class" / "block" / name / "dm" / "uuid").read_text(encoding="ascii").startswith("CRYPT-")
    except OSError:
        return False


def _running_launcher(folder: Path) -> int | None:
    """Who holds the folder, if anybody does."""
    import fcntl

    try:
        descriptor = os.open(folder / "running.lock", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            holder = file.read(20).strip()
            return int(holder) if holder.isdigit() else None
    return None


def _children(launcher: int, proc: Path) -> Iterator[tuple[int, str]]:
    for entry in proc.iterdir():
        if not entry.name.isdigit() or _status(entry).get("PPid") != str(launcher):
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        role = next((role for module, role in _ENTRIES.items() if module.encode() in words), None)
        if role is not None:
            yield int(entry.name), role


def _owner(path: Path) -> int | None:
    """Root, for a process that hides its memory."""
    try:
        return path.stat().st_uid
    except OSError:
        return None


def _status(entry: Path) -> dict[str, str]:
    try:
        lines = (entry / "status").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
