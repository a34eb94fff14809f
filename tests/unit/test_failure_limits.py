"""A terminal that has seen too many failures on end waits; a visit that broke off takes its attempts along."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.session import events as ev
from kiosk.session.attempts import AttemptEnd, attempt_end
from kiosk.session.machine import Phase, Session
from kiosk.verification.decision import ReferralReason
from kiosk.verification.failure_limits import (
    CARRIED_OVER_FOR_S,
    FAILURES_WITHIN_S,
    MOST_FAILURES,
    WAIT_S,
    FailureRecord,
    Instant,
    after_failure,
    after_visit,
    age_s,
)
from tests.rehearsed_visit import EVERY_EVENT, TO_COMPARING, TO_LIVENESS, end

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
gaps_s = st.lists(st.floats(0, 100), max_size=12)


def failed(*at_s: float) -> FailureRecord:
    record = FailureRecord()
    for one_s in at_s:
        record = after_failure(record, one_s)
    return record


def test_five_failures_within_three_minutes_make_the_terminal_wait_half_a_minute() -> None:
    record = failed(0, 40, 80, 120, 160)
    assert record.must_wait(160)
    assert record.must_wait(160 + WAIT_S - 0.01)
    assert not record.must_wait(160 + WAIT_S)


@pytest.mark.parametrize("at_s", [(0, 1, 2, 3), (0, 50, 100, 150, FAILURES_WITHIN_S + 1), ()])
def test_fewer_or_slower_failures_do_not(at_s: tuple[float, ...]) -> None:
    record = failed(*at_s)
    assert record.waits_until_s is None
    assert not record.must_wait(at_s[-1] if at_s else 0)


def test_a_further_failure_after_the_wait_waits_again() -> None:
    record = failed(0, 10, 20, 30, 40, 40 + WAIT_S + 5)
    assert record.must_wait(40 + WAIT_S + 6)


@given(gaps_s)
def test_it_waits_exactly_when_the_newest_five_lie_within_three_minutes(gaps: list[float]) -> None:
    at_s: list[float] = []
    for gap_s in gaps:
        at_s.append((at_s[-1] if at_s else 0.0) + gap_s)
    record = failed(*at_s)
    newest = at_s[-MOST_FAILURES:]
    too_many = len(newest) == MOST_FAILURES and newest[-1] - newest[0] <= FAILURES_WITHIN_S
    assert (record.waits_until_s is not None) is too_many
    if too_many:
        assert record.waits_until_s == newest[-1] + WAIT_S
    assert len(record.failures) <= MOST_FAILURES


def test_attempts_are_carried_over_from_a_visit_that_broke_off_and_not_from_one_that_ended() -> None:
    record = failed(0, 50)
    assert record.carried_over(50 + CARRIED_OVER_FOR_S) == 2
    assert record.carried_over(50 + CARRIED_OVER_FOR_S + 1) == 0
    assert after_visit(record).carried_over(51) == 0
    assert after_failure(after_visit(record), 60).carried_over(61) == 1


def test_a_visit_that_ends_leaves_its_failures_with_the_terminal() -> None:
    record = after_visit(failed(0, 1, 2))
    for at_s in (3, 4):
        record = after_failure(record, at_s)
    assert record.must_wait(5)


moments = st.builds(
    Instant,
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),
    st.floats(0, 1e7),
    st.sampled_from(("boot 1", "boot 2")),
)


@given(moments, moments)
def test_no_clock_makes_an_age_less_than_nothing(kept: Instant, now: Instant) -> None:
    assert age_s(kept, now) >= 0


@given(moments, st.floats(0, 1e5), st.timedeltas(timedelta(days=-9000), timedelta(days=9000)))
def test_within_a_boot_setting_the_clock_changes_nothing(kept: Instant, passed_s: float, set_by: timedelta) -> None:
    now = Instant(NOON + set_by, kept.uptime_s + passed_s, kept.boot_id)
    assert age_s(kept, now) == pytest.approx(passed_s, abs=1e-3)


@given(moments, st.timedeltas(timedelta(microseconds=1), timedelta(days=9000)))
def test_over_a_boot_a_clock_set_back_begins_the_wait_anew(kept: Instant, set_back_by: timedelta) -> None:
    now = Instant(kept.utc - set_back_by, 3.0, f"not {kept.boot_id}")
    assert age_s(kept, now) == 0


# --- what counts ---


@pytest.mark.parametrize("path", [TO_LIVENESS, TO_COMPARING], ids=["answering", "comparing"])
@pytest.mark.parametrize("event", [ev.AttemptFailed(), ev.Cancelled(), ev.TimedOut(), ev.FaceDeclined()])
def test_an_attempt_that_failed_or_was_left_counts(path: tuple[ev.Event, ...], event: ev.Event) -> None:
    assert attempt_end(end(path), event) is AttemptEnd.FAILED


@pytest.mark.parametrize(
    "event",
    [
        ev.CameraLost(),
        ev.TellerClosedVisit("t1"),
        *(ev.Referred(reason) for reason in ReferralReason if reason is not ReferralReason.GENTLE_VARIANT),
    ],
)
def test_a_fault_of_ours_and_what_came_to_nothing_count_neither_way(event: ev.Event) -> None:
    assert attempt_end(end(TO_COMPARING), event) is None


@pytest.mark.parametrize("event", [ev.Accepted(), ev.Referred(ReferralReason.GENTLE_VARIANT)])
def test_what_the_machine_would_accept_is_a_success(event: ev.Event) -> None:
    assert attempt_end(end(TO_COMPARING), event) is AttemptEnd.SUCCEEDED


def test_an_acceptance_that_lacks_a_part_is_no_success() -> None:
    assert attempt_end(Session(phase=Phase.COMPARING), ev.Accepted()) is None


def test_outside_an_attempt_nothing_counts() -> None:
    for phase in set(Phase) - {Phase.CHECKING_LIVENESS, Phase.COMPARING}:
        assert {attempt_end(Session(phase=phase), event) for event in EVERY_EVENT} == {None}
