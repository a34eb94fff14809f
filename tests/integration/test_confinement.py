"""Confinement is the operating system's: each process proves it, and a process that cannot does not run."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HEAD = "import os, sys, socket\nfrom kiosk.runtime import confinement as c\n"
CONFINED_AS = {
    "eyes and reader": "c.confine_vision(os.getppid())\nc.forbid_changes_to_files()\n",
    "courier": "c.confine_courier(os.getppid())\n",
}


def run(body: str) -> str:
    command = [sys.executable, "-c", HEAD + body]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("confine", ["confine_desk", "confine_vision"])
def test_no_socket_that_could_reach_a_network_can_be_made(confine):
    out = run(f"""
c.{confine}(os.getppid())
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET, socket.AF_VSOCK):
    try:
        socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        print(family.name, error.errno)
""")
    families = ("AF_INET", "AF_INET6", "AF_NETLINK", "AF_PACKET", "AF_VSOCK")
    assert out.splitlines() == [f"{name} 13" for name in families]


def test_desk_may_reach_the_display():
    assert run("c.confine_desk(os.getppid())\nsocket.socket(socket.AF_UNIX).close()\nprint('open')") == "open\n"


# --- what a taken-over eyes, reader or courier would try ---

PRELUDE = """
import ctypes, errno, fcntl, resource, struct, time, pyseccomp
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long

def call(name, *arguments):
    ctypes.set_errno(0)
    number = name if isinstance(name, int) else pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
    words = [ctypes.c_long(word) if isinstance(word, int) else word for word in arguments]
    if libc.syscall(ctypes.c_long(number), *words) < 0:
        raise OSError(ctypes.get_errno(), name)

inherited = open(KEPT)
pair = socket.socketpair()
room = ctypes.create_string_buffer(4096)
how = struct.pack("QQQ", os.O_WRONLY, 0, 0)
"""
# Where the filter fails, an attempt may harm nobody who runs the tests: nothing of these lasts.
ATTEMPTS = {
    "start a program": "os.execv('/bin/true', ['true'])",
    "start a program from memory": "call('execveat', os.memfd_create('x'), b'', None, None, 0x1000)",
    "fork": "os.fork()",
    "clone itself": "call('clone', 17, 0, 0, 0, 0)",
    "clone itself with the upper half of the flags set": "call('clone', 17 | 1 << 40, 0, 0, 0, 0)",
    "clone itself the new way": "call('clone3', room, 88)",
    "leave its session": "os.setsid()",
    "outlive the launcher": "call('prctl', 1, 0, 0, 0, 0)",
    "kill": "os.kill(OTHER, 9)",
    "kill a thread": "call('tkill', OTHER, 9)",
    "kill a thread of a process": "call('tgkill', OTHER, OTHER, 9)",
    "queue a signal": "call('rt_sigqueueinfo', OTHER, 9, room)",
    "take hold of a process": "os.pidfd_open(OTHER)",
    "signal through a hold": "call('pidfd_send_signal', pair[0].fileno(), 9, 0, 0)",
    "take a descriptor of another": "call('pidfd_getfd', pair[0].fileno(), 0, 0)",
    "have the kernel signal another": "fcntl.fcntl(pair[0], 8, OTHER)",
    "choose the signal": "fcntl.fcntl(pair[0], 10, 9)",
    "have the kernel signal a thread": "fcntl.fcntl(pair[0], 15, struct.pack('ii', 1, OTHER))",
    "have a socket signal another": "fcntl.ioctl(pair[0], 0x8901, struct.pack('i', OTHER))",
    "set another's limits": "resource.prlimit(OTHER, resource.RLIMIT_FSIZE, (1, 1))",
    "slow another down": "os.setpriority(os.PRIO_PROCESS, OTHER, 19)",
    "move another to one processor": "os.sched_setaffinity(OTHER, {0})",
    "debug": "call('ptrace', 16, OTHER, 0, 0)",
    "read another's memory": "call('process_vm_readv', OTHER, None, 0, None, 0, 0)",
    "write another's memory": "call('process_vm_writev', OTHER, None, 0, None, 0, 0)",
    "page out another's memory": "call('process_madvise', pair[0].fileno(), room, 1, 21, 0)",
    "make a local socket": "socket.socket(socket.AF_UNIX)",
    "make a local letter": "socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b'face', LETTER_BOX)",
    "turn a pair into a letter": "socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'face', LETTER_BOX)",
    "turn a raw pair": "socket.socketpair(socket.AF_UNIX, socket.SOCK_RAW)[0].sendto(b'face', LETTER_BOX)",
    "ask the routing table": "socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "be called": "pair[0].listen()",
    "be called by name": "pair[0].bind(FOLDER + '/name')",
    "take a call": "call('accept4', pair[0].fileno(), None, None, 0)",
    "keep memory with a number": "call('shmget', 0x6B696F73, 4096, 0)",
    "send a queued letter": "call('msgsnd', 0, room, 8, 0)",
    "keep a queue with a number": "call('msgget', 0x6B696F73, 0)",
    "keep a counter with a number": "call('semget', 0x6B696F73, 1, 0)",
    "keep a queue with a name": "call('mq_open', b'kiosk-left-behind', 0, 0, None)",
    "keep a key": "call('add_key', b'user', b'kiosk', None, 4, -4)",
    "type at the terminal": "fcntl.ioctl(pair[0], 0x5412, b'x')",
    "type at the console": "fcntl.ioctl(pair[0], 0x541C, b'x')",
    "write a file": "os.open(KEPT, os.O_WRONLY)",
    "write a file in a mode of no name": "os.open(KEPT, os.O_ACCMODE)",
    "write a file the new way": "call('openat2', -100, KEPT.encode(), how, 24)",
    "empty a file that it may only read": "os.open(KEPT, os.O_RDONLY | os.O_TRUNC)",
    "create a file": "os.open(FOLDER + '/new', os.O_RDONLY | os.O_CREAT)",
    "write its own memory": "os.open('/proc/self/mem', os.O_RDWR)",
    "hang a picture on a file": "os.setxattr(KEPT, 'user.face', b'face' * 500)",
    "hang a picture on an open file": "os.setxattr(inherited.fileno(), 'user.face', b'face' * 500)",
    "hang a picture on a file the newest way": "call(463, -100, KEPT.encode(), 0, b'user.face', room, 16)",
    "change a mode": "os.chmod(KEPT, 0o777)",
    "change the mode of an open file": "os.fchmod(inherited.fileno(), 0o777)",
    "change a mode the newest way": "call(452, -100, KEPT.encode(), 0o777, 0)",
    "change an owner": "os.fchown(inherited.fileno(), os.getuid(), os.getgid())",
    "date a file": "os.utime(KEPT, (1, 1))",
    "mark a file": "fcntl.ioctl(inherited, 0x40086602, struct.pack('l', 0x40))",
    "rename a file": "os.rename(KEPT, FOLDER + '/new')",
    "remove a file": "os.unlink(KEPT)",
    "make a folder": "os.mkdir(FOLDER + '/new')",
    "enter new surroundings": "call('unshare', 0x10000000 | 0x40000000)",
    "enter another's surroundings": "call('setns', inherited.fileno(), 0)",
    "mount": "call('mount', b'none', (FOLDER + '/missing').encode(), b'tmpfs', 0, None)",
    "ask the kernel without a call": "call('io_uring_setup', 1, room)",
    "load a program into the kernel": "call('bpf', 0, room, 120)",
    "watch what others do": "call('perf_event_open', room, 0, -1, -1, 0)",
    "handle page faults": "call('userfaultfd', 0)",
}


@pytest.fixture(scope="module")
def somebody_else() -> Iterator[int]:
    """A process that none of them may touch."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process.pid
        assert process.poll() is None, "it was ended"
        process.kill()


@pytest.mark.parametrize("role", CONFINED_AS)
@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_a_taken_over_process_is_refused_to(attempt: str, role: str, tmp_path: Path, somebody_else: int) -> None:
    kept = tmp_path / "kept"
    kept.write_text("precious")
    before = kept.stat()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as letter_box:
        letter_box.bind(str(tmp_path / "box"))
        names = f"OTHER, FOLDER, KEPT = {somebody_else}, {str(tmp_path)!r}, {str(kept)!r}\n"
        names += f"LETTER_BOX = {str(tmp_path / 'box')!r}\n"
        out = run(f"""
{names}{PRELUDE}
{CONFINED_AS[role]}
try:
    {ATTEMPTS[attempt]}
    print("done")
except OSError as error:
    print(errno.errorcode[error.errno])
""")
        assert out.split() in (["EACCES"], ["ENOSYS"])
        letter_box.setblocking(False)
        with pytest.raises(BlockingIOError):
            letter_box.recv(16)
    after = kept.stat()
    assert (kept.read_text(), os.listxattr(kept)) == ("precious", [])
    assert (after.st_mode, after.st_mtime_ns, after.st_ctime_ns) == (
        before.st_mode,
        before.st_mtime_ns,
        before.st_ctime_ns,
    )
    assert {path.name for path in tmp_path.iterdir()} == {"kept", "box"}


def test_a_vision_process_has_no_socket_but_the_one_it_was_given():
    body = """
given, other = socket.socketpair()
c.confine_vision(os.getppid())
given.send(b"x")
print(other.recv(1))
for attempt in (socket.socketpair, lambda: given.connect("/run/dbus/system_bus_socket")):
    try:
        attempt()
    except OSError as error:
        print(error.errno)
"""
    assert run(body).split() == ["b'x'", "13", "13"]


def test_a_vision_process_cannot_lay_its_memory_open():
    body = """
import ctypes
c.confine_vision(os.getppid())
libc = ctypes.CDLL(None, use_errno=True)
print(libc.prctl(4, 1, 0, 0, 0), ctypes.get_errno(), libc.prctl(3, 0, 0, 0, 0))
"""
    assert run(body).split() == ["-1", "13", "0"]


@pytest.mark.parametrize("role", CONFINED_AS)
def test_a_confined_process_still_has_threads_limits_and_a_way_to_abort(role):
    body = f"""
import resource, signal, threading
{CONFINED_AS[role]}
thread = threading.Thread(target=lambda: print("thread"))
thread.start()
thread.join()
print(resource.getrlimit(resource.RLIMIT_CORE)[0], os.isatty(0))
signal.signal(signal.SIGUSR1, lambda *_: print("signal"))
signal.raise_signal(signal.SIGUSR1)
"""
    assert run(body).split() == ["thread", "0", "False", "signal"]


def test_a_vision_process_reads_no_memory_of_another():
    body = """
c.confine_vision(os.getppid())
try:
    open(f"/proc/{os.getppid()}/mem", "rb").read(1)
except OSError as error:
    print("refused")
"""
    assert run(body) == "refused\n"


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


def test_the_courier_finds_a_host_by_its_name_and_connects():
    with socket.socket() as bank:
        bank.bind(("127.0.0.1", 0))
        bank.listen()
        body = f"""
import asyncio
c.confine_courier(os.getppid())
async def call():
    _, writer = await asyncio.open_connection("localhost", {bank.getsockname()[1]})
    writer.close()
    await writer.wait_closed()
asyncio.run(call())
print("connected")
"""
        assert run(body) == "connected\n"


def test_a_process_without_the_filter_does_not_pass_its_own_proof():
    out = run("try:\n    c.prove_network_closed()\nexcept c.ConfinementError as error:\n    print(error)\n")
    assert "does not start" in out


@pytest.mark.parametrize(
    ("hole", "said"),
    [
        ("ptrace", "debug a process"),
        ("process_vm_readv", "read a process's memory"),
        ("process_vm_writev", "write a process's memory"),
        ("pidfd_open", "take hold of a process"),
        ("kill", "signal a process"),
        ("execve", "start a program"),
        ("clone", "copy itself"),
        ("bind", "take a name"),
        ("listen", "listen"),
        ("unlink", "remove a file"),
        ("unshare", "enter other surroundings"),
        ("socket", "make a local socket"),
    ],
)
def test_a_courier_whose_filter_has_a_hole_does_not_pass_its_proof(hole: str, said: str) -> None:
    body = f"""
refuse, refuse_value, refuse_if = c.Filter.refuse, c.Filter.refuse_value, c.Filter.refuse_if
c.Filter.refuse = lambda self, *calls, **how: refuse(self, *(call for call in calls if call != {hole!r}), **how)
c.Filter.refuse_value = lambda self, call, *how, **more: call == {hole!r} or refuse_value(self, call, *how, **more)
c.Filter.refuse_if = lambda self, call, *how: call == {hole!r} or refuse_if(self, call, *how)
try:
    c.confine_courier(os.getppid())
except c.ConfinementError as error:
    print(error)
"""
    said_of_it = run(body)
    assert said in said_of_it
    assert "so it does not start" in said_of_it


@pytest.mark.parametrize("confine", ["confine_vision", "confine_courier"])
def test_what_root_started_may_read_no_process_that_hides_its_memory(confine: str) -> None:
    body = f"""
import subprocess
hiding = subprocess.Popen(
    [sys.executable, "-c", "from kiosk.runtime import confinement as c; c.confine_launcher(); print(1); input()"],
    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
)
hiding.stdout.readline()
c.{confine}(os.getppid())
for part in ("mem", "environ", "maps", "fd/0"):
    try:
        os.open(f"/proc/{{hiding.pid}}/{{part}}", os.O_RDONLY)
    except OSError as error:
        print(error.errno)
hiding.stdin.close()
"""
    assert run(body).split() == ["13"] * 4


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
