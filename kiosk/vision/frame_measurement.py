"""One frame to all its numbers: the subject's face, and what each layer of attack detection looks at.

The costly ones are taken on some frames only, so that analysis keeps up with the camera. Judges nothing.
"""

from dataclasses import replace

from hardware.camera import Frame
from kiosk.verification.observation import FrameObservation, TextureSample
from kiosk.vision.background_motion import BackgroundFollower
from kiosk.vision.face_landmarker import FaceLandmarker
from kiosk.vision.light_measurement import measure_light
from kiosk.vision.pad_classifier import PadClassifier
from kiosk.vision.stream_measurement import StreamMeter
from kiosk.vision.texture_measurement import measure_texture

TEXTURE_EVERY_S = 0.5


class FrameMeasurer:
    """Use it from one thread; `reset` when capture begins."""

    def __init__(self, landmarker: FaceLandmarker, classifier: PadClassifier | None = None) -> None:
        self._landmarker = landmarker
        self._classifier = classifier
        self._background = BackgroundFollower()
        self._stream = StreamMeter()
        self._texture_due_at_s = 0.0

    def reset(self) -> None:
        """Forget the subject and every frame."""
        self._landmarker.reset_track()
        self._background.reset()
        self._stream.reset()
        self._texture_due_at_s = 0.0

    def measure(self, frame: Frame) -> FrameObservation:
        """Return everything that is measured on this frame."""
        observation = replace(self._landmarker.observe(frame), stream=self._stream.measure(frame.pixels))
        if observation.face is None:
            return observation
        landmarks = observation.face.landmarks
        return replace(
            observation,
            light=measure_light(frame.pixels, landmarks),
            background=self._background.follow(frame.pixels, landmarks),
            texture=self._texture(frame, observation),
        )

    def _texture(self, frame: Frame, observation: FrameObservation) -> TextureSample | None:
        if observation.face is None or frame.captured_at_s < self._texture_due_at_s:
            return None
        self._texture_due_at_s = frame.captured_at_s + TEXTURE_EVERY_S
        texture = measure_texture(frame.pixels, observation.face.landmarks)
        if texture is None or self._classifier is None:
            return texture
        return replace(texture, classifier=self._classifier.score(frame.pixels, observation.face.landmarks))
