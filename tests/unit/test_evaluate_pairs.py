"""What is compared with what: folders and CSVs, and one sentence for everything that is neither."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.admin.evaluate_pairs import EvaluationSetError, read_set
from kiosk.errors import KioskError


def _csv(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "pairs.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_each_folder_is_a_person_and_other_files_are_none(tmp_path: Path) -> None:
    for name in ("a/1.jpg", "a/2.PNG", "b/x/1.jpeg", "b/.hidden.jpg", "c/notes.txt", "stray.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "groups.csv").write_text("person,group\na,first\nb,second|`\n")
    the_set = read_set(tmp_path)
    assert [path.name for path in the_set.pictures] == ["1.jpg", "2.PNG", "1.jpeg"]
    assert the_set.person.tolist() == [0, 0, 1]
    assert the_set.group_of_person == {0: "first", 1: "second"}


def test_people_of_a_csv_are_those_whom_genuine_pairs_join(tmp_path: Path) -> None:
    the_set = read_set(_csv(tmp_path, "probe,reference,genuine,group\na1,a2,1,x\na2,a3,1,\nb1,a1,0,x\n"))
    assert the_set.n_people == 2
    assert the_set.person[0] == the_set.person[1] == the_set.person[2] != the_set.person[3]
    assert the_set.listed is not None
    assert the_set.listed.group == ("x", "", "x")


def test_a_pair_that_is_named_twice_counts_once(tmp_path: Path) -> None:
    listed = read_set(_csv(tmp_path, "a,b,1\na,b,1\nb,a,1\n")).listed
    assert listed is not None
    assert len(listed.probe) == 2


def test_a_heading_may_be_missing_or_in_another_order(tmp_path: Path) -> None:
    assert read_set(_csv(tmp_path, "a,b,1\n\nc,d,0\n")).n_people == 3
    assert read_set(_csv(tmp_path, "genuine,reference,probe\n0,c,d\n")).pictures[0].name == "d"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "names no pair"),
        ("a,b\n", "line 1: write probe,reference,genuine"),
        ("a,b,1\na,c,maybe\n", "line 2: genuine must be 1 or 0"),
        ("a,b,1\n,c,0\n", "line 2: a picture is not named"),
        ("a,a,1\n", "line 1: a picture is compared with itself"),
        ("a,b\0,1\n", "pairs.csv"),
        ("a,b,1,g,too many\n", "line 1"),
        ("a,b,1\na,b,0\n", "pair 2: genuine pairs say that these are one person"),
        (b"\xff\xfe\x00a", "no text in UTF-8"),
        ('"a,b,1\n', "no CSV"),
        ("probe,reference,genuine\n\n\na,b,yes\n", "line 4: genuine must be 1 or 0"),
        ("probe;reference;genuine\na;b;1\n", "line 1: .* with commas between"),
    ],
)
def test_what_is_wrong_with_a_csv_is_one_sentence_with_its_line(tmp_path: Path, text: str | bytes, says: str) -> None:
    with pytest.raises(EvaluationSetError, match=says):
        read_set(_csv(tmp_path, text))


def test_a_group_of_somebody_who_is_not_there_is_said(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.jpg").touch()
    (tmp_path / "groups.csv").write_text("nobody,x\n")
    with pytest.raises(EvaluationSetError, match="line 1"):
        read_set(tmp_path)


@pytest.mark.parametrize("make", [lambda p: p / "absent", lambda p: p], ids=["absent", "empty"])
def test_a_root_without_people_is_said(tmp_path: Path, make: object) -> None:
    assert callable(make)
    with pytest.raises(EvaluationSetError):
        read_set(make(tmp_path))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_set_or_one_sentence(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(data)
    try:
        said = f"{read_set(path).n_people} people"
    except KioskError as error:
        said = str(error)
    assert len(said.splitlines()) == 1
