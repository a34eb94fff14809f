"""What each process can ever hold in memory: its own side only.

From each entry module all imports are followed, those inside functions included; then all of them are carried out
in one interpreter, started as the launcher starts it, and what the libraries brought along is looked at as well.
"""

import json
import subprocess
import sys
from functools import cache

import grimp
import pytest

VISION = {"cv2", "mediapipe", "onnxruntime", "rapidocr"}
SCREENS = {"PySide6", "shiboken6"}
STORE = {"sqlcipher3", "kiosk.store"}
CAMERAS = {
    f"hardware.{name}"
    for name in (
        "camera",
        "camera_identity",
        "document_camera",
        "newest",
        "opencv_camera",
        "opencv_exposure",
        "picture_file",
        "recorded_camera",
        "simulated",
    )
}
TALKING = {"httpx", "kiosk.upstream.https_upstream"}

# The vision libraries load HTTP modules of their own (requests, http.client), which is why the operating system closes
# the network and not a list like this one.
NOT_IN = {
    "kiosk.app": VISION | TALKING | {"requests", "kiosk.vision"} | CAMERAS,
    "kiosk.runtime.eyes_process": STORE | SCREENS | TALKING | {"kiosk.upstream", "kiosk.ui", "kiosk.session"},
    "kiosk.runtime.reader_process": STORE | SCREENS | TALKING | {"kiosk.upstream", "kiosk.ui", "kiosk.session"},
    "kiosk.runtime.courier_process": STORE
    | SCREENS
    | VISION
    | {"kiosk.vision", "kiosk.ui", "kiosk.session", "hardware"},
}
MUST_BE_IN = {
    "kiosk.app": {"sqlcipher3", "PySide6", "kiosk.session.machine"},
    "kiosk.runtime.eyes_process": {"mediapipe", "onnxruntime", "kiosk.vision.face_template"},
    "kiosk.runtime.reader_process": {"cv2", "onnxruntime", "kiosk.document.mrz"},
    "kiosk.runtime.courier_process": {"httpx", "kiosk.upstream.https_upstream"},
}
LAUNCHER_MAY_HOLD = {
    "kiosk",
    "kiosk.errors",
    "kiosk.runtime",
    "kiosk.runtime.child_environment",
    "kiosk.runtime.child_log",
    "kiosk.runtime.confinement",
    "kiosk.runtime.launcher",
    "kiosk.runtime.process_users",
    "kiosk.runtime.running_child",
    "kiosk.runtime.shared_memory",
    "kiosk.runtime.system_calls",
}


@cache
def import_graph() -> grimp.ImportGraph:
    return grimp.build_graph("kiosk", "hardware", include_external_packages=True, cache_dir=None)


def reachable_from(entry: str) -> set[str]:
    """Every module that some import reachable from `entry` names, wherever it stands."""
    return {entry} | import_graph().find_upstream_modules(entry)


def loaded_by(*modules: str) -> set[str]:
    """Names of all modules that importing these, in an isolated interpreter, leaves in memory."""
    code = f"import json, sys, {', '.join(modules)}; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=120)
    assert answer.returncode == 0, answer.stderr
    return set(json.loads(answer.stdout.splitlines()[-1]))


@pytest.mark.parametrize("entry", sorted(NOT_IN))
def test_a_process_can_load_its_own_side_only(entry: str) -> None:
    loaded = loaded_by(*sorted(reachable_from(entry)))
    assert loaded >= MUST_BE_IN[entry], "the test no longer sees what this process is for"
    assert not loaded & NOT_IN[entry]


def test_a_vision_process_loads_no_library_before_it_is_confined() -> None:
    for entry in ("kiosk.runtime.eyes_process", "kiosk.runtime.reader_process"):
        assert not loaded_by(entry) & (VISION | {"numpy", "matplotlib"})


def test_desk_loads_no_screen_before_it_is_confined() -> None:
    assert not loaded_by("kiosk.app") & (SCREENS | STORE)


def test_the_launcher_holds_nothing_but_the_standard_library() -> None:
    loaded = loaded_by("kiosk.runtime.launcher") - loaded_by("sys")  # an editable install loads a little by itself
    foreign = {name for name in loaded if name.partition(".")[0] not in sys.stdlib_module_names}
    assert foreign <= LAUNCHER_MAY_HOLD
