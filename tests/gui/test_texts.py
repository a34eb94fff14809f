"""Both languages say everything, with the same blanks to fill in."""

import re
import string

import pytest

from kiosk.session.events import Language
from kiosk.session.machine import EndNote
from kiosk.ui import texts as texts_module
from kiosk.ui.texts import SECTIONS, TextsError, full_name, load_texts
from kiosk.verification.decision import ReferralReason

ENGLISH, CHINESE = load_texts(Language.ENGLISH), load_texts(Language.CHINESE)


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def test_both_languages_have_the_same_keys():
    assert set(ENGLISH) == set(CHINESE)


@pytest.mark.parametrize("key", sorted(ENGLISH))
def test_both_languages_have_the_same_placeholders_and_no_empty_text(key):
    assert blanks(ENGLISH[key]) == blanks(CHINESE[key])
    assert ENGLISH[key].strip()
    assert CHINESE[key].strip()


@pytest.mark.parametrize("texts", [ENGLISH, CHINESE], ids=["en", "zh"])
@pytest.mark.parametrize("kind", SECTIONS, ids=lambda kind: kind.__name__)
def test_every_value_of_every_enum_has_a_text_and_no_text_is_left_over(texts, kind):
    values = {value for value in kind if value is not EndNote.NONE}
    for value in values:
        assert texts.of(value)
    prefix = f"{SECTIONS[kind]}."
    assert {key.removeprefix(prefix) for key in texts if key.startswith(prefix)} == {value.value for value in values}


@pytest.mark.parametrize("texts", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_customers_read_neither_scores_nor_suspicion(texts):
    forbidden = ("score", "attack", "fake", "spoof", "threshold", "分数", "攻击", "阈值", "伪造")
    for key, text in texts.items():
        if key.split(".")[0] not in ("teller", "referral", "refusal", "finding"):
            assert not [word for word in forbidden if word in text.lower()], key


def test_reasons_for_the_teller_are_all_different():
    assert len({ENGLISH.of(reason) for reason in ReferralReason}) == len(ReferralReason)


def test_a_missing_text_names_the_file_and_the_key():
    with pytest.raises(TextsError, match=r"en\.toml lacks the text 'no\.such'"):
        ENGLISH("no.such")


def test_a_broken_file_is_named(monkeypatch, tmp_path):
    (tmp_path / "texts").mkdir()
    (tmp_path / "texts" / "en.toml").write_text("this is no TOML")
    monkeypatch.setattr(texts_module, "ASSETS", tmp_path)
    with pytest.raises(TextsError, match=r"en\.toml cannot be read"):
        load_texts.__wrapped__(Language.ENGLISH)


def test_customers_read_of_one_kiosk_its_tray_and_its_staff():
    others = re.compile(r"terminal|teller|\bglass\b|柜员|玻璃|验证码", re.IGNORECASE)
    for key in ENGLISH:
        if key.split(".")[0] not in ("teller", "referral", "finding"):
            assert not others.search(ENGLISH[key]), key
            assert not others.search(CHINESE[key]), key


@pytest.mark.parametrize("texts", [ENGLISH, CHINESE], ids=["en", "zh"])
def test_which_documents_work_is_said_before_a_visit_begins(texts):
    assert "<<<" in texts("welcome.lead")


def test_a_chinese_sentence_follows_another_without_a_space():
    explained = CHINESE("consent.explained", explanation="一。", kept="二", hint=CHINESE("consent.needed"))
    assert " " not in explained


def test_a_surname_is_told_apart_from_the_given_names():
    assert full_name("UTOPIA", "SPECIMEN ANNA") == "UTOPIA, SPECIMEN ANNA"
    assert full_name("UTOPIA", "") == "UTOPIA"
