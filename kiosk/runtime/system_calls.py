"""What the operating system is asked for by number: seccomp filters, prctl, calls that Python does not offer.

Standard library and, once a filter is made, libseccomp. Decides nothing: what a process gives up is `confinement`.
"""

import ctypes
import errno
import os
from pathlib import Path
from typing import Any

from kiosk.errors import RuntimeKioskError

_INT = 0xFFFF_FFFF
"""The kernel looks at the lower half of an argument that is an int, so a filter must not look at the upper one."""


class ConfinementError(RuntimeKioskError):
    """The operating system does not confine this process as the design demands; the kiosk must not start."""


class Filter:
    """Calls to be refused, then put in force in all threads at once and for good."""

    def __init__(self) -> None:
        self._seccomp = seccomp()
        self._rules = self._seccomp.SyscallFilter(self._seccomp.ALLOW)
        self._rules.set_attr(self._seccomp.Attr.CTL_TSYNC, 1)

    def refuse(self, *calls: str | int, error: int = errno.EACCES) -> None:
        """Refuse these altogether."""
        for call in calls:
            self._rules.add_rule(self._seccomp.ERRNO(error), call)

    def refuse_value(self, call: str, argument: int, value: int, mask: int = _INT) -> None:
        """Refuse where an argument, looked at through the mask, is this value."""
        self._refuse_where(call, self._seccomp.Arg(argument, self._seccomp.MASKED_EQ, mask, value))

    def refuse_if(self, call: str, argument: int, compared: str, value: int) -> None:
        """Refuse where the whole argument is `NE` or `GT` than the value."""
        self._refuse_where(call, self._seccomp.Arg(argument, getattr(self._seccomp, compared), value))

    def load(self) -> None:
        self._rules.load()

    def _refuse_where(self, call: str, condition: Any) -> None:
        self._rules.add_rule(self._seccomp.ERRNO(errno.EACCES), call, condition)


def prctl(option: int, value: int) -> None:
    """Change a property of this process; raise `ConfinementError` where the system refuses."""
    if ctypes.CDLL(None, use_errno=True).prctl(option, int(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise ConfinementError(f"The system refused a protection (prctl {option}): {os.strerror(number)}.")


def call(name: str, *arguments: int | bytes | ctypes.c_void_p) -> None:
    """A system call that the standard library does not offer; raise `OSError`."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    number = seccomp().resolve_syscall(seccomp().Arch.NATIVE, name)
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    if libc.syscall(ctypes.c_long(number), *words) < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def status(name: str) -> str:
    """One line of what the kernel says of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(line.partition(":")[2].strip() for line in lines if line.startswith(f"{name}:"))


def seccomp() -> Any:
    """Imported late: the launcher uses this module with nothing but the standard library."""
    try:
        import pyseccomp
    except (ImportError, OSError, RuntimeError) as error:
        raise ConfinementError("libseccomp is missing; install the package libseccomp2.") from error
    return pyseccomp
