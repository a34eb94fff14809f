"""A courier in whose place somebody else's code runs: what it cannot have, whoever its user is, and what it could.

The launcher, its users and the courier's confinement are the real ones. As root these run with separate users and a
real firewall in namespaces of their own; anybody else's run shows that without root there are none.
"""

import itertools
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.admin.certificates import make_receiver_folder
from kiosk.admin.doctor_isolation import users_in_force
from kiosk.admin.firewall import Destination, courier_rules
from kiosk.runtime.process_users import ProcessUserError, parse_users
from kiosk.settings import UsersSettings
from kiosk.upstream.delivery import AnswerError, MessageRefusedError, UnexpectedStatusError
from kiosk.upstream.https_upstream import HttpsUpstream
from kiosk.upstream.reference_ledger import load_receipt_key
from kiosk.upstream.reference_receiver import ReferenceReceiver
from kiosk.verification.verdict import message_hash, verify_receipt
from tests.bank import KIOSK_ID, signed_verdict
from tests.launched import TESTS, Launched, LentLine
from tests.other_users import COURIER, DESK, USERS, is_root, reachable

KEPT = ("vault.json", "kiosk.key", "settings.toml", "kiosk.db", "kiosk.db-wal", "applications.db", "kiosk.anchor")
REACHED_AS_ITS_USER = {f"read {name}" for name in KEPT} | {"list the folder"}
REACHED_WITHOUT_A_FIREWALL = {"loopback service"}


@dataclass
class Branch:
    """A folder worth stealing from, and services of this machine that are none of the courier's business."""

    folder: Path
    listener: socket.socket
    local: socket.socket
    pids: dict[str, int] = field(default_factory=dict)

    @property
    def loot(self) -> dict[str, Any]:
        return {
            "pids": self.pids,
            "folder": str(self.folder),
            "files": [str(self.folder / name) for name in KEPT],
            "local_socket": str(self.folder.parent / "service"),
            "port": self.listener.getsockname()[1],
        }


@pytest.fixture
def branch() -> Iterator[Branch]:
    """Below a folder that everybody may enter, which pytest's own are not."""
    outer = Path(tempfile.mkdtemp(prefix="branch-"))
    outer.chmod(0o711)
    folder = outer / "kiosk"
    folder.mkdir(0o700)
    for name in KEPT:
        (folder / name).write_text("precious")
        (folder / name).chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(socket.AF_UNIX) as local:
        local.bind(str(outer / "service"))
        local.listen()
        (outer / "service").chmod(0o777)
        yield Branch(folder, listener, local)
    shutil.rmtree(outer)


@contextmanager
def taken_over(branch: Branch, **launching: Any) -> Iterator[dict[str, str]]:
    """What came of each attempt of a hostile courier beside a desk, eyes and reader that hold something."""
    hostile = [str(TESTS / "hostile_courier.py")]
    with Launched(branch.folder, stubborn=True, courier=hostile, **launching) as launched:
        desk = launched.desk_comes_up()
        descriptors: dict[str, list[int]] = {}
        branch.pids = {"launcher": launched.process.pid, "desk": desk.desk_pid}
        desk.ask(do="start_visit", visit=1, cue_roles=[])
        for role in ("eyes", "reader"):
            branch.pids[role], descriptors[role] = adopt(desk)
            assert os.read(descriptors[role][0], 1) == b"!"  # its memory is filled
        desk.ask(do="start_courier")
        _, descriptors["courier"] = adopt(desk)
        with socket.socket(fileno=descriptors["courier"].pop(0)) as pipe:
            pipe.settimeout(30)
            pipe.sendall(json.dumps(branch.loot).encode())
            yield json.loads(pipe.makefile().readline())
        for descriptor in itertools.chain.from_iterable(descriptors.values()):
            os.close(descriptor)


def adopt(desk: LentLine) -> tuple[int, list[int]]:
    answer, descriptors = desk.hear()
    assert answer["event"] == "started", answer
    return answer["pid"], descriptors


def reached(said: dict[str, str]) -> set[str]:
    return {name for name, outcome in said.items() if outcome == "got"}


def test_as_the_same_user_it_reaches_files_and_hosts_and_nothing_else_and_doctor_says_so(branch: Branch) -> None:
    with taken_over(branch) as said:
        assert reached(said) == REACHED_AS_ITS_USER | REACHED_WITHOUT_A_FIREWALL
        assert len(said) > 70
        assert {name for name, outcome in said.items() if outcome.startswith("refused ?")} == set()
    assert {path.name for path in branch.folder.iterdir()} == {*KEPT, "logs"}
    assert {(branch.folder / name).read_text() for name in KEPT} == {"precious"}
    (finding,) = users_in_force(branch.folder, UsersSettings())
    assert "may read its files, and the courier may call any host" in finding.what


def test_as_a_user_of_its_own_it_reaches_no_file_either(branch: Branch) -> None:
    if not is_root():
        with pytest.raises(ProcessUserError, match="Only root"):
            parse_users([f"{part}={user}" for part, user in USERS.items()])
        return
    for path in (branch.folder, *branch.folder.iterdir()):
        os.chown(path, DESK, DESK)
    with taken_over(branch, users=USERS, before=reachable()) as said:
        assert said["user"] == str(COURIER)
        assert reached(said) == REACHED_WITHOUT_A_FIREWALL
        owners = {role: Path(f"/proc/{pid}/mem").stat().st_uid for role, pid in branch.pids.items()}
        status = {role: Path(f"/proc/{pid}/status").read_text() for role, pid in branch.pids.items()}
    assert owners == dict.fromkeys(branch.pids, 0), "none of them is dumpable, so that /proc gives them to root"
    users = {role: text.partition("Uid:\t")[2].split()[0] for role, text in status.items()}
    assert users == {"launcher": "0", "desk": "5001", "eyes": "5002", "reader": "5002"}
    assert all("CapEff:\t0000000000000000" in status[role] for role in ("desk", "eyes", "reader"))
    assert (branch.folder / "logs").stat().st_uid == DESK
    named = UsersSettings(*USERS.values())
    problems = [finding.problem for finding in users_in_force(branch.folder, named)]
    assert problems[:4] == [""] * 4
    assert problems[4].startswith("its table is not loaded") or problems[4].startswith("nft is not installed")


FENCED_IN = f"""
import json, os, socket, sys
from kiosk.runtime.confinement import confine_courier
sys.path.insert(0, {str(TESTS.parent)!r})
BANK, OTHER = "203.0.113.7", "203.0.113.9"
listeners = [socket.create_server((host, port)) for host in (BANK, OTHER, "127.0.0.1") for port in (8443, 631)]
named = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
named.bind((OTHER, 53))

def call(host, port):
    try:
        socket.create_connection((host, port), 5).close()
    except OSError:
        return "refused"
    return "reached"

def letter(host, port):
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as leaving:
            leaving.sendto(b"face", (host, port))
    except OSError:
        return "refused"
    return "left"

before = call(OTHER, 631)
os.setgroups([]); os.setgid({COURIER}); os.setuid({COURIER})
confine_courier(0)
print(json.dumps({{
    "anybody": before,
    "bank": call(BANK, 8443), "bank's other port": call(BANK, 631),
    "other host": call(OTHER, 8443), "loopback": call("127.0.0.1", 631), "loopback again": call("127.0.0.1", 8443),
    "letter": letter(OTHER, 53), "ipv6": call("::1", 8443),
}}))
"""
IN_A_NET_OF_ITS_OWN = """
set -e
ip link set lo up
ip addr add 203.0.113.7/32 dev lo
ip addr add 203.0.113.9/32 dev lo
nft -f "$1"; nft -f "$1"; shift
exec "$@"
"""


def test_behind_the_firewall_its_user_reaches_the_bank_and_nothing_else(tmp_path: Path) -> None:
    if not is_root():
        with pytest.raises(ProcessUserError, match="Only root"):
            parse_users([f"{part}={user}" for part, user in USERS.items()])
        return
    rules = tmp_path / "branch-kiosk.nft"
    users = parse_users([f"{part}={user}" for part, user in USERS.items()])
    rules.write_text(courier_rules(users, Destination((ip_address("203.0.113.7"),), 8443)))
    command = ["sh", "-c", IN_A_NET_OF_ITS_OWN, "sh", str(rules), sys.executable, "-c", FENCED_IN]
    done = subprocess.run(
        [*reachable("-n"), *command], capture_output=True, text=True, timeout=60, check=False, cwd=TESTS.parent
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "anybody": "reached",
        "bank": "reached",
        "bank's other port": "refused",
        "other host": "refused",
        "loopback": "refused",
        "loopback again": "refused",
        "letter": "refused",
        "ipv6": "refused",
    }


# --- what it can say: to the bank in desk's name, to desk in the bank's ---


def test_it_forges_no_verdict_and_sends_none_twice_in_effect(tmp_path: Path) -> None:
    """It has the line's own key, and every message that it was given; it has no signing key."""
    files = make_receiver_folder(tmp_path / "bank")
    key, its_own = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    said: list[str] = []
    receiver = ReferenceReceiver(files.folder, say=said.append)
    receiver.ledger.register(key.public_key(), KIOSK_ID)
    receiver.start()
    genuine = signed_verdict(key, 1)
    line = HttpsUpstream(receiver.url, files.ca.read_text(), files.client.read_text(), files.client_key.read_text())
    head, body, signature = genuine.split(".")
    forged = {
        "signed by itself": signed_verdict(its_own, 2),
        "another answer under the old signature": ".".join(
            (head, signed_verdict(key, 1, answer=False).split(".")[1], signature)
        ),
        "another signature": ".".join((head, body, signed_verdict(its_own, 1).split(".")[2])),
        "another kiosk": signed_verdict(its_own, 1, kiosk_id=bytes(16)),
        "noise": "A" * len(genuine),
    }
    try:
        first = line.deliver(1, genuine)
        for jws in forged.values():
            with pytest.raises(AnswerError) as refused:
                line.deliver(1, jws)
            assert isinstance(refused.value, UnexpectedStatusError | MessageRefusedError)
        again = {line.deliver(1, genuine) for _ in range(3)}
        received = receiver.ledger.received()
    finally:
        line.close()
        receiver.stop()
    assert again == {first}
    assert len(received) == 1
    assert len(said) == 1
    verify_receipt(first, load_receipt_key(files.receipt_key).public_key(), KIOSK_ID, 1, message_hash(genuine))
