"""Who a camera says it is: USB vendor, product, serial and place, and the driver behind it, as Linux tells them.

A filter, not proof: a device that is built to lie can say anything. It catches the exchanged cable and the virtual
camera that anybody can install. Systems other than Linux tell nothing here, and what is not told is not allowed.
"""

import os
import re
import struct
import sys
from dataclasses import dataclass
from pathlib import Path

from hardware.camera import ForeignCameraError, VirtualCameraError

SYSTEM = Path("/sys")
VIRTUAL_DRIVERS = frozenset(
    {"v4l2loopback", "v4l2 loopback", "vivid", "vimc", "vicodec", "vim2m", "visl", "akvcam", "webcamoid",
     "droidcam", "v4l2loopback-dc", "vcam", "dummy_hcd", "vhci_hcd", "usbip", "usbip-vudc", "gadget"}
)  # fmt: skip
"""Drivers of cameras, and of USB hosts without a socket, behind which a program gives the pictures."""
_VIRTUAL_NAME = re.compile(
    r"(?i)virtual|loopback|dummy video|\bobs\b|manycam|snap camera|xsplit|vcam|iriun|droidcam|epoccam|\bndi\b|camo\b"
    r"|splitcam|e2esoft|webcamoid|akvcam|vivid|vimc|sparkocam|mmhmm|youcam|unity video|screen ?cap|deskreen"
)
_QUERY_CAPABILITIES = 0x80685600  # VIDIOC_QUERYCAP
_CAPABILITIES = struct.Struct("16s32s32sIII12x")
_ID = re.compile(r"[0-9a-f]{4}")


@dataclass(frozen=True, slots=True)
class CameraIdentity:
    """A USB camera; what is empty was not told."""

    vendor: str
    """Four hexadecimal digits, as is the product."""
    product: str
    serial: str = ""
    bus_path: str = ""
    """Host controller and ports, for example `0000:00:14.0-2.1`; another socket has another."""

    def __str__(self) -> str:
        serial = f" serial {self.serial}" if self.serial else ""
        return f"{self.vendor}:{self.product}{serial} at {self.bus_path or 'no known place'}"


def read_identity(node: Path, root: Path = SYSTEM) -> CameraIdentity | None:
    """Return what the system knows of the USB camera with this device node; None for any other, or where unknown."""
    for folder in (device := _device(node, root), *device.parents):
        vendor, product = (_word(folder / name).lower() for name in ("idVendor", "idProduct"))
        if _ID.fullmatch(vendor) and _ID.fullmatch(product):
            return CameraIdentity(vendor, product, _word(folder / "serial"), _bus_path(folder))
    return None


def refuse_virtual(node: Path, root: Path = SYSTEM) -> None:
    """Raise `VirtualCameraError` where driver, host controller, place or name are those of a virtual camera."""
    name = _word(root / "class" / "video4linux" / node.name / "name")
    device = _device(node, root)
    drivers = {
        (folder / "driver").resolve().name for folder in (device, *device.parents) if (folder / "driver").exists()
    }
    places = {re.sub(r"\.\d+$", "", part) for part in device.parts}
    found = {word.lower() for word in drivers | places | {asked_driver(node)}} & VIRTUAL_DRIVERS
    if found or "/devices/virtual/" in f"{device}/" or _VIRTUAL_NAME.search(name):
        raise VirtualCameraError(
            f"The camera {name or node} is a virtual one ({', '.join(sorted(found)) or 'by its name or place'}) and is "
            "refused; name a real camera in settings.toml, then run `kiosk setup --record-cameras`."
        )


def demand_identity(node: Path, allowed: CameraIdentity, root: Path = SYSTEM) -> None:
    """Raise `ForeignCameraError` unless this very camera is at this node; what `allowed` leaves empty is not asked."""
    found = read_identity(node, root)
    if found is None:
        raise ForeignCameraError(
            f"The identity of the camera {node} cannot be read, so it is refused; connect a USB camera, then run "
            "`kiosk setup --record-cameras`."
        )
    asked = ("vendor", "product", "serial", "bus_path")
    if any(getattr(allowed, part) not in ("", getattr(found, part)) for part in asked):
        raise ForeignCameraError(
            f"The camera {node} is {found} and not {allowed}, so it is refused; connect the right one to its own "
            "socket, or record this one with `kiosk setup --record-cameras`."
        )


def asked_driver(node: Path) -> str:
    """Return the driver's name as the device itself tells it (VIDIOC_QUERYCAP); empty where it tells none."""
    if sys.platform != "linux" or not node.is_char_device():
        return ""
    import fcntl

    try:
        descriptor = os.open(node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return ""  # busy or not ours: opening it for pictures will say why
    try:
        told = fcntl.ioctl(descriptor, _QUERY_CAPABILITIES, bytes(_CAPABILITIES.size))
    except OSError:
        return ""  # no camera at all
    finally:
        os.close(descriptor)
    return str(_CAPABILITIES.unpack(told)[0].split(b"\0")[0].decode("ascii", "replace"))


def _device(node: Path, root: Path) -> Path:
    """The folder of the node's device in the tree of devices; a node without one is taken where it hangs itself."""
    entry = root / "class" / "video4linux" / node.name
    device = entry / "device"
    return (device if device.exists() else entry).resolve()


def _bus_path(folder: Path) -> str:
    """Numbers of buses change with the order of starting; controller and ports do not."""
    _, _, ports = folder.name.partition("-")
    buses = [parent for parent in folder.parents if re.fullmatch(r"usb\d+", parent.name)]
    controller = buses[0].parent.name if buses else ""
    return f"{controller}-{ports}" if controller and ports else ""


def _word(path: Path) -> str:
    """One line of the system's, printable and short: a device may call itself anything."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    return " ".join("".join(c if c.isprintable() else " " for c in text[:256]).split())[:64]
