"""The simulated customer and teller, walking the real session table with the devices scripted."""

import numpy as np
import pytest
from PySide6.QtCore import QTimer

from kiosk.privacy.own_code import normalised
from kiosk.session.events import (
    Accepted,
    AccountClass,
    Cancelled,
    ConsentRefused,
    ConsentWithdrawn,
    DocumentRead,
    FaceCheckChosen,
    FaceDeclined,
    Language,
    LivenessPassed,
    OwnCodeEntered,
    OwnRecordErased,
    OwnRecordFound,
    Positioned,
    Referred,
    RefusalReason,
    TimedOut,
    VerdictCommitted,
)
from kiosk.session.machine import OWN_RECORD_PHASES, TRANSITIONS, Phase
from kiosk.ui.album import Album
from kiosk.ui.customer import header
from kiosk.ui.poses import EVIDENCE, SLIP
from kiosk.ui.walkthrough import ConsentChoice, TellerChoice, WalkPlan, Walkthrough
from kiosk.verification.decision import ReferralReason
from kiosk.verification.layers import ChallengeVariant
from tests.fakes import FAKE_PIN, FAKE_TELLER, SessionBackedSurface, SessionBackedTeller

GENUINE = {
    Phase.READING_DOCUMENT: DocumentRead(EVIDENCE),
    Phase.POSITIONING: Positioned(),
    Phase.CHECKING_LIVENESS: LivenessPassed(),
    Phase.COMPARING: Accepted(),
    Phase.RECORDING_VERDICT: VerdictCommitted(),
}
ACCOUNT = [phase for phase in Phase if phase not in OWN_RECORD_PHASES]
OWN_DATA = GENUINE | {
    Phase.OWN_DOCUMENT: DocumentRead(EVIDENCE),
    Phase.OWN_SEARCH: OwnRecordFound(),
    Phase.OWN_ERASING: OwnRecordErased(),
}
IMPOSTOR = GENUINE | {Phase.COMPARING: Referred(ReferralReason.NON_MATCH)}


def picture_name(phase):
    return phase.value.replace("_", "-")


def names(walkthrough):
    """Of the pictures taken so far, without their numbers."""
    return [path.stem[3:] for path in walkthrough.pictures]


@pytest.fixture
def walk(qtbot, make_window, monkeypatch):
    """Walk a plan; return the surface, the teller, the pictures' names, and whether all went as planned."""
    monkeypatch.setattr(header, "LONG_PRESS_MS", 50)

    def run(devices=GENUINE, pictures=None, wait_for_decline_at=None, **plan):
        customer = SessionBackedSurface(devices, wait_for_decline_at)
        customer.face = customer.page = np.zeros((72, 128, 3), np.uint8)
        teller = SessionBackedTeller(customer)
        window = make_window(customer, teller)
        album = Album(window, pictures, window)
        walkthrough = Walkthrough(
            window, window.console, customer, WalkPlan(FAKE_TELLER, FAKE_PIN, **plan), album, pace_s=0.008
        )

        def devices_answer():
            """Real devices are slower than the photographer; these wait for it instead of racing it."""
            phase = customer.view.session.phase
            if pictures is None or phase is Phase.RECORDING_VERDICT or picture_name(phase) in names(walkthrough):
                customer.devices_answer()

        clock = QTimer(window, interval=20)
        clock.timeout.connect(devices_answer)
        clock.start()
        with qtbot.waitSignal(walkthrough.finished, timeout=40_000) as finished:
            walkthrough.start()
        clock.stop()
        return customer, teller, names(walkthrough), finished.args[0]

    return run


def test_a_class_i_customer_meets_every_page_and_the_teller_confirms(walk, tmp_path):
    customer, teller, pictures, as_planned = walk(pictures=tmp_path)
    assert as_planned
    assert customer.phases == [*ACCOUNT, Phase.IDLE]
    assert teller.acts == ["confirm", "sign_off"]
    behind_the_console = {Phase.RECORDING_VERDICT}
    assert {picture_name(phase) for phase in set(ACCOUNT) - behind_the_console} <= set(pictures)


def test_a_customer_who_comes_back_sees_takes_and_erases_their_own_record(walk):
    customer, _, _, as_planned = walk(OWN_DATA, account_class=AccountClass.CLASS_II, own_data=True)
    assert as_planned
    entered = [event.code for event in customer.sent if isinstance(event, OwnCodeEntered)]
    assert [normalised(code) for code in entered] == [SLIP.own_code]
    met = [phase for phase in customer.phases if phase in OWN_RECORD_PHASES]
    assert met[-5:] == [Phase.OWN_COPY, Phase.OWN_RECORD, Phase.OWN_ERASURE, Phase.OWN_ERASING, Phase.OWN_ERASED]
    assert set(met) == OWN_RECORD_PHASES - {Phase.OWN_MISSING}


def test_a_class_ii_customer_is_done_without_the_teller_and_in_chinese(walk, tmp_path):
    customer, teller, pictures, as_planned = walk(
        pictures=tmp_path, language=Language.CHINESE, account_class=AccountClass.CLASS_II
    )
    assert as_planned
    assert "recording-verdict" in pictures
    assert Phase.WAITING_FOR_TELLER not in customer.phases
    assert teller.acts == []


@pytest.mark.parametrize("variant", [ChallengeVariant.WITHOUT_LIGHT, ChallengeVariant.WITHOUT_TURNS])
def test_whichever_face_check_the_customer_chooses_it_is_the_one_that_is_asked_for(walk, variant):
    customer, _, _, as_planned = walk(variant=variant)
    assert as_planned
    assert [event for event in customer.sent if isinstance(event, FaceCheckChosen)] == [FaceCheckChosen(variant)]
    assert customer.phases == [*ACCOUNT, Phase.IDLE]


def test_the_teller_refuses_the_impostor_with_a_reason(walk, tmp_path):
    _, teller, pictures, as_planned = walk(
        IMPOSTOR, tmp_path, account_class=AccountClass.CLASS_II, teller=TellerChoice.REFUSE
    )
    assert as_planned
    assert teller.acts == [RefusalReason.NOT_THE_PERSON, "sign_off"]
    assert "teller-refusing" in pictures


def test_the_teller_closes_a_visit_without_an_answer(walk):
    customer, _, _, as_planned = walk(teller=TellerChoice.CLOSE)
    assert as_planned
    assert Phase.SHOWING_VERDICT not in customer.phases


def test_refusing_consent_ends_the_walk_with_a_picture_of_how(walk, tmp_path):
    customer, _, pictures, as_planned = walk(pictures=tmp_path, consent=ConsentChoice.REFUSE)
    assert as_planned
    assert pictures == ["idle", "choosing-language", "asking-consent", "idle-consent-refused"]
    assert isinstance(customer.sent[-1], ConsentRefused)


def test_consent_to_the_application_only_leads_past_the_camera(walk):
    customer, _, _, as_planned = walk(consent=ConsentChoice.APPLICATION_ONLY)
    assert as_planned
    assert Phase.POSITIONING not in customer.phases


DECLINE_AT = [
    phase
    for phase in ACCOUNT
    if phase not in (Phase.WAITING_FOR_TELLER, Phase.RECORDING_VERDICT, Phase.SHOWING_VERDICT)
]


@pytest.mark.parametrize("phase", DECLINE_AT)
def test_declining_the_face_from_any_page_reaches_the_teller(walk, phase):
    customer, teller, _, as_planned = walk(decline_face_at=phase, wait_for_decline_at=phase)
    assert as_planned
    assert FaceDeclined() in customer.sent
    assert teller.acts == ["confirm", "sign_off"]


@pytest.mark.parametrize("phase", [at for at in (*DECLINE_AT, Phase.WAITING_FOR_TELLER) if at is not Phase.IDLE])
def test_cancelling_on_any_page_ends_the_visit(walk, phase):
    devices = {at: event for at, event in GENUINE.items() if at is not phase}
    customer, _, _, as_planned = walk(devices, cancel_at=phase, teller=TellerChoice.CONFIRM)
    assert as_planned
    agreed = (phase, ConsentWithdrawn) in TRANSITIONS
    assert isinstance(customer.sent[-1], ConsentWithdrawn if agreed else Cancelled)


def test_a_customer_who_walks_away_presses_nothing_more_and_the_visit_times_out(walk):
    devices = GENUINE | {Phase.CONFIRMING_DETAILS: TimedOut()}
    customer, _, _, as_planned = walk(devices, walk_away_at=Phase.CONFIRMING_DETAILS)
    assert as_planned
    assert customer.phases[-2:] == [Phase.CONFIRMING_DETAILS, Phase.IDLE]


def test_a_visit_that_ends_otherwise_is_not_as_planned(walk):
    _, _, _, as_planned = walk(GENUINE | {Phase.POSITIONING: TimedOut()})
    assert not as_planned
