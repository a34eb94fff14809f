"""Warmed eyes and reader as they wait for a customer: what they hold, and that they live under the whole filter."""

from pathlib import Path

import pytest

from kiosk.admin.specimen import demo_portrait
from kiosk.app import MODELS_DIR
from kiosk.runtime.messages import CameraChoice, EyesReady, ReaderReady, SetUpEyes, SetUpReader
from kiosk.vision.photograph import save_png
from tests.children import ChildUnderTest

# A process that others may not look into looks itself, the moment it is confined for good.
TELL_WHAT_IS_OPEN = """
import fcntl, os, stat, sys
from kiosk.runtime import confinement

forbid = confinement.forbid_changes_to_files

def forbid_and_tell():
    forbid()
    for name in os.listdir("/proc/self/fd"):
        try:
            regular, how = stat.S_ISREG(os.fstat(int(name)).st_mode), fcntl.fcntl(int(name), fcntl.F_GETFL)
        except OSError:
            continue  # the list itself
        path = os.readlink(f"/proc/self/fd/{name}")
        if regular and how & os.O_ACCMODE != os.O_RDONLY:
            print("open for writing:", path, file=sys.stderr)
    for attempt in (os.fork, os.setsid, lambda: os.kill(os.getppid(), 0)):
        try:
            attempt()
            print("allowed", file=sys.stderr)
        except PermissionError:
            print("refused", file=sys.stderr)

confinement.forbid_changes_to_files = forbid_and_tell
"""


@pytest.mark.parametrize("role", ["eyes", "reader"])
def test_a_warm_vision_process_holds_no_file_open_for_writing_and_has_no_heirs(role: str, tmp_path: Path) -> None:
    save_png(tmp_path / "astronaut.png", demo_portrait("astronaut"))
    choice = CameraChoice("recorded", str(tmp_path))
    with ChildUnderTest(role, first=TELL_WHAT_IS_OPEN) as child:
        if role == "eyes":
            child.channel.send(SetUpEyes(choice, str(MODELS_DIR)))
            child.expect(EyesReady)
        else:
            child.channel.send(SetUpReader(choice))
            child.expect(ReaderReady)
        assert child.end_in_good_order() == 0
        assert child.process.stderr is not None
        said = child.process.stderr.read().decode().splitlines()
    written = {line for line in said if line.startswith("open for writing")}
    own_memory = {"face", "document", "portrait"}
    assert written <= {f"open for writing: /memfd:kiosk-{name} (deleted)" for name in own_memory}
    assert [line for line in said if line in ("refused", "allowed")] == ["refused"] * 3
