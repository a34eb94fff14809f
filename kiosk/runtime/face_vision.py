"""What eyes does with frames, apart from camera, pipe and threads: measure, keep a few crops, compare.

Answers in the messages that desk gets. `eyes` runs it in a process of its own, a rehearsal on a simulated clock.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hardware.camera import Frame
from kiosk.errors import KioskError
from kiosk.runtime.messages import Compare, Compared, CompareFailed, Observed, ReferenceRefused, ReferenceTaken
from kiosk.verification.comparison import FaceTemplate, compare
from kiosk.verification.quality import assess
from kiosk.vision.bystanders import Bystanders
from kiosk.vision.face_agreement import lowest_agreement
from kiosk.vision.face_landmarker import FaceLandmarker
from kiosk.vision.face_sample import SampleWindow
from kiosk.vision.face_template import load_face_template_extractor, open_template_model
from kiosk.vision.frame_measurement import FrameMeasurer
from kiosk.vision.models import ModelManifest
from kiosk.vision.pad_classifier import load_pad_classifier

PROBE_FRAMES = 5


class FaceVision:
    """Holds every face model, each loaded once. `analyse` belongs to one thread, all else to another."""

    def __init__(self, manifest: ModelManifest, models_dir: Path, width: int, height: int) -> None:
        """Load and warm up for frames of this size."""
        self._witness = load_face_template_extractor(manifest, models_dir)
        self._extractor = self._witness
        if manifest.template_model_in_use.id != self._witness.model_id:
            self._extractor = open_template_model(manifest.template_model_in_use, models_dir)
            self._extractor.warm_up()
        self._witness.warm_up()
        self._bystanders = Bystanders()
        landmarker = FaceLandmarker(self._bystanders)
        landmarker.warm_up(width, height)
        self._measurer = FrameMeasurer(landmarker, load_pad_classifier(manifest, models_dir))
        self._window = SampleWindow(self._witness, [] if self._extractor is self._witness else [self._extractor])
        self._window_id = -1
        self._reference: FaceTemplate | None = None

    @property
    def model_id(self) -> str:
        return self._extractor.model_id

    def reset(self) -> None:
        """Capture begins: whoever comes is a new subject."""
        self._measurer.reset()

    def analyse(self, frame: Frame) -> Observed:
        """Measure a frame, and keep its crop if it is worth it."""
        observation = self._measurer.measure(frame)
        assessment = assess(observation)
        self._window.offer(frame, observation, assessment)
        return Observed(observation, assessment.guidance, assessment.score, frame.sequence)

    def without_bystanders(self, pixels: NDArray[np.uint8], frame_width: int) -> NDArray[np.uint8]:
        """Return a preview picture with other people's faces hidden; any thread may ask, and it waits for none."""
        return self._bystanders.hide(pixels, frame_width)

    def begin_window(self, window_id: int) -> None:
        """Forget earlier samples and witnesses."""
        self._window.clear()
        self._window_id = window_id

    def forget(self) -> None:
        """Zero every crop; forget the reference."""
        self._window.clear()
        self._reference = None

    def take_reference(self, portrait: NDArray[np.uint8] | None) -> ReferenceTaken | ReferenceRefused:
        """Make the reference template of a document's portrait, (height, width, 3) RGB."""
        self._reference = None
        if portrait is None:
            return ReferenceRefused("The reader handed on no portrait.")
        try:
            reference = self._extractor.extract_reference(portrait)
        except KioskError as error:
            return ReferenceRefused(str(error))
        self._reference = reference.template
        return ReferenceTaken(reference.inter_eye_px, tuple(reference.remarks))

    def compare(self, asked: Compare) -> Compared | CompareFailed:
        """Compare the best samples of the window with the reference."""
        with self._window.held():  # capture goes on, and what it finds better would zero a crop being looked at
            answer = self._comparison(asked)
        return answer or CompareFailed(asked.window_id, "There is no fit frame in the window, or no reference.")

    def _comparison(self, asked: Compare) -> Compared | None:
        samples = self._window.best(asked.track_id, asked.from_s, asked.until_s, PROBE_FRAMES)
        witnesses = self._window.witnesses(asked.track_id, asked.from_s, asked.until_s)
        if asked.window_id != self._window_id or not samples or self._reference is None:
            return None
        probe = self._extractor.extract_probe(samples)
        score = compare(probe, self._reference)
        return Compared(
            window_id=asked.window_id,
            track_id=asked.track_id,
            score=score.value,
            frame_times_s=tuple(sample.captured_at_s for sample in samples),
            model_id=score.model_id,
            agreement=lowest_agreement(self._witness, samples, witnesses),
            witness_times_s=tuple(witness.captured_at_s for witness in witnesses),
        )
