"""A kiosk under fire: one simulated visit after the other, while a random process is killed at a random instant."""

import argparse
import json
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import psutil

from kiosk.admin.demo_visit import DemoVisit
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.settings import VaultSettings
from kiosk.store.store import open_store

_MODULES = {
    "eyes": "kiosk.runtime.eyes_process",
    "reader": "kiosk.runtime.reader_process",
    "courier": "kiosk.runtime.courier_process",
    "desk": "kiosk.app",
}
VICTIMS = (*_MODULES, "receiver")
# Short pauses hit a start, long ones let visits come to their verdicts.
_SHORT_PAUSE_S, _LONG_PAUSE_S = (0.1, 3.0), (3.0, 15.0)
_SHARE_OF_SHORT = 0.6
_SETTLE_S = 60.0


@dataclass
class CrashReport:
    """What a run of kills did, and what it proved."""

    kills: Counter[str] = field(default_factory=Counter)
    committed: int = 0
    received: int = 0
    faults: list[str] = field(default_factory=list)


class CrashRun:
    """Context: everything is stopped and removed at its end."""

    def __init__(self, out: Path, seed: int) -> None:
        self._chance = random.Random(seed)  # noqa: S311 (repeatable on purpose; nothing is guarded by it)
        options = argparse.Namespace(
            out=out, subject="genuine", capture=None, document=None, document_kind="td3", customer="mixed",
            teller="auto", language="en", account_class="II", size="1920x1080", keep=False, by_hand=False,
            no_pictures=True, timeout=1e9,
        )  # fmt: skip
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
        self._visit = DemoVisit(options)
        self._announced: set[int] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        self._visit.__enter__()
        return self

    def __exit__(self, *details: object) -> None:
        self._visit.__exit__(*details)

    def run(self, kills: int, say: Callable[[str], None]) -> CrashReport:
        """Kill, let it settle, then compare what was committed with what arrived."""
        report = CrashReport()
        self._visit.make_folders()
        self._visit.start_receiver()
        kiosk = self._visit.start_endless()
        listener = threading.Thread(target=self._listen, args=(kiosk,), daemon=True)
        listener.start()
        while (done := sum(report.kills.values())) < kills and kiosk.poll() is None:
            pause_s = _SHORT_PAUSE_S if self._chance.random() < _SHARE_OF_SHORT else _LONG_PAUSE_S
            time.sleep(self._chance.uniform(*pause_s))
            victim = self._chance.choice(VICTIMS)
            if not self._kill(victim, kiosk):
                continue  # it is being started again just now
            report.kills[victim] += 1
            if (done + 1) % 10 == 0:
                say(f"{done + 1} kills, {len(self._announced)} verdicts committed")
        self._await_one_more_verdict(kiosk)
        self._end(kiosk, report)
        listener.join(10)
        self._drain(report)
        self._compare(report)
        return report

    def _await_one_more_verdict(self, kiosk: "subprocess.Popen[bytes]") -> None:
        """The kiosk must still be able to work after the last kill."""
        before, deadline = len(self._announced), time.monotonic() + 2 * _SETTLE_S
        while len(self._announced) == before and kiosk.poll() is None and time.monotonic() < deadline:
            time.sleep(0.2)

    def _listen(self, kiosk: "subprocess.Popen[bytes]") -> None:
        """Remember every sequence that desk announced as committed: none of these may be lost."""
        assert kiosk.stdout is not None
        for line in kiosk.stdout:
            try:
                report: dict[str, Any] = json.loads(line)
            except ValueError:
                continue  # half a line of a desk that was killed
            if "sequence" in report:
                with self._lock:
                    self._announced.add(int(report["sequence"]))

    def _kill(self, victim: str, kiosk: "subprocess.Popen[bytes]") -> bool:
        if victim == "receiver":
            self._visit.restart_receiver()
            return True
        for child in _children(kiosk.pid):
            if _MODULES[victim] in _command(child):
                child.send_signal(signal.SIGKILL)
                return True
        return False

    def _end(self, kiosk: "subprocess.Popen[bytes]", report: CrashReport) -> None:
        """An orderly end of the launcher must leave no process and no shared memory."""
        if (code := kiosk.poll()) is not None:
            report.faults.append(f"the launcher ended by itself with exit code {code}")
        family = _children(kiosk.pid)
        kiosk.terminate()
        try:
            kiosk.wait(_SETTLE_S)
        except subprocess.TimeoutExpired:
            report.faults.append("the launcher did not end when told to")
            kiosk.kill()
        orphans = psutil.wait_procs(family, timeout=5)[1]
        report.faults += [f"{_command(orphan)} outlived the launcher" for orphan in orphans]
        report.faults += [f"{left} was left behind" for left in Path("/dev/shm").glob("*kiosk*")]  # noqa: S108

    def _drain(self, report: CrashReport) -> None:
        """Start once more without customers: the next start must be clean and deliver what is left."""
        kiosk = self._visit.start_drain()
        try:
            code = kiosk.wait(_SETTLE_S * 2)
        except subprocess.TimeoutExpired:
            kiosk.kill()
            kiosk.wait()
            report.faults.append("the outbox was not emptied after the last start")
        else:
            if code != 0:
                report.faults.append(f"the last start ended with exit code {code}")

    def _compare(self, report: CrashReport) -> None:
        folder = self._visit.kiosk_folder
        with open_store(folder, unlock_vault(folder, VaultSettings("key_file", "vault.key"), None)) as store:
            committed = {message.sequence: message.jws for message in store.all_messages()}
            undelivered = store.undelivered_summary().count
        received = Counter(entry["sequence"] for entry in self._visit.received())
        report.committed, report.received = len(committed), len(received)
        lost = self._announced - committed.keys()
        report.faults += [f"committed verdict {sequence} is lost" for sequence in sorted(lost)]
        report.faults += [f"verdict {sequence} counted {n} times" for sequence, n in received.items() if n > 1]
        report.faults += [
            f"verdict {sequence} never arrived" for sequence in sorted(committed.keys() - received.keys())
        ]
        report.faults += [f"verdict {sequence} was never committed" for sequence in received.keys() - committed.keys()]
        if sorted(committed) != list(range(1, len(committed) + 1)):
            report.faults.append("the sequence has a gap")
        if not committed:
            report.faults.append("no verdict was committed, so nothing was proven; let it run longer")
        if undelivered:
            report.faults.append(f"{undelivered} messages are still in the outbox")


def _children(pid: int) -> list[psutil.Process]:
    try:
        return list(psutil.Process(pid).children(recursive=True))
    except psutil.NoSuchProcess:
        return []


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""
