"""Which camera is it? Tried on a tree like Linux's /sys, and with an open camera behind it."""

from pathlib import Path

import cv2
import pytest

from hardware.camera import CameraRefusedError, ForeignCameraError, VirtualCameraError
from hardware.camera_identity import CameraIdentity, asked_driver, read_identity, refuse_virtual
from hardware.opencv_camera import open_opencv_camera
from tests.camera_trees import CameraTree
from tests.capture_devices import FakeCaptureDevice

FACE = CameraIdentity("046d", "085e", "8A3F", "0000:00:14.0-2.1")


@pytest.fixture
def tree(tmp_path: Path) -> CameraTree:
    return CameraTree(tmp_path)


def test_identity_is_read_from_the_usb_device_above_the_camera(tree: CameraTree) -> None:
    assert read_identity(tree.usb_camera("video0"), tree.system) == FACE


def test_the_socket_has_the_same_name_whatever_number_its_bus_got(tree: CameraTree) -> None:
    first, later = tree.usb_camera("video0", bus=1), tree.usb_camera("video2", bus=3, ports="2.1")
    assert read_identity(first, tree.system) == read_identity(later, tree.system)
    assert read_identity(tree.usb_camera("video4", ports="4"), tree.system) != FACE


def test_no_usb_device_has_no_identity(tree: CameraTree) -> None:
    assert read_identity(tree.virtual_camera("video9", "Dummy"), tree.system) is None
    assert read_identity(Path("/dev/video77"), tree.system) is None


@pytest.mark.parametrize("vendor", ["", "46d", "zzzz", "046d\n046d", "\udc80"])
def test_an_odd_vendor_is_no_identity(tree: CameraTree, vendor: str) -> None:
    node = tree.usb_camera("video0", vendor=vendor.encode("utf-8", "surrogateescape"))
    assert read_identity(node, tree.system) is None


def test_a_serial_of_any_bytes_stays_one_short_printable_line(tree: CameraTree) -> None:
    node = tree.usb_camera("video0", serial=b"\x1b[2J\n\xff" + b"9" * 5000)
    identity = read_identity(node, tree.system)
    assert identity is not None
    assert identity.serial.isprintable()
    assert len(identity.serial) <= 64


VIRTUAL = {
    "by its place": lambda tree: tree.virtual_camera("video5", "Integrated Camera"),
    "vivid": lambda tree: tree.platform_camera("video5", "vivid"),
    "vimc": lambda tree: tree.platform_camera("video5", "vimc"),
    "a dummy host controller": lambda tree: tree.usb_camera("video5", controller="dummy_hcd.0"),
    "USB over a network": lambda tree: tree.usb_camera("video5", controller="vhci_hcd.0"),
    "OBS": lambda tree: tree.usb_camera("video5", name="OBS Virtual Camera"),
    "ManyCam": lambda tree: tree.usb_camera("video5", name="ManyCam Video Source"),
    "Snap Camera": lambda tree: tree.usb_camera("video5", name="Snap Camera"),
    "XSplit": lambda tree: tree.usb_camera("video5", name="XSplit VCam"),
    "Iriun": lambda tree: tree.usb_camera("video5", name="Iriun Webcam"),
    "DroidCam": lambda tree: tree.usb_camera("video5", name="Droidcam"),
    "NDI": lambda tree: tree.usb_camera("video5", name="NDI Webcam 1"),
    "loopback": lambda tree: tree.usb_camera("video5", name="Dummy video device (0x0000)"),
}


@pytest.mark.parametrize("kind", VIRTUAL)
def test_a_virtual_camera_is_refused_before_it_is_opened(tree: CameraTree, kind: str) -> None:
    node = VIRTUAL[kind](tree)
    with pytest.raises(VirtualCameraError, match="virtual one"):
        open_opencv_camera(str(node), system=tree.system, open_device=lambda _: pytest.fail("opened"))


@pytest.mark.parametrize(
    "name", ["Logitech BRIO", "HD Pro Webcam C920", "Integrated Camera: Integrated C", "USB 2.0 Camera", "Candid Cam"]
)
def test_a_real_camera_is_not_taken_for_a_virtual_one(tree: CameraTree, name: str) -> None:
    node = tree.usb_camera("video0", name=name)
    refuse_virtual(node, tree.system)
    opened(node, tree, FACE).close()


def opened(node: Path, tree: CameraTree, allowed: CameraIdentity):  # type: ignore[no-untyped-def]
    device = FakeCaptureDevice()
    return open_opencv_camera(str(node), 64, 48, allowed=allowed, system=tree.system, open_device=lambda _: device)


FOREIGN = {
    "vendor": {"vendor": b"1234"},
    "product": {"product": b"ffff"},
    "serial": {"serial": b"8A40"},
    "no serial": {"serial": b""},
    "socket": {"ports": "3"},
    "controller": {"controller": "0000:00:1a.0"},
}


@pytest.mark.parametrize("part", FOREIGN)
def test_another_camera_is_refused_with_the_cure(tree: CameraTree, part: str) -> None:
    node = tree.usb_camera("video0", **FOREIGN[part])  # type: ignore[arg-type]
    with pytest.raises(ForeignCameraError, match="kiosk setup --record-cameras"):
        opened(node, tree, FACE)


def test_a_camera_whose_identity_cannot_be_read_is_refused(tree: CameraTree) -> None:
    with pytest.raises(ForeignCameraError, match="cannot be read"):
        opened(Path("/dev/video77"), tree, FACE)


def test_what_was_not_recorded_is_not_asked(tree: CameraTree) -> None:
    opened(tree.usb_camera("video0", serial=b"", ports="7"), tree, CameraIdentity("046d", "085e")).close()


def test_a_camera_that_is_exchanged_while_it_opens_is_refused_and_released(tree: CameraTree) -> None:
    node, device = tree.usb_camera("video0"), FakeCaptureDevice()

    def exchange(_: str) -> FakeCaptureDevice:
        tree.remove("video0")
        tree.usb_camera("video0", serial=b"OTHER")
        return device

    with pytest.raises(CameraRefusedError):
        open_opencv_camera(str(node), allowed=FACE, system=tree.system, open_device=exchange)
    assert device.releases == 1
    assert cv2.CAP_PROP_FRAME_WIDTH not in device.wishes


def test_what_is_no_camera_tells_no_driver(tmp_path: Path) -> None:
    assert asked_driver(Path("/dev/null")) == asked_driver(tmp_path) == asked_driver(tmp_path / "none") == ""
