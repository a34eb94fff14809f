"""A folder like Linux's /sys with cameras in it, and device nodes that belong to them."""

import shutil
from pathlib import Path


class CameraTree:
    """Each camera is made where the kernel would put it; the node returned is an empty file."""

    def __init__(self, folder: Path) -> None:
        self.system = folder / "sys"
        self.nodes = folder / "dev"
        self.nodes.mkdir()

    def usb_camera(
        self,
        node: str,
        *,
        name: str = "Logitech BRIO",
        vendor: bytes = b"046d",
        product: bytes = b"085e",
        serial: bytes = b"8A3F",
        controller: str = "0000:00:14.0",
        bus: int = 1,
        ports: str = "2.1",
    ) -> Path:
        parent = "pci0000:00" if controller.startswith("0000") else "platform"
        device = self.system / "devices" / parent / controller / f"usb{bus}" / f"{bus}-{ports}"
        interface = device / f"{bus}-{ports}:1.0"
        interface.mkdir(parents=True, exist_ok=True)
        for file, content in (("idVendor", vendor), ("idProduct", product), ("serial", serial)):
            if content:
                (device / file).write_bytes(content + b"\n")
        self._driver(interface, "uvcvideo")
        return self._register(node, name, interface)

    def platform_camera(self, node: str, driver: str) -> Path:
        device = self.system / "devices" / "platform" / f"{driver}.0"
        device.mkdir(parents=True)
        self._driver(device, driver)
        return self._register(node, "Camera", device)

    def virtual_camera(self, node: str, name: str) -> Path:
        """As v4l2loopback makes it: below `virtual`, without a device of its own."""
        return self._register(node, name, None)

    def remove(self, node: str) -> None:
        """Unplug it."""
        entry = self.system / "class" / "video4linux" / node
        shutil.rmtree(entry.resolve().parents[2])
        entry.unlink()

    def _driver(self, device: Path, driver: str) -> None:
        folder = self.system / "bus" / "drivers" / driver
        folder.mkdir(parents=True, exist_ok=True)
        if not (device / "driver").exists():
            (device / "driver").symlink_to(folder)

    def _register(self, node: str, name: str, device: Path | None) -> Path:
        home = self.system / "devices" / "virtual" if device is None else device
        entry = home / "video4linux" / node
        entry.mkdir(parents=True)
        (entry / "name").write_text(name + "\n", encoding="utf-8")
        if device is not None:
            (entry / "device").symlink_to(device)
        listed = self.system / "class" / "video4linux"
        listed.mkdir(parents=True, exist_ok=True)
        (listed / node).symlink_to(entry)
        (self.nodes / node).touch()
        return self.nodes / node
