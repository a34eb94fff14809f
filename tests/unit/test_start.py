"""The bootstrap: what it decides before it fetches anything."""

import subprocess
import sys
from pathlib import Path

import pytest

import start

REPOSITORY = Path(start.__file__).resolve().parent


def copy_of_the_project(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("pyproject.toml", "uv.lock"):
        (folder / name).write_bytes((REPOSITORY / name).read_bytes())
    monkeypatch.setattr(start, "ROOT", folder)
    return folder


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_help_names_the_two_commands() -> None:
    answer = subprocess.run(
        [sys.executable, str(REPOSITORY / "start.py"), "--help"], capture_output=True, text=True, check=True
    )
    assert "demo" in answer.stdout
    assert "test" in answer.stdout


def test_an_unknown_command_prepares_nothing() -> None:
    answer = subprocess.run([sys.executable, str(REPOSITORY / "start.py"), "dmeo"], capture_output=True, text=True)
    assert answer.returncode == 2
    assert "[1/" not in answer.stdout


def test_a_new_dependency_brings_the_packages_in_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy_of_the_project(tmp_path, monkeypatch)
    before = start.packages_stamp()
    change(folder / "pyproject.toml", "dependencies = [", 'dependencies = [\n    "idna",')
    assert start.packages_stamp() != before


def test_another_lock_file_brings_the_packages_in_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy_of_the_project(tmp_path, monkeypatch)
    before = start.packages_stamp()
    change(folder / "uv.lock", "sha256:", "sha256:0")
    assert start.packages_stamp() != before


def test_a_lint_setting_fetches_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy_of_the_project(tmp_path, monkeypatch)
    before = start.packages_stamp()
    change(folder / "pyproject.toml", "[tool.ruff]", "[tool.ruff]\nfix = true")
    assert start.packages_stamp() == before


def test_an_environment_from_an_interrupted_run_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    unfinished = tmp_path / "packages.unfinished"
    monkeypatch.setattr(start, "UNFINISHED", unfinished)
    monkeypatch.setattr(start, "VENV", Path(sys.prefix))
    monkeypatch.setattr(start, "VENV_PYTHON", Path(sys.prefix) / "bin" / "python")
    assert start.environment_is_usable()
    unfinished.touch()
    assert not start.environment_is_usable()


def test_a_moved_environment_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "activate").write_text("VIRTUAL_ENV=/elsewhere/.venv\n")
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    monkeypatch.setattr(start, "UNFINISHED", tmp_path / "packages.unfinished")
    monkeypatch.setattr(start, "VENV", tmp_path)
    monkeypatch.setattr(start, "VENV_PYTHON", tmp_path / "bin" / "python")
    assert not start.environment_is_usable()


def test_the_size_to_fetch_is_that_of_this_machines_wheels() -> None:
    assert 200 < start.locked_megabytes() < 1000


def test_the_public_index_needs_no_detour(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://pypi.org/simple/")
    assert start.configured_index() is None


def test_the_machines_own_index_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "https://packages.bank.example/simple")
    assert start.configured_index() == "https://packages.bank.example/simple"


@pytest.mark.skipif(start.shutil.which("dpkg-query") is None, reason="asks Debian's package database")
def test_a_package_that_is_not_installed_is_missing() -> None:
    assert start.missing_packages({"dpkg": "", "no-such-package-exists": ""}) == ["no-such-package-exists"]


def test_too_little_room_is_said_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "VENV", tmp_path / "absent")
    monkeypatch.setattr(start, "NEEDED_DISK_GB", 10**9)
    with pytest.raises(start.SetUpError, match="Make room"):
        start.check_disk()
