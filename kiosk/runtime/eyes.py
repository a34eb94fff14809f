"""Eyes: sees faces and cannot talk to anyone but desk. Camera, landmarks, quality, templates, comparison.

Ends with the visit and takes everything it saw along. It tells numbers and one comparison score, never a pixel of
its own accord: the preview lies in shared memory that desk paints and does not keep.
"""

import contextlib
import threading
import time
from pathlib import Path
from typing import assert_never

from hardware.camera import CameraError, ExposureControl, Frame
from kiosk.runtime.camera_choice import CameraUnusableError, has_exposure, open_face_camera
from kiosk.runtime.capture import Capture
from kiosk.runtime.confinement import forbid_changes_to_files
from kiosk.runtime.face_vision import FaceVision
from kiosk.runtime.frames import FrameMemory
from kiosk.runtime.messages import (
    BeginWindow,
    CameraFailed,
    Channel,
    ChannelClosedError,
    Compare,
    EyesReady,
    Message,
    Quit,
    SetExposure,
    SetUpEyes,
    StartCapture,
    StopCapture,
    TakeReference,
    ToEyes,
)
from kiosk.vision.installed_models import load_models, using
from kiosk.vision.models import ModelRole, check_models


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
        try:
            while not isinstance(message := self._channel.receive(), Quit):
                self._carry_out(message)
        finally:  # also when desk has gone: a camera in the middle of a step of its exposure would keep it
            self._capture.stop()
            self._vision.forget()

    def _warm_up(self, set_up: SetUpEyes) -> None:
        began = time.monotonic()
        manifest = load_models()
        manifest = using(manifest, set_up.template_model or manifest.template_model.id)
        roles = (ModelRole.FACE_TEMPLATE, ModelRole.FACE_LANDMARKS, ModelRole.PAD_CLASSIFIER)
        check_models(manifest, Path(set_up.models_dir), roles)
        self._vision = FaceVision(manifest, Path(set_up.models_dir), set_up.camera.width, set_up.camera.height)
        try:
            self._camera = camera = open_face_camera(set_up.camera, self._cue_fd)
        except CameraError as error:
            self._send(CameraFailed(str(error)))
            raise CameraUnusableError(str(error)) from error
        self._capture = Capture(
            camera,
            self._preview,
            self._analyse,
            lambda why: self._tell(CameraFailed(why)),
            self._vision.without_bystanders,
        )
        forbid_changes_to_files()
        controls = has_exposure(camera, set_up.camera)
        self._send(EyesReady(self._vision.model_id, camera.info.name, time.monotonic() - began, controls))

    def _carry_out(self, message: ToEyes) -> None:
        match message:
            case StartCapture():
                self._vision.reset()
                self._capture.start()
            case StopCapture():
                self._capture.stop()
                self._vision.forget()
                self._portrait.wipe()
            case BeginWindow():
                self._vision.begin_window(message.window_id)
            case SetExposure():
                if isinstance(self._camera, ExposureControl):
                    self._camera.set_exposure(message.stops)
            case TakeReference():
                self._take_reference()
            case Compare():
                self._send(self._vision.compare(message))
            case SetUpEyes() | Quit():
                raise TypeError("eyes is set up once")
            case _:
                assert_never(message)

    def _analyse(self, frame: Frame) -> None:
        self._tell(self._vision.analyse(frame))

    def _take_reference(self) -> None:
        shared = self._portrait.read_newest()
        self._send(self._vision.take_reference(None if shared is None else shared.pixels))

    def _tell(self, message: Message) -> None:
        """Send from a thread that has nobody to answer to: `run` hears too that desk has gone, and ends in order."""
        with contextlib.suppress(ChannelClosedError):
            self._send(message)

    def _send(self, message: Message) -> None:
        with self._sending:
            self._channel.send(message)
