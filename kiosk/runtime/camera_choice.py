"""Opens the camera that desk named. Lives in eyes and reader; the simulated subject gets its landmarks here."""

from pathlib import Path

from hardware.camera import Camera, CameraRefusedError
from hardware.document_camera import DocumentCamera, FieldOfView, QuarterTurns
from kiosk.errors import RuntimeKioskError
from kiosk.runtime.messages import CameraChoice


class CameraUnusableError(RuntimeKioskError):
    """What `hardware` said of a camera, as an error of the kiosk's."""


def open_camera(choice: CameraChoice, cue_fd: int | None) -> Camera:
    """Open without reading a frame, cut and turned as chosen; raise a `CameraError` of one sentence."""
    field = FieldOfView(choice.left, choice.top, choice.right, choice.bottom, QuarterTurns(choice.turns))
    camera = _open(choice, cue_fd)
    return camera if field == FieldOfView() else DocumentCamera(camera, field)


def _open(choice: CameraChoice, cue_fd: int | None) -> Camera:
    match choice.kind:
        case "usb":
            from hardware.opencv_camera import open_opencv_camera

            return open_opencv_camera(choice.address, choice.width, choice.height, choice.frames_per_s)
        case "recorded" | "looped":
            from hardware.recorded_camera import open_recorded_camera

            size = (choice.width, choice.height)
            return open_recorded_camera(Path(choice.address), choice.frames_per_s, *size, loop=choice.kind == "looped")
        case "page":
            from hardware.recorded_camera import open_recorded_camera

            return open_recorded_camera(Path(choice.address), frames_per_s=choice.frames_per_s, loop=True)
        case "simulated":
            return _open_simulated(choice, cue_fd)
        case _:
            raise CameraRefusedError(f"No camera of the kind {choice.kind!r} exists; use usb, recorded or simulated.")


def _open_simulated(choice: CameraChoice, cue_fd: int | None) -> Camera:
    from hardware.simulated.cues import PipeCuePort
    from hardware.simulated.subject import SimulatedSubjectCamera
    from kiosk.vision.photograph import load_photograph
    from kiosk.vision.still_faces import find_faces

    if cue_fd is None:
        raise CameraRefusedError("The simulated subject exists in the demo only.")
    portrait = load_photograph(Path(choice.address))
    faces = find_faces(portrait)
    if len(faces) != 1:
        raise CameraRefusedError("The simulated subject needs a portrait with exactly one face.")
    return SimulatedSubjectCamera(
        portrait,
        faces[0].landmarks,
        PipeCuePort(cue_fd),
        width=choice.width,
        height=choice.height,
        frames_per_s=choice.frames_per_s,
    )
