"""`kill -9` at any instant: nothing that was committed is lost, nothing erased comes back."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.stores import MONDAY, open_test_store

REPOSITORY = Path(__file__).resolve().parents[2]
KILLS = 10


def told_before_the_kill(folder: Path, after_lines: int, after_s: float) -> list[list[str]]:
    """Run the loop, kill it some instants after so many lines, and return the whole lines it printed."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.commit_verdicts", str(folder)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    told = "".join(process.stdout.readline() for _ in range(after_lines))
    time.sleep(after_s)
    process.send_signal(signal.SIGKILL)
    told += process.stdout.read()
    process.stdout.close()
    assert process.wait(10) == -signal.SIGKILL
    return [line.split() for line in told.splitlines(keepends=True) if line.endswith("\n")]


def test_no_committed_verdict_is_lost_over_ten_kills(tmp_path: Path) -> None:
    chance = random.Random(4)
    folder = tmp_path / "store"
    told: dict[int, str] = {}
    erased: set[str] = set()
    for _ in range(KILLS):
        for word, text in told_before_the_kill(folder, chance.randint(0, 7), chance.uniform(0, 0.015)):
            if word == "erased":
                erased.add(text)
            else:
                told[int(word)] = text
        with open_test_store(folder) as store:
            messages = {message.sequence: message.jws for message in store.all_messages()}
            assert told.items() <= messages.items()
            assert sorted(messages) == list(range(1, len(messages) + 1))
            kept = {application.application_id for application in store.open_applications()}
            assert not kept & erased
            rows = store.count_rows()
            assert rows["consent"] == rows["outbox"] == len(messages)
            assert rows["application"] <= len(messages)
    assert len(told) > KILLS
    assert erased


def test_a_kill_while_the_store_is_made_leaves_one_that_can_be_made(tmp_path: Path) -> None:
    chance = random.Random(7)
    for number in range(5):
        folder = tmp_path / f"store{number}"
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.commit_verdicts", str(folder)], cwd=REPOSITORY, stdout=subprocess.DEVNULL
        )
        while not folder.exists():
            time.sleep(0.001)
        time.sleep(chance.uniform(0, 0.05))
        process.kill()
        process.wait(10)
        with open_test_store(folder) as store:
            assert store.due_messages(MONDAY) == store.all_messages()
