"""The optional learned classifier: one crop of a frame to a score, as the model's description says.

Where several are installed, the score is the mean of theirs. Judges nothing: `verification/classifier.py` does.
"""

import math
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from kiosk.errors import VisionError
from kiosk.vision.face_geometry import Landmarks
from kiosk.vision.model_form import ClassifierForm, ColourOrder, PixelLayout, mean_threshold
from kiosk.vision.models import MODELS_DIR, ModelManifest, ModelRole
from kiosk.vision.onnx_session import UnusableNetworkError, open_session

_THREADS = 1


class ClassifierUnusableError(VisionError):
    """The file is no classifier of the form that its description says."""

    def __init__(self, model_id: str, detail: str) -> None:
        super().__init__(
            f"The classifier {model_id} cannot be used: {detail}; correct its description, or remove it with "
            f"`kiosk models remove {model_id}`."
        )
        self.model_id = model_id


class PadNetwork:
    """Holds one onnxruntime session and what its model wants; use it from one thread."""

    def __init__(self, network: Path, model_id: str, form: ClassifierForm) -> None:
        """Open and try it on a grey picture; raise `ClassifierUnusableError`."""
        self.form = form
        try:
            self._session = open_session(network, _THREADS)
        except UnusableNetworkError as error:
            raise ClassifierUnusableError(model_id, error.detail) from error
        self._input = self._session.get_inputs()[0].name
        grey = np.full((form.picture.crop_px, form.picture.crop_px, 3), 127, np.uint8)
        try:
            answer = self._outputs(grey)
        except Exception as error:  # onnxruntime has no public root of its errors
            raise ClassifierUnusableError(model_id, "it does not take such pictures") from error
        if answer.shape != (form.classes,) or not np.isfinite(answer).all():
            raise ClassifierUnusableError(model_id, f"it does not give {form.classes} numbers for a picture")

    def probability(self, pixels: NDArray[np.uint8], landmarks: Landmarks) -> float:
        """Return the probability of a bona fide presentation, 0…1; NaN where there is no face or no number."""
        crop = face_crop(pixels, landmarks, self.form)
        if crop is None:
            return math.nan
        outputs = self._outputs(crop)
        if self.form.outputs_are_logits:
            outputs = np.exp(outputs - outputs.max())
            outputs /= outputs.sum()
        return float(outputs[self.form.bona_fide_class])

    def _outputs(self, crop: NDArray[np.uint8]) -> NDArray[np.float64]:
        (answer, *_) = self._session.run(None, {self._input: _prepared(crop, self.form)})
        return np.asarray(answer, dtype=np.float64).reshape(-1)


class PadClassifier:
    """All installed networks as one voice; use it from one thread."""

    def __init__(self, networks: Sequence[PadNetwork]) -> None:
        """Raise `ValueError` for none: nothing installed is no classifier."""
        if not networks:
            raise ValueError("A classifier needs at least one network.")
        self._networks = tuple(networks)

    @property
    def threshold(self) -> float:
        """Mean of the networks' own, as the score is."""
        return mean_threshold([network.form for network in self._networks])

    def score(self, pixels: NDArray[np.uint8], landmarks: Landmarks) -> float:
        """Return 0 (attack) … 1 (bona fide) for the subject's face in a (height, width, 3) uint8 RGB frame, or NaN."""
        return sum(network.probability(pixels, landmarks) for network in self._networks) / len(self._networks)


def load_pad_classifier(manifest: ModelManifest, models_dir: Path = MODELS_DIR) -> PadClassifier | None:
    """Open every installed classifier; None where there is none. Hashes are `check_models`' part."""
    networks = [
        PadNetwork(model.path(models_dir), model.id, model.classifier)
        for model in manifest.installed
        if model.role is ModelRole.PAD_CLASSIFIER and model.classifier is not None
    ]
    return PadClassifier(networks) if networks else None


def face_crop(pixels: NDArray[np.uint8], landmarks: Landmarks, form: ClassifierForm) -> NDArray[np.uint8] | None:
    """(side, side, 3) RGB around the face's box; one that would leave the picture is moved in, then made smaller."""
    height, width = pixels.shape[:2]
    if not np.isfinite(landmarks[:, :2]).all():
        return None
    low, high = landmarks[:, :2].min(axis=0).astype(np.float64), landmarks[:, :2].max(axis=0).astype(np.float64)
    box, middle, room = high - low, (low + high) / 2, np.array([width - 1, height - 1], np.float64)
    if box.min() < 1 or (middle < 0).any() or (middle > room).any():
        return None
    size = box * min(form.crop_scale, *(room / box))
    first = np.clip(middle - size / 2, 0, room - size).astype(int)
    last = (first + size).astype(int)
    cut = pixels[first[1] : last[1] + 1, first[0] : last[0] + 1]
    side = form.picture.crop_px
    return np.asarray(cv2.resize(cut, (side, side), interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def _prepared(crop: NDArray[np.uint8], form: ClassifierForm) -> NDArray[np.float32]:
    picture = form.picture
    ordered = crop if picture.colours is ColourOrder.RGB else crop[..., ::-1]
    values = (ordered.astype(np.float32) - np.array(picture.mean, np.float32)) * np.float32(picture.scale)
    batch = values[np.newaxis]
    return np.ascontiguousarray(batch if picture.layout is PixelLayout.NHWC else batch.transpose(0, 3, 1, 2))
