"""Which cameras are at this machine, offered by number, and who they say they are. Takes no picture of any."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from hardware.camera import CameraInfo, VirtualCameraError
from hardware.camera_identity import SYSTEM, read_identity, refuse_virtual
from kiosk.admin.questions import Check, answer
from kiosk.errors import SettingsError
from kiosk.settings import CameraSettings, load_settings, save_settings

_BY_ID = Path("/dev/v4l/by-id")
NONE_FOUND = "No camera was found at this machine; plug one in, or name the device that it will have."


@dataclass(frozen=True, slots=True)
class CameraAtHand:
    """A camera as IT chooses it."""

    name: str
    address: str
    """Below `/dev/v4l/by-id` where the system has such a name: it stays the same when cameras are plugged anew."""
    device: str


def cameras_at_hand(found: Sequence[CameraInfo] | None = None, by_id: Path = _BY_ID) -> list[CameraAtHand]:
    """List the cameras in the system's order."""
    if found is None:
        from hardware.opencv_camera import find_cameras

        found = find_cameras()
    stable = {str(link.resolve()): str(link) for link in sorted(by_id.glob("*"), reverse=True)}
    return [CameraAtHand(camera.name, stable.get(camera.address, camera.address), camera.address) for camera in found]


def menu(cameras: Sequence[CameraAtHand]) -> str:
    """One numbered line for each camera, or that there is none."""
    if not cameras:
        return NONE_FOUND
    return "\n".join(f"  {number}  {camera.name}  {camera.address}" for number, camera in enumerate(cameras, 1))


def choose_camera(
    given: str | None, option: str, question: str, cameras: Sequence[CameraAtHand], fallback: str, check: Check
) -> str:
    """Return a camera's address: the option's, or a number of the menu, or a device that was typed."""
    chosen = answer(
        given, option, question, lambda text: check(_address(text, cameras)), _default(cameras, fallback, check)
    )
    return _address(chosen, cameras)


def absent(address: str) -> bool:
    """True where this machine has no such device now."""
    return address.startswith("/") and not Path(address).exists()


def recorded(camera: CameraSettings, system: Path = SYSTEM) -> CameraSettings:
    """Return the camera with the identity that it has now, or with none where it is away or no USB camera.

    Raise `SettingsError` for a virtual one.
    """
    node = Path(camera.address).resolve()
    try:
        refuse_virtual(node, system)
    except VirtualCameraError as error:
        raise SettingsError(str(error)) from error
    told = read_identity(node, system)
    if told is None:
        return msgspec.structs.replace(camera, vendor="", product="", serial="", bus_path="")
    return msgspec.structs.replace(
        camera, vendor=told.vendor, product=told.product, serial=told.serial, bus_path=told.bus_path
    )


def record_cameras(folder: Path, system: Path = SYSTEM) -> str:
    """Allow the cameras that are at the settings' addresses now, and no other; say for IT which they are."""
    settings = load_settings(folder)
    if settings.kiosk.demo:
        raise SettingsError("A demo has no cameras to record; name the folder of a kiosk.")
    face, document = recorded(settings.face_camera, system), recorded(settings.document_camera, system)
    if not face.vendor:
        raise SettingsError(
            f"The face camera {face.address} is not plugged in, or is no USB camera; connect it, then try again."
        )
    save_settings(folder, msgspec.structs.replace(settings, face_camera=face, document_camera=document))
    told = [f"Face camera: {_identity_words(face)}", f"Document camera: {_identity_words(document)}"]
    return "\n".join([*told, "Only these are allowed from the next start on."])


def _identity_words(camera: CameraSettings) -> str:
    if not camera.vendor:
        return "no identity"
    serial = f", serial {camera.serial}" if camera.serial else ", no serial number"
    return f"{camera.vendor}:{camera.product}{serial}, at {camera.bus_path or 'no known socket'}"


def _default(cameras: Sequence[CameraAtHand], fallback: str, check: Check) -> str:
    """The first number that the check would take, else the device that Linux usually gives."""
    from kiosk.errors import KioskError

    for number, camera in enumerate(cameras, 1):
        try:
            check(camera.address)
        except KioskError:
            continue
        return str(number)
    return fallback


def _address(text: str, cameras: Sequence[CameraAtHand]) -> str:
    if text.isdecimal() and 1 <= int(text) <= len(cameras):
        return cameras[int(text) - 1].address
    return f"/dev/video{int(text)}" if text.isdecimal() and not cameras else text
