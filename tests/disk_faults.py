"""Desk on a small disk of its own that fills up or refuses: walks one fault and prints, as JSON, who was told what.

Run by `test_faults` in a mount namespace. Arguments: the fault, and a folder on that disk.
"""

import contextlib
import json
import resource
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QEventLoop

from kiosk.runtime.disk_watch import DiskWatch
from kiosk.runtime.messages import ReadDocument
from kiosk.runtime.surface import ServiceHold
from kiosk.session import events as ev
from kiosk.session.events import Language, Started
from kiosk.session.machine import EndNote, Phase
from kiosk.ui.texts import load_texts
from tests.desk_parts import DeskParts, desk_parts
from tests.rehearsed_visit import FULL
from tests.stores import answer_visit, open_test_store

PATIENCE_S = 30.0


class Waiting:
    """What the walks need of pytest-qt."""

    def waitUntil(self, condition: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > until:
                raise AssertionError("it never came")
            QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, 20)


@contextlib.contextmanager
def full(folder: Path) -> Iterator[None]:
    """Not a byte is left."""
    filling = folder.parent / "filling"
    with filling.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(folder).free == 0
    try:
        yield
    finally:
        filling.unlink()


@contextlib.contextmanager
def refusing(_folder: Path) -> Iterator[None]:
    """No file takes a byte, as on a disk that the system has made read-only in mid-flight."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


FAULTS = {"full": full, "refusing": refusing}


class Walk:
    """A desk with its disk watch, one verdict waiting, and what its people are told."""

    def __init__(self, desk: DeskParts) -> None:
        self.desk = desk
        self.waiting = Waiting()
        self.watch = DiskWatch(desk.controller, desk.store, desk.bridge)
        self.watch.trouble.connect(desk.troubles.append)
        answer_visit(desk.store, answered_at=desk.clock.now())

    def prepare(self, step: str) -> None:
        """Up to where the fault strikes."""
        if step == "commit":
            self.desk.go_to_comparing(self.waiting)
        else:
            self.desk.warm_up()

    def meet(self, step: str) -> None:
        """Until the terminal stands at its welcome screen and has noticed."""
        desk = self.desk
        if step == "idle":
            self.watch.look()
        elif step == "consent":
            for event in (Started(), ev.LanguageChosen(Language.ENGLISH), FULL):
                desk.controller.send(event)
            desk.controller.send(ev.AccountClassChosen(ev.AccountClass("II")))
        else:
            desk.say_eyes(desk.compared())
        self.waiting.waitUntil(lambda: ServiceHold.STORE_UNWRITABLE in desk.controller.view.holds)

    def told(self) -> dict[str, Any]:
        texts = load_texts(Language.ENGLISH)
        view = self.desk.controller.view
        note = view.session.end_note
        self.desk.controller.send(Started())
        return {
            "phase": self.desk.phase,
            "customer": [texts.of(hold) for hold in view.holds],
            "customer's visit": "" if note is EndNote.NONE else texts.of(note),
            "teller": [texts(f"teller.hold.{hold}") for hold in view.holds],
            "teller and it": self.desk.troubles.copy(),
            "frames read": len(self.desk.children.sent_of(ReadDocument)),
            "waiting for the bank": self.desk.store.undelivered_summary().count,
        }

    def go_on(self) -> int:
        """The disk is mended: the hold goes by itself, and a visit comes to its answer. How many were answered."""
        self.watch.look()
        self.waiting.waitUntil(lambda: not self.desk.controller.view.holds)
        self.desk.go_to_comparing(self.waiting)
        self.desk.say_eyes(self.desk.compared())
        self.waiting.waitUntil(lambda: self.desk.phase is Phase.SHOWING_VERDICT)
        return len(self.desk.committed)


def main() -> None:
    """One fault at one step."""
    application = QCoreApplication([])
    fault, step, folder = FAULTS[sys.argv[1]], sys.argv[2], Path(sys.argv[3])
    with desk_parts(folder) as desk:
        walk = Walk(desk)
        walk.prepare(step)
        with fault(folder):
            walk.meet(step)
            said = walk.told()
        said["answered afterwards"] = walk.go_on()
    with open_test_store(folder) as store:  # checks every page, row and entry
        said["kept"] = [message.sequence for message in store.all_messages()]
    print(json.dumps(said))
    application.quit()


if __name__ == "__main__":
    main()
