"""A classifier is installed only if it puts known people above their prints and screens, wired as it is described."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from kiosk.admin.classifier_trial import SeparationError, demand_order
from kiosk.admin.model_trial import try_model
from kiosk.admin.pad_specimen import known_presentations
from kiosk.vision.installed_models import read_description
from kiosk.vision.model_form import ClassifierForm, ColourOrder, PictureForm, PixelLayout
from kiosk.vision.models import file_sha256
from kiosk.vision.pad_classifier import ClassifierUnusableError, PadClassifier, PadNetwork, face_crop

SIDE = 16
FORM = ClassifierForm(
    PictureForm(SIDE, ColourOrder.BGR, PixelLayout.NCHW), crop_scale=1.0, classes=2, bona_fide_class=1, threshold=0.5
)
MINIFASNET = {
    name: ClassifierForm(PictureForm(80, ColourOrder.BGR, PixelLayout.NCHW), scale, 3, 1, 0.5)
    for name, scale in (("MiniFASNetV2", 2.7), ("MiniFASNetV1SE", 4.0))
}


def linear_model(path: Path, weights: NDArray[np.float32], bias: Sequence[float], side: int = SIDE) -> Path:
    """Write a network of one layer: (1, 3, side, side) to one number for each class."""
    shape = [1, 3, side, side]
    tensors = [
        numpy_helper.from_array(weights.astype(np.float32), "weights"),
        numpy_helper.from_array(np.array(bias, np.float32), "bias"),
    ]
    nodes = [helper.make_node("Flatten", ["x"], ["flat"]), helper.make_node("Gemm", ["flat", "weights", "bias"], ["y"])]
    graph = helper.make_graph(
        nodes,
        "linear",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, len(bias)])],
        tensors,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path.write_bytes(model.SerializeToString())
    onnx.checker.check_model(model)
    return path


def weights_that_part_them() -> tuple[NDArray[np.float32], list[float]]:
    """Least squares on the known presentations themselves: right for this wiring, wrong for any other."""
    rows, truths = [], []
    for known in known_presentations():
        crop = face_crop(known.pixels, known.landmarks, FORM)
        assert crop is not None
        rows.append(crop[..., ::-1].transpose(2, 0, 1).reshape(-1).astype(np.float64))
        truths.append(4.0 if known.is_bona_fide else -4.0)
    features = np.array(rows)
    solved, *_ = np.linalg.lstsq(features - features.mean(axis=0), np.array(truths), rcond=None)
    offset = -float(features.mean(axis=0) @ solved)
    return np.stack([np.zeros_like(solved), solved], axis=1).astype(np.float32), [0.0, offset]


@pytest.fixture(scope="module")
def right(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return linear_model(tmp_path_factory.mktemp("classifier") / "right.onnx", *weights_that_part_them())


def rewired(form: ClassifierForm, **picture: object) -> ClassifierForm:
    return msgspec.structs.replace(form, picture=msgspec.structs.replace(form.picture, **picture))


def test_one_that_parts_known_people_from_known_attacks_is_taken(right: Path) -> None:
    demand_order("right", right, FORM)
    classifier = PadClassifier([PadNetwork(right, "right", FORM)])
    scores = [(classifier.score(known.pixels, known.landmarks), known.is_bona_fide) for known in known_presentations()]
    assert min(score for score, bona_fide in scores if bona_fide) > 0.9
    assert max(score for score, bona_fide in scores if not bona_fide) < 0.1


@pytest.mark.parametrize("bias", [(0.0, 0.0), (0.0, 9.0), (9.0, 0.0)])
def test_a_constant_model_is_refused_whatever_it_says(tmp_path: Path, bias: tuple[float, float]) -> None:
    path = linear_model(tmp_path / "constant.onnx", np.zeros((3 * SIDE * SIDE, 2), np.float32), bias)
    with pytest.raises(SeparationError, match="above their prints and screens"):
        demand_order("constant", path, FORM)


def test_swapped_classes_and_divided_values_are_noticed(right: Path) -> None:
    for wrong in (msgspec.structs.replace(FORM, bona_fide_class=0), rewired(FORM, scale=1 / 255)):
        with pytest.raises(SeparationError, match="bona_fide_class, colours, layout"):
            demand_order("wired wrongly", right, wrong)


def test_a_threshold_beside_the_scores_is_noticed(right: Path) -> None:
    with pytest.raises(SeparationError, match="threshold"):
        demand_order("strict", right, msgspec.structs.replace(FORM, threshold=0.9999))


def test_what_is_no_such_network_is_refused_in_one_sentence(tmp_path: Path, right: Path) -> None:
    (tmp_path / "text.onnx").write_text("no network")
    for path, form in (
        (tmp_path / "missing.onnx", FORM),
        (tmp_path / "text.onnx", FORM),
        (right, rewired(FORM, crop_px=20)),
        (right, rewired(FORM, layout=PixelLayout.NHWC)),
        (right, msgspec.structs.replace(FORM, classes=3)),
    ):
        with pytest.raises(ClassifierUnusableError, match=r"^The classifier odd cannot be used: [^.]*`\.$"):
            PadNetwork(path, "odd", form)


def test_a_face_outside_the_picture_gets_no_score_and_one_at_its_edge_does(right: Path) -> None:
    classifier = PadClassifier([PadNetwork(right, "right", FORM)])
    known = known_presentations()[0]
    assert np.isnan(classifier.score(known.pixels, known.landmarks + np.float32(5000)))
    assert np.isnan(classifier.score(known.pixels, np.full_like(known.landmarks, np.nan)))
    at_edge = known.landmarks - (known.landmarks[:, :1].min(), 0, 0)
    assert 0 <= classifier.score(known.pixels, at_edge.astype(np.float32)) <= 1


def test_no_network_is_no_classifier() -> None:
    with pytest.raises(ValueError, match="at least one"):
        PadClassifier([])


@pytest.mark.shared
@pytest.mark.parametrize("name", MINIFASNET)
def test_minifasnet_is_taken_as_its_readme_says_and_in_no_other_wiring(shared_data: Path, name: str) -> None:
    network, form = shared_data / "models" / "minifasnet" / f"{name}.onnx", MINIFASNET[name]
    demand_order(name, network, form)
    for wrong in (
        msgspec.structs.replace(form, bona_fide_class=0),
        msgspec.structs.replace(form, bona_fide_class=2),
        rewired(form, colours=ColourOrder.RGB),
        rewired(form, scale=1 / 255),
        msgspec.structs.replace(form, crop_scale=1.0),
    ):
        with pytest.raises(SeparationError):
            demand_order(name, network, wrong)


DESCRIPTION = """
id = "minifasnet-v2"
role = "pad_classifier"
licence = "Apache-2.0"
publisher = "https://example.org/minifasnet"

[[files]]
name = "MiniFASNetV2.onnx"
sha256 = "{sha256}"

[classifier]
crop_scale = 2.7
classes = 3
bona_fide_class = {bona_fide_class}
threshold = 0.5

[classifier.picture]
crop_px = 80
colours = "bgr"
layout = "nchw"
"""


@pytest.mark.shared
def test_a_description_of_minifasnet_passes_the_trial_of_an_installation(shared_data: Path, tmp_path: Path) -> None:
    network = shared_data / "models" / "minifasnet" / "MiniFASNetV2.onnx"
    for bona_fide_class in (1, 2):
        words = DESCRIPTION.format(sha256=file_sha256(network), bona_fide_class=bona_fide_class)
        (tmp_path / "model.toml").write_text(words, encoding="utf-8")
        description, _ = read_description(tmp_path / "model.toml")
        if bona_fide_class == 1:
            try_model(description.model(tmp_path), network)
        else:
            with pytest.raises(SeparationError):
                try_model(description.model(tmp_path), network)
