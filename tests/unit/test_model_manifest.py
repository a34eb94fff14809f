"""Every model is pinned, and a file that is not the pinned one is named with its cure."""

import hashlib
from pathlib import Path

import pytest

from kiosk.vision.installed_models import read_description
from kiosk.vision.models import (
    MANIFEST_FILE,
    READY_DIR,
    ManifestError,
    ModelManifest,
    ModelMismatchError,
    ModelMissingError,
    ModelRole,
    NoThresholdError,
    check_models,
    load_manifest,
)
from tests.template_forms import BASELINE_TABLE

CONTENT = b"the weights"
ENTRY = f"""
[[models]]
id = "m"
role = "face_template"
file = "m.onnx"
sha256 = "{hashlib.sha256(CONTENT).hexdigest()}"
licence = "CC0-1.0"
input_form = "crops"
source = {{ package = "p", version = "1", member = "m.dat" }}
thresholds = [
  {{ false_match_rate = 1e-3, score = 0.9, measured_on = "a set", validated = true }},
  {{ false_match_rate = 1e-4, score = 0.95, measured_on = "a set", validated = false }},
]
{BASELINE_TABLE}"""


def manifest(folder: Path, text: str = ENTRY) -> ModelManifest:
    path = folder / "manifest.toml"
    path.write_text(text, encoding="utf-8")
    return load_manifest(path)


def test_the_projects_manifest_pins_every_model_by_hash_source_and_licence() -> None:
    models = load_manifest().models
    assert {model.role for model in models} == set(ModelRole) - {ModelRole.PAD_CLASSIFIER}
    for model in models:
        assert len(bytes.fromhex(model.sha256)) == 32
        assert model.source.version
        assert model.licence
        assert model.input_form or model.template


def test_the_projects_thresholds_rise_as_the_rate_falls_and_none_claims_to_be_validated() -> None:
    thresholds = load_manifest().template_model.thresholds
    assert [t.false_match_rate for t in thresholds] == [1e-3, 1e-4, 1e-5]
    assert [t.score for t in thresholds] == [0.9301, 0.9425, 0.961]
    assert not any(t.validated for t in thresholds)


def test_every_threshold_that_ships_is_the_strictest_that_its_sets_ask_for() -> None:
    ready = [read_description(READY_DIR / entry.description)[0] for entry in load_manifest().ready]
    for threshold in (t for model in (load_manifest().template_model, *ready) for t in model.thresholds):
        asked = [part.score for part in threshold.sets if part.may_set(threshold.false_match_rate)]
        assert threshold.score == max(asked)
        assert threshold.measured_at


def test_the_ready_entry_pins_its_description_and_says_the_same() -> None:
    (entry,) = load_manifest().ready
    description, content = read_description(READY_DIR / entry.description)
    assert hashlib.sha256(content).hexdigest() == entry.description_sha256
    assert {file.name: file.sha256 for file in description.files} == dict(entry.files)
    assert (description.id, description.role, description.licence) == (entry.id, entry.role, entry.licence)
    assert description.publisher == entry.publisher
    assert entry.recommended


def test_the_installed_packages_hold_the_models_that_the_manifest_pins(tmp_path: Path) -> None:
    in_packages = [role for role in ModelRole if role is not ModelRole.FACE_TEMPLATE]
    check_models(load_manifest(), tmp_path, in_packages)


def test_the_right_file_passes(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(CONTENT)
    check_models(manifest(tmp_path), tmp_path)


def test_a_missing_file_is_named_with_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ModelMissingError, match=r"m\.onnx.*kiosk models build"):
        check_models(manifest(tmp_path), tmp_path)


def test_a_file_changed_by_one_bit_is_named_with_its_cure(tmp_path: Path) -> None:
    (tmp_path / "m.onnx").write_bytes(bytes([CONTENT[0] ^ 1]) + CONTENT[1:])
    with pytest.raises(ModelMismatchError, match=r"m\.onnx.*kiosk models build") as raised:
        check_models(manifest(tmp_path), tmp_path)
    assert raised.value.path == tmp_path / "m.onnx"


def test_a_missing_package_is_named_with_its_version(tmp_path: Path) -> None:
    entry = ENTRY.replace('file = "m.onnx"\n', "").replace('package = "p"', 'package = "no_such_package"')
    with pytest.raises(ModelMissingError, match="install no_such_package 1 again"):
        check_models(manifest(tmp_path, entry), tmp_path)


@pytest.mark.parametrize(
    ("asked", "given", "validated"), [(1e-3, 1e-3, True), (1e-4, 1e-4, False), (5e-4, 1e-4, False), (0.5, 1e-3, True)]
)
def test_the_threshold_is_that_of_the_rate_or_the_next_stricter(
    tmp_path: Path, asked: float, given: float, validated: bool
) -> None:
    threshold = manifest(tmp_path).template_threshold(asked)
    assert (threshold.false_match_rate, threshold.validated) == (given, validated)


@pytest.mark.parametrize("rate", [1e-6, 0.0, -1.0, float("nan")])
def test_a_rate_stricter_than_any_threshold_is_refused(tmp_path: Path, rate: float) -> None:
    with pytest.raises(NoThresholdError, match=r"choose one of: 0\.001, 0\.0001"):
        manifest(tmp_path).template_threshold(rate)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('role = "face_template"', 'role = "horoscope"'),
        ('role = "face_template"', 'role = "face_landmarks"'),
        ('file = "m.onnx"', 'file = "../m.onnx"'),
        ("score = 0.9,", "score = 1.5,"),
        ("false_match_rate = 1e-3", "false_match_rate = 0.0"),
        ('licence = "CC0-1.0"', ""),
        ('licence = "CC0-1.0"', 'licence = "CC0-1.0"\nunknown = 1'),
        ("[[models]]", "[[models"),
        (ENTRY, ENTRY + ENTRY),
        ('sha256 = "', 'sha256 = "00'),
    ],
)
def test_a_manifest_that_does_not_say_what_it_must_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(ManifestError, match=r"manifest\.toml"):
        manifest(tmp_path, ENTRY.replace(old, new))


def test_a_missing_manifest_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="No such file"):
        load_manifest(tmp_path / "manifest.toml")


def test_the_manifest_lies_where_the_start_looks_for_it() -> None:
    assert MANIFEST_FILE.is_file()
