"""`kiosk data-list` prints the list the store is held to."""

import json

import pytest

from kiosk.cli import main
from kiosk.privacy.draw_list import draw_markdown
from kiosk.store.data_list_file import read_data_list


def test_markdown_is_the_page(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data-list", "--markdown"]) == 0
    assert capsys.readouterr().out == draw_markdown(read_data_list())


def test_json_can_be_read_by_other_programs(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data-list", "--json", "--language", "zh"]) == 0
    records = json.loads(capsys.readouterr().out)
    assert records["version"] == read_data_list().version
    assert records["elements"][0]["name"] == "姓名"


@pytest.mark.parametrize(("language", "word"), [("en", "Your address"), ("zh", "地址")])
def test_the_table_is_in_the_language_asked_for(capsys: pytest.CaptureFixture[str], language: str, word: str) -> None:
    assert main(["data-list", "--language", language]) == 0
    assert word in capsys.readouterr().out
