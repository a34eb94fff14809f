"""Aligned crops to face templates by one network, in the form that its description says.

Neither finds faces nor compares templates, and writes nothing anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from kiosk.errors import VisionError
from kiosk.verification.comparison import FaceTemplate, TemplateRole
from kiosk.verification.quality import QualityMeasure
from kiosk.vision.face_alignment import align_face
from kiosk.vision.face_geometry import Landmarks
from kiosk.vision.face_sample import FaceSample
from kiosk.vision.model_form import ColourOrder, PixelLayout, TemplateForm
from kiosk.vision.models import MODELS_DIR, Model, ModelManifest
from kiosk.vision.onnx_session import UnusableNetworkError, open_session
from kiosk.vision.photograph_face import photograph_remarks, the_one_face

_THREADS = 2


class FaceTemplateError(VisionError):
    """Root of what can go wrong between crop and template."""


class TemplateModelUnusableError(FaceTemplateError):
    """The model file is no network of the expected form."""

    def __init__(self, model_path: Path, detail: str) -> None:
        super().__init__(
            f"The face template model {model_path.name} cannot be used ({detail}); run `kiosk models build`, or install"
            " it again."
        )
        self.model_path = model_path


class NoSampleError(FaceTemplateError):
    """A template was asked for without any crop."""

    def __init__(self) -> None:
        super().__init__("There is no face sample to make a template of; capture again.")


@dataclass(frozen=True, slots=True)
class PhotographTemplate:
    """The template of a photograph, and what is poor about the photograph."""

    template: FaceTemplate
    inter_eye_px: float
    """In pixels of the file the photograph came from."""
    remarks: tuple[QualityMeasure, ...]


class FaceTemplateExtractor:
    """Holds one onnxruntime session; use it from one thread."""

    def __init__(self, model_path: Path, model_id: str, form: TemplateForm, threads: int = _THREADS) -> None:
        """Open the network; raise `TemplateModelUnusableError` where it does not take and give what `form` says."""
        self.model_id = model_id
        self.form = form
        try:
            self._session = open_session(model_path, threads)
        except UnusableNetworkError as error:
            raise TemplateModelUnusableError(model_path, error.detail) from error
        self._input = self._session.get_inputs()[0].name
        self._takes_bytes, self._takes_many = _input_form(model_path, self._session, form)

    def align(self, pixels: NDArray[np.uint8], landmarks: Landmarks) -> NDArray[np.uint8]:
        """Return the (crop_px, crop_px, 3) uint8 RGB crop of the face with these landmarks."""
        return align_face(pixels, landmarks, self.form)

    def extract_probe(self, samples: Sequence[FaceSample]) -> FaceTemplate:
        """Return the mean template of samples of one face; raise `NoSampleError` for none."""
        return self.template_of_crops([sample.crops[self.model_id] for sample in samples], TemplateRole.PROBE)

    def extract_reference(self, pixels: NDArray[np.uint8]) -> PhotographTemplate:
        """Return the template of a document's portrait; raise `UnusablePhotographError`."""
        return self.extract_photograph(pixels, TemplateRole.REFERENCE)

    def extract_photograph(
        self, pixels: NDArray[np.uint8], role: TemplateRole, reduction: float = 1.0
    ) -> PhotographTemplate:
        """Return the template of the one face in a (height, width, 3) uint8 RGB picture, with remarks.

        `reduction` is that of the `Photograph`: how many pixels of its file a pixel stands for.
        """
        face = the_one_face(pixels, role, reduction)
        template = self.template_of_crops([self.align(pixels, face.landmarks)], role)
        remarks = photograph_remarks(pixels, face.landmarks)
        return PhotographTemplate(template, face.inter_eye_px * reduction, remarks)

    def template_of_crops(self, crops: Sequence[NDArray[np.uint8]], role: TemplateRole) -> FaceTemplate:
        """Return one template: each crop's features to unit length, averaged, again to unit length."""
        if not crops:
            raise NoSampleError
        views = [view for crop in crops for view in (crop, crop[:, ::-1])] if self.form.mirror_sum else crops
        features = self.network_output(views).reshape(len(crops), -1, self.form.dimensions).sum(axis=1)
        mean = _unit(_unit(features).mean(axis=0))
        return FaceTemplate(mean, role, self.model_id)

    def network_output(self, crops: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, crop_px, crop_px, 3) uint8 RGB to (n, dimensions) float32, as the network gives them."""
        pictures = self._in_its_form(np.stack(list(crops)))
        batches = [pictures] if self._takes_many else np.split(pictures, len(pictures))
        outputs = [self._session.run(None, {self._input: batch})[0] for batch in batches]
        return np.asarray(np.concatenate(outputs).reshape(len(pictures), -1), dtype=np.float32)

    def warm_up(self) -> None:
        """Run once, so that the first customer does not wait for the libraries' first run."""
        side = self.form.picture.crop_px
        self.network_output(np.zeros((2, side, side, 3), dtype=np.uint8))

    def _in_its_form(self, crops: NDArray[np.uint8]) -> NDArray[Any]:
        form = self.form.picture
        ordered = crops if form.colours is ColourOrder.RGB else crops[..., ::-1]
        if self._takes_bytes:
            pictures: NDArray[Any] = ordered
        else:
            pictures = (ordered.astype(np.float32) - np.array(form.mean, np.float32)) * np.float32(form.scale)
        return np.ascontiguousarray(pictures if form.layout is PixelLayout.NHWC else pictures.transpose(0, 3, 1, 2))


def load_face_template_extractor(manifest: ModelManifest, models_dir: Path = MODELS_DIR) -> FaceTemplateExtractor:
    """Open the manifest's own face template model; raise `TemplateModelUnusableError`. Hashes: `check_models`."""
    return open_template_model(manifest.template_model, models_dir)


def open_template_model(model: Model, models_dir: Path = MODELS_DIR) -> FaceTemplateExtractor:
    """Open one face template model; raise `TemplateModelUnusableError`."""
    assert model.template is not None  # `load_manifest` has seen to it
    return FaceTemplateExtractor(model.path(models_dir), model.id, model.template)


def _input_form(model_path: Path, session: onnxruntime.InferenceSession, form: TemplateForm) -> tuple[bool, bool]:
    """Whether it takes bytes and many pictures at once; raise where it is not of the form described."""
    if len(session.get_inputs()) != 1 or len(session.get_outputs()) != 1:
        raise TemplateModelUnusableError(model_path, "it has more than one input or output")
    given, answer = session.get_inputs()[0], session.get_outputs()[0]
    side = form.picture.crop_px
    wanted = (3, side, side) if form.picture.layout is PixelLayout.NCHW else (side, side, 3)
    if len(given.shape) != 4 or not all(_fits(own, size) for own, size in zip(given.shape[1:], wanted, strict=True)):
        raise TemplateModelUnusableError(model_path, f"it does not take pictures of {side} pixels in that layout")
    if len(answer.shape) < 2 or not _fits(answer.shape[1], form.dimensions):
        raise TemplateModelUnusableError(model_path, f"it does not give {form.dimensions} numbers")
    if given.type not in ("tensor(uint8)", "tensor(float)") or answer.type != "tensor(float)":
        raise TemplateModelUnusableError(model_path, "it takes or gives other kinds of numbers")
    takes_bytes = given.type == "tensor(uint8)"
    if takes_bytes and not form.picture.takes_pixels_as_they_are:
        raise TemplateModelUnusableError(model_path, "it takes bytes, which no mean or scale can be applied to")
    return takes_bytes, not isinstance(given.shape[0], int)


def _fits(own: object, wanted: int) -> bool:
    """A side that the network leaves open has a name or none."""
    return own == wanted or not isinstance(own, int)


def _unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / np.maximum(length, 1e-12), dtype=np.float32)
