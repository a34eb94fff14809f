"""Carries out what the session table asks for, and turns what devices, store and people do into its events.

Holds no rule of its own: what follows what is `session.machine`, what counts as live or matching is `verification`.
"""

import logging
import secrets
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any, assert_never

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer, Signal

from kiosk.document.evidence import DocumentEvidence
from kiosk.document.mrz import demanding_guardian
from kiosk.errors import KioskError
from kiosk.privacy.data_list import DataProtectionList
from kiosk.privacy.erasure import ErasureReason
from kiosk.runtime.attempt_limits import AttemptLimits
from kiosk.runtime.children import Children
from kiosk.runtime.clock import Clock
from kiosk.runtime.document_check import DocumentCheck
from kiosk.runtime.face_check import FaceCheck
from kiosk.runtime.frames import FrameMemory
from kiosk.runtime.messages import (
    CameraFailed,
    Compared,
    CompareFailed,
    DocumentSeen,
    DocumentWasRead,
    EyesReady,
    Fault,
    FromEyes,
    FromReader,
    Observed,
    ReadDocument,
    ReaderReady,
    ReferenceRefused,
    ReferenceTaken,
    StartCapture,
    StopCapture,
    StopReading,
    TakeReference,
    plain,
)
from kiosk.runtime.own_record import OwnRecordDesk
from kiosk.runtime.surface import Readiness, ServiceHold, SessionView, VisitSlip, may_ask_for_own_record
from kiosk.runtime.verdict_desk import VerdictDesk
from kiosk.session.events import (
    ApplicationRecord,
    CameraLost,
    DetailsConfirmed,
    Event,
    FaceDeclined,
    OwnRecordAsked,
    OwnRecordErased,
    OwnRecordNotErased,
    Positioned,
    Referred,
    Started,
    TimedOut,
    VerdictCommitted,
    VerdictNotCommitted,
)
from kiosk.session.machine import TIMEOUT_S, Effect, Phase, Session, advance
from kiosk.store.audit_trail import MACHINE
from kiosk.verification.comparison import TemplateModel
from kiosk.verification.decision import DecisionPolicy, ReferralReason
from kiosk.verification.liveness import PadDecision

_log = logging.getLogger(__name__)
_TICK_MS = 20
SILENCE_S = 10.0
"""How long eyes may say nothing of a camera that it should read: it hangs, and the customer waits."""
_MAX_NAME = 64
"""No machine-readable zone holds a longer field."""


def _mistake(error: BaseException) -> None:
    """One of our own, which ends desk."""
    raise error


class SessionController(QObject):
    """The running visit; `ui` sees it as `CustomerSurface`."""

    view_changed = Signal(object)
    session_changed = Signal(object)
    """The `Session`, whenever its phase changes: the teller's console and the demo listen."""
    frame_taken = Signal(str, float)
    """Which camera, and when the frame that is about to be painted was captured (monotonic seconds)."""
    trouble = Signal(str)
    """A sentence for teller and IT."""

    def __init__(
        self,
        children: Children,
        verdicts: VerdictDesk,
        policy: DecisionPolicy,
        template_model: TemplateModel,
        clock: Clock,
        limits: AttemptLimits,
        own_records: OwnRecordDesk,
        *,
        data_list: DataProtectionList,
        minimum_age_years: int,
        guardian_below_years: int,
        patience: float,
        demo: bool,
        trial_key: bool = False,
        judging: Executor | None = None,
        parent: QObject | None = None,
    ) -> None:
        """`data_list` is the one in force; attempts are judged by `judging`, in a thread of their own if it is None."""
        super().__init__(parent)
        self._children = children
        self._verdicts = verdicts
        self._policy = policy
        self._template_model = template_model
        self._clock = clock
        self._limits = limits
        self.own_records = own_records
        self.data_list = data_list
        self._minimum_age_years = minimum_age_years
        self._guardian_below_years = guardian_below_years
        self.patience = patience
        """Multiplies every time-out from the next touch on."""
        self._view = SessionView(holds=frozenset({ServiceHold.NOT_OPENED_TODAY}), demo=demo, trial_key=trial_key)
        self._vision_ready: set[str] = set()
        self._consent_recorded: Future[Any] | None = None
        self._coming: deque[Event] = deque()
        self._advancing = False
        self._judging = judging or ThreadPoolExecutor(1, "judging")
        self._begin_visit()
        self._idle_timer = QTimer(self, singleShot=True)
        self._idle_timer.timeout.connect(lambda: self.send(TimedOut()))
        self._unreadable_timer = QTimer(self, singleShot=True)
        self._unreadable_timer.timeout.connect(lambda: self.send(self._document.give_up()))
        self._challenge_timer = QTimer(self, interval=_TICK_MS)
        self._silence_timer = QTimer(self, singleShot=True, interval=round(SILENCE_S * 1000))
        self._silence_timer.timeout.connect(
            lambda: self._lose_child("eyes", f"it has said nothing for {SILENCE_S:g} s")
        )
        self._challenge_timer.timeout.connect(self._let_time_pass)
        children.eyes_said.connect(self._hear_eyes)
        children.reader_said.connect(self._hear_reader)
        children.child_lost.connect(self._lose_child)

    # --- CustomerSurface ---

    @property
    def view(self) -> SessionView:
        return self._view

    @property
    def session(self) -> Session:
        return self._view.session

    @property
    def challenge_is_over(self) -> bool:
        """Nothing more is asked; what it came to is being judged."""
        return self._face.challenge_is_over

    def send(self, event: Event | None) -> None:
        """Advance the session and carry out what follows; what comes up meanwhile has its turn afterwards."""
        if event is None:
            return
        self._coming.append(event)
        if self._advancing:
            return
        self._advancing = True
        try:
            while self._coming:
                self._advance(self._coming.popleft())
        finally:
            self._advancing = False

    def _advance(self, event: Event) -> None:
        before = self.session
        if before.phase is Phase.IDLE and self._view.holds and isinstance(event, Started | FaceDeclined):
            return
        if isinstance(event, OwnRecordAsked) and not may_ask_for_own_record(self._view):
            return
        if isinstance(event, Started) and before.phase is Phase.IDLE:
            event = Started(self._limits.begin_visit())
        if isinstance(event, DetailsConfirmed) and not self.data_list.collects("phone"):
            event = replace(event, phone=None)
        after, effects = advance(before, event)
        if after is before:
            return
        self._limits.note(before, event, after, self.trouble.emit)
        self._show(session=after)
        for effect in effects:
            self._carry_out(effect)
        if after.phase is not before.phase:
            _log.info("%s: %s -> %s", type(event).__name__, before.phase, after.phase)
            self.touched()
            self.session_changed.emit(after)

    def hold(self, reason: ServiceHold, *, on: bool) -> None:
        """No visit begins while any reason stands; one that is under way goes on."""
        others = self._view.holds - {reason}
        self._show(holds=others | {reason} if on else others)

    def touched(self) -> None:
        """Start the time-out of the present phase anew."""
        timeout_s = TIMEOUT_S[self.session.phase]
        if timeout_s is None:
            self._idle_timer.stop()
            self._show(idle_ends_at_s=None)
        else:
            timeout_s *= self.patience
            self._idle_timer.start(int(timeout_s * 1000))
            self._show(idle_ends_at_s=self._clock.monotonic_s() + timeout_s)

    def record(self) -> ApplicationRecord | None:
        """The record as it would be kept."""
        session = self.session
        if session.evidence is None or session.account_class is None:
            return None
        evidence = session.evidence
        return ApplicationRecord(
            primary_name=evidence.primary_name,
            secondary_name=evidence.secondary_name,
            birth_date=evidence.birth_date,
            nationality=evidence.nationality,
            document_kind=evidence.kind,
            document_number=evidence.number,
            address=session.address,
            phone=session.phone,
            account_class=session.account_class,
        )

    def preview_pixels(self) -> NDArray[np.uint8] | None:
        return self._newer("face", self._children.face_memory)

    def document_pixels(self) -> NDArray[np.uint8] | None:
        return self._newer("document", self._children.document_memory)

    def _newer(self, which: str, memory: FrameMemory | None) -> NDArray[np.uint8] | None:
        """Copy a frame out only if it is newer than the last one painted; keep none."""
        shared = memory.read_newest(self._painted.get(which, -1)) if memory is not None else None
        if shared is None:
            return None
        self._painted[which] = shared.sequence
        self.frame_taken.emit(which, shared.captured_at_s)
        return shared.pixels

    # --- effects ---

    def _carry_out(self, effect: Effect) -> None:
        match effect:
            case Effect.RECORD_CONSENT:
                assert self.session.consent is not None
                self._consent_recorded = self._verdicts.record_consent(self._visit_id, self.session.consent)
            case Effect.START_READING_DOCUMENT:
                self._after_consent(self._start_reading)
            case Effect.STOP_READING_DOCUMENT:
                self._unreadable_timer.stop()
                self._children.send_reader(StopReading())
            case Effect.START_FACE_CAPTURE:
                self._after_consent(self._start_capture)
            case Effect.STOP_FACE_CAPTURE:
                self._silence_timer.stop()
                self._children.send_eyes(StopCapture())
            case Effect.START_CHALLENGE:
                self._face.start_challenge()
                self._challenge_timer.start()
            case Effect.STOP_CHALLENGE:
                self._face.stop_challenge()
                self._challenge_timer.stop()
                self._show(gesture=None, gesture_number=0, gesture_count=0, gesture_ends_at_s=None, colour=None)
            case Effect.COMPARE:
                self._face.compare()
            case Effect.CALL_TELLER:
                pass  # the console shows what waits as soon as the phase changes
            case Effect.RECORD_GUARDIAN_CONSENT:
                assert self.session.consent is not None
                by_guardian = self.session.consent.given_by_guardian(self._clock.now())
                self._consent_recorded = self._verdicts.record_consent(self._visit_id, by_guardian)
            case Effect.COMMIT_YES | Effect.COMMIT_NO:
                self._after_consent(self._commit)
            case Effect.ERASE_VISIT_RECORD:
                self._erase_visit_record()
            case Effect.FIND_OWN_RECORD:
                self._find_own_record()
            case Effect.COPY_OWN_RECORD:
                if (own := self._view.own_record) is not None:
                    self.own_records.copy(own, self._answer_of_this_visit())
            case Effect.ERASE_OWN_RECORD:
                self.own_records.erase(self.session.language, self._answer_of_this_visit())
            case Effect.DISCARD_VISIT:
                self._verdicts.discard_visit(self._visit_id, self.trouble.emit)
            case Effect.END_VISIT:
                self._end_visit()
            case _:
                assert_never(effect)

    def _find_own_record(self) -> None:
        visit_id = self._visit_id

        def wanted() -> bool:
            return self._visit_id == visit_id and self.session.phase is Phase.OWN_SEARCH

        self.own_records.find(self.session, wanted, self._answer_of_this_visit())

    def _answer_of_this_visit(self) -> Callable[[Event, dict[str, Any]], None]:
        """What the work on a customer's own record ends with; nothing where the visit is over."""
        visit_id = self._visit_id

        def answer(event: Event, changes: dict[str, Any]) -> None:
            if self._visit_id == visit_id:
                self._show(**changes)
                self.send(event)

        return answer

    def _after_consent(self, act: Callable[[], None]) -> None:
        """Do it once the consent is durable: no frame is read before that, and nothing is kept."""
        visit_id = self._visit_id

        def recorded(_: Any) -> None:
            if self._visit_id == visit_id:
                act()

        def not_recorded(error: BaseException) -> None:
            if self._visit_id == visit_id:
                self._consent_not_recorded(error)

        if self._consent_recorded is None:
            return
        self._verdicts.when_done(self._consent_recorded, recorded, not_recorded)

    def _consent_not_recorded(self, error: BaseException) -> None:
        self.trouble.emit(f"A consent could not be recorded: {error}")
        self.send(VerdictNotCommitted() if self.session.phase is Phase.RECORDING_VERDICT else CameraLost())

    def _start_reading(self) -> None:
        if self.session.phase in (Phase.READING_DOCUMENT, Phase.OWN_DOCUMENT):
            if not self._children.has("reader"):  # it was lost in a phase that did not need it
                self.send(CameraLost())
                return
            self._document = DocumentCheck()
            self._show(document_remarks=())
            today = self._clock.now().astimezone().date()
            self._painted.pop("document", None)  # a camera counts its frames anew each time it is read
            self._children.send_reader(ReadDocument(self.session.face_allowed, today, self._minimum_age_years))
            self._unreadable_timer.start(int(DocumentCheck.GIVE_UP_AFTER_S * 1000))

    def _start_capture(self) -> None:
        if self.session.phase is Phase.POSITIONING and self.session.face_allowed:
            assert self.session.variant is not None
            self._face.choose(self.session.variant)
            self._painted.pop("face", None)
            self._children.send_eyes(TakeReference())
            self._children.send_eyes(StartCapture())
            self._silence_timer.start()

    def _commit(self) -> None:
        record = self.record()
        assert record is not None
        try:
            self._verdicts.commit(self._visit_id, self.session, record, self._committed, self._not_committed)
        except KioskError as error:  # before anything reached the store: no reference can be made of this document
            self._not_committed(error)

    def _erase_visit_record(self) -> None:
        """The application goes for good; its receipt says what stays of the answer, and why."""
        answer, language = self._answer_of_this_visit(), self.session.language

        def not_erased(error: BaseException) -> None:
            self.trouble.emit(f"A record whose consent was withdrawn could not be erased yet: {error}")
            answer(OwnRecordNotErased(), {})

        self.own_records.erasures.erase(
            self._visit_id,
            ErasureReason.CUSTOMER_WISH,
            MACHINE,
            lambda: language,
            lambda receipt: answer(OwnRecordErased(), {"erasure": receipt, "slip": None}),
            not_erased,
        )

    def _committed(self, slip: VisitSlip) -> None:
        self._show(slip=slip)
        self.send(VerdictCommitted())

    def _not_committed(self, error: BaseException) -> None:
        self.trouble.emit(f"A verdict could not be committed; nothing was sent: {error}")
        self.send(VerdictNotCommitted())

    def _end_visit(self) -> None:
        """Forget everything; eyes and reader go with all they saw, fresh ones warm up."""
        self._idle_timer.stop()
        self._unreadable_timer.stop()
        self._challenge_timer.stop()
        self._silence_timer.stop()
        self._vision_ready.clear()
        self.own_records.forget()
        self._begin_visit()
        before = self._view
        self._view = SessionView(session=self.session, holds=before.holds, demo=before.demo, trial_key=before.trial_key)
        self.view_changed.emit(self._view)
        self._children.renew_vision()

    def _begin_visit(self) -> None:
        self._visit_id = secrets.token_hex(16)
        self._painted: dict[str, int] = {}
        self._consent_recorded = None
        self._document = DocumentCheck()
        eyes = self._children.send_eyes
        self._face = FaceCheck(eyes, self._policy, self._template_model, aside=self._judge_aside)

    # --- what the children say ---

    def _hear_eyes(self, message: FromEyes) -> None:
        match message:
            case EyesReady():
                self._face.camera_ready(message)
                self._became_ready("eyes")
            case Observed():
                self._observe(message)
            case ReferenceTaken():
                self._face.reference_taken()
            case ReferenceRefused():
                self.send(Referred(ReferralReason.REFERENCE_UNUSABLE))
            case Compared():
                self.send(self._face.judge(message, self.session.evidence))
            case CompareFailed():
                self.send(self._face.comparison_failed(message.window_id))
            case CameraFailed() | Fault():
                self._fail("eyes", message.sentence)
            case _:
                assert_never(message)

    def _observe(self, observed: Observed) -> None:
        now_s = self._clock.monotonic_s()
        if self._silence_timer.isActive():
            self._silence_timer.start()
        if self.session.phase is Phase.POSITIONING:
            event = self._face.position(observed, now_s)
            wait_ends_at_s = self._limits.wait_ends_at_s
            self._show(guidance=self._face.guidance, wait_ends_at_s=wait_ends_at_s)
            self.send(None if wait_ends_at_s is not None and isinstance(event, Positioned) else event)
        elif self.session.phase is Phase.CHECKING_LIVENESS:
            event = self._face.answer(observed, now_s)
            self._show_progress()
            self.send(event)

    def _let_time_pass(self) -> None:
        event = self._face.tick(self._clock.monotonic_s())
        self._show_progress()
        self.send(event)

    def _judge_aside(
        self, work: Callable[[], PadDecision], then: Callable[[PadDecision], Event | None]
    ) -> Event | None:
        """In a thread of its own: the screen does not stand still for as long as the layers compute."""
        visit_id = self._visit_id

        def judged(decision: PadDecision) -> None:
            if self._visit_id == visit_id:
                self.send(then(decision))

        self._verdicts.when_done(self._judging.submit(work), judged, _mistake)
        return None

    def _show_progress(self) -> None:
        if (progress := self._face.progress) is not None:
            self._show(
                gesture=progress.gesture,
                gesture_number=progress.number,
                gesture_count=progress.count,
                gesture_ends_at_s=progress.window_ends_at_s,
                colour=progress.colour,
            )

    def _hear_reader(self, message: FromReader) -> None:
        match message:
            case ReaderReady():
                self._became_ready("reader")
            case DocumentSeen():
                self._show(document_remarks=message.remarks)
                self.send(self._document.seen(message.remarks))
            case DocumentWasRead():
                self._take_document(message.evidence)
            case CameraFailed() | Fault():
                self._fail("reader", message.sentence)
            case _:
                assert_never(message)

    def _take_document(self, evidence: DocumentEvidence) -> None:
        """A document that no machine-readable zone could hold was not read but made up."""
        texts = (
            evidence.issuing_state, evidence.number, evidence.primary_name,
            evidence.secondary_name, evidence.nationality,
        )  # fmt: skip
        if all(len(text) <= _MAX_NAME and text.isprintable() for text in texts):
            today = self._clock.now().astimezone().date()
            self.send(self._document.read(demanding_guardian(evidence, today, self._guardian_below_years)))
        else:
            self._lose_child("reader", "it told of a document that cannot be")

    def _became_ready(self, role: str) -> None:
        self._vision_ready.add(role)
        if self._vision_ready == {"eyes", "reader"}:
            self._children.vision_worked()
            self._show(readiness=Readiness.READY)

    def _fail(self, role: str, sentence: str) -> None:
        """A device failed; the child's own end follows and renews both."""
        self.trouble.emit(f"{role}: {plain(sentence)}")
        self._children.vision_failed()
        self._show(readiness=Readiness.OUT_OF_SERVICE)
        self._go_on_without(role)

    def _lose_child(self, role: str, sentence: str) -> None:
        """A process ended by itself; whose visit it was ends with it."""
        self.trouble.emit(f"The process {role} ended and is started again: {sentence}")
        if role != "courier":
            self._go_on_without(role)

    def _go_on_without(self, role: str) -> None:
        """A visit that needs it no more goes on, above all the one without a face; its end brings fresh ones."""
        if self.session.phase in (Phase.IDLE, Phase.WAITING_FOR_TELLER, Phase.RECORDING_VERDICT, Phase.SHOWING_VERDICT):
            readiness = self._view.readiness
            self._vision_ready.clear()
            if readiness is Readiness.READY:
                readiness = Readiness.WARMING_UP
            self._show(readiness=readiness)
            self._children.renew_vision()
        elif self.session.needs_eyes if role == "eyes" else self.session.needs_reader:
            self.send(CameraLost())

    def _show(self, **changes: Any) -> None:
        changed = replace(self._view, **changes)
        if changed != self._view:
            self._view = changed
            self.view_changed.emit(changed)
