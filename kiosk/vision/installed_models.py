"""Models that somebody installed: their descriptions, and which of them are in use.

Each lies in a folder of its own, with the description as it was given, its signature if there is one, and the network.
Reads only; `kiosk models install` writes. Whether a signature is the bank's, `kiosk.admin.model_signature` says.
"""

import re
import tomllib
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import msgspec

from kiosk.verification.comparison import ComparisonThreshold
from kiosk.vision.model_form import ClassifierForm, TemplateForm
from kiosk.vision.models import (
    INSTALLED_DIR,
    MANIFEST_FILE,
    Model,
    ModelManifest,
    ModelRole,
    ModelsError,
    is_sha256,
    load_manifest,
    model_contradiction,
)

DESCRIPTION_FILE = "description.toml"
SIGNATURE_FILE = "description.toml.sig"
NETWORK_FILE = "network.onnx"
IN_USE_FILE = "in_use.toml"
_LARGEST_DESCRIPTION = 256 * 1024
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", re.ASCII)
INSTALLABLE_ROLES = (ModelRole.FACE_TEMPLATE, ModelRole.PAD_CLASSIFIER)


class DescriptionError(ModelsError):
    """A description does not say what it must."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"The model description {path} cannot be used: {detail}; correct it (docs/models.md).")
        self.path = path
        self.detail = detail


class InstalledModelError(ModelsError):
    """The folder of installed models is not as `kiosk models` left it."""


class ModelNotInstalledError(ModelsError):
    """An id was named that no template model here has."""

    def __init__(self, model_id: str, known: Collection[str]) -> None:
        super().__init__(
            f"There is no template model {model_id!r} here; choose one of: {', '.join(known)}, or install it"
            " (`kiosk models install PATH`)."
        )
        self.model_id = model_id


class DescribedFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A file that lies beside the description."""

    name: str
    sha256: str


class ModelDescription(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a description says: where a model is from, how it wants its pictures, what its scores are worth."""

    id: str
    role: ModelRole
    licence: str
    publisher: str
    """Address of the files."""
    files: tuple[DescribedFile, ...]
    """One ONNX file, or the XML and BIN file of an OpenVINO network."""
    network_sha256: str = ""
    """Of the converted network; left out for an ONNX file, which is used as it is."""
    template: TemplateForm | None = None
    classifier: ClassifierForm | None = None
    thresholds: tuple[ComparisonThreshold, ...] = ()
    refuse_below: float | None = None

    def model(self, folder: Path) -> Model:
        """The model as it stands once installed in this folder."""
        return Model(
            id=self.id,
            role=self.role,
            licence=self.licence,
            sha256=self.network_sha256 or self.files[0].sha256,
            publisher=self.publisher,
            file=NETWORK_FILE,
            thresholds=self.thresholds,
            refuse_below=self.refuse_below,
            template=self.template,
            classifier=self.classifier,
            folder=str(folder),
        )


class _InUse(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    template_model: str


def read_description(path: Path) -> tuple[ModelDescription, bytes]:
    """Return a description and the bytes it was read from; raise `DescriptionError`."""
    if path.exists() and not path.is_file():
        raise DescriptionError(path, "it is no plain file")
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST_DESCRIPTION + 1)
    except OSError as error:
        raise DescriptionError(path, error.strerror or "it cannot be read") from error
    if len(content) > _LARGEST_DESCRIPTION:
        raise DescriptionError(path, f"it is larger than {_LARGEST_DESCRIPTION // 1024} KB")
    try:
        description = msgspec.convert(tomllib.loads(content.decode("utf-8")), ModelDescription)
    except msgspec.ValidationError as error:
        raise DescriptionError(path, _readable(error)) from error
    except (ValueError, RecursionError) as error:  # of the TOML, integers of 5,000 digits included
        raise DescriptionError(path, f"it is no TOML ({' '.join(str(error).split())[:120]})") from error
    if (detail := _contradiction(description)) is not None:
        raise DescriptionError(path, detail)
    return description, content


def load_models(manifest_file: Path = MANIFEST_FILE, installed_dir: Path | None = None) -> ModelManifest:
    """Return the manifest with what is installed besides, and what of it is in use; raise `ModelsError`."""
    installed_dir = installed_dir or INSTALLED_DIR
    known = replace(load_manifest(manifest_file), installed=read_installed(installed_dir))
    chosen = read_choice(installed_dir)
    return using(known, chosen if chosen is not None else recommended(known))


def using(manifest: ModelManifest, model_id: str) -> ModelManifest:
    """The same models with this one comparing faces; raise `ModelNotInstalledError`."""
    known = [model.id for model in manifest.template_models]
    if model_id not in known:
        raise ModelNotInstalledError(model_id, known)
    return replace(manifest, in_use=model_id)


def recommended(manifest: ModelManifest) -> str:
    """Id of the recommended template model if it is installed, else of the manifest's own."""
    wanted = {entry.id for entry in manifest.ready if entry.recommended}
    return next((m.id for m in manifest.template_models if m.id in wanted), manifest.template_model.id)


def read_installed(installed_dir: Path) -> tuple[Model, ...]:
    """Return every installed model; raise `InstalledModelError` for one that is damaged."""
    if not installed_dir.is_dir():
        return ()
    models = []
    for folder in sorted(installed_dir.iterdir()):
        if not folder.is_dir() or folder.name.startswith("."):
            continue
        try:
            description, _ = read_description(folder / DESCRIPTION_FILE)
        except DescriptionError as error:
            raise InstalledModelError(
                f"The installed model {folder.name} is damaged ({error.detail}); remove it with `kiosk models remove "
                f"{folder.name}` and install it again."
            ) from error
        if description.id != folder.name:
            raise InstalledModelError(
                f"The folder {folder} holds the model {description.id}; remove it and install the model again."
            )
        models.append(description.model(folder))
    return tuple(models)


def read_choice(installed_dir: Path) -> str | None:
    """Return the id of the template model that was chosen, None where nobody has; raise `InstalledModelError`."""
    path = installed_dir / IN_USE_FILE
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _InUse).template_model
    except FileNotFoundError:
        return None
    except (OSError, ValueError, msgspec.MsgspecError) as error:
        raise InstalledModelError(f"{path} is damaged; choose again with `kiosk models use ID`.") from error


def _contradiction(description: ModelDescription) -> str | None:
    if not _ID.fullmatch(description.id):
        return "id must be 1 to 64 small letters, digits, dots and dashes"
    if description.role not in INSTALLABLE_ROLES:
        return f"role must be {' or '.join(INSTALLABLE_ROLES)}"
    if not description.licence.strip():
        return "it has no licence line"
    if not description.publisher.strip():
        return "it does not say where the model is from (publisher)"
    names = [file.name for file in description.files]
    if any(not _FILE_NAME.fullmatch(name) for name in names) or len(set(names)) < len(names):
        return "files must be plain names of files beside the description"
    if any(not is_sha256(file.sha256) for file in description.files):
        return "a file has no SHA-256 (64 small hexadecimal digits)"
    kinds = sorted(name.rpartition(".")[2].lower() for name in names)
    if kinds == ["bin", "xml"]:
        if not is_sha256(description.network_sha256):
            return "network_sha256, the SHA-256 of the converted network, is missing"
    elif kinds != ["onnx"]:
        return "files must be one .onnx file, or one .xml and one .bin file"
    elif description.network_sha256:
        return "network_sha256 is for converted networks only"
    problem = model_contradiction(description.model(Path("installed")))
    return None if problem is None else f"the model {problem}"


def _readable(error: msgspec.ValidationError) -> str:
    what, _, place = str(error).partition(" - at `$")
    if found := re.fullmatch(r"Object missing required field `(.+)`", what):
        name = found[1]
        return "it has no licence line" if name == "licence" else f"{_joined(place, name)} is missing"
    if found := re.fullmatch(r"Object contains unknown field `(.+)`", what, re.DOTALL):
        return f"{_joined(place, ' '.join(found[1].split())[:80])} is not known"
    key = place.rstrip("`").lstrip(".")
    return f"{key or 'it'}: {' '.join(what.split())[:160]}"


def _joined(place: str, name: str) -> str:
    key = place.rstrip("`").lstrip(".")
    return f"{key}.{name}" if key else name
