"""The data protection list is whole, or it is not used at all."""

import re
from datetime import UTC

import pytest

from kiosk.privacy.consent import Purpose
from kiosk.privacy.data_list import (
    About,
    DataListError,
    DataProtectionList,
    LanguageNotListedError,
    Leaves,
)
from kiosk.privacy.draw_list import as_records, draw_markdown
from kiosk.privacy.list_reading import parse_data_list
from kiosk.privacy.notice import notice, own_record_notice
from kiosk.privacy.retention import RetentionEnd, StoredRecord
from kiosk.store.data_list_file import DATA_LIST_PATH, read_data_list

TEXT = DATA_LIST_PATH.read_text(encoding="utf-8")
PAGE = DATA_LIST_PATH.parents[1] / "docs" / "data-protection.md"


@pytest.fixture(scope="module")
def data_list() -> DataProtectionList:
    return read_data_list()


def test_no_face_is_ever_held_outside_memory(data_list: DataProtectionList) -> None:
    faces = [element for element in data_list.elements if element.purpose == Purpose.FACE_CHECK]
    assert {element.id for element in faces} >= {"face_pictures", "face_templates", "document_portrait"}
    for element in faces:
        assert element.in_memory_only
        assert element.retention.end is RetentionEnd.END_OF_VISIT
        assert element.leaves is Leaves.NEVER
        assert not element.required


def test_only_the_answer_goes_to_the_bank(data_list: DataProtectionList) -> None:
    assert [element.id for element in data_list.elements if element.leaves is Leaves.TO_THE_BANK] == ["verdict"]


def test_only_the_phone_number_and_the_face_are_optional(data_list: DataProtectionList) -> None:
    optional = {element.id for element in data_list.elements if not element.required}
    of_the_face = {element.id for element in data_list.elements if element.purpose == Purpose.FACE_CHECK}
    assert optional == {"phone"} | of_the_face


def test_the_schedule_is_five_working_days_and_five_years(data_list: DataProtectionList) -> None:
    by_record = data_list.schedule(UTC).by_record
    assert by_record[StoredRecord.APPLICATION].working_days == 5
    for record in (StoredRecord.OUTBOX, StoredRecord.AUDIT, StoredRecord.CONSENT, StoredRecord.ERASURE):
        assert by_record[record].years == 5


def damaged(pattern: str, replacement: str) -> str:
    text, count = re.subn(pattern, replacement, TEXT, count=1, flags=re.MULTILINE)
    assert count == 1
    return text


@pytest.mark.parametrize(
    ("pattern", "replacement", "named"),
    [
        ('^marketing = "never"$', "", "marketing"),
        ('^name.zh = "姓名"$', "", "zh"),
        ('^reason.en = "Our staff open .*$', 'reason.en = ""', "en"),
        ("^retention = { working_days = 5 }$", "retention = { working_days = 0 }", "retention"),
        ("^retention = { working_days = 5 }$", "retention = { working_days = 5, years = 1 }", "retention"),
        ("^retention = { working_days = 5 }$", 'retention = { until = "for ever" }', "for ever"),
        ("^retention = { working_days = 5 }$", "retention = { working_days = 6 }", "share one retention"),
        ('^purpose = "application"$', 'purpose = "marketing"', "purpose"),
        ('^ground = "contract"$', 'ground = "because"', "ground"),
        ('^source = "document"$', 'source = "the internet"', "source"),
        ('^leaves = "never"$', 'leaves = "sometimes"', "leaves"),
        ('^who = \\["customer", "teller"\\]$', 'who = ["everybody"]', "everybody"),
        ("^required = true$", 'required = "yes"', "required"),
        ('^id = "birth_date"$', 'id = "names"', "twice"),
        ("application.birth_date", "application.primary_name", "twice"),
        ("applications.db:application.birth_date", "birth_date", "file:table.column"),
        ("^asked = true$", "asked = false", "asked"),
        ('^held.columns = \\["applications.db:application.phone"\\]$', "", "names no column"),
        ("^retention = { working_days = 5 }$", 'retention = { until = "end of visit" }', "has columns"),
        ('"kiosk.db:consent.act"', '"kiosk.db:audit.act"', "do not all go with the record"),
        ('^record = "consent"$', "", "is part of no record"),
        ('"kiosk.db:teller.name"', '"kiosk.db:consent.name"', "a record that it does not name"),
        ('^who = \\["nobody"\\]$', 'who = ["nobody", "it"]', "somebody else"),
        ("for at most {application_period}", "for at most {days}", "in braces"),
        ("Responsible for your data: {name}", "Responsible for your data", "{name} once"),
        ("^version = \\d+$", "version = 0", "version"),
        ("^version = \\d+$", "version = ", "TOML"),
    ],
)
def test_a_list_with_a_fault_is_refused_and_the_fault_named(pattern: str, replacement: str, named: str) -> None:
    with pytest.raises(DataListError, match=re.escape(named)):
        parse_data_list(damaged(pattern, replacement))


def test_an_empty_list_is_refused() -> None:
    with pytest.raises(DataListError):
        parse_data_list("")


# --- what is drawn from it ---


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_notice_names_everything_about_the_customer(data_list: DataProtectionList, language: str) -> None:
    drawn, own = notice(data_list, language), own_record_notice(data_list, language)
    of_customer = [element for element in data_list.elements if element.about is About.CUSTOMER]
    about_customer = [element for element in of_customer if element.purpose != Purpose.OWN_RECORD]
    assert [section.element_id for section in drawn.sections] == [element.id for element in about_customer]
    named = {section.element_id for section in (*drawn.sections, *own.sections)}
    assert named == {element.id for element in of_customer}
    for element, section in zip(about_customer, drawn.sections, strict=True):
        assert section.name in drawn.text
        assert section.reason in drawn.text
        assert section.kept in drawn.text
        if element.retention.working_days is not None:
            assert str(element.retention.working_days) in section.kept
    assert [choice.purpose for choice in drawn.choices] == [Purpose.APPLICATION, Purpose.FACE_CHECK]


def test_the_summary_says_the_period_that_the_list_grants(data_list: DataProtectionList) -> None:
    days = data_list.schedule(UTC).by_record[StoredRecord.APPLICATION].working_days
    assert f"{days} working days" in " ".join(notice(data_list, "en").summary)
    assert f"{days} 个工作日" in " ".join(notice(data_list, "zh").summary)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_each_choice_says_for_how_long_at_most(data_list: DataProtectionList, language: str) -> None:
    application, face = notice(data_list, language).choices
    assert "5" in application.kept
    assert face.kept == ("In memory only, until your visit ends" if language == "en" else "仅存于内存，办理结束即消失")


def test_a_word_more_is_another_text(data_list: DataProtectionList) -> None:
    changed = parse_data_list(damaged("Only if you want the bank", "Only if you wish the bank"))
    assert notice(changed, "en").text_sha256 != notice(data_list, "en").text_sha256
    assert notice(changed, "zh").text_sha256 == notice(data_list, "zh").text_sha256


def test_the_hash_is_the_same_at_every_start(data_list: DataProtectionList) -> None:
    again = parse_data_list(TEXT)
    for language in data_list.languages:
        assert notice(again, language).text_sha256 == notice(data_list, language).text_sha256


def test_a_language_the_list_lacks_is_named(data_list: DataProtectionList) -> None:
    with pytest.raises(LanguageNotListedError, match="'fr'"):
        notice(data_list, "fr")
    with pytest.raises(LanguageNotListedError):
        draw_markdown(data_list, "fr")


def test_the_page_in_docs_is_what_the_list_draws(data_list: DataProtectionList) -> None:
    assert PAGE.read_text(encoding="utf-8") == draw_markdown(data_list), (
        "run `kiosk data-list --markdown > docs/data-protection.md`"
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_records_hold_every_element_and_column(data_list: DataProtectionList, language: str) -> None:
    elements = as_records(data_list, language)["elements"]
    assert len(elements) == len(data_list.elements)
    columns = {column for element in elements for column in element["columns"]}
    assert columns == {str(column) for element in data_list.elements for column in element.columns}
    assert {element["marketing"] for element in elements} == {"never"}
