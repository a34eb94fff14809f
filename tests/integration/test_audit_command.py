"""`kiosk audit` as an auditor, a bank and a customer type it."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import segno
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.admin.certificates import public_key_pem
from kiosk.cli import main
from kiosk.privacy.visit_statement import MAX_TEXT_CHARS, PREFIX
from kiosk.runtime.surface import VisitSlip
from kiosk.session.events import Language
from kiosk.store import audit_writing
from kiosk.store.audit_entry import AuditEntry
from kiosk.store.audit_export import ExportLine
from kiosk.store.audit_trail import MACHINE, AuditKind
from kiosk.ui.slip_text import slip_text
from kiosk.verification.verdict import KeyAnnouncement, sign_message
from tests.kiosk_folders import Papers
from tests.slips import ISSUED_AT_S, Answering
from tests.stores import MONDAY, RECORD, moment_at, open_test_store

Said = pytest.CaptureFixture[str]


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Answering]:
    """Three answers; the first is a yes."""
    with open_test_store(tmp_path / "store", moment=moment_at(MONDAY)) as store:
        kiosk = Answering(store)
        kiosk.slips = [kiosk.answer("first", yes=True), kiosk.answer(), kiosk.answer()]  # type: ignore[attr-defined]
        yield kiosk


@pytest.fixture
def export(kiosk: Answering, tmp_path: Path) -> Path:
    return kiosk.export(tmp_path / "audit.jsonl")


def audit(*words: object) -> int:
    return main(["audit", *map(str, words)])


# --- verify ---


def test_a_whole_trail_that_the_bank_vouches_for(kiosk: Answering, export: Path, tmp_path: Path, capsys: Said) -> None:
    key, messages = kiosk.public_key_file(tmp_path), kiosk.messages_file(tmp_path)
    assert audit("verify", export, "--public-key", key, "--bank-messages", messages) == 0
    told = capsys.readouterr().out
    assert f"Kiosk {kiosk.kiosk_id.hex()}" in told
    assert "Whole: 4 entries; 3 verdicts, 2 signed checkpoints." in told
    assert f"Tree head over 4 entries: {kiosk.store.tree_head().hex()}" in told
    assert "vouches for every entry" in told


def test_one_head_out_of_a_message_vouches_for_what_stood_before_it(
    kiosk: Answering, export: Path, tmp_path: Path, capsys: Said
) -> None:
    key, head = kiosk.public_key_file(tmp_path), head_in(kiosk.messages[1])
    assert audit("verify", export, "--public-key", key, "--bank-checkpoint", f"{head}@2") == 0
    assert "cut end: entries 3 to 4, and what may have come after" in capsys.readouterr().out
    assert audit("verify", export, "--public-key", key, "--bank-checkpoint", f"{'00' * 32}@2") == 1
    assert "Broken: The audit trail is broken between entries 1 and 2" in capsys.readouterr().out
    assert audit("verify", export, "--public-key", key, "--bank-checkpoint", f"{head}@9") == 1
    assert "message 9, which the bank has, is not in it" in capsys.readouterr().out


def head_in(jws: str) -> str:
    from kiosk.verification.verdict import _from_base64url

    return _from_base64url(jws.split(".")[1])[-32:].hex()


def test_without_anything_from_outside_it_says_so(kiosk: Answering, export: Path, tmp_path: Path, capsys: Said) -> None:
    assert audit("verify", export) == 3
    told = capsys.readouterr().out
    assert "whether that is this kiosk the bank knows; give --public-key" in told
    assert "Not protected against a cut end or an older state put back: entries 1 to 4" in told
    assert audit("verify", export, "--public-key", kiosk.public_key_file(tmp_path)) == 3
    assert audit("verify", export, "--public-key", kiosk.public_key_file(tmp_path), "--machine-counter", 7) == 1
    assert "the machine has counted to 7, the trail to 0" in capsys.readouterr().out


def test_a_later_part_is_whole_and_says_where_it_begins(kiosk: Answering, tmp_path: Path, capsys: Said) -> None:
    part = kiosk.export(tmp_path / "part.jsonl", after=2)
    key, messages = kiosk.public_key_file(tmp_path), kiosk.messages_file(tmp_path)
    assert audit("verify", part, "--public-key", key, "--bank-messages", messages) == 0
    assert "Whole: 2 entries (entries 3 to 4)" in capsys.readouterr().out


def test_a_later_export_is_held_against_one_that_the_auditor_kept(
    kiosk: Answering, export: Path, tmp_path: Path, capsys: Said
) -> None:
    kiosk.answer()
    later, key = kiosk.export(tmp_path / "later.jsonl"), kiosk.public_key_file(tmp_path)
    assert audit("verify", later, "--public-key", key, "--earlier", export) == 0
    assert "cut end: entries 5 to 5" in capsys.readouterr().out
    part = kiosk.export(tmp_path / "part.jsonl", after=4)
    assert audit("verify", part, "--public-key", key, "--earlier", export) == 0
    assert audit("verify", export, "--public-key", key, "--earlier", later) == 1
    assert "an earlier export goes on to entry 5" in capsys.readouterr().out
    (tmp_path / "half").write_bytes(later.read_bytes()[:-200])
    assert audit("verify", later, "--earlier", tmp_path / "half") == 2


@pytest.mark.parametrize("change", ["edit", "cut", "another line", "no header", "empty", "not text"])
def test_a_changed_file_is_broken(export: Path, capsys: Said, change: str) -> None:
    lines = export.read_text(encoding="utf-8").splitlines(keepends=True)
    match change:
        case "edit":
            lines[3] = lines[3].replace("machine", "1042")
        case "cut":
            lines.pop()
        case "another line":
            lines.insert(3, "{}\n")
        case "no header":
            del lines[0]
        case "empty":
            lines = []
        case "not text":
            lines[2] = "\udcff\n"
    export.write_text("".join(lines), encoding="utf-8", errors="surrogateescape")
    assert audit("verify", export) == 1
    assert capsys.readouterr().out.startswith("Broken: ")


def test_what_cannot_be_tried_is_one_sentence(kiosk: Answering, export: Path, tmp_path: Path, capsys: Said) -> None:
    key, messages = kiosk.public_key_file(tmp_path), kiosk.messages_file(tmp_path)
    (tmp_path / "junk").write_bytes(b"\xff\x00junk\n")
    (tmp_path / "other.pem").write_text(public_key_pem(Ed25519PrivateKey.generate().public_key()), encoding="ascii")
    tries = {
        ("verify", tmp_path / "nowhere"): "cannot be read",
        ("verify", tmp_path): "cannot be read",
        ("verify", export, "--public-key", tmp_path / "junk"): "holds no public key",
        ("verify", export, "--bank-messages", messages): "needs --public-key",
        ("verify", export, "--public-key", key, "--bank-messages", tmp_path / "junk"): "Line 1 of",
        ("verify", export, "--public-key", tmp_path / "other.pem", "--bank-messages", messages): "none of these keys",
        ("verify", export, "--bank-checkpoint", "12@1"): "64 hex digits",
        ("verify", export, "--bank-checkpoint", f"{'ab' * 32}@0"): "64 hex digits",
    }
    for words, sentence in tries.items():
        assert audit(*words) == 2, words
        assert sentence in capsys.readouterr().err


def test_the_banks_messages_may_be_the_receivers_log_with_other_kiosks_and_an_announced_key(
    kiosk: Answering, export: Path, tmp_path: Path, capsys: Said
) -> None:
    other, successor = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    announced = KeyAnnouncement(kiosk.kiosk_id, 4, ISSUED_AT_S, successor.public_key().public_bytes_raw())
    foreign = KeyAnnouncement(b"\x09" * 16, 4, ISSUED_AT_S, bytes(32))
    jws = [*kiosk.messages, sign_message(announced, kiosk.key), sign_message(foreign, other)]
    log = tmp_path / "received.jsonl"
    log.write_text("".join(json.dumps({"sequence": 1, "jws": text}) + "\n" for text in jws), encoding="ascii")
    key = kiosk.public_key_file(tmp_path)
    assert audit("verify", export, "--public-key", key, "--bank-messages", log) == 0
    assert "1 messages signed by other keys are left out" in capsys.readouterr().out
    kiosk.key = successor
    kiosk.__post_init__()
    kiosk.answer()
    later = kiosk.export(tmp_path / "later.jsonl")
    assert audit("verify", later, "--public-key", key, "--bank-messages", log) == 0
    assert audit("verify", later, "--public-key", key) == 1
    assert "signed by a key that the bank did not register" in capsys.readouterr().out


# --- bridge ---


def test_two_heads_of_the_bank_are_connected_without_an_entry(
    kiosk: Answering, export: Path, tmp_path: Path, capsys: Said
) -> None:
    second, third = (f"{head_in(kiosk.messages[at])}@{at + 1}" for at in (1, 2))
    assert audit("bridge", export, "--from", 2, "--to", 3) == 0
    proof = tmp_path / "proof.json"
    proof.write_text(capsys.readouterr().out, encoding="utf-8")
    assert "1042" not in proof.read_text(encoding="utf-8")
    check = ("bridge", proof, "--check", "--bank-checkpoint")
    assert audit(*check, second, "--bank-checkpoint", third) == 0
    assert "begins with the 2 entries at message 2, unchanged, and goes on with 1 more" in capsys.readouterr().out
    assert audit(*check, f"{'ab' * 32}@2", "--bank-checkpoint", third) == 1
    assert audit(*check, second, "--bank-checkpoint", f"{'ab' * 32}@3") == 1
    assert "did not grow out" in capsys.readouterr().out


def test_a_bridge_that_cannot_be_is_one_sentence(kiosk: Answering, export: Path, tmp_path: Path, capsys: Said) -> None:
    (tmp_path / "junk").write_text('{"format": "kiosk audit bridge 1", "path": [1]}', encoding="utf-8")
    part = kiosk.export(tmp_path / "part.jsonl", after=2)
    for words, sentence in {
        (export, "--from", "3", "--to", "2"): "must be sent before the second",
        (export, "--from", "2", "--to", "9"): "names no message 9",
        (export, "--from", "2"): "--from SEQ --to SEQ",
        (part, "--from", "2", "--to", "3"): "take a whole export",
        (tmp_path / "junk", "--check"): "no proof",
        (tmp_path / "nowhere", "--check"): "cannot be read",
    }.items():
        assert audit("bridge", *words) == 2
        assert sentence in capsys.readouterr().err


# --- export ---


def test_an_export_is_written_once_and_from_where_it_was_asked(tmp_path: Path, capsys: Said) -> None:
    papers = Papers(tmp_path)
    folder = papers.set_up(tmp_path / "kiosk")
    out = tmp_path / "audit.jsonl"
    words = ("export", "--folder", folder, "--passphrase-file", papers.passphrase, "--out")
    assert audit(*words, out) == 0
    assert audit("verify", out, "--public-key", folder / "signing-public-key.pem") == 3
    assert audit(*words, out) == 2
    assert "there already" in capsys.readouterr().err
    assert audit(*words, tmp_path / "part.jsonl", "--since", "2") == 0
    assert audit("verify", tmp_path / "part.jsonl") == 3
    assert "(entries 3 to " in capsys.readouterr().out
    assert audit(*words, tmp_path / "none.jsonl", "--since", "99") == 2
    assert "none comes after entry 99" in capsys.readouterr().err
    assert not (tmp_path / "none.jsonl").exists()
    assert audit(*words, tmp_path / "no" / "folder.jsonl") == 2
    assert audit("new-counter", "--folder", folder, "--passphrase-file", papers.passphrase) == 0
    assert "This machine has no counter" in capsys.readouterr().out


def test_content_that_goes_while_an_export_is_written_leaves_no_hole_in_it(
    kiosk: Answering, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_writing, "CHECKED_AT_ONCE", 2)
    slices, written = [], kiosk.store.export_lines

    def retention_runs_between(after: int, last: int) -> list[ExportLine]:
        slices.append(after)
        lines = written(after, last)
        if len(slices) == 1:
            for sequence in (1, 2, 3):
                kiosk.store.close_message(sequence, "receipt", MONDAY)
            kiosk.store.erase_due(MONDAY + timedelta(days=6 * 366))
        return lines

    monkeypatch.setattr(kiosk.store, "export_lines", retention_runs_between)
    export = kiosk.export(tmp_path / "audit.jsonl")
    assert slices == [0, 2, 0, 2]
    assert audit("verify", export, "--public-key", kiosk.public_key_file(tmp_path)) == 3


def test_no_entry_says_anything_of_a_person(kiosk: Answering, export: Path) -> None:
    """Each field is of a closed set or a number; no name, document, address, reference or salt is among them."""
    kiosk.store.mark_opened("first", "1042")
    kiosk.store.record_sign_off("1042")
    forms = {
        "recorded_at": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z",
        "boot_id": r"[0-9a-f]{32}",
        "actor": rf"{MACHINE}|\d+",
        "kind": "|".join(AuditKind),
        "detail": r"([a-z_ :,]*(; )?)?(\d{1,19})?(; [0-9a-f]{64}){0,2}",
    }
    entries = kiosk.store.audit_entries()
    assert len(entries) == 6
    for entry in entries:
        for name, form in forms.items():
            assert re.fullmatch(form, getattr(entry, name)), (entry.kind, name)
    text = kiosk.export(export).read_text(encoding="utf-8")
    for datum in (RECORD.primary_name, RECORD.secondary_name, RECORD.document_number, RECORD.address, "1974"):
        assert datum not in text


# --- prove ---


def test_a_slip_is_proven_by_its_text_alone(kiosk: Answering, tmp_path: Path, capsys: Said) -> None:
    key = kiosk.public_key_file(tmp_path)
    for slip, outcome in zip(slips(kiosk), ("yes, by the bank's policy", "no, by staff", "no, by staff"), strict=True):
        assert audit("prove", slip, "--public-key", key) == 0
        told = capsys.readouterr().out
        assert outcome in told
        assert "2026-03-02 10:00:00 UTC" in told
        assert "Proven: signed by this kiosk" in told
    assert audit("prove", slips(kiosk)[0]) == 3
    assert "give --public-key" in capsys.readouterr().out


def slips(kiosk: Answering) -> list[str]:
    found: list[str] = kiosk.slips  # type: ignore[attr-defined]
    return found


def test_a_printed_slip_and_a_picture_of_the_code_are_read(kiosk: Answering, tmp_path: Path, capsys: Said) -> None:
    key, text = kiosk.public_key_file(tmp_path), slips(kiosk)[1]
    slip = VisitSlip("T-1", MONDAY, "ab" * 32, "cd" * 16, accepted=False, statement=text)
    for language in Language:
        page = tmp_path / f"{language}.txt"
        page.write_text("\n".join(slip_text(slip, language)), encoding="utf-8")
        assert audit("prove", page, "--public-key", key) == 0
    picture = tmp_path / "slip.png"
    segno.make_qr(text, error="l").save(str(picture), scale=3)
    assert audit("prove", picture, "--public-key", key) == 0
    assert audit("prove", f"  {text[:100].lower()} {text[100:]}\n", "--public-key", key) == 0
    assert capsys.readouterr().out.count("Proven: ") == 2 + len(Language)


def test_bank_and_trail_speak_for_a_slip(kiosk: Answering, export: Path, tmp_path: Path, capsys: Said) -> None:
    key, messages = kiosk.public_key_file(tmp_path), kiosk.messages_file(tmp_path)
    for slip in slips(kiosk):
        words = ("prove", slip, "--public-key", key, "--bank-messages", messages, "--export", export)
        assert audit(*words) == 0
        told = capsys.readouterr().out
        assert "The bank received the same answer" in told
        assert "is the one on the slip, and names this statement" in told


def test_a_slip_stays_proven_when_record_and_content_are_gone(kiosk: Answering, tmp_path: Path, capsys: Said) -> None:
    kiosk.store.mark_opened("first", "1042")
    kiosk.store.close_message(1, "receipt", MONDAY)
    kiosk.store.erase_due(MONDAY + timedelta(days=6 * 366))
    assert kiosk.store.audit_entries() == []
    assert kiosk.store.check_audit() == 6
    export, key = kiosk.export(tmp_path / "late.jsonl"), kiosk.public_key_file(tmp_path)
    messages = kiosk.messages_file(tmp_path)
    assert audit("verify", export, "--public-key", key, "--bank-messages", messages) == 0
    words = ("prove", slips(kiosk)[0], "--public-key", key, "--bank-messages", messages, "--export", export)
    assert audit(*words) == 0
    assert "is the one on the slip; its content is over" in capsys.readouterr().out


def test_what_speaks_against_a_slip_is_said(kiosk: Answering, export: Path, tmp_path: Path, capsys: Said) -> None:
    key, slip = kiosk.public_key_file(tmp_path), slips(kiosk)[1]
    (tmp_path / "other.pem").write_text(public_key_pem(Ed25519PrivateKey.generate().public_key()), encoding="ascii")
    (tmp_path / "fewer").write_text(kiosk.messages[0] + "\n", encoding="ascii")
    early = kiosk.export(tmp_path / "part.jsonl", after=3)
    with open_test_store(tmp_path / "elsewhere", moment=moment_at(MONDAY)) as store:
        stranger = Answering(store, key=kiosk.key)
        strange_slips = [stranger.answer(), stranger.answer()]
        strange_messages = tmp_path / "strange"
        strange_messages.write_text("\n".join(stranger.messages), encoding="ascii")
    changed = slip[:300] + ("A" if slip[300] != "A" else "B") + slip[301:]
    for words, sentence in {
        (changed, "--public-key", key): "was changed, or misread",
        (slip, "--public-key", tmp_path / "other.pem"): "signed by a key that is not among those given",
        (slip, "--public-key", key, "--bank-messages", tmp_path / "fewer"): "message 2 is not among the bank's",
        (slip, "--public-key", key, "--bank-messages", strange_messages): "says something else than the slip",
        (slip, "--public-key", key, "--export", early): "it begins with entry 4",
        (strange_slips[1], "--public-key", key, "--export", export): "is another one than that on the slip",
    }.items():
        assert audit("prove", *words) == 1, sentence
        told = capsys.readouterr().out
        assert told.startswith("Not proven: ")
        assert sentence in told


@pytest.mark.parametrize(
    "hostile",
    ["", PREFIX, PREFIX + "A" * 50, PREFIX + "A" * 5_000_000, PREFIX + "\N{SNOWMAN}" * 500, PREFIX + "1" * 100, "\0"],
)
def test_a_hostile_slip_is_one_plain_sentence(hostile: str, capsys: Said) -> None:
    assert audit("prove", hostile) in (1, 2)
    told = capsys.readouterr()
    (sentence,) = (told.out + told.err).strip().splitlines()
    assert len(sentence) < 200
    assert "mistake in the kiosk" not in sentence


def test_every_shortened_slip_is_refused(kiosk: Answering, capsys: Said) -> None:
    slip = slips(kiosk)[2]
    for length in range(len(PREFIX), len(slip), 61):
        assert audit("prove", slip[:length]) == 1
    assert len(slip) < MAX_TEXT_CHARS
    assert "Proven" not in capsys.readouterr().out


def test_a_hostile_file_of_a_slip_is_one_plain_sentence(tmp_path: Path, capsys: Said) -> None:
    path = tmp_path / "slip"
    for content in (b"", b"\x89PNG\r\n\x1a\n", b"\x89PNG" + b"\0" * 1000, b"\xff\xd8\xff" * 50, b"\xff\xfe" * 999):
        path.write_bytes(content)
        assert audit("prove", path) == 2
    segno.make_qr("https://bank.example").save(str(tmp_path / "other.png"), scale=4)
    assert audit("prove", tmp_path / "other.png") == 1
    assert "mistake in the kiosk" not in capsys.readouterr().err


# --- what it loads ---


@pytest.mark.parametrize("act", ["verify", "prove"])
def test_checking_needs_the_standard_library_and_signatures_alone(
    kiosk: Answering, export: Path, tmp_path: Path, act: str
) -> None:
    what = str(export) if act == "verify" else slips(kiosk)[0]
    words = ["audit", act, what, "--public-key", str(kiosk.public_key_file(tmp_path))]
    code = f"import json, sys; from kiosk.cli import main; main({words!r}); print(json.dumps(list(sys.modules)))"
    answer = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(json.loads(answer.stdout.splitlines()[-1]))
    libraries = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names - {"__main__"}
    assert libraries <= {"kiosk", "cryptography", "_cffi_backend", "_openssl", "__editable__", "_virtualenv"}
    own = {name for name in loaded if name.startswith("kiosk.")}
    heavy = ("database", "store", "audit_trail", "key_vault")
    assert not own & {*(f"kiosk.store.{name}" for name in heavy), "kiosk.settings", "kiosk.runtime", "kiosk.vision"}
    assert "kiosk.store.merkle_tree" in own


def test_an_entry_of_the_first_version_is_still_valid() -> None:
    """Entries without a statement's hash hash as they did: this leaf was computed by the first program."""
    first = AuditEntry(
        1, "2026-03-02T10:00:00.000000Z", "ab" * 16, 5, "machine", "verdict", "accepted by the policy; 1"
    )
    assert replace(first, detail=first.detail + "; x").leaf() != first.leaf()
    assert first.leaf().hex() == "74b22690cf38679a468a2eca12516c664f17addec2782cace0db42616409f237"
