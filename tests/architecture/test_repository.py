"""What must never be committed: secrets, faces, and words about one particular machine."""

import re
import subprocess
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
THIS_FILE = Path(__file__).resolve().relative_to(REPOSITORY).as_posix()
PUBLIC_HOSTS = {"pypi.org", "files.pythonhosted.org"}
PEM_HEADER = re.compile(
    rb"-----BEGIN [A-Z ]*(PRIVATE KEY|CERTIFICATE|CERTIFICATE REQUEST)-----\s*\n\s*[A-Za-z0-9+/=]{16}"
)
MACHINE_PATH = re.compile(rb"(?<![\w./-])/(work|root|mnt|home)/[\w.]|(?<![\w./-])/opt/(pypi|wheels)")
PICTURES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".bmp",
    ".gif",
    ".tif",
    ".tiff",
    ".webp",
    ".mp4",
    ".avi",
    ".mov",
    ".mkv",
    ".npy",
    ".npz",
)
PICTURES_ALLOWED_IN = ("assets/icons/", "docs/pictures/")
SECRETS = (".key", ".pem", ".crt", ".cer", ".der", ".p12", ".pfx", ".db", ".sqlite")
MODELS = (".onnx", ".tflite", ".dat", ".pt", ".pb")
LARGEST_FILE_BYTES = 1_000_000


def committed_files() -> list[Path]:
    """Files that git has or would take with the next commit."""
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPOSITORY,
        capture_output=True,
        check=True,
    ).stdout
    paths = [REPOSITORY / name.decode() for name in listing.split(b"\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.fixture(scope="module")
def files() -> list[Path]:
    found = committed_files()
    assert len(found) > 20
    return found


def named(paths: list[Path]) -> list[str]:
    return [path.relative_to(REPOSITORY).as_posix() for path in paths]


def test_no_file_names_one_machine(files: list[Path]) -> None:
    found = [
        f"{name}: {match.group().decode()}"
        for path, name in zip(files, named(files), strict=True)
        if name != THIS_FILE and (match := MACHINE_PATH.search(path.read_bytes()))
    ]
    assert not found, f"paths of one machine: {found}"


def test_the_lock_file_names_the_public_index_only() -> None:
    hosts = set(re.findall(r"https?://([^/\"]+)", (REPOSITORY / "uv.lock").read_text(encoding="utf-8")))
    assert hosts <= PUBLIC_HOSTS


def test_no_key_and_no_certificate_is_committed(files: list[Path]) -> None:
    found = [name for path, name in zip(files, named(files), strict=True) if PEM_HEADER.search(path.read_bytes())]
    found += [name for name in named(files) if name.endswith(SECRETS)]
    assert not found, f"tests make their own keys and certificates: {found}"


def test_no_picture_that_could_hold_a_face_is_committed(files: list[Path]) -> None:
    pictures = [name for name in named(files) if name.lower().endswith(PICTURES)]
    assert [name for name in pictures if not name.startswith(PICTURES_ALLOWED_IN)] == []


def test_no_model_and_nothing_large_is_committed(files: list[Path]) -> None:
    models = [name for name in named(files) if name.endswith(MODELS)]
    large = [name for path, name in zip(files, named(files), strict=True) if path.stat().st_size > LARGEST_FILE_BYTES]
    assert (models, large) == ([], []), "models are built from the package index; large files have no place here"
