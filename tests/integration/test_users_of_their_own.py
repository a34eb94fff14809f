"""A kiosk whose processes are three system users, started by root as a unit starts it, and what doctor and log say.

Nobody else may start processes as other users: there the same kiosk runs as one, and that is said.
"""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kiosk.admin.certificates import Authority, issue_client
from kiosk.admin.doctor_isolation import processes
from kiosk.admin.store_access import opened_store
from kiosk.cli import main
from kiosk.privacy.consent import Purpose
from kiosk.privacy.notice import consent_to, notice
from kiosk.settings import SETTINGS_FILE, list_in_force
from kiosk.store.visit_records import SignedVerdict
from kiosk.upstream.reference_ledger import ReceiverFolder
from kiosk.verification.verdict import Verdict
from tests.kiosk_folders import PASSPHRASE, Papers
from tests.other_users import COURIER, DESK, USERS, VISION, is_root, reachable
from tests.terminal import REPOSITORY

PATIENCE_S = 60.0
PARTS = {
    "kiosk.app": DESK,
    "kiosk.runtime.eyes_process": VISION,
    "kiosk.runtime.reader_process": VISION,
    "kiosk.runtime.courier_process": COURIER,
}
ROLES = PARTS if is_root() else dict.fromkeys(PARTS, os.getuid())


def name_users(folder: Path) -> None:
    with (folder / SETTINGS_FILE).open("a") as settings:
        settings.write("\n[users]\n" + "".join(f'{part} = "{user}"\n' for part, user in USERS.items()))
    (folder / SETTINGS_FILE).chmod(0o644)


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Its folder, below one that everybody may enter. Its certificate ends soon, and a verdict is one too many."""
    papers = Papers(tmp_path_factory.mktemp("papers"))
    bank = ReceiverFolder(papers.folder / "bank")
    authority = x509.load_pem_x509_certificate(bank.ca.read_bytes())
    ca_key = load_pem_private_key(bank.ca_key.read_bytes(), None)
    assert isinstance(ca_key, ec.EllipticCurvePrivateKey)
    client = issue_client(Authority(authority, ca_key), valid_for=timedelta(days=12, hours=1))
    outer = Path(tempfile.mkdtemp(prefix="branch-"))
    outer.chmod(0o711)
    folder = papers.set_up(
        outer / "kiosk",
        client_certificate=papers.write("soon.pem", client.certificate_pem),
        client_key=papers.write("soon-key.pem", client.key_pem),
    )
    (outer / "passphrase").write_text(PASSPHRASE)
    (outer / "passphrase").chmod(0o600)
    with (folder / SETTINGS_FILE).open("a") as settings:
        settings.write("\n[delivery]\nwarn_count = 1\nrefuse_count = 1\n")
    with opened_store(folder, outer / "passphrase") as (loaded, _, store):
        asked = notice(list_in_force(loaded), "en")
        store.record_consent("ab" * 16, consent_to(asked, frozenset({Purpose.APPLICATION}), datetime.now(UTC)))
        store.commit_verdict(
            "ab" * 16,
            build=lambda sequence, _: SignedVerdict(f"message {sequence}"),
            verdict=Verdict(bytes(32), False, int(time.time())),
            actor="machine",
            detail="accepted by the policy",
        )
    if is_root():
        name_users(folder)
        for path in (folder, *folder.rglob("*")):
            if path.name != SETTINGS_FILE:
                os.chown(path, DESK, DESK)
    yield folder
    shutil.rmtree(outer)


def command(folder: Path, *more: str) -> list[str]:
    words = ["run", "--folder", str(folder), "--passphrase-file", str(folder.parent / "passphrase"), *more]
    return [*(reachable() if is_root() else []), sys.executable, "-m", "kiosk", *words]


def run(folder: Path, *more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command(folder, *more), cwd=REPOSITORY, capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )


def test_each_process_runs_as_its_user_is_found_confined_and_it_is_told_what_is_wrong(kiosk: Path) -> None:
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
    log = kiosk / "logs" / "desk.log"
    with subprocess.Popen(command(kiosk), cwd=REPOSITORY, env=environment, stdout=subprocess.DEVNULL) as started:
        try:
            seen: dict[str, set[int]] = {}
            until = time.monotonic() + PATIENCE_S
            while set(seen) != set(ROLES) or "no new visit begins" not in log.read_text():
                assert started.poll() is None
                assert time.monotonic() < until, seen
                for process in psutil.Process(started.pid).children():
                    look_at(process, seen)
            assert psutil.Process(started.pid).uids().real == os.getuid(), "the launcher"
            found = list(processes(kiosk))
        finally:
            started.send_signal(signal.SIGTERM)
            code = started.wait(PATIENCE_S)
    assert seen == {role: {uid} for role, uid in ROLES.items()}
    confined = {finding.what.partition(" ")[0] for finding in found if finding.what.endswith("is confined")}
    assert {"desk", "courier"} <= confined
    assert code == 0
    owners = {path.name: path.stat().st_uid for path in kiosk.rglob("*")}
    assert {name for name, uid in owners.items() if uid != ROLES["kiosk.app"]} <= {SETTINGS_FILE}
    said = log.read_text()
    assert "1 answers or more wait for the bank, so no new visit begins" in said
    assert "This terminal's client certificate expires in 12 days" in said


def look_at(process: psutil.Process, seen: dict[str, set[int]]) -> None:
    """Whom a process is, once it runs its own program; one that has ended meanwhile says nothing."""
    try:
        role = next((word for word in process.cmdline() if word in ROLES), None)
        if role is not None:
            seen.setdefault(role, set()).add(process.uids().real)
    except psutil.NoSuchProcess:
        return


def test_settings_that_another_user_may_write_name_nobody_to_root(kiosk: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(kiosk, tmp_path / "kiosk"))
    if not is_root():
        name_users(copy)
    (copy / SETTINGS_FILE).chmod(0o666)
    done = run(copy, "--check")
    assert done.returncode == 2
    said = done.stdout + done.stderr
    assert ("must belong to root and be writable by nobody else" if is_root() else "Only root") in said


def test_doctor_draws_the_rules_for_the_couriers_user(
    kiosk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = Path(shutil.copytree(kiosk, tmp_path / "kiosk"))
    if not is_root():
        name_users(copy)
    assert main(["doctor", "--folder", str(copy), "--nftables"]) == 0
    drawn = capsys.readouterr().out
    assert drawn.startswith("#!/usr/sbin/nft -f\n")
    assert f"meta skuid {COURIER} jump courier" in drawn
    assert "ip daddr 127.0.0.1 tcp dport 9443 accept" in drawn


def test_doctor_names_what_is_in_force_and_until_when_certificates_last(
    kiosk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--folder", str(kiosk)]) == 1
    said = capsys.readouterr().out
    if is_root():
        assert f"ok  courier runs as user {COURIER}, in the groups {COURIER}" in said
        assert "!!  nftables lets the courier reach the bank alone" in said
    else:
        assert "--  all processes are one system user" in said
    assert "!!  certificate certificates/client.pem until " in said
    assert "ok  certificate certificates/ca.pem until " in said
    assert "swap" in said
