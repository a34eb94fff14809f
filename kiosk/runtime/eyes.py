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
from kiosk.vision.face_agreement import lowest_agreement
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
        self._landmarker = FaceLandmarker()
        self._landmarker.warm_up(set_up.camera.width, set_up.camera.height)
        self._window = SampleWindow(self._extractor.network_output)
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
                self._reference = None
                self._portrait.wipe()
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
        self._reference = None
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
        with self._window.held():  # capture goes on, and what it finds better would zero a crop being looked at
            answer = self._comparison(message)
        failed = CompareFailed(message.window_id, "There is no fit frame in the window, or no reference.")
        self._send(failed if answer is None else answer)

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
            agreement=lowest_agreement(self._extractor, samples, witnesses),
            witness_times_s=tuple(witness.captured_at_s for witness in witnesses),
        )

    def _send(self, message: Message) -> None:
        with self._sending:
            self._channel.send(message)
