"""Makes the models that no package brings ready made, from pinned archives, the same bytes every time.

Whatever was interrupted is taken up again: a verified archive stays in the cache until its model stands. Files appear
whole or not at all. Loads no model.
"""

import hashlib
import os
import tarfile
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from kiosk.admin.dlib_weights import read_dlib_weights
from kiosk.admin.face_template_network import face_template_network
from kiosk.admin.package_archive import ArchiveError, check_archive, fetch_archive
from kiosk.errors import VisionError
from kiosk.vision.models import Model, ModelManifest, ModelsError, check_model


class BuildError(VisionError):
    """A model could not be made."""


class BuiltModelMismatchError(BuildError):
    """What was made is not what the manifest pins: other libraries, or a damaged machine."""

    def __init__(self, path: Path, expected_sha256: str, found_sha256: str) -> None:
        super().__init__(
            f"The model made for {path} is not the one in the manifest (SHA-256 {found_sha256[:16]}… instead of "
            f"{expected_sha256[:16]}…); it was not kept. Install the packages as locked (`uv sync --frozen`) and try "
            "again."
        )
        self.path = path


class Progress(Protocol):
    """How the builder says where it is."""

    def stage(self, words: str, total: int | None = None) -> Callable[[int], None]:
        """Begin a stage; return what to call with how much of `total` is done."""


def models_to_build(manifest: ModelManifest, models_dir: Path) -> list[Model]:
    """The models that must be made and do not stand as pinned."""
    return [model for model in manifest.models if model.is_built and not _stands(model, models_dir)]


def build_model(model: Model, models_dir: Path, cache: Path, progress: Progress, archive: Path | None = None) -> Path:
    """Make one model and return its file; raise `BuildError`, `ArchiveError` or `WeightsFormatError`."""
    source = model.source
    if archive is None:
        shown = progress.stage(f"fetch {source.archive}", source.archive_bytes)
        held = fetch_archive(source, cache, shown)
    else:
        check_archive(archive, source)
        held = archive
    weights = _extract(held, source.member, progress)
    if (found := _sha256(weights)) != source.member_sha256:
        raise BuiltModelMismatchError(Path(source.member), source.member_sha256, found)
    converted = progress.stage(f"convert to {model.file}", len(weights))
    network = face_template_network(read_dlib_weights(weights))
    converted(len(weights))
    path = models_dir / model.file
    if (found := _sha256(network)) != model.sha256:
        raise BuiltModelMismatchError(path, model.sha256, found)
    _write_whole(path, network)
    if archive is None:
        held.unlink(missing_ok=True)
    return path


def _stands(model: Model, models_dir: Path) -> bool:
    try:
        check_model(model, models_dir)
    except ModelsError:
        return False
    return True


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _extract(archive: Path, member: str, progress: Progress) -> bytes:
    """Read one file of the archive into memory; nothing else of it is unpacked."""
    total = archive.stat().st_size
    shown = progress.stage(f"unpack {Path(member).name}", total)
    try:
        with archive.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:gz") as tar:
            for entry in tar:
                shown(raw.tell())
                file = tar.extractfile(entry) if entry.name == member else None
                if file is not None:
                    data = bytes(file.read())
                    shown(total)
                    return data
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise ArchiveError(f"The archive {archive} cannot be unpacked ({error}); delete it and try again.") from error
    raise ArchiveError(f"The archive {archive} holds no {member}; the manifest and the archive do not fit together.")


def _write_whole(path: Path, data: bytes) -> None:
    """The file appears complete and durable, or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_beside(path) as (temporary, file):
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            temporary.chmod(0o644)
            temporary.replace(path)
    except OSError as error:
        raise BuildError(
            f"{path} cannot be written: {error.strerror or error}; make room or give another --models."
        ) from error


@contextmanager
def _temporary_beside(path: Path) -> Iterator[tuple[Path, IO[bytes]]]:
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield Path(name), file
    finally:
        Path(name).unlink(missing_ok=True)
