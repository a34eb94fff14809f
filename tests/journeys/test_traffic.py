"""What the processes do on the network during a whole visit, as the operating system saw it."""

import os
import re
import shutil
import subprocess
import sys
from collections import Counter

import pytest

from kiosk.admin.specimen import demo_portrait
from kiosk.vision.photograph import save_png

_ADDRESS = re.compile(
    r"sa_family=AF_INET6?, sin6?_port=htons\((\d+)\).*?(?:inet_addr\(\"([^\"]+)\"\)|inet_pton\(AF_INET6, \"([^\"]+)\")"
)
STRACE = ("strace", "-f", "--seccomp-bpf", "-e", "trace=socket,connect,sendto,sendmsg,sendmmsg")
_OTHER_FAMILIES = re.compile(r"socket\((AF_NETLINK|AF_PACKET|AF_VSOCK)")


def calls_in(trace: str, *names: str) -> list[str]:
    return [line for line in trace.splitlines() if any(f" {name}(" in line for name in names)]


def test_no_process_talks_to_anyone_but_the_bank(tmp_path):
    if sys.platform != "linux" or shutil.which("strace") is None:
        pytest.skip("strace is needed to see what the operating system saw")
    trace_file, out = tmp_path / "trace", tmp_path / "out"
    demo = [sys.executable, "-m", "kiosk", "demo", "--headless", "--no-pictures", "--account-class", "II"]
    done = subprocess.run(
        [*STRACE, "-o", str(trace_file), *demo, "--out", str(out), "--timeout", "170"],
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    trace = trace_file.read_text(errors="replace")
    port = re.search(r"127\.0\.0\.1:(\d+)", done.stdout).group(1)
    reached = {match.group(2) or match.group(3): match.group(1) for match in _ADDRESS.finditer(trace)}
    assert reached == {"127.0.0.1": port}
    assert any("= 0" in line or "EINPROGRESS" in line for line in calls_in(trace, "connect") if "AF_INET" in line)
    # Whatever tried another kind of socket was refused by the filter.
    refused = [line for line in calls_in(trace, "socket") if _OTHER_FAMILIES.search(line)]
    assert all("EACCES" in line for line in refused)
    # And what was refused was each process's own proof, not a library that would talk if it could.
    asked = Counter(line.split()[0] for line in calls_in(trace, "socket") if "AF_INET" in line and "EACCES" in line)
    proved = Counter(line.split()[0] for line in refused if "AF_VSOCK" in line)
    assert asked == Counter({pid: 2 * times for pid, times in proved.items()})


def test_a_comparison_tries_no_socket_and_leaves_no_file_behind(tmp_path):
    if sys.platform != "linux" or shutil.which("strace") is None:
        pytest.skip("strace is needed to see what the operating system saw")
    home, portrait = tmp_path / "home", tmp_path / "portrait.png"
    home.mkdir()
    save_png(portrait, demo_portrait("astronaut"))
    verify = [sys.executable, "-m", "kiosk", "verify", str(portrait), str(portrait)]
    done = subprocess.run(
        [*STRACE, "-o", str(tmp_path / "trace"), *verify],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr
    assert "AF_" not in (tmp_path / "trace").read_text(errors="replace")
    left = {path.relative_to(home).parts[:2] for path in home.rglob("*") if path.is_file()}
    assert left <= {(".cache", "matplotlib"), (".config", "matplotlib"), (".cache", "fontconfig")}
