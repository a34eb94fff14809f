"""Desk without processes: real session, store and teller's side, children that only remember, a clock that is set."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PySide6.QtCore import QCoreApplication, QObject, Signal

from kiosk.document.evidence import DocumentEvidence
from kiosk.privacy.data_list import DataProtectionList
from kiosk.runtime.attempt_limits import AttemptLimits
from kiosk.runtime.erasure_desk import ErasureDesk
from kiosk.runtime.frames import FrameMemory
from kiosk.runtime.messages import (
    Compare,
    Compared,
    DocumentWasRead,
    EyesReady,
    Message,
    Observed,
    ReadDocument,
    ReaderReady,
    ReferenceTaken,
    StartCapture,
)
from kiosk.runtime.own_record import OwnRecordDesk
from kiosk.runtime.session_controller import SessionController
from kiosk.runtime.store_bridge import StoreBridge
from kiosk.runtime.surface import ServiceHold, SessionView
from kiosk.runtime.verdict_desk import VerdictDesk
from kiosk.session import events as ev
from kiosk.session.machine import Phase
from kiosk.store.data_list_file import read_data_list
from kiosk.store.store import Store
from kiosk.verification.comparison import ComparisonThreshold, TemplateModel
from kiosk.verification.decision import DecisionPolicy
from kiosk.verification.quality import CaptureGuidance
from tests.rehearsed_face import GESTURES_ALONE, Performance, frame
from tests.rehearsed_visit import CHOSEN, DETAILS, FULL, evidence
from tests.stores import open_test_store

KIOSK_ID = bytes(range(16))
DEMO_POLICY = DecisionPolicy(require_validated_threshold=False, layers=GESTURES_ALONE)
TEMPLATE_MODEL = TemplateModel("model", ComparisonThreshold(0.9425, 1e-4, "LFW", validated=False))
FRAMES_PER_S = 25


class SetClock:
    """A `Clock` that the test moves."""

    def __init__(self) -> None:
        self.utc = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
        self.monotonic = 1000.0

    def now(self) -> datetime:
        return self.utc

    def monotonic_s(self) -> float:
        return self.monotonic

    def pass_by(self, seconds: float) -> None:
        self.utc += timedelta(seconds=seconds)
        self.monotonic += seconds


class RememberingChildren(QObject):
    """Signals and calls of `Children`; nobody is behind them but the test."""

    eyes_said = Signal(object)
    reader_said = Signal(object)
    courier_said = Signal(object)
    child_lost = Signal(str, str)
    launcher_lost = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[Message] = []
        self.renewals = self.failures = 0
        self.face_memory: FrameMemory | None = None
        self.document_memory: FrameMemory | None = None
        self.before_sending: Callable[[Message], None] = lambda _: None

    def send_eyes(self, message: Message) -> None:
        self.before_sending(message)
        self.sent.append(message)

    send_reader = send_courier = send_eyes

    def has(self, role: str) -> bool:
        return True

    def renew_vision(self) -> None:
        self.renewals += 1

    def vision_worked(self) -> None:
        self.failures = 0

    def vision_failed(self) -> None:
        self.failures += 1

    def courier_worked(self) -> None:
        pass

    def sent_of(self, kind: type) -> list[Any]:
        """What was sent of this kind, in order."""
        return [message for message in self.sent if isinstance(message, kind)]


@dataclass
class DeskParts:
    """A controller with all it needs, and how a test walks a visit through it."""

    children: RememberingChildren
    store: Store
    bridge: StoreBridge
    clock: SetClock
    controller: SessionController
    signing_key: Ed25519PrivateKey
    committed: list[int] = field(default_factory=list)
    troubles: list[str] = field(default_factory=list)
    views: list[SessionView] = field(default_factory=list)

    @property
    def phase(self) -> Phase:
        return self.controller.session.phase

    def say_eyes(self, message: Message) -> None:
        self.children.eyes_said.emit(message)

    def say_reader(self, message: Message) -> None:
        self.children.reader_said.emit(message)

    def warm_up(self) -> None:
        self.say_eyes(EyesReady("model", "camera", 0.1))
        self.say_reader(ReaderReady("document camera", 0.1))

    def ask_to_read(self, qtbot: Any, consent: ev.ConsentGiven = FULL, account_class: str = "II") -> None:
        """From the welcome screen to a reader that reads."""
        self.warm_up()
        self.controller.send(ev.Started())
        self.controller.send(ev.LanguageChosen(ev.Language.ENGLISH))
        self.controller.send(consent)
        asked = len(self.children.sent_of(ReadDocument))
        self.controller.send(ev.AccountClassChosen(ev.AccountClass(account_class)))
        qtbot.waitUntil(lambda: len(self.children.sent_of(ReadDocument)) > asked)

    def read(self, found: DocumentEvidence | None = None) -> None:
        self.say_reader(DocumentWasRead(found or evidence(), has_portrait=True))

    def go_to_positioning(self, qtbot: Any, chosen: ev.FaceCheckChosen = CHOSEN, **how: Any) -> None:
        self.ask_to_read(qtbot, **how)
        self.read()
        asked = len(self.children.sent_of(StartCapture))
        self.controller.send(DETAILS)
        self.controller.send(chosen)
        qtbot.waitUntil(lambda: len(self.children.sent_of(StartCapture)) > asked)

    def position(self) -> None:
        """A reference, and a face that is fit for over a second."""
        self.say_eyes(ReferenceTaken(80.0, ()))
        self._frames(Performance(), until=lambda: self.phase is not Phase.POSITIONING, at_most_s=3)

    def answer_challenge(self) -> None:
        """Do each gesture 0.6 s after it is asked."""
        performance, answered = Performance(), set[int]()

        def over() -> bool:
            view = self.controller.view
            if view.gesture is not None and view.gesture_number not in answered:
                answered.add(view.gesture_number)
                performance.begun.append((self.clock.monotonic + 0.6, view.gesture))
            return self.phase is not Phase.CHECKING_LIVENESS

        self._frames(performance, until=over, at_most_s=30)

    def stand_still(self) -> None:
        """Rest through one challenge, so that the attempt is used up."""
        self._frames(Performance(), until=lambda: self.phase is not Phase.CHECKING_LIVENESS, at_most_s=30)

    def go_to_comparing(self, qtbot: Any, **how: Any) -> None:
        self.go_to_positioning(qtbot, **how)
        self.position()
        self.answer_challenge()
        assert self.phase is Phase.COMPARING

    def compared(self, score: float = 0.97, **changed: Any) -> Compared:
        """An answer to the last `Compare`."""
        asked = self.children.sent_of(Compare)[-1]
        middle_s = (asked.from_s + asked.until_s) / 2
        answer = Compared(
            window_id=asked.window_id,
            track_id=asked.track_id,
            score=score,
            frame_times_s=tuple(middle_s + 0.1 * number for number in range(5)),
            model_id=TEMPLATE_MODEL.id,
            agreement=0.97,
            witness_times_s=tuple(np.arange(asked.from_s, asked.until_s, 0.3).tolist()),
        )
        return msgspec.structs.replace(answer, **changed)

    def _frames(self, performance: Performance, until: Callable[[], bool], at_most_s: float) -> None:
        for _ in range(round(at_most_s * FRAMES_PER_S)):
            if until():
                return
            self.clock.pass_by(1 / FRAMES_PER_S)
            now_s = self.clock.monotonic
            seen = frame(now_s, performance.face_at(now_s))
            self.say_eyes(Observed(seen, CaptureGuidance.FIT, 0.9, 0))
            QCoreApplication.sendPostedEvents()  # what came of an attempt
        raise AssertionError(f"still {self.phase} after {at_most_s} s")


class Waiting(Executor):
    """Computes what it was given only when the test says so."""

    def __init__(self) -> None:
        self._given: list[Callable[[], None]] = []

    def submit(self, act: Callable[..., Any], /, *args: Any, **how: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        self._given.append(lambda: done.set_result(act(*args, **how)))
        return done

    def compute(self) -> int:
        """Do all of it, and return how much it was."""
        given, self._given = self._given, []
        for act in given:
            act()
        return len(given)


class AtOnce(Executor):
    """Computes in the very call: no thread races the clock of a test."""

    def submit(self, act: Callable[..., Any], /, *args: Any, **how: Any) -> "Future[Any]":
        done: Future[Any] = Future()
        done.set_result(act(*args, **how))
        return done


@contextmanager
def desk_parts(
    folder: Path,
    policy: DecisionPolicy = DEMO_POLICY,
    template_model: TemplateModel = TEMPLATE_MODEL,
    patience: float = 1.0,
    demo: bool = True,
    trial_key: bool = False,
    judging: Executor | None = None,
    data_list: DataProtectionList | None = None,
) -> Iterator[DeskParts]:
    """Everything around a controller, with a store in `folder`."""
    children, clock, key = RememberingChildren(), SetClock(), Ed25519PrivateKey.generate()
    with open_test_store(folder, data_list) as store:
        bridge = StoreBridge()
        committed: list[int] = []
        verdicts = VerdictDesk(store, bridge, key, KIOSK_ID, "T-1", clock, committed.append)
        erasures = ErasureDesk(store, bridge, lambda: key, KIOSK_ID, "T-1", read_data_list())
        own_records = OwnRecordDesk(store, bridge, clock, erasures, read_data_list(), "T-1")
        controller = SessionController(
            children,  # type: ignore[arg-type]
            verdicts,
            policy,
            template_model,
            clock,
            AttemptLimits(store, bridge, clock),
            own_records,
            data_list=data_list or read_data_list(),
            minimum_age_years=18,
            guardian_below_years=14,
            patience=patience,
            demo=demo,
            trial_key=trial_key,
            judging=judging or AtOnce(),
        )
        parts = DeskParts(children, store, bridge, clock, controller, key, committed)
        own_records.trouble.connect(controller.trouble)
        controller.trouble.connect(parts.troubles.append)
        controller.view_changed.connect(parts.views.append)
        controller.hold(ServiceHold.NOT_OPENED_TODAY, on=False)  # the test store's records are open
        parts.views.clear()
        yield parts
        controller.deleteLater()
