"""Looks for bytes in the memory of a process, as somebody with all rights on the machine could."""

from collections.abc import Iterable
from pathlib import Path


def found_in_memory(pid: int, needles: Iterable[bytes]) -> set[bytes]:
    """Which of these stand anywhere in what the process has mapped."""
    return found_in(memory_of(pid), needles)


def found_in(memory: Iterable[bytes], needles: Iterable[bytes]) -> set[bytes]:
    wanted, found = set(needles), set()
    for content in memory:
        found |= {needle for needle in wanted - found if needle in content}
    return found


def memory_of(pid: int) -> list[bytes]:
    """A copy of all that the process has mapped: quickly made, so that it need not stand still for long."""
    copies = []
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
            copies.append(content)
    return copies


def spellings(text: str) -> tuple[bytes, ...]:
    """A text as Python, Qt and the databases hold it."""
    return tuple(text.encode(encoding) for encoding in ("utf-8", "utf-16-le", "utf-32-le"))
