"""Once the day is closed, the key to the application records stands nowhere in desk's memory."""

import os
import subprocess
import sys
from pathlib import Path

from kiosk.runtime.child_environment import child_environment, isolation
from kiosk.store.data_list_file import read_data_list
from kiosk.store.staff_keys import new_application_key, wrap_for_teller
from kiosk.store.store import Store
from kiosk.supervision.authorisation import hash_pin
from tests.memory_of import found_in_memory
from tests.stores import KEYS, STAFF_PEPPER

REPOSITORY = Path(__file__).resolve().parents[2]
TELLER, PIN = "1042", "264913"


def test_the_key_is_in_desks_memory_no_longer_than_the_day(tmp_path: Path) -> None:
    key = new_application_key()
    with Store(tmp_path, KEYS, read_data_list()) as store:
        store.unlock_applications(key)
        store.add_teller(TELLER, "A", hash_pin(PIN), wrap_for_teller(key, TELLER, PIN, STAFF_PEPPER))
    program = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('tests.open_and_close_a_day')"
    with subprocess.Popen(
        [sys.executable, isolation("desk"), "-c", program, str(REPOSITORY), str(tmp_path)],
        env=child_environment("desk", os.environ) | {"QT_QPA_PLATFORM": "offscreen"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
    ) as desk:
        assert desk.stdin is not None
        assert desk.stdout is not None

        def tell(line: str) -> str:
            desk.stdin.write(line + "\n")
            return desk.stdout.readline().strip()

        needles = (key, key.hex().encode(), key.hex().upper().encode())
        assert tell(f"open {TELLER} {PIN}") == "open"
        assert found_in_memory(desk.pid, needles), "or looking for it proves nothing"
        assert tell("close") == "closed"
        assert found_in_memory(desk.pid, needles) == set()
        assert tell(f"open {TELLER} {PIN}") == "open", "it was the right key all along"
        desk.stdin.close()
        assert desk.wait(20) == 0
