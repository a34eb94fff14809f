"""The session table: single paths as sentences, and what holds on every path whatever happens in whatever order."""

from collections import deque
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kiosk.document.evidence import DocumentRemark
from kiosk.privacy.consent import Purpose
from kiosk.session import events as ev
from kiosk.session.machine import (
    MAX_ATTEMPTS,
    OWN_RECORD_PHASES,
    TIMEOUT_S,
    TRANSITIONS,
    WARNING_S,
    Effect,
    EndNote,
    Phase,
    Session,
    advance,
)
from kiosk.session.own_record_steps import MAX_TRIES
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant, Finding
from tests.rehearsed_visit import (
    CONFIRMED,
    DETAILS,
    EVERY_EVENT,
    FACELESS,
    NOT_FOUND,
    OWN_CODE,
    READ,
    REFUSED,
    TO_CLASS,
    TO_COMPARING,
    TO_DETAILS,
    TO_DOCUMENT,
    TO_LIVENESS,
    TO_OWN_CODE,
    TO_OWN_ERASED,
    TO_OWN_RECORD,
    TO_OWN_SEARCH,
    TO_POSITIONING,
    TO_PREPARING,
    TO_YES,
    Passage,
    effects_of,
    end,
    evidence,
    visits,
    walk,
)

E, P = Effect, Phase
COMMITS = (E.COMMIT_YES, E.COMMIT_NO)
FACE_EFFECTS = {E.START_FACE_CAPTURE, E.START_CHALLENGE, E.COMPARE}
STOP_OF = {
    E.START_READING_DOCUMENT: E.STOP_READING_DOCUMENT,
    E.START_FACE_CAPTURE: E.STOP_FACE_CAPTURE,
    E.START_CHALLENGE: E.STOP_CHALLENGE,
}
NOT_TO_BE_DISTURBED = (P.RECORDING_VERDICT, P.OWN_ERASING)
ANSWERED = (P.IDLE, P.RECORDING_VERDICT, P.SHOWING_VERDICT)
CUSTOMER_PHASES = [phase for phase in P if phase not in (*ANSWERED, *OWN_RECORD_PHASES)]
FACE_PHASES = (P.PREPARING_FACE_CHECK, P.POSITIONING, P.CHECKING_LIVENESS, P.COMPARING)
CLASS_I = (*TO_CLASS, ev.AccountClassChosen(ev.AccountClass.CLASS_I), *TO_COMPARING[len(TO_DOCUMENT) :])
CHILD = (*TO_DOCUMENT, ev.DocumentRead(evidence(DocumentRemark.NEEDS_GUARDIAN)), DETAILS)
PATH_TO: dict[Phase, tuple[ev.Event, ...]] = {
    P.CHOOSING_LANGUAGE: TO_CLASS[:1],
    P.ASKING_CONSENT: TO_CLASS[:2],
    P.CHOOSING_ACCOUNT_CLASS: TO_CLASS,
    P.READING_DOCUMENT: TO_DOCUMENT,
    P.CONFIRMING_DETAILS: TO_DETAILS,
    P.PREPARING_FACE_CHECK: TO_PREPARING,
    P.POSITIONING: TO_POSITIONING,
    P.CHECKING_LIVENESS: TO_LIVENESS,
    P.COMPARING: TO_COMPARING,
    P.WAITING_FOR_TELLER: (*TO_COMPARING, ev.Referred(ReferralReason.NON_MATCH)),
    P.RECORDING_VERDICT: TO_YES[:-1],
    P.SHOWING_VERDICT: TO_YES,
    P.OWN_LANGUAGE: TO_OWN_CODE[:1],
    P.OWN_CONSENT: TO_OWN_CODE[:2],
    P.OWN_CODE: TO_OWN_CODE,
    P.OWN_DOCUMENT: (*TO_OWN_CODE, OWN_CODE),
    P.OWN_SEARCH: TO_OWN_SEARCH,
    P.OWN_MISSING: (*TO_OWN_SEARCH, ev.OwnRecordMissing(ev.OwnRecordOutcome.NOT_FOUND)),
    P.OWN_RECORD: TO_OWN_RECORD,
    P.OWN_COPY: (*TO_OWN_RECORD, ev.OwnCopyAsked()),
    P.OWN_ERASURE: (*TO_OWN_RECORD, ev.OwnErasureAsked()),
    P.OWN_ERASING: TO_OWN_ERASED[:-1],
    P.OWN_ERASED: TO_OWN_ERASED,
}


PATHS = (
    (ev.Started(),),
    (ev.FaceDeclined(), *TO_CLASS[1:]),
    (*TO_CLASS[:2], FACELESS),
    *PATH_TO.values(),
    CLASS_I,
    CHILD,
)
some_choices = st.lists(st.integers(0, 2**16), max_size=25)


def _steps(session: Session, choices: list[int]) -> list[Passage]:
    """From anywhere: two events of three are ones that go on from there, the others anything at all."""
    passages: list[Passage] = []
    for choice in choices:
        named = [event for event in EVERY_EVENT if advance(session, event)[0] is not session]
        staying = [event for event in named if advance(session, event)[0].phase is not P.IDLE] or named
        pool = EVERY_EVENT if choice % 3 == 0 else tuple(staying)
        passages += walk([pool[choice // 3 % len(pool)]], session)
        session = passages[-1].after
    return passages


@st.composite
def random_walks(draw: st.DrawFn) -> list[Passage]:
    """A few visits on end, each rehearsed up to some point and from there in any order, hostile ones included."""
    passages: list[Passage] = []
    for path, choices in draw(st.lists(st.tuples(st.sampled_from(PATHS), some_choices), min_size=1, max_size=4)):
        passages += walk(path, passages[-1].after if passages else None)
        passages += _steps(passages[-1].after, choices)
    return passages


on_every_walk = settings(max_examples=150, deadline=None)


# --- the table itself ---


def test_every_phase_can_be_reached_and_left_for_the_welcome_screen() -> None:
    onward = {phase: {step.phase for (here, _), step in TRANSITIONS.items() if here is phase} for phase in P}
    for start in P:
        seen, queue = {start}, deque([start])
        while queue:
            for phase in onward[queue.popleft()] - seen:
                seen.add(phase)
                queue.append(phase)
        assert P.IDLE in seen
        if start is P.IDLE:
            assert seen == set(P)


@pytest.mark.parametrize("phase", PATH_TO)
def test_the_rehearsed_path_leads_to_its_phase(phase: Phase) -> None:
    assert end(PATH_TO[phase]).phase is phase


@pytest.mark.parametrize("phase", [phase for phase in P if phase not in (P.IDLE, *NOT_TO_BE_DISTURBED)])
@pytest.mark.parametrize("event", [ev.Cancelled(), ev.TimedOut(), ev.TellerClosedVisit("t1")])
def test_a_visit_can_be_left_from_everywhere(phase: Phase, event: ev.Event) -> None:
    session = end(PATH_TO[phase])
    after, effects = advance(session, event)
    assert after == Session(end_note=after.end_note)
    assert E.END_VISIT in effects
    assert not set(COMMITS) & set(effects)


def test_every_phase_has_a_time_out_where_the_table_knows_what_to_do_with_it() -> None:
    assert set(TIMEOUT_S) == set(P)
    for phase, timeout_s in TIMEOUT_S.items():
        assert (timeout_s is not None) == ((phase, ev.TimedOut) in TRANSITIONS)
        assert timeout_s is None or timeout_s >= 2 * WARNING_S


# --- single paths ---


def test_a_genuine_customer_gets_a_yes_and_everything_ends() -> None:
    assert effects_of((*TO_YES, ev.VerdictAcknowledged())) == [
        E.RECORD_CONSENT,
        E.START_READING_DOCUMENT,
        E.STOP_READING_DOCUMENT,
        E.START_FACE_CAPTURE,
        E.START_CHALLENGE,
        E.STOP_CHALLENGE,
        E.COMPARE,
        E.STOP_FACE_CAPTURE,
        E.COMMIT_YES,
        E.END_VISIT,
    ]


def test_a_class_one_account_waits_for_the_teller() -> None:
    waiting = end((*CLASS_I, ev.Accepted()))
    assert waiting.phase is P.WAITING_FOR_TELLER
    assert waiting.referral is ReferralReason.CLASS_I_FACE_TO_FACE
    assert advance(waiting, CONFIRMED)[1] == (E.COMMIT_YES,)


def test_refusing_consent_ends_the_visit_and_keeps_nothing() -> None:
    passage = walk((*TO_CLASS[:2], ev.ConsentRefused()))[-1]
    assert passage.after == Session(end_note=EndNote.CONSENT_REFUSED)
    assert passage.effects == (E.DISCARD_VISIT, E.END_VISIT)


@pytest.mark.parametrize("given_without", [event for event in EVERY_EVENT if isinstance(event, ev.ConsentGiven)])
def test_a_consent_that_leaves_out_the_application_is_a_refusal(given_without: ev.ConsentGiven) -> None:
    asking = end(TO_CLASS[:2])
    after, effects = advance(asking, given_without)
    if Purpose.APPLICATION in given_without.consent.purposes:
        assert after.phase is P.CHOOSING_ACCOUNT_CLASS
    else:
        assert after == Session(end_note=EndNote.CONSENT_REFUSED)
        assert E.RECORD_CONSENT not in effects


@pytest.mark.parametrize("phase", CUSTOMER_PHASES)
def test_declining_the_face_check_is_possible_everywhere_and_ends_with_the_teller(phase: Phase) -> None:
    session, effects = advance(end(PATH_TO[phase]), ev.FaceDeclined())
    assert session.phase is not P.IDLE
    rest = walk((*TO_CLASS[1:], ev.AccountClassChosen(ev.AccountClass.CLASS_II), READ, DETAILS), session)
    assert rest[-1].after.phase is P.WAITING_FOR_TELLER
    assert not FACE_EFFECTS & {effect for passage in rest for effect in passage.effects} | FACE_EFFECTS & set(effects)


def test_the_route_without_the_face_takes_no_more_acts_than_the_one_with_it() -> None:
    with_face = [*TO_YES, ev.VerdictAcknowledged()]
    waiting = (READ, DETAILS, CONFIRMED, ev.VerdictCommitted(), ev.VerdictAcknowledged())
    declined = [ev.FaceDeclined(), *TO_CLASS[1:], TO_DOCUMENT[-1], *waiting]
    unticked = [*TO_CLASS[:2], FACELESS, TO_DOCUMENT[-1], *waiting]
    not_acts = (READ, ev.LivenessPassed(), ev.Accepted(), CONFIRMED, ev.VerdictCommitted())
    acts = [len([event for event in path if event not in not_acts]) for path in (with_face, declined, unticked)]
    for path in (with_face, declined, unticked):
        assert end(path) == Session()
        assert all(passage.after != passage.before for passage in walk(path))
    assert max(acts[1:]) <= acts[0]


def test_three_failed_attempts_bring_the_teller() -> None:
    attempt = (ev.Positioned(), ev.AttemptFailed())
    path = (*TO_POSITIONING, *attempt * (MAX_ATTEMPTS - 1))
    assert end(path).phase is P.POSITIONING
    after = end((*path, *attempt))
    assert after.phase is P.WAITING_FOR_TELLER
    assert after.referral is ReferralReason.ATTEMPTS_USED_UP
    assert after.attempts == MAX_ATTEMPTS
    assert effects_of((*path, *attempt))[-3:] == [E.STOP_CHALLENGE, E.STOP_FACE_CAPTURE, E.CALL_TELLER]


def test_the_third_failure_at_comparison_brings_the_teller_too() -> None:
    attempt = (ev.Positioned(), ev.LivenessPassed(), ev.AttemptFailed())
    after = end((*TO_POSITIONING, *attempt * MAX_ATTEMPTS))
    assert (after.phase, after.referral) == (P.WAITING_FOR_TELLER, ReferralReason.ATTEMPTS_USED_UP)
    assert not after.live


def test_what_spoke_against_a_living_face_in_any_attempt_is_there_for_the_teller() -> None:
    found = (Finding.FLAT, Finding.GRID, Finding.LIGHT_LATE)
    attempts = [event for one in found for event in (ev.Positioned(), ev.AttemptFailed(frozenset({one})))]
    assert end((*TO_POSITIONING, *attempts)).suspicions == frozenset(found)


def test_what_could_not_be_measured_is_there_for_the_teller() -> None:
    why = frozenset({Finding.LIGHT_TOO_WEAK})
    waiting = end((*TO_COMPARING, ev.Referred(ReferralReason.LIVENESS_INCOMPLETE, why)))
    assert (waiting.phase, waiting.unmeasured) == (P.WAITING_FOR_TELLER, why)


def test_no_camera_is_read_before_the_customer_has_chosen_how() -> None:
    assert E.START_FACE_CAPTURE not in effects_of(TO_PREPARING)
    assert walk(TO_POSITIONING)[-1].effects == (E.START_FACE_CAPTURE,)


@pytest.mark.parametrize("variant", ChallengeVariant)
def test_whichever_face_check_is_chosen_the_way_is_as_long_and_ends_in_the_same_answer(
    variant: ChallengeVariant,
) -> None:
    path = (*TO_PREPARING, ev.FaceCheckChosen(variant), ev.Positioned(), ev.LivenessPassed(), ev.Accepted())
    after = end(path)
    if variant is ChallengeVariant.FULL:
        assert (after.phase, after.referral) == (P.RECORDING_VERDICT, None)
    else:
        assert (after.phase, after.referral) == (P.WAITING_FOR_TELLER, ReferralReason.GENTLE_VARIANT)
        assert advance(after, CONFIRMED)[1] == (E.COMMIT_YES,)


def test_attempts_of_a_visit_that_broke_off_are_those_of_the_next_one() -> None:
    after = end((ev.Started(failed_attempts=2), *TO_POSITIONING[1:], ev.Positioned(), ev.AttemptFailed()))
    assert (after.phase, after.referral) == (P.WAITING_FOR_TELLER, ReferralReason.ATTEMPTS_USED_UP)


def test_a_visit_that_begins_without_an_attempt_left_goes_to_the_teller_and_reads_no_face() -> None:
    path = (ev.Started(failed_attempts=MAX_ATTEMPTS), *TO_PREPARING[1:])
    assert (end(path).phase, end(path).referral) == (P.WAITING_FOR_TELLER, ReferralReason.ATTEMPTS_USED_UP)
    assert not FACE_EFFECTS & set(effects_of(path))


@pytest.mark.parametrize("made", [frozenset(), *(frozenset({check}) for check in ev.TellerCheck)])
def test_a_teller_who_has_not_looked_at_everything_has_not_confirmed(made: frozenset[ev.TellerCheck]) -> None:
    waiting = end(PATH_TO[P.WAITING_FOR_TELLER])
    assert advance(waiting, ev.TellerConfirmed("t1", made)) == (waiting, ())


def test_a_failed_attempt_at_comparison_does_not_leave_the_face_live() -> None:
    again = end((*TO_COMPARING, ev.AttemptFailed()))
    assert again.phase is P.POSITIONING
    assert not again.live


@pytest.mark.parametrize(
    ("remark", "reason"),
    [
        (DocumentRemark.EXPIRED, ReferralReason.DOCUMENT_EXPIRED),
        (DocumentRemark.UNDER_AGE, ReferralReason.DOCUMENT_UNDER_AGE),
        (DocumentRemark.NO_PORTRAIT, ReferralReason.REFERENCE_UNUSABLE),
        (DocumentRemark.NOT_AN_IDENTITY_DOCUMENT, ReferralReason.NOT_AN_IDENTITY_DOCUMENT),
        (DocumentRemark.DATE_IMPOSSIBLE, ReferralReason.DOCUMENT_UNREADABLE),
    ],
)
def test_a_document_with_a_remark_goes_to_the_teller_without_a_face_check(
    remark: DocumentRemark, reason: ReferralReason
) -> None:
    path = (*TO_DOCUMENT, ev.DocumentRead(evidence(remark)), DETAILS)
    assert end(path).phase is P.WAITING_FOR_TELLER
    assert end(path).referral is reason
    assert E.START_FACE_CAPTURE not in effects_of(path)


@pytest.mark.parametrize(
    "event",
    [
        ev.DocumentNotAcceptable(ReferralReason.DOCUMENT_UNREADABLE, None),
        ev.DocumentNotAcceptable(ReferralReason.DOCUMENT_UNREADABLE, evidence(check_digits_valid=False)),
        ev.DocumentRead(evidence(check_digits_valid=False)),
    ],
)
def test_a_document_that_was_not_read_can_only_be_closed(event: ev.Event) -> None:
    waiting = end((*TO_DOCUMENT, event))
    assert waiting.phase is P.WAITING_FOR_TELLER
    assert not waiting.can_be_answered
    assert advance(waiting, CONFIRMED) == (waiting, ())
    assert advance(waiting, REFUSED) == (waiting, ())
    assert advance(waiting, ev.TellerClosedVisit("t1"))[0] == Session(end_note=EndNote.CLOSED_BY_TELLER)


def test_declining_the_face_while_the_document_is_read_reads_it_anew_without_a_portrait() -> None:
    after, effects = advance(end(TO_DOCUMENT), ev.FaceDeclined())
    assert after.phase is P.READING_DOCUMENT
    assert not after.face_allowed
    assert effects == (E.STOP_READING_DOCUMENT, E.START_READING_DOCUMENT)


def test_reading_the_document_again_forgets_the_first_reading() -> None:
    path = (*TO_DOCUMENT, ev.DocumentRead(evidence(DocumentRemark.EXPIRED)), ev.DocumentReadAgain())
    again = end(path)
    assert (again.evidence, again.referral, again.phase) == (None, None, P.READING_DOCUMENT)
    assert end((*path, READ, DETAILS)).phase is P.PREPARING_FACE_CHECK


def test_a_portrait_found_unusable_while_details_are_completed_spares_the_face_check() -> None:
    path = (*TO_DETAILS, ev.Referred(ReferralReason.REFERENCE_UNUSABLE), DETAILS)
    assert end(path).phase is P.WAITING_FOR_TELLER
    assert end(path).referral is ReferralReason.REFERENCE_UNUSABLE
    assert E.START_FACE_CAPTURE not in effects_of(path)


def test_the_first_reason_to_call_the_teller_stands() -> None:
    expired = ev.DocumentRead(evidence(DocumentRemark.EXPIRED))
    path = (*TO_DOCUMENT, expired, ev.Referred(ReferralReason.REFERENCE_UNUSABLE), DETAILS)
    assert end(path).referral is ReferralReason.DOCUMENT_EXPIRED


def test_details_without_an_address_are_not_complete() -> None:
    session = end(TO_DETAILS)
    assert advance(session, ev.DetailsConfirmed(" \t", None)) == (session, ())


def test_an_answer_by_nobody_is_no_answer() -> None:
    waiting = end(PATH_TO[P.WAITING_FOR_TELLER])
    assert advance(waiting, ev.TellerConfirmed("", frozenset(ev.TellerCheck))) == (waiting, ())
    assert advance(waiting, ev.TellerRefused(" ", ev.RefusalReason.NOT_THE_PERSON)) == (waiting, ())


def test_a_lost_camera_ends_the_visit_but_not_the_wait_for_the_teller_nor_the_verdict() -> None:
    assert end((*TO_LIVENESS, ev.CameraLost())) == Session(end_note=EndNote.TECHNICAL)
    for phase in (P.WAITING_FOR_TELLER, P.RECORDING_VERDICT, P.SHOWING_VERDICT):
        session = end(PATH_TO[phase])
        assert advance(session, ev.CameraLost()) == (session, ())


def test_nobody_coming_to_the_waiting_visit_discards_it() -> None:
    assert effects_of((*PATH_TO[P.WAITING_FOR_TELLER], ev.TimedOut()))[-2:] == [E.DISCARD_VISIT, E.END_VISIT]


def test_nothing_interrupts_a_verdict_being_written() -> None:
    recording = end(PATH_TO[P.RECORDING_VERDICT])
    for event in EVERY_EVENT:
        if not isinstance(event, ev.VerdictCommitted | ev.VerdictNotCommitted):
            assert advance(recording, event) == (recording, ())


def test_a_verdict_the_store_refused_is_discarded() -> None:
    after, effects = advance(end(PATH_TO[P.RECORDING_VERDICT]), ev.VerdictNotCommitted())
    assert after == Session(end_note=EndNote.TECHNICAL)
    assert effects == (E.DISCARD_VISIT, E.END_VISIT)


@pytest.mark.parametrize("phase", [phase for phase in P if phase is not P.RECORDING_VERDICT])
def test_news_of_a_verdict_from_an_earlier_visit_changes_nothing(phase: Phase) -> None:
    session = end(PATH_TO[phase]) if phase is not P.IDLE else Session()
    assert advance(session, ev.VerdictCommitted()) == (session, ())
    assert advance(session, ev.VerdictNotCommitted()) == (session, ())


@pytest.mark.parametrize(
    "spoilt",
    [
        {"live": False},
        {"variant": None},
        {"face_declined": True},
        {"consent": None},
        {"evidence": None},
        {"evidence": evidence(DocumentRemark.EXPIRED)},
        {"address": ""},
        {"account_class": None},
        {"referral": ReferralReason.REFERENCE_UNUSABLE},
    ],
)
def test_the_machine_accepts_nothing_that_lacks_a_part(spoilt: dict[str, object]) -> None:
    comparing = replace(end(TO_COMPARING), **spoilt)  # type: ignore[arg-type]
    after, effects = advance(comparing, ev.Accepted())
    assert after.phase is P.WAITING_FOR_TELLER
    assert after.answer is None
    assert E.COMMIT_YES not in effects


# --- a customer's own record ---


def test_own_data_are_seen_taken_and_erased_in_seven_touches_besides_the_code_and_nothing_is_sent() -> None:
    path = (*TO_OWN_RECORD, ev.OwnCopyAsked(), ev.OwnRecordBack(), *TO_OWN_ERASED[-3:], ev.OwnRecordLeft())
    assert end(path) == Session()
    assert effects_of(path) == [
        E.RECORD_CONSENT,
        E.START_READING_DOCUMENT,
        E.STOP_READING_DOCUMENT,
        E.FIND_OWN_RECORD,
        E.COPY_OWN_RECORD,
        E.ERASE_OWN_RECORD,
        E.DISCARD_VISIT,
        E.END_VISIT,
    ]


def test_erasing_takes_no_more_touches_than_agreeing_did() -> None:
    by_others = (READ, ev.OwnRecordFound(), ev.OwnRecordErased(), ev.VerdictCommitted())
    erase = (*TO_OWN_ERASED, ev.OwnRecordLeft())
    agree = (*TO_CLASS, *TO_YES[len(TO_CLASS) :], ev.VerdictAcknowledged())
    touches = [len([event for event in path if event not in by_others]) for path in (erase, agree)]
    assert touches[0] <= touches[1]


@pytest.mark.parametrize("tries", range(1, MAX_TRIES + 1))
def test_whatever_did_not_fit_there_is_another_try_until_the_fifth(tries: int) -> None:
    path = (*TO_OWN_CODE, *(OWN_CODE, READ, NOT_FOUND, ev.OwnCodeAgain()) * tries)
    used_up = tries >= MAX_TRIES
    assert end(path).phase is (P.OWN_MISSING if used_up else P.OWN_CODE)
    if used_up:
        assert end(path).own_outcome is ev.OwnRecordOutcome.TOO_MANY_TRIES


@pytest.mark.parametrize("remark", [DocumentRemark.EXPIRED, DocumentRemark.UNDER_AGE, DocumentRemark.NO_PORTRAIT])
def test_a_document_that_opens_no_account_still_finds_its_holders_record(remark: DocumentRemark) -> None:
    read = ev.DocumentNotAcceptable(ReferralReason.DOCUMENT_EXPIRED, evidence(remark))
    assert end((*PATH_TO[P.OWN_DOCUMENT], read)).phase is P.OWN_SEARCH


def test_a_document_that_cannot_be_read_finds_nothing() -> None:
    for read in (None, evidence(check_digits_valid=False)):
        passage = walk(
            [ev.DocumentNotAcceptable(ReferralReason.DOCUMENT_UNREADABLE, read)], end(PATH_TO[P.OWN_DOCUMENT])
        )
        assert passage[-1].after.phase is P.OWN_MISSING
        assert passage[-1].effects == (E.STOP_READING_DOCUMENT,)


def test_once_it_was_looked_for_neither_code_nor_document_is_remembered() -> None:
    for path in (TO_OWN_RECORD, (*TO_OWN_SEARCH, NOT_FOUND)):
        assert (end(path).own_code, end(path).evidence) == ("", None)


def test_nothing_interrupts_an_erasure() -> None:
    erasing = end(PATH_TO[P.OWN_ERASING])
    for event in EVERY_EVENT:
        if not isinstance(event, ev.OwnRecordErased | ev.OwnRecordNotErased):
            assert advance(erasing, event) == (erasing, ())


def test_an_erasure_that_failed_says_so_and_asks_for_the_staff() -> None:
    after = end((*PATH_TO[P.OWN_ERASING], ev.OwnRecordNotErased()))
    assert (after.phase, after.own_outcome) == (P.OWN_MISSING, ev.OwnRecordOutcome.OUT_OF_REACH)
    assert advance(after, ev.OwnCodeAgain()) == (after, ())


# --- every path ---


@on_every_walk
@given(random_walks())
def test_who_asks_for_their_own_record_says_nothing_to_the_bank_and_shows_no_face(walked: list[Passage]) -> None:
    for visit in visits(walked):
        if any(passage.after.phase is P.OWN_LANGUAGE for passage in visit):
            assert {passage.after.phase for passage in visit} <= OWN_RECORD_PHASES | {P.IDLE}
            effects = {effect for passage in visit for effect in passage.effects}
            assert not effects & {*COMMITS, *FACE_EFFECTS, E.CALL_TELLER}
            consented = [passage.event for passage in visit if E.RECORD_CONSENT in passage.effects]
            purposes = {event.consent.purposes for event in consented if isinstance(event, ev.ConsentGiven)}
            assert purposes <= {frozenset({Purpose.OWN_RECORD})}


@on_every_walk
@given(random_walks())
def test_a_record_is_shown_only_where_it_was_found_and_erased_only_where_that_was_confirmed(
    walked: list[Passage],
) -> None:
    for visit in visits(walked):
        found = withdrawn = False
        for passage in visit:
            found |= isinstance(passage.event, ev.OwnRecordFound) and passage.before.phase is P.OWN_SEARCH
            withdrawn |= E.ERASE_VISIT_RECORD in passage.effects
            if passage.after.phase in (P.OWN_RECORD, P.OWN_COPY, P.OWN_ERASURE):
                assert found
            if passage.after.phase in (P.OWN_ERASING, P.OWN_ERASED):
                assert found or withdrawn
            if E.ERASE_OWN_RECORD in passage.effects:
                assert isinstance(passage.event, ev.OwnErasureConfirmed)


@on_every_walk
@given(random_walks())
def test_no_frame_is_read_before_consent_and_no_face_without_consent_to_it(walked: list[Passage]) -> None:
    for visit in visits(walked):
        consented = declined = face_check = chosen = False
        for passage in visit:
            declined |= isinstance(passage.event, ev.FaceDeclined) and passage.after != passage.before
            for effect in passage.effects:
                if effect is E.RECORD_CONSENT:
                    consented = True
                    assert isinstance(passage.event, ev.ConsentGiven)
                    face_check = passage.event.consent.includes_face_check
                if effect in {E.START_READING_DOCUMENT, *FACE_EFFECTS}:
                    assert consented
                chosen |= isinstance(passage.event, ev.FaceCheckChosen)
                if effect in FACE_EFFECTS:
                    assert chosen
                    assert face_check
                    assert not declined


@on_every_walk
@given(random_walks())
def test_whatever_is_started_is_stopped_before_the_welcome_screen(walked: list[Passage]) -> None:
    running: set[Effect] = set()
    for passage in walked:
        for effect in passage.effects:
            if effect in STOP_OF:
                assert effect not in running
                running.add(effect)
            running = set() if effect is E.END_VISIT else {started for started in running if STOP_OF[started] != effect}
        if passage.after.phase in (P.IDLE, P.WAITING_FOR_TELLER, P.RECORDING_VERDICT, P.SHOWING_VERDICT):
            assert not running


@on_every_walk
@given(random_walks())
def test_a_yes_needs_a_document_and_a_live_accepted_face_or_a_teller(walked: list[Passage]) -> None:
    for passage in walked:
        if E.COMMIT_YES not in passage.effects:
            continue
        assert passage.after.can_be_answered
        assert passage.after.answer is True
        by_teller = (
            isinstance(passage.event, ev.TellerConfirmed)
            and bool(passage.event.teller_id.strip())
            and passage.event.checks >= passage.before.checks_asked >= ev.ALWAYS_CHECKED
        )
        by_machine = isinstance(passage.event, ev.Accepted) and passage.before.may_be_accepted
        assert by_teller or by_machine
        if not by_teller:
            assert passage.after.account_class is not ev.AccountClass.CLASS_I
            assert passage.before.variant is ChallengeVariant.FULL
            assert passage.before.evidence is not None
            assert passage.before.evidence.acceptable
        guardian_first = (E.RECORD_GUARDIAN_CONSENT, E.COMMIT_YES)
        assert (passage.effects == guardian_first) is passage.before.needs_guardian


@on_every_walk
@given(random_walks())
def test_a_no_is_always_a_tellers(walked: list[Passage]) -> None:
    for passage in walked:
        if E.COMMIT_NO in passage.effects:
            assert isinstance(passage.event, ev.TellerRefused)
            assert passage.after.teller_act == passage.event
            assert passage.after.answer is False


@on_every_walk
@given(random_walks())
def test_a_childs_own_consent_brings_about_no_face_check(walked: list[Passage]) -> None:
    for passage in walked:
        if passage.after.needs_guardian:
            assert not passage.after.face_allowed
            assert passage.after.phase not in FACE_PHASES
            assert not {E.START_FACE_CAPTURE, E.COMPARE} & set(passage.effects)


def test_a_childs_visit_comes_to_the_teller_without_a_face_check() -> None:
    session = end(CHILD)
    assert (session.phase, session.referral) == (P.WAITING_FOR_TELLER, ReferralReason.GUARDIAN_NEEDED)
    assert advance(session, ev.TellerConfirmed("t1", ev.ALWAYS_CHECKED)) == (session, ())
    confirmed, effects = advance(session, ev.TellerConfirmed("t1", frozenset(ev.TellerCheck)))
    assert confirmed.phase is P.RECORDING_VERDICT
    assert effects == (E.RECORD_GUARDIAN_CONSENT, E.COMMIT_YES)


@pytest.mark.parametrize("reached", [TO_DOCUMENT, TO_DETAILS, TO_POSITIONING, TO_LIVENESS, TO_COMPARING])
def test_withdrawing_the_consent_takes_one_touch_and_erases_the_visit(reached: tuple[ev.Event, ...]) -> None:
    session = end(reached)
    left, effects = advance(session, ev.ConsentWithdrawn())
    assert left == Session(end_note=EndNote.WITHDRAWN)
    assert effects == (E.DISCARD_VISIT, E.END_VISIT)


def test_from_every_phase_that_rests_on_a_consent_it_can_be_withdrawn() -> None:
    before_consent = {P.IDLE, P.CHOOSING_LANGUAGE, P.ASKING_CONSENT, P.RECORDING_VERDICT}
    for phase in set(P) - before_consent - OWN_RECORD_PHASES:
        assert (phase, ev.ConsentWithdrawn) in TRANSITIONS, phase


def test_after_a_yes_withdrawing_erases_the_record_and_keeps_the_answer() -> None:
    answered = end(TO_YES)
    erasing, effects = advance(answered, ev.ConsentWithdrawn())
    assert (erasing.phase, effects) == (P.OWN_ERASING, (E.ERASE_VISIT_RECORD,))
    erased, _ = advance(erasing, ev.OwnRecordErased())
    assert erased.phase is P.OWN_ERASED
    refused = end((*TO_DETAILS, ev.FaceDeclined(), DETAILS, REFUSED, ev.VerdictCommitted()))
    assert advance(refused, ev.ConsentWithdrawn()) == (refused, ())  # no record was kept of a no


@on_every_walk
@given(random_walks())
def test_a_visit_says_at_most_one_thing_and_what_it_said_is_not_discarded_once_durable(walked: list[Passage]) -> None:
    for visit in visits(walked):
        effects = [effect for passage in visit for effect in passage.effects]
        assert sum(effect in COMMITS for effect in effects) <= 1
        committed = any(isinstance(passage.event, ev.VerdictCommitted) and passage.effects == () for passage in visit)
        durable = committed and any(passage.after.phase is P.SHOWING_VERDICT for passage in visit)
        withdrawn = E.ERASE_VISIT_RECORD in effects  # then what is discarded at the end is nothing any more
        assert not (durable and E.DISCARD_VISIT in effects and not withdrawn)


@on_every_walk
@given(random_walks())
def test_the_welcome_screen_remembers_nothing_and_every_visit_is_ended(walked: list[Passage]) -> None:
    for passage in walked:
        if passage.after.phase is P.IDLE:
            assert passage.after == Session(end_note=passage.after.end_note)
            if passage.before.phase is not P.IDLE:
                assert passage.effects[-1] is E.END_VISIT
                said = passage.before.phase is P.SHOWING_VERDICT
                assert (E.DISCARD_VISIT in passage.effects) is not said
        else:
            assert E.END_VISIT not in passage.effects
            assert passage.after.end_note is EndNote.NONE


@on_every_walk
@given(random_walks())
def test_leaving_early_sends_nothing(walked: list[Passage]) -> None:
    leaving = (ev.Cancelled, ev.TimedOut, ev.CameraLost, ev.ConsentRefused, ev.TellerClosedVisit)
    for passage in walked:
        if isinstance(passage.event, leaving):
            assert not set(COMMITS) & set(passage.effects)
            if passage.effects and passage.before.phase is not P.SHOWING_VERDICT:
                assert passage.effects == (E.DISCARD_VISIT, E.END_VISIT)


@on_every_walk
@given(random_walks())
def test_a_waiting_visit_always_has_a_reason_and_the_teller_is_called_once(walked: list[Passage]) -> None:
    for passage in walked:
        arrived = passage.after.phase is P.WAITING_FOR_TELLER is not passage.before.phase
        assert (E.CALL_TELLER in passage.effects) is arrived
        if passage.after.phase is P.WAITING_FOR_TELLER:
            assert passage.after.referral is not None
            assert passage.after.attempts <= MAX_ATTEMPTS
        elif passage.after.phase in FACE_PHASES:
            assert passage.after.attempts < MAX_ATTEMPTS


@on_every_walk
@given(random_walks())
def test_an_event_that_changes_nothing_asks_for_nothing(walked: list[Passage]) -> None:
    for passage in walked:
        if passage.after is passage.before:
            assert passage.effects == ()


def test_random_walks_reach_every_phase_and_ask_for_every_effect() -> None:
    reached: set[Phase] = set()
    effects: set[Effect] = set()

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(random_walks())
    def gather(walked: list[Passage]) -> None:
        reached.update(passage.after.phase for passage in walked)
        effects.update(effect for passage in walked for effect in passage.effects)

    gather()
    assert reached == set(P)
    assert effects == set(E)
