"""Looks for bytes in the memory of a process, as somebody with all rights on the machine could."""

from collections.abc import Iterable
from pathlib import Path


def found_in_memory(pid: int, needles: Iterable[bytes]) -> set[bytes]:
    """Which of these stand anywhere in what the process has mapped."""
    wanted, found = set(needles), set()
    with Path(f"/proc/{pid}/mem").open("rb", 0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *rest = line.split()
            if not rights.startswith("r") or (len(rest) > 3 and rest[3] in ("[vvar]", "[vsyscall]")):
                continue
            start, end = (int(text, 16) for text in span.split("-"))
            try:
                memory.seek(start)
                content = memory.read(end - start)
            except OSError:
                continue  # a device's, or one that has just gone
            found |= {needle for needle in wanted - found if needle in content}
    return found


def spellings(text: str) -> tuple[bytes, ...]:
    """A text as Python, Qt and the databases hold it."""
    return tuple(text.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-32-le"))
