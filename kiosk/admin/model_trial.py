"""Tries a model before it is trusted: does it load, take and give what its description says, and part two people?

Two public-domain portraits serve: one against itself, smaller, brighter and turned, and against the other. That finds a
model wired up wrongly; how good it is, only an evaluation on many people says.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
from numpy.typing import NDArray

from kiosk.admin.classifier_trial import demand_order
from kiosk.errors import KioskError, VisionError
from kiosk.verification.comparison import FaceTemplate, TemplateRole, compare
from kiosk.vision.face_template import FaceTemplateExtractor
from kiosk.vision.model_form import ClassifierForm, TemplateForm
from kiosk.vision.models import Model
from kiosk.vision.pad_classifier import PadNetwork
from kiosk.vision.still_faces import find_faces

GENUINE_MARGIN = 0.03
"""How far the lowest score of one person must lie above the highest of two (`docs/thresholds.md`)."""
_LARGEST_NETWORK = 512 * 1024**2
_ALIKE = 1e-6

Pixels = NDArray[np.uint8]


class ModelRefusedError(VisionError):
    """A model did not pass its trial."""

    def __init__(self, model_id: str, detail: str) -> None:
        super().__init__(
            f"The model {model_id} is not installed: {detail}; correct its description, or ask its publisher."
        )
        self.model_id = model_id


def try_model(model: Model, network: Path) -> None:
    """Raise `ModelRefusedError` or `TemplateModelUnusableError` unless the network does what its description says."""
    _demand_whole(model, network)
    if model.template is not None:
        _try_template_model(model, network, model.template)
    elif model.classifier is not None:
        _try_classifier(model, network, model.classifier)
    else:
        raise ModelRefusedError(model.id, "its description says nothing of what goes in and comes out")


def _demand_whole(model: Model, network: Path) -> None:
    """A network may name other files as its weights; those would stand under no hash."""
    content = network.read_bytes()
    if len(content) > _LARGEST_NETWORK:
        raise ModelRefusedError(model.id, f"its network is larger than {_LARGEST_NETWORK // 1024**2} MB")
    try:
        parsed = onnx.load_model_from_string(content)
        onnx.checker.check_model(parsed)
    except Exception as error:  # protobuf's and the checker's errors have no common root
        raise ModelRefusedError(model.id, "its file is no ONNX network") from error
    if any(tensor.data_location == onnx.TensorProto.EXTERNAL for tensor in _tensors(parsed)):
        raise ModelRefusedError(model.id, "its network keeps weights in other files")


def _tensors(network: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor, wherever it stands: in the graph, in a node, in the branch of an `If`, in a function."""
    waiting: list[Any] = [network]
    while waiting:
        part = waiting.pop()
        if isinstance(part, onnx.TensorProto):
            yield part
            continue
        for described, value in part.ListFields():
            if described.message_type is not None:
                waiting.extend([value] if hasattr(value, "ListFields") else value)


@contextlib.contextmanager
def _running(model: Model) -> Iterator[None]:
    """A network may load and yet break at a picture: wrong shapes within, or more memory than there is."""
    try:
        yield
    except KioskError:
        raise
    except Exception as error:  # onnxruntime has no public root of its errors
        raise ModelRefusedError(model.id, "it breaks off when it is given a face") from error


def _try_template_model(model: Model, network: Path, form: TemplateForm) -> None:
    extractor = FaceTemplateExtractor(network, model.id, form)
    templates = _templates(model, extractor)
    genuine = [compare(*pair).value for pair in _pairs(templates, same=True)]
    impostor = [compare(*pair).value for pair in _pairs(templates, same=False)]
    if min(genuine) - max(impostor) < GENUINE_MARGIN:
        raise ModelRefusedError(
            model.id,
            "it does not tell two people apart, nor know one again (check colours, layout, mean, scale and alignment)",
        )
    strictest = max((row.score for row in model.thresholds), default=1.0)
    if max(impostor) >= strictest:
        raise ModelRefusedError(model.id, "by its own thresholds two different people would match")


def _templates(model: Model, extractor: FaceTemplateExtractor) -> dict[str, list[FaceTemplate]]:
    """Of each portrait: the portrait itself as the reference, then its changed forms as probes."""
    templates = {}
    for name in ("astronaut", "hopper"):
        made = []
        for number, picture in enumerate(_changed(_portrait(name))):
            (face, *_) = find_faces(picture)
            crop = extractor.align(picture, face.landmarks)
            role = TemplateRole.PROBE if number else TemplateRole.REFERENCE
            with _running(model):
                features = extractor.network_output([crop])
            if features.shape != (1, extractor.form.dimensions) or not np.isfinite(features).all():
                raise ModelRefusedError(model.id, f"it does not give {extractor.form.dimensions} numbers for a face")
            if not features.any():
                raise ModelRefusedError(model.id, "it answers every face with nothing but zeros")
            made.append(extractor.template_of_crops([crop], role))
        templates[name] = made
    return templates


def _pairs(templates: dict[str, list[FaceTemplate]], *, same: bool) -> Iterator[tuple[FaceTemplate, FaceTemplate]]:
    for name, (reference, *_) in templates.items():
        for other, (_, *probes) in templates.items():
            if (name == other) is same:
                yield from ((probe, reference) for probe in probes)


def _portrait(name: str) -> Pixels:
    from kiosk.admin.specimen import demo_portrait

    return demo_portrait(name)


def _changed(portrait: Pixels) -> Iterator[Pixels]:
    """The portrait; then smaller, brighter, and turned a little."""
    height, width = portrait.shape[:2]
    turned = cv2.getRotationMatrix2D((width / 2, height / 2), 10, 1.0)
    yield portrait
    yield np.asarray(cv2.resize(portrait, None, fx=0.6, fy=0.6, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    yield np.clip(portrait.astype(np.float32) * 1.2 + 12, 0, 255).astype(np.uint8)
    yield np.asarray(cv2.warpAffine(portrait, turned, (width, height), borderMode=cv2.BORDER_REPLICATE), dtype=np.uint8)


def _try_classifier(model: Model, network: Path, form: ClassifierForm) -> None:
    """It must load, give probabilities, and put two known people above their prints and screens.

    How well it tells living people from attacks, two portraits cannot show: `kiosk evaluate pad` does.
    """
    classifier = PadNetwork(network, model.id, form)
    pictures = [picture for name in ("astronaut", "hopper") for picture in _changed(_portrait(name))]
    landmarks = [find_faces(picture)[0].landmarks for picture in pictures]
    with _running(model):
        answers = [classifier.probability(*pair) for pair in zip(pictures, landmarks, strict=True)]
    if not all(0 <= answer <= 1 for answer in answers):
        raise ModelRefusedError(model.id, "it does not give probabilities for a picture")
    if max(answers) - min(answers) < _ALIKE:
        raise ModelRefusedError(model.id, "it answers every picture alike")
    demand_order(model.id, network, form)
