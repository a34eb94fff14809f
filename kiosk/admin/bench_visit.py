"""Figures of a whole headless visit for `kiosk bench`: preview, screen thread, memory, waiting."""

import argparse
import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any

import psutil

from kiosk.admin.demo_visit import DemoVisit
from kiosk.errors import RuntimeKioskError

_SAMPLE_EVERY_S = 0.5


def measure_visit() -> dict[str, Any]:
    """Run one visit of a genuine customer without pictures; a start before it warms the caches."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory(prefix="kiosk-bench-") as out:
        options = argparse.Namespace(
            out=Path(out), subject="genuine", capture=None, document=None, document_kind="td3", customer="agrees",
            teller="auto", language="en", account_class="II", size="1920x1080", keep=False, by_hand=False,
            no_pictures=True, timeout=180.0,
        )  # fmt: skip
        with DemoVisit(options) as visit:
            visit.make_folders()
            visit.start_receiver()
            visit.start_drain().wait(60)
            memory = _MemoryWatch()
            visit.follow(lambda _: None, on_start=memory.watch)
            summary = visit.summary()
    if not summary["ended_as_planned"]:
        raise RuntimeKioskError("The measured visit did not end as planned; try again on a machine with less to do.")
    return {**summary["figures"], "memory_mb": memory.most_mb}


class _MemoryWatch:
    """Proportional set size of the launcher and everything below it: shared pages count once."""

    def __init__(self) -> None:
        self.most_mb: float | None = None

    def watch(self, launcher: "subprocess.Popen[bytes]") -> None:
        threading.Thread(target=self._sample, args=(launcher,), daemon=True).start()

    def _sample(self, launcher: "subprocess.Popen[bytes]") -> None:
        stop = threading.Event()
        while launcher.poll() is None and not stop.wait(_SAMPLE_EVERY_S):
            try:
                family = [psutil.Process(launcher.pid)]
                family += family[0].children(recursive=True)
                total = sum(process.memory_full_info().pss for process in family)
            except psutil.Error:
                continue  # one of them has just ended
            self.most_mb = max(self.most_mb or 0.0, total / 1e6)
