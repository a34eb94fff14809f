"""Opens the camera that desk named. Lives in eyes and reader; the simulated subject gets its landmarks here."""

from pathlib import Path
from typing import TYPE_CHECKING

from hardware.camera import Camera, CameraRefusedError, ExposureControl, ForeignCameraError
from hardware.camera_identity import CameraIdentity
from hardware.document_camera import DocumentCamera, FieldOfView, QuarterTurns
from kiosk.errors import RuntimeKioskError
from kiosk.runtime.messages import CameraChoice

if TYPE_CHECKING:
    from hardware.simulated.living import Portrait


class CameraUnusableError(RuntimeKioskError):
    """What `hardware` said of a camera, as an error of the kiosk's."""


def open_face_camera(choice: CameraChoice, cue_fd: int | None) -> Camera:
    """Open the camera that sees the customer: a USB camera only if setup has recorded which one it is."""
    if choice.kind == "usb" and not choice.vendor:
        raise ForeignCameraError(
            f"The identity of the face camera {choice.address} was never recorded, so it is refused; plug it in, then "
            "run `kiosk setup --record-cameras`."
        )
    return open_camera(choice, cue_fd)


def has_exposure(camera: Camera, choice: CameraChoice) -> bool:
    """True where the camera's exposure can be set and the settings let it."""
    return choice.exposure_steps and isinstance(camera, ExposureControl) and camera.set_exposure(0.0)


def open_camera(choice: CameraChoice, cue_fd: int | None) -> Camera:
    """Open without reading a frame, cut and turned as chosen; raise a `CameraError` of one sentence."""
    field = FieldOfView(choice.left, choice.top, choice.right, choice.bottom, QuarterTurns(choice.turns))
    camera = _open(choice, cue_fd)
    return camera if field == FieldOfView() else DocumentCamera(camera, field)


def _open(choice: CameraChoice, cue_fd: int | None) -> Camera:
    match choice.kind:
        case "usb":
            from hardware.opencv_camera import open_opencv_camera

            size = (choice.width, choice.height)
            return open_opencv_camera(choice.address, *size, choice.frames_per_s, allowed=_allowed(choice))
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


COMPANION = "companion.png"
"""Beside the subject's portrait: the second person of an attack that needs one."""


def _open_simulated(choice: CameraChoice, cue_fd: int | None) -> Camera:
    """Open the demo's subject; the address is a portrait, or an attack's name, a colon and a portrait."""
    from hardware.simulated.cues import PipeCuePort
    from hardware.simulated.species import AttackSpecies
    from hardware.simulated.subject import SimulatedSubjectCamera

    if cue_fd is None:
        raise CameraRefusedError("The simulated subject exists in the demo only.")
    word, _, address = choice.address.rpartition(":")
    if word and word not in tuple(AttackSpecies):
        raise CameraRefusedError(
            f"No attack presentation is called {word!r}; the names are {', '.join(AttackSpecies)}."
        )
    portrait, companion = _portrait(Path(address)), Path(address).with_name(COMPANION)
    return SimulatedSubjectCamera(
        portrait.pixels,
        portrait.landmarks,
        PipeCuePort(cue_fd),
        width=choice.width,
        height=choice.height,
        frames_per_s=choice.frames_per_s,
        attack=AttackSpecies(word) if word else None,
        other=_portrait(companion) if word and companion.exists() else None,
    )


def _portrait(path: Path) -> "Portrait":
    from hardware.simulated.living import Portrait
    from kiosk.vision.photograph import load_photograph
    from kiosk.vision.still_faces import find_faces

    pixels = load_photograph(path)
    faces = find_faces(pixels)
    if len(faces) != 1:
        raise CameraRefusedError("The simulated subject needs a portrait with exactly one face.")
    return Portrait(pixels, faces[0].landmarks)


def _allowed(choice: CameraChoice) -> CameraIdentity | None:
    """The camera that setup has recorded; None where it recorded none."""
    if not choice.vendor:
        return None
    return CameraIdentity(choice.vendor, choice.product, choice.serial, choice.bus_path)
