"""`kiosk receiver` as bank IT types it."""

import base64
import json
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kiosk.admin.certificates import public_key_pem
from kiosk.cli import main
from kiosk.upstream.https_upstream import HttpsUpstream
from kiosk.upstream.reference_ledger import ReceiverFolder
from kiosk.verification.verdict import application_reference, key_thumbprint
from tests.bank import KIOSK_ID, signed_verdict

KEY = Ed25519PrivateKey.generate()
SALT = bytes.fromhex("00112233445566778899aabbccddeeff")
REFERENCE = application_reference(SALT, "passport", "L898902C3", date(1974, 8, 12)).hex()


@pytest.fixture
def files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> ReceiverFolder:
    assert main(["receiver", "init", "--folder", str(tmp_path / "bank")]) == 0
    capsys.readouterr()
    (tmp_path / "kiosk.pem").write_text(public_key_pem(KEY.public_key()))
    return ReceiverFolder(tmp_path / "bank")


def register(files: ReceiverFolder, key: str, *more: str) -> int:
    return main(["receiver", "register", "--folder", str(files.folder), "--key", key, *more])


def test_init_says_what_the_kiosk_needs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["receiver", "init", "--folder", str(tmp_path / "bank")]) == 0
    told = capsys.readouterr().out
    for name in ("ca.pem", "kiosk-client.pem", "kiosk-client-key.pem", "receipt-public-key.pem", "receiver run"):
        assert name in told
    assert main(["receiver", "init", "--folder", str(tmp_path / "bank")]) == 2
    assert "already holds a receiver" in capsys.readouterr().err


def test_a_key_is_registered_from_pem_or_from_its_jwk_text(
    files: ReceiverFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert register(files, str(tmp_path / "kiosk.pem"), "--kiosk-id", KIOSK_ID.hex(" ").upper()) == 0
    assert register(files, base64.urlsafe_b64encode(KEY.public_key().public_bytes_raw()).decode().rstrip("=")) == 0
    assert capsys.readouterr().out.count(key_thumbprint(KEY.public_key())) == 2
    assert main(["receiver", "list", "--folder", str(files.folder)]) == 0
    assert capsys.readouterr().out == f"key {key_thumbprint(KEY.public_key())} of kiosk {KIOSK_ID.hex()}\n"


@pytest.mark.parametrize(
    ("key", "more", "sentence"),
    [
        ("nowhere.pem", (), "There is no file nowhere.pem"),
        ("{folder}", (), "holds no public key"),
        ("{folder}/server.pem", (), "holds no public key"),
        ("{folder}/receipt-public-key.pem", ("--kiosk-id", "12"), "32 hexadecimal digits"),
        ("{folder}/receipt-public-key.pem", ("--kiosk-id", "zz" * 16), "32 hexadecimal digits"),
    ],
)
def test_what_cannot_be_registered_is_named(
    files: ReceiverFolder, capsys: pytest.CaptureFixture[str], key: str, more: tuple[str, ...], sentence: str
) -> None:
    assert register(files, key.format(folder=files.folder), *more) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1


def test_run_receives_until_it_is_stopped(files: ReceiverFolder, tmp_path: Path, repository: Path) -> None:
    register(files, str(tmp_path / "kiosk.pem"))
    log = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "kiosk", "receiver", "run", "--folder", str(files.folder), "--port", "0"]
    with subprocess.Popen(
        [*command, "--log", str(log)], cwd=repository, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        ca, client, key = (path.read_text() for path in (files.ca, files.client, files.client_key))
        upstream = HttpsUpstream(url, ca, client, key)
        upstream.deliver(1, signed_verdict(KEY, 1))
        upstream.close()
        process.send_signal(signal.SIGTERM)
        said, complained = process.communicate(timeout=30)
    assert process.returncode == 0
    assert complained == ""
    assert said.splitlines()[0].endswith(f"#1 {bytes(32).hex()} yes")
    assert json.loads(log.read_text())["answer"] == "yes"
    assert main(["receiver", "list", "--folder", str(files.folder)]) == 0


def test_run_without_a_folder_or_with_a_bad_port_is_one_sentence(
    files: ReceiverFolder, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["receiver", "run", "--folder", str(tmp_path / "nowhere")]) == 2
    assert "kiosk receiver init" in capsys.readouterr().err
    assert main(["receiver", "run", "--folder", str(files.folder), "--port", "99999"]) == 2
    assert "cannot listen" in capsys.readouterr().err


def check(**changed: str) -> int:
    given = {
        "salt": SALT.hex(),
        "kind": "passport",
        "number": "L898902C3",
        "birth-date": "1974-08-12",
        "reference": REFERENCE,
    }
    words = [word for name, value in (given | changed).items() for word in (f"--{name}", value)]
    return main(["receiver", "check-reference", *words])


def test_a_reference_that_belongs_to_slip_and_document_is_confirmed(capsys: pytest.CaptureFixture[str]) -> None:
    assert check() == 0
    spaced = " ".join(REFERENCE[i : i + 4] for i in range(0, 64, 4)).upper()
    assert check(salt=SALT.hex(" ").upper(), reference=f" {spaced} ", number="l898 902 c3") == 0
    assert "belongs to this slip" in capsys.readouterr().out


@pytest.mark.parametrize(
    "changed",
    [
        {"number": "L898902C4"},
        {"birth-date": "1974-08-13"},
        {"kind": "visa"},
        {"salt": "ff" * 16},
        {"reference": "00" * 32},
    ],
)
def test_a_reference_of_somebody_else_is_not(changed: dict[str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert check(**changed) == 1
    assert "NOT" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"salt": "0011"}, "The salt has 32"),
        ({"salt": "xyz"}, "The salt has 32"),
        ({"reference": REFERENCE[:-2]}, "The reference has 64"),
        ({"birth-date": "12.08.1974"}, "YYYY-MM-DD"),
        ({"birth-date": "1974-02-30"}, "YYYY-MM-DD"),
        ({"birth-date": "1974-W33-1"}, "YYYY-MM-DD"),
        ({"birth-date": "19740812"}, "YYYY-MM-DD"),
        ({"number": "护照"}, "document number"),
        ({"number": ""}, "document number"),
    ],
)
def test_what_cannot_be_checked_is_named(
    changed: dict[str, str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check(**changed) == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert said.count("\n") == 1
