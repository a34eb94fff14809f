"""Who may do what at the teller console and the command line. What is not written here is refused.

Knows no names and no PINs; those are `authorisation`.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from kiosk.supervision.exceptions import NotPermittedError


class Role(StrEnum):
    """What a signed-in person is here as; one role at a time."""

    TELLER = "teller"
    SUPERVISOR = "supervisor"
    IT = "it"
    AUDITOR = "auditor"


class Act(StrEnum):
    """Everything that needs a sign-in."""

    SEE_WAITING_VISIT = "see_waiting_visit"
    CONFIRM_VISIT = "confirm_visit"
    REFUSE_VISIT = "refuse_visit"
    CLOSE_VISIT = "close_visit"
    CLOSE_DAY = "close_day"
    CONFIRM_CLOCK = "confirm_clock"
    SEE_APPLICATIONS = "see_applications"
    MARK_OPENED = "mark_opened"
    ERASE_RECORD = "erase_record"
    COPY_RECORD = "copy_record"
    SEE_DELIVERY = "see_delivery"
    ADD_TELLER = "add_teller"
    RESET_PIN = "reset_pin"
    CHANGE_SETTINGS = "change_settings"
    TAKE_OUT_OF_SERVICE = "take_out_of_service"
    EXPORT_AUDIT = "export_audit"


_TELLER = frozenset(
    {
        Act.SEE_WAITING_VISIT,
        Act.CONFIRM_VISIT,
        Act.REFUSE_VISIT,
        Act.CLOSE_VISIT,
        Act.CLOSE_DAY,
        Act.CONFIRM_CLOCK,
        Act.SEE_APPLICATIONS,
        Act.MARK_OPENED,
        Act.ERASE_RECORD,
        Act.COPY_RECORD,
        Act.SEE_DELIVERY,
    }
)

PERMITTED: Mapping[Role, frozenset[Act]] = MappingProxyType(
    {
        Role.TELLER: _TELLER,
        Role.SUPERVISOR: _TELLER | {Act.ADD_TELLER, Act.RESET_PIN, Act.TAKE_OUT_OF_SERVICE},
        # IT keeps the terminal running and never sees a customer's data, nor answers for a customer.
        # It hands the audit to the auditor, and so can take it out.
        Role.IT: frozenset({Act.SEE_DELIVERY, Act.CHANGE_SETTINGS, Act.TAKE_OUT_OF_SERVICE, Act.EXPORT_AUDIT}),
        # Reads what happened and changes nothing; sees no customer's data either, for the audit holds none.
        Role.AUDITOR: frozenset({Act.EXPORT_AUDIT}),
    }
)


def may(role: Role | None, act: Act) -> bool:
    """True only for what is written down; nobody signed in (None) may do nothing."""
    return role is not None and act in PERMITTED.get(role, frozenset())


def require(role: Role | None, act: Act) -> None:
    """Raise `NotPermittedError` unless the role may do it."""
    if not may(role, act):
        raise NotPermittedError(role, act)
