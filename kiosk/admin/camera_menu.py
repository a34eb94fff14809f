"""Which cameras are at this machine, offered by number. Opens none of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hardware.camera import CameraInfo
from kiosk.admin.questions import Check, answer

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
