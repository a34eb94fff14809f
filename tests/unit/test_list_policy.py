"""A bank may keep for less long and collect less; never the reverse."""

from dataclasses import replace
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.privacy.consent import Purpose
from kiosk.privacy.data_list import Leaves, Responsible, Viewer, Wording
from kiosk.privacy.draw_list import as_records, draw_markdown
from kiosk.privacy.list_consistency import TABLE_OF, demand_consistent
from kiosk.privacy.list_policy import ListPolicy, PolicyNotAllowedError, in_force
from kiosk.privacy.notice import notice, notice_hashes, responsible_lines
from kiosk.privacy.processing_records import draw_processing_records, processing_records
from kiosk.privacy.processing_words import WORDS
from kiosk.privacy.retention import StoredRecord
from kiosk.privacy.visibility import columns_visible_to, held_in_store, visible_to
from kiosk.store.data_list_file import read_data_list

SHIPPED = read_data_list()
_WHO = ("Bank", "Officer", "Body")
NAMED = Responsible(
    *(Wording({"en": f"{who} in English", "zh": f"{who}，中文"}) for who in ("Bank", "Officer", "Body"))
)


def policy(without: frozenset[str] = frozenset(), **shorter: int) -> ListPolicy:
    return ListPolicy({StoredRecord(record): number for record, number in shorter.items()}, without)


def test_an_empty_policy_leaves_the_list_as_it_is() -> None:
    assert in_force(SHIPPED, ListPolicy()) == SHIPPED


@given(
    st.dictionaries(st.sampled_from(StoredRecord), st.integers(-3, 9)),
    st.frozensets(st.sampled_from([element.id for element in SHIPPED.elements] + ["nothing"]), max_size=2),
)
def test_whatever_the_policy_no_period_grows_and_nothing_is_collected_in_addition(shorter, without) -> None:
    try:
        held = in_force(SHIPPED, ListPolicy(shorter, without))
    except PolicyNotAllowedError:
        return
    demand_consistent(held)
    assert held.columns == SHIPPED.columns
    assert {element.id for element in held.elements} == {element.id for element in SHIPPED.elements} - without
    assert without <= {"phone"}
    before, after = SHIPPED.schedule(UTC).by_record, held.schedule(UTC).by_record
    for record in StoredRecord:
        assert (after[record].years or 0) <= (before[record].years or 0)
        assert (after[record].working_days or 0) <= (before[record].working_days or 0)
        assert (after[record].years or after[record].working_days or 0) >= 1


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (policy(application=6), "between 1 and the 5 working days"),
        (policy(application=0), "between 1 and the 5 working days"),
        (policy(audit=6), "between 1 and the 5 years"),
        (policy(outbox=4), "at least as long as the consents"),
        (policy(frozenset({"names"})), "required"),
        (policy(frozenset({"face_templates"})), "each customer decides"),
        (policy(frozenset({"fax"})), "may be left out: phone"),
    ],
)
def test_what_a_policy_may_not_ask_is_said_in_one_sentence(asked: ListPolicy, said: str) -> None:
    with pytest.raises(PolicyNotAllowedError, match=said):
        in_force(SHIPPED, asked)
    with pytest.raises(PolicyNotAllowedError, match=r"^[^\n]+$"):
        in_force(SHIPPED, asked)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_notice_hash_page_and_records_follow_the_policy(language: str) -> None:
    held = in_force(SHIPPED, replace(policy(frozenset({"phone"}), application=2), responsible=NAMED))
    said = notice(held, language)
    assert said.text_sha256 != notice(SHIPPED, language).text_sha256
    assert not notice_hashes(held) & notice_hashes(SHIPPED)
    assert not said.names("phone")
    application, _ = said.choices
    for words in (" ".join(said.summary), application.kept, draw_markdown(held, language)):
        assert "2" in words
        assert "5 working days" not in words
        assert "5 个工作日" not in words
    lines = responsible_lines(held, language)
    assert len(lines) == 3
    for page in (said.text, draw_markdown(held, language)):
        assert all(line in page for line in lines)
    assert as_records(held, language)["switched_off"] == ["phone"]
    assert "phone" not in {element["id"] for element in as_records(held, language)["elements"]}


def test_the_list_as_shipped_names_nobody() -> None:
    assert responsible_lines(SHIPPED, "en") == ()
    assert notice(SHIPPED, "en").responsible == ()


# --- who may see it ---


def test_a_teller_sees_a_field_only_where_the_list_says_so() -> None:
    phone = next(element for element in SHIPPED.elements if element.id == "phone")
    others = tuple(element for element in SHIPPED.elements if element is not phone)
    hidden = replace(SHIPPED, elements=(*others, replace(phone, who=(Viewer.CUSTOMER,))))
    table = TABLE_OF[StoredRecord.APPLICATION]
    before = columns_visible_to(SHIPPED, Viewer.TELLER, *table)
    assert columns_visible_to(hidden, Viewer.TELLER, *table) == before - {"phone"}
    assert "phone" in visible_to(hidden, Viewer.CUSTOMER) - visible_to(hidden, Viewer.TELLER)


def test_nobody_but_the_customer_sees_a_face_and_nobody_a_template() -> None:
    for viewer in set(Viewer) - {Viewer.CUSTOMER, Viewer.NOBODY}:
        assert not visible_to(SHIPPED, viewer) & {"face_pictures", "face_templates", "face_measurements"}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_is_held_about_a_customer_is_what_has_columns(language: str) -> None:
    held = {section.element_id for section in held_in_store(SHIPPED, language)}
    assert {"names", "phone", "consent", "verdict"} <= held
    assert not held & {"teller", "books", "face_templates", "own_code"}


def test_what_was_collected_before_it_was_switched_off_is_still_told_of() -> None:
    held = in_force(SHIPPED, policy(frozenset({"phone"})))
    assert "phone" in {section.element_id for section in held_in_store(held, "en")}
    assert "phone" in columns_visible_to(held, Viewer.TELLER, *TABLE_OF[StoredRecord.APPLICATION])


# --- records of processing ---


@pytest.mark.parametrize("language", ["en", "zh"])
def test_records_of_processing_name_every_purpose_and_category_with_its_time_limit(language: str) -> None:
    held = in_force(SHIPPED, ListPolicy(responsible=NAMED))
    records = processing_records(held, language)
    assert records["controller"] == NAMED.controller.in_language(language)
    assert records["data_protection_officer"] == NAMED.officer.in_language(language)
    named = {
        category["id"] for activity in records["activities"] for category in activity["categories_of_personal_data"]
    }
    assert named == {element.id for element in held.elements}
    for activity in records["activities"]:
        assert activity["purpose"]
        assert activity["means"]
        assert activity["legal_grounds"]
        assert activity["transfers_to_third_countries"] == []
        assert all(category["time_limit"] for category in activity["categories_of_personal_data"])
    recipients = {activity["id"] for activity in records["activities"] if activity["recipients"]}
    leaving = {
        element.purpose for element in held.elements if element.leaves in (Leaves.TO_THE_BANK, Leaves.IN_BACKUPS)
    }
    assert recipients == leaving
    assert not recipients & {Purpose.APPLICATION, Purpose.FACE_CHECK, Purpose.OWN_RECORD}
    assert [activity["id"] for activity in records["activities"] if activity["biometric"]] == [Purpose.FACE_CHECK]
    assert records["impact_assessment"]["kept_years_at_least"] == 3
    page = draw_processing_records(held, language)
    for element in held.elements:
        assert element.name.in_language(language) in page
    for article in ("30", "55" if language == "en" else "五十五", "56" if language == "en" else "五十六"):
        assert article in page


def test_every_language_has_means_for_every_purpose() -> None:
    for words in WORDS.values():
        assert set(words.means_of) == {purpose.id for purpose in SHIPPED.purposes}
