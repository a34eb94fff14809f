"""The converted network is the original one, and its templates tell two people apart."""

import hashlib
import importlib.util
import json
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from kiosk.verification.comparison import TemplateRole, compare
from kiosk.verification.quality import QualityMeasure
from kiosk.vision.face_sample import FaceSample
from kiosk.vision.face_template import (
    FaceTemplateExtractor,
    NoSampleError,
    TemplateModelUnusableError,
    load_face_template_extractor,
)
from kiosk.vision.models import load_manifest
from kiosk.vision.photograph_face import FaceTooSmallError, NoFaceError, SeveralFacesError
from tests.portraits import NAMES, portrait
from tests.template_forms import BASELINE_FORM

WEIGHTS = "dlib_face_recognition_resnet_model_v1.dat"


@pytest.fixture(scope="module")
def extractor(built_models: Path) -> FaceTemplateExtractor:
    return load_face_template_extractor(load_manifest(), built_models)


def score(extractor: FaceTemplateExtractor, probe: NDArray[np.uint8], reference: NDArray[np.uint8]) -> float:
    one = extractor.extract_photograph(probe, TemplateRole.PROBE)
    return compare(one.template, extractor.extract_reference(reference).template).value


def test_the_network_gives_the_numbers_that_dlib_gives(extractor: FaceTemplateExtractor, repository: Path) -> None:
    golden = json.loads((repository / "tests" / "golden" / "dlib_descriptors.json").read_text())
    for part in golden["slices"]:
        row, column = part["first_row"], part["first_column"]
        name = {"astronaut": "astronaut", "hopper": "grace_hopper"}[part["portrait"]]
        crop = np.ascontiguousarray(portrait(name)[row : row + 150, column : column + 150])
        assert hashlib.sha256(crop.tobytes()).hexdigest() == part["sha256"]
        np.testing.assert_allclose(extractor.network_output([crop])[0], part["descriptor"], atol=1e-5)


@pytest.mark.long
def test_the_network_equals_dlib_on_many_crops(extractor: FaceTemplateExtractor) -> None:
    dlib = pytest.importorskip("dlib", reason="dlib, the oracle, is not installed")
    original = dlib.face_recognition_model_v1(str(original_weights()))
    random = np.random.default_rng(11)
    for name in NAMES:
        for _ in range(10):
            row, column = random.integers(0, 300, 2)
            crop = np.ascontiguousarray(portrait(name)[row : row + 150, column : column + 150])
            expected = np.array(original.compute_face_descriptor(crop))
            np.testing.assert_allclose(extractor.network_output([crop])[0], expected, atol=1e-5)


def original_weights() -> Path:
    """The file that the network was made of, from KIOSK_DLIB_WEIGHTS or the installed package."""
    if given := os.environ.get("KIOSK_DLIB_WEIGHTS"):
        return Path(given)
    spec = importlib.util.find_spec("face_recognition_models")
    if spec is None or not spec.origin:
        pytest.skip("neither KIOSK_DLIB_WEIGHTS nor the package face_recognition_models names the original weights")
    return Path(spec.origin).parent / "models" / WEIGHTS


def changed(how: str) -> NDArray[np.uint8]:
    """The astronaut, not quite as she was."""
    picture = portrait("astronaut")
    match how:
        case "scaled down":
            return np.asarray(cv2.resize(picture, None, fx=0.65, fy=0.65, interpolation=cv2.INTER_AREA))
        case "scaled up":
            return np.asarray(cv2.resize(picture, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC))
        case "compressed again":
            return np.asarray(cv2.imdecode(cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 30])[1], 1))
        case "brightened":
            return np.clip(picture.astype(np.float32) * 1.3 + 20, 0, 255).astype(np.uint8)
        case "darkened":
            return (picture * 0.5).astype(np.uint8)
        case "turned":
            matrix = cv2.getRotationMatrix2D((256, 256), 12, 1.0)
            return np.asarray(cv2.warpAffine(picture, matrix, (512, 512)))
        case _:
            return np.ascontiguousarray(picture[:, ::-1])


@pytest.mark.parametrize(
    "how", ["scaled down", "scaled up", "compressed again", "brightened", "darkened", "turned", "mirrored"]
)
def test_a_changed_picture_of_the_same_person_stays_far_above_the_threshold(
    extractor: FaceTemplateExtractor, how: str
) -> None:
    strictest = load_manifest().template_threshold(1e-5).score
    assert score(extractor, changed(how), portrait("astronaut")) > strictest + 0.02


def test_another_person_stays_below_the_laxest_threshold(extractor: FaceTemplateExtractor) -> None:
    laxest = load_manifest().template_threshold(1e-3).score
    assert score(extractor, portrait("grace_hopper"), portrait("astronaut")) < laxest - 0.02


def test_a_crop_and_its_mirror_image_have_the_same_template(extractor: FaceTemplateExtractor) -> None:
    crop = np.ascontiguousarray(portrait("astronaut")[30:180, 150:300])
    one = extractor.template_of_crops([crop], TemplateRole.PROBE)
    other = extractor.template_of_crops([np.ascontiguousarray(crop[:, ::-1])], TemplateRole.PROBE)
    np.testing.assert_allclose(one.values, other.values, atol=1e-5)
    assert np.linalg.norm(one.values) == pytest.approx(1.0, abs=1e-5)


def test_the_probe_is_the_mean_of_its_samples(extractor: FaceTemplateExtractor) -> None:
    crops = [np.ascontiguousarray(portrait("astronaut")[row : row + 150, 150:300]) for row in (28, 30, 32)]
    samples = [FaceSample({extractor.model_id: crop}, 1.0, float(number), 1) for number, crop in enumerate(crops)]
    single = [extractor.template_of_crops([crop], TemplateRole.PROBE).values for crop in crops]
    mean = np.mean(single, axis=0)
    probe = extractor.extract_probe(samples)
    np.testing.assert_allclose(probe.values, mean / np.linalg.norm(mean), atol=1e-5)
    assert probe.role is TemplateRole.PROBE


def test_no_sample_gives_no_template(extractor: FaceTemplateExtractor) -> None:
    with pytest.raises(NoSampleError):
        extractor.extract_probe([])


def test_a_small_reference_is_remarked_on(extractor: FaceTemplateExtractor) -> None:
    reference = extractor.extract_reference(portrait("astronaut"))
    assert reference.inter_eye_px == pytest.approx(42, abs=2)
    assert QualityMeasure.INTER_EYE_DISTANCE in reference.remarks
    assert QualityMeasure.INTER_EYE_DISTANCE not in extractor.extract_reference(portrait("grace_hopper")).remarks


def test_pictures_without_one_usable_face_are_refused_with_their_side(extractor: FaceTemplateExtractor) -> None:
    with pytest.raises(NoFaceError, match="reference"):
        extractor.extract_reference(np.full((300, 300, 3), 120, dtype=np.uint8))
    both = np.hstack([portrait("astronaut"), portrait("grace_hopper")[:512]])
    with pytest.raises(SeveralFacesError, match=r"Two faces.*probe"):
        extractor.extract_photograph(both, TemplateRole.PROBE)
    tiny = np.asarray(cv2.resize(portrait("astronaut"), (240, 240), interpolation=cv2.INTER_AREA))
    with pytest.raises(FaceTooSmallError, match=r"reference.*at least 24"):
        extractor.extract_reference(tiny)


@pytest.mark.parametrize("content", [b"", b"no network", None])
def test_a_file_that_is_no_network_is_named_with_the_cure(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.onnx"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(TemplateModelUnusableError, match=r"model\.onnx.*kiosk models build"):
        FaceTemplateExtractor(path, "m", BASELINE_FORM)
