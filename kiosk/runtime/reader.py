"""Reader: sees the document and cannot talk to anyone but desk. Document camera, MRZ, portrait.

It hands on the record as numbers and texts, and the portrait as raw pixels in memory that only eyes maps.
"""

import time
from dataclasses import replace
from typing import assert_never

from hardware.camera import CameraError, Frame
from kiosk.document.agreement import Agreement
from kiosk.document.evidence import DocumentRemark
from kiosk.runtime.camera_choice import CameraUnusableError, open_camera
from kiosk.runtime.capture import Capture
from kiosk.runtime.confinement import forbid_changes_to_files
from kiosk.runtime.frames import FrameMemory
from kiosk.runtime.messages import (
    CameraFailed,
    Channel,
    DocumentSeen,
    DocumentWasRead,
    Quit,
    ReadDocument,
    ReaderReady,
    SetUpReader,
    StopReading,
    ToReader,
)
from kiosk.vision.document_page import DocumentPageReader
from kiosk.vision.models import ModelRole, check_models, load_manifest


class Reader:
    """Carries out desk's messages one after the other; capture and recognition have threads of their own."""

    def __init__(self, channel: Channel[ToReader], document_fd: int, portrait_fd: int) -> None:
        self._channel = channel
        self._preview = FrameMemory(document_fd)
        self._portrait = FrameMemory(portrait_fd)
        self._portraits_handed_on = 0

    def run(self) -> None:
        """Set up as told, then serve until told to quit or the pipe closes."""
        set_up = self._channel.receive()
        if isinstance(set_up, Quit):
            return
        if not isinstance(set_up, SetUpReader):
            raise TypeError("the first message to reader must set it up")
        self._warm_up(set_up)
        while not isinstance(message := self._channel.receive(), Quit):
            self._carry_out(message)
        self._capture.stop()

    def _warm_up(self, set_up: SetUpReader) -> None:
        began = time.monotonic()
        check_models(load_manifest(), roles=(ModelRole.TEXT_RECOGNITION, ModelRole.FACE_DETECTION))
        self._pages = DocumentPageReader()
        self._pages.warm_up()
        try:
            camera = open_camera(set_up.camera, cue_fd=None)
        except CameraError as error:
            self._channel.send(CameraFailed(str(error)))
            raise CameraUnusableError(str(error)) from error
        self._capture = Capture(camera, self._preview, self._analyse, lambda why: self._channel.send(CameraFailed(why)))
        self._done = False
        forbid_changes_to_files()
        self._channel.send(ReaderReady(camera.info.name, time.monotonic() - began))

    def _carry_out(self, message: ToReader) -> None:
        match message:
            case ReadDocument():
                self._done = False
                self._asked = message
                self._agreement = Agreement()
                self._capture.start()
            case StopReading():
                self._capture.stop()
            case SetUpReader() | Quit():
                raise TypeError("reader is set up once")
            case _:
                assert_never(message)

    def _analyse(self, frame: Frame) -> None:
        """Read until the pictures agree; hand on what they say, and the portrait if it is wanted and there."""
        if self._done:
            return
        asked = self._asked
        reading = self._pages.read(frame.pixels, asked.today, asked.minimum_age_years, asked.portrait_wanted)
        missing = DocumentRemark.NO_PORTRAIT in reading.remarks
        agreed = self._agreement.add(reading.evidence, missing, frame.captured_at_s)
        if not agreed and (reading.evidence is None or missing):
            self._channel.send(DocumentSeen(reading.remarks, frame.sequence))
        if not agreed or reading.evidence is None:
            return
        if reading.portrait is not None:
            self._portraits_handed_on += 1
            self._portrait.write(reading.portrait, self._portraits_handed_on, frame.captured_at_s)
        self._done = True
        evidence = replace(reading.evidence, remarks=reading.remarks)
        self._channel.send(DocumentWasRead(evidence, has_portrait=reading.portrait is not None))
