"""What a process gives up for good before it does its work: the network, other programs, other processes' memory.

Linux: seccomp filters, loaded before any thread or vision library. Closed by the operating system, not by good
manners, and proven at every start; a process that cannot prove it does not run. Other systems are refused until
their confinement is built and tested there.
"""

import contextlib
import ctypes
import errno
import os
import resource
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from kiosk.errors import RuntimeKioskError

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_CAP_IPC_LOCK = 14

_OTHER_PROGRAMS = ("execve", "execveat", "ptrace", "process_vm_readv", "process_vm_writev")
_CHANGES_TO_FILES = (
    "creat",
    "truncate",
    "unlink",
    "unlinkat",
    "rename",
    "renameat",
    "renameat2",
    "mkdir",
    "mkdirat",
    "rmdir",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "mknod",
    "mknodat",
    "chmod",
    "fchmodat",
    "chown",
    "fchownat",
)


class ConfinementError(RuntimeKioskError):
    """The operating system does not confine this process as the design demands; the kiosk must not start."""


def confine_launcher() -> None:
    """No core dump, not readable by others; it opens no pixel and no key."""
    _refuse_other_systems()
    _hide_memory()


def end_with_parent() -> None:
    """Be told to end when the program that started this one dies; for `preexec_fn`, so it stays over an exec."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def confine_desk(launcher_pid: int) -> None:
    """No network; ends with the launcher."""
    _begin(launcher_pid)
    _close_network()
    prove_network_closed()


def confine_vision(launcher_pid: int) -> None:
    """No network, no other program, no other process; ends with the launcher. Call before importing anything."""
    _begin(launcher_pid)
    _close_network()
    # A session bus would start programs for whoever connects to it; the pipes it was given are all it needs.
    _refuse((*_OTHER_PROGRAMS, "connect", "kill", "tkill"))
    _refuse_signals_to_others()
    prove_network_closed()


def confine_courier(launcher_pid: int) -> None:
    """It talks, so its socket stays; nothing else does."""
    _begin(launcher_pid)
    _refuse((*_OTHER_PROGRAMS, "io_uring_setup"))


def forbid_changes_to_files() -> None:
    """Once warm: no file is opened for writing, created, renamed or removed, in any thread."""
    seccomp = _seccomp()
    rules = _new_filter()
    for name, flags_at in (("open", 1), ("openat", 2)):
        for mode in (os.O_WRONLY, os.O_RDWR):
            rules.add_rule(_errno(errno.EACCES), name, seccomp.Arg(flags_at, seccomp.MASKED_EQ, os.O_ACCMODE, mode))
        rules.add_rule(_errno(errno.EACCES), name, seccomp.Arg(flags_at, seccomp.MASKED_EQ, os.O_CREAT, os.O_CREAT))
    rules.add_rule(_errno(errno.ENOSYS), "openat2")  # its flags lie in memory, which a filter cannot read
    for name in _CHANGES_TO_FILES:
        rules.add_rule(_errno(errno.EACCES), name)
    rules.load()
    _prove_refused("/proc/self/comm")


def prove_network_closed() -> None:
    """Ask for sockets of every kind that could reach a network; each must be refused with EACCES."""
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK):
        try:
            socket.socket(family, socket.SOCK_DGRAM).close()
        except PermissionError as error:
            if error.errno == errno.EACCES:
                continue
            raise ConfinementError(
                f"The network is refused with {error.errno} instead of EACCES, so the filter is not in force."
            ) from error
        except OSError as error:
            raise ConfinementError(f"The network filter is not in force: {error.strerror}.") from error
        raise ConfinementError("This process could open a network socket, so the kiosk does not start.")


@contextlib.contextmanager
def readable_by_itself() -> Iterator[None]:
    """For the moment in which a process must open its own `/proc/self/fd` (a TLS key in memory)."""
    _prctl(_PR_SET_DUMPABLE, 1)
    try:
        yield
    finally:
        _prctl(_PR_SET_DUMPABLE, 0)


def _begin(launcher_pid: int) -> None:
    _refuse_other_systems()
    _hide_memory()
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if launcher_pid and os.getppid() != launcher_pid:  # it died before the line above
        raise ConfinementError("The launcher has gone; start the kiosk again.")


def _refuse_other_systems() -> None:
    if sys.platform != "linux":
        raise ConfinementError("The kiosk confines its processes on Linux only so far; it does not run unconfined.")


def _hide_memory() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _prctl(_PR_SET_DUMPABLE, 0)
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if _may_lock_memory():
        ctypes.CDLL(None).mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)


def _may_lock_memory() -> bool:
    """With a limit, locking future pages would make later allocations fail: lock only where there is none."""
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        return True
    status = Path("/proc/self/status").read_text(encoding="ascii")
    effective = next(line for line in status.splitlines() if line.startswith("CapEff:"))
    return bool(int(effective.split()[1], 16) >> _CAP_IPC_LOCK & 1)


def _close_network() -> None:
    seccomp = _seccomp()
    rules = _new_filter()
    for name in ("socket", "socketpair"):
        rules.add_rule(_errno(errno.EACCES), name, seccomp.Arg(0, seccomp.NE, socket.AF_UNIX))
    rules.add_rule(_errno(errno.EACCES), "io_uring_setup")
    rules.load()


def _refuse(names: tuple[str, ...]) -> None:
    rules = _new_filter()
    for name in names:
        rules.add_rule(_errno(errno.EACCES), name)
    rules.load()


def _refuse_signals_to_others() -> None:
    """Threads of its own may be signalled (a library's abort does that), other processes not."""
    seccomp = _seccomp()
    rules = _new_filter()
    for name in ("tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
        rules.add_rule(_errno(errno.EACCES), name, seccomp.Arg(0, seccomp.NE, os.getpid()))
    rules.load()


def _prove_refused(path: str) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY))
    except PermissionError:
        return
    raise ConfinementError("This process could still open a file for writing, so the kiosk does not start.")


def _seccomp() -> Any:
    """Imported late: the launcher uses this module with nothing but the standard library."""
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as error:
        raise ConfinementError("libseccomp is missing; install the package libseccomp2.") from error
    return pyseccomp


def _new_filter() -> Any:
    seccomp = _seccomp()
    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    rules.set_attr(seccomp.Attr.CTL_TSYNC, 1)
    return rules


def _errno(number: int) -> int:
    return int(_seccomp().ERRNO(number))


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, int(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise ConfinementError(f"The system refused a protection (prctl {option}): {os.strerror(number)}.")
