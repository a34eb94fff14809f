"""Events of a visit, for tests of the session: sensible ones, hostile ones, and the trace they leave."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from kiosk.document.evidence import DocumentEvidence, DocumentKind, DocumentRemark
from kiosk.privacy.consent import Consent, Purpose
from kiosk.privacy.notice import consent_to, notice
from kiosk.session import events as ev
from kiosk.session.machine import Effect, Phase, Session, advance
from kiosk.store.data_list_file import read_data_list
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant, Finding


def evidence(*remarks: DocumentRemark, check_digits_valid: bool = True) -> DocumentEvidence:
    """A specimen's evidence."""
    return DocumentEvidence(
        kind=DocumentKind.PASSPORT,
        issuing_state="UTO",
        number="L898902C3",
        primary_name="ERIKSSON",
        secondary_name="ANNA MARIA",
        nationality="UTO",
        birth_date=date(1974, 8, 12),
        expiry_date=date(2032, 4, 15),
        check_digits_valid=check_digits_valid,
        remarks=remarks,
    )


def consent(*purposes: Purpose) -> Consent:
    return consent_to(notice(read_data_list(), "en"), frozenset(purposes), datetime(2026, 3, 2, 9, 0, tzinfo=UTC))


FULL = ev.ConsentGiven(consent(Purpose.APPLICATION, Purpose.FACE_CHECK))
FACELESS = ev.ConsentGiven(consent(Purpose.APPLICATION))
DETAILS = ev.DetailsConfirmed("1 High Street", "+44 20 7946 0000")
READ = ev.DocumentRead(evidence())
CHOSEN = ev.FaceCheckChosen(ChallengeVariant.FULL)
CONFIRMED = ev.TellerConfirmed("t1", frozenset(ev.TellerCheck))
REFUSED = ev.TellerRefused("t1", ev.RefusalReason.NOT_THE_PERSON)

TO_CLASS = (ev.Started(), ev.LanguageChosen(ev.Language.CHINESE), FULL)
TO_DOCUMENT = (*TO_CLASS, ev.AccountClassChosen(ev.AccountClass.CLASS_II))
TO_DETAILS = (*TO_DOCUMENT, READ)
TO_PREPARING = (*TO_DETAILS, DETAILS)
TO_POSITIONING = (*TO_PREPARING, CHOSEN)
TO_LIVENESS = (*TO_POSITIONING, ev.Positioned())
TO_COMPARING = (*TO_LIVENESS, ev.LivenessPassed())
TO_YES = (*TO_COMPARING, ev.Accepted(), ev.VerdictCommitted())

OWN_CONSENT = ev.ConsentGiven(consent(Purpose.OWN_RECORD))
OWN_CODE = ev.OwnCodeEntered("abcde-fghjk")
TO_OWN_CODE = (ev.OwnRecordAsked(), ev.LanguageChosen(ev.Language.CHINESE), OWN_CONSENT)
TO_OWN_SEARCH = (*TO_OWN_CODE, OWN_CODE, READ)
TO_OWN_RECORD = (*TO_OWN_SEARCH, ev.OwnRecordFound())
TO_OWN_ERASED = (*TO_OWN_RECORD, ev.OwnErasureAsked(), ev.OwnErasureConfirmed(), ev.OwnRecordErased())
NOT_FOUND = ev.OwnRecordMissing(ev.OwnRecordOutcome.NOT_FOUND)
OWN_EVENTS: tuple[ev.Event, ...] = (
    ev.OwnRecordAsked(),
    OWN_CONSENT,
    ev.ConsentGiven(consent(*Purpose)),
    OWN_CODE,
    *(ev.OwnCodeEntered(code) for code in ("", "ABCDE", "ABCDEFGHI0", "ABCDEFGHJKM", "\udcff" * 10)),
    ev.OwnCodeAgain(),
    ev.OwnRecordFound(),
    *(ev.OwnRecordMissing(outcome) for outcome in ev.OwnRecordOutcome),
    ev.OwnCopyAsked(),
    ev.OwnErasureAsked(),
    ev.OwnErasureConfirmed(),
    ev.OwnRecordBack(),
    ev.OwnRecordErased(),
    ev.OwnRecordNotErased(),
    ev.OwnRecordLeft(),
)

EVERY_EVENT: tuple[ev.Event, ...] = (
    ev.Event(),
    ev.Started(),
    ev.Started(failed_attempts=2),
    ev.Started(failed_attempts=-1),
    ev.Started(failed_attempts=99),
    *(ev.LanguageChosen(language) for language in ev.Language),
    FULL,
    FACELESS,
    ev.ConsentGiven(consent(Purpose.FACE_CHECK)),
    ev.ConsentGiven(consent()),
    ev.ConsentRefused(),
    *(ev.AccountClassChosen(account_class) for account_class in ev.AccountClass),
    DETAILS,
    ev.DetailsConfirmed("  ", None),
    ev.DocumentReadAgain(),
    ev.FaceDeclined(),
    ev.Cancelled(),
    ev.ConsentWithdrawn(),
    ev.VerdictAcknowledged(),
    ev.TimedOut(),
    READ,
    *(ev.DocumentRead(evidence(remark)) for remark in DocumentRemark),
    ev.DocumentRead(evidence(check_digits_valid=False)),
    ev.DocumentNotAcceptable(ReferralReason.DOCUMENT_EXPIRED, evidence(DocumentRemark.EXPIRED)),
    ev.DocumentNotAcceptable(ReferralReason.DOCUMENT_UNREADABLE, evidence(check_digits_valid=False)),
    ev.DocumentNotAcceptable(ReferralReason.DOCUMENT_UNREADABLE, None),
    *(ev.FaceCheckChosen(variant) for variant in ChallengeVariant),
    ev.Positioned(),
    ev.LivenessPassed(),
    ev.AttemptFailed(),
    ev.AttemptFailed(frozenset({Finding.FLAT, Finding.LIGHT_EVEN})),
    ev.Accepted(),
    *(ev.Referred(reason) for reason in ReferralReason),
    ev.Referred(ReferralReason.LIVENESS_INCOMPLETE, frozenset({Finding.LIGHT_TOO_WEAK})),
    ev.CameraLost(),
    ev.VerdictCommitted(),
    ev.VerdictNotCommitted(),
    CONFIRMED,
    ev.TellerConfirmed(" ", frozenset(ev.TellerCheck)),
    ev.TellerConfirmed("t1", frozenset()),
    ev.TellerConfirmed("t1", ev.ALWAYS_CHECKED),
    *(ev.TellerConfirmed("t1", frozenset({check})) for check in ev.TellerCheck),
    REFUSED,
    ev.TellerRefused("", ev.RefusalReason.NOT_ELIGIBLE),
    ev.TellerClosedVisit("t1"),
    *OWN_EVENTS,
)


@dataclass(frozen=True, slots=True)
class Passage:
    """One event and what it did."""

    before: Session
    event: ev.Event
    after: Session
    effects: tuple[Effect, ...]


def walk(events: Iterable[ev.Event], session: Session | None = None) -> list[Passage]:
    """Play the events from the welcome screen."""
    now = Session() if session is None else session
    passages = []
    for event in events:
        after, effects = advance(now, event)
        passages.append(Passage(now, event, after, effects))
        now = after
    return passages


def end(events: Iterable[ev.Event]) -> Session:
    """The session after these events."""
    return walk(events)[-1].after


def effects_of(events: Iterable[ev.Event]) -> list[Effect]:
    """All effects, in order."""
    return [effect for passage in walk(events) for effect in passage.effects]


def visits(passages: list[Passage]) -> list[list[Passage]]:
    """Cut a walk into visits; what is ignored on the welcome screen belongs to none."""
    cut: list[list[Passage]] = []
    for passage in passages:
        if passage.before.phase is Phase.IDLE and passage.after.phase is not Phase.IDLE:
            cut.append([])
        if cut and (passage.before.phase is not Phase.IDLE or passage.after.phase is not Phase.IDLE):
            cut[-1].append(passage)
    return cut
