"""What the screens see of a running kiosk, and what they may ask of it.

`ui` is written against these protocols; `session_controller` implements them and tests fake them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kiosk.document.evidence import DocumentRemark
from kiosk.privacy.notice import NoticeSection
from kiosk.session.events import ALWAYS_CHECKED, ApplicationRecord, Event, Language, RefusalReason, TellerCheck
from kiosk.session.machine import Session
from kiosk.session.visible_record import VisibleRecord
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant, Finding
from kiosk.verification.light import ScreenColour
from kiosk.verification.liveness import Gesture, GestureChallenge
from kiosk.verification.quality import CaptureGuidance


class Readiness(StrEnum):
    """Can a visit begin?"""

    WARMING_UP = "warming_up"
    READY = "ready"
    OUT_OF_SERVICE = "out_of_service"


class ServiceHold(StrEnum):
    """Why no visit may begin although cameras and models are ready; each is lifted by whoever laid it on."""

    NOT_OPENED_TODAY = "not_opened_today"
    """No member of staff has signed in today: records could not be kept."""
    OUTBOX_FULL = "outbox_full"
    """Too many answers wait for the bank, or one for too long."""
    CLOCK_IN_DOUBT = "clock_in_doubt"
    """The clock was moved and no teller has confirmed the time."""
    STORE_UNWRITABLE = "store_unwritable"
    """The disk is full or refuses to be written."""


@dataclass(frozen=True, slots=True)
class VisitSlip:
    """What the customer takes home."""

    terminal: str
    issued_at: datetime
    application_reference: str
    """Hex."""
    salt: str
    """Hex; with it and the document the bank can recompute the reference."""
    accepted: bool
    own_code: str = ""
    """Letters and digits: with it and the document the customer sees and erases the record; empty without a record."""
    statement: str = ""
    """The signed statement of the visit with its audit proof, as the QR code carries it; upper-case ASCII."""


@dataclass(frozen=True, slots=True)
class OwnRecord:
    """What a customer is shown of their own: the record, and what is kept beside it."""

    terminal: str
    language: Language
    record: ApplicationRecord
    application_reference: str
    """Hex, as on the slip."""
    answered_at: datetime
    erased_at_latest: datetime
    agreed_at: datetime | None
    delivered_at: datetime | None
    """When the bank had the answer; None while it is on its way."""
    held: tuple[NoticeSection, ...]
    """The elements of the record, in words of the data protection list."""
    stays: tuple[NoticeSection, ...]
    """What the law keeps beside it, none of which names anybody."""
    copy: tuple[str, ...] = ()
    """To take along, a text for each square code; empty until the audit says that it is handed out."""


@dataclass(frozen=True, slots=True)
class ErasureSlip:
    """The receipt for an erasure, as the customer takes it home."""

    terminal: str
    language: Language
    application_reference: str
    """Hex, as on the slip."""
    erased_at: datetime
    stays: tuple[NoticeSection, ...]
    statement: str
    """The signed receipt with its audit proof, as the QR code carries it; empty where one was given before."""


@dataclass(frozen=True, slots=True)
class SessionView:
    """Everything a customer page shows; a new one is sent at every change."""

    session: Session = field(default_factory=Session)
    readiness: Readiness = Readiness.WARMING_UP
    holds: frozenset[ServiceHold] = frozenset()
    """Why no visit may begin; empty where one may."""
    guidance: CaptureGuidance = CaptureGuidance.COME_INTO_VIEW
    """Already steadied: one piece of guidance at a time, without flicker."""
    document_remarks: tuple[DocumentRemark, ...] = ()
    gesture: Gesture | None = None
    """What is being asked right now; None while a neutral face is awaited."""
    gesture_number: int = 0
    """1-based number of the gesture asked or awaited."""
    gesture_count: int = 0
    gesture_ends_at_s: float | None = None
    """Monotonic time at which the response window closes."""
    colour: ScreenColour | None = None
    """What the whole screen shines in right now; None for its usual picture."""
    gesture_window_s: float = GestureChallenge(()).response_window_s
    """How long that window is open in all."""
    wait_ends_at_s: float | None = None
    """Monotonic time until which no face check begins: too many failed on end; None where one may."""
    idle_ends_at_s: float | None = None
    """Monotonic time at which the visit times out; pages warn from 20 s before."""
    slip: VisitSlip | None = None
    own_record: OwnRecord | None = None
    """Of a customer who asked for it."""
    erasure: ErasureSlip | None = None
    demo: bool = False
    trial_key: bool = False
    """The vault is locked by a key file, which is no protection; every screen says so."""


_IN_THE_WAY = frozenset(ServiceHold) - {ServiceHold.OUTBOX_FULL}
"""Nothing is sent for a customer's own record, so that a full queue does not keep them from it."""


def may_ask_for_own_record(view: SessionView) -> bool:
    """The document can be read, the consent kept, the records opened."""
    return view.readiness is Readiness.READY and not view.holds & _IN_THE_WAY


class CustomerSurface(Protocol):
    """`view_changed` is a Qt signal carrying a `SessionView`."""

    view_changed: Any

    @property
    def view(self) -> SessionView: ...

    def send(self, event: Event) -> None:
        """Tell the session what the customer did."""

    def touched(self) -> None:
        """The customer is still there: the time-out starts anew."""

    def record(self) -> ApplicationRecord | None:
        """The record as it would be kept, once document and class are known."""

    def preview_pixels(self) -> NDArray[np.uint8] | None:
        """Newest frame of the face camera, (height, width, 3) RGB, unmirrored; None if nothing is new."""

    def document_pixels(self) -> NDArray[np.uint8] | None:
        """Newest frame of the document camera, (height, width, 3) RGB; None if nothing is new."""


@dataclass(frozen=True, slots=True)
class WaitingVisit:
    """What the teller must decide, as far as the data protection list lets a teller see it."""

    record: VisibleRecord | None
    reason: ReferralReason
    since: datetime
    can_be_answered: bool
    """False where no document could be read: only closing the visit is possible."""
    variant: ChallengeVariant | None = None
    """Which face check the customer chose; None where it did not come to that."""
    suspicions: frozenset[Finding] = frozenset()
    """What spoke against a living face; the customer never learns of it."""
    unmeasured: frozenset[Finding] = frozenset()
    """Why the face check was not complete."""
    checks: frozenset[TellerCheck] = ALWAYS_CHECKED
    """What the teller must make sure of before a yes."""


@dataclass(frozen=True, slots=True)
class OpenApplication:
    """A yes whose account the teller has yet to open in the bank's own system."""

    application_id: str
    record: VisibleRecord
    """As far as the data protection list lets a teller see it; so are the times."""
    answered_at: datetime | None
    erased_at_latest: datetime | None


class VisitStage(StrEnum):
    """Where the visit at the terminal stands for a teller whom it does not need right now."""

    NONE = "none"
    """Nobody is at the terminal, or the answer is being written down."""
    UNDER_WAY = "under_way"
    """It can be closed without an answer."""
    ANSWERED = "answered"
    """The customer's slip stands on the page behind the console."""


class DayState(StrEnum):
    """Whether application records can be kept and read."""

    CLOSED = "closed"
    """Until a teller signs in."""
    OPENING = "opening"
    OPEN = "open"


@dataclass(frozen=True, slots=True)
class TerminalNotice:
    """A sentence for the teller: a child restarted, the printer out of paper…"""

    sentence: str
    at: datetime
    """When it was last said."""


@dataclass(frozen=True, slots=True)
class TellerView:
    """Everything the console shows."""

    signed_in_as: str | None = None
    """Display name."""
    sign_in_error: str | None = None
    """Key of a text: `wrong_pin`, `locked`, `not_kept`, `staff_key`."""
    locked_until: datetime | None = None
    """With `locked`: when the next try is possible."""
    waiting: WaitingVisit | None = None
    visit: VisitStage = VisitStage.NONE
    day: DayState = DayState.OPEN
    holds: frozenset[ServiceHold] = frozenset()
    """Why no visit may begin."""
    applications: tuple[OpenApplication, ...] = ()
    undelivered: int = 0
    oldest_undelivered_at: datetime | None = None
    hand_over: OwnRecord | ErasureSlip | None = None
    """What the teller is handing to a customer right now: a copy of their record, or the receipt for its erasure."""
    notices: tuple[TerminalNotice, ...] = ()
    """Newest first, each sentence once, until a teller has seen it."""
    demo: bool = False
    trial_key: bool = False
    """As in `SessionView`."""


class TellerSurface(Protocol):
    """`changed` is a Qt signal carrying a `TellerView`; every call answers through it."""

    changed: Any

    @property
    def view(self) -> TellerView: ...

    def sign_in(self, teller_id: str, pin: str) -> None: ...

    def sign_off(self) -> None: ...

    def confirm(self, checks: frozenset[TellerCheck]) -> None:
        """The waiting visit is a yes, after the teller has looked at this."""

    def refuse(self, reason: RefusalReason) -> None:
        """The waiting visit is a no."""

    def close_visit(self) -> None:
        """End the visit, whatever its phase, without an answer."""

    def close_day(self) -> None:
        """Close the terminal until the next sign-in, and sign off; not while a visit is under way."""

    def copy_for_customer(self, application_id: str) -> None:
        """Show the customer's record as a copy to take along, and print it where there is a printer."""

    def hand_over_done(self) -> None:
        """The customer has it."""

    def confirm_clock(self) -> None:
        """The teller has looked: the terminal's clock is right as it is now."""

    def erase_record(self, application_id: str) -> None:
        """No account is opened, or the customer wants it gone: erase the record."""
        ...

    def mark_opened(self, application_id: str) -> None:
        """The account is open in the bank's system: erase the record."""

    def notice_seen(self, notice: TerminalNotice) -> None:
        """It goes, until it is said again."""
