"""Opens a network for onnxruntime, quietly and with few threads. Knows nothing of what it is for."""

from pathlib import Path

import onnxruntime

from kiosk.errors import VisionError


class UnusableNetworkError(VisionError):
    """The file is no network; whoever opens it says which, and what to do."""

    def __init__(self, detail: str) -> None:
        super().__init__(f"A network cannot be used: {detail}.")
        self.detail = detail


def open_session(network: Path, threads: int) -> onnxruntime.InferenceSession:
    """Raise `UnusableNetworkError`."""
    if disable := getattr(onnxruntime, "disable_telemetry_events", None):
        disable()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that spin while waiting would take the camera's share of a small machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(network.read_bytes(), options, providers=["CPUExecutionProvider"])
    except OSError as error:
        raise UnusableNetworkError(error.strerror or "its file is unreadable") from error
    except Exception as error:  # onnxruntime has no public root of its errors
        raise UnusableNetworkError("its file is no ONNX network") from error
