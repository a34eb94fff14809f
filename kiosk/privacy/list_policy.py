"""What a bank may change about the data protection list without a new one: keep for less long, collect less. Pure.

Never the reverse: a longer period, or an element that the list does not have, is another list, with a new version
and with everybody asked anew.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kiosk.errors import PrivacyError
from kiosk.privacy.data_list import DataProtectionList, Element, Responsible
from kiosk.privacy.retention import Retention, RetentionEnd, StoredRecord

_EXPLICIT_CONSENT = "explicit_consent"


class PolicyNotAllowedError(PrivacyError):
    """The policy asks for more than the list grants."""

    def __init__(self, sentence: str, record: StoredRecord | None = None) -> None:
        self.record = record
        """Whose retention it is about; None where it is about an element."""
        super().__init__(sentence)


@dataclass(frozen=True, slots=True)
class ListPolicy:
    """The bank's policy as far as the list is concerned. Empty: the list as it is."""

    shorter: Mapping[StoredRecord, int] = field(default_factory=dict)
    """For each record the working days or years for which it is kept, in the unit of the list."""
    without: frozenset[str] = frozenset()
    """Elements that are not collected."""
    responsible: Responsible | None = None


def in_force(data_list: DataProtectionList, policy: ListPolicy) -> DataProtectionList:
    """The list as it holds at this terminal; raise `PolicyNotAllowedError` with one sentence."""
    _demand_may_be_without(data_list, policy.without)
    shorter = {record: _shortened(data_list, record, number) for record, number in policy.shorter.items()}
    elements = tuple(
        replace(element, retention=shorter[element.record]) if element.record in shorter else element
        for element in data_list.kept_elements
    )
    _demand_proof_kept_as_long(elements)
    without = policy.without | {element.id for element in data_list.switched_off}
    return replace(
        data_list,
        elements=tuple(element for element in elements if element.id not in without),
        switched_off=tuple(element for element in elements if element.id in without),
        responsible=policy.responsible or data_list.responsible,
    )


def _demand_may_be_without(data_list: DataProtectionList, without: frozenset[str]) -> None:
    by_id = {element.id: element for element in data_list.kept_elements}
    for element_id in sorted(without):
        element = by_id.get(element_id)
        if element is None:
            known = ", ".join(element.id for element in data_list.kept_elements if _may_be_without(element))
            raise PolicyNotAllowedError(
                f"{element_id!r} is no element of the data protection list; those that may be left out: {known}"
            )
        if element.ground == _EXPLICIT_CONSENT:
            raise PolicyNotAllowedError(
                f"{element_id} cannot be left out: each customer decides about it at the consent; remove it from there"
            )
        if element.required:
            raise PolicyNotAllowedError(
                f"{element_id} cannot be left out: the list says that it is required; remove it from there"
            )


def _may_be_without(element: Element) -> bool:
    return not element.required and element.ground != _EXPLICIT_CONSENT


def _shortened(data_list: DataProtectionList, record: StoredRecord, number: int) -> Retention:
    granted = next(element.retention for element in data_list.kept_elements if element.record is record)
    longest = granted.years if granted.years is not None else granted.working_days
    assert longest is not None
    unit = "years" if granted.years is not None else "working days"
    if not 1 <= number <= longest:
        raise PolicyNotAllowedError(
            f"the retention of {record} must lie between 1 and the {longest} {unit} that the data protection list"
            f" grants, not {number}: a longer one needs a list with a new version",
            record,
        )
    years = number if granted.years is not None else None
    return Retention(RetentionEnd.PERIOD, working_days=None if years is not None else number, years=years)


def _demand_proof_kept_as_long(elements: tuple[Element, ...]) -> None:
    """A consent without its answer is one of a visit that broke off, and those are erased."""
    years = {element.record: element.retention.years or 0 for element in elements}
    if years[StoredRecord.OUTBOX] < years[StoredRecord.CONSENT]:
        raise PolicyNotAllowedError(
            "answers must be kept for at least as long as the consents that they rest on; shorten the consents too",
            StoredRecord.OUTBOX,
        )
