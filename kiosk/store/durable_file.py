"""Replaces a small file so that after any crash either the old or the new one stands, whole. Knows no content."""

import os
from pathlib import Path

OWNER_ONLY = 0o600
_READ_BY_OTHERS = 0o044


def replace_durably(path: Path, content: bytes) -> None:
    """Write content to a new file beside `path`, flush it to the disk and move it into place; raise `OSError`.

    The new file has a fixed name, so what a kill leaves behind is overwritten by the next call. It may be read by whom
    the old one could, and root leaves it to the old one's owner.
    """
    new = path.with_name(f".{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, OWNER_ONLY)
    try:
        with os.fdopen(descriptor, "wb") as file:
            _take_after(path, descriptor)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
    flush_folder(path.parent)


def _take_after(old: Path, descriptor: int) -> None:
    """Readers and, for root, the owner of the file that is replaced; never more than reading for others."""
    if os.name != "posix":
        return
    try:
        status = old.stat()
    except FileNotFoundError:
        return
    if os.geteuid() == 0:
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, OWNER_ONLY | status.st_mode & _READ_BY_OTHERS)


def flush_folder(folder: Path) -> None:
    """Make a new name in a folder durable, where the system can open folders."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
