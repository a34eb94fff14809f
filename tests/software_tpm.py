"""A simulated TPM 2.0 (swtpm) on a socket in a folder, started and ended by the test that uses it."""

import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType

PATIENCE_S = 20.0


def _listens(path: Path) -> bool:
    """A socket has its name before anybody listens at it."""
    with socket.socket(socket.AF_UNIX) as tried:
        return tried.connect_ex(str(path)) == 0


class SoftwareTpm:
    """`tcti` is what settings name. Its memory outlives `restart` and is the chip's own."""

    def __init__(self, folder: Path) -> None:
        self._state = folder / "chip"
        self._state.mkdir(parents=True, exist_ok=True)
        self._socket = folder / "tpm"
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def tcti(self) -> str:
        return f"swtpm:path={self._socket}"

    def start(self) -> None:
        control = self._socket.with_name("tpm.ctrl")
        self._process = subprocess.Popen(
            [
                *("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={self._state}"),
                *("--server", f"type=unixio,path={self._socket}", "--ctrl", f"type=unixio,path={control}"),
                *("--flags", "not-need-init,startup-clear"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + PATIENCE_S
        while not (_listens(control) and _listens(self._socket)):
            assert self._process.poll() is None, "swtpm ended"
            assert time.monotonic() < deadline, "swtpm does not start"
            time.sleep(0.01)

    def stop(self) -> None:
        """As if it were switched off in the firmware."""
        assert self._process is not None
        self._process.terminate()
        self._process.wait(PATIENCE_S)
        for path in (self._socket, self._socket.with_name("tpm.ctrl")):
            path.unlink(missing_ok=True)

    def restart(self) -> None:
        """Power off and on."""
        self.stop()
        self.start()

    def clear(self) -> None:
        """As the firmware's menu does it."""
        from tpm2_pytss import ESAPI, ESYS_TR

        with ESAPI(self.tcti) as esapi:
            esapi.clear(ESYS_TR.LOCKOUT)

    def __enter__(self) -> "SoftwareTpm":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
