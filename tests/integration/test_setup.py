"""`kiosk setup`: all is checked before anything is made, and a failure leaves nothing behind."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hardware.camera import CameraInfo
from kiosk.admin.camera_menu import cameras_at_hand, choose_camera, menu, recorded
from kiosk.admin.certificates import Authority, issue_client, make_authority
from kiosk.admin.new_kiosk import PUBLIC_KEY_FILE, REQUEST_FILE, _move_up
from kiosk.cli import main
from kiosk.errors import SettingsError
from kiosk.runtime.vault_unlocking import unlock_vault
from kiosk.settings import CameraSettings, VaultSettings, load_settings
from kiosk.store.key_vault import SIGNING_KEY, STAFF_PEPPER, TLS_CLIENT_KEY
from kiosk.store.staff_keys import unwrap_for_teller
from kiosk.store.store import open_store
from kiosk.supervision.authorisation import verify_pin
from tests.camera_trees import CameraTree
from tests.kiosk_folders import PASSPHRASE, PIN, Papers
from tests.terminal import REPOSITORY, Terminal

NOW = datetime.now(UTC)


@pytest.fixture
def papers(tmp_path: Path) -> Papers:
    return Papers(tmp_path)


@pytest.fixture(autouse=True)
def nobody_at_the_terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whoever runs the tests is not asked."""
    with Path("/dev/null").open(encoding="utf-8") as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        yield


def _refusal(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 2
    said = capsys.readouterr().err
    assert said.startswith("kiosk: ")
    assert said.count("\n") == 1
    return said.removeprefix("kiosk: ").strip()


def _left_behind(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.parent.iterdir() if folder.name in path.name)


def test_a_kiosk_made_from_options_opens_with_its_passphrase(papers: Papers, tmp_path: Path) -> None:
    folder = papers.set_up(tmp_path / "kiosk")
    settings = load_settings(folder)
    assert settings.kiosk.bank_name == "Bank of Utopia"
    vault = unlock_vault(folder, settings.vault, PASSPHRASE)
    assert len(vault.secret(SIGNING_KEY)) == 32
    load_pem_public_key((folder / PUBLIC_KEY_FILE).read_bytes())
    with open_store(folder, vault) as store:
        (teller,) = store.tellers()
        assert (teller.teller_id, teller.name) == ("1042", "A. Teller")
        assert verify_pin(teller.pin_hash, PIN)
        store.open_day(unwrap_for_teller(teller.staff_key, "1042", PIN, vault.secret(STAFF_PEPPER)), "1042", NOW)


def test_only_the_owner_can_read_anything_of_it(papers: Papers, tmp_path: Path) -> None:
    folder = papers.set_up(tmp_path / "kiosk")
    modes = {path: path.stat().st_mode & 0o777 for path in (folder, *folder.rglob("*"))}
    assert {mode for path, mode in modes.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in modes.items() if path.is_file()} == {0o600}


def test_no_secret_stands_in_clear(papers: Papers, tmp_path: Path) -> None:
    folder = papers.set_up(tmp_path / "kiosk")
    key_line = papers.client_key.read_text().splitlines()[1]
    for path in folder.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        assert PASSPHRASE.encode() not in content, path
        assert PIN.encode() not in content, path
        assert key_line.encode() not in content, path
        assert b"PRIVATE KEY" not in content, path


def test_a_vault_with_a_key_file_needs_no_passphrase_and_says_what_it_is(
    papers: Papers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = papers.set_up(tmp_path / "kiosk", passphrase_file=None, vault="key-file")
    assert "for trials only" in capsys.readouterr().out
    settings = load_settings(folder)
    unlock_vault(folder, settings.vault, None).secret(SIGNING_KEY)
    assert (folder / settings.vault.key_file).stat().st_mode & 0o777 == 0o600


def test_a_key_beside_a_certificate_is_not_taken_over(papers: Papers, tmp_path: Path) -> None:
    key = papers.client_key.read_text(encoding="ascii")
    together = papers.write("comb.pem", key + papers.client_certificate.read_text(encoding="ascii"))
    ca = papers.write("ca-and-key.pem", papers.ca.read_text(encoding="ascii") + key)
    folder = papers.set_up(tmp_path / "kiosk", client_certificate=together, client_key=together, ca=ca)
    for path in folder.rglob("*.pem"):
        assert "PRIVATE KEY" not in path.read_text(encoding="ascii"), path


def test_papers_are_read_with_what_windows_and_people_add_to_them(
    papers: Papers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(papers.folder))
    papers.write("noted.pem", "\ufeff# 银行根证书\n" + papers.ca.read_text(encoding="ascii"))
    folder = papers.set_up(tmp_path / "kiosk", ca="~/noted.pem")
    assert (folder / "certificates/ca.pem").read_text(encoding="ascii") == papers.ca.read_text(encoding="ascii")


def test_setup_ends_with_the_next_steps(papers: Papers, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = papers.set_up(tmp_path / "kiosk", client_certificate=None, client_key=None)
    said = capsys.readouterr().out
    for step in (PUBLIC_KEY_FILE, REQUEST_FILE, "--install-client-certificate", "kiosk teller add", "kiosk run"):
        assert step in said
    assert "Plug in what is not at this machine yet: /dev/no-face-camera, /dev/no-document-camera" in said
    assert f"--folder {folder}" in said


WEAK = {
    "short passphrase": ("passphrase_file", "short", "at least 12 characters"),
    "dull passphrase": ("passphrase_file", "ababababababab", "5 different characters"),
    "passphrase of two lines": ("passphrase_file", "correct horse\nbattery", "one line"),
    "short PIN": ("pin_file", "1357", "6 to 12 digits"),
    "PIN that runs": ("pin_file", "123456", "may not be a run"),
    "PIN with letters": ("pin_file", "12ab56", "6 to 12 digits"),
    "letter as CA": ("ca", "Dear customer", "is no PEM certificate"),
    "letter as receipt key": ("receipt_key", "Dear customer", "is no PEM public key"),
    "letter as certificate": ("client_certificate", "Dear customer", "is no PEM certificate"),
    "letter as key": ("client_key", "Dear customer", "is no PEM private key"),
}


@pytest.mark.parametrize("what", WEAK)
def test_a_wrong_file_is_refused_before_anything_is_made(
    what: str, papers: Papers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    option, text, said = WEAK[what]
    words = papers.options(tmp_path / "kiosk", **{option: papers.write("wrong", text)})
    assert said in _refusal(words, capsys)
    assert _left_behind(tmp_path / "kiosk") == []


WRONG_ANSWERS = {
    "address": ("bank_url", "http://bank.example", "bank.url must begin with https://"),
    "address with a user": ("bank_url", "https://me@bank.example", "no user name"),
    "bank's name": ("bank_name", "", "kiosk.bank_name must have 1 to 60"),
    "network camera": ("face_camera", "rtsp://camera", "network cameras are refused"),
    "same camera twice": ("document_camera", "/dev/no-face-camera", "must be another camera"),
    "teller number": ("teller", "t1", "1 to 12 digits"),
    "teller's name of two lines": ("teller_name", "A.\nTeller", "1 to 60 characters on one line"),
    "teller's name that paints": ("teller_name", "\033[2JA. Teller", "1 to 60 characters on one line"),
    "long name of a teller": ("teller_name", "x" * 61, "1 to 60 characters on one line"),
    "slips in files": ("printer", "file:/tmp/slips", "file:FOLDER exists in the demo only"),
    "host that is none": ("bank_url", "https://192.168.1.256:9443", "names 192.168.1.256, which can be no host"),
    "missing file": ("ca", "/nowhere/ca.pem", "/nowhere/ca.pem cannot be read: No such file or directory"),
    "folder as file": ("receipt_key", "/", "/ cannot be read: Is a directory"),
    "passphrase file that is none": ("passphrase_file", "/nowhere/p", "/nowhere/p cannot be read"),
    "certificate without key": ("client_key", None, "--client-key"),
    "key without certificate": ("client_certificate", None, "--client-key goes with --client-certificate"),
    "key file and passphrase": ("vault", "key-file", "has no passphrase"),
    "nothing for the name": ("terminal_name", None, "there is no terminal to ask at; give it with --terminal-name"),
    "no PIN": ("pin_file", None, "give it with --pin-file"),
}


@pytest.mark.parametrize("what", WRONG_ANSWERS)
def test_a_wrong_answer_is_one_sentence_and_leaves_nothing(
    what: str, papers: Papers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    option, value, said = WRONG_ANSWERS[what]
    assert said in _refusal(papers.options(tmp_path / "deep" / "kiosk", **{option: value}), capsys)
    assert not (tmp_path / "deep").exists()


def test_papers_in_each_others_place_are_named(
    papers: Papers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "kiosk"
    swaps: list[tuple[dict[str, object], str]] = [
        ({"ca": papers.server_certificate}, "is no certificate of an authority"),
        ({"receipt_key": papers.ca}, "is no PEM public key"),
        ({"client_certificate": papers.ca}, "does not belong to"),
        ({"client_key": papers.other_key()}, "elliptic-curve key on P-256"),
        ({"client_certificate": papers.server_certificate, "client_key": papers.folder / "bank" / "server-key.pem"},
         "may not be used as a client certificate"),
    ]  # fmt: skip
    for changed, said in swaps:
        assert said in _refusal(papers.options(folder, **changed), capsys)
    assert _left_behind(folder) == []


def test_a_folder_that_holds_something_is_left_alone(
    papers: Papers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "kiosk"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    assert "is not empty" in _refusal(papers.options(folder), capsys)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    assert "is a file, not a folder" in _refusal(papers.options(folder / "mine.txt"), capsys)


def test_a_disk_that_refuses_leaves_nothing_behind(
    papers: Papers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "cannot be made" in _refusal(papers.options(Path("/proc/kiosk")), capsys)
    folder = tmp_path / ("x" * 250) / "kiosk"  # its draft fits, its name and ours fit; a longer one does not
    assert "cannot be" in _refusal(papers.options(folder.with_name("y" * 300)), capsys)
    assert not folder.parent.exists()


def test_an_empty_folder_that_is_there_is_filled_where_it_lies(papers: Papers, tmp_path: Path) -> None:
    folder, parent = tmp_path / "var" / "kiosk", tmp_path / "var"
    folder.mkdir(parents=True)
    (folder / "lost+found").mkdir()
    same = folder.stat().st_ino
    parent.chmod(0o500)
    try:
        papers.set_up(folder)
        assert list(parent.iterdir()) == [folder]
    finally:
        parent.chmod(0o700)
    assert folder.stat().st_ino == same
    assert folder.stat().st_mode & 0o777 == 0o700
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    unlock_vault(folder, VaultSettings("passphrase"), PASSPHRASE)


def test_a_link_to_an_empty_folder_is_followed(papers: Papers, tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "kiosk").symlink_to(tmp_path / "disk")
    papers.set_up(tmp_path / "kiosk")
    assert load_settings(tmp_path / "disk").kiosk.bank_name == "Bank of Utopia"


def test_a_failure_half_way_leaves_an_empty_folder_empty(papers: Papers, tmp_path: Path) -> None:
    class Obstinate(type(tmp_path)):  # type: ignore[misc]
        """A path on a disk that refuses one file."""

        def rename(self, target: Path) -> Path:
            if self.name == "vault.json":
                raise OSError(5, "Input/output error")
            return Path(super().rename(target))

    folder = tmp_path / "kiosk"
    draft = Obstinate(folder / "draft")
    (draft / "store").mkdir(parents=True)
    for name in ("settings.toml", "store/kiosk.db", "vault.json"):
        (draft / name).write_text("x", encoding="utf-8")
    with pytest.raises(OSError, match="Input/output"):
        _move_up(draft)
    assert [path.name for path in folder.iterdir()] == ["draft"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_end_in_the_middle_leaves_nothing_behind(number: signal.Signals, papers: Papers, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "kiosk"
    process = subprocess.Popen(
        [sys.executable, "-m", "kiosk", *papers.options(folder)],
        cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    while process.poll() is None and not list(tmp_path.glob("deep/.kiosk-*")):
        pass
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number, (output, errors)
    assert b"Traceback" not in errors
    assert not (tmp_path / "deep").exists()


# --- the bank signs the request ---


def _signed(request: Path, authority: Authority, to: Path) -> Path:
    """What a bank makes of the request: a certificate over its key."""
    from datetime import UTC, datetime, timedelta

    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.serialization import Encoding

    asked = x509.load_pem_x509_csr(request.read_bytes())
    assert asked.is_signature_valid
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(asked.subject)
        .issuer_name(authority.certificate.subject)
        .public_key(asked.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(authority.key, hashes.SHA256())
    )
    to.write_bytes(certificate.public_bytes(Encoding.PEM))
    return to


def test_the_banks_answer_to_the_request_is_installed_and_no_other(
    papers: Papers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = papers.set_up(tmp_path / "kiosk", client_certificate=None, client_key=None)
    client_file = folder / load_settings(folder).bank.client_certificate
    assert not client_file.exists()
    install = ["setup", "--folder", str(folder), "--passphrase-file", str(papers.passphrase)]
    install.append("--install-client-certificate")

    other = papers.write("other.pem", issue_client(make_authority()).certificate_pem)
    assert "was not signed for this kiosk's key" in _refusal([*install, str(other)], capsys)
    assert "is no PEM certificate" in _refusal([*install, str(papers.pin)], capsys)
    assert not client_file.exists()

    signed = _signed(folder / REQUEST_FILE, make_authority(), tmp_path / "signed.pem")
    assert main([*install, str(signed)]) == 0
    assert client_file.read_bytes() == signed.read_bytes()
    assert client_file.stat().st_mode & 0o777 == 0o600


def test_the_request_is_for_the_key_in_the_vault(papers: Papers, tmp_path: Path) -> None:
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    folder = papers.set_up(tmp_path / "kiosk", client_certificate=None, client_key=None)
    key = load_pem_private_key(
        unlock_vault(folder, VaultSettings("passphrase"), PASSPHRASE).secret(TLS_CLIENT_KEY), None
    )
    asked = x509.load_pem_x509_csr((folder / REQUEST_FILE).read_bytes())
    assert asked.public_key() == key.public_key()


# --- at a terminal ---


def test_setup_asks_for_everything_and_again_where_an_answer_is_wrong(papers: Papers, tmp_path: Path) -> None:
    folder = tmp_path / "kiosk"
    with Terminal("setup", "--vault", "passphrase", "--folder", str(folder)) as terminal:
        terminal.answer("Name of the bank", "Bank of Utopia")
        terminal.answer("Name of this terminal", "Main street 1")
        terminal.answer("Who answers for the data", "Bank of Utopia, 1 Bank Street, Utopia")
        terminal.answer("data protection officer, and how to reach them", "x" * 161)
        terminal.expect("privacy.officer must have 1 to 160 characters")
        terminal.answer("data protection officer, and how to reach them", "privacy@bank.example")
        terminal.answer("authority that a customer may complain to", "Data Protection Authority of Utopia")
        terminal.answer("Address for verdicts", "http://bank.example")
        terminal.expect("bank.url must begin with https://")
        terminal.answer("Address for verdicts", "https://127.0.0.1:9443")
        terminal.answer("PEM file of the bank's authority", "/nowhere")
        terminal.expect("cannot be read")
        terminal.answer("PEM file of the bank's authority", str(papers.ca))
        terminal.answer("PEM file of the bank's key for receipts", str(papers.receipt_key))
        terminal.expect("make a request for the bank to sign)")
        terminal.type("")
        terminal.answer("Camera that sees the customer", "/dev/no-face-camera")
        terminal.answer("Camera above the document tray", "/dev/no-document-camera")
        terminal.answer("Passphrase of the key vault", "short")
        terminal.expect("at least 12 characters; choose")
        terminal.answer("Passphrase of the key vault", PASSPHRASE)
        terminal.answer("Once more", "something else")
        terminal.expect("do not agree")
        terminal.answer("Passphrase of the key vault", PASSPHRASE)
        terminal.answer("Once more", PASSPHRASE)
        terminal.answer("Number of the first teller", "1042")
        terminal.answer("Name of the first teller", "A. Teller")
        terminal.answer("PIN of the first teller", "111111")
        terminal.expect("may not be a run")
        terminal.answer("PIN of the first teller", PIN)
        terminal.answer("Once more", PIN)
        assert terminal.end() == 0, terminal.shown
        assert PASSPHRASE not in terminal.shown
        assert PIN not in terminal.shown
    assert (folder / REQUEST_FILE).exists()
    unlock_vault(folder, VaultSettings("passphrase"), PASSPHRASE)


@pytest.mark.parametrize(("key", "code", "said"), [(b"\x03", 130, "kiosk: stopped."), (b"\x04", 2, "not answered")])
def test_leaving_the_questions_makes_nothing(key: bytes, code: int, said: str, tmp_path: Path) -> None:
    with Terminal("setup", "--vault", "passphrase", "--folder", str(tmp_path / "kiosk")) as terminal:
        terminal.answer("Name of the bank", "Bank of Utopia")
        terminal.expect("Name of this terminal: ")
        assert terminal.press_until_it_ends(key) == code
        assert said in terminal.shown
        assert "Traceback" not in terminal.shown
    assert _left_behind(tmp_path / "kiosk") == []


# --- cameras ---


def _two_cameras(folder: Path) -> tuple[list[CameraInfo], Path]:
    by_id = folder / "by-id"
    by_id.mkdir()
    nodes = [folder / name for name in ("video0", "video2")]
    for node in nodes:
        node.touch()
    (by_id / "usb-Face_Camera-video-index0").symlink_to(nodes[0])
    return [CameraInfo(f"Camera {n.name}", "usb", str(n), 0, 0, 0.0) for n in nodes], by_id


def test_cameras_are_offered_by_number_under_names_that_stay(tmp_path: Path) -> None:
    found, by_id = _two_cameras(tmp_path)
    cameras = cameras_at_hand(found, by_id)
    assert cameras[0].address == str(by_id / "usb-Face_Camera-video-index0")
    assert cameras[1].address == str(tmp_path / "video2")
    assert menu(cameras).splitlines()[1] == f"  2  Camera video2  {tmp_path / 'video2'}"


def test_a_number_of_the_menu_and_enter_choose_a_camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cameras = cameras_at_hand(*_two_cameras(tmp_path))

    def choose(typed: list[str], taken: str) -> str:
        def check(address: str) -> None:
            if address == taken:
                raise SettingsError("That one is taken.")

        monkeypatch.setattr("kiosk.admin.questions._demand_terminal", lambda *_: None)
        monkeypatch.setattr("builtins.input", lambda _: typed.pop(0))
        return choose_camera(None, "--face-camera", "Camera", cameras, "/dev/video0", check)

    assert choose(["2"], "") == cameras[1].address
    assert choose(["1", "2"], cameras[0].address) == cameras[1].address
    assert choose([""], cameras[0].address) == cameras[1].address
    assert choose(["/dev/video9"], "") == "/dev/video9"


def test_listing_cameras_says_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("hardware.opencv_camera.find_cameras", list)
    assert main(["setup", "--list-cameras"]) == 0
    assert capsys.readouterr().out.startswith("No camera was found at this machine")


def test_the_identity_of_a_chosen_camera_is_recorded(tmp_path: Path) -> None:
    tree = CameraTree(tmp_path)
    link = tmp_path / "by-id"
    link.symlink_to(tree.usb_camera("video0", serial=b""))
    camera = recorded(CameraSettings("usb", str(link), turns=1), tree.system)
    assert camera == CameraSettings(
        "usb", str(link), turns=1, vendor="046d", product="085e", bus_path="0000:00:14.0-2.1"
    )
    tree.remove("video0")
    assert recorded(camera, tree.system) == CameraSettings("usb", str(link), turns=1)


def test_a_virtual_camera_cannot_be_chosen(tmp_path: Path) -> None:
    tree = CameraTree(tmp_path)
    with pytest.raises(SettingsError, match="virtual one"):
        recorded(CameraSettings("usb", str(tree.virtual_camera("video0", "Camera"))), tree.system)


def test_cameras_are_recorded_later_and_anew(
    papers: Papers, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = papers.set_up(tmp_path / "kiosk")
    assert "--record-cameras" in capsys.readouterr().out
    words = ["setup", "--folder", str(folder), "--record-cameras"]
    assert "/dev/no-face-camera is not plugged in" in _refusal(words, capsys)
    before = load_settings(folder)
    tree = CameraTree(tmp_path)
    tree.usb_camera("no-face-camera")
    monkeypatch.setattr("kiosk.admin.camera_menu.record_cameras.__defaults__", (tree.system,))
    assert main(words) == 0
    said = capsys.readouterr().out
    assert "046d:085e, serial 8A3F, at 0000:00:14.0-2.1" in said
    assert "no identity" in said
    after = load_settings(folder)
    assert (after.face_camera.vendor, after.document_camera.vendor) == ("046d", "")
    assert (after.kiosk, after.face_camera.address) == (before.kiosk, before.face_camera.address)
