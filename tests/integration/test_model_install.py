"""`kiosk models install`: tried before it is trusted, whole or not at all, and only with the bank's signature."""

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np
import onnx
import pytest
import tomli_w
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given as given_some
from hypothesis import strategies as st
from onnx import TensorProto, helper

from kiosk.admin.model_in_force import check_model_in_force, model_in_force, threshold_in_force
from kiosk.admin.model_install import InstallError, find_model, install_model, remove_model, use_model
from kiosk.admin.model_signature import ModelSignatureError, is_signed, read_signing_key
from kiosk.admin.model_trial import ModelRefusedError
from kiosk.cli import main
from kiosk.errors import SettingsError, VisionError
from kiosk.settings import (
    BankSettings,
    CameraSettings,
    KioskSettings,
    ModelsSettings,
    PrivacySettings,
    Settings,
    VaultSettings,
    save_settings,
)
from kiosk.verification.comparison import TemplateRole
from kiosk.vision.face_template import TemplateModelUnusableError, open_template_model
from kiosk.vision.installed_models import (
    DESCRIPTION_FILE,
    IN_USE_FILE,
    SIGNATURE_FILE,
    DescriptionError,
    InstalledModelError,
    ModelNotInstalledError,
    load_models,
    read_description,
)
from kiosk.vision.models import ModelMismatchError, check_models, file_sha256
from tests.template_forms import BASELINE_FORM, SMALL_FORM

KEY = Ed25519PrivateKey.generate()


def constant_network(path: Path) -> None:
    """Answers 48 numbers, for every picture the same."""
    crops = helper.make_tensor_value_info("crops", TensorProto.FLOAT, ["n", 3, 32, 32])
    answer = helper.make_tensor_value_info("features", TensorProto.FLOAT, ["n", 48])
    weights = helper.make_tensor("w", TensorProto.FLOAT, [3072, 48], np.zeros(3072 * 48, "<f4").tobytes(), raw=True)
    bias = helper.make_tensor("b", TensorProto.FLOAT, [48], np.arange(48, dtype="<f4").tobytes(), raw=True)
    nodes = [
        helper.make_node("Flatten", ["crops"], ["flat"], axis=1),
        helper.make_node("Gemm", ["flat", "w", "b"], ["features"]),
    ]
    graph = helper.make_graph(nodes, "constant", [crops], [answer], [weights, bias])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())


def described(folder: Path, network: Path, form: object = SMALL_FORM, **changed: object) -> Path:
    """Write a description of a network beside it; fields that are None are left out."""
    record = {
        "id": "a-model",
        "role": "face_template",
        "licence": "CC0-1.0",
        "publisher": "https://models.example",
        "files": [{"name": network.name, "sha256": file_sha256(network)}],
        "template": msgspec.to_builtins(form, str_keys=True),
    } | changed
    path = folder / "a-model.toml"
    path.write_text(tomli_w.dumps({name: value for name, value in record.items() if value is not None}))
    return path


@pytest.fixture
def given(tmp_path: Path) -> Path:
    folder = tmp_path / "given"
    folder.mkdir()
    constant_network(folder / "a.onnx")
    return folder


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    return tmp_path / "installed"


@pytest.fixture(scope="module")
def good(built_models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model that does what it says: a copy of the one that comes with the program, signed."""
    folder = tmp_path_factory.mktemp("good")
    shutil.copy(next(built_models.glob("face_template*.onnx")), folder / "copy.onnx")
    thresholds = [{"false_match_rate": 1e-4, "score": 0.9425, "measured_on": "a set", "validated": True}]
    path = described(folder, folder / "copy.onnx", BASELINE_FORM, thresholds=thresholds)
    (folder / "a-model.toml.sig").write_bytes(KEY.sign(path.read_bytes()))
    return folder


def install(path: Path, installed: Path, key: Ed25519PrivateKey | None = None) -> None:
    manifest = load_models(installed_dir=installed)
    install_model(find_model(path, manifest), manifest, installed, None if key is None else key.public_key())


def test_a_good_model_is_installed_used_checked_and_removed(good: Path, installed: Path) -> None:
    install(good, installed, KEY)
    manifest = load_models(installed_dir=installed)
    assert manifest.template_model_in_use is manifest.template_model  # nobody has chosen, and it is not the recommended
    manifest = use_model("a-model", installed)
    assert load_models(installed_dir=installed) == manifest
    model = manifest.template_model_in_use
    assert (model.id, model.licence, model.threshold(1e-4).validated) == ("a-model", "CC0-1.0", True)
    assert is_signed(model, KEY.public_key())
    assert not is_signed(model, Ed25519PrivateKey.generate().public_key())
    assert not is_signed(model, None)
    crop = np.random.default_rng(1).integers(0, 255, (150, 150, 3), dtype=np.uint8)
    own, other = (open_template_model(m).template_of_crops([crop], TemplateRole.PROBE).values
                  for m in (manifest.template_model, model))  # fmt: skip
    np.testing.assert_array_equal(own, other)

    network = model.path(installed)
    network.write_bytes(network.read_bytes() + b"\0")
    with pytest.raises(ModelMismatchError, match="kiosk models remove a-model"):
        check_models(manifest)

    remove_model("a-model", installed)
    assert list(installed.iterdir()) == []
    assert load_models(installed_dir=installed).in_use == manifest.template_model.id
    with pytest.raises(ModelNotInstalledError, match="'a-model'"):
        use_model("a-model", installed)


def test_what_an_interrupted_run_left_is_cleared_away_and_a_model_being_replaced_comes_back(
    good: Path, given: Path, installed: Path
) -> None:
    for name in (".preparing-1", ".removed-b", ".set-aside-old"):
        (installed / name).mkdir(parents=True)
        (installed / name / "kept").write_bytes(b"")
    with pytest.raises(ModelRefusedError):
        install(described(given, given / "a.onnx"), installed)
    assert [path.name for path in installed.iterdir()] == ["old"]


def test_a_network_that_answers_every_face_alike_is_refused(given: Path, installed: Path) -> None:
    with pytest.raises(ModelRefusedError, match=r"a-model is not installed: it does not tell two people apart"):
        install(described(given, given / "a.onnx"), installed)
    assert list(installed.iterdir()) == []


def test_a_model_by_whose_own_threshold_strangers_match_is_refused(good: Path, given: Path, installed: Path) -> None:
    shutil.copy(good / "copy.onnx", given / "copy.onnx")
    lax = [{"false_match_rate": 1e-4, "score": 0.2, "measured_on": "nothing", "validated": True}]
    with pytest.raises(ModelRefusedError, match="two different people would match"):
        install(described(given, given / "copy.onnx", BASELINE_FORM, thresholds=lax), installed)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"licence": None}, "no licence line"),
        ({"licence": "  "}, "no licence line"),
        ({"publisher": ""}, "where the model is from"),
        ({"id": "../a"}, "id must be"),
        ({"role": "text_recognition"}, "role must be"),
        ({"role": "age_estimation"}, "role"),
        ({"unknown": 1}, "unknown is not known"),
        ({"template": None}, "must say how faces are aligned"),
        ({"files": [{"name": "../a.onnx", "sha256": "0" * 64}]}, "plain names"),
        ({"files": [{"name": "a.onnx", "sha256": "0" * 63}]}, "no SHA-256"),
        ({"files": [{"name": "a.xml", "sha256": "0" * 64}]}, r"one \.onnx file"),
        ({"files": [{"name": n, "sha256": "0" * 64} for n in ("a.xml", "a.bin")]}, "network_sha256"),
        ({"thresholds": [{"false_match_rate": 1e-4, "score": 2.0, "measured_on": "", "validated": True}]}, "range"),
        ({"refuse_below": 0.5}, "above a threshold"),
    ],
)
def test_a_description_that_does_not_say_what_it_must_is_refused(
    given: Path, installed: Path, changed: dict[str, object], said: str
) -> None:
    with pytest.raises(DescriptionError, match=rf"a-model\.toml cannot be used: .*{said}"):
        install(described(given, given / "a.onnx", **changed), installed)
    assert not installed.exists()


@pytest.mark.parametrize("content", [b"\xff", b"a = [", b"x = 1" * 100_000, b""])
def test_a_file_that_is_no_description_is_refused(given: Path, installed: Path, content: bytes) -> None:
    (given / "a-model.toml").write_bytes(content)
    with pytest.raises(DescriptionError):
        install(given, installed)


def test_files_that_are_missing_or_others_than_described_are_refused(given: Path, installed: Path) -> None:
    path = described(given, given / "a.onnx")
    (given / "a.onnx").write_bytes(b"something else")
    with pytest.raises(InstallError, match=r"a\.onnx is not the one in the description"):
        install(path, installed)
    (given / "a.onnx").unlink()
    with pytest.raises(InstallError, match=r"a\.onnx cannot be read"):
        install(path, installed)
    path.unlink()
    with pytest.raises(InstallError, match="no description"):
        install(given, installed)
    with pytest.raises(InstallError, match="neither"):
        install(given / "nothing", installed)


def test_a_network_of_another_form_than_described_is_refused(given: Path, installed: Path) -> None:
    other = msgspec.structs.replace(SMALL_FORM, dimensions=64)
    with pytest.raises(TemplateModelUnusableError, match="64 numbers"):
        install(described(given, given / "a.onnx", other), installed)
    (given / "b.onnx").write_bytes(b"no network")
    with pytest.raises(ModelRefusedError, match="no ONNX network"):
        install(described(given, given / "b.onnx"), installed)


def test_a_network_with_its_weights_in_another_file_is_refused(given: Path, installed: Path) -> None:
    model = onnx.load(given / "a.onnx")
    onnx.save(model, given / "a.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    with pytest.raises(ModelRefusedError, match=r"other files|no ONNX network"):
        install(described(given, given / "a.onnx"), installed)


@pytest.mark.parametrize("place", ["node", "branch"])
def test_weights_in_another_file_are_found_wherever_the_network_names_them(
    given: Path, installed: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Read from wherever the program happens to run, they would stand under no hash."""
    monkeypatch.chdir(given)
    (given / "weights").write_bytes(bytes(4))
    elsewhere = TensorProto(dims=[1], data_type=TensorProto.FLOAT, data_location=TensorProto.EXTERNAL)
    elsewhere.external_data.add(key="location", value="weights")
    model = onnx.load(given / "a.onnx")
    node = helper.make_node("Constant", [], ["unused"], value=elsewhere)
    if place == "branch":
        answer = helper.make_tensor_value_info("unused", TensorProto.FLOAT, [1])
        branch = helper.make_graph([node], "branch", [], [answer])
        model.graph.initializer.append(helper.make_tensor("yes", TensorProto.BOOL, [], [True]))
        node = helper.make_node("If", ["yes"], ["chosen"], then_branch=branch, else_branch=branch)
    model.graph.node.insert(0, node)
    (given / "a.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelRefusedError, match="other files"):
        install(described(given, given / "a.onnx"), installed)


def test_a_network_that_breaks_off_at_a_face_is_refused(given: Path, installed: Path) -> None:
    model = onnx.load(given / "a.onnx")
    shape = helper.make_tensor("shape", TensorProto.INT64, [2], [7, -1])
    del model.graph.node[:]
    model.graph.initializer.append(shape)
    model.graph.node.append(helper.make_node("Reshape", ["crops", "shape"], ["features"]))
    (given / "a.onnx").write_bytes(model.SerializeToString())
    with pytest.raises(ModelRefusedError, match="breaks off"):
        install(described(given, given / "a.onnx"), installed)


@pytest.mark.parametrize("name", ["a.onnx", "a-model.toml", "a-model.toml.sig"])
def test_a_pipe_in_the_place_of_a_file_is_refused_and_not_waited_for(given: Path, installed: Path, name: str) -> None:
    description = described(given, given / "a.onnx")
    (given / name).unlink(missing_ok=True)
    os.mkfifo(given / name)
    with pytest.raises(VisionError, match=r"no plain file|no signature|neither a description"):
        install(description, installed, KEY)


def test_a_huge_file_is_refused_before_it_is_read(given: Path, installed: Path) -> None:
    description = described(given, given / "a.onnx")
    with (given / "a.onnx").open("wb") as file:
        file.truncate(40 << 30)
    with pytest.raises(InstallError, match="larger than 512 MB"):
        install(description, installed)


def test_the_name_of_a_model_that_comes_with_the_program_is_taken(given: Path, installed: Path) -> None:
    with pytest.raises(InstallError, match="choose another id"):
        install(described(given, given / "a.onnx", id="dlib-resnet-v1-mirror"), installed)
    with pytest.raises(InstallError, match="comes with the program"):
        remove_model("dlib-resnet-v1-mirror", installed)


SIGNED_BY_ANOTHER = Ed25519PrivateKey.generate().sign(b"another")


@pytest.mark.parametrize(
    "signature", [None, b"", b"\0" * 64, SIGNED_BY_ANOTHER], ids=["none", "empty", "zeros", "of another"]
)
def test_for_a_kiosk_the_banks_signature_is_demanded(given: Path, installed: Path, signature: bytes | None) -> None:
    path = described(given, given / "a.onnx")
    if signature is not None:
        path.with_name("a-model.toml.sig").write_bytes(signature)
    with pytest.raises(ModelSignatureError, match="sign"):
        install(path, installed, KEY)
    assert not installed.exists()


@pytest.mark.parametrize("name", ["nothing", "../given", ".", "..", ""])
def test_what_is_not_installed_cannot_be_removed(given: Path, installed: Path, name: str) -> None:
    installed.mkdir()
    with pytest.raises(InstallError, match="no installed model"):
        remove_model(name, installed)
    assert (given / "a.onnx").exists()
    assert installed.exists()


@given_some(st.binary(max_size=300))
def test_no_bytes_are_a_description_by_chance(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "some.toml"
    path.write_bytes(content)
    with pytest.raises(DescriptionError):
        read_description(path)


def test_damage_in_the_folder_of_installed_models_is_named_with_its_cure(installed: Path) -> None:
    (installed / "b").mkdir(parents=True)
    with pytest.raises(InstalledModelError, match="kiosk models remove b"):
        load_models(installed_dir=installed)
    remove_model("b", installed)
    (installed / "c").symlink_to(installed.parent)
    remove_model("c", installed)
    assert load_models(installed_dir=installed).installed == ()
    assert installed.parent.is_dir()
    (installed / IN_USE_FILE).write_bytes(b"template_model = 7")
    with pytest.raises(InstalledModelError, match="kiosk models use ID"):
        load_models(installed_dir=installed)


# --- a kiosk ---


@pytest.fixture
def in_use(good: Path, no_installed_models: Path) -> Iterator[Path]:
    """The good model installed where every command looks, and chosen."""
    install(good, no_installed_models, KEY)
    use_model("a-model", no_installed_models)
    yield no_installed_models
    shutil.rmtree(no_installed_models)
    no_installed_models.mkdir()


def settings_of(signing_key: str, *, demo: bool = False) -> Settings:
    def camera(number: int) -> CameraSettings:
        return CameraSettings("usb", f"/dev/video{number}")

    return Settings(
        kiosk=KioskSettings("0" * 32, "Bank of Utopia", "Main street 1", demo=demo),
        bank=BankSettings("https://127.0.0.1:9443", "ca.pem", "client.pem", "receipt.pem"),
        face_camera=camera(0),
        document_camera=camera(1),
        vault=VaultSettings("passphrase"),
        privacy=PrivacySettings("Bank of Utopia", "privacy@bank.example", "Authority"),
        models=ModelsSettings(signing_key),
    )


def test_a_kiosk_uses_a_signed_model_and_the_programs_own_in_the_place_of_an_unsigned_one(
    in_use: Path, tmp_path: Path
) -> None:
    folder = tmp_path
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "models.pem").write_bytes(pem)
    signed = settings_of("models.pem")
    model = model_in_force(folder, signed)
    assert (model.id, threshold_in_force(model, signed).validated) == ("a-model", True)
    assert list(check_model_in_force(folder, signed)) == []

    unsigned = settings_of("")
    assert model_in_force(folder, unsigned).id == "dlib-resnet-v1-mirror"
    assert "a-model is not signed by the bank" in next(check_model_in_force(folder, unsigned))
    assert model_in_force(folder, settings_of("", demo=True)).id == "a-model"

    (in_use / "a-model" / SIGNATURE_FILE).write_bytes(bytes(64))
    assert model_in_force(folder, signed).id == "dlib-resnet-v1-mirror"
    description = in_use / "a-model" / DESCRIPTION_FILE
    description.write_bytes(description.read_bytes() + b"\n")
    assert model_in_force(folder, signed).id == "dlib-resnet-v1-mirror"


def test_a_model_without_a_threshold_for_the_policy_lets_the_teller_decide(in_use: Path, tmp_path: Path) -> None:
    settings = settings_of("", demo=True)
    stricter = msgspec.structs.replace(settings.policy, false_match_rate=1e-5)
    threshold = threshold_in_force(
        model_in_force(tmp_path, settings), msgspec.structs.replace(settings, policy=stricter)
    )
    assert not threshold.validated


@pytest.mark.parametrize("content", [None, b"no key"])
def test_a_key_that_cannot_be_read_is_named(tmp_path: Path, content: bytes | None) -> None:
    folder = tmp_path
    if content is not None:
        (folder / "models.pem").write_bytes(content)
    with pytest.raises(SettingsError, match=r"models\.pem"):
        read_signing_key(folder, settings_of("models.pem"))
    with pytest.raises(SettingsError, match="name no key"):
        read_signing_key(folder, settings_of(""))


def run(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["models", *words])
    return code, out.getvalue(), err.getvalue()


def test_the_command_installs_for_a_kiosk_what_the_bank_signed(
    good: Path, tmp_path: Path, no_installed_models: Path
) -> None:
    save_settings(tmp_path, settings_of(""))
    code, _, err = run("install", str(good), "--folder", str(tmp_path))
    assert code == 2
    assert "models.signing_key" in err

    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "models.pem").write_bytes(pem)
    save_settings(tmp_path, settings_of("models.pem"))
    code, out, err = run("install", str(good / "a-model.toml"), "--folder", str(tmp_path))
    assert (code, err) == (0, "")
    assert "`kiosk verify` only" not in out
    assert "kiosk models use a-model" in out

    assert "a-model  (face_template)" in run("list")[1]
    assert run("use", "a-model")[0] == 0
    assert "a-model  (face_template; in use)" in run("list")[1]
    (no_installed_models / "a-model" / DESCRIPTION_FILE).write_bytes(b"damaged")
    assert run("list")[0] == 2
    assert run("remove", "a-model")[0] == 0
    assert run("use", "dlib-resnet-v1-mirror")[0] == 0
    (no_installed_models / IN_USE_FILE).unlink()
