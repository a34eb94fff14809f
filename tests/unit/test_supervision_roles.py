"""Who may do what at the console and the command line."""

import pytest

from kiosk.supervision.exceptions import NotPermittedError
from kiosk.supervision.roles import PERMITTED, Act, Role, may, require

ANSWERS = (Act.CONFIRM_VISIT, Act.REFUSE_VISIT, Act.CLOSE_VISIT)


@pytest.mark.parametrize("act", list(Act))
def test_nobody_signed_in_may_do_nothing(act: Act) -> None:
    assert not may(None, act)
    with pytest.raises(NotPermittedError, match="Nobody is signed in"):
        require(None, act)


@pytest.mark.parametrize("act", list(Act))
def test_every_act_is_somebodys(act: Act) -> None:
    assert any(may(role, act) for role in Role)


@pytest.mark.parametrize(
    "act", [*ANSWERS, Act.SEE_WAITING_VISIT, Act.SEE_APPLICATIONS, Act.MARK_OPENED, Act.ERASE_RECORD]
)
def test_it_sees_no_customer_and_answers_for_none(act: Act) -> None:
    assert not may(Role.IT, act)
    with pytest.raises(NotPermittedError, match="role it may not"):
        require(Role.IT, act)


def test_a_teller_answers_visits_and_changes_no_account_or_setting() -> None:
    assert all(may(Role.TELLER, act) for act in ANSWERS)
    assert not any(may(Role.TELLER, act) for act in (Act.ADD_TELLER, Act.RESET_PIN, Act.CHANGE_SETTINGS))
    require(Role.TELLER, Act.CONFIRM_VISIT)


def test_a_supervisor_may_do_all_a_teller_may() -> None:
    assert PERMITTED[Role.SUPERVISOR] > PERMITTED[Role.TELLER]


def test_an_auditor_takes_the_audit_out_and_does_nothing_else() -> None:
    assert PERMITTED[Role.AUDITOR] == {Act.EXPORT_AUDIT}


def test_every_role_is_written_down() -> None:
    assert set(PERMITTED) == set(Role)
