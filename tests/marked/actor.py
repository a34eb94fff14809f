"""Acts eyes or reader for desk: says what they would say, about somebody whose every datum is a marker.

Run by the launcher of actors. Arguments before those of the launcher: role, seed, and a file that counts visits.
"""

import argparse
import fcntl
import sys
import time
from datetime import date
from pathlib import Path

import numpy as np

from kiosk.document.evidence import DocumentEvidence, DocumentKind
from kiosk.runtime.child_entry import child_arguments, serve
from kiosk.runtime.confinement import confine_vision
from kiosk.runtime.frames import FrameMemory
from kiosk.runtime.messages import (
    DocumentWasRead,
    EyesReady,
    Quit,
    ReadDocument,
    ReaderReady,
    ToEyes,
    ToReader,
    open_channel,
)
from tests.marked.markers import Markers, markers_of

_SHAPE = (720, 1280, 3)


def _next_number(counter: Path) -> int:
    with counter.open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        number = int(file.read() or "0") + 1
        file.seek(0)
        file.write(str(number))
    return number


def _frame(marker: bytes) -> "np.ndarray":
    size = int(np.prod(_SHAPE))
    return np.frombuffer(marker * (size // len(marker)), np.uint8).reshape(_SHAPE)


def _evidence(markers: Markers) -> DocumentEvidence:
    return DocumentEvidence(
        DocumentKind.PASSPORT, "UTO", markers.document_number, markers.primary_name, markers.secondary_name, "UTO",
        date(1974, 8, 12), date(2032, 4, 15), check_digits_valid=True, remarks=(),
    )  # fmt: skip


def act_reader(options: argparse.Namespace, seed: str, counter: Path) -> None:
    markers = markers_of(seed, _next_number(counter))
    confine_vision(options.launcher_pid)
    channel = open_channel(options.pipe_fd, ToReader)
    document, portrait = FrameMemory(options.document_fd), FrameMemory(options.portrait_fd)

    def run() -> None:
        while not isinstance(message := channel.receive(), Quit):
            if isinstance(message, ReadDocument):
                document.write(_frame(markers.document_picture), 1, time.monotonic())
                portrait.write(_frame(markers.portrait)[:64, :64], 1, time.monotonic())
                channel.send(DocumentWasRead(_evidence(markers), message.portrait_wanted))

    channel.receive()
    channel.send(ReaderReady("acted", 0.0))
    serve(channel, run)


def act_eyes(options: argparse.Namespace, seed: str, counter: Path) -> None:
    markers = markers_of(seed, _next_number(counter))
    confine_vision(options.launcher_pid)
    channel = open_channel(options.pipe_fd, ToEyes)
    face = FrameMemory(options.face_fd)
    template = bytearray(markers.template * 16)

    def run() -> None:
        while not isinstance(channel.receive(), Quit):
            assert template

    channel.receive()
    # Its frames lie in the shared memory whatever the customer chooses: they must go with the visit all the same.
    face.write(_frame(markers.face_picture), 1, time.monotonic())
    channel.send(EyesReady("acted", "acted", 0.0))
    serve(channel, run)


def main() -> None:
    role, seed, counter = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    del sys.argv[1:4]
    if role == "eyes":
        act_eyes(child_arguments(role, ("pipe", "face", "portrait"), ("cue",)), seed, counter)
    else:
        act_reader(child_arguments(role, ("pipe", "document", "portrait")), seed, counter)


if __name__ == "__main__":
    main()
