"""The session controller with a real store: what it asks of children and store, in which order."""

import os
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QCoreApplication

from kiosk.document.evidence import DocumentRemark
from kiosk.runtime.frames import FrameMemory
from kiosk.runtime.messages import (
    BeginWindow,
    CameraFailed,
    Compare,
    CompareFailed,
    DocumentSeen,
    Fault,
    Message,
    ReadDocument,
    ReferenceRefused,
    StartCapture,
    StopCapture,
    StopReading,
    TakeReference,
)
from kiosk.runtime.shared_memory import create_memory
from kiosk.runtime.surface import Readiness, SessionView
from kiosk.session import events as ev
from kiosk.session.machine import EndNote, Phase, Session
from kiosk.verification.decision import DecisionPolicy, ReferralReason
from kiosk.verification.layers import ChallengeVariant
from tests.desk_parts import TEMPLATE_MODEL, DeskParts, Waiting, desk_parts
from tests.rehearsed_face import GESTURES_ALONE
from tests.rehearsed_visit import CHOSEN, CONFIRMED, DETAILS, FACELESS, FULL, evidence
from tests.stores import full_applications_disk


@pytest.fixture
def desk(tmp_path: Path, qtbot: Any) -> Iterator[DeskParts]:
    with desk_parts(tmp_path) as parts:
        yield parts


def ended_because(desk: DeskParts) -> EndNote:
    """Idle again, and nothing of the customer is left."""
    view = desk.controller.view
    assert view == SessionView(
        session=Session(end_note=view.session.end_note), readiness=view.readiness, demo=view.demo
    )
    assert desk.controller.record() is None
    return view.session.end_note


def test_a_whole_visit_by_messages_ends_in_a_signed_yes(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_comparing(qtbot)
    desk.say_eyes(desk.compared())
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    slip = desk.controller.view.slip
    assert slip is not None
    assert slip.accepted
    assert desk.committed == [1]
    assert desk.store.count_rows() == {"consent": 1, "outbox": 1, "application": 1}
    kinds = [type(message) for message in desk.children.sent]
    assert kinds == [
        ReadDocument,
        StopReading,
        TakeReference,
        StartCapture,
        BeginWindow,
        Compare,
        StopCapture,
    ]
    desk.controller.send(ev.VerdictAcknowledged())
    assert ended_because(desk) is EndNote.NONE
    assert desk.children.renewals == 1
    assert desk.store.count_rows() == {"consent": 1, "outbox": 1, "application": 1}


def test_no_camera_is_read_before_the_consent_is_durable(desk: DeskParts, qtbot: Any) -> None:
    rows_when_sent: list[int] = []

    def count(message: Message) -> None:
        if isinstance(message, ReadDocument | StartCapture):
            rows_when_sent.append(desk.store.count_rows()["consent"])

    desk.children.before_sending = count
    disk_is_slow = threading.Event()
    desk.store._executor.submit(disk_is_slow.wait)
    desk.warm_up()
    for event in (ev.Started(), ev.LanguageChosen(ev.Language.ENGLISH), FULL):
        desk.controller.send(event)
    desk.controller.send(ev.AccountClassChosen(ev.AccountClass.CLASS_II))
    qtbot.wait(20)  # the store stands still, so nothing can be waited for
    assert desk.phase is Phase.READING_DOCUMENT
    assert desk.children.sent == []
    disk_is_slow.set()
    qtbot.waitUntil(lambda: bool(desk.children.sent_of(ReadDocument)))
    desk.read()
    desk.controller.send(DETAILS)
    desk.controller.send(CHOSEN)
    qtbot.waitUntil(lambda: bool(desk.children.sent_of(StartCapture)))
    assert rows_when_sent == [1, 1]


def test_a_consent_that_cannot_be_recorded_ends_the_visit(desk: DeskParts, qtbot: Any) -> None:
    desk.warm_up()
    for event in (ev.Started(), ev.LanguageChosen(ev.Language.ENGLISH)):
        desk.controller.send(event)
    desk.store.close()
    desk.controller.send(FULL)
    desk.controller.send(ev.AccountClassChosen(ev.AccountClass.CLASS_II))
    qtbot.waitUntil(lambda: desk.phase is Phase.IDLE)
    assert ended_because(desk) is EndNote.TECHNICAL
    assert desk.children.sent == []
    assert any("consent could not be recorded" in sentence for sentence in desk.troubles)


def test_a_consent_that_fails_late_does_not_end_the_next_visit(desk: DeskParts, qtbot: Any) -> None:
    disk_is_slow = threading.Event()
    desk.store._executor.submit(disk_is_slow.wait)
    desk.store._executor.submit(desk.store._books.database.execute, "PRAGMA query_only = 1")
    for event in (ev.Started(), ev.LanguageChosen(ev.Language.ENGLISH), FULL):
        desk.controller.send(event)
    desk.controller.send(ev.AccountClassChosen(ev.AccountClass.CLASS_II))
    desk.controller.send(ev.Cancelled())
    desk.controller.send(ev.Started())
    disk_is_slow.set()
    heard: list[Any] = []
    desk.bridge.when_done(desk.store.submit("tree_head"), heard.append, heard.append)
    qtbot.waitUntil(lambda: bool(heard))
    assert desk.phase is Phase.CHOOSING_LANGUAGE
    assert desk.troubles == []


def test_a_visit_that_cannot_be_erased_is_told_to_the_teller(desk: DeskParts, qtbot: Any) -> None:
    desk.ask_to_read(qtbot)
    desk.store._executor.submit(desk.store._books.database.execute, "PRAGMA query_only = 1").result()
    desk.controller.send(ev.Cancelled())
    qtbot.waitUntil(lambda: bool(desk.troubles))
    assert "could not be erased yet" in desk.troubles[0]
    desk.store._executor.submit(desk.store._books.database.execute, "PRAGMA query_only = 0").result()


def test_without_consent_to_the_face_no_portrait_is_wanted_and_no_face_is_seen(desk: DeskParts, qtbot: Any) -> None:
    desk.ask_to_read(qtbot, consent=FACELESS)
    assert desk.children.sent_of(ReadDocument)[0].portrait_wanted is False
    desk.read()
    desk.controller.send(DETAILS)
    assert desk.phase is Phase.WAITING_FOR_TELLER
    assert desk.controller.session.referral is ReferralReason.FACE_DECLINED
    assert desk.children.sent_of(TakeReference) == desk.children.sent_of(StartCapture) == []


def test_the_reader_is_told_the_day_and_the_age(desk: DeskParts, qtbot: Any) -> None:
    desk.ask_to_read(qtbot)
    asked = desk.children.sent_of(ReadDocument)[0]
    assert (asked.portrait_wanted, asked.minimum_age_years) == (True, 18)
    assert asked.today == desk.clock.now().astimezone().date()


def test_what_an_earlier_look_at_a_document_missed_is_not_shown_at_the_next(desk: DeskParts, qtbot: Any) -> None:
    desk.ask_to_read(qtbot)
    desk.say_reader(DocumentSeen((DocumentRemark.NO_MRZ,), 1))
    assert desk.controller.view.document_remarks == (DocumentRemark.NO_MRZ,)
    desk.read()
    desk.controller.send(ev.DocumentReadAgain())
    qtbot.waitUntil(lambda: len(desk.children.sent_of(ReadDocument)) == 2)
    assert desk.controller.view.document_remarks == ()


def test_the_preview_moves_on_when_a_document_is_read_again(desk: DeskParts, qtbot: Any) -> None:
    descriptor = create_memory("document", 64 * 48 * 3)
    camera, desk.children.document_memory = FrameMemory(os.dup(descriptor)), FrameMemory(descriptor)
    picture = np.zeros((48, 64, 3), np.uint8)
    desk.ask_to_read(qtbot)
    camera.write(picture, 30, 0.0)
    assert desk.controller.document_pixels() is not None
    assert desk.controller.document_pixels() is None
    desk.read()
    desk.controller.send(ev.DocumentReadAgain())
    qtbot.waitUntil(lambda: len(desk.children.sent_of(ReadDocument)) == 2)
    camera.write(picture, 0, 1.0)
    assert desk.controller.document_pixels() is not None
    camera.close()
    desk.children.document_memory.close()


def test_declining_the_face_asks_reader_again_without_the_portrait(desk: DeskParts, qtbot: Any) -> None:
    desk.ask_to_read(qtbot)
    desk.controller.send(ev.FaceDeclined())
    qtbot.waitUntil(lambda: len(desk.children.sent_of(ReadDocument)) == 2)
    assert len(desk.children.sent_of(StopReading)) == 1
    assert not desk.children.sent_of(ReadDocument)[1].portrait_wanted


def test_a_date_that_stays_impossible_brings_the_teller_at_once(desk: DeskParts, qtbot: Any) -> None:
    desk.ask_to_read(qtbot)
    for number in range(2):
        desk.say_reader(DocumentSeen((DocumentRemark.DATE_IMPOSSIBLE,), number))
    assert desk.phase is Phase.WAITING_FOR_TELLER
    assert desk.controller.session.referral is ReferralReason.DOCUMENT_UNREADABLE


def test_a_document_out_of_date_goes_on_to_the_teller(desk: DeskParts, qtbot: Any) -> None:
    desk.ask_to_read(qtbot)
    desk.read(evidence(DocumentRemark.EXPIRED))
    desk.controller.send(DETAILS)
    assert desk.phase is Phase.WAITING_FOR_TELLER
    assert desk.controller.session.referral is ReferralReason.DOCUMENT_EXPIRED


def test_late_and_foreign_messages_change_nothing(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_comparing(qtbot)
    before = desk.controller.view
    desk.read(evidence(DocumentRemark.EXPIRED))
    desk.say_eyes(desk.compared(window_id=desk.children.sent_of(Compare)[-1].window_id - 1))
    desk.say_eyes(desk.compared(window_id=99, score=-1.0))
    desk.say_eyes(CompareFailed(99, "nothing there"))
    assert desk.controller.view == before
    late = desk.compared()
    desk.controller.send(ev.Cancelled())
    idle = desk.controller.view
    desk.say_eyes(late)
    desk.read()
    desk.say_eyes(ReferenceRefused("no face"))
    assert desk.controller.view == idle
    desk.go_to_positioning(qtbot)
    before = desk.controller.view
    desk.say_eyes(late)
    assert desk.controller.view == before


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"score": 0.2}, ReferralReason.NON_MATCH),
        ({"score": float("nan")}, ReferralReason.COMPARISON_FAILED),
        ({"track_id": 8}, ReferralReason.COMPARISON_FAILED),
        ({"frame_times_s": ()}, ReferralReason.COMPARISON_FAILED),
        ({"model_id": "another"}, ReferralReason.COMPARISON_FAILED),
    ],
    ids=["impostor", "no number", "another face", "no frames", "another model"],
)
def test_what_the_policy_does_not_accept_goes_to_the_teller(
    desk: DeskParts, qtbot: Any, changed: dict[str, Any], reason: ReferralReason
) -> None:
    desk.go_to_comparing(qtbot)
    desk.say_eyes(desk.compared(**changed))
    assert desk.phase is Phase.WAITING_FOR_TELLER
    assert desk.controller.session.referral is reason
    assert desk.store.count_rows()["outbox"] == 0


@pytest.mark.parametrize("validated", [False, True])
def test_outside_the_demo_only_a_validated_threshold_lets_the_machine_say_yes(
    tmp_path: Path, qtbot: Any, validated: bool
) -> None:
    threshold = replace(TEMPLATE_MODEL.threshold, validated=validated)
    model = replace(TEMPLATE_MODEL, threshold=threshold)
    with desk_parts(tmp_path, policy=DecisionPolicy(layers=GESTURES_ALONE), template_model=model, demo=False) as desk:
        desk.go_to_comparing(qtbot)
        desk.say_eyes(desk.compared(score=1.0))
        if validated:
            qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
        else:
            assert desk.phase is Phase.WAITING_FOR_TELLER
            assert desk.controller.session.referral is ReferralReason.THRESHOLD_NOT_VALIDATED


def test_a_trial_stays_marked_as_one_from_visit_to_visit(tmp_path: Path, qtbot: Any) -> None:
    with desk_parts(tmp_path, demo=False, trial_key=True) as desk:
        desk.go_to_positioning(qtbot)
        assert desk.controller.view.trial_key
        desk.controller.send(ev.Cancelled())
        assert desk.phase is Phase.IDLE
        assert desk.controller.view.trial_key


def test_class_i_goes_to_the_teller_even_after_a_match(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_comparing(qtbot, account_class="I")
    desk.say_eyes(desk.compared())
    assert desk.controller.session.referral is ReferralReason.CLASS_I_FACE_TO_FACE
    desk.controller.send(CONFIRMED)
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    assert [entry.actor for entry in desk.store.audit_entries()][-1] == "t1"


def test_a_portrait_without_a_face_goes_to_the_teller(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_positioning(qtbot)
    desk.say_eyes(ReferenceRefused("no face"))
    assert desk.phase is Phase.WAITING_FOR_TELLER
    assert desk.controller.session.referral is ReferralReason.REFERENCE_UNUSABLE
    assert isinstance(desk.children.sent[-1], StopCapture)


def test_gestures_are_shown_one_after_the_other_and_gone_afterwards(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_comparing(qtbot)
    numbers = [view.gesture_number for view in desk.views if view.gesture is not None]
    assert sorted(set(numbers)) == [1, 2, 3]
    assert numbers == sorted(numbers)
    shown = [view for view in desk.views if view.gesture is not None]
    assert all(view.gesture_ends_at_s is not None and view.gesture_count == 3 for view in shown)
    view = desk.controller.view
    assert (view.gesture, view.gesture_number, view.gesture_count, view.gesture_ends_at_s) == (None, 0, 0, None)


@pytest.mark.parametrize("variant", ChallengeVariant)
def test_the_screen_shines_only_for_who_has_agreed_to_it(
    desk: DeskParts, qtbot: Any, variant: ChallengeVariant
) -> None:
    desk.go_to_positioning(qtbot, chosen=ev.FaceCheckChosen(variant))
    assert {view.colour for view in desk.views} == {None}
    desk.position()
    desk.answer_challenge()
    shone = {view.colour for view in desk.views} != {None}
    assert shone is variant.has_light


def test_a_camera_that_gives_no_frames_uses_the_attempt_up_as_time_passes(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_positioning(qtbot)
    desk.position()
    assert desk.phase is Phase.CHECKING_LIVENESS
    with qtbot.waitSignal(desk.controller.session_changed, timeout=3000):
        ticking = desk.controller._challenge_timer.timeout
        ticking.connect(lambda: desk.clock.pass_by(1.5))
    assert desk.phase is Phase.POSITIONING
    assert desk.controller.session.attempts == 1


@pytest.mark.parametrize("answers", [True, False])
def test_what_an_attempt_came_to_counts_in_no_other_attempt_and_no_other_visit(
    tmp_path: Path, qtbot: Any, answers: bool
) -> None:
    """The thread that judges may be late: the customer has left meanwhile, and the next stands in an attempt."""
    judging = Waiting()
    with desk_parts(tmp_path, judging=judging) as desk:
        desk.go_to_positioning(qtbot)
        desk.position()
        with pytest.raises(AssertionError, match="still checking_liveness"):
            desk.answer_challenge() if answers else desk.stand_still()
        assert desk.controller.challenge_is_over
        desk.controller.send(ev.Cancelled())
        desk.go_to_positioning(qtbot)
        desk.position()
        assert desk.phase is Phase.CHECKING_LIVENESS
        before = desk.controller.session
        assert judging.compute() == 1
        QCoreApplication.sendPostedEvents()
        assert desk.controller.session == before
        assert desk.children.sent_of(Compare) == []


def test_three_attempts_and_then_the_teller(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_positioning(qtbot)
    for _ in range(3):
        desk.position()
        desk.stand_still()
    assert desk.phase is Phase.WAITING_FOR_TELLER
    assert desk.controller.session.referral is ReferralReason.ATTEMPTS_USED_UP
    assert [window.window_id for window in desk.children.sent_of(BeginWindow)] == [1, 2, 3]


def test_a_window_without_a_fit_frame_is_one_attempt(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_comparing(qtbot)
    desk.say_eyes(CompareFailed(1, "no fit frame"))
    assert desk.phase is Phase.POSITIONING
    assert desk.controller.session.attempts == 1


# --- what fails ---


def go_to(desk: DeskParts, qtbot: Any, phase: Phase) -> None:
    """Walk a visit as far as this phase."""
    if phase is Phase.CHOOSING_ACCOUNT_CLASS:
        desk.warm_up()
        for event in (ev.Started(), ev.LanguageChosen(ev.Language.ENGLISH), FULL):
            desk.controller.send(event)
    elif phase is Phase.READING_DOCUMENT:
        desk.ask_to_read(qtbot)
    elif phase is Phase.CONFIRMING_DETAILS:
        desk.ask_to_read(qtbot)
        desk.read()
    elif phase is Phase.COMPARING:
        desk.go_to_comparing(qtbot)
    else:
        desk.go_to_positioning(qtbot)
        if phase is Phase.CHECKING_LIVENESS:
            desk.position()
    assert desk.phase is phase


IN_THE_MIDDLE = [
    Phase.CHOOSING_ACCOUNT_CLASS,
    Phase.READING_DOCUMENT,
    Phase.CONFIRMING_DETAILS,
    Phase.POSITIONING,
    Phase.CHECKING_LIVENESS,
    Phase.COMPARING,
]


@pytest.mark.parametrize("phase", IN_THE_MIDDLE)
def test_losing_eyes_ends_the_visit_with_nothing_kept(desk: DeskParts, qtbot: Any, phase: Phase) -> None:
    go_to(desk, qtbot, phase)
    desk.children.child_lost.emit("eyes", "it has gone")
    assert ended_because(desk) is EndNote.TECHNICAL
    assert desk.children.renewals == 1
    assert desk.troubles == ["The process eyes ended and is started again: it has gone"]
    assert desk.store.count_rows() == {"consent": 0, "outbox": 0, "application": 0}


@pytest.mark.parametrize("phase", IN_THE_MIDDLE)
def test_eyes_that_go_while_they_are_spoken_to_end_the_visit_once(desk: DeskParts, qtbot: Any, phase: Phase) -> None:
    go_to(desk, qtbot, phase)
    told: list[Phase] = []
    desk.controller.session_changed.connect(lambda session: told.append(session.phase))
    desk.children.before_sending = lambda _: desk.children.child_lost.emit("eyes", "it has gone")
    if phase is Phase.POSITIONING:
        desk.position()
    elif phase is Phase.CHECKING_LIVENESS:
        desk.answer_challenge()
    else:
        desk.controller.send(ev.Cancelled())
    assert desk.phase is Phase.IDLE
    assert told[-1] is Phase.IDLE
    assert told.count(Phase.IDLE) == 1
    assert not desk.controller._challenge_timer.isActive()


@pytest.mark.parametrize("failure", [CameraFailed("unplugged"), Fault("broken")], ids=["camera", "fault"])
def test_a_failure_on_the_welcome_screen_shows_out_of_service_until_both_are_ready(
    desk: DeskParts, failure: Message
) -> None:
    desk.warm_up()
    assert desk.views[-1].readiness is Readiness.READY
    desk.say_eyes(failure)
    assert desk.views[-1].readiness is Readiness.OUT_OF_SERVICE
    assert (desk.children.renewals, desk.children.failures) == (1, 1)
    desk.warm_up()
    assert desk.views[-1].readiness is Readiness.READY
    assert desk.children.failures == 0


@pytest.mark.parametrize("failure", [CameraFailed("unplugged"), Fault("broken")], ids=["camera", "fault"])
def test_a_failure_in_the_middle_ends_the_visit_calmly(desk: DeskParts, qtbot: Any, failure: Message) -> None:
    desk.go_to_positioning(qtbot)
    desk.say_eyes(failure)
    assert ended_because(desk) is EndNote.TECHNICAL
    assert desk.children.renewals == 1


def test_eyes_lost_after_they_are_needed_do_not_disturb_the_teller(desk: DeskParts, qtbot: Any) -> None:
    desk.ask_to_read(qtbot, consent=FACELESS)
    desk.read()
    desk.controller.send(DETAILS)
    desk.children.child_lost.emit("eyes", "it has gone")
    assert desk.phase is Phase.WAITING_FOR_TELLER
    desk.controller.send(CONFIRMED)
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)


@pytest.mark.parametrize("failure", [CameraFailed("unplugged"), None], ids=["camera", "process"])
def test_a_visit_without_a_face_goes_on_without_eyes(desk: DeskParts, qtbot: Any, failure: Message | None) -> None:
    desk.ask_to_read(qtbot, consent=FACELESS)
    if failure is not None:
        desk.say_eyes(failure)
    desk.children.child_lost.emit("eyes", "it has gone")
    desk.read()
    desk.controller.send(DETAILS)
    assert desk.phase is Phase.WAITING_FOR_TELLER
    assert desk.children.renewals == 0
    desk.controller.send(CONFIRMED)
    qtbot.waitUntil(lambda: desk.phase is Phase.SHOWING_VERDICT)
    desk.controller.send(ev.VerdictAcknowledged())
    assert desk.children.renewals == 1


def test_a_face_check_goes_on_without_the_reader_that_has_done_its_work(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_positioning(qtbot)
    desk.children.child_lost.emit("reader", "it has gone")
    desk.position()
    assert desk.phase is Phase.CHECKING_LIVENESS


def test_eyes_that_say_nothing_while_the_camera_should_run_are_lost(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_positioning(qtbot)
    desk.position()
    assert desk.controller._silence_timer.isActive()
    desk.controller._silence_timer.start(0)
    qtbot.waitUntil(lambda: desk.phase is Phase.IDLE)
    assert ended_because(desk) is EndNote.TECHNICAL
    assert "said nothing" in desk.troubles[0]
    assert not desk.controller._silence_timer.isActive()


def test_eyes_may_be_silent_once_the_face_check_is_over(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_comparing(qtbot, account_class="I")
    desk.say_eyes(desk.compared())
    assert desk.phase is Phase.WAITING_FOR_TELLER
    assert not desk.controller._silence_timer.isActive()


@pytest.mark.parametrize("made_up", ["X" * 65, "ANNA\u202e", "A\nB"])
def test_a_document_that_no_zone_could_hold_ends_the_visit(desk: DeskParts, qtbot: Any, made_up: str) -> None:
    desk.ask_to_read(qtbot)
    desk.read(replace(evidence(), primary_name=made_up))
    assert ended_because(desk) is EndNote.TECHNICAL


def test_what_a_child_says_for_people_is_one_short_line(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_positioning(qtbot)
    desk.say_eyes(CameraFailed("un\x1b[2Jplugged\n" + "x" * 1_000_000))
    (told,) = (sentence for sentence in desk.troubles if "plugged" in sentence)
    assert told.isprintable()
    assert len(told) < 400


def test_eyes_lost_before_the_customer_has_chosen_end_the_visit(desk: DeskParts) -> None:
    desk.warm_up()
    desk.controller.send(ev.Started())
    desk.children.child_lost.emit("eyes", "it has gone")
    assert ended_because(desk) is EndNote.TECHNICAL


def test_a_yes_whose_record_cannot_be_kept_names_the_full_disk(desk: DeskParts, qtbot: Any) -> None:
    desk.ask_to_read(qtbot, consent=FACELESS)
    desk.read()
    desk.controller.send(DETAILS)
    with full_applications_disk(desk.store):
        desk.controller.send(ev.TellerConfirmed("1042", frozenset(ev.TellerCheck)))
        qtbot.waitUntil(lambda: desk.phase is Phase.IDLE)
    assert desk.store.undelivered_summary().count == 0
    assert "applications.db is full: make room" in desk.troubles[0]


def test_a_lost_courier_is_told_and_disturbs_nobody(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_positioning(qtbot)
    desk.children.child_lost.emit("courier", "it has gone")
    assert desk.phase is Phase.POSITIONING
    assert desk.children.renewals == 0
    assert "courier" in desk.troubles[0]


def make_applications_unwritable(desk: DeskParts) -> None:
    assert desk.store._applications is not None
    database = desk.store._applications.database
    desk.store._executor.submit(database.execute, "PRAGMA query_only = 1").result()


@pytest.mark.parametrize("how", ["closed", "locked", "unwritable"])
def test_a_verdict_that_is_not_committed_is_not_said(desk: DeskParts, qtbot: Any, how: str) -> None:
    desk.go_to_comparing(qtbot)
    if how == "closed":
        desk.store.close()
    elif how == "locked":
        desk.store.lock_applications()
    else:
        make_applications_unwritable(desk)
    desk.say_eyes(desk.compared())
    qtbot.waitUntil(lambda: desk.phase is Phase.IDLE)
    assert ended_because(desk) is EndNote.TECHNICAL
    assert desk.committed == []
    assert any("nothing was sent" in sentence for sentence in desk.troubles)
    if how != "closed":
        assert desk.store.all_messages() == []


def test_a_document_that_no_reference_can_be_made_of_ends_the_visit(desk: DeskParts, qtbot: Any) -> None:
    desk.go_to_positioning(qtbot)
    no_number = evidence()
    object.__setattr__(no_number, "number", "")
    object.__setattr__(desk.controller.session, "evidence", no_number)
    desk.controller.send(ev.FaceDeclined())
    desk.controller.send(CONFIRMED)
    qtbot.waitUntil(lambda: desk.phase is Phase.IDLE)
    assert ended_because(desk) is EndNote.TECHNICAL
    assert desk.store.all_messages() == []


# --- how a visit is left ---


@pytest.mark.parametrize("leave", [ev.Cancelled(), ev.TimedOut(), ev.TellerClosedVisit("t1")], ids=str)
def test_leaving_erases_the_consent_and_sends_nothing(desk: DeskParts, qtbot: Any, leave: ev.Event) -> None:
    desk.go_to_positioning(qtbot)
    assert desk.store.count_rows()["consent"] == 1
    desk.controller.send(leave)
    assert desk.store.count_rows() == {"consent": 0, "outbox": 0, "application": 0}
    assert ended_because(desk) is not EndNote.NONE


def test_nobody_there_for_long_enough_ends_the_visit(tmp_path: Path, qtbot: Any) -> None:
    with desk_parts(tmp_path, patience=0.0005) as desk:
        desk.controller.send(ev.Started())
        qtbot.waitUntil(lambda: desk.phase is Phase.IDLE)
        assert ended_because(desk) is EndNote.TIMED_OUT


def test_a_touch_starts_the_time_out_anew(desk: DeskParts) -> None:
    desk.controller.send(ev.Started())
    first = desk.controller.view.idle_ends_at_s
    assert first == desk.clock.monotonic_s() + 60
    desk.clock.pass_by(40)
    desk.controller.touched()
    assert desk.controller.view.idle_ends_at_s == first + 40
    assert desk.controller._idle_timer.remainingTime() > 59_000


def test_an_unreadable_document_is_given_up_for_the_teller(desk: DeskParts, qtbot: Any) -> None:
    desk.ask_to_read(qtbot)
    desk.controller._unreadable_timer.start(0)
    qtbot.waitUntil(lambda: desk.phase is Phase.WAITING_FOR_TELLER)
    assert desk.controller.session.referral is ReferralReason.DOCUMENT_UNREADABLE
    desk.controller.send(CONFIRMED)
    assert desk.phase is Phase.WAITING_FOR_TELLER


def test_each_visit_has_a_challenge_of_its_own(desk: DeskParts, qtbot: Any) -> None:
    drawn = set()
    for _ in range(6):
        desk.go_to_positioning(qtbot)
        desk.position()
        assert desk.controller._face._check is not None
        drawn.add(desk.controller._face._check._challenge.gestures)
        desk.controller.send(ev.Cancelled())
        desk.clock.pass_by(60)  # who leaves in the middle has failed, and too many in a row would have to wait
    assert len(drawn) > 1
