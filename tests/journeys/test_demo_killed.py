"""A demo that is killed takes everything it started along."""

import os
import signal
import subprocess
import sys
import tempfile

import psutil
import pytest

from kiosk.admin.demo_visit import _make_home


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP], ids=str)
def test_a_demo_that_is_killed_leaves_nothing_behind(tmp_path, monkeypatch, number):
    command = [sys.executable, "-m", "kiosk", "demo", "--headless", "--no-pictures", "--out", str(tmp_path)]
    homes = tmp_path / "homes"
    homes.mkdir()
    environment = os.environ | {"TMPDIR": str(homes)}
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        for line in demo.stdout:
            if line.rstrip().endswith("choosing language"):
                break
        family = psutil.Process(demo.pid).children(recursive=True)
        commands = " ".join(" ".join(process.cmdline()) for process in family)
        assert all(part in commands for part in ("launcher", "kiosk.app", "eyes_process", "courier", "receiver run"))
        demo.send_signal(number)
        assert psutil.wait_procs(family, timeout=20)[1] == []
        demo.wait()
        if number is signal.SIGKILL:  # nobody was left to tidy up; the next demo does
            monkeypatch.setattr(tempfile, "tempdir", str(homes))
            home, lock = _make_home()
            assert list(homes.iterdir()) == [home]
            lock.close()
        else:
            assert list(homes.iterdir()) == []
    finally:
        demo.kill()
        demo.wait()
        demo.stdout.close()
