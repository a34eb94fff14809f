"""Failed face checks over visits and restarts, with a real store: the wait, the attempts taken along, the audit."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kiosk.runtime.attempt_limits import WAITS
from kiosk.runtime.messages import BeginWindow, StartCapture
from kiosk.session import events as ev
from kiosk.session.machine import MAX_ATTEMPTS, EndNote, Phase
from kiosk.store.timestamps import Moment, system_moment
from kiosk.store.verdict_words import PHRASES, YES_PHRASES, confirmed
from kiosk.verification.decision import ReferralReason
from kiosk.verification.failure_limits import CARRIED_OVER_FOR_S, MOST_FAILURES, WAIT_S
from kiosk.verification.layers import ChallengeVariant
from tests.desk_parts import DeskParts, desk_parts
from tests.rehearsed_visit import CONFIRMED, DETAILS
from tests.stores import open_test_store


@pytest.fixture
def desk(tmp_path: Path, qtbot: Any) -> Iterator[DeskParts]:
    with desk_parts(tmp_path) as parts:
        yield parts


def fail_attempts(desk: DeskParts, qtbot: Any, count: int) -> None:
    """Visits on end, as many as it takes, each left when its attempts are used up."""
    for number in range(count):
        if desk.phase is Phase.IDLE:
            desk.go_to_positioning(qtbot)
        desk.position()
        desk.stand_still()
        if desk.phase is Phase.WAITING_FOR_TELLER and number + 1 < count:
            desk.controller.send(ev.TellerClosedVisit("t1"))


def fits(desk: DeskParts) -> bool:
    """Stand before the camera, fit for long enough; whether an attempt begins."""
    try:
        desk.position()
    except AssertionError:
        return False
    return True


def test_the_fifth_failure_in_a_row_makes_the_terminal_wait_and_tells_the_teller(desk: DeskParts, qtbot: Any) -> None:
    fail_attempts(desk, qtbot, MOST_FAILURES)
    assert desk.troubles == [WAITS]
    assert desk.phase is Phase.POSITIONING
    begun = len(desk.children.sent_of(BeginWindow))
    assert not fits(desk)
    assert desk.controller.view.wait_ends_at_s is not None
    assert len(desk.children.sent_of(BeginWindow)) == begun
    desk.clock.pass_by(WAIT_S)
    assert fits(desk)
    assert desk.controller.view.wait_ends_at_s is None


def test_the_wait_holds_up_no_other_way(desk: DeskParts, qtbot: Any) -> None:
    fail_attempts(desk, qtbot, MOST_FAILURES)
    assert not fits(desk)
    desk.controller.send(ev.FaceDeclined())
    assert desk.phase is Phase.WAITING_FOR_TELLER


def test_a_success_ends_the_run(desk: DeskParts, qtbot: Any) -> None:
    fail_attempts(desk, qtbot, MOST_FAILURES - 1)
    desk.position()
    desk.answer_challenge()
    desk.say_eyes(desk.compared())
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    desk.controller.send(ev.VerdictAcknowledged())
    assert desk.store.failed_attempts() == ()
    desk.go_to_positioning(qtbot)
    desk.position()
    desk.stand_still()
    assert desk.troubles == []


def test_the_wait_survives_a_desk_that_is_killed(tmp_path: Path, qtbot: Any) -> None:
    with desk_parts(tmp_path) as killed:
        fail_attempts(killed, qtbot, MOST_FAILURES)
    with desk_parts(tmp_path) as desk:
        desk.clock.utc -= timedelta(days=400)
        desk.go_to_positioning(qtbot)
        assert not fits(desk)
        desk.clock.pass_by(WAIT_S)
        assert fits(desk)


def test_attempts_survive_a_desk_that_is_killed_in_the_middle_of_a_visit(tmp_path: Path, qtbot: Any) -> None:
    with desk_parts(tmp_path) as killed:
        fail_attempts(killed, qtbot, 2)
    with desk_parts(tmp_path) as desk:
        desk.go_to_positioning(qtbot)
        assert desk.controller.session.attempts == 2
        desk.position()
        desk.stand_still()
        assert desk.controller.session.referral is ReferralReason.ATTEMPTS_USED_UP


def test_attempts_survive_eyes_that_die(desk: DeskParts, qtbot: Any) -> None:
    fail_attempts(desk, qtbot, 2)
    desk.children.child_lost.emit("eyes", "it has gone")
    assert desk.controller.session.end_note is EndNote.TECHNICAL
    desk.go_to_positioning(qtbot)
    assert desk.controller.session.attempts == 2


def test_who_waited_for_the_teller_when_desk_died_waits_for_the_teller_again(tmp_path: Path, qtbot: Any) -> None:
    with desk_parts(tmp_path) as killed:
        fail_attempts(killed, qtbot, MAX_ATTEMPTS)
        assert killed.phase is Phase.WAITING_FOR_TELLER
    with desk_parts(tmp_path) as desk:
        desk.ask_to_read(qtbot)
        desk.read()
        desk.controller.send(DETAILS)
        assert desk.phase is Phase.WAITING_FOR_TELLER
        assert desk.controller.session.referral is ReferralReason.ATTEMPTS_USED_UP
        assert desk.children.sent_of(StartCapture) == []


@pytest.mark.parametrize("event", [ev.Cancelled(), ev.TimedOut(), ev.TellerClosedVisit("t1")])
def test_a_visit_that_ended_in_order_leaves_the_next_its_three_attempts(
    tmp_path: Path, qtbot: Any, event: ev.Event
) -> None:
    with desk_parts(tmp_path) as first:
        fail_attempts(first, qtbot, 2)
        first.controller.send(event)
    with desk_parts(tmp_path) as desk:
        desk.go_to_positioning(qtbot)
        assert desk.controller.session.attempts == 0


def test_attempts_of_a_visit_that_broke_off_long_ago_are_nobodys(desk: DeskParts, qtbot: Any) -> None:
    fail_attempts(desk, qtbot, 2)
    desk.children.child_lost.emit("eyes", "it has gone")
    desk.clock.pass_by(CARRIED_OVER_FOR_S + 1)
    desk.go_to_positioning(qtbot)
    assert desk.controller.session.attempts == 0
    qtbot.waitUntil(lambda: not any(one.visit_open for one in desk.store.failed_attempts()))


def test_a_store_that_cannot_keep_a_failure_says_so_and_it_counts_all_the_same(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_positioning(qtbot)
    desk.position()
    desk.store._executor.submit(desk.store._books.database.execute, "PRAGMA query_only = 1").result()
    desk.stand_still()
    qtbot.waitUntil(lambda: bool(desk.troubles))
    desk.store._executor.submit(desk.store._books.database.execute, "PRAGMA query_only = 0").result()
    assert "not over a restart" in desk.troubles[0]
    assert desk.controller.session.attempts == 1


def test_no_more_is_kept_than_matters(tmp_path: Path) -> None:
    with open_test_store(tmp_path) as store:
        for _ in range(MOST_FAILURES + 3):
            store.record_failed_attempt()
        assert len(store.failed_attempts()) == MOST_FAILURES
        store.forget_failed_attempts()
        assert store.failed_attempts() == ()


def test_over_a_boot_with_the_clock_set_back_a_failure_is_as_young_as_can_be(tmp_path: Path) -> None:
    with open_test_store(tmp_path) as store:
        store.record_failed_attempt()

    def another_boot() -> Moment:
        now = system_moment()
        return replace(now, utc=now.utc - timedelta(hours=3), boot_id="0" * 32, uptime_ns=5)

    with open_test_store(tmp_path, moment=another_boot) as store:
        assert [one.age_s for one in store.failed_attempts()] == [0.0]


# --- the audit ---


@pytest.mark.parametrize("variant", ChallengeVariant)
def test_the_audit_says_which_face_check_an_answer_rests_on_and_what_the_teller_looked_at(
    desk: DeskParts, qtbot: Any, variant: ChallengeVariant
) -> None:
    desk.go_to_positioning(qtbot, chosen=ev.FaceCheckChosen(variant), account_class="I")
    desk.controller.send(ev.Referred(ReferralReason.NON_MATCH))
    desk.controller.send(CONFIRMED)
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    said = desk.store.audit_entries()[-1].detail
    assert said.startswith(f"confirmed after non_match, face check {variant}, looked at face and person; 1; ")


def test_entries_of_the_first_version_may_stand_and_nothing_else_may_be_said() -> None:
    assert {"accepted by the policy", "confirmed after class_i_face_to_face"} < YES_PHRASES
    assert "refused: not_eligible" in PHRASES - YES_PHRASES
    in_part = confirmed(None, ChallengeVariant.FULL, frozenset({ev.TellerCheck.PERSON}))
    assert in_part not in PHRASES


def test_the_audit_says_that_there_was_no_face_check(desk: DeskParts, qtbot: Any) -> None:
    desk.ask_to_read(qtbot)
    desk.controller.send(ev.FaceDeclined())
    desk.read()
    desk.controller.send(DETAILS)
    desk.controller.send(ev.TellerRefused("t1", ev.RefusalReason.NOT_ELIGIBLE))
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    assert desk.store.audit_entries()[-1].detail.startswith("refused: not_eligible, no face check; ")
