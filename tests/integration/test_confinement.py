"""Confinement is the operating system's: each process proves it, and a process that cannot does not run."""

import os
import socket
import subprocess
import sys

import pytest

HEAD = "import os, sys, socket\nfrom kiosk.runtime import confinement as c\n"


def run(body: str) -> str:
    done = subprocess.run([sys.executable, "-c", HEAD + body], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


TRY_SOCKETS = """
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK):
    try:
        socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        print(family.name, error.errno)
socket.socket(socket.AF_UNIX).close()
print("unix open")
"""


@pytest.mark.parametrize("confine", ["confine_desk", "confine_vision"])
def test_no_socket_that_could_reach_a_network_can_be_made(confine):
    out = run(f"c.{confine}(os.getppid())\n{TRY_SOCKETS}")
    families = ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK")
    assert out.splitlines()[:5] == [f"{name} 13" for name in families]
    assert "unix open" in out


def test_a_vision_process_connects_to_nobody_on_this_machine_either(tmp_path):
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "bus"))
    server.listen()
    body = f"""
c.confine_vision(os.getppid())
one, other = socket.socketpair()
one.send(b"x")
print(other.recv(1))
try:
    socket.socket(socket.AF_UNIX).connect({str(tmp_path / "bus")!r})
except OSError as error:
    print("connect", error.errno)
try:
    os.kill(os.getppid(), 0)
except OSError as error:
    print("kill", error.errno)
"""
    assert run(body).splitlines() == ["b'x'", "connect 13", "kill 13"]
    server.close()


def test_a_vision_process_starts_no_program_and_reads_no_other_process():
    body = """
c.confine_vision(os.getppid())
import subprocess
try:
    subprocess.run(["true"])
except OSError as error:
    print("exec", error.errno)
try:
    open(f"/proc/{os.getppid()}/mem", "rb").read(1)
except OSError as error:
    print("mem refused")
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
print("ptrace", libc.ptrace(16, os.getppid(), 0, 0), ctypes.get_errno())
print("vm", libc.process_vm_readv(os.getppid(), None, 0, None, 0, 0), ctypes.get_errno())
"""
    out = run(body)
    assert "exec 13" in out
    assert "ptrace -1 13" in out
    assert "vm -1 13" in out


def test_once_warm_no_thread_changes_a_file(tmp_path):
    body = f"""
import threading
c.confine_vision(os.getppid())
go = threading.Event()
def late():
    go.wait()
    for act in (lambda: open({str(tmp_path / "a")!r}, "w"), lambda: os.mkdir({str(tmp_path / "d")!r}),
                lambda: os.unlink({str(tmp_path / "old")!r}), lambda: os.rename({str(tmp_path / "old")!r}, "x")):
        try:
            act()
            print("allowed")
        except OSError as error:
            print(error.errno)
thread = threading.Thread(target=late)
thread.start()
c.forbid_changes_to_files()
go.set()
thread.join()
print(open({str(tmp_path / "old")!r}).read())
"""
    (tmp_path / "old").write_text("still here")
    assert run(body).split() == ["13", "13", "13", "13", "still", "here"]


def test_the_courier_talks_but_starts_no_program():
    body = """
c.confine_courier(os.getppid())
socket.socket(socket.AF_INET).close()
try:
    os.execv("/bin/true", ["true"])
except OSError as error:
    print(error.errno)
"""
    assert run(body).split() == ["13"]


def test_a_process_without_the_filter_does_not_pass_its_own_proof():
    out = run("try:\n    c.prove_network_closed()\nexcept c.ConfinementError as error:\n    print(error)\n")
    assert "does not start" in out


def test_core_dumps_are_off_and_the_process_is_not_dumpable():
    body = """
c.confine_desk(os.getppid())
import resource, ctypes
print(resource.getrlimit(resource.RLIMIT_CORE), ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))
"""
    assert run(body).strip() == "(0, 0) 0"


def test_a_child_whose_launcher_has_gone_does_not_run():
    done = subprocess.run(
        [sys.executable, "-c", HEAD + "c.confine_vision(1 if os.getppid() != 1 else 2)"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=dict(os.environ),
    )
    assert done.returncode != 0
    assert "launcher has gone" in done.stderr
