"""One flipped byte anywhere in a store that a power cut left behind is noticed, the last frame of a log included.

The long form, with 10,000 positions, is `python3 start.py test -m long tests/integration/test_flipped_bytes.py`.
"""

import random
import shutil
import struct
from collections import Counter
from pathlib import Path

import pytest

from kiosk.errors import StoreError
from tests.stores import answer_visit, open_test_store

SHORT, LONG = 300, 10_000
_FRAME_BYTES = 24 + 4096
_LOG_HEADER_BYTES = 32


def left_by_a_power_cut(tmp_path: Path) -> Path:
    """A store with verdicts in the databases and in their logs, as its files stand while it is open."""
    folder, cut = tmp_path / "store", tmp_path / "cut"
    with open_test_store(folder) as store:
        for _ in range(6):
            answer_visit(store)
    with open_test_store(folder) as store:
        for _ in range(3):
            answer_visit(store)
        store.record_failed_attempt()
        shutil.copytree(folder, cut)
    return cut


def live_bytes(log: Path) -> int:
    """How much of a write-ahead log counts: frames of its present salt, up to the last commit (SQLite file format)."""
    content = log.read_bytes()
    salt, live = content[16:24], _LOG_HEADER_BYTES
    for at in range(_LOG_HEADER_BYTES, len(content) - _FRAME_BYTES + 1, _FRAME_BYTES):
        _, pages_after_commit = struct.unpack_from(">II", content, at)
        if content[at + 8 : at + 16] != salt:
            break
        if pages_after_commit:
            live = at + _FRAME_BYTES
    return live


def flip_everywhere(tmp_path: Path, positions: int, seed: int) -> Counter[str]:
    """Flip one byte at a time; return which errors said so."""
    cut = left_by_a_power_cut(tmp_path)
    files = {path.name: path.read_bytes() for path in cut.iterdir()}
    assert {"kiosk.db-wal", "applications.db-wal"} <= files.keys()
    counted = {name: live_bytes(cut / name) if name.endswith("-wal") else len(data) for name, data in files.items()}
    sizes = {name: size for name, size in counted.items() if size and not name.endswith("-shm")}
    chance, named = random.Random(seed), Counter[str]()
    trial = tmp_path / "trial"
    for _ in range(positions):
        name = chance.choices(list(sizes), list(sizes.values()))[0]
        changed = bytearray(files[name])
        at = chance.randrange(sizes[name])
        changed[at] ^= chance.randrange(1, 256)
        shutil.rmtree(trial, ignore_errors=True)
        trial.mkdir()
        for other, data in files.items():
            (trial / other).write_bytes(changed if other == name else data)
        try:
            open_test_store(trial).close()
        except StoreError as error:
            named[type(error).__name__] += 1
        else:
            raise AssertionError(f"byte {at} of {name} was flipped, and nobody said so")
    return named


def test_no_flipped_byte_goes_unnoticed(tmp_path: Path) -> None:
    named = flip_everywhere(tmp_path, SHORT, seed=4)
    assert sum(named.values()) == SHORT
    assert {"StoreDamagedError", "RolledBackError"} <= named.keys(), "databases and logs were both hit"


@pytest.mark.long
def test_none_of_ten_thousand_flipped_bytes_goes_unnoticed(tmp_path: Path) -> None:
    named = flip_everywhere(tmp_path, LONG, seed=5)
    assert sum(named.values()) == LONG
    assert {"StoreDamagedError", "RolledBackError", "AnchorDamagedError"} <= named.keys()
