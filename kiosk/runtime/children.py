"""Desk's side of the other processes: asks the launcher for them, hears them, and notices when one has gone."""

import json
import logging
import os
import socket
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QObject, QSocketNotifier, QTimer, Signal, SignalInstance

from kiosk.errors import RuntimeKioskError
from kiosk.runtime.frames import FrameMemory
from kiosk.runtime.messages import (
    Channel,
    ChannelClosedError,
    FromCourier,
    FromEyes,
    FromReader,
    Message,
    MessageError,
    Quit,
    SetUpCourier,
    SetUpEyes,
    SetUpReader,
)
from kiosk.runtime.running_child import NOT_STARTED

_log = logging.getLogger(__name__)
_MAX_ANSWER_BYTES = 4096
_MAX_DESCRIPTORS = 8
_ALIVE_EVERY_MS = 2000
"""How often the launcher hears that desk is not frozen."""
READY_WITHIN_S = 60.0
"""From its start to its first word; models load in seconds even on a busy machine."""
_RESTART_S = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0)

Incoming = TypeVar("Incoming", bound=Message)


class LauncherGoneError(RuntimeKioskError):
    """The launcher has ended; desk ends with it."""


class ChildLink(Generic[Incoming]):
    """A running child: its channel, watched by the Qt event loop."""

    def __init__(
        self,
        connection: socket.socket,
        incoming: Any,
        on_message: Callable[[Incoming], None],
        on_gone: Callable[[str], None],
    ) -> None:
        self._channel: Channel[Incoming] = Channel(connection, incoming)
        self._on_message = on_message
        self._on_gone = on_gone
        self._notifier = QSocketNotifier(connection.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._read)

    def send(self, message: Message) -> None:
        """Send; a child that has gone is reported through `on_gone`, not here."""
        try:
            self._channel.send(message)
        except ChannelClosedError as error:
            self._lose(str(error))

    def dismiss(self) -> None:
        """Ask the child to end and stop listening; that it may have gone already is no news."""
        self._on_gone = lambda _: None
        self.send(Quit())
        self.close()

    def close(self) -> None:
        """Stop listening; nothing more is reported."""
        self._notifier.setEnabled(False)
        self._on_message = lambda _: None
        self._on_gone = lambda _: None
        self._channel.close()

    def _read(self) -> None:
        try:
            for message in self._channel.receive_available():
                self._on_message(message)
        except (ChannelClosedError, MessageError) as error:
            self._lose(str(error))

    def _lose(self, sentence: str) -> None:
        report = self._on_gone
        self.close()
        report(sentence)


class Children(QObject):
    """Eyes and reader of the present visit, and the courier."""

    eyes_said = Signal(object)
    reader_said = Signal(object)
    courier_said = Signal(object)
    child_lost = Signal(str, str)
    """Role, and a sentence for IT."""
    launcher_lost = Signal()

    def __init__(
        self,
        launcher: socket.socket,
        set_up_eyes: SetUpEyes,
        set_up_reader: SetUpReader,
        set_up_courier: SetUpCourier,
        *,
        cue_roles: tuple[str, ...] = (),
        ready_within_s: float = READY_WITHIN_S,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self._launcher = launcher
        self._set_up = {"eyes": set_up_eyes, "reader": set_up_reader, "courier": set_up_courier}
        self._cue_roles = cue_roles
        self._visit = 0
        self._failures = {"vision": 0, "courier": 0}
        self._links: dict[str, ChildLink[Any]] = {}
        self.face_memory: FrameMemory | None = None
        self.document_memory: FrameMemory | None = None
        self.cue_fd: int | None = None
        self._not_ready = {role: self._ready_watch(role, ready_within_s) for role in ("eyes", "reader", "courier")}
        self._alive = QTimer(self, interval=_ALIVE_EVERY_MS)
        self._alive.timeout.connect(lambda: self._ask({"do": "alive"}))
        # One timer each: however often a renewal is asked for while one is pending, one pair is started.
        self._vision_timer = QTimer(self, singleShot=True)
        self._vision_timer.timeout.connect(self._start_visit)
        self._courier_timer = QTimer(self, singleShot=True)
        self._courier_timer.timeout.connect(self._start_courier)
        self._notifier = QSocketNotifier(launcher.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._hear_launcher)

    def start(self) -> None:
        """Ask for the courier and the first pair of vision children."""
        self._start_courier()
        self._start_visit()
        self._alive.start()

    def renew_vision(self) -> None:
        """End this visit's eyes and reader with all they held, and warm fresh ones."""
        self._drop_vision()
        self._vision_timer.start(int(self._pause_s("vision") * 1000))

    def vision_worked(self) -> None:
        """Both came up: the next failure restarts at once again."""
        self._failures["vision"] = 0

    def vision_failed(self) -> None:
        """A child says it cannot work, before its end: the next ones start after a growing pause."""
        self._failures["vision"] += 1

    def courier_worked(self) -> None:
        """It has answered for a message: the next failure restarts at once again."""
        self._failures["courier"] = 0

    def renew_courier(self) -> None:
        """End a courier that hangs, which only the launcher can; it is then lost, and replaced, like any other."""
        self._ask({"do": "end_courier"})

    def send_eyes(self, message: Message) -> None:
        self._send("eyes", message)

    def has(self, role: str) -> bool:
        """Whether such a child is there to be told anything."""
        return role in self._links

    def send_reader(self, message: Message) -> None:
        self._send("reader", message)

    def send_courier(self, message: Message) -> None:
        self._send("courier", message)

    def stop(self) -> None:
        """Ask everyone to end; the launcher sees to those who do not."""
        self._notifier.setEnabled(False)
        for timer in (self._alive, self._vision_timer, self._courier_timer, *self._not_ready.values()):
            timer.stop()
        for link in self._links.values():
            link.dismiss()
        self._links.clear()
        self._release_memory()

    def _send(self, role: str, message: Message) -> None:
        if (link := self._links.get(role)) is not None:
            link.send(message)

    def _start_courier(self) -> None:
        self._ask({"do": "start_courier"})

    def _start_visit(self) -> None:
        self._visit += 1
        self._ask({"do": "start_visit", "visit": self._visit, "cue_roles": self._cue_roles})

    def _drop_vision(self) -> None:
        for role in ("eyes", "reader"):
            self._not_ready[role].stop()
            if (link := self._links.pop(role, None)) is not None:
                link.dismiss()
        self._release_memory()
        self._ask({"do": "end_visit", "visit": self._visit})

    def _release_memory(self) -> None:
        for memory in (self.face_memory, self.document_memory):
            if memory is not None:
                memory.close()
        self.face_memory = self.document_memory = None
        if self.cue_fd is not None:
            os.close(self.cue_fd)
            self.cue_fd = None

    def _pause_s(self, kind: str) -> float:
        return _RESTART_S[min(self._failures[kind], len(_RESTART_S) - 1)]

    def _ask(self, request: dict[str, Any]) -> None:
        try:
            self._launcher.send(json.dumps(request).encode())
        except OSError:
            self.launcher_lost.emit()

    def _hear_launcher(self) -> None:
        try:
            data, descriptors, _, _ = socket.recv_fds(self._launcher, _MAX_ANSWER_BYTES, _MAX_DESCRIPTORS)
        except OSError:
            data, descriptors = b"", []
        if not data:
            self._notifier.setEnabled(False)
            self.launcher_lost.emit()
            return
        answer = json.loads(data)
        if answer["event"] == "started":
            self._adopt(answer["role"], int(answer["visit"]), list(descriptors))
        elif answer["event"] == "ended":
            self._hear_of_end(answer["role"], int(answer["visit"]), answer["how"])

    def _hear_of_end(self, role: str, visit: int, how: str) -> None:
        """Of an end its pipe tells; of one that could not even be started nobody else does."""
        _log.info("%s of visit %d ended with %s", role, visit, how)
        if how.startswith(NOT_STARTED) and (role == "courier" or visit == self._visit):
            self._lost(role, how)

    def _adopt(self, role: str, visit: int, descriptors: list[int]) -> None:
        """Take over a child that the launcher has started."""
        if role != "courier" and visit != self._visit:
            for descriptor in descriptors:
                os.close(descriptor)
            return
        connection = socket.socket(fileno=descriptors.pop(0))
        if role == "eyes" and role in self._cue_roles:
            self.cue_fd = descriptors.pop(0)
        if role == "eyes":
            self.face_memory = FrameMemory(descriptors.pop(0))
        elif role == "reader":
            self.document_memory = FrameMemory(descriptors.pop(0))
        incoming, said = {
            "eyes": (FromEyes, self.eyes_said),
            "reader": (FromReader, self.reader_said),
            "courier": (FromCourier, self.courier_said),
        }[role]
        link: ChildLink[Any] = ChildLink(
            connection, incoming, lambda message: self._heard(role, said, message), lambda how: self._lost(role, how)
        )
        self._links[role] = link
        self._not_ready[role].start()
        link.send(self._set_up[role])

    def _ready_watch(self, role: str, within_s: float) -> QTimer:
        timer = QTimer(self, singleShot=True, interval=round(within_s * 1000))
        timer.timeout.connect(lambda: self._give_up_on(role))
        return timer

    def _heard(self, role: str, said: SignalInstance, message: Message) -> None:
        """Whatever a child says first, it does not hang in its start."""
        self._not_ready[role].stop()
        said.emit(message)

    def _give_up_on(self, role: str) -> None:
        """A child that hangs while it starts is no news to anybody else: its pipe stays open."""
        if (link := self._links.get(role)) is not None:
            link.close()
        if role == "courier":
            self.renew_courier()
        self._lost(role, f"It was not ready within {self._not_ready[role].interval() / 1000:g} s.")

    def _lost(self, role: str, how: str) -> None:
        self._not_ready[role].stop()
        self._links.pop(role, None)
        self._failures["courier" if role == "courier" else "vision"] += 1
        self.child_lost.emit(role, how)
        if role == "courier":
            self._courier_timer.start(int(self._pause_s("courier") * 1000))
