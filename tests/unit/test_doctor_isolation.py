"""What `kiosk doctor` says of the machine's own locks, from the words of a made-up /proc and /sys."""

import os
from pathlib import Path

import pytest

from kiosk.admin.doctor_isolation import core_pattern, processes, ptrace_scope, swap, users_in_force
from kiosk.settings import UsersSettings

HEAD = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"


def machine(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


def test_one_user_is_said_and_what_follows_from_it(tmp_path: Path) -> None:
    (finding,) = users_in_force(tmp_path, UsersSettings())
    assert finding.is_remark
    assert "may read its files, and the courier may call any host" in finding.what


def test_three_users_are_named_and_the_folder_must_be_desks_alone(tmp_path: Path) -> None:
    named = UsersSettings("5001:5001", "5002:5002", "5003:5003")
    tmp_path.chmod(0o755)
    found = list(users_in_force(tmp_path, named))
    assert [finding.problem for finding in found[:3]] == ["", "", ""]
    assert "courier runs as user 5003, in the groups 5003" in [finding.what for finding in found]
    assert f"belongs to user {os.getuid()}; chown" in found[3].problem
    own = UsersSettings(f"{os.getuid() or 1}:5001", "5002:5002", "5003:5003")
    if os.getuid() != 0:  # root is no user of a process
        assert list(users_in_force(tmp_path, own))[3].problem == "others may look into it; chmod 700 it"
    assert "nftables" in found[4].what


def test_users_that_cannot_be_are_a_fault(tmp_path: Path) -> None:
    (finding,) = users_in_force(tmp_path, UsersSettings("5001:5001", "5001:5002", "5003:5003"))
    assert "three different users" in finding.problem


@pytest.mark.parametrize(
    ("area", "uuid", "is_wrong"),
    [
        ("/dev/sda2 partition 4 0 -2\n", "", True),
        ("/swapfile file 4 0 -2\n", "", True),
        ("/dev/zram0 partition 4 0 100\n", "", False),
        ("/dev/dm-1 partition 4 0 -2\n", "CRYPT-PLAIN-swap", False),
        ("/dev/dm-1 partition 4 0 -2\n", "LVM-abc", True),
        ("", "", False),
    ],
)
def test_a_swap_area_in_clear_is_a_fault(tmp_path: Path, area: str, uuid: str, is_wrong: bool) -> None:
    proc = machine(tmp_path / "proc", swaps=HEAD + area)
    sys = machine(tmp_path / "sys", **{"class__block__dm-1__dm__uuid": uuid})
    assert ("not encrypted" in swap(proc, sys).problem) is is_wrong


def test_the_locks_of_the_kernel_are_read_and_a_missing_one_is_a_remark(tmp_path: Path) -> None:
    proc = machine(tmp_path, sys__kernel__core_pattern="|/usr/lib/systemd/systemd-coredump %P\n")
    assert ptrace_scope(proc).is_remark
    assert core_pattern(proc).is_remark
    machine(tmp_path, sys__kernel__yama__ptrace_scope="1\n", sys__kernel__core_pattern="core\n")
    assert ptrace_scope(proc).what == "kernel.yama.ptrace_scope is 1"
    assert not ptrace_scope(proc).is_remark
    assert not core_pattern(proc).is_remark
    machine(tmp_path, sys__kernel__yama__ptrace_scope="0\n")
    assert "set it to 1" in ptrace_scope(proc).what


def test_without_a_running_kiosk_no_process_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "running.lock").write_text(str(os.getpid()))
    (finding,) = processes(tmp_path)
    assert finding.is_remark
    assert "no kiosk runs" in finding.what


def test_a_running_kiosks_processes_are_looked_at_one_by_one(tmp_path: Path) -> None:
    import fcntl

    lock = tmp_path / "running.lock"
    lock.write_text("77")
    uid = os.getuid() or 5003
    status = "Name:\tpython\nPPid:\t77\nVmLck:\t8 kB\nUid:\tUID\nCapEff:\t0\nNoNewPrivs:\t{0}\nSeccomp:\t{1}\n"
    status = status.replace("UID", str(uid))
    proc = machine(
        tmp_path / "proc",
        **{
            "9__mem": "",
            "8__status": status.format(1, 2),
            "8__cmdline": "python\0-I\0-m\0kiosk.runtime.courier_process\0",
            "9__status": status.format(0, 0),
            "9__cmdline": "python\0-I\0-m\0kiosk.runtime.eyes_process\0",
            "10__status": status.format(0, 0).replace("77", "1"),
            "10__cmdline": "python\0-I\0-m\0kiosk.runtime.reader_process\0",
        },
    )
    os.chown(proc / "9" / "mem", uid, -1)
    with lock.open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        found = list(processes(tmp_path, proc))
    assert [(finding.what, finding.problem) for finding in found] == [
        (f"courier (process 8, user {uid}, its memory locked) is confined", ""),
        (
            f"eyes (process 9, user {uid}, its memory locked) is confined",
            "it has no seccomp filter; it could gain privileges by starting a program;"
            " its memory is open to other programs of its user",
        ),
    ]
