"""What the launcher lets its children know of its environment: a list of what they need, and nothing else.

No proxy (the courier connects straight to the bank), no other certificates, no path to credentials, no preloaded
library. Standard library only.
"""

import fnmatch
from collections.abc import Mapping

_FOR_ALL = ("PATH", "HOME", "TMPDIR", "LANG", "LANGUAGE", "LC_*", "TZ", "OPENBLAS_*", "OMP_*")
_FOR_DESK = (
    *("DISPLAY", "XAUTHORITY", "WAYLAND_*", "XDG_*", "DBUS_SESSION_BUS_ADDRESS"),
    *("QT_*", "XCURSOR_*", "XKB_*", "FONTCONFIG_*", "LIBGL_*", "MESA_*", "CUPS_SERVER", "USER"),
)
"""What reaches the display and the printer."""
_SET_FOR_ALL = {"ORT_DISABLE_TELEMETRY": "1"}
"""ONNX Runtime after 1.28 otherwise opens a database of what it would send as soon as it is imported."""

_FORGETS = {
    # Python's own arenas hand nothing back, and what was freed stays readable in them.
    "PYTHONMALLOC": "malloc",
    # Every block is overwritten as it is freed, all of them: those of the thread caches are not otherwise.
    "GLIBC_TUNABLES": "glibc.malloc.perturb=165:glibc.malloc.tcache_count=0",
}
"""Desk lives on after a visit, so what it has freed must not be read in its memory
(docs/decisions/0014-what-desk-forgets.md)."""


def child_environment(role: str, environment: Mapping[str, str], home: str | None = None) -> dict[str, str]:
    """The environment of a child of this role; `home` is another user's, if it runs as one."""
    allowed = (*_FOR_ALL, *_FOR_DESK) if role == "desk" else _FOR_ALL
    kept = {
        name: value
        for name, value in environment.items()
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in allowed)
    }
    if home is not None:
        kept.pop("USER", None)
        kept["HOME"] = home
    return kept | _SET_FOR_ALL | (_FORGETS if role == "desk" else {})


def isolation(role: str) -> str:
    """Python's option: no module from the working directory or the owner's home, no variable but those set above."""
    return "-sP" if role == "desk" else "-I"
