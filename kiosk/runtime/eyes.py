"""Eyes: sees faces and cannot talk to anyone but desk. Camera, landmarks, quality, templates, comparison.

Ends with the visit and takes everything it saw along. It tells numbers and one comparison score, never a pixel of
its own accord: the preview lies in shared memory that desk paints and does not keep.
"""

import threading
import time
from pathlib import Path
from typing import assert_never

from hardware.camera import CameraError, Frame
from kiosk.errors import KioskError
from kiosk.runtime.camera_choice import CameraUnusableError, open_camera
from kiosk.runtime.capture import Capture
from kiosk.runtime.confinement import forbid_changes_to_files
from kiosk.runtime.frames import FrameMemory
from kiosk.runtime.messages import (
    BeginWindow,
    CameraFailed,
    Channel,
    Compare,
    Compared,
    CompareFailed,
    EyesReady,
    Message,
    Observed,
    Quit,
    ReferenceRefused,
    ReferenceTaken,
    SetUpEyes,
    StartCapture,
    StopCapture,
    TakeReference,
    ToEyes,
)
from kiosk.verification.comparison import FaceTemplate, compare
from kiosk.verification.quality import assess
from kiosk.vision.face_landmarker import FaceLandmarker
from kiosk.vision.face_sample import SampleWindow
from kiosk.vision.face_template import load_face_template_extractor
from kiosk.vision.models import ModelRole, check_models, load_manifest

PROBE_FRAMES = 5


class Eyes:
    """Carries out desk's messages one after the other; capture and analysis have threads of their own."""

    def __init__(self, channel: Channel[ToEyes], face_fd: int, portrait_fd: int, cue_fd: int | None) -> None:
        self._channel = channel
        self._sending = threading.Lock()
        self._preview = FrameMemory(face_fd)
        self._portrait = FrameMemory(portrait_fd)
        self._cue_fd = cue_fd

    def run(self) -> None:
        """Set up as told, then serve until told to quit or the pipe closes."""
        set_up = self._channel.receive()
        if isinstance(set_up, Quit):
            return
        if not isinstance(set_up, SetUpEyes):
            raise TypeError("the first message to eyes must set it up")
        self._warm_up(set_up)
        while not isinstance(message := self._channel.receive(), Quit):
            self._carry_out(message)
        self._capture.stop()
        self._window.clear()

    def _warm_up(self, set_up: SetUpEyes) -> None:
        began = time.monotonic()
        manifest = load_manifest()
        check_models(manifest, Path(set_up.models_dir), (ModelRole.FACE_TEMPLATE, ModelRole.FACE_LANDMARKS))
        self._extractor = load_face_template_extractor(manifest, Path(set_up.models_dir))
        self._threshold = manifest.template_threshold(set_up.false_match_rate)
        self._landmarker = FaceLandmarker()
        self._landmarker.warm_up(set_up.camera.width, set_up.camera.height)
        self._window = SampleWindow()
        self._window_id = -1
        self._reference: FaceTemplate | None = None
        try:
            camera = open_camera(set_up.camera, self._cue_fd)
        except CameraError as error:
            self._send(CameraFailed(str(error)))
            raise CameraUnusableError(str(error)) from error
        self._capture = Capture(camera, self._preview, self._analyse, lambda why: self._send(CameraFailed(why)))
        forbid_changes_to_files()
        self._send(EyesReady(self._extractor.model_id, camera.info.name, time.monotonic() - began))

    def _carry_out(self, message: ToEyes) -> None:
        match message:
            case StartCapture():
                self._landmarker.reset_track()
                self._capture.start()
            case StopCapture():
                self._capture.stop()
                self._window.clear()
            case BeginWindow():
                self._begin_window(message)
            case TakeReference():
                self._take_reference()
            case Compare():
                self._compare(message)
            case SetUpEyes() | Quit():
                raise TypeError("eyes is set up once")
            case _:
                assert_never(message)

    def _analyse(self, frame: Frame) -> None:
        observation = self._landmarker.observe(frame)
        assessment = assess(observation)
        self._window.offer(frame, observation, assessment)
        self._send(Observed(observation, assessment.guidance, assessment.score, frame.sequence))

    def _begin_window(self, message: BeginWindow) -> None:
        self._window.clear()
        self._window_id = message.window_id

    def _take_reference(self) -> None:
        shared = self._portrait.read_newest()
        if shared is None:
            self._send(ReferenceRefused("The reader handed on no portrait."))
            return
        try:
            reference = self._extractor.extract_reference(shared.pixels)
        except KioskError as error:
            self._send(ReferenceRefused(str(error)))
            return
        self._reference = reference.template
        self._send(ReferenceTaken(reference.inter_eye_px, tuple(reference.remarks)))

    def _compare(self, message: Compare) -> None:
        samples = self._window.best(message.track_id, message.from_s, message.until_s, PROBE_FRAMES)
        if message.window_id != self._window_id or not samples or self._reference is None:
            self._send(CompareFailed(message.window_id, "There is no fit frame in the window, or no reference."))
            return
        score = compare(self._extractor.extract_probe(samples), self._reference)
        self._send(
            Compared(
                window_id=message.window_id,
                track_id=message.track_id,
                score=score.value,
                frame_times_s=tuple(sample.captured_at_s for sample in samples),
                model_id=score.model_id,
                threshold=self._threshold.score,
                threshold_fmr=self._threshold.false_match_rate,
                threshold_validated=self._threshold.validated,
                threshold_measured_on=self._threshold.measured_on,
            )
        )

    def _send(self, message: Message) -> None:
        with self._sending:
            self._channel.send(message)
