"""What the processes do on the network during a whole visit, as the operating system saw it."""

import re
import shutil
import subprocess
import sys

import pytest

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
