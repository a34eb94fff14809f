"""Rotates the keys of a kiosk that answers visits meanwhile, kills it at random instants, and looks what is left.

For `kiosk selftest crash` and the tests. The kiosk is one process without screens: real vault, store and signatures,
and a bank that is played by whoever sends the receipts.
"""

import random
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from kiosk.document.evidence import DocumentKind
from kiosk.errors import KioskError
from kiosk.privacy.consent import ASKED_FOR_AN_ACCOUNT
from kiosk.privacy.notice import consent_to, notice
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.session.events import AccountClass, ApplicationRecord
from kiosk.settings import VaultSettings
from kiosk.store.data_list_file import read_data_list
from kiosk.store.key_vault import SIGNING_KEY, KeyFileVault, OpenVault, create_vault, new_secrets
from kiosk.store.rotation import ROTATION_NOTE, rotate_store
from kiosk.store.signing_keys import (
    NEXT_SIGNING_KEY,
    announce_next_key,
    present_signing_key,
    settle_signing_key,
)
from kiosk.store.store import STORE_FOLDER, VAULT_FILE, Store, create_store, open_store
from kiosk.store.visit_records import SignedVerdict
from kiosk.verification.verdict import (
    Verdict,
    VerdictMessage,
    key_thumbprint,
    sign_message,
    verify_message,
)

KIOSK_ID = bytes(range(16))
_KEY_FILE, _STAFF_KEY_FILE = "vault.key", "staff.key"
_MOST_LINES, _LONGEST_PAUSE_S = 6, 0.15
"""After how many lines, and how long after that, it is killed: two rotations and the visits between them."""
_NOTICE = notice(read_data_list(), "en")
_RECORD = ApplicationRecord(
    "ERIKSSON", "ANNA MARIA", date(1974, 8, 12), "UTO", DocumentKind.PASSPORT, "L898902C3", "1 Example Street, Utopia",
    None, AccountClass.CLASS_II,
)  # fmt: skip


@dataclass
class RotationReport:
    """What was killed, how much was committed, and what was found wrong."""

    kills: int = 0
    rotations: int = 0
    interrupted: int = 0
    """Kills that left a note about a rotation in the vault."""
    keys: int = 0
    committed: int = 0
    faults: list[str] = field(default_factory=list)


def make_kiosk_to_kill(folder: Path) -> None:
    """A vault and a store, with the staff key in a file beside them as no kiosk has it."""
    staff_key, signing_key = secrets.token_bytes(32), Ed25519PrivateKey.generate()
    keys = new_secrets() | {SIGNING_KEY: signing_key.private_bytes_raw()}
    vault = create_vault(folder / VAULT_FILE, KeyFileVault(folder / _KEY_FILE), keys)
    (folder / _STAFF_KEY_FILE).write_bytes(staff_key)
    create_store(folder, vault, staff_key).close()


def rotation_kills(folder: Path, kills: int, seed: int, say: Callable[[str], None] = lambda _: None) -> RotationReport:
    """Kill so often, looking each time; `folder` is made by `make_kiosk_to_kill`."""
    chance, report, told = random.Random(seed), RotationReport(), dict[int, str]()  # noqa: S311 (repeatable on purpose)
    for number in range(1, kills + 1):
        lines = _killed(folder, chance.randint(0, _MOST_LINES), chance.uniform(0, _LONGEST_PAUSE_S))
        report.kills += 1
        report.rotations += lines.count("rotated")
        told |= {int(sequence): jws for sequence, _, jws in (line.partition(" ") for line in lines) if jws}
        try:
            _look(folder, told, report)
        except KioskError as error:
            report.faults.append(f"after kill {number}: {error}")
            break
        if number % 10 == 0:
            say(f"{number} kills while keys were rotated, {report.interrupted} rotations interrupted")
    return report


def check_kiosk(folder: Path) -> list[str]:
    """What is wrong with a kiosk of `make_kiosk_to_kill` that was opened after a kill; also that it can go on."""
    faults: list[str] = []
    vault = _unlocked(folder)
    with open_store(folder, vault) as store:
        store.unlock_applications((folder / _STAFF_KEY_FILE).read_bytes())
        store.check_audit()
        messages = {message.sequence: message.jws for message in store.all_messages()}
        faults += _faults_of_messages(store, vault, messages)
        if len(store.open_applications()) != len(messages) - _announcements(store):
            faults.append("a record is missing, or one came back")
        answer_visit(store, vault)
    left = [name for name in (ROTATION_NOTE,) if vault.holds(name)]
    left += [path.name for path in (folder / STORE_FOLDER).iterdir() if path.name == "next" or "-wal" in path.name]
    return faults + [f"{name} was left behind" for name in left]


def answer_visit(store: Store, vault: OpenVault) -> tuple[int, str]:
    """One yes, signed with the present key, with its consent and record."""
    visit_id, reference, now = secrets.token_hex(16), secrets.token_bytes(32), datetime.now(UTC)
    key = present_signing_key(vault)
    verdict = Verdict(reference, True, int(now.timestamp()))
    store.record_consent(visit_id, consent_to(_NOTICE, frozenset(ASKED_FOR_AN_ACCOUNT), now))
    store.keep_application(visit_id, _RECORD, reference, now)

    def build(sequence: int, tree_head: bytes) -> SignedVerdict:
        return SignedVerdict(sign_message(VerdictMessage(KIOSK_ID, sequence, verdict, tree_head), key))

    committed = store.commit_verdict(
        visit_id, build=build, verdict=verdict, actor="machine", detail="accepted by the policy"
    )
    return committed.sequence, committed.jws


def rotate_all(folder: Path, vault: OpenVault, staff_key: bytes | None) -> None:
    """Store and signing key, as `kiosk keys rotate` does it."""
    rotate_store(folder / STORE_FOLDER, vault, read_data_list(), staff_key)
    with open_store(folder, vault) as store:
        if not vault.holds(NEXT_SIGNING_KEY):
            announce_next_key(vault, store, KIOSK_ID, datetime.now(UTC))


def _look(folder: Path, told: dict[int, str], report: RotationReport) -> None:
    vault = _unlocked(folder)
    report.interrupted += vault.holds(ROTATION_NOTE)
    report.faults += check_kiosk(folder)
    with open_store(folder, vault) as store:
        messages = {message.sequence: message.jws for message in store.all_messages()}
        report.keys, report.committed = len(store.signing_keys()), len(messages)
    report.faults += [f"message {number} is lost" for number in told if messages.get(number) != told[number]]


def _faults_of_messages(store: Store, vault: OpenVault, messages: dict[int, str]) -> list[str]:
    """Numbered without a gap, and signed by one key after the other, each announced by the one before."""
    faults = [] if sorted(messages) == list(range(1, len(messages) + 1)) else ["the sequence has a gap"]
    keys = store.signing_keys()
    present = key_thumbprint(present_signing_key(vault).public_key())
    if present not in {key.thumbprint for key in keys}:
        faults.append("the present key is not among the known ones")
    signers, signing = {key.thumbprint: number for number, key in enumerate(keys)}, 0
    public_keys = [Ed25519PublicKey.from_public_bytes(key.public_key) for key in keys]
    for sequence, jws in sorted(messages.items()):
        signed_by = _signer(jws, public_keys)
        if (
            signed_by is None
            or signed_by < signing
            or (signed_by > 0 and (keys[signed_by].announced_in or 0) > sequence)
        ):
            faults.append(f"message {sequence} is signed by the wrong key")
            continue
        signing = signed_by
    if signers.get(present, -1) < signing:
        faults.append("an earlier key is the present one again")
    return faults


def _signer(jws: str, keys: list[Ed25519PublicKey]) -> int | None:
    for number, key in enumerate(keys):
        try:
            verify_message(jws, key)
        except KioskError:
            continue
        return number
    return None


def _announcements(store: Store) -> int:
    return sum(key.announced_in is not None for key in store.signing_keys())


def _unlocked(folder: Path) -> OpenVault:
    return unlock_vault(folder, VaultSettings("key_file", _KEY_FILE), None)


def _killed(folder: Path, after_lines: int, after_s: float) -> list[str]:
    """Let a kiosk rotate and answer until it is killed; return the whole lines it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk.admin.rotation_kills", str(folder)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    said = "".join(process.stdout.readline() for _ in range(1 + after_lines))
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    said += process.stdout.read()
    process.stdout.close()
    process.wait()
    return [line.rstrip("\n") for line in said.splitlines(keepends=True) if line.endswith("\n")]


def _rotate_for_ever(folder: Path) -> None:
    vault, staff_key = _unlocked(folder), (folder / _STAFF_KEY_FILE).read_bytes()
    print("open", flush=True)
    while True:
        for key_of_staff in (None, staff_key):
            rotate_all(folder, vault, key_of_staff)
            print("rotated", flush=True)
            with open_store(folder, vault) as store:
                store.unlock_applications(staff_key)
                print(*answer_visit(store, vault), flush=True)
                for message in store.due_messages(datetime.now(UTC)):
                    store.close_message(message.sequence, "receipt", datetime.now(UTC))
                settle_signing_key(vault, store)
                print(*answer_visit(store, vault), flush=True)


if __name__ == "__main__":
    _rotate_for_ever(Path(sys.argv[1]))
