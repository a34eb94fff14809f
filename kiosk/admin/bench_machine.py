"""What machine `kiosk bench` measured, and whether it was quiet meanwhile: figures of a busy one are not its own."""

import os
import platform
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil

BUSY_ABOVE = 0.1
"""Share of all cores that other programs may take before the run no longer counts as quiet."""
_IN_MEMORY = ("tmpfs", "ramfs")


@dataclass(frozen=True, slots=True)
class ProcessorTime:
    """Readings at one moment; only differences mean anything."""

    at_s: float
    everyone_s: float
    """Core seconds that were not idle, those another virtual machine took included."""
    ours_s: float
    """Core seconds of this process and of all children that have ended."""
    load: float
    """The system's load average over a minute."""

    @classmethod
    def read(cls) -> Self:
        times = psutil.cpu_times()
        spent = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        # Guests' time is in `user` already.
        everyone_s = times.user + times.nice + times.system + times.irq + times.softirq + times.steal
        ours_s = sum(usage.ru_utime + usage.ru_stime for usage in spent)
        return cls(time.monotonic(), everyone_s, ours_s, os.getloadavg()[0])


@dataclass(frozen=True, slots=True)
class Business:
    """How busy the machine was with other things."""

    cores: int
    load_before: float
    load_after: float
    others_share: float
    """Of all cores, over the whole run."""

    @property
    def quiet(self) -> bool:
        """Nothing much ran besides. The load averages cannot tell: our own work is in the second of them."""
        return self.others_share <= BUSY_ABOVE

    def sentence(self) -> str:
        """For below the table."""
        judged = "the machine was quiet" if self.quiet else "THE MACHINE WAS BUSY: do not quote these figures"
        return (
            f"{self.cores} cores, load average {self.load_before:.1f} before and {self.load_after:.1f} after, other"
            f" programs took {self.others_share:.0%} of the cores meanwhile: {judged}."
        )


def business(before: ProcessorTime, after: ProcessorTime, cores: int) -> Business:
    """What happened between two readings."""
    there_were_s = max(after.at_s - before.at_s, 1e-9) * cores
    others_s = (after.everyone_s - before.everyone_s) - (after.ours_s - before.ours_s)
    return Business(cores, before.load, after.load, min(max(others_s / there_were_s, 0.0), 1.0))


def cores() -> int:
    return psutil.cpu_count() or 1


def machine() -> str:
    """Processor, cores and memory in a few words."""
    model = platform.processor() or platform.machine()
    for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
        if line.startswith("model name"):
            model = line.split(":", 1)[1].strip()
            break
    memory_gib = psutil.virtual_memory().total / 2**30
    return f"{model}, {cores()} cores, {memory_gib:.0f} GiB, Python {platform.python_version()}"


def temporary_files_in_memory() -> bool:
    """Nothing is durable there, and nothing takes the time that durability takes."""
    folder = Path(tempfile.gettempdir()).resolve()
    holding = [disk for disk in psutil.disk_partitions(all=True) if folder.is_relative_to(disk.mountpoint)]
    return bool(holding) and max(holding, key=lambda disk: len(disk.mountpoint)).fstype in _IN_MEMORY
