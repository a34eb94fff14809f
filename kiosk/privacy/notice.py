"""What the consent screen says, drawn from the data protection list, and the hash of exactly that. Draws no pixel."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime

from kiosk.privacy.consent import ASKED_FOR_AN_ACCOUNT, Consent, Purpose
from kiosk.privacy.data_list import (
    About,
    DataProtectionList,
    Element,
    LanguageNotListedError,
    Leaves,
    ListedPurpose,
    NoticeWording,
)
from kiosk.privacy.list_consistency import APPLICATION_PERIOD
from kiosk.privacy.list_words import application_period, kept_for, place_of, retention_in_words
from kiosk.privacy.retention import Retention, RetentionEnd


@dataclass(frozen=True, slots=True)
class NoticeSection:
    """One thing that is collected, in the words of the list."""

    element_id: str
    name: str
    reason: str
    kept: str
    """Where and for how long."""
    place: str
    """Stays here, goes to the bank, or goes with the customer."""
    leaves_kiosk: bool
    """True where it is sent to the bank."""
    required: bool


@dataclass(frozen=True, slots=True)
class NoticeChoice:
    """One purpose the customer is asked for, separately and unticked."""

    purpose: Purpose
    name: str
    explanation: str
    kept: str
    """Where and for how long what it is about is kept at most."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The whole notice in one language."""

    list_version: int
    language: str
    title: str
    summary: tuple[str, ...]
    sections: tuple[NoticeSection, ...]
    choice: str
    """The sentence above the choices."""
    choices: tuple[NoticeChoice, ...]
    rights: tuple[str, ...]
    responsible: tuple[str, ...]
    """Controller, data protection officer, and the authority to complain to."""
    own_record: "Notice | None" = None
    """What is said to somebody who asks for their own record: a text, and a hash, of its own."""

    @property
    def text(self) -> str:
        """Every word of the notice, one paragraph a line, in the order shown."""
        sections = [
            line for section in self.sections for line in (section.name, section.reason, section.kept, section.place)
        ]
        choices = [line for choice in self.choices for line in (choice.name, choice.explanation, choice.kept)]
        after = (*self.rights, *self.responsible, f"v{self.list_version}")
        return "\n".join((self.title, *self.summary, *sections, self.choice, *choices, *after))

    def names(self, element_id: str) -> bool:
        """Whether somebody who reads it is told of an element."""
        return any(section.element_id == element_id for section in self.sections)

    @property
    def text_sha256(self) -> str:
        """Hex SHA-256 of `text` as UTF-8; what a consent is recorded with."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def notice(data_list: DataProtectionList, language: str) -> Notice:
    """Draw the notice for a new account; raise `LanguageNotListedError`.

    It names every element that is about the customer, but for what only comes up when they ask for their own record.
    """
    wording = data_list.notice_wording.get(language)
    if wording is None:
        raise LanguageNotListedError(language, tuple(data_list.languages))
    shown = [element for element in data_list.elements if element.about is About.CUSTOMER]
    shown = [element for element in shown if element.purpose != Purpose.OWN_RECORD]
    drawn = _notice(data_list, language, wording, shown, ASKED_FOR_AN_ACCOUNT)
    return replace(drawn, own_record=own_record_notice(data_list, language))


def own_record_notice(data_list: DataProtectionList, language: str) -> Notice:
    """Draw the notice for somebody who asks for their own record; raise `LanguageNotListedError`."""
    wording = data_list.own_record_wording.get(language)
    if wording is None:
        raise LanguageNotListedError(language, tuple(data_list.languages))
    shown = [element for element in data_list.elements if element.purpose == Purpose.OWN_RECORD]
    return _notice(data_list, language, wording, shown, (Purpose.OWN_RECORD,))


def consent_to(shown: Notice, purposes: frozenset[Purpose], given_at: datetime) -> Consent:
    """The consent of somebody who was shown this notice and touched the boxes of these purposes."""
    return Consent(shown.list_version, shown.text_sha256, shown.language, purposes, given_at)


def notice_hashes(data_list: DataProtectionList) -> frozenset[str]:
    """Of every text that somebody may be shown under this list; a consent to any other is none."""
    drawn = (draw(data_list, language) for draw in (notice, own_record_notice) for language in data_list.languages)
    return frozenset(shown.text_sha256 for shown in drawn)


def responsible_lines(data_list: DataProtectionList, language: str) -> tuple[str, ...]:
    """Controller, data protection officer and authority, a line each; empty where no terminal has named them.

    Raise `LanguageNotListedError`.
    """
    wording = data_list.responsible_wording.get(language)
    if wording is None:
        raise LanguageNotListedError(language, tuple(data_list.languages))
    if (named := data_list.responsible) is None:
        return ()
    pairs = (
        (wording.controller, named.controller),
        (wording.officer, named.officer),
        (wording.authority, named.authority),
    )
    return tuple(words.replace("{name}", name.in_language(language)) for words, name in pairs)


def sections_by_element(data_list: DataProtectionList, language: str) -> dict[str, NoticeSection]:
    """Every element that is about the customer in words; raise `LanguageNotListedError`."""
    about_customer = (element for element in data_list.kept_elements if element.about is About.CUSTOMER)
    return {element.id: section(element, language) for element in about_customer}


def _notice(
    data_list: DataProtectionList,
    language: str,
    wording: NoticeWording,
    shown: list[Element],
    asked: tuple[Purpose, ...],
) -> Notice:
    period = application_period(data_list, language)
    return Notice(
        list_version=data_list.version,
        language=language,
        title=wording.title,
        summary=tuple(paragraph.replace(APPLICATION_PERIOD, period) for paragraph in wording.summary),
        sections=tuple(section(element, language) for element in shown),
        choice=wording.choice,
        choices=tuple(_choice(data_list, data_list.purpose(purpose), language) for purpose in asked),
        rights=tuple(paragraph.replace(APPLICATION_PERIOD, period) for paragraph in wording.rights),
        responsible=responsible_lines(data_list, language),
    )


def section(element: Element, language: str) -> NoticeSection:
    """One element in words; raise `LanguageNotListedError`."""
    return NoticeSection(
        element_id=element.id,
        name=element.name.in_language(language),
        reason=element.reason.in_language(language),
        kept=kept_for(element, language),
        place=place_of(element, language),
        leaves_kiosk=element.leaves is Leaves.TO_THE_BANK,
        required=element.required,
    )


def _choice(data_list: DataProtectionList, purpose: ListedPurpose, language: str) -> NoticeChoice:
    name, explanation = purpose.name.in_language(language), purpose.explanation.in_language(language)
    retentions = (element.retention for element in data_list.elements if element.purpose == purpose.id)
    kept = retention_in_words(max(retentions, key=_length), language)
    return NoticeChoice(Purpose(purpose.id), name, explanation, kept)


def _length(retention: Retention) -> tuple[int, int, int]:
    """For comparing how long something is kept."""
    by_the_bank = retention.end is RetentionEnd.REMOVED_BY_THE_BANK
    return by_the_bank, retention.years or 0, retention.working_days or 0
