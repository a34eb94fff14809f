"""The `kiosk` command as a stranger meets it: help everywhere, one sentence for what is wrong, never a traceback."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hardware.camera import CameraBusyError
from kiosk import cli
from kiosk.errors import KioskError
from tests.conftest import REPOSITORY

KIOSK = [sys.executable, "-m", "kiosk"]
COMMANDS = sorted(cli._COMMANDS)


def _run(*words: str, **options: object) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([*KIOSK, *words], cwd=REPOSITORY, capture_output=True, text=True, timeout=60, **options)  # type: ignore[call-overload,no-any-return]


def _fail_with(monkeypatch: pytest.MonkeyPatch, act: Callable[[], int]) -> None:
    """Put an act in the place of whatever the command would do."""
    monkeypatch.setattr(cli, "_run", lambda _: act())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([command, "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith(f"usage: kiosk {command}")
    assert len(said) > 200


def test_the_top_names_every_command() -> None:
    done = _run("--help")
    assert done.returncode == 0
    assert [name for name in COMMANDS if f"\n    {name}" not in done.stdout] == []


def test_help_loads_nothing_heavy() -> None:
    heavy = ["numpy", "cv2", "msgspec", "PySide6", "cryptography", "mediapipe", "onnxruntime", "sqlcipher3", "httpx"]
    program = (
        "import sys, runpy\nsys.argv = ['kiosk', '--help']\n"
        "try:\n    runpy.run_module('kiosk', run_name='__main__')\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize("command", ["setup", "run", "teller"])
def test_help_of_what_it_uses_first_loads_nothing_heavy(command: str) -> None:
    program = (
        "import sys\nfrom kiosk.cli import main\n"
        f"try:\n    main([{command!r}, '--help'])\nexcept SystemExit:\n    pass\n"
        "print([n for n in ('numpy', 'cv2', 'PySide6', 'cryptography', 'sqlcipher3') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_is_exit_2() -> None:
    done = _run("open-account")
    assert done.returncode == 2
    assert "invalid choice: 'open-account'" in done.stderr
    assert "Traceback" not in done.stderr


def test_no_command_prints_the_help_and_is_exit_2() -> None:
    done = _run()
    assert done.returncode == 2
    assert done.stderr.startswith("usage: kiosk")


def test_a_file_called_like_a_command_does_not_confuse(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["--version", "run"])
    assert "kiosk: error: " in capsys.readouterr().err


@pytest.mark.parametrize("error", [KioskError("Mend it."), CameraBusyError("Mend it.")])
def test_what_is_wrong_is_one_sentence_and_exit_2(
    error: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise error

    _fail_with(monkeypatch, fail)
    assert cli.main([]) == 2
    assert capsys.readouterr().err == "kiosk: Mend it.\n"


def test_a_file_that_the_system_refuses_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    _fail_with(monkeypatch, lambda: len((tmp_path / "absent").read_bytes()))
    assert cli.main([]) == 2
    assert capsys.readouterr().err == f"kiosk: {tmp_path}/absent cannot be used: No such file or directory.\n"


def test_a_mistake_of_ours_keeps_its_traceback_and_is_exit_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _fail_with(monkeypatch, lambda: 1 // 0)
    assert cli.main(["demo"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("Traceback")
    assert said.splitlines()[-1].startswith("kiosk: A mistake in the kiosk itself (ZeroDivisionError: ")


@pytest.mark.parametrize(("error", "says"), [(ValueError("a\nb"), "(ValueError: a b)"), (MemoryError(), "memory")])
def test_a_mistake_is_one_sentence_and_an_object_where_programs_read(
    error: Exception, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise error

    monkeypatch.delenv("KIOSK_DEBUG", raising=False)
    _fail_with(monkeypatch, fail)
    assert cli.main(["verify", "a", "b", "--json"]) == 2
    said = capsys.readouterr()
    assert said.err.startswith("kiosk: ")
    assert said.err.count("\n") == 1
    assert says in said.err
    assert json.loads(said.out) == {"error": said.err.removeprefix("kiosk: ").rstrip("\n")}


def test_a_mistake_shows_where_it_is_when_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("KIOSK_DEBUG", "1")
    _fail_with(monkeypatch, lambda: 1 // 0)
    assert cli.main(["verify"]) == 2
    assert capsys.readouterr().err.startswith("Traceback")


def test_stopping_by_the_keyboard_is_exit_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop() -> int:
        raise KeyboardInterrupt

    _fail_with(monkeypatch, stop)
    assert cli.main([]) == 130
    assert capsys.readouterr().err == "kiosk: stopped.\n"


@pytest.mark.parametrize(("words", "code"), [(["setup", "--list-cameras"], 128 + signal.SIGPIPE), (["data-list"], 1)])
def test_output_that_nobody_reads_ends_quietly(words: list[str], code: int) -> None:
    """Rich, which prints the list, has an exit code of its own for it."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    done = subprocess.run(
        [*KIOSK, *words], cwd=REPOSITORY, stdout=write_end, stderr=subprocess.PIPE, text=True, timeout=60
    )
    os.close(write_end)
    assert done.stderr == ""
    assert done.returncode == code
