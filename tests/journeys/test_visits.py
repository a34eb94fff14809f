"""Whole visits, as a person at the terminal would have them: real processes, store, TLS line and receiver."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kiosk.admin.demo_visit import DEMO_TELLER
from kiosk.privacy.erasure_statement import PREFIX, read_erasure
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.settings import VaultSettings
from kiosk.store.audit_trail import AuditKind
from kiosk.store.key_vault import STAFF_PEPPER
from kiosk.store.staff_keys import unwrap_for_teller
from kiosk.store.store import open_store

LIMIT_S = 240


class Visit:
    """What one `kiosk demo` printed and left behind."""

    def __init__(self, out: Path, code: int, printed: str) -> None:
        self.out = out
        self.code = code
        self.printed = printed
        self.summary = json.loads((out / "summary.json").read_text())

    @property
    def received(self) -> list[dict]:
        log = self.out / "folders" / "received.jsonl"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def store(self):
        """The store that is left, its records unlocked as by the demo's teller."""
        folder = self.out / "folders" / "kiosk"
        vault = unlock_vault(folder, VaultSettings("key_file", "vault.key"), None)
        store = open_store(folder, vault)
        teller = store.teller(DEMO_TELLER.teller_id)
        pepper = vault.secret(STAFF_PEPPER)
        store.unlock_applications(unwrap_for_teller(teller.staff_key, teller.teller_id, DEMO_TELLER.pin, pepper))
        return store


@pytest.fixture
def demo(tmp_path):
    def run(*words: str) -> Visit:
        out = tmp_path / "out"
        done = subprocess.run(
            [sys.executable, "-m", "kiosk", "demo", "--headless", "--keep", "--out", str(out), *words],
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        assert (out / "summary.json").exists(), done.stdout + done.stderr
        return Visit(out, done.returncode, done.stdout)

    return run


def test_a_genuine_customer_gets_a_yes_after_the_tellers_confirmation(demo):
    visit = demo()
    assert visit.code == 0, visit.printed
    assert visit.summary["verdict"] == "yes"
    assert visit.summary["referred_because"] == "class_i_face_to_face"
    assert [received["answer"] for received in visit.received] == ["yes"]
    assert visit.summary["phases"] == [
        "choosing_language",
        "asking_consent",
        "choosing_account_class",
        "reading_document",
        "confirming_details",
        "preparing_face_check",
        "positioning",
        "checking_liveness",
        "comparing",
        "waiting_for_teller",
        "recording_verdict",
        "showing_verdict",
        "idle",
    ]
    assert visit.summary["pictures"] >= len(visit.summary["phases"])


def test_a_class_ii_account_needs_no_teller_and_its_customer_comes_back_and_has_the_record_erased(demo):
    visit = demo(
        "--account-class", "II", "--language", "zh", "--size", "1080x1920", "--customer", "own-data", "--no-pictures"
    )
    assert visit.code == 0, visit.printed
    assert visit.summary["verdict"] == "yes"
    assert "waiting_for_teller" not in visit.summary["phases"]
    assert [phase for phase in visit.summary["phases"] if phase.startswith("own_")] == [
        "own_language",
        "own_consent",
        "own_code",
        "own_document",
        "own_search",
        "own_record",
        "own_copy",
        "own_record",
        "own_erasure",
        "own_erasing",
        "own_erased",
    ]
    assert [received["answer"] for received in visit.received] == ["yes"]  # and nothing else is sent
    _, _, receipt = sorted((visit.out / "slips").iterdir())
    stated = read_erasure(PREFIX + "".join(receipt.read_text().upper().split()).split(PREFIX)[1])
    with visit.store() as store:
        (erased,) = [entry for entry in store.audit_entries() if entry.kind == AuditKind.APPLICATION_ERASED]
        assert (stated.place.index + 1, stated.place.leaf) == (erased.sequence, erased.leaf())
        assert stated.core.sha256.hex() in erased.detail


def test_an_impostor_is_referred_and_refused_by_the_teller(demo):
    visit = demo("--subject", "impostor", "--account-class", "II")
    assert visit.code == 0, visit.printed
    assert visit.summary["referred_because"] == "non_match"
    assert [received["answer"] for received in visit.received] == ["no"]


def test_an_attack_is_referred_with_what_was_noticed_and_refused(demo):
    visit = demo("--subject", "injection", "--account-class", "II")
    assert visit.code == 0, visit.printed
    assert visit.summary["referred_because"] == "attempts_used_up"
    assert visit.summary["suspicions"]
    assert [received["answer"] for received in visit.received] == ["no"]


def test_refusing_consent_keeps_nothing_and_sends_nothing(demo):
    visit = demo("--customer", "refuses-consent")
    assert visit.code == 0, visit.printed
    assert visit.summary["phases"][-1] == "idle"
    assert "reading_document" not in visit.summary["phases"]
    assert visit.received == []
    with visit.store() as store:
        assert store.count_rows() == {"consent": 0, "outbox": 0, "application": 0}


def test_walking_away_sends_nothing_and_keeps_nothing(demo):
    visit = demo("--customer", "walks-away")
    assert visit.code == 0, visit.printed
    assert visit.summary["phases"][-2:] == ["confirming_details", "idle"]
    assert visit.received == []
    with visit.store() as store:
        assert store.count_rows() == {"consent": 0, "outbox": 0, "application": 0}


def test_declining_the_face_reaches_the_teller_without_a_frame_of_the_face(demo):
    visit = demo("--customer", "declines-face", "--account-class", "II")
    assert visit.code == 0, visit.printed
    assert visit.summary["referred_because"] == "face_declined"
    assert "positioning" not in visit.summary["phases"]
    assert [received["answer"] for received in visit.received] == ["yes"]


def test_a_camera_lost_midway_ends_safely(demo, tmp_path):
    clip = tmp_path / "clip"
    clip.mkdir()
    from kiosk.admin.specimen import demo_portrait
    from kiosk.vision.photograph import save_png

    for number in range(20):
        save_png(clip / f"{number:03}.png", demo_portrait("astronaut"))
    visit = demo("--capture", str(clip), "--capture-once")
    assert visit.summary["phases"][-2:] == ["positioning", "idle"]
    assert visit.received == []
    with visit.store() as store:
        assert store.count_rows() == {"consent": 0, "outbox": 0, "application": 0}


def test_an_expired_document_goes_to_the_teller_without_a_face_check(demo, tmp_path):
    page = tmp_path / "expired.png"
    done = subprocess.run(
        [sys.executable, "-m", "kiosk", "specimen", "--kind", "td1", "--expired", "--out", str(page)],
        check=False,
    )
    assert done.returncode == 0
    visit = demo("--document", str(page), "--teller", "refuse")
    assert visit.summary["referred_because"] == "document_expired"
    assert "positioning" not in visit.summary["phases"]
    assert [received["answer"] for received in visit.received] == ["no"]


def test_the_demo_teller_has_a_pin_that_the_rules_allow():
    from kiosk.supervision.authorisation import hash_pin, verify_pin

    assert verify_pin(hash_pin(DEMO_TELLER.pin), DEMO_TELLER.pin)
