"""The recommended model, from the publisher's files beside the checkout: converted exactly, installed, and used."""

import contextlib
import hashlib
import io
import json
from pathlib import Path

import numpy as np
import pytest

from kiosk.admin.openvino_ir import read_openvino_ir
from kiosk.admin.openvino_onnx import openvino_to_onnx
from kiosk.cli import main
from kiosk.runtime.face_vision import FaceVision
from kiosk.runtime.messages import ReferenceTaken
from kiosk.vision.face_template import FaceTemplateExtractor
from kiosk.vision.installed_models import load_models, read_description
from kiosk.vision.models import READY_DIR
from kiosk.vision.photograph import save_png
from tests.make_retail_descriptors import crops
from tests.portraits import portrait

MODEL = "face-reidentification-retail-0095"
pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def publishers_folder(shared_data: Path) -> Path:
    return shared_data / "models" / MODEL


@pytest.fixture(scope="module")
def network(publishers_folder: Path) -> bytes:
    return openvino_to_onnx(
        read_openvino_ir(*((publishers_folder / f"{MODEL}{ending}").read_bytes() for ending in (".xml", ".bin")))
    )


def test_the_converted_network_is_the_one_that_the_description_pins(network: bytes) -> None:
    description, _ = read_description(READY_DIR / f"{MODEL}.toml")
    assert hashlib.sha256(network).hexdigest() == description.network_sha256


def test_the_converted_network_gives_the_numbers_that_the_original_runtime_gives(
    network: bytes, tmp_path: Path, repository: Path
) -> None:
    golden = json.loads((repository / "tests" / "golden" / "retail_descriptors.json").read_text())
    faces = crops()
    assert hashlib.sha256(faces.tobytes()).hexdigest() == golden["crops_sha256"]
    (tmp_path / "network.onnx").write_bytes(network)
    form = read_description(READY_DIR / f"{MODEL}.toml")[0].template
    assert form is not None
    extractor = FaceTemplateExtractor(tmp_path / "network.onnx", MODEL, form)
    assert len(faces) == len(golden["descriptors"]) == 20
    np.testing.assert_allclose(extractor.network_output(faces), golden["descriptors"], atol=1e-4)


def run(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main([*words])
    return code, out.getvalue(), err.getvalue()


def test_installed_from_the_publishers_files_alone_it_compares_until_it_is_removed(
    publishers_folder: Path, built_models: Path, tmp_path: Path
) -> None:
    for name in ("astronaut", "grace_hopper"):
        save_png(tmp_path / f"{name}.png", portrait(name))
    pictures = [str(tmp_path / "astronaut.png"), str(tmp_path / "grace_hopper.png")]
    assert run("models", "remove", MODEL)[0] == 2

    code, out, err = run("models", "install", str(publishers_folder))
    assert (code, err) == (0, "")
    assert "It is in use now" in out
    assert "`kiosk verify` only" in out

    code, out, _ = run("verify", pictures[0], pictures[0], "--json")
    assert (code, json.loads(out)["model"]) == (0, MODEL)
    code, out, _ = run("verify", *pictures, "--json")
    assert (code, json.loads(out)["score"] < 0.3) == (1, True)
    baseline = run("verify", *pictures, "--json", "--model", "dlib-resnet-v1-mirror")[1]
    assert json.loads(baseline)["model"] == "dlib-resnet-v1-mirror"

    vision = FaceVision(load_models(), built_models, 640, 480)
    assert vision.model_id == MODEL
    assert isinstance(vision.take_reference(portrait("astronaut")), ReferenceTaken)

    models = json.loads(run("models", "list", "--json")[1])["models"]
    assert [model["id"] for model in models if model["in_use"]] == [MODEL]
    assert run("models", "use", "dlib-resnet-v1-mirror")[0] == 0
    assert json.loads(run("verify", *pictures, "--json")[1])["model"] == "dlib-resnet-v1-mirror"

    assert run("models", "remove", MODEL)[0] == 0
    assert MODEL in run("models", "list")[1]  # as an entry that could be installed
    assert MODEL not in [model["id"] for model in json.loads(run("models", "list", "--json")[1])["models"]]
