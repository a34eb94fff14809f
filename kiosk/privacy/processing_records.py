"""Records of processing and what an impact assessment asks for (GDPR Art. 30(1), PIPL Art. 55 and 56). Pure.

One activity for each purpose of the data protection list. What only the bank can know is left open.
"""

from typing import Any

from kiosk.privacy.data_list import DataProtectionList, Element, LanguageNotListedError, Leaves, ListedPurpose
from kiosk.privacy.list_words import kept_for
from kiosk.privacy.processing_words import WORDS, ProcessingWords

KEPT_YEARS = 3
"""Assessment and records, at least (PIPL Art. 56)."""
_BIOMETRIC_GROUND = "explicit_consent"


def processing_records(data_list: DataProtectionList, language: str = "en") -> dict[str, Any]:
    """The whole record as plain values for JSON; raise `LanguageNotListedError`."""
    words = _words(data_list, language)
    return {
        "list_version": data_list.version,
        "language": language,
        **_responsible(data_list, language),
        "activities": [_activity(data_list, purpose, words, language) for purpose in data_list.purposes],
        "security_measures": list(words.measures),
        "impact_assessment": {
            "why_needed": list(words.needed),
            "effects_and_risks": list(words.effects),
            "suitability_of_measures": list(words.suited),
            "kept_years_at_least": KEPT_YEARS,
            "to_be_filled_in_by_the_bank": dict.fromkeys(words.to_fill),
        },
    }


def draw_processing_records(data_list: DataProtectionList, language: str = "en") -> str:
    """The same as a page of Markdown; raise `LanguageNotListedError`."""
    words = _words(data_list, language)
    record = processing_records(data_list, language)
    lines = [f"# {words.title}", "", words.about.format(version=data_list.version), ""]
    for label, key in (
        (words.controller, "controller"),
        (words.officer, "data_protection_officer"),
        (words.authority, "authority"),
    ):
        lines.append(f"- {label}{words.colon}{record[key] or words.unnamed}")
    for activity in record["activities"]:
        lines += ["", f"## {activity['name']}", "", *_activity_lines(activity, words)]
    assessment = record["impact_assessment"]
    lines += ["", *_list(words.measures_title, record["security_measures"], "##")]
    lines += ["", f"## {words.assessment_title}", ""]
    lines += [*_list(words.needed_title, assessment["why_needed"]), ""]
    lines += [*_list(words.effects_title, assessment["effects_and_risks"]), ""]
    lines += [*_list(words.suited_title, assessment["suitability_of_measures"]), ""]
    lines += [f"{words.kept_title}{words.colon}≥ {KEPT_YEARS} {'年' if language == 'zh' else 'years'}", ""]
    lines += _list(words.to_fill_title, [f"{name}{words.colon}____" for name in words.to_fill])
    return "\n".join(lines) + "\n"


def _activity(
    data_list: DataProtectionList, purpose: ListedPurpose, words: ProcessingWords, language: str
) -> dict[str, Any]:
    elements = [element for element in data_list.elements if element.purpose == purpose.id]
    grounds = dict.fromkeys(element.ground for element in elements)
    to_the_bank = any(element.leaves in (Leaves.TO_THE_BANK, Leaves.IN_BACKUPS) for element in elements)
    return {
        "id": purpose.id,
        "name": purpose.name.in_language(language),
        "purpose": purpose.explanation.in_language(language),
        "means": words.means_of.get(purpose.id, ""),
        "legal_grounds": [data_list.grounds[ground].in_language(language) for ground in grounds],
        "categories_of_data_subjects": list(dict.fromkeys(words.subject_names[element.about] for element in elements)),
        "categories_of_personal_data": [_category(element, language) for element in elements],
        "biometric": any(element.ground == _BIOMETRIC_GROUND for element in elements),
        "recipients": [words.the_bank] if to_the_bank else [],
        "transfers_to_third_countries": [],
    }


def _category(element: Element, language: str) -> dict[str, str]:
    return {"id": element.id, "name": element.name.in_language(language), "time_limit": kept_for(element, language)}


def _activity_lines(activity: dict[str, Any], words: ProcessingWords) -> list[str]:
    data = activity["categories_of_personal_data"]
    values = (
        (words.activity, activity["purpose"]),
        (words.means, activity["means"]),
        (words.grounds, words.comma.join(activity["legal_grounds"])),
        (words.subjects, words.comma.join(activity["categories_of_data_subjects"])),
        (words.special, words.yes if activity["biometric"] else words.no),
        (words.recipients, words.comma.join(activity["recipients"]) or words.nobody),
        (words.transfers, words.comma.join(activity["transfers_to_third_countries"]) or words.no_transfers),
    )
    lines = [f"- {label}{words.colon}{value}" for label, value in values]
    return [*lines, "", f"| {words.data} | {words.limits} |", "|---|---|"] + [
        f"| {category['name']} | {category['time_limit']} |" for category in data
    ]


def _responsible(data_list: DataProtectionList, language: str) -> dict[str, str | None]:
    named = data_list.responsible
    return {
        "controller": None if named is None else named.controller.in_language(language),
        "data_protection_officer": None if named is None else named.officer.in_language(language),
        "authority": None if named is None else named.authority.in_language(language),
    }


def _list(title: str, items: list[str], level: str = "###") -> list[str]:
    return [f"{level} {title}", "", *(f"- {item}" for item in items)]


def _words(data_list: DataProtectionList, language: str) -> ProcessingWords:
    if language not in data_list.languages or language not in WORDS:
        raise LanguageNotListedError(language, tuple(data_list.languages))
    return WORDS[language]
