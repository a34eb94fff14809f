"""`kiosk run`: every fault is one sentence before any window; without cameras it stands calmly."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psutil
import pyrage
import pytest

from kiosk.admin.certificates import issue_client, make_authority
from kiosk.cli import main
from kiosk.settings import SETTINGS_FILE
from tests.kiosk_folders import PASSPHRASE, Papers
from tests.terminal import REPOSITORY, Terminal

PATIENCE_S = 60.0
BANK = pyrage.x25519.Identity.generate()


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    return Papers(tmp_path_factory.mktemp("papers"))


@pytest.fixture(scope="module")
def pristine(papers: Papers) -> Path:
    """A kiosk that was set up once for all tests; each works on a copy."""
    return papers.set_up(papers.folder / "kiosk", backup_recipient=str(BANK.to_public()))


@pytest.fixture
def folder(pristine: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(pristine, tmp_path / "kiosk"))


def _words(folder: Path, papers: Papers) -> list[str]:
    return ["run", "--folder", str(folder), "--passphrase-file", str(papers.passphrase)]


class Running:
    """`kiosk run` off screen. Use as a context: nothing of it is left running."""

    def __init__(self, words: list[str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "kiosk", *words],
            cwd=REPOSITORY,
            env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.communicate(timeout=PATIENCE_S)

    def family(self) -> list[psutil.Process]:
        """Launcher, desk and the others that run now."""
        launcher = psutil.Process(self.process.pid)
        return [launcher, *launcher.children(recursive=True)]

    def end(self, number: signal.Signals) -> tuple[int, str]:
        """Send a signal; return exit code and what was printed."""
        self.process.send_signal(number)
        output, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, output


def _wait_for(log: Path, text: str, times: int = 1) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not log.exists() or log.read_text(encoding="utf-8").count(text) < times:
        assert time.monotonic() < deadline, f"{text!r} is not in {log.read_text() if log.exists() else log}"
        time.sleep(0.1)


# --- what is wrong is said before any window ---


def _spoil(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


def _edit(folder: Path, old: str, new: str) -> None:
    path = folder / SETTINGS_FILE
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


FAULTS = {
    "settings gone": (lambda f: (f / SETTINGS_FILE).unlink(), "run `kiosk setup`"),
    "settings wrong": (lambda f: _edit(f, "https://", "http://"), "bank.url must begin with https://"),
    "a demo's folder": (lambda f: _edit(f, "demo = false", "demo = true"), "made by the demo"),
    "CA gone": (lambda f: (f / "certificates/ca.pem").unlink(), "bank.ca names"),
    "CA spoilt": (lambda f: (f / "certificates/ca.pem").write_text("x"), "is no PEM certificate"),
    "client certificate gone": (lambda f: (f / "certificates/client.pem").unlink(), "--install-client-certificate"),
    "client certificate of another": (
        lambda f: shutil.copy(f / "certificates/ca.pem", f / "certificates/client.pem"),
        "was not signed for this kiosk's key",
    ),
    "receipt key gone": (lambda f: (f / "certificates/receipt.pem").unlink(), "bank.receipt_key names"),
    "vault gone": (lambda f: (f / "vault.json").unlink(), "There is no key vault"),
    "vault damaged": (lambda f: _spoil(f / "vault.json"), "is damaged"),
    "database damaged": (lambda f: _spoil(f / "store/kiosk.db"), "is damaged"),
    "database gone": (lambda f: (f / "store/kiosk.db").unlink(), "kiosk.db"),
    "store gone": (lambda f: shutil.rmtree(f / "store"), "There is no store in"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_exit_2_with_one_sentence(
    fault: str, folder: Path, papers: Papers, capsys: pytest.CaptureFixture[str]
) -> None:
    break_it, said = FAULTS[fault]
    break_it(folder)
    assert main(_words(folder, papers)) == 2
    sentence = capsys.readouterr().err
    assert sentence.startswith("kiosk: ")
    assert sentence.count("\n") == 1
    assert said in sentence
    assert not (folder / "logs").exists(), "a process was started"


def test_without_a_display_nothing_is_started(
    folder: Path, papers: Papers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main(_words(folder, papers)) == 2
    assert "There is no display for the kiosk's screens" in capsys.readouterr().err
    monkeypatch.setenv("DISPLAY", "nowhere.invalid:0")
    assert main(_words(folder, papers)) == 2
    said = capsys.readouterr().err
    assert said.startswith("kiosk: The display nowhere.invalid:0 cannot be opened (")
    assert said.count("\n") == 1
    assert not (folder / "logs").exists(), "a process was started"


def test_a_wrong_passphrase_is_exit_2(folder: Path, papers: Papers, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["run", "--folder", str(folder), "--passphrase-file", str(papers.write("wrong", "incorrect horse battery"))]
    assert main(words) == 2
    assert "This is not the passphrase" in capsys.readouterr().err


def test_a_model_that_is_another_is_exit_2(
    folder: Path,
    papers: Papers,
    built_models: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    models = Path(shutil.copytree(built_models, tmp_path / "models"))
    for file in models.glob("*.onnx"):
        _spoil(file)
    monkeypatch.setattr("kiosk.vision.models.MODELS_DIR", models)
    assert main(_words(folder, papers)) == 2
    assert "is not the one in the manifest" in capsys.readouterr().err


def test_without_a_terminal_the_passphrase_must_come_from_a_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with Path("/dev/null").open(encoding="utf-8") as nothing:
        monkeypatch.setattr("sys.stdin", nothing)
        assert main(["run", "--folder", str(folder)]) == 2
    assert "--passphrase-file" in capsys.readouterr().err


# --- the check ---


def test_the_check_says_that_all_is_in_order_and_that_the_teller_decides(
    folder: Path, papers: Papers, built_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*_words(folder, papers), "--check"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[0].endswith(
        "has no threshold validated at false match rate 0.0001: every comparison is referred to the teller."
    )
    assert "kiosk setup --record-cameras" in said[1]
    assert said[2:] == ["Settings, certificates, models, vault and store are in order."]


def test_the_check_needs_no_display(
    folder: Path, papers: Papers, built_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    assert main([*_words(folder, papers), "--check"]) == 0


def test_a_client_certificate_that_ends_soon_is_said_and_no_hindrance(
    papers: Papers, tmp_path: Path, built_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    soon = issue_client(make_authority(), valid_for=timedelta(days=20))
    certificate, key = papers.write("soon.pem", soon.certificate_pem), papers.write("soon-key.pem", soon.key_pem)
    folder = papers.set_up(tmp_path / "soon", client_certificate=certificate, client_key=key)
    capsys.readouterr()
    assert main([*_words(folder, papers), "--check"]) == 0
    ends_on = f"{datetime.now(UTC) + timedelta(days=20):%Y-%m-%d}"
    assert f"The client certificate expires on {ends_on}; after that nothing is delivered." in capsys.readouterr().out


def test_one_valid_authority_among_expired_ones_is_enough(
    folder: Path, papers: Papers, built_models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    expired, valid = make_authority(valid_for=timedelta(days=-1)).pem, papers.ca.read_text(encoding="ascii")
    (folder / "certificates/ca.pem").write_text(expired + valid, encoding="ascii")
    assert main([*_words(folder, papers), "--check"]) == 0
    (folder / "certificates/ca.pem").write_text(expired, encoding="ascii")
    assert main([*_words(folder, papers), "--check"]) == 2
    assert "ca.pem expired on" in capsys.readouterr().err


def test_the_passphrase_is_asked_for_at_a_terminal(folder: Path, built_models: Path) -> None:
    with Terminal("run", "--check", "--folder", str(folder)) as terminal:
        terminal.answer("Passphrase of the key vault", PASSPHRASE)
        assert terminal.end() == 0, terminal.shown
        assert PASSPHRASE not in terminal.shown


# --- a machine without cameras ---


@pytest.fixture
def running(folder: Path, papers: Papers, built_models: Path) -> Iterator[Running]:
    with Running(_words(folder, papers)) as running:
        _wait_for(folder / "logs" / "desk.log", "There is no camera /dev/no-")
        yield running


def test_without_cameras_it_stands_calmly_and_ends_on_a_signal(folder: Path, running: Running, papers: Papers) -> None:
    logs = folder / "logs"
    _wait_for(logs / "reader.log", "Ending: There is no camera", times=2)
    second = subprocess.run(
        [sys.executable, "-m", "kiosk", *_words(folder, papers)], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert second.returncode == 2
    assert f"A kiosk is running in {folder} (process {running.process.pid})" in second.stderr
    assert second.stdout == ""

    family = running.family()
    code, said = running.end(signal.SIGTERM)
    assert code == 0
    assert [process for process in family if process.is_running()] == []
    assert "every comparison is referred to the teller" in said
    assert "Traceback" not in said + "".join(log.read_text(encoding="utf-8") for log in logs.iterdir())


@pytest.mark.usefixtures("running")
def test_its_store_is_backed_up_and_checked_while_it_runs_and_nobody_asks_for_the_passphrase(
    folder: Path, papers: Papers, capsys: pytest.CaptureFixture[str]
) -> None:
    named = ["--folder", str(folder)]
    assert main(["store", "check", *named]) == 0
    assert "in order" in capsys.readouterr().out
    backup = folder / "backup.age"
    assert main(["store", "backup", "--to", str(backup), *named]) == 0
    assert pyrage.decrypt(backup.read_bytes(), [BANK]).startswith(b'{"format":"kiosk store backup 1"')
    bank = papers.write("bank.key", str(BANK))
    teller = ["--teller", "1", "--teller-name", "N.", "--pin-file", str(papers.pin)]
    assert main(["store", "restore", str(backup), "--identity", str(bank), *named, *teller]) == 2
    assert "The kiosk is running" in capsys.readouterr().err


def test_the_keyboard_ends_it_in_good_order(folder: Path, running: Running) -> None:
    family = running.family()
    os.killpg(running.process.pid, signal.SIGINT)  # what a terminal does: everybody hears it
    running.process.communicate(timeout=PATIENCE_S)
    assert running.process.returncode == 0
    assert [process for process in family if process.is_running()] == []


def test_killing_what_was_started_leaves_nobody_behind(folder: Path, running: Running) -> None:
    family = running.family()
    assert len(family) >= 3
    running.end(signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_S)
    assert alive == []
