"""Installs, removes and chooses models: whole or not at all, and to be taken back by one command.

A model is prepared in a hidden folder beside the others and appears by one renaming; what an interrupted run left is
cleared away by the next.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import tomli_w
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kiosk.admin.model_signature import demand_signature
from kiosk.admin.model_trial import try_model
from kiosk.admin.openvino_ir import read_openvino_ir
from kiosk.admin.openvino_onnx import openvino_to_onnx
from kiosk.errors import KioskError, VisionError
from kiosk.vision.installed_models import (
    DESCRIPTION_FILE,
    IN_USE_FILE,
    NETWORK_FILE,
    SIGNATURE_FILE,
    InstalledModelError,
    ModelDescription,
    read_choice,
    read_description,
    read_installed,
    using,
)
from kiosk.vision.models import READY_DIR, Model, ModelManifest, ReadyModel, load_manifest

_LARGEST_FILE = 512 * 1024**2
_PREPARED = ".preparing-"
_SET_ASIDE = ".set-aside-"
_REMOVED = ".removed-"


class InstallError(VisionError):
    """A model cannot be installed, removed or chosen."""


@dataclass(frozen=True, slots=True)
class FoundModel:
    """What `PATH` of `kiosk models install PATH` turned out to be."""

    description: ModelDescription
    description_bytes: bytes
    files: Path
    """Folder in which the described files lie."""
    signature: Path
    """Where the bank's signature lies, if there is one."""


def find_model(path: Path, manifest: ModelManifest) -> FoundModel:
    """Return the description that `path` is, holds, or is the ready entry's folder of; raise a `KioskError`."""
    if path.is_file():
        return _described(path)
    if not path.is_dir():
        raise InstallError(f"{path} is neither a description nor a folder; name one (docs/models.md).")
    descriptions = sorted(path.glob("*.toml"))
    if len(descriptions) > 1:
        raise InstallError(f"There are several descriptions in {path}; name one of them.")
    if descriptions:
        return _described(descriptions[0])
    for entry in manifest.ready:
        if all((path / name).is_file() for name in entry.files):
            return _ready(entry, path)
    raise InstallError(
        f"There is no description (*.toml) in {path}, and its files are of no model that the program knows; write one"
        " (docs/models.md)."
    )


def install_model(
    found: FoundModel, manifest: ModelManifest, installed_dir: Path, key: Ed25519PublicKey | None
) -> Model:
    """Check, convert, try and install; return the model. With a key the bank's signature is demanded."""
    description = found.description
    if any(model.id == description.id for model in manifest.models):
        raise InstallError(f"{description.id} is the name of a model that comes with the program; choose another id.")
    signed = None if key is None else demand_signature(found.description_bytes, found.signature, key)
    network = _network(found)
    target = installed_dir / description.id
    with _writing(installed_dir):
        installed_dir.mkdir(parents=True, exist_ok=True)
        _clear_away(installed_dir)
        prepared = Path(tempfile.mkdtemp(prefix=_PREPARED, dir=installed_dir))
        prepared.chmod(0o755)
        _write(prepared / DESCRIPTION_FILE, found.description_bytes)
        _write(prepared / NETWORK_FILE, network)
        if signed is not None:
            _write(prepared / SIGNATURE_FILE, signed)
    model = description.model(prepared)
    try:
        _hashed(model.path(installed_dir), model.sha256)
        try_model(model, model.path(installed_dir))
    except KioskError:
        shutil.rmtree(prepared, ignore_errors=True)
        raise
    with _writing(installed_dir):
        _put_in_place(prepared, target)
    return description.model(target)


def remove_model(model_id: str, installed_dir: Path) -> None:
    """Take an installed model away, damaged or not; raise `InstallError`."""
    if any(model.id == model_id for model in load_manifest().models):
        raise InstallError(f"{model_id} comes with the program; it cannot be removed, only another one be chosen.")
    target = installed_dir / model_id
    if not model_id or Path(model_id).name != model_id or model_id.startswith(".") or not target.is_dir():
        raise InstallError(f"There is no installed model {model_id!r}; `kiosk models list` names those there are.")
    with _writing(installed_dir):
        if _is_chosen(model_id, installed_dir):
            (installed_dir / IN_USE_FILE).unlink(missing_ok=True)
        if target.is_symlink():
            target.unlink()  # what it points to is nobody's installation
            return
        removed = installed_dir / f"{_REMOVED}{model_id}"
        shutil.rmtree(removed, ignore_errors=True)
        target.rename(removed)
        shutil.rmtree(removed)


def use_model(model_id: str, installed_dir: Path) -> ModelManifest:
    """Choose the template model that compares faces, whatever was chosen before; raise a `VisionError`."""
    chosen = using(replace(load_manifest(), installed=read_installed(installed_dir)), model_id)
    with _writing(installed_dir):
        installed_dir.mkdir(parents=True, exist_ok=True)
        aside = installed_dir / f".{IN_USE_FILE}"
        _write(aside, tomli_w.dumps({"template_model": model_id}).encode())
        aside.replace(installed_dir / IN_USE_FILE)
    return chosen


def _is_chosen(model_id: str, installed_dir: Path) -> bool:
    """A choice that cannot be read is given up with whatever is removed."""
    try:
        return read_choice(installed_dir) == model_id
    except InstalledModelError:
        return True


def _described(path: Path) -> FoundModel:
    description, content = read_description(path)
    return FoundModel(description, content, path.parent, path.with_name(f"{path.name}.sig"))


def _ready(entry: ReadyModel, folder: Path) -> FoundModel:
    path = READY_DIR / entry.description
    _hashed(path, entry.description_sha256)
    description, content = read_description(path)
    return FoundModel(description, content, folder, folder / f"{path.name}.sig")


def _network(found: FoundModel) -> bytes:
    """The ONNX network of the described files, each of them hashed."""
    contents = {}
    for file in found.description.files:
        path = found.files / file.name
        contents[path.suffix.lower()] = _hashed(path, file.sha256)
    if ".onnx" in contents:
        return contents[".onnx"]
    return openvino_to_onnx(read_openvino_ir(contents[".xml"], contents[".bin"]))


def _hashed(path: Path, expected_sha256: str) -> bytes:
    """The very bytes that were hashed. A pipe or a device could be read for ever."""
    try:
        if path.exists() and not path.is_file():
            raise InstallError(f"The model file {path} is no plain file; copy the publisher's file there.")
        if path.stat().st_size > _LARGEST_FILE:
            raise InstallError(f"The model file {path} is larger than 512 MB; take the publisher's file again.")
        content = path.read_bytes()
    except OSError as error:
        raise InstallError(f"The model file {path} cannot be read: {error.strerror or error}; put it there.") from error
    if (found := hashlib.sha256(content).hexdigest()) != expected_sha256:
        raise InstallError(
            f"The file {path.name} is not the one in the description (SHA-256 {found} instead of {expected_sha256});"
            " take it from the publisher's address again."
        )
    return content


def _put_in_place(prepared: Path, target: Path) -> None:
    """By renaming alone: at every moment the folder is the old one, missing, or the new one."""
    aside = target.with_name(f"{_SET_ASIDE}{target.name}")
    if target.exists():
        shutil.rmtree(aside, ignore_errors=True)
        target.rename(aside)
    prepared.rename(target)
    shutil.rmtree(aside, ignore_errors=True)


def _clear_away(installed_dir: Path) -> None:
    """What an interrupted run left; a model that was being replaced comes back."""
    for leftover in (*installed_dir.glob(f"{_PREPARED}*"), *installed_dir.glob(f"{_REMOVED}*")):
        shutil.rmtree(leftover, ignore_errors=True)
    for aside in installed_dir.glob(f"{_SET_ASIDE}*"):
        target = installed_dir / aside.name.removeprefix(_SET_ASIDE)
        if target.exists():
            shutil.rmtree(aside, ignore_errors=True)
        else:
            aside.rename(target)


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o644)


@contextlib.contextmanager
def _writing(installed_dir: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InstallError(
            f"{installed_dir} cannot be written: {error.strerror or error}; make room or mend its permissions."
        ) from error
