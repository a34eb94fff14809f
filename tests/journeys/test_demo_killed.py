"""A demo that is killed takes everything it started along."""

import signal
import subprocess
import sys

import psutil


def test_a_demo_that_is_killed_leaves_no_process(tmp_path):
    command = [sys.executable, "-m", "kiosk", "demo", "--headless", "--no-pictures", "--out", str(tmp_path)]
    demo = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        for line in demo.stdout:
            if line.rstrip().endswith("choosing language"):
                break
        family = psutil.Process(demo.pid).children(recursive=True)
        commands = " ".join(" ".join(process.cmdline()) for process in family)
        assert all(part in commands for part in ("launcher", "kiosk.app", "eyes_process", "courier", "receiver run"))
        demo.send_signal(signal.SIGKILL)
        assert psutil.wait_procs(family, timeout=20)[1] == []
    finally:
        demo.kill()
        demo.wait()
        demo.stdout.close()
