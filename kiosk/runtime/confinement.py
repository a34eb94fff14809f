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
import struct
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from kiosk.runtime.system_calls import ConfinementError, Filter, call, prctl, status

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_MCL_CURRENT, _MCL_FUTURE, _MCL_ONFAULT = 1, 2, 4
_CAP_DAC_OVERRIDE, _CAP_IPC_LOCK = 1, 14
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_THREAD = 0x10000
_CLONE_SIGHAND_ALONE = 0x800
"""Flags with which no clone succeeds: signal handlers are shared with the memory or not at all."""
_FILTER_CURE = "Look at kernel and container: seccomp must be allowed."
_NO_FILE = "/dev/null/none"
"""What nobody could start or remove, and the system says so in other words than the filter."""
_NO_REQUEST = 0x7FFF
"""What ptrace knows nothing of."""

# What eyes, reader and courier are refused, by reason. Calls newer than Linux 6.5 go by number: not every libseccomp
# knows their names.
_PROGRAMS = ("execve", "execveat")
_HEIRS = ("fork", "vfork", "setsid")
"""And `clone` for anything but a thread: a process of its own would be unknown to the launcher and outlive it."""
_OTHER_PROCESSES = (
    *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp"),
    *("kill", "tkill", "pidfd_open", "pidfd_getfd", "pidfd_send_signal", "move_pages", "migrate_pages"),
    *("setpriority", "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity", "ioprio_set"),
)
_SIGNALS_WITHIN = ("tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo")
"""Its own threads may be signalled, a library's abort does that; other processes not."""
_KEPT_BY_THE_SYSTEM = (
    *("shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "semget", "semop", "semtimedop", "semctl"),
    *("mq_open", "mq_unlink", "add_key", "request_key", "keyctl"),
)
"""Memory, queues and keys that have a name and outlive the process that filled them."""
_DOORS = (
    *("unshare", "setns", "mount", "fsopen", "open_tree", "bpf", "perf_event_open", "userfaultfd"),
    *("io_uring_setup", "io_uring_enter", "io_uring_register"),
)
"""New surroundings, or ways round this very filter."""
_CALLED_FROM_OUTSIDE = ("bind", "listen", "accept", "accept4")
_TERMINAL_INPUT = (0x5412, 0x541C)
"""ioctl TIOCSTI and TIOCLINUX: type on the terminal as if a person had."""
_SIGNAL_OWNER_IOCTLS, _SIGNAL_OWNER_FCNTLS = (0x8901, 0x8902), (8, 10, 15)
"""FIOSETOWN, SIOCSPGRP; F_SETOWN, F_SETSIG, F_SETOWN_EX: have the kernel send a signal to somebody else."""
_CALLS_TO_COME = range(452, 512)
"""Linux numbers these alike on all machines; libraries must live without them, as they do on an older Linux."""

_CHANGES_TO_FILES = (
    *("creat", "truncate", "open_by_handle_at", "unlink", "unlinkat", "rename", "renameat", "renameat2"),
    *("mkdir", "mkdirat", "rmdir", "link", "linkat", "symlink", "symlinkat", "mknod", "mknodat"),
    *("chmod", "fchmod", "fchmodat", "chown", "fchown", "lchown", "fchownat"),
    *("utime", "utimes", "futimesat", "utimensat"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
)
_FILE_ATTRIBUTE_IOCTLS = (ord("f"), ord("v"), ord("X"))
"""Families of ioctls that write a file's flags, version or project through a descriptor that may only read."""


def confine_launcher() -> None:
    """No core dump, not readable by others; it opens no pixel and no key."""
    _refuse_other_systems()
    _hide_memory()


def end_with_parent() -> None:
    """Be told to end when the program that started this one dies; for `preexec_fn`, so it stays over an exec."""
    prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def confine_desk(launcher_pid: int) -> None:
    """No network; ends with the launcher."""
    _begin(launcher_pid)
    _close_network()
    prove_network_closed()


def confine_vision(launcher_pid: int) -> None:
    """No socket but the pipe it was given, no other program or process, nothing left behind; ends with the launcher.

    Call before importing anything.
    """
    _begin(launcher_pid)
    _keep_capabilities(_CAP_IPC_LOCK, _CAP_DAC_OVERRIDE)  # a camera or a recording may be another user's
    rules = Filter()
    _leave_alone(rules)
    # A session bus would start programs for whoever reaches it, and a letter box for logs would keep what it is sent.
    rules.refuse("socket", "socketpair", "connect")
    rules.refuse_value("prctl", 0, _PR_SET_DUMPABLE)
    rules.load()
    prove_network_closed()
    _demand_refused("process", _reaching_out(launcher_pid or os.getpid()))


def confine_courier(launcher_pid: int) -> None:
    """It talks, so it may connect over IP; nothing else: it is confined like eyes and writes no file from the start."""
    _begin(launcher_pid)
    _keep_capabilities(_CAP_IPC_LOCK)
    rules = Filter()
    _leave_alone(rules)
    for family in range(socket.AF_INET6):
        if family != socket.AF_INET:
            rules.refuse_value("socket", 0, family)
    rules.refuse_if("socket", 0, "GT", socket.AF_INET6)
    # asyncio wakes itself through a pair; one for datagrams could be turned to any local address.
    rules.refuse_if("socketpair", 0, "NE", socket.AF_UNIX)
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_RDM, socket.SOCK_SEQPACKET):
        rules.refuse_value("socketpair", 1, kind, mask=0xF)
    rules.load()
    forbid_changes_to_files()
    prove_courier_confined(launcher_pid or os.getpid())


def forbid_changes_to_files() -> None:
    """From here on no file is opened for writing, created, changed, renamed or removed, in any thread."""
    rules = Filter()
    for name, flags_at in (("open", 1), ("openat", 2)):
        for mode in (os.O_WRONLY, os.O_RDWR, os.O_ACCMODE):
            rules.refuse_value(name, flags_at, mode, mask=os.O_ACCMODE)
        for flag in (os.O_CREAT, os.O_TRUNC):  # a file is cut off by a descriptor that may only read, too
            rules.refuse_value(name, flags_at, flag, mask=flag)
    rules.refuse("openat2", error=errno.ENOSYS)  # its flags lie in memory, which a filter cannot read
    rules.refuse(*_CHANGES_TO_FILES)
    for family in _FILE_ATTRIBUTE_IOCTLS:
        rules.refuse_value("ioctl", 1, family << 8, mask=0xFF00)
    rules.load()
    _prove_refused(os.devnull)


def prove_courier_confined(other_pid: int) -> None:
    """Ask, harmlessly, for one thing of each kind that the courier must not do; each must be refused by the filter."""
    pair = socket.socketpair()
    _demand_refused(
        "courier",
        _reaching_out(other_pid)
        | {
            "make a local socket": lambda: socket.socket(socket.AF_UNIX).close(),
            "ask the routing table": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW).close(),
            "make raw packets": lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW).close(),
            "reach the host of this machine": lambda: socket.socket(socket.AF_VSOCK).close(),
            "take a name": lambda: pair[0].bind(""),
            "listen": lambda: pair[0].listen(),
            "open a file for writing": lambda: os.close(os.open(os.devnull, os.O_WRONLY)),
            "remove a file": lambda: Path(_NO_FILE).unlink(),
        },
    )
    for end in pair:
        end.close()


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
    prctl(_PR_SET_DUMPABLE, 1)
    try:
        yield
    finally:
        prctl(_PR_SET_DUMPABLE, 0)


def _begin(launcher_pid: int) -> None:
    _refuse_other_systems()
    _hide_memory()
    prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if launcher_pid and os.getppid() != launcher_pid:  # it died before the line above
        raise ConfinementError("The launcher has gone; start the kiosk again.")


def _refuse_other_systems() -> None:
    if sys.platform != "linux":
        raise ConfinementError("The kiosk confines its processes on Linux only so far; it does not run unconfined.")


def _hide_memory() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    prctl(_PR_SET_DUMPABLE, 0)
    prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if _may_lock_memory():
        ctypes.CDLL(None).mlockall(_MCL_CURRENT | _MCL_FUTURE | _MCL_ONFAULT)


def _may_lock_memory() -> bool:
    """With a limit, locking future pages would make later allocations fail: lock only where there is none."""
    if resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY:
        return True
    return bool(int(status("CapEff"), 16) >> _CAP_IPC_LOCK & 1)


def _keep_capabilities(*kept: int) -> None:
    """Give up every capability but these, for a process that root started: it may then do no more than its user."""
    low = sum(1 << capability for capability in kept if capability < 32)
    present = int(status("CapPrm"), 16)
    words = struct.pack("6I", present & low, present & low, 0, 0, 0, 0)
    call("capset", struct.pack("Ii", _CAPABILITY_VERSION_3, 0), words)


def _close_network() -> None:
    rules = Filter()
    for name in ("socket", "socketpair"):
        rules.refuse_if(name, 0, "NE", socket.AF_UNIX)
    rules.refuse("io_uring_setup")
    rules.load()


def _leave_alone(rules: Filter) -> None:
    """What holds for eyes, reader and courier alike: no program, no heir, no other process, nothing that stays."""
    rules.refuse(*_PROGRAMS, *_HEIRS, *_OTHER_PROCESSES, *_KEPT_BY_THE_SYSTEM, *_DOORS, *_CALLED_FROM_OUTSIDE)
    rules.refuse_value("clone", 0, 0, mask=_CLONE_THREAD)
    rules.refuse("clone3", error=errno.ENOSYS)  # its flags lie in memory; the C library then asks for `clone`
    rules.refuse(*_CALLS_TO_COME, error=errno.ENOSYS)
    for name in _SIGNALS_WITHIN:
        rules.refuse_if(name, 0, "NE", os.getpid())
    rules.refuse_if("prlimit64", 0, "NE", 0)
    rules.refuse_value("prctl", 0, _PR_SET_PDEATHSIG)
    for request in (*_TERMINAL_INPUT, *_SIGNAL_OWNER_IOCTLS):
        rules.refuse_value("ioctl", 1, request)
    for command in _SIGNAL_OWNER_FCNTLS:
        rules.refuse_value("fcntl", 1, command)


def _reaching_out(other_pid: int) -> dict[str, Callable[[], object]]:
    """To programs and processes. Where one is not refused, it fails in other words than the filter's or does nothing:
    a signal 0, no bytes of a process, a program of no name."""
    nothing = ctypes.c_void_p()
    return {
        "start a program": lambda: os.execv(_NO_FILE, ["none"]),  # noqa: S606 (nothing is started)
        "copy itself": lambda: call("clone", _CLONE_SIGHAND_ALONE, 0, 0, 0, 0),
        "debug a process": lambda: call("ptrace", _NO_REQUEST, other_pid, 0, 0),
        "read a process's memory": lambda: call("process_vm_readv", other_pid, nothing, 0, nothing, 0, 0),
        "write a process's memory": lambda: call("process_vm_writev", other_pid, nothing, 0, nothing, 0, 0),
        "take hold of a process": lambda: os.close(os.pidfd_open(other_pid)),
        "signal a process": lambda: os.kill(other_pid, 0),
        "enter other surroundings": lambda: call("unshare", 0),
    }


def _demand_refused(who: str, attempts: Mapping[str, Callable[[], object]]) -> None:
    for what, attempt in attempts.items():
        try:
            attempt()
        except OSError as error:
            if error.errno == errno.EACCES:
                continue
            fault = f"The filter of the {who} is not in force ({what}: {error.strerror})"
            raise ConfinementError(f"{fault}, so it does not start. {_FILTER_CURE}") from error
        raise ConfinementError(f"The {who} could {what}, so it does not start. {_FILTER_CURE}")


def _prove_refused(path: str) -> None:
    try:
        os.close(os.open(path, os.O_WRONLY))
    except PermissionError:
        return
    raise ConfinementError("This process could still open a file for writing, so the kiosk does not start.")
