"""What the disk can do to a kiosk, on a real disk of its own: each fault is named to the right people, nothing is lost,
nothing becomes a yes, and the kiosk goes on by itself. The line's faults are in `test_line_faults`, those of a TPM in
`test_tpm_vault`, a clock set back in `test_clock_in_doubt`.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.kiosk_folders import Papers

REPOSITORY = Path(__file__).resolve().parents[2]
ON_A_DISK_OF_ITS_OWN = 'mount -t tmpfs -o size=12m,mode=700 none "$1" && cd "$2" && shift 2 && exec "$@"'
NAMESPACE = ["-m"] if os.geteuid() == 0 else ["-r", "-m"]


def on_small_disk(folder: Path, *command: str) -> "subprocess.CompletedProcess[str]":
    """Run in a mount namespace, where a disk of 12 MB lies on the folder."""
    shell = ["sh", "-c", ON_A_DISK_OF_ITS_OWN, "sh", str(folder), str(REPOSITORY)]
    return subprocess.run(
        ["unshare", *NAMESPACE, "--propagation", "private", *shell, *command],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY), "QT_QPA_PLATFORM": "offscreen"},
    )


def walked(folder: Path, fault: str, step: str) -> dict[str, Any]:
    done = on_small_disk(folder, sys.executable, "-m", "tests.disk_faults", fault, step, str(folder / "store"))
    assert done.returncode == 0, done.stderr
    said: dict[str, Any] = json.loads(done.stdout)
    return said


SAID = {"full": "is full: make room, the kiosk goes on by itself", "refusing": "cannot be written"}


@pytest.mark.parametrize("fault", SAID)
@pytest.mark.parametrize("step", ["idle", "consent", "commit"])
def test_a_disk_that_takes_nothing_is_named_loses_nothing_and_answers_nobody(
    tmp_path: Path, fault: str, step: str
) -> None:
    said = walked(tmp_path, fault, step)
    assert said["phase"] == "idle", "no visit begins"
    assert said["customer"] == ["This kiosk is out of service. Please ask a member of staff."]
    (teller,) = said["teller"]
    assert "the disk of this terminal is full or cannot be written. Call IT." in teller
    (held,) = [sentence for sentence in said["teller and it"] if sentence.startswith("No new visit begins: ")]
    assert SAID[fault] in held
    assert said["waiting for the bank"] == 1, "no answer was given, and the one before it still waits"
    if step == "idle":
        assert said["customer's visit"] == ""
    elif step == "consent":
        assert any("A consent could not be recorded" in sentence for sentence in said["teller and it"])
        assert said["frames read"] == 0
    else:
        assert any("nothing was sent" in sentence for sentence in said["teller and it"])
        assert said["customer's visit"] != ""
    assert said["answered afterwards"] == 1
    assert said["kept"] == [1, 2]


STARTS = {
    "full": ("cp -a $1/. $2 && dd if=/dev/zero of=$2/filling bs=4096 status=none; ", "is full: make room"),
    "read-only": ("cp -a $1/. $2 && mount -o remount,bind,ro $2 && ", "cannot be written: Read-only file system"),
}


@pytest.mark.parametrize("fault", STARTS)
def test_a_start_on_such_a_disk_is_one_sentence_and_changes_nothing(tmp_path: Path, kiosk: Path, fault: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    prepare, said = STARTS[fault]
    run = f"{sys.executable} -m kiosk run --check --folder $2 --passphrase-file $1/../passphrase"
    shell = f"{prepare}{run}; code=$?; cmp $1/store/kiosk.db $2/store/kiosk.db && exit $code"
    done = on_small_disk(disk, "sh", "-c", shell, "sh", str(kiosk), str(disk))
    assert done.returncode == 2, done.stdout + done.stderr
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


@pytest.fixture(scope="module")
def kiosk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    papers = Papers(tmp_path_factory.mktemp("papers"))
    return papers.set_up(papers.folder / "kiosk")
