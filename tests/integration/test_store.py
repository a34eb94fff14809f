"""A visit through the real, encrypted store."""

import secrets
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

from kiosk.errors import StoreError
from kiosk.privacy.erasure import ErasureReason
from kiosk.privacy.retention import ErasureGround
from kiosk.session.events import AccountClass
from kiosk.store.audit_trail import AuditDetailError, AuditKind
from kiosk.store.data_list_file import read_data_list
from kiosk.store.database_errors import DiskFullError
from kiosk.store.erasures import ApplicationUnknownError
from kiosk.store.merkle_tree import EMPTY_HEAD, Frontier
from kiosk.store.outbox import MessageUnknownError, VisitAnsweredError
from kiosk.store.store import Store
from kiosk.store.store_errors import ApplicationsLockedError, RecordNotKeptError, StoreClosedError
from kiosk.store.tellers import TellerExistsError, TellerIdError, TellerUnknownError
from kiosk.store.timestamps import StoredTimeError
from kiosk.store.visit_records import SignedVerdict
from kiosk.supervision.authorisation import SignInState
from kiosk.verification.verdict import Verdict
from tests.stores import (
    APPLICATION_KEY,
    CONSENT,
    KEYS,
    MONDAY,
    RECORD,
    answer_visit,
    full_disk,
    moment_at,
    open_test_store,
)
from tests.zones import machine_in_zone

LATER = MONDAY + timedelta(days=30)
SHANGHAI = timezone(timedelta(hours=8), "Asia/Shanghai")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    with open_test_store(folder) as store:
        yield store


# --- verdicts ---


def test_sequences_begin_with_one_and_rise_by_one(store: Store) -> None:
    assert [answer_visit(store).sequence for _ in range(3)] == [1, 2, 3]


def test_a_verdict_carries_the_tree_head_before_its_own_entry(store: Store) -> None:
    head = store.tree_head()
    assert head != EMPTY_HEAD
    first = answer_visit(store)
    assert first.jws == f"message.1.{head.hex()}"
    assert answer_visit(store).jws == f"message.2.{store_head_after(store, 1)}"


def store_head_after(store: Store, sequence: int) -> str:
    """Every head that was sent can be recomputed from the audit alone."""
    frontier = Frontier()
    heads = {}
    for entry in store.audit_entries():
        if entry.kind == AuditKind.VERDICT:
            heads[int(entry.detail.split("; ")[1])] = frontier.head().hex()
        frontier = frontier.appended(entry.leaf())
    return heads[sequence + 1]


def test_a_verdict_and_its_entry_are_there_after_a_restart(folder: Path) -> None:
    with open_test_store(folder) as store:
        committed = answer_visit(store, "visit")
        head = store.tree_head()
    with open_test_store(folder) as store:
        (message,) = store.due_messages(LATER)
        assert (message.sequence, message.jws, message.attempts) == (1, committed.jws, 0)
        assert message.answered_at == MONDAY
        assert [entry.kind for entry in store.audit_entries()] == ["store_opened", "verdict", "store_opened"]
        assert store.tree_head() != head
        assert answer_visit(store).sequence == 2


def test_a_visit_is_answered_once(store: Store) -> None:
    answer_visit(store, "visit", yes=False, detail="refused: not_eligible")
    with pytest.raises(VisitAnsweredError):
        answer_visit(store, "visit", yes=False, detail="refused: not_eligible")
    assert store.undelivered_summary().count == 1


def test_a_yes_without_its_record_is_not_sent(store: Store) -> None:
    verdict = Verdict(bytes(32), True, 0)
    with pytest.raises(RecordNotKeptError):
        store.commit_verdict("visit", build=never, verdict=verdict, actor="machine", detail="accepted by the policy")
    assert store.undelivered_summary().count == 0


def never(_sequence: int, _head: bytes) -> SignedVerdict:
    raise AssertionError("nothing may be signed")


def test_a_signature_that_fails_leaves_nothing(store: Store) -> None:
    head = store.tree_head()

    def fail(sequence: int, head: bytes) -> SignedVerdict:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.commit_verdict(
            "visit", build=fail, verdict=Verdict(bytes(32), False, 0), actor="t1", detail="refused: not_eligible"
        )
    assert store.tree_head() == head
    assert store.all_messages() == []
    assert answer_visit(store).sequence == 1


@pytest.mark.parametrize("detail", ["refused: Anna Eriksson", "L898902C3", "accepted by the policy.", "1974-08-12"])
def test_the_audit_takes_no_text_but_its_own(store: Store, detail: str) -> None:
    with pytest.raises(AuditDetailError) as refused:
        answer_visit(store, detail=detail)
    assert detail not in str(refused.value)
    with pytest.raises(AuditDetailError):
        answer_visit(store, actor="Anna Eriksson")
    assert store.all_messages() == []


# --- delivery ---


def test_messages_are_due_in_order_and_wait_as_long_as_told(store: Store) -> None:
    for _ in range(3):
        answer_visit(store)
    assert [message.sequence for message in store.due_messages(MONDAY)] == [1, 2, 3]
    store.record_attempt(1, MONDAY + timedelta(seconds=30))
    assert [message.sequence for message in store.due_messages(MONDAY)] == [2, 3]
    first = store.due_messages(MONDAY + timedelta(seconds=30))[0]
    assert (first.sequence, first.attempts) == (1, 1)


def test_a_message_put_off_by_a_clock_that_ran_ahead_is_due_once_the_clock_is_right(store: Store) -> None:
    answer_visit(store)
    store.record_attempt(1, MONDAY + timedelta(days=400))
    assert [message.sequence for message in store.due_messages(MONDAY)] == [1]


def test_a_receipt_closes_a_message_once(store: Store) -> None:
    answer_visit(store)
    store.close_message(1, "receipt", LATER)
    head = store.tree_head()
    store.close_message(1, "another receipt", LATER + timedelta(days=1))
    delivered = store.delivered_message(1)
    assert delivered is not None
    assert (delivered.receipt, delivered.delivered_at) == ("receipt", LATER)
    assert store.tree_head() == head
    assert store.due_messages(LATER) == []
    assert store.undelivered_summary().count == 0
    assert len(store.all_messages()) == 1


def test_an_answer_for_an_unknown_message_is_refused(store: Store) -> None:
    for call in (lambda: store.close_message(7, "r", MONDAY), lambda: store.record_attempt(7, MONDAY)):
        with pytest.raises(MessageUnknownError):
            call()


def test_the_summary_names_the_oldest(store: Store) -> None:
    assert store.undelivered_summary().oldest_at is None
    for days in (3, 1, 2):
        answer_visit(store, answered_at=MONDAY + timedelta(days=days))
    summary = store.undelivered_summary()
    assert (summary.count, summary.oldest_at) == (3, MONDAY + timedelta(days=1))


# --- what a visit leaves ---


def test_a_visit_without_a_verdict_leaves_nothing(store: Store) -> None:
    entries = len(store.audit_entries())
    store.record_consent("visit", CONSENT)
    store.keep_application("visit", RECORD, secrets.token_bytes(32), MONDAY)
    store.discard_visit("visit")
    store.discard_visit("visit")
    assert store.count_rows() == {"consent": 0, "outbox": 0, "application": 0}
    assert len(store.audit_entries()) == entries


def test_discarding_a_visit_with_a_verdict_takes_nothing_away(store: Store) -> None:
    answer_visit(store, "visit")
    store.discard_visit("visit")
    assert store.count_rows() == {"consent": 1, "outbox": 1, "application": 1}
    assert store.consent_of("visit") == CONSENT


def test_what_a_crash_cut_short_is_gone_at_the_next_start(folder: Path) -> None:
    with open_test_store(folder) as store:
        answer_visit(store, "answered")
        store.record_consent("cut short", CONSENT)
        store.keep_application("cut short", RECORD, secrets.token_bytes(32), MONDAY)
    with open_test_store(folder) as store:
        assert store.count_rows() == {"consent": 1, "outbox": 1, "application": 1}
        assert store.consent_of("cut short") is None
        assert [kept.application_id for kept in store.open_applications()] == ["answered"]


def test_a_record_comes_back_as_it_was_kept(store: Store) -> None:
    record = replace(
        RECORD, primary_name="王", secondary_name="", phone="+86 10 1234", account_class=AccountClass.CLASS_I
    )
    answer_visit(store, "visit", record=record)
    (kept,) = store.open_applications()
    assert (kept.record, kept.answered_at, kept.application_id) == (record, MONDAY, "visit")
    assert kept.erased_at_latest == MONDAY + timedelta(days=7)


# --- erasing ---


def test_marking_an_account_opened_erases_the_record_and_says_what_stays(store: Store) -> None:
    answer_visit(store, "visit")
    receipt = store.mark_opened("visit", "t1")
    assert (receipt.application_id, receipt.reason) == ("visit", ErasureReason.ACCOUNT_OPENED)
    assert receipt.ordered_at <= receipt.erased_at
    assert set(receipt.stays) == {"consent", "verdict", "delivery", "audit", "erasure"}
    assert store.open_applications() == []
    last = store.audit_entries()[-1]
    assert (last.actor, last.kind, last.detail) == ("t1", "application_erased", "account_opened")


def test_erasing_twice_gives_the_first_receipt(store: Store) -> None:
    answer_visit(store, "visit")
    first = store.mark_opened("visit", "t1")
    entries = len(store.audit_entries())
    assert store.erase_application("visit", ErasureReason.CUSTOMER_WISH, "t2") == first
    assert len(store.audit_entries()) == entries


def test_erasing_what_never_was_is_refused(store: Store) -> None:
    with pytest.raises(ApplicationUnknownError):
        store.mark_opened("nobody", "t1")


def test_applications_go_after_five_working_days_and_nothing_else_does(store: Store) -> None:
    answer_visit(store, "old")
    answer_visit(store, "young", answered_at=MONDAY + timedelta(days=4))
    due = MONDAY + timedelta(days=7)
    assert store.erase_due(due - timedelta(seconds=1)) == []
    (order,) = store.erase_due(due)
    assert (order.record, order.record_id, order.due_at) == ("application", "old", due)
    assert store.count_rows() == {"consent": 2, "outbox": 2, "application": 1}
    assert store.erase_due(due) == []


def test_after_five_years_all_goes_but_what_was_never_delivered(folder: Path) -> None:
    with open_test_store(folder, moment=moment_at(MONDAY)) as store:
        answer_visit(store, "delivered")
        answer_visit(store, "undelivered")
        store.close_message(1, "receipt", MONDAY)
        store.mark_opened("delivered", "t1")
        assert store.erase_due(datetime(2031, 3, 2, 9, 59, tzinfo=UTC))  # the undelivered one's record
        store.erase_due(datetime(2031, 3, 2, 10, 0, tzinfo=UTC))
        assert store.count_rows() == {"consent": 0, "outbox": 1, "application": 0}
        assert store.audit_entries() == []
        head = store.tree_head()
    with open_test_store(folder) as store:
        assert [entry.kind for entry in store.audit_entries()] == ["store_opened"]
        assert store.tree_head() != head
        assert answer_visit(store).sequence == 3


def test_an_entry_that_is_due_behind_one_that_is_not_waits(folder: Path) -> None:
    """A clock was set back: the trail loses its content from the front only, and still fits together."""
    with open_test_store(folder, moment=moment_at(MONDAY + timedelta(days=400))) as store:
        store.record_sign_off("t1")
    with open_test_store(folder, moment=moment_at(MONDAY)) as store:
        store.record_sign_off("t2")
        assert store.erase_due(datetime(2031, 3, 3, tzinfo=UTC)) == []  # nobody knows what is due
        store.confirm_clock("t2")
        store.erase_due(datetime(2031, 3, 3, tzinfo=UTC))
        kinds = [entry.kind for entry in store.audit_entries()]
        assert kinds == ["store_opened", "signed_off", "clock_doubted", "store_opened", "signed_off", "clock_confirmed"]
    open_test_store(folder).close()


def test_a_record_dated_by_a_clock_that_ran_ahead_goes_at_the_next_run_and_the_audit_says_why(store: Store) -> None:
    answer_visit(store, "ahead", answered_at=MONDAY + timedelta(days=3650))
    answer_visit(store, "right")
    (order,) = store.erase_due(MONDAY)
    assert (order.record_id, order.ground) == ("ahead", ErasureGround.DATED_AHEAD)
    assert [kept.application_id for kept in store.open_applications()] == ["right"]
    last = store.audit_entries()[-1]
    assert (last.actor, last.kind, last.detail) == ("machine", "application_erased", "clock_in_doubt")
    assert store.count_rows()["consent"] == 2


def test_a_working_day_ends_where_the_branch_is(folder: Path) -> None:
    """Saturday, half past midnight in Shanghai, is still Friday in UTC: the branch's week counts."""
    saturday = datetime(2026, 3, 7, 0, 30, tzinfo=SHANGHAI)
    next_friday = datetime(2026, 3, 13, 23, 59, 59, 999_999, tzinfo=SHANGHAI)
    with open_test_store(folder, branch_time_zone=SHANGHAI) as store:
        answer_visit(store, "visit", answered_at=saturday)
        assert [kept.erased_at_latest for kept in store.open_applications()] == [next_friday]
        assert store.erase_due(next_friday - timedelta(seconds=1)) == []
        assert [order.record_id for order in store.erase_due(next_friday)] == ["visit"]


def test_a_store_that_is_told_no_zone_counts_in_the_terminals(folder: Path) -> None:
    with machine_in_zone("CST-8"), Store(folder, KEYS, read_data_list()) as store:
        store.unlock_applications(APPLICATION_KEY)
        answer_visit(store, "visit", answered_at=datetime(2026, 3, 6, 16, 30, tzinfo=UTC))
        end_of_friday = datetime(2026, 3, 13, 16, 0, tzinfo=UTC)
        assert store.erase_due(end_of_friday - timedelta(seconds=1)) == []
        assert [order.record_id for order in store.erase_due(end_of_friday)] == ["visit"]


@pytest.mark.parametrize("reason", [ErasureReason.VISIT_CLOSED, ErasureReason.CUSTOMER_WISH])
def test_a_teller_closes_an_application_without_an_account_and_the_audit_says_why(
    store: Store, reason: ErasureReason
) -> None:
    answer_visit(store, "visit")
    answer_visit(store, "other")
    receipt = store.erase_application("visit", reason, "t1")
    assert (receipt.application_id, receipt.reason) == ("visit", reason)
    assert [kept.application_id for kept in store.open_applications()] == ["other"]
    last = store.audit_entries()[-1]
    assert (last.actor, last.kind, last.detail) == ("t1", "application_erased", reason.value)


# --- a full disk ---


def test_a_visit_that_could_not_be_erased_goes_with_the_next_run(store: Store) -> None:
    store.record_consent("visit", CONSENT)
    store.keep_application("visit", RECORD, secrets.token_bytes(32), MONDAY)
    with full_disk(store):
        with pytest.raises(DiskFullError):
            commit_yes(store, "visit")
        assert store.open_applications() == []
        refuse_writes(store, to_applications=True)
        with pytest.raises(StoreError):
            store.discard_visit("visit")
        assert store.count_rows()["application"] == 1
        refuse_writes(store, to_applications=False)
    store.record_consent("begun meanwhile", CONSENT)
    store.erase_due(MONDAY)
    assert store.count_rows() == {"consent": 1, "outbox": 0, "application": 0}
    assert store.consent_of("visit") is None


def test_an_order_that_could_not_be_carried_out_is_carried_out_with_the_next_run(store: Store) -> None:
    answer_visit(store, "visit")
    refuse_writes(store, to_applications=True)
    with pytest.raises(StoreError):
        store.mark_opened("visit", "t1")
    assert store.count_rows()["application"] == 1
    refuse_writes(store, to_applications=False)
    store.erase_due(MONDAY)
    assert store.count_rows()["application"] == 0
    assert [entry.detail for entry in store.audit_entries() if entry.kind == "application_erased"] == ["account_opened"]
    assert store.mark_opened("visit", "t1").reason is ErasureReason.ACCOUNT_OPENED


def test_applications_that_could_not_be_swept_can_be_opened_later(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(folder, KEYS, read_data_list()) as store:
        with monkeypatch.context() as patched:
            patched.setattr(store._erasures, "sweep_applications", fail)
            with pytest.raises(ZeroDivisionError):
                store.unlock_applications(APPLICATION_KEY)
        store.unlock_applications(APPLICATION_KEY)
        assert store.open_applications() == []


def fail(*_: object) -> None:
    raise ZeroDivisionError


def commit_yes(store: Store, visit_id: str) -> None:
    store.commit_verdict(
        visit_id,
        build=lambda sequence, head: SignedVerdict("message"),
        verdict=Verdict(secrets.token_bytes(32), True, int(MONDAY.timestamp())),
        actor="machine",
        detail="accepted by the policy",
    )


def refuse_writes(store: Store, *, to_applications: bool) -> None:
    """A disk that is mounted read-only after an error refuses `applications.db` like this."""
    assert store._applications is not None
    database = store._applications.database
    store._executor.submit(database.execute, f"PRAGMA query_only = {int(to_applications)}").result()


# --- tellers ---


def test_a_teller_is_kept_with_failures_and_lock_over_a_restart(folder: Path) -> None:
    state = SignInState(5, MONDAY + timedelta(seconds=30))
    with open_test_store(folder) as store:
        store.add_teller("1042", "A. Teller", "$argon2id$…", "key")
        store.record_sign_in("1042", state, False)
    with open_test_store(folder) as store:
        account = store.teller("1042")
        assert account is not None
        assert (account.name, account.pin_hash, account.sign_in_state) == ("A. Teller", "$argon2id$…", state)
        store.record_sign_in("1042", SignInState(), True)
        account = store.teller("1042")
        assert account is not None
        assert account.sign_in_state == SignInState()
        kinds = [entry.kind for entry in store.audit_entries()]
        assert kinds == ["store_opened", "teller_added", "teller_locked", "store_opened", "signed_in"]


def test_a_teller_number_is_what_the_consoles_pad_can_type(store: Store) -> None:
    store.add_teller("1042", "A", "hash", "key")
    store.add_teller("0" * 12, "B", "hash", "key")
    with pytest.raises(TellerExistsError):
        store.add_teller("1042", "B", "hash", "key")
    for number in ("", "machine", "t1", "1 2", "٣", "1" * 13, "1\n", "-1"):
        with pytest.raises(TellerIdError, match="1 to 12 digits"):
            store.add_teller(number, "B", "hash", "key")
    with pytest.raises(TellerUnknownError):
        store.record_sign_in("1043", SignInState(), True)
    assert store.teller("1043") is None


# --- the thread ---


def test_submitted_calls_run_in_order_on_one_thread(store: Store) -> None:
    answer_visit(store)
    threads = set()

    def build(sequence: int, head: bytes) -> SignedVerdict:
        threads.add(threading.current_thread())
        return SignedVerdict(f"{sequence}")

    futures = [
        store.submit(
            "commit_verdict",
            f"visit {n}",
            build=build,
            verdict=Verdict(secrets.token_bytes(32), False, n),
            actor="t1",
            detail="refused: not_eligible",
        )
        for n in range(20)
    ]
    assert [future.result(10).sequence for future in futures] == list(range(2, 22))
    assert len(threads) == 1
    assert threads != {threading.current_thread()}


def test_an_error_travels_in_the_future(store: Store) -> None:
    assert isinstance(store.submit("mark_opened", "nobody", "t1").exception(10), ApplicationUnknownError)


def test_a_closed_store_says_so(folder: Path) -> None:
    store = open_test_store(folder)
    pending = store.submit("record_consent", "visit", CONSENT)
    store.close()
    store.close()
    assert pending.exception(0) is None
    with pytest.raises(StoreClosedError):
        store.tree_head()
    with pytest.raises(StoreClosedError):
        store.submit("tree_head")


def test_only_public_calls_can_be_submitted(store: Store) -> None:
    with pytest.raises(AttributeError):
        store.submit("_close_files")


def test_locked_applications_give_nothing_away(store: Store) -> None:
    answer_visit(store)
    store.lock_applications()
    for call in (store.open_applications, lambda: store.mark_opened("visit", "t1"), lambda: answer_visit(store)):
        with pytest.raises(ApplicationsLockedError):
            call()
    assert store.undelivered_summary().count == 1


def test_a_time_without_a_zone_is_refused(store: Store) -> None:
    with pytest.raises(StoredTimeError):
        store.due_messages(datetime(2026, 3, 2))
