"""What a visit leaves behind, by planted markers: nowhere in clear on the disk, and not in any process's memory.

Desk, launcher, courier, store, line and receiver are real; eyes and reader are acted, so that a visit takes seconds
and names, document number, pictures and template are markers; the face is declined, so eyes only hold their own. The
long form is `python3 start.py test -m long tests/journeys/test_markers.py`.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from kiosk.admin.demo_visit import DemoVisit
from kiosk.admin.run import _launcher_command
from kiosk.runtime.confinement import end_with_parent
from tests.marked.markers import Markers, markers_of
from tests.memory_of import found_in, found_in_memory, memory_of, spellings

REPOSITORY = Path(__file__).resolve().parents[2]
SEED = "20261125"
PATIENCE_S = 60.0


class MarkedVisits(DemoVisit):
    """The demo's endless visits, of marked customers who decline the face and whom the teller confirms."""

    def __init__(self, out: Path) -> None:
        super().__init__(
            argparse.Namespace(
                out=out, subject="genuine", capture=None, document=None, document_kind="td3",
                customer="declines-face", teller="auto", language="en", account_class="II", size="1920x1080",
                keep=False, by_hand=False, no_pictures=True, timeout=1e9,
            )
        )  # fmt: skip

    def _start(self, desk_arguments: list[str], *, once: bool) -> "subprocess.Popen[bytes]":
        counters = {role: self._home / f"{role}.count" for role in ("eyes", "reader")}
        for counter in counters.values():
            counter.write_text("")
        acted = json.dumps({"seed": SEED, "counters": {role: str(path) for role, path in counters.items()}})
        command = _launcher_command(self.kiosk_folder, self.logs, ["--demo", *desk_arguments], (), once=once)
        words = command[command.index("--logs") :]
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.marked.launcher_of_actors", acted, *words],
            cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, preexec_fn=end_with_parent,
        )  # fmt: skip
        self._processes.append(process)
        return process

    @property
    def logs(self) -> Path:
        return self._home / "logs"

    def files(self) -> Iterator[Path]:
        """All that anything of this kiosk and its bank has written."""
        yield from (path for folder in (self._home, self._out) for path in folder.rglob("*") if path.is_file())
        yield from Path("/dev/shm").glob("*")


def reports(kiosk: "subprocess.Popen[bytes]") -> Iterator[dict[str, Any]]:
    assert kiosk.stdout is not None
    for line in kiosk.stdout:
        try:
            yield json.loads(line)
        except ValueError:
            continue


def run_visits(visits: MarkedVisits, count: int) -> tuple["subprocess.Popen[bytes]", int]:
    """Let so many visits come to their verdict; return the kiosk as the last one has just ended."""
    visits.make_folders()
    visits.start_receiver()
    kiosk = visits.start_endless()
    verdicts = 0
    for report in reports(kiosk):
        verdicts += "verdict" in report
        if report.get("phase") == "idle" and verdicts >= count:
            break
    return kiosk, verdicts


def needles(markers: list[Markers]) -> list[bytes]:
    texts = [spelled for visit in markers for text in visit.texts() for spelled in spellings(text)]
    return [*texts, *(pixels for visit in markers for pixels in visit.pixels())]


def found_in_files(visits: MarkedVisits, wanted: list[bytes]) -> set[bytes]:
    found: set[bytes] = set()
    for path in visits.files():
        try:
            content = path.read_bytes()
        except OSError:
            continue  # it has just gone
        found |= {needle for needle in wanted if needle in content}
    return found


def family(kiosk: "subprocess.Popen[bytes]") -> dict[str, psutil.Process]:
    """Launcher, desk and courier; the next visit's eyes and reader carry that visit's markers already."""
    launcher = psutil.Process(kiosk.pid)
    found = {"launcher": launcher}
    for child in launcher.children():
        try:
            words = " ".join(child.cmdline())
        except psutil.Error:
            continue  # of the visit that has just ended
        found |= {role: child for role, module in _MODULES.items() if module in words}
    return found


_MODULES = {"desk": "kiosk.app", "courier": "kiosk.runtime.courier_process"}


def look_at(visits_count: int, tmp_path: Path) -> None:
    with MarkedVisits(tmp_path) as visits:
        kiosk, verdicts = run_visits(visits, visits_count)
        assert verdicts >= visits_count
        past = [markers_of(SEED, number) for number in range(1, verdicts + 1)]
        wanted = needles(past)
        processes = family(kiosk)
        assert set(processes) == {"launcher", "desk", "courier"}
        await_next_visit(processes["desk"])
        processes["desk"].suspend()  # nothing of the next visit comes meanwhile
        try:
            copies = {role: memory_of(process.pid) for role, process in processes.items()}
        finally:
            processes["desk"].resume()  # before the launcher takes it for frozen
        in_memory = {role: found_in(copy, wanted) for role, copy in copies.items()}
        on_disk = found_in_files(visits, wanted)
        assert in_memory == {"launcher": set(), "desk": set(), "courier": set()}
        assert on_disk == set()
        assert len(visits.received()) >= verdicts - 1, "they did reach the bank"
        # The search itself finds what is there: the number of the bank's own message log, and this test's markers.
        assert found_in_memory(os.getpid(), wanted[:1]) == set(wanted[:1])
        kiosk.terminate()
        kiosk.wait(PATIENCE_S)
        assert found_in_files(visits, wanted) == set()


def await_next_visit(desk: psutil.Process) -> None:
    """A moment, in which the page of the last visit has gone and what it freed is freed."""
    assert desk.is_running()
    time.sleep(1.0)


def test_visits_leave_nothing_to_read_on_disk_or_in_memory(tmp_path, monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    look_at(3, tmp_path)


@pytest.mark.long
def test_five_hundred_visits_leave_nothing_to_read_on_disk_or_in_memory(tmp_path, monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    look_at(500, tmp_path)
