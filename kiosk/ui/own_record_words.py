"""A customer's own record in words: what stands in each element of the list, and the pages that a printer gets."""

from collections.abc import Iterator, Mapping

from kiosk.privacy.notice import NoticeSection
from kiosk.runtime.surface import ErasureSlip, OwnRecord
from kiosk.ui.customer.verdict_page import in_groups
from kiosk.ui.texts import Texts, full_name, load_texts
from kiosk.ui.times import calendar_day, lasting_time


def held_values(own: OwnRecord, texts: Texts) -> Mapping[str, str]:
    """What the record holds for each element of the list, ready to show; a dash where it holds nothing."""
    record = own.record
    return {
        "names": full_name(record.primary_name, record.secondary_name),
        "birth_date": record.birth_date.isoformat(),
        "nationality": record.nationality,
        "document": f"{texts.of(record.document_kind)} {record.document_number}",
        "address": record.address or "–",
        "phone": record.phone or "–",
        "account_class": texts.of(record.account_class),
        "application_place": f"{lasting_time(own.answered_at)} · {in_groups(own.application_reference[:16])}…",
    }


def stays_values(own: OwnRecord, texts: Texts) -> Mapping[str, str]:
    """What can be said of the elements that stay, beyond their words in the list."""
    agreed = "–" if own.agreed_at is None else lasting_time(own.agreed_at)
    sent = texts("own_record.not_sent") if own.delivered_at is None else lasting_time(own.delivered_at)
    return {
        "consent": texts("own_record.agreed_at", time=agreed),
        "verdict": texts("own_record.answered_yes", time=lasting_time(own.answered_at)),
        "delivery": texts("own_record.sent_at", time=sent),
    }


def own_page(what: OwnRecord | ErasureSlip, *, demo: bool = False) -> tuple[str, str]:
    """Title and text of the page that the customer takes along; a demonstration's says what it is."""
    texts = load_texts(what.language)
    match what:
        case OwnRecord():
            title, lines = texts("own_copy.page"), _copy_lines(what, texts)
        case ErasureSlip():
            title, lines = texts("own_erased.page"), _receipt_lines(what, texts)
    return title, "\n".join((*((texts("header.demo"), "") if demo else ()), *lines))


def _copy_lines(own: OwnRecord, texts: Texts) -> Iterator[str]:
    values = held_values(own, texts)
    yield f"{texts('verdict.terminal')}: {own.terminal}"
    yield from ("", texts("own_record.until", date=calendar_day(own.erased_at_latest)), "")
    for section in own.held:
        yield f"{section.name}: {values.get(section.element_id, '–')}"
    yield from _stays_lines(own.stays, texts)
    yield from ("", texts("own_copy.machine"), *own.copy)


def _receipt_lines(slip: ErasureSlip, texts: Texts) -> Iterator[str]:
    yield texts("own_erased.title")
    yield from ("", f"{texts('verdict.terminal')}: {slip.terminal}", lasting_time(slip.erased_at))
    yield from (f"{texts('verdict.reference')}:", in_groups(slip.application_reference))
    yield from _stays_lines(slip.stays, texts)
    if slip.statement:
        yield from ("", f"{texts('own_erased.statement')}:")
        groups = in_groups(slip.statement).split(" ")
        yield from (" ".join(groups[start : start + 12]) for start in range(0, len(groups), 12))


def _stays_lines(stays: tuple[NoticeSection, ...], texts: Texts) -> Iterator[str]:
    yield from ("", texts("own_record.stays"))
    for section in stays:
        yield f"- {section.name}. {section.reason} {section.kept}"
