"""Every state of the screens worth a picture, as the views a running kiosk would send.

For `kiosk screens`, the documentation and the tests; nothing here takes part in a visit.
"""

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from kiosk.document.evidence import DocumentEvidence, DocumentKind, DocumentRemark
from kiosk.privacy.consent import Consent, Purpose
from kiosk.privacy.data_list import Responsible, Wording
from kiosk.privacy.erasure_statement import ErasureCore, StatedReason, sign_erasure
from kiosk.privacy.list_policy import ListPolicy, in_force
from kiosk.privacy.list_reading import parse_data_list
from kiosk.privacy.notice import Notice, notice, sections_by_element
from kiosk.privacy.retention import StoredRecord
from kiosk.privacy.signed_slip import AuditPlace
from kiosk.privacy.visit_statement import OutcomeClass, StatementCore, sign_statement
from kiosk.runtime.portable_copy import in_parts, portable_copy
from kiosk.runtime.surface import (
    DayState,
    ErasureSlip,
    OpenApplication,
    OwnRecord,
    Readiness,
    ServiceHold,
    SessionView,
    TellerView,
    TerminalNotice,
    VisitSlip,
    VisitStage,
    WaitingVisit,
)
from kiosk.session.events import AccountClass, ApplicationRecord, Language, OwnRecordOutcome, TellerCheck
from kiosk.session.machine import EndNote, Phase, Session
from kiosk.session.visible_record import visible_record
from kiosk.ui.texts import ASSETS
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant, Finding
from kiosk.verification.light import ScreenColour
from kiosk.verification.liveness import Gesture, draw_challenge
from kiosk.verification.quality import CaptureGuidance

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
POSED_AT_S = 1000.0
"""The monotonic time at which every pose stands still."""
EVIDENCE = DocumentEvidence(
    kind=DocumentKind.PASSPORT,
    issuing_state="UTO",
    number="L898902C3",
    primary_name="ERIKSSON",
    secondary_name="ANNA MARIA",
    nationality="UTO",
    birth_date=date(1994, 8, 12),
    expiry_date=date(2032, 4, 15),
    check_digits_valid=True,
    remarks=(),
)
LONG_NAMES = replace(
    EVIDENCE,
    primary_name="WOLFESCHLEGELSTEINHAUSENBERGERDORFFMANN",
    secondary_name="MARIAMAGDALENAWILHELMINACHARLOTTEADELHE",
)
"""Longer than an MRZ holds, and not a space to break a line at."""
RECORD = ApplicationRecord(
    primary_name=EVIDENCE.primary_name,
    secondary_name=EVIDENCE.secondary_name,
    birth_date=EVIDENCE.birth_date,
    nationality=EVIDENCE.nationality,
    document_kind=EVIDENCE.kind,
    document_number=EVIDENCE.number,
    address="12 Harbour Street, Utopia City",
    phone="+86 138 0000 0000",
    account_class=AccountClass.CLASS_II,
)
LONG_RECORD = replace(
    RECORD,
    primary_name="WOLFESCHLEGELSTEINHAUSENBERGERDORFF",
    address="Flat 17 B, Building 4, 1234 Harbour Promenade West, Quarter of the Old Fishermen, 100085 Utopia City, "
    "Province of the Seven Lighthouses, Utopia; second floor",
)


def _hash(number: int) -> bytes:
    """Looks like one; the same each time, so that pictures can be compared."""
    return hashlib.sha256(bytes([number])).digest()


_STATED = StatementCore(
    _hash(24)[:16], int(NOON.timestamp()), _hash(25), _hash(26)[:16], _hash(27), _hash(28), _hash(29),
    OutcomeClass.CONFIRMED_BY_STAFF, 7,
)  # fmt: skip
SLIP = VisitSlip(
    terminal="UTO-0042",
    issued_at=NOON,
    application_reference="7c3f0e5d9a1b2c4455667788990a0b0c1d2e3f405162738495a6b7c8d9eaf1b2",
    salt="00112233445566778899aabbccddeeff",
    accepted=True,
    own_code="K7QMP3WXYZ",
    # As long as that of a terminal with a million entries, and signed by nobody.
    statement=sign_statement(
        _STATED,
        AuditPlace(2**20 - 1, _hash(0), tuple(map(_hash, range(1, 21)))),
        _hash(21),
        lambda _: _hash(22) + _hash(23),
    ),
)


@dataclass(frozen=True, slots=True)
class Pose:
    """A screen in one state; `press` names widgets to press first, `type_into` a field to touch."""

    name: str
    view: SessionView
    teller: TellerView | None = None
    press: tuple[str, ...] = ()
    type_into: str | None = None
    usable: str | None = None
    """A widget that must take a touch by the time of the picture."""


def session_at(phase: Phase, language: Language = Language.ENGLISH) -> Session:
    """A session as it would stand at a phase, going the way with the face check."""
    consent = Consent(1, "ab" * 32, language, frozenset(Purpose), NOON)
    order = list(Phase)
    reached = order.index(phase)
    return Session(
        phase=phase,
        language=language,
        consent=consent if reached > order.index(Phase.ASKING_CONSENT) else None,
        account_class=AccountClass.CLASS_II if reached > order.index(Phase.CHOOSING_ACCOUNT_CLASS) else None,
        evidence=EVIDENCE if reached > order.index(Phase.READING_DOCUMENT) else None,
        address=RECORD.address if reached > order.index(Phase.CONFIRMING_DETAILS) else "",
        variant=ChallengeVariant.FULL if reached > order.index(Phase.PREPARING_FACE_CHECK) else None,
    )


def view_at(phase: Phase, language: Language = Language.ENGLISH) -> SessionView:
    """A plain view of a phase."""
    return SessionView(session=session_at(phase, language), readiness=Readiness.READY)


def poses(language: Language) -> Iterator[Pose]:
    """Yield every pose of the customer's screens and of the console."""
    yield from _before_the_document(language)
    yield from _document(language)
    yield from _face(language)
    yield from _end(language)
    yield from _own_record(language)
    yield from _console()


def _before_the_document(language: Language) -> Iterator[Pose]:
    idle = view_at(Phase.IDLE)
    yield Pose("welcome", idle)
    yield Pose("welcome-demo", replace(idle, demo=True))
    yield Pose("welcome-trial", replace(idle, trial_key=True))
    yield Pose("welcome-warming-up", replace(idle, readiness=Readiness.WARMING_UP))
    yield Pose("welcome-out-of-service", replace(idle, readiness=Readiness.OUT_OF_SERVICE))
    for hold in ServiceHold:
        yield Pose(f"welcome-{hold.value.replace('_', '-')}", replace(idle, holds=frozenset({hold})))
    for note in EndNote:
        if note is not EndNote.NONE:
            ended = replace(idle, session=Session(end_note=note))
            yield Pose(f"welcome-{note.value.replace('_', '-')}", ended)
    yield Pose("language", view_at(Phase.CHOOSING_LANGUAGE))
    consent = view_at(Phase.ASKING_CONSENT, language)
    yield Pose("consent", consent)
    yield Pose("consent-ticked", consent, press=("consent-application", "consent-face"))
    yield Pose("consent-face-declined", replace(consent, session=replace(consent.session, face_declined=True)))
    yield Pose("account", view_at(Phase.CHOOSING_ACCOUNT_CLASS, language))


def _document(language: Language) -> Iterator[Pose]:
    reading = view_at(Phase.READING_DOCUMENT, language)
    yield Pose("document", reading)
    for remark in DocumentRemark:
        yield Pose(f"document-{remark.value.replace('_', '-')}", replace(reading, document_remarks=(remark,)))
    details = view_at(Phase.CONFIRMING_DETAILS, language)
    yield Pose("details", details)
    yield Pose("details-typing", details, type_into="address")
    yield Pose("details-long-names", replace(details, session=replace(details.session, evidence=LONG_NAMES)))
    for evidence, remark, reason in (
        (replace(LONG_NAMES, expiry_date=date(2025, 4, 15)), DocumentRemark.EXPIRED, ReferralReason.DOCUMENT_EXPIRED),
        (
            replace(LONG_NAMES, birth_date=date(2013, 8, 12)),
            DocumentRemark.UNDER_AGE,
            ReferralReason.DOCUMENT_UNDER_AGE,
        ),
        (LONG_NAMES, DocumentRemark.NUMBER_UNSURE, None),
    ):
        remarked = replace(details.session, evidence=replace(evidence, remarks=(remark,)), referral=reason)
        yield Pose(f"details-{remark.value.replace('_', '-')}", replace(details, session=remarked))
    yield Pose("details-face-declined", replace(details, session=replace(details.session, face_declined=True)))


def _face(language: Language) -> Iterator[Pose]:
    preparing = view_at(Phase.PREPARING_FACE_CHECK, language)
    yield Pose("face-check", preparing)
    yield Pose("face-check-gentler", preparing, press=("no-light", "no-turns"))
    place = view_at(Phase.POSITIONING, language)
    for guidance in (CaptureGuidance.COME_CLOSER, CaptureGuidance.HOLD_STILL, CaptureGuidance.FIT):
        yield Pose(f"positioning-{guidance.value.replace('_', '-')}", replace(place, guidance=guidance))
    again = replace(place, session=replace(place.session, attempts=1), guidance=CaptureGuidance.HOLD_STILL)
    yield Pose("positioning-again", again)
    yield Pose("positioning-short-break", replace(again, wait_ends_at_s=POSED_AT_S + 24.5))
    count = len(draw_challenge(secrets.SystemRandom()).gestures)
    live = replace(view_at(Phase.CHECKING_LIVENESS, language), gesture_count=count)
    yield Pose("liveness-neutral", replace(live, gesture_number=1))
    for place_in_list, gesture in enumerate(Gesture):
        number = place_in_list % count + 1
        asked = replace(live, gesture=gesture, gesture_number=number, gesture_ends_at_s=POSED_AT_S + 3)
        yield Pose(f"liveness-{gesture.value.replace('_', '-')}", asked)
    for colour in (ScreenColour.WHITE, ScreenColour.RED, ScreenColour.BLUE, ScreenColour.DARK):
        yield Pose(f"liveness-light-{colour}", replace(live, gesture_number=count, colour=colour))
    yield Pose("comparing", view_at(Phase.COMPARING, language))


def _end(language: Language) -> Iterator[Pose]:
    waiting = view_at(Phase.WAITING_FOR_TELLER, language)
    waiting = replace(waiting, session=replace(waiting.session, referral=ReferralReason.CLASS_I_FACE_TO_FACE))
    yield Pose("waiting", waiting)
    yield Pose("waiting-face-declined", replace(waiting, session=replace(waiting.session, face_declined=True)))
    yield Pose("still-here", replace(waiting, idle_ends_at_s=POSED_AT_S + 14.5))
    yield Pose("recording", view_at(Phase.RECORDING_VERDICT, language))
    verdict = view_at(Phase.SHOWING_VERDICT, language)
    ends_at_s = POSED_AT_S + 45
    yes = replace(verdict, session=replace(verdict.session, answer=True), slip=SLIP, idle_ends_at_s=ends_at_s)
    yield Pose("verdict-yes", yes)
    yield Pose("verdict-yes-closing", replace(yes, idle_ends_at_s=POSED_AT_S + 12))
    refused = replace(SLIP, accepted=False, own_code="")
    no = replace(yes, session=replace(yes.session, answer=False), slip=refused)
    yield Pose("verdict-no", no)


def own_record(language: Language, application: ApplicationRecord = RECORD) -> OwnRecord:
    """A record as its own customer is shown it."""
    data_list = parse_data_list((ASSETS / "data_protection_list.toml").read_text(encoding="utf-8"))
    words = sections_by_element(data_list, language)
    kept = [element for element in data_list.elements if element.id in words and element.record is not None]
    of_application = [element.record is StoredRecord.APPLICATION for element in kept]
    held = tuple(words[element.id] for element, inside in zip(kept, of_application, strict=True) if inside)
    stays = tuple(words[element.id] for element, inside in zip(kept, of_application, strict=True) if not inside)
    posed = OwnRecord(
        SLIP.terminal, language, application, SLIP.application_reference, NOON, NOON + timedelta(days=7),
        NOON - timedelta(minutes=5), NOON + timedelta(seconds=2), held, stays,
    )  # fmt: skip
    return replace(posed, copy=in_parts(portable_copy(posed)))


def erasure_slip(language: Language) -> ErasureSlip:
    """A receipt as long as that of a terminal with a million entries, and signed by nobody."""
    core = ErasureCore(_hash(24)[:16], int(NOON.timestamp()), _hash(25), StatedReason.CUSTOMER_WISH)
    place = AuditPlace(2**20 - 1, _hash(0), tuple(map(_hash, range(1, 21))))
    statement = sign_erasure(core, place, _hash(21), lambda _: _hash(22) + _hash(23))
    stays = own_record(language).stays
    return ErasureSlip(SLIP.terminal, language, SLIP.application_reference, NOON, stays, statement)


def _own_record(language: Language) -> Iterator[Pose]:
    yield Pose("own-language", view_at(Phase.OWN_LANGUAGE, language))
    yield Pose("own-consent", view_at(Phase.OWN_CONSENT, language))
    code = view_at(Phase.OWN_CODE, language)
    yield Pose("own-code", code)
    yield Pose("own-code-typed", code, press=tuple(f"key-{character}" for character in SLIP.own_code))
    yield Pose("own-document", view_at(Phase.OWN_DOCUMENT, language))
    yield Pose("own-search", view_at(Phase.OWN_SEARCH, language))
    missing = view_at(Phase.OWN_MISSING, language)
    for outcome in OwnRecordOutcome:
        if outcome is not OwnRecordOutcome.NONE:
            told = replace(missing, session=replace(missing.session, own_outcome=outcome))
            yield Pose(f"own-missing-{outcome.value.replace('_', '-')}", told)
    own = own_record(language)
    yield Pose("own-record", replace(view_at(Phase.OWN_RECORD, language), own_record=own))
    long = own_record(language, LONG_RECORD)
    yield Pose("own-record-long", replace(view_at(Phase.OWN_RECORD, language), own_record=long))
    copy = view_at(Phase.OWN_COPY, language)
    yield Pose("own-copy", replace(copy, own_record=own))
    two = replace(long, copy=in_parts(portable_copy(long) * 2))
    yield Pose("own-copy-in-parts", replace(copy, own_record=two), press=("next-code",))
    yield Pose("own-copy-coming", replace(copy, own_record=replace(own, copy=())))
    yield Pose("own-erasure", replace(view_at(Phase.OWN_ERASURE, language), own_record=own))
    yield Pose("own-erasing", view_at(Phase.OWN_ERASING, language))
    erased = replace(view_at(Phase.OWN_ERASED, language), erasure=erasure_slip(language))
    yield Pose("own-erased", erased)
    yield Pose("own-still-here", replace(erased, idle_ends_at_s=POSED_AT_S + 14.5))


def waiting_visit(reason: ReferralReason = ReferralReason.CLASS_I_FACE_TO_FACE) -> WaitingVisit:
    return WaitingVisit(record=visible_record(RECORD), reason=reason, since=NOON, can_be_answered=True)


def open_application(application_id: str) -> OpenApplication:
    return OpenApplication(application_id, visible_record(RECORD), NOON, NOON + timedelta(days=7))


def _console() -> Iterator[Pose]:
    customer = view_at(Phase.WAITING_FOR_TELLER)
    signed_in = TellerView(signed_in_as="M. Chen")
    yield Pose("teller-sign-in", customer, TellerView())
    yield Pose("teller-sign-in-opens", customer, TellerView(day=DayState.CLOSED))
    yield Pose("teller-sign-in-demo", customer, TellerView(demo=True))
    yield Pose("teller-sign-in-trial", customer, TellerView(trial_key=True))
    yield Pose("teller-wrong-pin", customer, TellerView(sign_in_error="wrong_pin"), press=("sign-in",))
    locked = TellerView(sign_in_error="locked", locked_until=NOON + timedelta(seconds=30))
    yield Pose("teller-locked", customer, locked, press=("sign-in",))
    no_key = TellerView(day=DayState.CLOSED, sign_in_error="staff_key")
    yield Pose("teller-staff-key", customer, no_key, press=("sign-in",))
    yield Pose("teller-nobody", customer, signed_in)
    yield Pose("teller-day-opening", customer, replace(signed_in, day=DayState.OPENING))
    long_name = "Maximiliane Wolfeschlegelsteinhausenberger-Dorff"
    yield Pose("teller-long-name", customer, replace(signed_in, signed_in_as=long_name))
    yield Pose("teller-visit-under-way", customer, replace(signed_in, visit=VisitStage.UNDER_WAY))
    yield Pose("teller-visit-answered", customer, replace(signed_in, visit=VisitStage.ANSWERED))
    waits = replace(signed_in, waiting=waiting_visit())
    yield Pose("teller-waiting", customer, waits)
    yield Pose("teller-waiting-demo", customer, replace(waits, demo=True))
    long = visible_record(LONG_RECORD)
    yield Pose("teller-long-address", customer, replace(signed_in, waiting=replace(waiting_visit(), record=long)))
    suspected = replace(
        waiting_visit(ReferralReason.ATTEMPTS_USED_UP),
        variant=ChallengeVariant.FULL,
        suspicions=frozenset({Finding.FLAT, Finding.LIGHT_EVEN, Finding.STRAIGHT_EDGES}),
    )
    yield Pose("teller-suspicions", customer, replace(signed_in, waiting=suspected))
    everything = replace(suspected, record=long, suspicions=frozenset(Finding) - {Finding.IN_ORDER})
    yield Pose("teller-many-suspicions", customer, replace(signed_in, waiting=everything))
    incomplete = replace(
        waiting_visit(ReferralReason.LIVENESS_INCOMPLETE),
        variant=ChallengeVariant.FULL,
        unmeasured=frozenset({Finding.LIGHT_TOO_WEAK}),
    )
    yield Pose("teller-incomplete", customer, replace(signed_in, waiting=incomplete))
    gentle = replace(waiting_visit(ReferralReason.GENTLE_VARIANT), variant=ChallengeVariant.WITHOUT_TURNS_AND_LIGHT)
    yield Pose("teller-gentle", customer, replace(signed_in, waiting=gentle))
    yield Pose("teller-checked", customer, waits, press=("check-face", "check-person"))
    reasons = ("teller-refuse", "reason-not_the_person")
    yield Pose("teller-refusing-asked", customer, waits, press=reasons)
    yield Pose("teller-refusing", customer, waits, press=reasons, usable=reasons[-1])
    yield Pose("teller-closing", customer, waits, press=("teller-close",), usable="teller-close")
    child = replace(waiting_visit(ReferralReason.GUARDIAN_NEEDED), checks=frozenset(TellerCheck))
    yield Pose("teller-guardian", customer, replace(signed_in, waiting=child))
    unread = WaitingVisit(None, ReferralReason.DOCUMENT_UNREADABLE, NOON, can_be_answered=False)
    yield Pose("teller-cannot-answer", customer, replace(signed_in, waiting=unread))
    applications = replace(signed_in, applications=tuple(open_application(str(number)) for number in (1, 2, 3)))
    yield Pose("teller-applications", customer, applications, press=("tab-applications",))
    asked = ("tab-applications", "mark-opened-1")
    yield Pose("teller-opening", customer, applications, press=asked)
    yield Pose("teller-undo", customer, applications, press=(*asked, "mark-yes-1"))
    for name, what in (("copy", own_record(Language.CHINESE)), ("receipt", erasure_slip(Language.ENGLISH))):
        view = replace(applications, hand_over=what)
        yield Pose(f"teller-hand-over-{name}", customer, view, press=("tab-applications",))
    yield Pose("teller-no-applications", customer, signed_in, press=("tab-applications",))
    yield Pose("teller-terminal", customer, signed_in, press=("tab-terminal",))
    asked = ("tab-terminal", "close-day")
    yield Pose("teller-closing-day", customer, signed_in, press=asked, usable="close-day")
    held = replace(signed_in, day=DayState.CLOSED, holds=frozenset(ServiceHold))
    yield Pose("teller-held", customer, held, press=("tab-terminal",))
    doubted = replace(signed_in, holds=frozenset({ServiceHold.CLOCK_IN_DOUBT}))
    yield Pose("teller-clock", customer, doubted, press=("tab-terminal", "clock-right"))
    late = replace(
        signed_in,
        undelivered=3,
        oldest_undelivered_at=NOON,
        notices=(
            TerminalNotice("The bank has not answered for an hour.", NOON + timedelta(hours=1)),
            TerminalNotice("The process eyes ended and is started again: the face camera was unplugged.", NOON),
        ),
    )
    yield Pose("teller-undelivered", customer, late, press=("tab-terminal",))


_RESPONSIBLE = Responsible(
    controller=Wording({"en": "Bank of Utopia, 1 Bank Street, Utopia", "zh": "乌托邦银行，乌托邦银行街 1 号"}),
    officer=Wording({"en": "privacy@bank.example", "zh": "个人信息保护办公室，privacy@bank.example"}),
    authority=Wording({"en": "Data Protection Authority of Utopia", "zh": "乌托邦个人信息保护机关"}),
)


def posed_notices() -> dict[Language, Notice]:
    """The notice as the shipped data protection list gives it, in every language, for a bank that does not exist."""
    shipped = parse_data_list((ASSETS / "data_protection_list.toml").read_text(encoding="utf-8"))
    data_list = in_force(shipped, ListPolicy(responsible=_RESPONSIBLE))
    return {language: notice(data_list, language) for language in Language}
