"""Aligned crops to face templates: one network, each crop with its mirror image, summed to unit length.

Neither finds faces nor compares templates, and writes nothing anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from kiosk.errors import VisionError
from kiosk.verification.comparison import FaceTemplate, TemplateRole
from kiosk.verification.quality import QualityMeasure
from kiosk.vision.face_alignment import CROP_PX, align_face
from kiosk.vision.face_geometry import Landmarks
from kiosk.vision.face_sample import FaceSample
from kiosk.vision.models import MODELS_DIR, ModelManifest
from kiosk.vision.photograph_face import photograph_remarks, the_one_face

_THREADS = 2


class FaceTemplateError(VisionError):
    """Root of what can go wrong between crop and template."""


class TemplateModelUnusableError(FaceTemplateError):
    """The model file is no network of the expected form."""

    def __init__(self, model_path: Path, detail: str) -> None:
        super().__init__(
            f"The face template model {model_path.name} cannot be used ({detail}); run `kiosk models build`."
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

    def __init__(self, model_path: Path, model_id: str, threads: int = _THREADS) -> None:
        self.model_id = model_id
        self._session = _open_session(model_path, threads)
        self._input = self._session.get_inputs()[0].name

    def align(self, pixels: NDArray[np.uint8], landmarks: Landmarks) -> NDArray[np.uint8]:
        """Return the (150, 150, 3) uint8 RGB crop of the face with these landmarks."""
        return align_face(pixels, landmarks)

    def extract_probe(self, samples: Sequence[FaceSample]) -> FaceTemplate:
        """Return the mean template of samples of one face; raise `NoSampleError` for none."""
        return self.template_of_crops([sample.crop for sample in samples], TemplateRole.PROBE)

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
        """Return one template: each crop and its mirror summed to unit length, averaged, again to unit length."""
        if not crops:
            raise NoSampleError
        batch = np.stack([view for crop in crops for view in (crop, crop[:, ::-1])])
        features = self.network_output(batch).reshape(len(crops), 2, -1).sum(axis=1)
        mean = _unit(_unit(features).mean(axis=0))
        return FaceTemplate(mean, role, self.model_id)

    def network_output(self, crops: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, 150, 150, 3) uint8 RGB to (n, 128) float32, as the network gives them: neither mirrored nor scaled."""
        (features,) = self._session.run(None, {self._input: np.ascontiguousarray(crops)})
        return np.asarray(features, dtype=np.float32)

    def warm_up(self) -> None:
        """Run once, so that the first customer does not wait for the libraries' first run."""
        self.network_output(np.zeros((2, CROP_PX, CROP_PX, 3), dtype=np.uint8))


def load_face_template_extractor(manifest: ModelManifest, models_dir: Path = MODELS_DIR) -> FaceTemplateExtractor:
    """Open the manifest's face template model; raise `TemplateModelUnusableError`. Hashes are `check_models`' part."""
    model = manifest.template_model
    return FaceTemplateExtractor(model.path(models_dir), model.id)


def _open_session(model_path: Path, threads: int) -> onnxruntime.InferenceSession:
    if disable := getattr(onnxruntime, "disable_telemetry_events", None):
        disable()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while waiting would take the camera's share of a small machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(model_path.read_bytes(), options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise TemplateModelUnusableError(model_path, error.strerror or "unreadable") from error
    except Exception as error:  # onnxruntime has no public root of its errors
        raise TemplateModelUnusableError(model_path, "it is no ONNX network") from error


def _unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(values, axis=-1, keepdims=True)
    return np.asarray(values / np.maximum(length, 1e-12), dtype=np.float32)
