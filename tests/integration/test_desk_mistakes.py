"""A mistake of our own in desk: logged, and the end of the process, so that the launcher starts a fresh one."""

import logging
import sys

import pytest
from PySide6.QtCore import QCoreApplication, QTimer

from kiosk import app


class Ending:
    """An application that only remembers how it was told to end."""

    def __init__(self) -> None:
        self.codes: list[int] = []

    def exit(self, code: int) -> None:
        self.codes.append(code)


@pytest.fixture
def ending(monkeypatch: pytest.MonkeyPatch) -> Ending:
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # put back afterwards
    ending = Ending()
    app._end_on_mistakes(ending)
    return ending


def test_a_mistake_in_a_slot_ends_desk_and_is_logged(qapp: QCoreApplication, ending: Ending, caplog) -> None:
    def mistaken() -> None:
        raise ZeroDivisionError("a mistake")

    try:
        mistaken()
    except ZeroDivisionError as error:
        with caplog.at_level(logging.CRITICAL):
            sys.excepthook(type(error), error, error.__traceback__)
    assert ending.codes == [app.EXIT_MISTAKE]
    assert "a mistake" in caplog.text


def test_an_orderly_slot_ends_nothing(qtbot, ending: Ending) -> None:
    done: list[bool] = []
    QTimer.singleShot(0, lambda: done.append(True))
    qtbot.waitUntil(lambda: done == [True])
    assert ending.codes == []
