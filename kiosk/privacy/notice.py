"""What the consent screen says, drawn from the data protection list, and the hash of exactly that. Draws no pixel."""

import hashlib
from dataclasses import dataclass

from kiosk.privacy.consent import Purpose
from kiosk.privacy.data_list import About, DataProtectionList, Element, LanguageNotListedError, Leaves, ListedPurpose
from kiosk.privacy.list_words import kept_for, place_of


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

    @property
    def text(self) -> str:
        """Every word of the notice, one paragraph a line, in the order shown."""
        sections = [
            line for section in self.sections for line in (section.name, section.reason, section.kept, section.place)
        ]
        choices = [line for choice in self.choices for line in (choice.name, choice.explanation)]
        lines = (self.title, *self.summary, *sections, self.choice, *choices, *self.rights, f"v{self.list_version}")
        return "\n".join(lines)

    @property
    def text_sha256(self) -> str:
        """Hex SHA-256 of `text` as UTF-8; what a consent is recorded with."""
        return hashlib.sha256(self.text.encode()).hexdigest()


def notice(data_list: DataProtectionList, language: str) -> Notice:
    """Draw the notice; raise `LanguageNotListedError`. It names every element that is about the customer."""
    wording = data_list.notice_wording.get(language)
    if wording is None:
        raise LanguageNotListedError(language, tuple(data_list.languages))
    shown = [element for element in data_list.elements if element.about is About.CUSTOMER]
    return Notice(
        list_version=data_list.version,
        language=language,
        title=wording.title,
        summary=wording.summary,
        sections=tuple(_section(element, language) for element in shown),
        choice=wording.choice,
        choices=tuple(_choice(purpose, language) for purpose in data_list.purposes if purpose.asked),
        rights=wording.rights,
    )


def _section(element: Element, language: str) -> NoticeSection:
    return NoticeSection(
        element_id=element.id,
        name=element.name.in_language(language),
        reason=element.reason.in_language(language),
        kept=kept_for(element, language),
        place=place_of(element, language),
        leaves_kiosk=element.leaves is Leaves.TO_THE_BANK,
        required=element.required,
    )


def _choice(purpose: ListedPurpose, language: str) -> NoticeChoice:
    name, explanation = purpose.name.in_language(language), purpose.explanation.in_language(language)
    return NoticeChoice(Purpose(purpose.id), name, explanation)
